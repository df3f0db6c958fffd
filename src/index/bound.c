#include "index/bound.h"

#include <math.h>

#include "base/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))
#endif

/// At least the angle whose hav (or its bound in float) it is, for hav <= 0.01: asin(s) <= s (1 + s^2/5) there,
/// and t^2/4 - t^4/48 is below sin^2(t/2) by less than a millionth of it.
static double angle_above(double hav) {
    return 2 * sqrt(hav) * (1 + hav / 5) * (1 + 1e-4);
}

struct index_box bound_circle(const struct bound_from *from, double hav) {
    if (!(hav <= 0.01)) return BOUND_EVERYTHING;
    double dy = angle_above(hav > 0 ? hav : 0);
    // The least cosine that a bound can have used, see bound_points.h.
    double cos_low = from->cos_lat - dy * (fabs(from->sin_lat) + dy / 2) - 1e-5;
    double product = from->cos_lat * cos_low;
    if (!(cos_low > 0.01 && hav <= 0.01 * product))
        return BOUND_EVERYTHING; // wide in longitude, or near a pole
    double dx = angle_above(hav > 0 ? hav / product : 0);

    double reach_x = dx / BOUND_RAD + 4, reach_y = dy / BOUND_RAD + 4;
    double west = from->x - reach_x, east = from->x + reach_x;
    if (west < -BOUND_TURN / 2 || east > BOUND_TURN / 2) return BOUND_EVERYTHING;
    return (struct index_box){(int32_t)floor(west), (int32_t)floor(from->y - reach_y),
                              (int32_t)ceil(east), (int32_t)ceil(from->y + reach_y)};
}

static void boxes_plain(const struct bound_from *from, const struct bound_arrays *b, unsigned count,
                        double *out) {
    for (unsigned i = 0; i < count; i++)
        out[i] = bound_to_box(
            from, &(struct index_box){b->min_lon[i], b->min_lat[i], b->max_lon[i], b->max_lat[i]});
}

bound_boxes_fn *bound_boxes_plain(void) {
    return boxes_plain;
}

#if defined(AVX2)

// Operation for operation what bound_to_box does, without fused steps.
AVX2 static inline __m256d times(__m256d a, __m256d b) {
    return _mm256_mul_pd(a, b);
}
AVX2 static inline __m256d less(__m256d a, __m256d b) {
    return _mm256_sub_pd(a, b);
}
AVX2 static inline __m256d all(double v) {
    return _mm256_set1_pd(v);
}
AVX2 static inline __m256d sin2_half(__m256d t2) {
    __m256d inner = less(all(1.0 / 1440), times(t2, all(1.0 / 80640)));
    inner = less(all(1.0 / 48), times(t2, inner));
    return times(t2, less(all(1.0 / 4), times(t2, inner)));
}
AVX2 static inline __m256d cosine(__m256d t2) {
    __m256d inner = less(all(1.0 / 40320), times(t2, all(1.0 / 3628800)));
    inner = less(all(1.0 / 720), times(t2, inner));
    inner = less(all(1.0 / 24), times(t2, inner));
    inner = less(all(1.0 / 2), times(t2, inner));
    return _mm256_max_pd(less(all(1), times(t2, inner)), all(0));
}
AVX2 static inline __m256d four(const int32_t *v) {
    return _mm256_cvtepi32_pd(_mm_load_si128((const __m128i *)(const void *)v));
}

AVX2 static void boxes_avx2(const struct bound_from *from, const struct bound_arrays *b,
                            unsigned count, double *out) {
    const __m256d x = all(from->x), y = all(from->y), zero = all(0);
    for (unsigned i = 0; i < count; i += 4) {
        __m256d west = less(four(b->min_lon + i), all(1)),
                east = _mm256_add_pd(four(b->max_lon + i), all(2));
        __m256d south = less(four(b->min_lat + i), all(1)),
                north = _mm256_add_pd(four(b->max_lat + i), all(2));
        __m256d direct = _mm256_max_pd(less(west, x), less(x, east));
        __m256d around = less(all(BOUND_TURN), _mm256_max_pd(less(x, west), less(east, x)));
        __m256d dx = times(_mm256_max_pd(zero, _mm256_min_pd(direct, around)), all(BOUND_RAD));
        __m256d dy = _mm256_max_pd(less(south, y), less(y, north));
        dy = times(_mm256_max_pd(zero, dy), all(BOUND_RAD));
        __m256d top = times(_mm256_max_pd(less(zero, south), north), all(BOUND_RAD));
        __m256d shrink = times(all(from->cos_lat), cosine(times(top, top)));
        __m256d hav =
            _mm256_add_pd(sin2_half(times(dy, dy)), times(shrink, sin2_half(times(dx, dx))));
        _mm256_storeu_pd(out + i, times(hav, all(1 - 1e-9)));
    }
}

bound_boxes_fn *bound_boxes(void) {
    return cpu_has_avx2() ? boxes_avx2 : boxes_plain;
}

#else

bound_boxes_fn *bound_boxes(void) {
    return boxes_plain;
}

#endif
