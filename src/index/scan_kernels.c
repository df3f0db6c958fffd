// scan_kernels.c - the kernels in AVX2, and which this processor gets.

#include "base/cpu.h"
#include "index/scan.h"
#include "index/scan_lanes.h"

#if defined(__SANITIZE_THREAD__)
#define PLAIN_ONLY 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PLAIN_ONLY 1
#endif
#endif

#if defined(__x86_64__) && !defined(PLAIN_ONLY)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,bmi,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi,popcnt")))
// A vector that the compiler must keep: folded as a memory operand into two instructions it would be loaded twice, and
// a point that moves in between be equal to neither.
#define LOADED_ONCE(vector) __asm__("" : "+v"(vector))
#include "index/scan_avx512.h"
#endif

#if defined(AVX2)

AVX2 static inline __m256i load8(const int32_t *p) {
    return _mm256_load_si256((const __m256i *)(const void *)p);
}
AVX2 static inline uint32_t bits8(__m256i lanes) {
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(lanes));
}
/// a > b
AVX2 static inline __m256i gt(__m256i a, __m256i b) {
    return _mm256_cmpgt_epi32(a, b);
}
AVX2 static inline __m256i any4(__m256i a, __m256i b, __m256i c, __m256i d) {
    return _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
}
AVX2 static inline __m256i all4(__m256i a, __m256i b, __m256i c, __m256i d) {
    return _mm256_and_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, d));
}

/// A closed box as what is taken off a pair, and how much may be left then.
struct reach {
    __m256i high, size;
};

AVX2 static inline struct reach reach_of(const struct index_box *box) {
    __m256i low = _mm256_set1_epi64x((int64_t)scan_pair(box->min_lon, box->min_lat));
    __m256i high = _mm256_set1_epi64x((int64_t)scan_pair(box->max_lon, box->max_lat));
    return (struct reach){high, _mm256_sub_epi32(high, low)};
}
/// Of the open box, which is not empty.
AVX2 static inline struct reach reach_open(struct reach r) {
    return (struct reach){_mm256_sub_epi32(r.high, _mm256_set1_epi32(1)),
                          _mm256_sub_epi32(r.size, _mm256_set1_epi32(2))};
}
/// Which of four pairs are in it, as all ones or zeros. Each is loaded once.
AVX2 static inline __m256i inside4(const _Atomic uint64_t *at, struct reach r) {
    __m256i left = _mm256_sub_epi32(r.high, _mm256_load_si256((const __m256i *)(const void *)at));
    LOADED_ONCE(left);
    return _mm256_cmpeq_epi64(_mm256_min_epu32(left, r.size), left);
}
AVX2 static inline uint64_t inside8(const struct scan_points *p, unsigned line, struct reach r) {
    const _Atomic uint64_t *at = &p->at[8 * line];
    __m256i mixed = _mm256_packs_epi32(inside4(at, r), inside4(at + 4, r));
    // 0 1 4 5 | 2 3 6 7
    return (uint64_t)bits8(_mm256_permute4x64_epi64(mixed, 0xd8)) << (8 * line);
}
AVX2 static __attribute__((always_inline)) inline uint64_t
inside_avx2(const struct scan_points *p, unsigned count, struct reach r) {
    uint64_t in = 0;
    switch (count / 8) {            // as many lines as are in use
    case 7: in |= inside8(p, 7, r); /* fall through */
    case 6: in |= inside8(p, 6, r); /* fall through */
    case 5: in |= inside8(p, 5, r); /* fall through */
    case 4: in |= inside8(p, 4, r); /* fall through */
    case 3: in |= inside8(p, 3, r); /* fall through */
    case 2: in |= inside8(p, 2, r); /* fall through */
    case 1: in |= inside8(p, 1, r); /* fall through */
    default: in |= inside8(p, 0, r);
    }
    return in & scan_points_mask(count);
}
/// The items of the points in `bits`; returns how many.
AVX2 static inline unsigned items_at(const _Atomic uint32_t *items, uint64_t bits,
                                     uint32_t *found) {
    const __m256i nibbles = _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28);
    uint32_t *at = found;
    for (; bits; bits >>= 8, items += 8) {
        __m256i line = _mm256_load_si256((const __m256i *)(const void *)items);
        __m256i lanes = _mm256_set1_epi32((int)scan_lanes[bits & 255]);
        line = _mm256_permutevar8x32_epi32(line, _mm256_srlv_epi32(lanes, nibbles));
        _mm256_storeu_si256((__m256i *)(void *)at, line);
        at += __builtin_popcountll(bits & 255);
    }
    return (unsigned)(at - found);
}

AVX2 static unsigned find_avx2(const struct scan_points *p, unsigned count,
                               const struct index_box *box, const _Atomic uint32_t *items,
                               uint32_t *found, uint64_t *unsure) {
    struct reach reach = reach_of(box);
    uint64_t in = inside_avx2(p, count, reach), sure = 0;
    *unsure = 0;
    if (in == 0) return 0;
    if ((in & (in - 1)) == 0) {
        sure = scan_one_sure(p, in, box);
    } else if (scan_is_wide(box)) {
        sure = in & inside_avx2(p, count, reach_open(reach));
    }
    *unsure = in & ~sure;
    if (!found) return (unsigned)__builtin_popcountll(sure);
    if (sure & (sure - 1)) return items_at(items, sure, found);
    if (sure == 0) return 0;
    *found = atomic_load_explicit(&items[__builtin_ctzll(sure)], memory_order_acquire);
    return 1;
}

AVX2 static struct scan_hits boxes_avx2(const struct scan_boxes *b, unsigned count,
                                        const struct index_box *box) {
    const __m256i west = _mm256_set1_epi32(box->min_lon), east = _mm256_set1_epi32(box->max_lon);
    const __m256i south = _mm256_set1_epi32(box->min_lat), north = _mm256_set1_epi32(box->max_lat);
    uint64_t out = 0, sure = 0;
    for (unsigned i = 0; i < SCAN_BOXES; i += 8) {
        __m256i w = load8(b->min_lon + i), e = load8(b->max_lon + i);
        __m256i s = load8(b->min_lat + i), n = load8(b->max_lat + i);
        out |= (uint64_t)bits8(any4(gt(w, east), gt(west, e), gt(s, north), gt(south, n))) << i;
        sure |= (uint64_t)bits8(all4(gt(east, w), gt(e, west), gt(north, s), gt(n, south))) << i;
    }
    uint64_t valid = scan_first_bits(count);
    return (struct scan_hits){~out & valid, sure & valid};
}

AVX2 static uint32_t holders_avx2(const struct scan_boxes *b, unsigned count,
                                  const struct index_box *box) {
    const __m256i west = _mm256_set1_epi32(box->min_lon), east = _mm256_set1_epi32(box->max_lon);
    const __m256i south = _mm256_set1_epi32(box->min_lat), north = _mm256_set1_epi32(box->max_lat);
    uint32_t out = 0;
    for (unsigned i = 0; i < SCAN_BOXES; i += 8) {
        __m256i w = load8(b->min_lon + i), e = load8(b->max_lon + i);
        __m256i s = load8(b->min_lat + i), n = load8(b->max_lat + i);
        out |= bits8(any4(gt(w, west), gt(east, e), gt(s, south), gt(north, n))) << i;
    }
    return ~out & (uint32_t)scan_first_bits(count);
}

AVX2 static uint32_t within_avx2(const struct scan_boxes *b, unsigned count,
                                 const struct index_box *box) {
    const __m256i west = _mm256_set1_epi32(box->min_lon), east = _mm256_set1_epi32(box->max_lon);
    const __m256i south = _mm256_set1_epi32(box->min_lat), north = _mm256_set1_epi32(box->max_lat);
    uint32_t in = 0;
    for (unsigned i = 0; i < SCAN_BOXES; i += 8) {
        __m256i w = load8(b->min_lon + i), e = load8(b->max_lon + i);
        __m256i s = load8(b->min_lat + i), n = load8(b->max_lat + i);
        in |= bits8(all4(gt(w, west), gt(east, e), gt(s, south), gt(north, n))) << i;
    }
    return in & (uint32_t)scan_first_bits(count);
}

AVX2 static void copy_avx2(const _Atomic uint32_t *from, unsigned count, uint32_t *to) {
    if (count < 8) {
        scan_kernels_plain()->copy(from, count, to);
        return;
    }
    for (unsigned i = 0; i < count; i += 8) {
        unsigned at = i + 8 <= count ? i : count - 8;
        __m256i items = _mm256_loadu_si256((const __m256i *)(const void *)(from + at));
        _mm256_storeu_si256((__m256i *)(void *)(to + at), items);
    }
}

static const struct scan_kernels avx2_kernels = {find_avx2, boxes_avx2, holders_avx2, within_avx2,
                                                 copy_avx2};

const struct scan_kernels *scan_kernels(void) {
    if (cpu_has_avx512()) return &scan512_kernels;
    return cpu_has_avx2() ? &avx2_kernels : scan_kernels_plain();
}

#else

const struct scan_kernels *scan_kernels(void) {
    return scan_kernels_plain();
}

#endif
