// buffer.h - everything within some metres of a geometry.
//
// Pieces of the outline are widened on their own azimuthal equidistant planes, brought back and united (GEOS).
// The result's edge is where it should be to within 0.5 % of the distance up to 500 km, 2 % up to
// BUFFER_MAX_M, and a millimetre (coordinates are kept to 8 decimals). Over a pole or the antimeridian as any geometry.

#ifndef GEO_BUFFER_H
#define GEO_BUFFER_H

#include "geo/geometry.h"

#define BUFFER_MAX_M 2000000.0
#define BUFFER_MAX_VERTICES 100000

/// A Polygon or MultiPolygon; with 0 metres a reference to `g` itself; empty when `g` is. INVALID when
/// `metres` is not within 0..BUFFER_MAX_M, TOO_LARGE beyond BUFFER_MAX_VERTICES.
MUST_USE enum status buffer_new(const struct geometry *g, double metres, struct geometry **out,
                                struct reason *why);

#endif
