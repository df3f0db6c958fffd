// counter.h - a number that only grows: requests, bytes, hits.
//
// Owner: the registry that made it. Threads: any; counting takes about a nanosecond.

#ifndef METRICS_COUNTER_H
#define METRICS_COUNTER_H

#include <stdint.h>

#include "metrics/cells.h"

struct counter {
    struct cells *cells;
    unsigned cell;
};

/// A NULL counter counts nothing: modules run without metrics, too.
static inline void counter_add(struct counter *c, uint64_t n) {
    if (c) {
        cells_add(c->cells, c->cell, n);
    }
}
static inline void counter_inc(struct counter *c) {
    counter_add(c, 1);
}
/// The sum over all threads.
static inline uint64_t counter_value(const struct counter *c) {
    return c ? cells_sum(c->cells, c->cell) : 0;
}

#endif
