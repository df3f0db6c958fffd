#include "engine/id_order.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/id_order_tree.h"

enum state {
    STATE_NONE,
    STATE_FOLLOWS, // changes are taken in, what was there before is not all in it
    STATE_WHOLE,
};

struct order {
    pthread_rwlock_t lock;
    pthread_mutex_t making;
    _Atomic int state; // enum state, written under `lock`
    struct id_order_tree tree;
};

struct id_order {
    const struct slots *slots;
    struct id_map *ids;
    struct order orders[ID_ORDER_KINDS];
};

/// A slot with its key, while a tree is made.
struct entry {
    const struct row *row;
    uint32_t slot;
};

static enum status order_init(struct order *t, const struct slots *slots, enum id_order_kind kind);
static void order_deinit(struct order *t);
static void order_give_up(struct order *t);
static enum status gather(struct id_order *o, struct order *t, struct entry **out, size_t *count);
static enum status take_in(struct id_order *o, struct order *t, const struct entry *entries,
                           size_t count);

enum status id_order_new(const struct slots *slots, struct id_map *ids, struct id_order **out) {
    struct id_order *o = mem_zalloc(1, sizeof *o);
    if (!o) {
        return STATUS_NO_MEMORY;
    }
    o->slots = slots;
    o->ids = ids;
    enum status st = order_init(&o->orders[ID_ORDER_ID], slots, ID_ORDER_ID);
    if (st == STATUS_OK) {
        st = order_init(&o->orders[ID_ORDER_VALUE], slots, ID_ORDER_VALUE);
        if (st != STATUS_OK) {
            order_deinit(&o->orders[ID_ORDER_ID]);
        }
    }
    if (st != STATUS_OK) {
        mem_free(o);
        return st;
    }
    *out = o;
    return STATUS_OK;
}

void id_order_free(struct id_order *o) {
    if (o) {
        order_deinit(&o->orders[ID_ORDER_ID]);
        order_deinit(&o->orders[ID_ORDER_VALUE]);
        mem_free(o);
    }
}

static enum status order_init(struct order *t, const struct slots *slots, enum id_order_kind kind) {
    pthread_rwlockattr_t attr;
    if (pthread_rwlockattr_init(&attr) != 0) {
        return STATUS_NO_MEMORY;
    }
    // Walks come piece by piece without end: they must not keep writers away.
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    int failed = pthread_rwlock_init(&t->lock, &attr);
    pthread_rwlockattr_destroy(&attr);
    if (failed) {
        return STATUS_NO_MEMORY;
    }
    if (pthread_mutex_init(&t->making, NULL) != 0) {
        pthread_rwlock_destroy(&t->lock);
        return STATUS_NO_MEMORY;
    }
    t->tree.slots = slots;
    t->tree.kind = kind;
    return STATUS_OK;
}

// Under its lock, or when nobody else knows it.
static void order_give_up(struct order *t) {
    id_order_tree_clear(&t->tree);
    atomic_store_explicit(&t->state, STATE_NONE, memory_order_release);
}

static void order_deinit(struct order *t) {
    order_give_up(t);
    pthread_mutex_destroy(&t->making);
    pthread_rwlock_destroy(&t->lock);
}

// --- changes ---

static bool same_value(const struct row *a, const struct row *b) {
    struct object x = id_order_key_texts(a), y = id_order_key_texts(b);
    return str_eq(object_text(&x), object_text(&y));
}

/// Is the tree's part of this change nothing?
static bool stays(const struct order *t, const struct row *before, const struct row *after) {
    bool was = id_order_key_belongs(t->tree.kind, before),
         is = id_order_key_belongs(t->tree.kind, after);
    if (!was && !is) {
        return true;
    }
    return was && is && (t->tree.kind == ID_ORDER_ID || same_value(before, after));
}

void id_order_leave(struct id_order *o, const struct row *before, const struct row *after) {
    for (int kind = 0; kind < ID_ORDER_KINDS; kind++) {
        struct order *t = &o->orders[kind];
        if (atomic_load_explicit(&t->state, memory_order_acquire) == STATE_NONE ||
            !id_order_key_belongs(t->tree.kind, before) || stays(t, before, after)) {
            continue;
        }
        struct id_order_key key = id_order_key_of(t->tree.kind, before);
        pthread_rwlock_wrlock(&t->lock);
        id_order_tree_remove(&t->tree, &key);
        pthread_rwlock_unlock(&t->lock);
    }
}

static bool insert_or_give_up(struct order *t, uint32_t slot) {
    pthread_rwlock_wrlock(&t->lock);
    bool there = t->state != STATE_NONE;
    if (there && !id_order_tree_insert(&t->tree, slot)) {
        order_give_up(t);
        there = false;
    }
    pthread_rwlock_unlock(&t->lock);
    return there;
}

void id_order_enter(struct id_order *o, const struct row *before, const struct row *after) {
    for (int kind = 0; kind < ID_ORDER_KINDS; kind++) {
        struct order *t = &o->orders[kind];
        if (atomic_load_explicit(&t->state, memory_order_acquire) != STATE_NONE &&
            id_order_key_belongs(t->tree.kind, after) && !stays(t, before, after)) {
            (void)insert_or_give_up(t, after->slot);
        }
    }
}

// --- making ---

static void set_state(struct order *t, enum state state) {
    pthread_rwlock_wrlock(&t->lock);
    if (state == STATE_FOLLOWS || t->state != STATE_NONE) { // given up meanwhile
        atomic_store_explicit(&t->state, state, memory_order_release);
    }
    pthread_rwlock_unlock(&t->lock);
}

// From the passing of the stripes on every change is taken in; what was there before is
// added after, each object under its stripe.
static enum status make(struct id_order *o, struct order *t) {
    set_state(t, STATE_FOLLOWS);
    for (unsigned s = 0; s < ID_MAP_STRIPES; s++) {
        id_map_lock(o->ids, s);
        id_map_unlock(o->ids, s);
    }
    struct entry *entries;
    size_t count;
    enum status st = gather(o, t, &entries, &count);
    if (st == STATUS_OK) {
        st = take_in(o, t, entries, count);
        mem_free(entries);
    }
    if (st == STATUS_OK) {
        set_state(t, STATE_WHOLE);
        return t->state == STATE_WHOLE ? STATUS_OK : STATUS_NO_MEMORY;
    }
    pthread_rwlock_wrlock(&t->lock);
    order_give_up(t);
    pthread_rwlock_unlock(&t->lock);
    return st;
}

enum status id_order_make(struct id_order *o, enum id_order_kind kind) {
    struct order *t = &o->orders[kind];
    enum status st = STATUS_OK;
    pthread_mutex_lock(&t->making);
    if (atomic_load_explicit(&t->state, memory_order_acquire) != STATE_WHOLE) {
        st = make(o, t);
    }
    pthread_mutex_unlock(&t->making);
    return st;
}

static int compare_entries(const void *a, const void *b, void *order) {
    const struct order *t = order;
    struct id_order_key x = id_order_key_of(t->tree.kind, ((const struct entry *)a)->row);
    struct id_order_key y = id_order_key_of(t->tree.kind, ((const struct entry *)b)->row);
    return id_order_key_compare(&x, &y);
}

static enum status gather(struct id_order *o, struct order *t, struct entry **out, size_t *count) {
    uint32_t end = slots_end(o->slots);
    *count = 0;
    *out = NULL;
    size_t cap = 0;
    for (uint32_t slot = 0; slot < end; slot++) {
        const struct row *row = slots_load(o->slots, slot);
        if (!id_order_key_belongs(t->tree.kind, row)) {
            continue;
        }
        if (*count == cap) {
            cap = cap ? cap * 2 : 256;
            struct entry *larger = mem_realloc(*out, cap * sizeof *larger);
            if (!larger) {
                mem_free(*out);
                return STATUS_NO_MEMORY;
            }
            *out = larger;
        }
        (*out)[(*count)++] = (struct entry){row, slot};
    }
    if (*count) {
        qsort_r(*out, *count, sizeof **out, compare_entries, t);
    }
    return STATUS_OK;
}

static enum status take_in(struct id_order *o, struct order *t, const struct entry *entries,
                           size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct str id = row_id(entries[i].row);
        unsigned stripe = id_map_stripe(id_map_hash(o->ids, id));
        id_map_lock(o->ids, stripe);
        const struct row *now = slots_load(o->slots, entries[i].slot);
        bool ok = !id_order_key_belongs(t->tree.kind, now) || !str_eq(row_id(now), id) ||
                  insert_or_give_up(t, entries[i].slot);
        id_map_unlock(o->ids, stripe);
        if (!ok) {
            return STATUS_NO_MEMORY;
        }
    }
    return STATUS_OK;
}

// --- walks ---

bool id_order_collect(struct id_order *o, enum id_order_kind kind, const struct id_order_key *after,
                      bool at, bool descending, const struct row **rows, size_t limit,
                      size_t *count) {
    struct order *t = &o->orders[kind];
    *count = 0;
    pthread_rwlock_rdlock(&t->lock);
    bool whole = t->state == STATE_WHOLE;
    if (whole) {
        id_order_tree_collect(&t->tree, after, at, descending, rows, limit, count);
    }
    pthread_rwlock_unlock(&t->lock);
    return whole;
}

size_t id_order_bytes(const struct id_order *o) {
    return o ? sizeof *o + o->orders[0].tree.bytes + o->orders[1].tree.bytes : 0;
}

bool id_order_check(struct id_order *o, enum id_order_kind kind, size_t expected) {
    struct order *t = &o->orders[kind];
    pthread_rwlock_rdlock(&t->lock);
    bool good = t->state == STATE_WHOLE && id_order_tree_check(&t->tree, expected);
    pthread_rwlock_unlock(&t->lock);
    return good;
}
