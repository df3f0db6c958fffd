// circle.h - a circle on the earth (the sphere of distance.h) as an area: what lies in it altogether.

#ifndef GEO_CIRCLE_H
#define GEO_CIRCLE_H

#include "geo/geometry.h"

/// Every point of `g` is at most `radius_m` from `center`. Edges, straight in longitude/latitude, are followed to
/// within a millimetre. False for an empty geometry.
bool circle_contains(struct point center, double radius_m, const struct geometry *g);

#endif
