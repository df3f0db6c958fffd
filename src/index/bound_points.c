#include "index/bound_points.h"

#include <math.h>

#include "base/cpu.h"

#if defined(__SANITIZE_THREAD__) // see scan.h
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

#define RAD ((float)BOUND_RAD)
#define TURN 3600000000u
#define T2_MOST 6.0f
#define COS_LESS 4e-6f
#define SHARE (1 - 1e-5f)

static float sin2_half(float t2) {
    float t = t2 < T2_MOST ? t2 : T2_MOST;
    return t * (SHARE / 4 - t * (SHARE / 48));
}

float bound_point(const struct bound_from *from, int32_t lon, int32_t lat) {
    uint32_t east = (uint32_t)(lon > from->lon ? lon : from->lon);
    uint32_t west = (uint32_t)(lon > from->lon ? from->lon : lon);
    uint32_t direct = east - west, around = TURN > direct ? TURN - direct : 0;
    float dx = (float)(int32_t)(direct < around ? direct : around) * RAD - 2 * RAD;
    dx = dx > 0 ? dx : 0;
    float d = (float)(int32_t)((uint32_t)lat - (uint32_t)from->lat) * RAD;
    float dy = (d < 0 ? -d : d) - 2 * RAD;
    dy = dy > 0 ? dy : 0;
    float cos_lat = (float)from->cos_lat, sin_lat = (float)from->sin_lat;
    float c = (cos_lat - COS_LESS) - d * (sin_lat + d * 0.5f);
    c = c > 0 ? c : 0;
    return sin2_half(dy * dy) + cos_lat * c * sin2_half(dx * dx);
}

static float points_plain(const struct bound_from *from, const struct scan_points *points,
                          const _Atomic uint32_t items[SCAN_POINTS], unsigned count,
                          float *bounds_out, uint32_t *items_out) {
    float least = INFINITY;
    for (unsigned slot = 1; slot <= count; slot++) {
        uint64_t pair = scan_load(points, slot);
        float bound = bound_point(from, scan_lon(pair), scan_lat(pair));
        *bounds_out++ = bound;
        *items_out++ = atomic_load_explicit(&items[slot], memory_order_acquire);
        least = bound < least ? bound : least;
    }
    return least;
}

static unsigned select_plain(const float *bounds, unsigned count, float limit, uint64_t *bits) {
    unsigned found = 0;
    for (unsigned word = 0; word < (count + 63) / 64; word++) {
        bits[word] = 0;
        for (unsigned i = 64 * word; i < count && i < 64 * word + 64; i++) {
            uint64_t in = bounds[i] <= limit;
            bits[word] |= in << i % 64;
            found += (unsigned)in;
        }
    }
    return found;
}

static float least_plain(const float *bounds, unsigned count) {
    float least = INFINITY;
    for (unsigned i = 0; i < count; i++)
        least = bounds[i] < least ? bounds[i] : least;
    return least;
}

static const struct bound_kernels plain_kernels = {points_plain, select_plain, least_plain};

const struct bound_kernels *bound_kernels_plain(void) {
    return &plain_kernels;
}

#if defined(AVX2)

AVX2 static inline __m256 all(float v) {
    return _mm256_set1_ps(v);
}
AVX2 static inline __m256 sin2_half_avx2(__m256 t2) {
    __m256 t = _mm256_min_ps(t2, all(T2_MOST));
    return _mm256_mul_ps(t, _mm256_sub_ps(all(SHARE / 4), _mm256_mul_ps(t, all(SHARE / 48))));
}
AVX2 static inline __m256 radians(__m256i quanta) {
    return _mm256_mul_ps(_mm256_cvtepi32_ps(quanta), all(RAD));
}
/// Operation for operation what bound_point does, without fused steps.
AVX2 static inline __m256 bounds8(const struct bound_from *from, __m256i lon, __m256i lat) {
    const __m256i x = _mm256_set1_epi32(from->lon), turn = _mm256_set1_epi32((int32_t)TURN);
    const __m256 zero = _mm256_setzero_ps();
    __m256i direct = _mm256_sub_epi32(_mm256_max_epi32(lon, x), _mm256_min_epi32(lon, x));
    __m256i around = _mm256_sub_epi32(_mm256_max_epu32(direct, turn), direct);
    __m256 dx = _mm256_sub_ps(radians(_mm256_min_epu32(direct, around)), all(2 * RAD));
    dx = _mm256_max_ps(dx, zero);
    __m256 d = radians(_mm256_sub_epi32(lat, _mm256_set1_epi32(from->lat)));
    __m256 dy = _mm256_sub_ps(_mm256_andnot_ps(all(-0.0f), d), all(2 * RAD));
    dy = _mm256_max_ps(dy, zero);
    float cos_lat = (float)from->cos_lat;
    __m256 c = _mm256_add_ps(all((float)from->sin_lat), _mm256_mul_ps(d, all(0.5f)));
    c = _mm256_max_ps(_mm256_sub_ps(all(cos_lat - COS_LESS), _mm256_mul_ps(d, c)), zero);
    __m256 over_x = _mm256_mul_ps(all(cos_lat), c);
    over_x = _mm256_mul_ps(over_x, sin2_half_avx2(_mm256_mul_ps(dx, dx)));
    return _mm256_add_ps(sin2_half_avx2(_mm256_mul_ps(dy, dy)), over_x);
}
AVX2 static inline float smallest(__m256 v) {
    __m128 four = _mm_min_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    __m128 two = _mm_min_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_min_ss(two, _mm_shuffle_ps(two, two, 1)));
}

AVX2 static inline __m256i load8(const void *p) {
    return _mm256_load_si256(p);
}

AVX2 static float points_avx2(const struct bound_from *from, const struct scan_points *points,
                              const _Atomic uint32_t items[SCAN_POINTS], unsigned count,
                              float *bounds_out, uint32_t *items_out) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i rotate = _mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 0);
    const __m256i last = _mm256_set1_epi32((int32_t)count);
    __m256 least = all(INFINITY);
    for (unsigned i = 0; i <= count; i += 8) {
        __m256 a = _mm256_castsi256_ps(load8(&points->at[i]));
        __m256 b = _mm256_castsi256_ps(load8(&points->at[i + 4]));
        // 0 1 4 5 2 3 6 7, put in order
        __m256i lon = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88));
        __m256i lat = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xdd));
        __m256 bounds =
            bounds8(from, _mm256_permute4x64_epi64(lon, 0xd8), _mm256_permute4x64_epi64(lat, 0xd8));
        __m256i item = load8(&items[i]);
        __m256i beyond =
            _mm256_cmpgt_epi32(_mm256_add_epi32(lanes, _mm256_set1_epi32((int)i)), last);
        __m256 valid = _mm256_blendv_ps(bounds, all(INFINITY), _mm256_castsi256_ps(beyond));
        if (i == 0) { // slot 0 is no point: the others move up
            valid = _mm256_blend_ps(valid, all(INFINITY), 1);
            _mm256_storeu_ps(bounds_out, _mm256_permutevar8x32_ps(bounds, rotate));
            _mm256_storeu_si256((void *)items_out, _mm256_permutevar8x32_epi32(item, rotate));
        } else {
            _mm256_storeu_ps(bounds_out + i - 1, bounds);
            _mm256_storeu_si256((void *)(items_out + i - 1), item);
        }
        least = _mm256_min_ps(least, valid);
    }
    return smallest(least);
}

AVX2 static unsigned select_avx2(const float *bounds, unsigned count, float limit, uint64_t *bits) {
    unsigned found = 0;
    for (unsigned word = 0; 64 * word < count; word++) {
        const float *at = bounds + (size_t)64 * word;
        unsigned here = count - 64 * word;
        uint64_t in = 0;
        for (unsigned i = 0; i < 64 && i < here; i += 8) {
            __m256 most = _mm256_cmp_ps(_mm256_loadu_ps(at + i), all(limit), _CMP_LE_OQ);
            in |= (uint64_t)(uint32_t)_mm256_movemask_ps(most) << i;
        }
        if (here < 64) in &= ((uint64_t)1 << here) - 1;
        bits[word] = in;
        found += (unsigned)__builtin_popcountll(in);
    }
    return found;
}

AVX2 static float least_avx2(const float *bounds, unsigned count) {
    __m256 least = all(INFINITY);
    unsigned i = 0;
    for (; i + 8 <= count; i += 8)
        least = _mm256_min_ps(_mm256_loadu_ps(bounds + i), least); // the second when not a number
    float last = least_plain(bounds + i, count - i), most = smallest(least);
    return last < most ? last : most;
}

static const struct bound_kernels avx2_kernels = {points_avx2, select_avx2, least_avx2};

const struct bound_kernels *bound_kernels(void) {
    return cpu_has_avx2() ? &avx2_kernels : &plain_kernels;
}

#else

const struct bound_kernels *bound_kernels(void) {
    return &plain_kernels;
}

#endif
