#include "engine/id_order_tree.h"

#include <assert.h>

#include "base/mem.h"

enum { LEAF_SLOTS = 120, INNER_CHILDREN = 60, HEIGHT_MAX = 16 };

/// Both kinds begin with the count.
struct id_order_node {
    uint32_t count;
};
struct leaf {
    uint32_t count;
    uint32_t slots[LEAF_SLOTS];
};
struct inner {
    uint32_t count;
    uint32_t firsts[INNER_CHILDREN]; // the first slot below each child
    struct id_order_node *children[INNER_CHILDREN];
};

static const struct row *row_at(const struct id_order_tree *t, uint32_t slot) {
    const struct row *row = slots_load(t->slots, slot);
    assert(row);
    return row;
}

static int compare(const struct id_order_tree *t, const struct id_order_key *key, uint32_t slot) {
    struct id_order_key other = id_order_key_of(t->kind, row_at(t, slot));
    return id_order_key_compare(key, &other);
}

/// How many of `slots` (in order) stand before the key; `*equal`: the next one has it.
static uint32_t rank(const struct id_order_tree *t, const uint32_t *slots, uint32_t count,
                     const struct id_order_key *key, bool *equal) {
    uint32_t low = 0, high = count;
    *equal = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(t, key, slots[middle]);
        if (order == 0) {
            *equal = true;
            return middle;
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/// The child under which the key belongs.
static uint32_t child_for(const struct id_order_tree *t, const struct inner *n,
                          const struct id_order_key *key) {
    bool equal;
    uint32_t at = rank(t, n->firsts, n->count, key, &equal);
    return equal || at == 0 ? at : at - 1;
}

static void node_free(struct id_order_tree *t, struct id_order_node *n, bool is_leaf) {
    atomic_fetch_sub_explicit(&t->bytes, is_leaf ? sizeof(struct leaf) : sizeof(struct inner),
                              memory_order_relaxed);
    mem_free(n);
}

static void *node_new(struct id_order_tree *t, bool is_leaf) {
    size_t bytes = is_leaf ? sizeof(struct leaf) : sizeof(struct inner);
    struct id_order_node *n = mem_alloc(bytes);
    if (n) {
        n->count = 0;
        atomic_fetch_add_explicit(&t->bytes, bytes, memory_order_relaxed);
    }
    return n;
}

static void free_below(struct id_order_tree *t, struct id_order_node *n, unsigned height) {
    for (uint32_t i = 0; height && i < n->count; i++) {
        free_below(t, ((struct inner *)n)->children[i], height - 1);
    }
    node_free(t, n, height == 0);
}

void id_order_tree_clear(struct id_order_tree *t) {
    if (t->root) {
        free_below(t, t->root, t->height);
    }
    t->root = NULL;
    t->height = 0;
}

static uint32_t first_slot(const struct id_order_node *n, unsigned height) {
    return height ? ((const struct inner *)n)->firsts[0] : ((const struct leaf *)n)->slots[0];
}

static uint32_t node_cap(unsigned height) {
    return height ? INNER_CHILDREN : LEAF_SLOTS;
}

/// Open a gap of one at `at`, or close it (`by` -1: what stands at `at` goes).
static void shift(struct id_order_node *n, unsigned height, uint32_t at, int by) {
    uint32_t from = by > 0 ? at : at + 1, to = by > 0 ? at + 1 : at, left = n->count - from;
    if (height == 0) {
        struct leaf *leaf = (struct leaf *)n;
        memmove(&leaf->slots[to], &leaf->slots[from], left * sizeof leaf->slots[0]);
    } else {
        struct inner *inner = (struct inner *)n;
        memmove(&inner->firsts[to], &inner->firsts[from], left * sizeof inner->firsts[0]);
        memmove(&inner->children[to], &inner->children[from], left * sizeof inner->children[0]);
    }
    n->count += (uint32_t)by;
}

/// Append `count` of `from`, beginning at `at`, to `to`.
static void carry(struct id_order_node *to, const struct id_order_node *from, unsigned height,
                  uint32_t at, uint32_t count) {
    if (height == 0) {
        memcpy(&((struct leaf *)to)->slots[to->count], &((const struct leaf *)from)->slots[at],
               count * sizeof(uint32_t));
    } else {
        const struct inner *source = (const struct inner *)from;
        struct inner *target = (struct inner *)to;
        memcpy(&target->firsts[to->count], &source->firsts[at], count * sizeof source->firsts[0]);
        memcpy(&target->children[to->count], &source->children[at],
               count * sizeof source->children[0]);
    }
    to->count += count;
}

/// `n` is full: its upper part goes into `right`. In an order that grows at its end nodes stay nearly full.
static void split(struct id_order_node *n, struct id_order_node *right, unsigned height,
                  bool at_end) {
    uint32_t keep = at_end ? n->count - n->count / 8 : n->count / 2;
    carry(right, n, height, keep, n->count - keep);
    n->count = keep;
}

/// One insertion on its way down; `right` is what a split has made of the child.
struct insertion {
    struct id_order_tree *t;
    struct id_order_key key;
    uint32_t slot;
    struct id_order_node *right;
    bool failed;
};

static void put(struct id_order_node *n, unsigned height, uint32_t at, uint32_t slot,
                struct id_order_node *child) {
    shift(n, height, at, 1);
    if (height == 0) {
        ((struct leaf *)n)->slots[at] = slot;
    } else {
        ((struct inner *)n)->firsts[at] = slot;
        ((struct inner *)n)->children[at] = child;
    }
}

static void put_or_split(struct insertion *in, struct id_order_node *n, unsigned height,
                         uint32_t at, uint32_t slot, struct id_order_node *child) {
    struct id_order_node *right = NULL;
    if (n->count == node_cap(height)) {
        right = node_new(in->t, height == 0);
        if (!right) {
            in->failed = true; // the tree is given up, a child that was split off with it
            if (child) {
                free_below(in->t, child, height - 1);
            }
            return;
        }
        split(n, right, height, at == n->count);
        if (at > n->count) {
            at -= n->count;
            n = right;
        }
    }
    put(n, height, at, slot, child);
    in->right = right;
}

static void insert_below(struct insertion *in, struct id_order_node *n, unsigned height) {
    bool equal;
    in->right = NULL;
    if (height == 0) {
        struct leaf *leaf = (struct leaf *)n;
        uint32_t at = rank(in->t, leaf->slots, leaf->count, &in->key, &equal);
        if (!equal) {
            put_or_split(in, n, 0, at, in->slot, NULL);
        }
        return;
    }
    struct inner *inner = (struct inner *)n;
    uint32_t at = child_for(in->t, inner, &in->key);
    struct id_order_node *child = inner->children[at];
    insert_below(in, child, height - 1);
    if (in->failed) {
        return;
    }
    inner->firsts[at] = first_slot(child, height - 1);
    struct id_order_node *right = in->right;
    in->right = NULL;
    if (right) {
        put_or_split(in, n, height, at + 1, first_slot(right, height - 1), right);
    }
}

bool id_order_tree_insert(struct id_order_tree *t, uint32_t slot) {
    struct insertion in = {.t = t, .slot = slot, .key = id_order_key_of(t->kind, row_at(t, slot))};
    if (!t->root && !(t->root = node_new(t, true))) {
        return false;
    }
    insert_below(&in, t->root, t->height);
    if (in.failed || !in.right) {
        return !in.failed;
    }
    struct inner *root = t->height + 1 < HEIGHT_MAX ? node_new(t, false) : NULL;
    if (!root) {
        free_below(t, in.right, t->height);
        return false;
    }
    put((struct id_order_node *)root, 1, 0, first_slot(t->root, t->height), t->root);
    put((struct id_order_node *)root, 1, 1, first_slot(in.right, t->height), in.right);
    t->root = (struct id_order_node *)root;
    t->height++;
    return true;
}

/// Neighbours that have become small together become one.
static void merge_children(struct id_order_tree *t, struct inner *n, unsigned height, uint32_t at) {
    uint32_t left = at + 1 < n->count ? at : at - 1, right = left + 1;
    if (n->count < 2 ||
        n->children[left]->count + n->children[right]->count > node_cap(height - 1) / 2) {
        return;
    }
    carry(n->children[left], n->children[right], height - 1, 0, n->children[right]->count);
    node_free(t, n->children[right], height == 1);
    shift((struct id_order_node *)n, height, right, -1);
}

static void remove_below(struct id_order_tree *t, struct id_order_node *n, unsigned height,
                         const struct id_order_key *key) {
    bool equal;
    if (height == 0) {
        struct leaf *leaf = (struct leaf *)n;
        uint32_t at = rank(t, leaf->slots, leaf->count, key, &equal);
        if (equal) {
            shift(n, 0, at, -1);
        }
        return;
    }
    struct inner *inner = (struct inner *)n;
    uint32_t at = child_for(t, inner, key);
    struct id_order_node *child = inner->children[at];
    remove_below(t, child, height - 1, key);
    if (child->count == 0) {
        node_free(t, child, height == 1);
        shift(n, height, at, -1);
        return;
    }
    inner->firsts[at] = first_slot(child, height - 1);
    merge_children(t, inner, height, at);
}

void id_order_tree_remove(struct id_order_tree *t, const struct id_order_key *key) {
    if (!t->root) {
        return;
    }
    remove_below(t, t->root, t->height, key);
    while (t->height && t->root->count == 1) {
        struct id_order_node *only = ((struct inner *)t->root)->children[0];
        node_free(t, t->root, false);
        t->root = only;
        t->height--;
    }
    if (t->root->count == 0) {
        node_free(t, t->root, t->height == 0);
        t->root = NULL;
        t->height = 0;
    }
}

// --- walks ---

static void collect_leaf(const struct id_order_tree *t, const struct leaf *leaf,
                         const struct id_order_key *after, bool at, bool descending,
                         const struct row **rows, size_t limit, size_t *count) {
    bool equal = false;
    uint32_t from = descending ? leaf->count : 0; // descending: one past the first
    if (after) {
        from = rank(t, leaf->slots, leaf->count, after, &equal);
        from += equal && at == descending;
    }
    for (uint32_t i = from; *count < limit && (descending ? i > 0 : i < leaf->count);
         i += descending ? UINT32_MAX : 1) {
        rows[(*count)++] = row_at(t, leaf->slots[descending ? i - 1 : i]);
    }
}

static void collect(const struct id_order_tree *t, const struct id_order_node *n, unsigned height,
                    const struct id_order_key *after, bool at, bool descending,
                    const struct row **rows, size_t limit, size_t *count) {
    if (height == 0) {
        collect_leaf(t, (const struct leaf *)n, after, at, descending, rows, limit, count);
        return;
    }
    const struct inner *inner = (const struct inner *)n;
    uint32_t i = after ? child_for(t, inner, after) : descending ? inner->count - 1 : 0;
    for (; i < inner->count && *count < limit; i += descending ? UINT32_MAX : 1) {
        collect(t, inner->children[i], height - 1, after, at, descending, rows, limit, count);
        after = NULL; // the others lie behind it
    }
}

static bool check_below(const struct id_order_tree *t, const struct id_order_node *n,
                        unsigned height, const struct row **last, size_t *seen) {
    if (n->count == 0 || n->count > node_cap(height)) {
        return false;
    }
    for (uint32_t i = 0; i < n->count; i++) {
        if (height) {
            const struct inner *inner = (const struct inner *)n;
            if (inner->firsts[i] != first_slot(inner->children[i], height - 1) ||
                !check_below(t, inner->children[i], height - 1, last, seen)) {
                return false;
            }
            continue;
        }
        const struct row *row = row_at(t, ((const struct leaf *)n)->slots[i]);
        struct id_order_key key = id_order_key_of(t->kind, row),
                            before = id_order_key_of(t->kind, *last ? *last : row);
        if (!id_order_key_belongs(t->kind, row) ||
            (*last && id_order_key_compare(&before, &key) >= 0)) {
            return false;
        }
        *last = row;
        ++*seen;
    }
    return true;
}

void id_order_tree_collect(const struct id_order_tree *t, const struct id_order_key *after, bool at,
                           bool descending, const struct row **rows, size_t limit, size_t *count) {
    if (t->root) {
        collect(t, t->root, t->height, after, at, descending, rows, limit, count);
    }
}

bool id_order_tree_check(const struct id_order_tree *t, size_t expected) {
    const struct row *last = NULL;
    size_t seen = 0;
    return (!t->root || check_below(t, t->root, t->height, &last, &seen)) && seen == expected;
}
