// load.h - what bulk loads share: boxes put in the order of a curve.

#ifndef INDEX_LOAD_H
#define INDEX_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "index/index.h"

struct load_key {
    uint64_t key;
    uint32_t at; // position in the caller's arrays
};

typedef uint64_t load_curve_fn(const struct index_box *box);
/// Z order of the south-west corner (exact for points).
load_curve_fn load_morton;

/// Keys of all boxes in ascending order (equal ones in the order given), for mem_free. At most 2^32 - 1.
MUST_USE enum status load_sort(const struct index_box *boxes, size_t count, load_curve_fn *curve,
                               struct load_key **out);

/// Bulk loading into an index that holds something: all of them or, out of memory, none.
MUST_USE enum status load_one_by_one(struct index *ix, const struct index_box *boxes,
                                     const uint32_t *items, size_t count);

#endif
