// circle_polygon.h - a circle on the earth as a ring of points, on the sphere of distance.h.

#ifndef GEO_CIRCLE_POLYGON_H
#define GEO_CIRCLE_POLYGON_H

#include "geo/geometry.h"

#define CIRCLE_POLYGON_STEPS 64
/// Beyond it a circle holds more than half of the earth.
#define CIRCLE_POLYGON_RADIUS_MAX_M 10000000.0

/// The point `metres` away from `p` towards `bearing` (degrees, clockwise from north); longitude in -180..180.
struct point circle_polygon_destination(struct point p, double metres, double bearing);
/// `steps` (3..10,000) points that lie on the circle, the first in the north. The ring lies inside the circle, at most
/// radius_m * (1 - cos(pi / steps)) from it; around a pole it is closed over the pole. INVALID when the centre is no
/// position or the radius not within 0..CIRCLE_POLYGON_RADIUS_MAX_M; a radius of 0 is a point.
MUST_USE enum status circle_polygon_new(struct point center, double radius_m, unsigned steps,
                                        struct geometry **out, struct reason *why);

#endif
