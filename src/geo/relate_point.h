// relate_point.h - a single position against any geometry. Pure functions.

#ifndef GEO_RELATE_POINT_H
#define GEO_RELATE_POINT_H

#include "geo/geometry.h"

enum relate_point_location { RELATE_POINT_OUTSIDE, RELATE_POINT_BOUNDARY, RELATE_POINT_INSIDE };

/// Of `p` to the areas of `g`: inside of one, else on the boundary of one, else outside. Any longitude of
/// -180..900 is understood.
enum relate_point_location relate_point_locate(const struct geometry *g, struct point p);
/// `p` is in or on an area, on a line, or equal to a point of `g`.
bool relate_point_touches(const struct geometry *g, struct point p);

/// Many tests at once, the cache misses of one overlapping those of the others: relate_point_locate of each pair.
/// For the areas that hold a point, or the points in an area.
struct relate_point_pair {
    const struct geometry *g;
    struct point p;
};
void relate_point_locate_pairs(const struct relate_point_pair *pairs, size_t count,
                               enum relate_point_location *at);

#endif
