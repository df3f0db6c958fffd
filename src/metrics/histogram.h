// histogram.h - how long things take: counts in buckets from 1 us to 10 s.
//
// Bounds are 1, 2.5 and 5 of each decade. Times go in as whole nanoseconds and come out as
// seconds, so that sums neither round nor need a lock.
//
// Owner: the registry that made it. Threads: any; an observation takes a few nanoseconds.

#ifndef METRICS_HISTOGRAM_H
#define METRICS_HISTOGRAM_H

#include <stdint.h>

#include "metrics/cells.h"

#define HISTOGRAM_BOUNDS 22
/// Cells it takes: a count per bucket, one above the last bound, the sum.
#define HISTOGRAM_CELLS (HISTOGRAM_BOUNDS + 2)

struct histogram {
    struct cells *cells;
    unsigned cell; // the first of HISTOGRAM_CELLS
};

struct histogram_values {
    uint64_t cumulative[HISTOGRAM_BOUNDS + 1]; // at most the bound; the last is all
    uint64_t sum_ns;
};

/// A NULL histogram counts nothing.
void histogram_observe_ns(struct histogram *h, uint64_t ns);
/// `count` things that took `ns` each.
void histogram_observe_many_ns(struct histogram *h, uint64_t ns, uint64_t count);
/// Adds up all threads.
void histogram_read(const struct histogram *h, struct histogram_values *out);
/// Upper bound of bucket 0 .. HISTOGRAM_BOUNDS-1, inclusive, in nanoseconds.
uint64_t histogram_bound_ns(unsigned bucket);

#endif
