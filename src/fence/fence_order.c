#include "fence/fence_order.h"

#include "base/hash.h"
#include "base/mem.h"

// For each level the link after which `id` would stand.
static void seek(struct fence_order *o, struct str id,
                 struct fence_order_node **links[FENCE_ORDER_LEVELS]) {
    struct fence_order_node **next = o->first;
    for (unsigned level = FENCE_ORDER_LEVELS; level-- > 0;) {
        while (next[level] && str_compare(fence_spec(next[level]->fence)->id, id) < 0) {
            next = next[level]->next;
        }
        links[level] = &next[level];
    }
}

void fence_order_deinit(struct fence_order *o) {
    for (struct fence_order_node *n = o->first[0], *next; n; n = next) {
        next = n->next[0];
        mem_free(n);
    }
    memset(o, 0, sizeof *o);
}

struct fence_order_node *fence_order_after(const struct fence_order *o, struct str id,
                                           bool or_equal) {
    struct fence_order_node **links[FENCE_ORDER_LEVELS];
    seek((struct fence_order *)(uintptr_t)o, id, links);
    struct fence_order_node *n = *links[0];
    bool equal = n && str_eq(fence_spec(n->fence)->id, id);
    return equal && !or_equal ? n->next[0] : n;
}

struct fence *fence_order_find(const struct fence_order *o, struct str id) {
    struct fence_order_node *n = fence_order_after(o, id, true);
    return n && str_eq(fence_spec(n->fence)->id, id) ? n->fence : NULL;
}

struct fence_order_node *fence_order_node_new(struct fence_order *o, struct fence *f) {
    uint64_t bits = hash_mix(++o->random);
    unsigned levels = 1;
    for (; levels < FENCE_ORDER_LEVELS && (bits & 3) == 0; bits >>= 2) {
        levels++;
    }
    struct fence_order_node *n = mem_alloc(sizeof *n + levels * sizeof n->next[0]);
    if (n) {
        n->fence = f;
        n->levels = levels;
    }
    return n;
}

void fence_order_node_free(struct fence_order_node *n) {
    mem_free(n);
}

void fence_order_insert(struct fence_order *o, struct fence_order_node *n) {
    struct fence_order_node **links[FENCE_ORDER_LEVELS];
    seek(o, fence_spec(n->fence)->id, links);
    for (unsigned level = 0; level < n->levels; level++) {
        n->next[level] = *links[level];
        *links[level] = n;
    }
    o->count++;
}

struct fence *fence_order_remove(struct fence_order *o, struct str id) {
    struct fence_order_node **links[FENCE_ORDER_LEVELS];
    seek(o, id, links);
    struct fence_order_node *n = *links[0];
    if (!n || !str_eq(fence_spec(n->fence)->id, id)) return NULL;
    for (unsigned level = 0; level < n->levels; level++) {
        *links[level] = n->next[level];
    }
    struct fence *f = n->fence;
    mem_free(n);
    o->count--;
    return f;
}
