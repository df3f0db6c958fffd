// scan_simd.h - what the vector forms of the point kernels share; for scan_kernels.c and scan_avx512.h only.

#ifndef INDEX_SCAN_SIMD_H
#define INDEX_SCAN_SIMD_H

#include "index/scan.h"

static inline uint64_t scan_first_bits(unsigned count) {
    return count >= 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
}
/// The bits 1 to `count`.
static inline uint64_t scan_points_mask(unsigned count) {
    return ((uint64_t)2 << count) - 2;
}

/// `in`, one bit or none, when that point lies on no edge; else 0.
static inline uint64_t scan_one_sure(const struct scan_points *p, uint64_t in,
                                     const struct index_box *box) {
    if (in == 0) return 0;
    uint64_t pair = scan_load(p, (unsigned)__builtin_ctzll(in));
    int32_t lon = scan_lon(pair), lat = scan_lat(pair);
    bool inside =
        lon > box->min_lon && lon < box->max_lon && lat > box->min_lat && lat < box->max_lat;
    return inside ? in : 0;
}

/// Whether anything can lie in the open box.
static inline bool scan_is_wide(const struct index_box *box) {
    return (int64_t)box->max_lon - box->min_lon >= 2 && (int64_t)box->max_lat - box->min_lat >= 2;
}

#endif
