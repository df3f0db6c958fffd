// unwrap.h - make a run of positions continuous where it crosses the antimeridian.
//
// A jump of more than 180 degrees between neighbours is read as the short way round. A ring that
// then ends a whole turn from where it began goes round a pole and is closed over that pole.
// A jump of exactly 360 degrees (-180 to 180) is kept as an edge where that alone closes the ring
// or gives it an area: the box of the whole world, and polar areas that were cut by hand.
// Pure functions.

#ifndef GEO_UNWRAP_H
#define GEO_UNWRAP_H

#include <stddef.h>

#include "geo/point.h"

#define UNWRAP_EXTRA_MAX 3 // points added to close a ring over a pole

struct unwrap_plan {
    bool active;    // false: longitudes stay as they are
    bool keep_seam; // jumps of exactly 360 are edges
    bool over_pole; // append UNWRAP_EXTRA_MAX points
    int base;       // whole turns added to every longitude: the smallest comes to -180..180
    double min_lon, max_lon; // of the result
};

struct unwrap_plan unwrap_plan(const struct point *points, size_t count, bool is_ring);
/// Points of the result: `count`, or more over a pole.
size_t unwrap_count(const struct unwrap_plan *plan, size_t count);
void unwrap_apply(const struct unwrap_plan *plan, const struct point *points, size_t count,
                  struct point *out);

#endif
