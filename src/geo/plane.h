// plane.h - geometries as GEOS has them: plain shapes in lon/lat, without an antimeridian.
//
// The one place that knows how GEOS is called. One context per plane, nothing printed, nothing global; GEOS reports
// by NULL what it throws. Its memory is not ours, so a share for each vertex is charged to the
// limit (base/mem.h) while the plane is open, and what could take it beyond that share, rings with many more
// crossings than vertices, is turned away by plane_is_tame before.
// Owner: one thread, one call.

#ifndef GEO_PLANE_H
#define GEO_PLANE_H

#include <geos_c.h>

#include "geo/geometry.h"
#include "geo/shape.h"

#define PLANE_VERTEX_BYTES 512 // what overlays of GEOS take at their height, roughly

struct plane {
    GEOSContextHandle_t geos;
    size_t charged;
};

MUST_USE enum status plane_open(struct plane *p, size_t vertices);
void plane_close(struct plane *p);

/// The edges of the line or area `g` cross each other about as often as there are edges, or less.
bool plane_is_tame(const struct geometry *g);
/// The same for the edges of one with those of another.
bool plane_is_tame_pair(const struct geometry *a, const struct geometry *b);

/// A line or area, moved east by `turns`. Areas are made valid, even-odd, and keep nothing but areas. NULL:
/// GEOS could not.
GEOSGeometry *plane_take_in(const struct plane *p, const struct geometry *g, int turns);
/// A ring, closed; count >= 4. It need not be simple.
GEOSGeometry *plane_ring(const struct plane *p, const struct point *ring, size_t count);
/// The areas within `g`, or its lines, into `s`, a multipolygon or multilinestring to be: each
/// moved by whole turns to begin within -180..180.
MUST_USE enum status plane_give_out(const struct plane *p, const GEOSGeometry *g, struct shape *s,
                                    struct reason *why);
/// Whole turns, in degrees, that bring `west` to -180..180.
double plane_shift(double west);

#endif
