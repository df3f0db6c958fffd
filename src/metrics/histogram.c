// histogram.c - finding the bucket, adding the threads up.

#include "metrics/histogram.h"

#include <assert.h>

static const uint64_t bounds_ns[HISTOGRAM_BOUNDS] = {
    1000,      2500,      5000,       10000,      25000,      50000,      100000,   250000,
    500000,    1000000,   2500000,    5000000,    10000000,   25000000,   50000000, 100000000,
    250000000, 500000000, 1000000000, 2500000000, 5000000000, 10000000000};

// The first bound not below `ns`; HISTOGRAM_BOUNDS when it is above all.
static unsigned find_bucket(uint64_t ns) {
    unsigned low = 0, high = HISTOGRAM_BOUNDS;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (bounds_ns[middle] < ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void histogram_observe_ns(struct histogram *h, uint64_t ns) {
    histogram_observe_many_ns(h, ns, 1);
}

void histogram_observe_many_ns(struct histogram *h, uint64_t ns, uint64_t count) {
    if (!h) {
        return;
    }
    cells_add(h->cells, h->cell + find_bucket(ns), count);
    cells_add(h->cells, h->cell + HISTOGRAM_BOUNDS + 1, ns * count);
}

void histogram_read(const struct histogram *h, struct histogram_values *out) {
    uint64_t sum = 0;
    for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        sum += cells_sum(h->cells, h->cell + i);
        out->cumulative[i] = sum;
    }
    out->sum_ns = cells_sum(h->cells, h->cell + HISTOGRAM_BOUNDS + 1);
}

uint64_t histogram_bound_ns(unsigned bucket) {
    assert(bucket < HISTOGRAM_BOUNDS);
    return bounds_ns[bucket];
}
