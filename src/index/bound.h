// bound.h - how far is a box at least? Without trigonometry, in quanta of 1e-7 degree.
//
//   hav = sin^2(dlat/2) + cos(lat1) cos(lat2) sin^2(dlon/2)
//
// Each term is bounded on its own: the gaps in latitude and longitude (the shorter way around), and the
// smallest cosine in the box. Sines and cosines are Taylor polynomials cut after a negative
// term: alternating with falling terms in the ranges used, hence never above the truth.
// Boxes are widened by a quantum on each side, since a stored integer stands for [q, q + 1).

#ifndef INDEX_BOUND_H
#define INDEX_BOUND_H

#include "index/index.h"

#define BOUND_RAD (3.14159265358979323846 / 180.0 * 1e-7) // one quantum in radians
#define BOUND_TURN 3.6e9                                  // 360 degrees in quanta

struct bound_from {
    double x, y; // the centre in quanta
    double cos_lat, sin_lat;
    int32_t lon, lat; // the centre as the index keeps points
};

static inline struct bound_from bound_from(const struct distance_from *from) {
    return (struct bound_from){
        from->p.lon * 1e7, from->p.lat * 1e7,           from->cos_lat > 0 ? from->cos_lat : 0,
        from->sin_lat,     index_quantise(from->p.lon), index_quantise(from->p.lat)};
}

/// At most sin^2(t/2) for t = sqrt(t2) in 0..pi.
static inline double bound_sin2_half(double t2) {
    return t2 * (1.0 / 4 - t2 * (1.0 / 48 - t2 * (1.0 / 1440 - t2 * (1.0 / 80640))));
}
/// At most cos(t) for t = sqrt(t2) in 0..pi/2, never negative.
static inline double bound_cos(double t2) {
    double c =
        1 - t2 * (1.0 / 2 -
                  t2 * (1.0 / 24 - t2 * (1.0 / 720 - t2 * (1.0 / 40320 - t2 * (1.0 / 3628800)))));
    return c > 0 ? c : 0;
}

static inline double bound_larger(double a, double b) {
    return a > b ? a : b;
}
static inline double bound_smaller(double a, double b) {
    return a < b ? a : b;
}

/// A lower bound of distance_hav from the centre to everything whose integers lie in the box.
static inline double bound_to_box(const struct bound_from *from, const struct index_box *box) {
    double west = box->min_lon - 1.0, east = box->max_lon + 2.0;
    double south = box->min_lat - 1.0, north = box->max_lat + 2.0;
    double direct = bound_larger(west - from->x, from->x - east);
    double around = BOUND_TURN - bound_larger(from->x - west, east - from->x);
    double dx = bound_larger(0, bound_smaller(direct, around)) * BOUND_RAD;
    double dy = bound_larger(0, bound_larger(south - from->y, from->y - north)) * BOUND_RAD;
    double top = bound_larger(-south, north) * BOUND_RAD;
    double hav =
        bound_sin2_half(dy * dy) + from->cos_lat * bound_cos(top * top) * bound_sin2_half(dx * dx);
    return hav * (1 - 1e-9); // far more than the rounding of either side
}

/// A box (within int32) around everything whose bound (of either kind) is at most `hav`, hence everything that
/// near; all of int32 when the circle is large or touches a pole or the antimeridian.
#define BOUND_EVERYTHING ((struct index_box){INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX})
struct index_box bound_circle(const struct bound_from *from, double hav);

/// bound_to_box of each of `count` boxes (points: the same array for both ends). Arrays are 16-byte aligned
/// and, as `out`, readable and writable up to the next multiple of four.
struct bound_arrays {
    const int32_t *min_lon, *max_lon, *min_lat, *max_lat;
};
typedef void bound_boxes_fn(const struct bound_from *from, const struct bound_arrays *boxes,
                            unsigned count, double *out);
/// The fastest this processor can run, and the plain one; they agree to the last bit.
bound_boxes_fn *bound_boxes(void);
bound_boxes_fn *bound_boxes_plain(void);

#endif
