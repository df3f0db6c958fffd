// cells.h - numbers that many threads raise and a scrape adds up.
//
//   own[1..64]  one array of cells for each thread, made at its first count
//   shared      for threads beyond those, and when there is no memory for an own array
//
// A thread writes only to its own array, so counting is a load and a store (about 1 ns), no
// locked instruction and no line shared with another thread. Indices of ended threads are
// given to new ones, so the arrays stay few and what was counted stays counted.
//
// Owner: struct registry. Threads: any.

#ifndef METRICS_CELLS_H
#define METRICS_CELLS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/status.h"

#define CELLS_THREADS 64

struct cells {
    unsigned count;
    _Atomic(_Atomic uint64_t *) own[CELLS_THREADS + 2]; // [0] and the last stay NULL
    _Atomic uint64_t *shared;
};

/// 1..CELLS_THREADS for a thread with an index of its own, 0 not asked yet, above: shares.
extern _Thread_local unsigned cells_thread;

MUST_USE enum status cells_init(struct cells *cells, unsigned count);
void cells_deinit(struct cells *cells);
/// The sum over all threads; what is being added at the moment may be missing.
uint64_t cells_sum(const struct cells *cells, unsigned cell);
/// Used by cells_add when the thread has no array yet.
void cells_add_slowly(struct cells *cells, unsigned cell, uint64_t n);

static inline void cells_add(struct cells *cells, unsigned cell, uint64_t n) {
    _Atomic uint64_t *own = atomic_load_explicit(&cells->own[cells_thread], memory_order_relaxed);
    if (__builtin_expect(!own, 0)) {
        cells_add_slowly(cells, cell, n);
        return;
    }
    uint64_t before = atomic_load_explicit(&own[cell], memory_order_relaxed);
    atomic_store_explicit(&own[cell], before + n, memory_order_relaxed);
}

#endif
