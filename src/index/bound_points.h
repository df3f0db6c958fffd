// bound_points.h - how far is each of many points at least, eight at a time?
//
// In float, because ordering a leaf needs no more. With d the difference in latitude and a, b the two latitudes:
//
//   sin^2(t/2) >= t^2/4 - t^4/48 for all t (alternating series), which grows up to t^2 = 6; beyond it stays there
//   cos(b)     >= cos(a) - sin(a) d - d^2/2 (Taylor, the second derivative of cos being at least -1)
//   hav        >= Y + cos(a) C X, with those in place of the squares and of cos(b), C not below 0
//
// Differences are taken in integers, where they are exact, both ways around the earth, and less two quanta: a stored
// integer stands for [q, q + 1), the centre's too, and 1e7 times a degree may round up to the next. What remains is
// rounding: each step of X and Y loses at most 2^-24 of a value of its own size (seven steps: less than 1e-6), C
// less than 2e-6 in all, as its parts stay below 8. So C less 4e-6, and the whole less 1e-5 of itself, is
// below the truth.

#ifndef INDEX_BOUND_POINTS_H
#define INDEX_BOUND_POINTS_H

#include "index/bound.h"
#include "index/scan.h"

#define BOUND_POINTS_SLACK 8 // what may be written beyond the last
#define BOUND_MOST 2.0f      // no bound is larger

/// Bounds of the points 1 to `count` (below SCAN_POINTS) and their items, copied; returns the least bound. `items`
/// is 32-byte aligned.
typedef float bound_points_fn(const struct bound_from *from, const struct scan_points *points,
                              const _Atomic uint32_t items[SCAN_POINTS], unsigned count,
                              float *bounds_out, uint32_t *items_out);
/// A bit for each of `count` bounds (and BOUND_POINTS_SLACK readable ones) that is at most `limit`; returns how many.
typedef unsigned bound_select_fn(const float *bounds, unsigned count, float limit, uint64_t *bits);
/// The least of `count` bounds (and as many readable ones) that is a number; INFINITY when none is.
typedef float bound_least_fn(const float *bounds, unsigned count);

struct bound_kernels {
    bound_points_fn *points;
    bound_select_fn *select;
    bound_least_fn *least;
};
/// The fastest this processor can run, and the plain ones; they agree to the last bit.
const struct bound_kernels *bound_kernels(void);
const struct bound_kernels *bound_kernels_plain(void);

/// The bound of one point.
float bound_point(const struct bound_from *from, int32_t lon, int32_t lat);

#endif
