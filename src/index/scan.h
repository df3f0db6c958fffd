// scan.h - the comparisons that searches are made of, sixteen or sixty-four at a time.
//
// Each kernel has a plain form and forms in AVX2 and AVX-512 with the same result; scan_kernels() gives
// those this processor can run. All boxes are closed; see index.h for what "sure" means.
//
// A point is a pair in one 64-bit word, so that it moves by one store and beside the writer is read whole,
// in the old place or in the new. The plain kernels load words with acquire. The others load vectors, which on x86
// never tear an aligned word and keep their order; the thread sanitizer cannot know that, so it is
// given the plain ones.

#ifndef INDEX_SCAN_H
#define INDEX_SCAN_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

#include "index/index.h"

#define SCAN_POINTS 64
#define SCAN_BOXES 16
#define SCAN_SLACK 8

/// Eight to a line; the first word is not a point but the owner's to use.
struct scan_points {
    alignas(64) _Atomic uint64_t at[SCAN_POINTS];
};
/// 32-byte aligned.
struct scan_boxes {
    int32_t min_lon[SCAN_BOXES], max_lon[SCAN_BOXES], min_lat[SCAN_BOXES], max_lat[SCAN_BOXES];
};

/// A bit for each entry.
struct scan_hits {
    uint64_t in;   // not proven outside
    uint64_t sure; // proven inside; a subset of `in`
};

/// Of the points 1 to `count` (below SCAN_POINTS) those in `box`, which is not upside down: the `items` of the sure
/// ones go to `found`, which has room for SCAN_SLACK more (NULL: nobody asks), the bits of the others to `unsure`.
/// Returns how many are sure.
typedef unsigned scan_find_fn(const struct scan_points *p, unsigned count,
                              const struct index_box *box, const _Atomic uint32_t *items,
                              uint32_t *found, uint64_t *unsure);
/// Of the first `count` boxes, those that intersect `box`.
typedef struct scan_hits scan_boxes_fn(const struct scan_boxes *b, unsigned count,
                                       const struct index_box *box);
/// Of the first `count` boxes, those with `box` in them (scan_holders), those that lie in the open `box` (scan_within).
typedef uint32_t scan_relation_fn(const struct scan_boxes *b, unsigned count,
                                  const struct index_box *box);

/// Copies of items that the writer may be changing.
typedef void scan_copy_fn(const _Atomic uint32_t *from, unsigned count, uint32_t *to);

struct scan_kernels {
    scan_find_fn *find;
    scan_boxes_fn *boxes;
    scan_relation_fn *holders;
    scan_relation_fn *within;
    scan_copy_fn *copy;
};

const struct scan_kernels *scan_kernels(void);
const struct scan_kernels *scan_kernels_plain(void);

static inline uint64_t scan_pair(int32_t lon, int32_t lat) {
    return (uint32_t)lon | (uint64_t)(uint32_t)lat << 32;
}
static inline int32_t scan_lon(uint64_t pair) {
    return (int32_t)(uint32_t)pair;
}
static inline int32_t scan_lat(uint64_t pair) {
    return (int32_t)(uint32_t)(pair >> 32);
}
static inline uint64_t scan_load(const struct scan_points *p, unsigned i) {
    return atomic_load_explicit(&p->at[i], memory_order_acquire);
}
static inline void scan_store(struct scan_points *p, unsigned i, uint64_t pair) {
    atomic_store_explicit(&p->at[i], pair, memory_order_release);
}

/// The numbers of `bits` looked up in `items`; returns how many.
static inline unsigned scan_collect(const uint32_t *items, uint64_t bits, uint32_t *out) {
    unsigned n = 0;
    for (; bits; bits &= bits - 1)
        out[n++] = items[__builtin_ctzll(bits)];
    return n;
}

#endif
