// id_map.c - open addressing with tombstones, a table per stripe.

#include "engine/id_map.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/slab.h"

#define EMPTY UINT64_MAX
#define TOMBSTONE (UINT64_MAX - 1)
#define FIRST_CAP 8

struct table {
    struct epoch_node retired;
    size_t mask; // capacity - 1
    _Atomic uint64_t
        *entries; // apart, as large as a power of two: they fill huge pages without loss
};

struct stripe {
    _Alignas(64) _Atomic(struct table *) table; // NULL until the first insert
    size_t used; // entries and tombstones; what follows: under the lock
    size_t live;
    pthread_mutex_t lock;
};

struct id_map {
    struct stripe stripes[ID_MAP_STRIPES];
    const struct slots *slots;
    struct epoch *epoch;
    uint64_t seed;
};

static enum status grow(struct id_map *m, struct stripe *s, size_t live);
static struct table *table_new(size_t cap);
static void table_free(struct epoch_node *node);

// The stripe is in the lowest bits; the upper half stands in the entry and says its place, so that
// growing needs to look at no object.
static size_t place_of(uint64_t hash_or_entry) {
    return (size_t)(hash_or_entry >> 32);
}

static uint64_t entry_of(uint64_t hash, uint32_t slot) {
    return (hash & 0xffffffff00000000) | slot;
}

enum status id_map_new(const struct slots *slots, struct epoch *epoch, uint64_t seed,
                       struct id_map **out) {
    struct id_map *m = mem_alloc_aligned(_Alignof(struct id_map), sizeof *m);
    if (!m) {
        return STATUS_NO_MEMORY;
    }
    memset(m, 0, sizeof *m);
    m->slots = slots;
    m->epoch = epoch;
    m->seed = seed;
    for (unsigned i = 0; i < ID_MAP_STRIPES; i++) {
        pthread_mutex_init(&m->stripes[i].lock, NULL);
    }
    *out = m;
    return STATUS_OK;
}

void id_map_free(struct id_map *m) {
    if (!m) {
        return;
    }
    for (unsigned i = 0; i < ID_MAP_STRIPES; i++) {
        struct table *t = atomic_load_explicit(&m->stripes[i].table, memory_order_relaxed);
        if (t) {
            table_free(&t->retired);
        }
        pthread_mutex_destroy(&m->stripes[i].lock);
    }
    mem_free(m);
}

uint64_t id_map_hash(const struct id_map *m, struct str id) {
    return hash_bytes(id.p, id.len, m->seed);
}

void id_map_lock(struct id_map *m, unsigned stripe) {
    pthread_mutex_lock(&m->stripes[stripe].lock);
}

void id_map_unlock(struct id_map *m, unsigned stripe) {
    pthread_mutex_unlock(&m->stripes[stripe].lock);
}

// Whoever looks an id up will want its place in the index or its count of reads: all that is near at
// once, both lines of the object too.
static struct row *fetch(const struct slots *slots, uint32_t slot) {
    slots_prefetch(slots, slot);
    __builtin_prefetch(slots_access(slots, slot), 1);
    struct row *o = slots_load(slots, slot);
    __builtin_prefetch(o);
    __builtin_prefetch((const char *)o + 64);
    return o;
}

struct row *id_map_find(const struct id_map *m, struct str id, uint64_t hash) {
    const struct stripe *s = &m->stripes[id_map_stripe(hash)];
    struct table *t = atomic_load_explicit(&s->table, memory_order_acquire);
    if (!t) {
        return NULL;
    }
    for (size_t at = place_of(hash) & t->mask;; at = (at + 1) & t->mask) {
        uint64_t entry = atomic_load_explicit(&t->entries[at], memory_order_acquire);
        if (entry == EMPTY) {
            return NULL;
        }
        if ((entry ^ hash) >> 32 == 0 && entry != TOMBSTONE) {
            struct row *o = fetch(m->slots, (uint32_t)entry);
            if (o && str_eq(row_id(o), id)) {
                return o;
            }
        }
    }
}

void id_map_prefetch(const struct id_map *m, uint64_t hash) {
    const struct stripe *s = &m->stripes[id_map_stripe(hash)];
    struct table *t = atomic_load_explicit(&s->table, memory_order_acquire);
    if (t) {
        __builtin_prefetch(&t->entries[place_of(hash) & t->mask]);
    }
}

// The first entry that may be the one; TOMBSTONE when there is none.
static uint64_t guess(const struct id_map *m, uint64_t hash) {
    const struct stripe *s = &m->stripes[id_map_stripe(hash)];
    struct table *t = atomic_load_explicit(&s->table, memory_order_acquire);
    uint64_t entry = TOMBSTONE;
    for (size_t at = place_of(hash); t; at++) {
        entry = atomic_load_explicit(&t->entries[at & t->mask], memory_order_acquire);
        if (entry == EMPTY || ((entry ^ hash) >> 32 == 0 && entry != TOMBSTONE)) {
            break;
        }
    }
    return entry == EMPTY ? TOMBSTONE : entry;
}

void id_map_prefetch_slot(const struct id_map *m, uint64_t hash) {
    uint64_t entry = guess(m, hash);
    if (entry != TOMBSTONE) {
        slots_prefetch(m->slots, (uint32_t)entry);
    }
}

void id_map_prefetch_object(const struct id_map *m, uint64_t hash) {
    uint64_t entry = guess(m, hash);
    const char *o = entry != TOMBSTONE ? (const char *)slots_load(m->slots, (uint32_t)entry) : NULL;
    if (o) {
        __builtin_prefetch(o);
        __builtin_prefetch(o + 64);
    }
}

enum status id_map_insert(struct id_map *m, uint64_t hash, uint32_t slot) {
    struct stripe *s = &m->stripes[id_map_stripe(hash)];
    struct table *t = atomic_load_explicit(&s->table, memory_order_relaxed);
    if (!t || s->used >= t->mask - t->mask / 4) {
        enum status st = grow(m, s, s->live + 1);
        t = atomic_load_explicit(&s->table, memory_order_relaxed);
        if (st != STATUS_OK && (!t || s->used >= t->mask)) {
            return st; // else the old table still has room, and an empty entry to end probes
        }
    }
    size_t at = place_of(hash) & t->mask;
    uint64_t entry;
    while ((entry = atomic_load_explicit(&t->entries[at], memory_order_relaxed)) < TOMBSTONE) {
        at = (at + 1) & t->mask;
    }
    s->used += entry == EMPTY;
    s->live++;
    atomic_store_explicit(&t->entries[at], entry_of(hash, slot), memory_order_release);
    return STATUS_OK;
}

void id_map_remove(struct id_map *m, uint64_t hash, uint32_t slot) {
    struct stripe *s = &m->stripes[id_map_stripe(hash)];
    struct table *t = atomic_load_explicit(&s->table, memory_order_relaxed);
    size_t at = place_of(hash) & t->mask;
    while (atomic_load_explicit(&t->entries[at], memory_order_relaxed) != entry_of(hash, slot)) {
        assert(atomic_load_explicit(&t->entries[at], memory_order_relaxed) != EMPTY);
        at = (at + 1) & t->mask;
    }
    s->live--;
    atomic_store_explicit(&t->entries[at], TOMBSTONE, memory_order_release);
    // No probe goes on past tombstones that an empty entry follows.
    size_t next = (at + 1) & t->mask;
    if (atomic_load_explicit(&t->entries[next], memory_order_relaxed) != EMPTY) {
        return;
    }
    while (atomic_load_explicit(&t->entries[at], memory_order_relaxed) == TOMBSTONE) {
        atomic_store_explicit(&t->entries[at], EMPTY, memory_order_release);
        s->used--;
        at = (at - 1) & t->mask;
    }
}

enum status id_map_reserve(struct id_map *m, size_t count) {
    enum status st = STATUS_OK;
    size_t each = count / ID_MAP_STRIPES + count / ID_MAP_STRIPES / 8;
    for (unsigned i = 0; i < ID_MAP_STRIPES && st == STATUS_OK; i++) {
        struct stripe *s = &m->stripes[i];
        struct table *t = atomic_load_explicit(&s->table, memory_order_relaxed);
        if (each && (!t || each > t->mask - t->mask / 4)) {
            st = grow(m, s, each);
        }
    }
    return st;
}

size_t id_map_bytes(const struct id_map *m) {
    size_t bytes = sizeof *m;
    for (unsigned i = 0; i < ID_MAP_STRIPES; i++) {
        struct table *t = atomic_load_explicit(&m->stripes[i].table, memory_order_acquire);
        bytes += t ? sizeof *t + (t->mask + 1) * sizeof t->entries[0] : 0;
    }
    return bytes;
}

// A new table, at most half full with `live` entries, without the tombstones.
static enum status grow(struct id_map *m, struct stripe *s, size_t live) {
    size_t cap = FIRST_CAP;
    while (cap < live * 2) {
        cap *= 2;
    }
    struct table *old = atomic_load_explicit(&s->table, memory_order_relaxed);
    struct table *t = table_new(cap);
    if (!t) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; old && i <= old->mask; i++) {
        uint64_t entry = atomic_load_explicit(&old->entries[i], memory_order_relaxed);
        if (entry < TOMBSTONE) {
            size_t at = place_of(entry) & t->mask;
            while (atomic_load_explicit(&t->entries[at], memory_order_relaxed) != EMPTY) {
                at = (at + 1) & t->mask;
            }
            atomic_store_explicit(&t->entries[at], entry, memory_order_relaxed);
        }
    }
    s->used = s->live;
    atomic_store_explicit(&s->table, t, memory_order_release);
    if (old) {
        epoch_retire_node(m->epoch, &old->retired);
    }
    return STATUS_OK;
}

static struct table *table_new(size_t cap) {
    struct table *t = mem_alloc(sizeof *t);
    if (!t) {
        return NULL;
    }
    t->retired.free_fn = table_free;
    t->mask = cap - 1;
    t->entries = slab_alloc(cap * sizeof t->entries[0]);
    if (!t->entries) {
        mem_free(t);
        return NULL;
    }
    memset((void *)t->entries, 0xff, cap * sizeof t->entries[0]);
    return t;
}

static void table_free(struct epoch_node *node) {
    struct table *t = (struct table *)node;
    slab_free(t->entries, (t->mask + 1) * sizeof t->entries[0]);
    mem_free(t);
}
