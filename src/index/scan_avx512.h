// scan_avx512.h - the kernels for AVX-512 (F, BW, DQ, VL): eight points or sixteen boxes a comparison.
//
// Included by scan_kernels.c after immintrin.h, with AVX512 as the target attribute and LOADED_ONCE, and by
// the test after an emulation of the instructions, since few machines have them.

#ifndef INDEX_SCAN_AVX512_H
#define INDEX_SCAN_AVX512_H

#include "index/scan_simd.h"

/// Pairs that are what they would be when forced into the box.
AVX512 static inline uint64_t scan512_inside(const struct scan_points *p, unsigned count,
                                             const struct index_box *box) {
    const __m512i low = _mm512_set1_epi64((int64_t)scan_pair(box->min_lon, box->min_lat));
    const __m512i high = _mm512_set1_epi64((int64_t)scan_pair(box->max_lon, box->max_lat));
    uint64_t in = 0;
    for (unsigned i = 0; i <= count; i += 8) {
        __m512i pairs = _mm512_loadu_si512((const void *)&p->at[i]);
        LOADED_ONCE(pairs);
        __m512i forced = _mm512_min_epi32(_mm512_max_epi32(pairs, low), high);
        in |= (uint64_t)_mm512_cmpeq_epi64_mask(forced, pairs) << i;
    }
    return in & scan_points_mask(count);
}

/// The items of the points in `bits`; returns how many.
AVX512 static inline unsigned scan512_items_at(const _Atomic uint32_t *items, uint64_t bits,
                                               uint32_t *found) {
    uint32_t *at = found;
    for (; bits; bits >>= 8, items += 8) {
        __m256i line = _mm256_loadu_si256((const void *)items);
        _mm256_storeu_si256((void *)at, _mm256_maskz_compress_epi32((uint8_t)bits, line));
        at += __builtin_popcountll(bits & 255);
    }
    return (unsigned)(at - found);
}

AVX512 static unsigned scan512_find(const struct scan_points *p, unsigned count,
                                    const struct index_box *box, const _Atomic uint32_t *items,
                                    uint32_t *found, uint64_t *unsure) {
    uint64_t in = scan512_inside(p, count, box), sure = 0;
    *unsure = 0;
    if (in == 0) return 0;
    if ((in & (in - 1)) == 0) {
        sure = scan_one_sure(p, in, box);
    } else if (scan_is_wide(box)) {
        struct index_box open = {box->min_lon + 1, box->min_lat + 1, box->max_lon - 1,
                                 box->max_lat - 1};
        sure = in & scan512_inside(p, count, &open);
    }
    *unsure = in & ~sure;
    return found ? scan512_items_at(items, sure, found) : (unsigned)__builtin_popcountll(sure);
}

AVX512 static inline __m512i scan512_load(const int32_t *p) {
    return _mm512_loadu_si512((const void *)p);
}
AVX512 static inline uint32_t scan512_gt(__m512i a, __m512i b) {
    return _mm512_cmpgt_epi32_mask(a, b);
}

AVX512 static struct scan_hits scan512_boxes(const struct scan_boxes *b, unsigned count,
                                             const struct index_box *box) {
    const __m512i west = _mm512_set1_epi32(box->min_lon), east = _mm512_set1_epi32(box->max_lon);
    const __m512i south = _mm512_set1_epi32(box->min_lat), north = _mm512_set1_epi32(box->max_lat);
    __m512i w = scan512_load(b->min_lon), e = scan512_load(b->max_lon);
    __m512i s = scan512_load(b->min_lat), n = scan512_load(b->max_lat);
    uint64_t out =
        scan512_gt(w, east) | scan512_gt(west, e) | scan512_gt(s, north) | scan512_gt(south, n);
    uint64_t sure =
        scan512_gt(east, w) & scan512_gt(e, west) & scan512_gt(north, s) & scan512_gt(n, south);
    uint64_t valid = scan_first_bits(count);
    return (struct scan_hits){~out & valid, sure & valid};
}

AVX512 static uint32_t scan512_holders(const struct scan_boxes *b, unsigned count,
                                       const struct index_box *box) {
    const __m512i west = _mm512_set1_epi32(box->min_lon), east = _mm512_set1_epi32(box->max_lon);
    const __m512i south = _mm512_set1_epi32(box->min_lat), north = _mm512_set1_epi32(box->max_lat);
    uint32_t out =
        scan512_gt(scan512_load(b->min_lon), west) | scan512_gt(east, scan512_load(b->max_lon)) |
        scan512_gt(scan512_load(b->min_lat), south) | scan512_gt(north, scan512_load(b->max_lat));
    return ~out & (uint32_t)scan_first_bits(count);
}

AVX512 static uint32_t scan512_within(const struct scan_boxes *b, unsigned count,
                                      const struct index_box *box) {
    const __m512i west = _mm512_set1_epi32(box->min_lon), east = _mm512_set1_epi32(box->max_lon);
    const __m512i south = _mm512_set1_epi32(box->min_lat), north = _mm512_set1_epi32(box->max_lat);
    uint32_t in =
        scan512_gt(scan512_load(b->min_lon), west) & scan512_gt(east, scan512_load(b->max_lon)) &
        scan512_gt(scan512_load(b->min_lat), south) & scan512_gt(north, scan512_load(b->max_lat));
    return in & (uint32_t)scan_first_bits(count);
}

AVX512 static void scan512_copy(const _Atomic uint32_t *from, unsigned count, uint32_t *to) {
    if (count < 16) {
        scan_kernels_plain()->copy(from, count, to);
        return;
    }
    for (unsigned i = 0; i < count; i += 16) {
        unsigned at = i + 16 <= count ? i : count - 16;
        _mm512_storeu_si512((void *)(to + at), _mm512_loadu_si512((const void *)(from + at)));
    }
}

static const struct scan_kernels scan512_kernels = {scan512_find, scan512_boxes, scan512_holders,
                                                    scan512_within, scan512_copy};

#endif
