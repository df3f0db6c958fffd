// relate.h - exact spatial predicates, one rule everywhere: a point on a boundary is inside.
//
// So `within` is the OGC "coveredBy" and `contains` the OGC "covers" (docs/predicates.md tells users).
// Planar in longitude/latitude; both sides are compared under shifts of 360 degrees, so that cut,
// uncut and touching forms of the antimeridian agree. Robust: orientation is decided exactly
// (Shewchuk, "Adaptive precision floating-point arithmetic", 1997), no epsilon anywhere.
// Empty geometries intersect nothing, are within nothing, contain nothing, and are disjoint from all.

#ifndef GEO_RELATE_H
#define GEO_RELATE_H

#include "geo/geometry.h"

/// Sign of the area of the triangle a b c: >0 left turn (counter-clockwise), 0 collinear, <0 right. Exact.
int relate_orient(struct point a, struct point b, struct point c);

enum relate_location { RELATE_OUTSIDE, RELATE_BOUNDARY, RELATE_INSIDE };
/// Of `p` (any longitude in -180..180) to the area of `g`; OUTSIDE for geometries without area.
enum relate_location relate_locate(const struct geometry *g, struct point p);

/// `p` touches `g` (in or on an area, on a line, equal to a point).
bool relate_intersects_point(const struct geometry *g, struct point p);
bool relate_intersects_bbox(const struct geometry *g, const struct bbox *box);
bool relate_within_bbox(const struct geometry *g, const struct bbox *box);
bool relate_intersects(const struct geometry *a, const struct geometry *b);
/// Every point of `a` is in or on `b`.
bool relate_within(const struct geometry *a, const struct geometry *b);
bool relate_contains(const struct geometry *a, const struct geometry *b);
bool relate_disjoint(const struct geometry *a, const struct geometry *b);

#endif
