#include "index/scan.h"

#include "base/cpu.h"

#if defined(__SANITIZE_THREAD__)
#define PLAIN_ONLY 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PLAIN_ONLY 1
#endif
#endif

#if defined(__x86_64__) && !defined(PLAIN_ONLY)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))
#endif

static struct scan_hits points_plain(const struct scan_points *p, unsigned count,
                                     const struct index_box *box) {
    struct scan_hits hits = {0, 0};
    for (unsigned i = 1; i <= count; i++) {
        uint64_t pair = scan_load(p, i);
        int32_t lon = scan_lon(pair), lat = scan_lat(pair);
        uint64_t in = lon >= box->min_lon && lon <= box->max_lon && lat >= box->min_lat &&
                      lat <= box->max_lat;
        uint64_t sure =
            lon > box->min_lon && lon < box->max_lon && lat > box->min_lat && lat < box->max_lat;
        hits.in |= in << i;
        hits.sure |= sure << i;
    }
    return hits;
}

static struct scan_hits boxes_plain(const struct scan_boxes *b, unsigned count,
                                    const struct index_box *box) {
    struct scan_hits hits = {0, 0};
    for (unsigned i = 0; i < count; i++) {
        uint64_t in = b->min_lon[i] <= box->max_lon && b->max_lon[i] >= box->min_lon &&
                      b->min_lat[i] <= box->max_lat && b->max_lat[i] >= box->min_lat;
        uint64_t sure = b->min_lon[i] < box->max_lon && b->max_lon[i] > box->min_lon &&
                        b->min_lat[i] < box->max_lat && b->max_lat[i] > box->min_lat;
        hits.in |= in << i;
        hits.sure |= sure << i;
    }
    return hits;
}

static uint32_t holders_plain(const struct scan_boxes *b, unsigned count,
                              const struct index_box *box) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < count; i++) {
        bool holds = b->min_lon[i] <= box->min_lon && b->max_lon[i] >= box->max_lon &&
                     b->min_lat[i] <= box->min_lat && b->max_lat[i] >= box->max_lat;
        bits |= (uint32_t)holds << i;
    }
    return bits;
}

static uint32_t within_plain(const struct scan_boxes *b, unsigned count,
                             const struct index_box *box) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < count; i++) {
        bool within = b->min_lon[i] > box->min_lon && b->max_lon[i] < box->max_lon &&
                      b->min_lat[i] > box->min_lat && b->max_lat[i] < box->max_lat;
        bits |= (uint32_t)within << i;
    }
    return bits;
}

static const struct scan_kernels plain_kernels = {points_plain, boxes_plain, holders_plain,
                                                  within_plain};

const struct scan_kernels *scan_kernels_plain(void) {
    return &plain_kernels;
}

#if defined(AVX2)

static uint64_t first_bits(unsigned count) {
    return count >= 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
}
/// The bits 1 to `count`.
static uint64_t points_mask(unsigned count) {
    return first_bits(count + 1) & ~(uint64_t)1;
}

/// `in`, one bit or none, when that point lies on no edge; else 0.
static uint64_t one_sure(const struct scan_points *p, uint64_t in, const struct index_box *box) {
    if (in == 0) return 0;
    uint64_t pair = scan_load(p, (unsigned)__builtin_ctzll(in));
    int32_t lon = scan_lon(pair), lat = scan_lat(pair);
    bool inside =
        lon > box->min_lon && lon < box->max_lon && lat > box->min_lat && lat < box->max_lat;
    return inside ? in : 0;
}

/// The closed box of what lies in the open one; false when nothing does.
static bool shrink(const struct index_box *box, struct index_box *out) {
    if ((int64_t)box->max_lon - box->min_lon < 2 || (int64_t)box->max_lat - box->min_lat < 2)
        return false;
    *out =
        (struct index_box){box->min_lon + 1, box->min_lat + 1, box->max_lon - 1, box->max_lat - 1};
    return true;
}

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

/// Whether four pairs are what they would be when forced into the box, as all ones or zeros.
AVX2 static inline __m256i inside4(const struct scan_points *p, unsigned i, __m256i low,
                                   __m256i high) {
    __m256i pairs = _mm256_load_si256((const __m256i *)(const void *)&p->at[i]);
    return _mm256_cmpeq_epi64(_mm256_min_epi32(_mm256_max_epi32(pairs, low), high), pairs);
}
AVX2 static inline uint64_t inside_avx2(const struct scan_points *p, unsigned count,
                                        const struct index_box *box) {
    const __m256i low = _mm256_set1_epi64x((int64_t)scan_pair(box->min_lon, box->min_lat));
    const __m256i high = _mm256_set1_epi64x((int64_t)scan_pair(box->max_lon, box->max_lat));
    uint64_t in = 0;
    for (unsigned i = 0; i <= count; i += 8) {
        // 0 1 4 5 | 2 3 6 7
        __m256i mixed = _mm256_packs_epi32(inside4(p, i, low, high), inside4(p, i + 4, low, high));
        in |= (uint64_t)bits8(_mm256_permute4x64_epi64(mixed, 0xd8)) << i;
    }
    return in & points_mask(count);
}

AVX2 static struct scan_hits points_avx2(const struct scan_points *p, unsigned count,
                                         const struct index_box *box) {
    uint64_t in = inside_avx2(p, count, box);
    if ((in & (in - 1)) == 0) return (struct scan_hits){in, one_sure(p, in, box)};
    struct index_box open;
    uint64_t sure = shrink(box, &open) ? in & inside_avx2(p, count, &open) : 0;
    return (struct scan_hits){in, sure};
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
    uint64_t valid = first_bits(count);
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
    return ~out & (uint32_t)first_bits(count);
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
    return in & (uint32_t)first_bits(count);
}

static const struct scan_kernels avx2_kernels = {points_avx2, boxes_avx2, holders_avx2,
                                                 within_avx2};

const struct scan_kernels *scan_kernels(void) {
    return cpu_has_avx2() ? &avx2_kernels : &plain_kernels;
}

#else

const struct scan_kernels *scan_kernels(void) {
    return &plain_kernels;
}

#endif
