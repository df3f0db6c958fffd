// buffer.h - everything within some metres of a geometry.
//
// Runs of the outline are widened on small maps of their own (straight in longitude and latitude while that is true
// to 0.5 %, azimuthal equidistant elsewhere), brought back and united by GEOS. The result's edge is where it
// should be to 2 % of the distance (GEOS smooths 1 %), tested up to BUFFER_MAX_M, and coordinates are kept to a
// millimetre. Over a pole or the antimeridian as any geometry.

#ifndef GEO_BUFFER_H
#define GEO_BUFFER_H

#include "geo/geometry.h"

#define BUFFER_MAX_M 2000000.0
#define BUFFER_MAX_VERTICES 20000

/// A Polygon or MultiPolygon; with 0 metres a reference to `g` itself; empty when `g` is. INVALID when
/// `metres` is not within 0..BUFFER_MAX_M, TOO_LARGE beyond BUFFER_MAX_VERTICES.
MUST_USE enum status buffer_new(const struct geometry *g, double metres, struct geometry **out,
                                struct reason *why);

#endif
