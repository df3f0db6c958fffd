// slots.c - chunks of pointers that double and never move.

#include "engine/slots.h"

#include <assert.h>
#include <math.h>

#include "base/mem.h"
#include "base/slab.h"

#define RATE_HALF_LIFE_S 300.0
#define SLOT_MAX (UINT32_MAX - 2) // the highest numbers mark empty entries of id_map

static size_t chunk_size(unsigned chunk);
static enum status make_room(struct slots *s, uint32_t slot);
static enum status make_free_room(struct slots *s, size_t count);

enum status slots_init(struct slots *s) {
    memset(s, 0, sizeof *s);
    places_init(&s->places);
    return pthread_mutex_init(&s->lock, NULL) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

void slots_deinit(struct slots *s) {
    for (unsigned c = 0; c < PLACES_CHUNKS; c++) {
        _Atomic(struct row *) *chunk = atomic_load_explicit(&s->rows[c], memory_order_relaxed);
        for (size_t i = 0; chunk && i < chunk_size(c); i++) {
            row_free(atomic_load_explicit(&chunk[i], memory_order_relaxed));
        }
        slab_free(chunk, chunk_size(c) * sizeof *chunk);
        struct slot_access *access = atomic_load_explicit(&s->access[c], memory_order_relaxed);
        slab_free(access, chunk_size(c) * sizeof *access);
    }
    places_deinit(&s->places);
    mem_free(s->free);
    pthread_mutex_destroy(&s->lock);
}

enum status slots_take(struct slots *s, uint32_t *slot) {
    enum status st = STATUS_OK;
    pthread_mutex_lock(&s->lock);
    uint32_t end = atomic_load_explicit(&s->end, memory_order_relaxed);
    if (s->free_count) {
        *slot = s->free[--s->free_count];
    } else if ((st = make_room(s, end)) == STATUS_OK) {
        *slot = end;
        atomic_store_explicit(&s->end, end + 1, memory_order_release);
    }
    pthread_mutex_unlock(&s->lock);
    return st;
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
    assert(s->free_count < s->free_cap);
    s->free[s->free_count++] = slot;
    pthread_mutex_unlock(&s->lock);
}

enum status slots_rebuild_free(struct slots *s) {
    pthread_mutex_lock(&s->lock);
    uint32_t end = slots_end(s);
    enum status st = make_free_room(s, end);
    s->free_count = 0;
    for (uint32_t slot = end; st == STATUS_OK && slot-- > 0;) {
        if (!slots_load(s, slot)) {
            s->free[s->free_count++] = slot;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return st;
}

// One read adds ln 2 / half life: reads that come r times a second settle at a rate of r.
void slots_count_read(struct slots *s, uint32_t slot, int64_t now_ms) {
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
    atomic_store_explicit(&access->rate, 0, memory_order_relaxed);
    atomic_store_explicit(&access->last_ms, 0, memory_order_relaxed);
}

size_t slots_bytes(const struct slots *s) {
    size_t bytes = places_bytes(&s->places);
    for (unsigned c = 0; c < PLACES_CHUNKS; c++) {
        if (atomic_load_explicit(&s->access[c], memory_order_relaxed)) {
            bytes += chunk_size(c) * (sizeof(struct row *) + sizeof(struct slot_access));
        }
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
    enum status st = make_free_room(s, (size_t)slot + 1);
    if (st == STATUS_OK) {
        st = places_grow(&s->places, slot);
    }
    if (st != STATUS_OK) {
        return st;
    }
    if (!atomic_load_explicit(&s->access[chunk], memory_order_relaxed)) {
        struct slot_access *access = slab_zalloc(chunk_size(chunk) * sizeof *access);
        if (!access) {
            return STATUS_NO_MEMORY;
        }
        atomic_store_explicit(&s->access[chunk], access, memory_order_release);
    }
    if (!atomic_load_explicit(&s->rows[chunk], memory_order_relaxed)) {
        void *rows = slab_zalloc(chunk_size(chunk) * sizeof(struct row *));
        if (!rows) {
            return STATUS_NO_MEMORY;
        }
        atomic_store_explicit(&s->rows[chunk], rows, memory_order_release);
    }
    return STATUS_OK;
}

// As much room as slots in use, so that giving one back needs no memory.
static enum status make_free_room(struct slots *s, size_t count) {
    if (count <= s->free_cap) {
        return STATUS_OK;
    }
    size_t cap = s->free_cap ? s->free_cap : (size_t)1 << PLACES_FIRST_BITS;
    while (cap < count) {
        cap *= 2;
    }
    uint32_t *stack = mem_realloc(s->free, cap * sizeof *stack);
    if (!stack) {
        return STATUS_NO_MEMORY;
    }
    s->free = stack;
    s->free_cap = cap;
    return STATUS_OK;
}
