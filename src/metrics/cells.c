// cells.c - giving threads their index and their array.

#include "metrics/cells.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

#define LINE_BYTES 64
#define SHARES (CELLS_THREADS + 1)

_Thread_local unsigned cells_thread;

static _Atomic uint64_t taken; // bit i: index i + 1 belongs to a living thread
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_made;

static _Atomic uint64_t *array_new(unsigned count);
static unsigned take_index(void);

enum status cells_init(struct cells *cells, unsigned count) {
    memset(cells, 0, sizeof *cells);
    cells->count = count;
    cells->shared = array_new(count);
    return cells->shared ? STATUS_OK : STATUS_NO_MEMORY;
}

void cells_deinit(struct cells *cells) {
    for (unsigned i = 1; i <= CELLS_THREADS; i++) {
        mem_free(atomic_load(&cells->own[i]));
    }
    mem_free(cells->shared);
    memset(cells, 0, sizeof *cells);
}

uint64_t cells_sum(const struct cells *cells, unsigned cell) {
    assert(cell < cells->count);
    uint64_t sum = atomic_load_explicit(&cells->shared[cell], memory_order_relaxed);
    for (unsigned i = 1; i <= CELLS_THREADS; i++) {
        _Atomic uint64_t *own = atomic_load_explicit(&cells->own[i], memory_order_acquire);
        sum += own ? atomic_load_explicit(&own[cell], memory_order_relaxed) : 0;
    }
    return sum;
}

void cells_add_slowly(struct cells *cells, unsigned cell, uint64_t n) {
    if (cells_thread == 0) {
        cells_thread = take_index();
    }
    if (cells_thread <= CELLS_THREADS) {
        _Atomic uint64_t *own = atomic_load(&cells->own[cells_thread]);
        if (!own) {
            own = array_new(cells->count);
            atomic_store_explicit(&cells->own[cells_thread], own, memory_order_release);
        }
        if (own) {
            cells_add(cells, cell, n);
            return;
        }
    }
    atomic_fetch_add_explicit(&cells->shared[cell], n, memory_order_relaxed);
}

static _Atomic uint64_t *array_new(unsigned count) {
    size_t bytes = (count * sizeof(uint64_t) + LINE_BYTES - 1) & ~(size_t)(LINE_BYTES - 1);
    void *array = mem_alloc_aligned(LINE_BYTES, bytes);
    return array ? memset(array, 0, bytes) : NULL;
}

// Acquire and release on `taken`: the next owner of an index goes on from the numbers that the
// last one stored.
static void give_index_back(void *value) {
    cells_thread = 0;
    uint64_t bit = (uint64_t)1 << ((uintptr_t)value - 1);
    atomic_fetch_and_explicit(&taken, ~bit, memory_order_release);
}

static void make_key(void) {
    key_made = pthread_key_create(&key, give_index_back) == 0;
}

static unsigned take_index(void) {
    pthread_once(&key_once, make_key);
    if (!key_made) {
        return SHARES; // an index that never came back would be lost
    }
    uint64_t now = atomic_load_explicit(&taken, memory_order_relaxed);
    unsigned bit;
    do {
        if (now == UINT64_MAX) {
            return SHARES;
        }
        bit = (unsigned)__builtin_ctzll(~now);
    } while (!atomic_compare_exchange_weak_explicit(&taken, &now, now | (uint64_t)1 << bit,
                                                    memory_order_acquire, memory_order_relaxed));
    void *value = (void *)(uintptr_t)(bit + 1);
    if (pthread_setspecific(key, value) != 0) {
        give_index_back(value);
        return SHARES;
    }
    return bit + 1;
}
