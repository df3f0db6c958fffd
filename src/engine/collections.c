// collections.c - a hash table of pointers read without locks, and the same sorted by name.

#include "engine/collections.h"

#include <assert.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"

#define TOMBSTONE ((struct collection *)1)
#define FIRST_CAP 16

struct collections_table {
    struct epoch_node retired;
    size_t mask;
    size_t used; // entries and tombstones; under the lock
    _Atomic(struct collection *) entries[];
};

static enum status add(struct collections *t, struct str name, uint64_t hash,
                       const struct collection_options *options, struct collection **out);
static enum status make_room(struct collections *t);
static enum status grow_table(struct collections *t);
static void table_put(struct collections_table *table, struct collection *c);
static size_t sorted_at(const struct collections *t, struct str name, bool *found);
static void table_free(struct epoch_node *node);

enum status collections_init(struct collections *t, struct epoch *epoch, size_t limit,
                             enum index_kind index_kind, unsigned shard_count) {
    memset(t, 0, sizeof *t);
    enum status st = rand_secure(&t->seed, sizeof t->seed);
    if (st != STATUS_OK || pthread_mutex_init(&t->lock, NULL) != 0) {
        return st != STATUS_OK ? st : STATUS_NO_MEMORY;
    }
    t->epoch = epoch;
    t->limit = limit;
    t->index_kind = index_kind;
    t->shard_count = shard_count;
    return STATUS_OK;
}

void collections_deinit(struct collections *t) {
    for (size_t i = 0; i < t->count; i++) {
        collection_free(t->sorted[i]);
    }
    mem_free(t->sorted);
    mem_free(atomic_load(&t->table));
    pthread_mutex_destroy(&t->lock);
}

static uint64_t hash_of(const struct collection *c) {
    return atomic_load_explicit(&c->named, memory_order_acquire)->hash;
}

static struct collection *find_once(const struct collections *t, struct str name, uint64_t hash) {
    struct collections_table *table = atomic_load_explicit(&t->table, memory_order_acquire);
    if (!table) {
        return NULL;
    }
    for (size_t at = hash & table->mask;; at = (at + 1) & table->mask) {
        struct collection *c = atomic_load_explicit(&table->entries[at], memory_order_acquire);
        if (!c) {
            return NULL;
        }
        if (c != TOMBSTONE && hash_of(c) == hash && str_eq(collection_name(c), name)) {
            return c;
        }
    }
}

// A name that is just being given to another collection is found with it before or after, never not at all.
static struct collection *find(const struct collections *t, struct str name, uint64_t hash) {
    for (;;) {
        uint64_t begun = atomic_load_explicit(&t->renames, memory_order_acquire);
        struct collection *c = find_once(t, name, hash);
        if (c ||
            (begun % 2 == 0 && atomic_load_explicit(&t->renames, memory_order_acquire) == begun)) {
            return c;
        }
        cpu_pause();
    }
}

struct collection *collections_find(const struct collections *t, struct str name) {
    return find(t, name, hash_bytes(name.p, name.len, t->seed));
}

enum status collections_make(struct collections *t, struct str name, int64_t now_ms,
                             struct collection **out) {
    uint64_t hash = hash_bytes(name.p, name.len, t->seed);
    if ((*out = find(t, name, hash))) {
        return STATUS_OK;
    }
    pthread_mutex_lock(&t->lock);
    enum status st = STATUS_OK;
    if (!(*out = find(t, name, hash))) {
        uint64_t incarnation = (uint64_t)now_ms * 1000;
        if (incarnation <= t->last_incarnation) {
            incarnation = t->last_incarnation + 1;
        }
        struct collection_options options = {
            .index_kind = t->index_kind, .incarnation = incarnation, .created_ms = now_ms};
        st = t->count >= t->limit ? STATUS_TOO_LARGE : add(t, name, hash, &options, out);
    }
    pthread_mutex_unlock(&t->lock);
    return st;
}

enum status collections_restore(struct collections *t, struct str name, enum index_kind kind,
                                uint64_t incarnation, int64_t created_ms, struct collection **out) {
    struct collection_options options = {
        .index_kind = kind, .incarnation = incarnation, .created_ms = created_ms};
    pthread_mutex_lock(&t->lock);
    enum status st = add(t, name, hash_bytes(name.p, name.len, t->seed), &options, out);
    pthread_mutex_unlock(&t->lock);
    return st;
}

void collections_lock(struct collections *t) {
    pthread_mutex_lock(&t->lock);
}

void collections_unlock(struct collections *t) {
    pthread_mutex_unlock(&t->lock);
}

static size_t table_at(const struct collections_table *table, const struct collection *c) {
    size_t at = hash_of(c) & table->mask;
    while (atomic_load_explicit(&table->entries[at], memory_order_relaxed) != c) {
        at = (at + 1) & table->mask;
    }
    return at;
}

static void raise_stamp(struct collection_stamp *s, const struct collection_stamp *least) {
    if (least->ms > s->ms || (least->ms == s->ms && least->generation >= s->generation)) {
        *s = *least;
    }
}

void collections_remove(struct collections *t, struct collection *c) {
    struct collections_table *table = atomic_load_explicit(&t->table, memory_order_relaxed);
    size_t at = table_at(table, c);
    atomic_store_explicit(&table->entries[at], TOMBSTONE, memory_order_release);
    atomic_fetch_add(&t->removals, 1);

    bool found;
    at = sorted_at(t, collection_name(c), &found);
    assert(found);
    t->count--;
    memmove(&t->sorted[at], &t->sorted[at + 1], (t->count - at) * sizeof t->sorted[0]);

    for (unsigned i = 0; i < ID_MAP_STRIPES; i++) {
        raise_stamp(&t->floor, &c->stamps[i]);
    }
    t->floor.used_up = true;
}

enum status collections_rename(struct collections *t, struct collection *c, struct str to) {
    struct collection_name *name, *old = atomic_load_explicit(&c->named, memory_order_relaxed);
    enum status st = make_room(t);
    if (st == STATUS_OK) {
        st = collection_name_new(to, hash_bytes(to.p, to.len, t->seed), &name);
    }
    if (st != STATUS_OK) {
        return st;
    }
    bool found;
    struct collections_table *table = atomic_load_explicit(&t->table, memory_order_relaxed);
    size_t from_at = table_at(table, c), at = sorted_at(t, collection_name(c), &found);
    assert(found);
    memmove(&t->sorted[at], &t->sorted[at + 1], (--t->count - at) * sizeof t->sorted[0]);
    at = sorted_at(t, to, &found);
    struct collection *replaced = found ? t->sorted[at] : NULL;
    atomic_fetch_add(&t->renames, 1);
    if (replaced) {
        collections_remove(t, replaced);
    }
    memmove(&t->sorted[at + 1], &t->sorted[at], (t->count++ - at) * sizeof t->sorted[0]);
    t->sorted[at] = c;
    atomic_store_explicit(&table->entries[from_at], TOMBSTONE, memory_order_release);
    atomic_store_explicit(&c->named, name, memory_order_release);
    table_put(table, c);
    atomic_fetch_add(&t->removals, 1);
    atomic_fetch_add(&t->renames, 1);
    atomic_store_explicit(&c->renamed, true, memory_order_relaxed);
    for (unsigned i = 0; replaced && i < ID_MAP_STRIPES; i++) {
        raise_stamp(&c->stamps[i], &t->floor);
    }
    epoch_retire_node(t->epoch, &old->retired);
    return STATUS_OK;
}

size_t collections_list(struct collections *t, struct str after, struct collection **out,
                        size_t limit) {
    pthread_mutex_lock(&t->lock);
    bool found = false;
    size_t at = after.len ? sorted_at(t, after, &found) : 0;
    at += found;
    size_t count = t->count - at < limit ? t->count - at : limit;
    if (count) {
        memcpy(out, &t->sorted[at], count * sizeof out[0]);
    }
    pthread_mutex_unlock(&t->lock);
    return count;
}

size_t collections_count(struct collections *t) {
    pthread_mutex_lock(&t->lock);
    size_t count = t->count;
    pthread_mutex_unlock(&t->lock);
    return count;
}

static enum status add(struct collections *t, struct str name, uint64_t hash,
                       const struct collection_options *given, struct collection **out) {
    struct collection_options options = *given;
    options.name = name;
    options.shard_count = t->shard_count;
    options.epoch = t->epoch;
    options.seed = t->seed;
    options.hash = hash;
    enum status st = make_room(t);
    if (st == STATUS_OK) {
        st = collection_new(&options, out);
    }
    if (st != STATUS_OK) {
        return st;
    }
    struct collection *c = *out;
    for (unsigned i = 0; i < ID_MAP_STRIPES; i++) {
        c->stamps[i] = t->floor;
    }
    if (options.incarnation > t->last_incarnation) {
        t->last_incarnation = options.incarnation;
    }
    bool found;
    size_t at = sorted_at(t, name, &found);
    assert(!found);
    memmove(&t->sorted[at + 1], &t->sorted[at], (t->count - at) * sizeof t->sorted[0]);
    t->sorted[at] = c;
    t->count++;
    table_put(atomic_load_explicit(&t->table, memory_order_relaxed), c);
    return STATUS_OK;
}

static enum status make_room(struct collections *t) {
    if (t->count == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : FIRST_CAP;
        struct collection **sorted = mem_realloc(t->sorted, cap * sizeof sorted[0]);
        if (!sorted) {
            return STATUS_NO_MEMORY;
        }
        t->sorted = sorted;
        t->cap = cap;
    }
    struct collections_table *table = atomic_load_explicit(&t->table, memory_order_relaxed);
    return table && table->used < table->mask - table->mask / 4 ? STATUS_OK : grow_table(t);
}

// A new table, at most half full, without the tombstones.
static enum status grow_table(struct collections *t) {
    size_t cap = FIRST_CAP;
    while (cap < (t->count + 1) * 2) {
        cap *= 2;
    }
    struct collections_table *table = mem_zalloc(1, sizeof *table + cap * sizeof table->entries[0]);
    if (!table) {
        return STATUS_NO_MEMORY;
    }
    table->retired.free_fn = table_free;
    table->mask = cap - 1;
    for (size_t i = 0; i < t->count; i++) {
        table_put(table, t->sorted[i]);
    }
    struct collections_table *old = atomic_load_explicit(&t->table, memory_order_relaxed);
    atomic_store_explicit(&t->table, table, memory_order_release);
    if (old) {
        epoch_retire_node(t->epoch, &old->retired);
    }
    return STATUS_OK;
}

static void table_put(struct collections_table *table, struct collection *c) {
    size_t at = hash_of(c) & table->mask;
    struct collection *there;
    while ((there = atomic_load_explicit(&table->entries[at], memory_order_relaxed)) &&
           there != TOMBSTONE) {
        at = (at + 1) & table->mask;
    }
    table->used += !there;
    atomic_store_explicit(&table->entries[at], c, memory_order_release);
}

// Where `name` stands among the sorted, or would.
static size_t sorted_at(const struct collections *t, struct str name, bool *found) {
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(collection_name(t->sorted[middle]), name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = low < t->count && str_eq(collection_name(t->sorted[low]), name);
    return low;
}

static void table_free(struct epoch_node *node) {
    mem_free(node);
}
