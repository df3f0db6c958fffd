#include "fence/fence_sets.h"

#include "base/hash.h"
#include "base/mem.h"

struct fence_sets_entry {
    struct fence_sets_entry *next;
    struct fence_set *set;
    uint64_t hash;
    size_t name_len;
    char name[];
};

static uint64_t hash_of(struct str name) {
    return hash_bytes(name.p, name.len, 0);
}

static struct fence_sets_entry **link_of(const struct fence_sets *t, struct str name,
                                         uint64_t hash) {
    struct fence_sets_entry **link = &t->buckets[hash & (t->bucket_count - 1)];
    for (; *link; link = &(*link)->next) {
        const struct fence_sets_entry *x = *link;
        if (x->hash == hash && str_eq((struct str){x->name, x->name_len}, name)) break;
    }
    return link;
}

void fence_sets_deinit(struct fence_sets *t) {
    for (size_t i = 0; i < t->bucket_count; i++) {
        for (struct fence_sets_entry *x = t->buckets[i], *next; x; x = next) {
            next = x->next;
            fence_set_free(x->set);
            mem_free(x);
        }
    }
    mem_free(t->buckets);
    *t = (struct fence_sets){0};
}

struct fence_set *fence_sets_find(const struct fence_sets *t, struct str name) {
    if (!name.len) return t->all;
    if (!t->count) return NULL;
    const struct fence_sets_entry *x = *link_of(t, name, hash_of(name));
    return x ? x->set : NULL;
}

static bool grow(struct fence_sets *t) {
    size_t count = t->bucket_count ? t->bucket_count * 2 : 16;
    if (t->count < t->bucket_count) return true;
    struct fence_sets_entry **buckets = mem_zalloc(count, sizeof *buckets);
    if (!buckets) return false;
    for (size_t i = 0; i < t->bucket_count; i++) {
        for (struct fence_sets_entry *x = t->buckets[i], *next; x; x = next) {
            next = x->next;
            x->next = buckets[x->hash & (count - 1)];
            buckets[x->hash & (count - 1)] = x;
        }
    }
    mem_free(t->buckets);
    t->buckets = buckets;
    t->bucket_count = count;
    return true;
}

struct fence_set *fence_sets_make(struct fence_sets *t, struct str name) {
    struct fence_set *set = fence_sets_find(t, name);
    if (set || !grow(t)) return set;
    struct fence_sets_entry *x = mem_alloc(sizeof *x + name.len);
    if (!x || fence_set_new(&x->set) != STATUS_OK) {
        mem_free(x);
        return NULL;
    }
    x->hash = hash_of(name);
    x->name_len = name.len;
    if (name.len) memcpy(x->name, name.p, name.len);
    struct fence_sets_entry **bucket = &t->buckets[x->hash & (t->bucket_count - 1)];
    x->next = *bucket;
    *bucket = x;
    t->count++;
    if (!name.len) t->all = x->set;
    return x->set;
}

void fence_sets_tidy(struct fence_sets *t, struct str name) {
    if (!t->count) return;
    struct fence_sets_entry **link = link_of(t, name, hash_of(name)), *x = *link;
    if (!x || fence_set_count(x->set)) return;
    *link = x->next;
    t->count--;
    if (!name.len) t->all = NULL;
    fence_set_free(x->set);
    mem_free(x);
}
