// slots.c - chunks of pointers that double and never move.

#include "engine/slots.h"

#include <assert.h>
#include <math.h>

#include "base/slab.h"

#define RATE_HALF_LIFE_S 300.0
#define SLOT_MAX (SLOTS_NONE - 1)

static size_t chunk_size(unsigned chunk);
static enum status make_room(struct slots *s, uint32_t slot);
static void link_free(struct slots *s, uint32_t slot);
static uint32_t unlink_free(struct slots *s, uint32_t slot);

enum status slots_init(struct slots *s) {
    memset(s, 0, sizeof *s);
    s->free = SLOTS_NONE;
    places_init(&s->places);
    return pthread_mutex_init(&s->lock, NULL) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

void slots_deinit(struct slots *s) {
    for (unsigned c = 0; c < PLACES_CHUNKS; c++) {
        _Atomic(struct row *) *chunk = atomic_load_explicit(&s->rows[c], memory_order_relaxed);
        for (size_t i = 0; chunk && i < chunk_size(c); i++) {
            struct row *row = atomic_load_explicit(&chunk[i], memory_order_relaxed);
            row_free((uintptr_t)row & 1 ? NULL : row);
        }
        slab_free(chunk, chunk_size(c) * sizeof *chunk);
        struct slot_access *access = atomic_load_explicit(&s->access[c], memory_order_relaxed);
        slab_free(access, chunk_size(c) * sizeof *access);
    }
    places_deinit(&s->places);
    pthread_mutex_destroy(&s->lock);
}

size_t slots_take(struct slots *s, size_t want, uint32_t *slots) {
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (; n < want && s->free_count; n++) {
        slots[n] = s->free;
        s->free = unlink_free(s, s->free);
        s->free_count--;
    }
    uint32_t end = atomic_load_explicit(&s->end, memory_order_relaxed);
    size_t fresh = 0;
    for (; n + fresh < want && make_room(s, end) == STATUS_OK; fresh++) {
        end++;
    }
    for (size_t i = 0; i < fresh; i++) {
        slots[n + i] =
            end - 1 - (uint32_t)i; // used from the last one on: in the order of their numbers
    }
    atomic_store_explicit(&s->end, end, memory_order_release);
    pthread_mutex_unlock(&s->lock);
    return n + fresh;
}

enum status slots_take_at(struct slots *s, uint32_t slot) {
    pthread_mutex_lock(&s->lock);
    uint32_t end = atomic_load_explicit(&s->end, memory_order_relaxed);
    enum status st = STATUS_OK;
    // Chunks must be there from the first on: a walk goes over all slots below the end.
    for (uint32_t at = end; at < slot && st == STATUS_OK;) {
        uint32_t in_chunk;
        unsigned chunk = slots_chunk(at, &in_chunk);
        st = make_room(s, at);
        size_t next = (size_t)at + chunk_size(chunk) - in_chunk;
        at = next < slot ? (uint32_t)next : slot;
    }
    if (st == STATUS_OK && slot >= end && (st = make_room(s, slot)) == STATUS_OK) {
        atomic_store_explicit(&s->end, slot + 1, memory_order_release);
    }
    pthread_mutex_unlock(&s->lock);
    return st;
}

void slots_give(struct slots *s, uint32_t slot) {
    pthread_mutex_lock(&s->lock);
    link_free(s, slot);
    pthread_mutex_unlock(&s->lock);
}

void slots_rebuild_free(struct slots *s) {
    pthread_mutex_lock(&s->lock);
    s->free = SLOTS_NONE;
    s->free_count = 0;
    for (uint32_t slot = slots_end(s); slot-- > 0;) {
        if (!slots_load(s, slot)) {
            link_free(s, slot);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

enum status slots_make_access(struct slots *s, uint32_t slot) {
    uint32_t at;
    unsigned chunk = slots_chunk(slot, &at);
    if (slots_access(s, slot)) {
        return STATUS_OK;
    }
    struct slot_access *made = slab_zalloc(chunk_size(chunk) * sizeof *made), *there = NULL;
    if (!made) {
        return STATUS_NO_MEMORY;
    }
    if (!atomic_compare_exchange_strong(&s->access[chunk], &there, made)) {
        slab_free(made, chunk_size(chunk) * sizeof *made); // somebody else was quicker
    }
    return STATUS_OK;
}

// One read adds ln 2 / half life: reads that come r times a second settle at a rate of r.
void slots_count_read(struct slots *s, uint32_t slot, int64_t now_ms) {
    if (slots_make_access(s, slot) != STATUS_OK) {
        return;
    }
    struct slot_access *access = slots_access(s, slot);
    float rate = slots_access_rate(access, now_ms);
    atomic_store_explicit(&access->rate, rate + (float)(M_LN2 / RATE_HALF_LIFE_S),
                          memory_order_relaxed);
    if (atomic_load_explicit(&access->last_ms, memory_order_relaxed) != now_ms) {
        atomic_store_explicit(&access->last_ms, now_ms, memory_order_relaxed);
    }
}

float slots_access_rate(const struct slot_access *access, int64_t now_ms) {
    float rate = atomic_load_explicit(&access->rate, memory_order_relaxed);
    int64_t last_ms = atomic_load_explicit(&access->last_ms, memory_order_relaxed);
    if (now_ms <= last_ms || last_ms == 0) {
        return rate;
    }
    return rate * exp2f((float)((double)(last_ms - now_ms) / (1000.0 * RATE_HALF_LIFE_S)));
}

void slots_forget_reads(struct slots *s, uint32_t slot) {
    struct slot_access *access = slots_access(s, slot);
    if (access) {
        atomic_store_explicit(&access->rate, 0, memory_order_relaxed);
        atomic_store_explicit(&access->last_ms, 0, memory_order_relaxed);
    }
}

size_t slots_bytes(const struct slots *s) {
    size_t bytes = places_bytes(&s->places);
    for (unsigned c = 0; c < PLACES_CHUNKS; c++) {
        bool rows = atomic_load_explicit(&s->rows[c], memory_order_relaxed);
        bool access = atomic_load_explicit(&s->access[c], memory_order_relaxed);
        bytes += rows ? chunk_size(c) * sizeof(struct row *) : 0;
        bytes += access ? chunk_size(c) * sizeof(struct slot_access) : 0;
    }
    return bytes;
}

static size_t chunk_size(unsigned chunk) {
    return chunk == 0 ? (size_t)1 << PLACES_FIRST_BITS
                      : (size_t)1 << (PLACES_FIRST_BITS + chunk - 1);
}

// What was made stays when a later part fails: the next call goes on from there.
static enum status make_room(struct slots *s, uint32_t slot) {
    if (slot > SLOT_MAX) {
        return STATUS_NO_MEMORY;
    }
    uint32_t at;
    unsigned chunk = slots_chunk(slot, &at);
    if (atomic_load_explicit(&s->rows[chunk], memory_order_relaxed)) {
        return STATUS_OK; // its places came before it
    }
    enum status st = places_grow(&s->places, slot);
    if (st != STATUS_OK) {
        return st;
    }
    void *rows = slab_zalloc(chunk_size(chunk) * sizeof(struct row *));
    if (!rows) {
        return STATUS_NO_MEMORY;
    }
    atomic_store_explicit(&s->rows[chunk], rows, memory_order_release);
    return STATUS_OK;
}

// A cell of a free slot holds twice the number of the next one, and one.
static void link_free(struct slots *s, uint32_t slot) {
    uintptr_t link = (uintptr_t)s->free << 1 | 1;
    assert(!slots_load(s, slot));
    slots_store(s, slot, (struct row *)link);
    s->free = slot;
    s->free_count++;
}

/// Empty the cell of a free slot. Returns the next one.
static uint32_t unlink_free(struct slots *s, uint32_t slot) {
    uintptr_t link = (uintptr_t)atomic_load_explicit(slots_cell(s, slot), memory_order_relaxed);
    assert(link & 1);
    slots_store(s, slot, NULL);
    return (uint32_t)(link >> 1);
}
