// id_map.c - open addressing with tombstones, a table per stripe.

#include "engine/id_map.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/slab.h"

#define EMPTY 0u
#define TOMBSTONE 1u
#define ADDRESS_BITS 44 // of an address of 48 bits, divided by the alignment of rows
#define ROW_ALIGN_BITS 4
#define TAG_BITS 20  // of the hash in an entry: the lowest of those that lead to a home
#define HOME_BITS 28 // of the hash that lead to a home
#define LINE 8       // entries in a cache line

#define SMALL 4096        // entries: below, a table doubles
#define PAGES (64u << 10) // what slab.h gives from this size on are multiples of it

struct table {
    struct epoch_node retired;
    size_t lines;
    _Atomic uint64_t *entries; // apart, beginning at a cache line
};

struct stripe {
    _Alignas(64) _Atomic(struct table *) table; // NULL until the first promise
    size_t used; // entries and tombstones; what follows: under the lock
    size_t live;
    size_t promised;
    pthread_mutex_t lock;
};

struct id_map {
    struct stripe stripes[ID_MAP_STRIPES];
    struct epoch *epoch;
    uint64_t seed;
};

static enum status grow(struct id_map *m, struct stripe *s, size_t wanted);
static struct table *table_new(size_t wanted);
static int64_t first_bits(const struct table *t, size_t line);
static bool find_home_bits(uint64_t entry, int64_t low, int64_t high, uint32_t *bits);
static void table_put(struct table *t, uint32_t bits, uint64_t entry);
static void table_free(struct epoch_node *node);

static size_t capacity(const struct table *t) {
    return t->lines * LINE;
}

// The stripe is in the lowest bits.
static uint32_t home_bits(uint64_t hash) {
    return (uint32_t)(hash >> 8) & ((1u << HOME_BITS) - 1);
}

static size_t home_of_bits(const struct table *t, uint32_t bits) {
    return (size_t)((uint64_t)bits * t->lines >> HOME_BITS) * LINE;
}

static size_t home(const struct table *t, uint64_t hash) {
    return home_of_bits(t, home_bits(hash));
}

static size_t next(const struct table *t, size_t at) {
    return ++at == capacity(t) ? 0 : at;
}

static uint64_t entry_of(uint64_t hash, const struct row *row) {
    uint64_t address = (uintptr_t)row;
    assert((address >> ADDRESS_BITS >> ROW_ALIGN_BITS) == 0 && address % 16 == 0);
    return (uint64_t)home_bits(hash) << ADDRESS_BITS | address >> ROW_ALIGN_BITS;
}

static struct row *row_of(uint64_t entry) {
    return (struct row *)(uintptr_t)(entry << (64 - ADDRESS_BITS) >>
                                     (64 - ADDRESS_BITS - ROW_ALIGN_BITS));
}

// EMPTY and TOMBSTONE agree with hashes that begin with zeroes: they are looked at before.
static bool agree(uint64_t entry, uint64_t hash) {
    return (entry ^ (uint64_t)home_bits(hash) << ADDRESS_BITS) >> ADDRESS_BITS == 0 &&
           entry != TOMBSTONE;
}

static uint64_t load(const struct table *t, size_t at) {
    return atomic_load_explicit(&t->entries[at], memory_order_acquire);
}

static void store(struct table *t, size_t at, uint64_t entry) {
    atomic_store_explicit(&t->entries[at], entry, memory_order_release);
}

static struct table *table_of(const struct id_map *m, uint64_t hash) {
    return atomic_load_explicit(&m->stripes[id_map_stripe(hash)].table, memory_order_acquire);
}

enum status id_map_new(struct epoch *epoch, uint64_t seed, struct id_map **out) {
    struct id_map *m = mem_alloc_aligned(_Alignof(struct id_map), sizeof *m);
    if (!m) {
        return STATUS_NO_MEMORY;
    }
    memset(m, 0, sizeof *m);
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
        struct table *t = table_of(m, i);
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

struct row *id_map_find(const struct id_map *m, struct str id, uint64_t hash) {
    const struct table *t = table_of(m, hash);
    if (!t) {
        return NULL;
    }
    for (size_t at = home(t, hash);; at = next(t, at)) {
        uint64_t entry = load(t, at);
        if (entry == EMPTY) {
            return NULL;
        }
        if (agree(entry, hash) && str_eq(row_id(row_of(entry)), id)) {
            return row_of(entry);
        }
    }
}

void id_map_prefetch(const struct id_map *m, uint64_t hash) {
    const struct table *t = table_of(m, hash);
    if (t) {
        __builtin_prefetch((const void *)&t->entries[home(t, hash)]);
    }
}

// The first row that may be the one.
void id_map_prefetch_row(const struct id_map *m, uint64_t hash) {
    const struct table *t = table_of(m, hash);
    if (!t) {
        return;
    }
    for (size_t at = home(t, hash);; at = next(t, at)) {
        uint64_t entry = load(t, at);
        if (entry == EMPTY) {
            return;
        }
        if (agree(entry, hash)) {
            __builtin_prefetch(row_of(entry));
            __builtin_prefetch((const char *)row_of(entry) + 63);
            return;
        }
    }
}

// Four fifths full at most: longer probes would touch more lines than the memory is worth.
static bool has_room(const struct stripe *s, const struct table *t) {
    size_t cap = capacity(t);
    return s->used + s->promised < cap - cap / 5;
}

enum status id_map_promise(struct id_map *m, uint64_t hash) {
    struct stripe *s = &m->stripes[id_map_stripe(hash)];
    struct table *t = table_of(m, hash);
    if (!t || !has_room(s, t)) {
        enum status st = grow(m, s, s->live + s->promised + 1);
        t = table_of(m, hash);
        // The old table may still have room, with an empty entry to end probes.
        if (st != STATUS_OK && (!t || s->used + s->promised + 1 >= capacity(t))) {
            return st;
        }
    }
    s->promised++;
    return STATUS_OK;
}

void id_map_release(struct id_map *m, uint64_t hash) {
    struct stripe *s = &m->stripes[id_map_stripe(hash)];
    assert(s->promised);
    s->promised--;
}

void id_map_insert(struct id_map *m, uint64_t hash, struct row *row) {
    struct stripe *s = &m->stripes[id_map_stripe(hash)];
    struct table *t = table_of(m, hash);
    assert(s->promised);
    size_t at = home(t, hash);
    uint64_t entry;
    while ((entry = load(t, at)) > TOMBSTONE) {
        at = next(t, at);
    }
    s->promised--;
    s->used += entry == EMPTY;
    s->live++;
    store(t, at, entry_of(hash, row));
}

static size_t find_entry(const struct table *t, uint64_t hash, const struct row *row) {
    size_t at = home(t, hash);
    while (load(t, at) != entry_of(hash, row)) {
        assert(load(t, at) != EMPTY);
        at = next(t, at);
    }
    return at;
}

void id_map_replace(struct id_map *m, uint64_t hash, const struct row *before, struct row *after) {
    struct table *t = table_of(m, hash);
    store(t, find_entry(t, hash, before), entry_of(hash, after));
}

void id_map_remove(struct id_map *m, uint64_t hash, const struct row *row) {
    struct stripe *s = &m->stripes[id_map_stripe(hash)];
    struct table *t = table_of(m, hash);
    size_t at = find_entry(t, hash, row);
    s->live--;
    store(t, at, TOMBSTONE);
    // No probe goes on past tombstones that an empty entry follows.
    while (load(t, next(t, at)) == EMPTY && load(t, at) == TOMBSTONE) {
        store(t, at, EMPTY);
        s->used--;
        at = at ? at - 1 : capacity(t) - 1;
    }
}

size_t id_map_bytes(const struct id_map *m) {
    size_t bytes = sizeof *m;
    for (unsigned i = 0; i < ID_MAP_STRIPES; i++) {
        const struct table *t = table_of(m, i);
        bytes += t ? sizeof *t + capacity(t) * sizeof t->entries[0] : 0;
    }
    return bytes;
}

static void copy_line(const struct id_map *m, const struct table *old, size_t line, int64_t *low,
                      struct table *t) {
    int64_t high = first_bits(old, line + 1) - 1;
    for (size_t at = line * LINE; at < (line + 1) * LINE; at++) {
        uint64_t entry = load(old, at);
        uint32_t bits;
        if (entry == EMPTY) {
            *low = high + 1; // what stands further on has its home there
        } else if (entry != TOMBSTONE) {
            if (!find_home_bits(entry, *low, high, &bits)) {
                bits = home_bits(id_map_hash(m, row_id(row_of(entry))));
            }
            table_put(t, bits, entry);
        }
    }
}

// A new table for `wanted` ids and half as many to come, without the tombstones. No row is read, with few
// exceptions: the places of entries say what their tags do not.
static enum status grow(struct id_map *m, struct stripe *s, size_t wanted) {
    struct table *old = atomic_load_explicit(&s->table, memory_order_relaxed);
    struct table *t = table_new(wanted);
    if (!t) {
        return STATUS_NO_MEMORY;
    }
    int64_t low = -((int64_t)1 << HOME_BITS); // the first entries may have their homes at the end
    for (size_t line = 0; old && line < old->lines; line++) {
        copy_line(m, old, line, &low, t);
    }
    s->used = s->live;
    atomic_store_explicit(&s->table, t, memory_order_release);
    if (old) {
        epoch_retire_node(m->epoch, &old->retired);
    }
    return STATUS_OK;
}

/// The least bits that lead to a line, or beyond.
static int64_t first_bits(const struct table *t, size_t line) {
    return (int64_t)((((uint64_t)line << HOME_BITS) + t->lines - 1) / t->lines);
}

// All cells from the home of an entry to its place are taken, so its bits lie between those of the first home
// after an empty cell, and its line. False: more than one number there ends in the tag.
static bool find_home_bits(uint64_t entry, int64_t low, int64_t high, uint32_t *bits) {
    int64_t mask = ((int64_t)1 << TAG_BITS) - 1, tag = (int64_t)(entry >> ADDRESS_BITS);
    int64_t last = high - ((high - tag) & mask);
    *bits = (uint32_t)last;
    return last - low <= mask;
}

static void table_put(struct table *t, uint32_t bits, uint64_t entry) {
    size_t at = home_of_bits(t, bits);
    while (load(t, at) != EMPTY) {
        at = next(t, at);
    }
    atomic_store_explicit(&t->entries[at], entry, memory_order_relaxed);
}

static struct table *table_new(size_t wanted) {
    struct table *t = mem_alloc(sizeof *t);
    if (!t) {
        return NULL;
    }
    size_t entries = wanted < SMALL ? wanted * 5 / 2 : wanted * 15 / 8;
    size_t bytes = (entries / LINE + 1) * LINE * sizeof t->entries[0];
    if (bytes >= PAGES) {
        bytes = (bytes + PAGES - 1) / PAGES * PAGES;
    }
    t->retired.free_fn = table_free;
    t->lines = bytes / (LINE * sizeof t->entries[0]);
    t->entries = slab_zalloc(bytes);
    if (!t->entries) {
        mem_free(t);
        return NULL;
    }
    return t;
}

static void table_free(struct epoch_node *node) {
    struct table *t = (struct table *)node;
    slab_free((void *)t->entries, capacity(t) * sizeof t->entries[0]);
    mem_free(t);
}
