// scan.h - the comparisons that searches are made of, sixteen or sixty-four at a time.
//
// Each kernel has a plain form and an AVX2 form with the same result; scan_kernels() gives those
// this processor can run. All boxes are closed; see index.h for what "sure" means.

#ifndef INDEX_SCAN_H
#define INDEX_SCAN_H

#include <stdint.h>

#include "index/index.h"

#define SCAN_POINTS 64
#define SCAN_BOXES 16

/// 32-byte aligned.
struct scan_points {
    int32_t lon[SCAN_POINTS], lat[SCAN_POINTS];
};
struct scan_boxes {
    int32_t min_lon[SCAN_BOXES], max_lon[SCAN_BOXES], min_lat[SCAN_BOXES], max_lat[SCAN_BOXES];
};

/// A bit for each entry.
struct scan_hits {
    uint64_t in;   // not proven outside
    uint64_t sure; // proven inside; a subset of `in`
};

/// Of the first `count` points, those in `box`.
typedef struct scan_hits scan_points_fn(const struct scan_points *p, unsigned count,
                                        const struct index_box *box);
/// Of the first `count` boxes, those that intersect `box`.
typedef struct scan_hits scan_boxes_fn(const struct scan_boxes *b, unsigned count,
                                       const struct index_box *box);
/// Of the first `count` boxes, those with `box` in them (scan_holders), those that lie in the open `box` (scan_within).
typedef uint32_t scan_relation_fn(const struct scan_boxes *b, unsigned count,
                                  const struct index_box *box);

struct scan_kernels {
    scan_points_fn *points;
    scan_boxes_fn *boxes;
    scan_relation_fn *holders;
    scan_relation_fn *within;
};

const struct scan_kernels *scan_kernels(void);
const struct scan_kernels *scan_kernels_plain(void);

/// The numbers of `bits` looked up in `items`; returns how many.
static inline unsigned scan_collect(const uint32_t *items, uint64_t bits, uint32_t *out) {
    unsigned n = 0;
    for (; bits; bits &= bits - 1)
        out[n++] = items[__builtin_ctzll(bits)];
    return n;
}

#endif
