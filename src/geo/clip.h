// clip.h - the part of a geometry that lies in a box or in another geometry.
//
// Points stay points, lines are cut into lines, areas into areas; members of a collection one by one. What only touches
// (an area by an edge, a line by a point) is not kept, points on the edge are. Results are unwrapped like all
// geometries; a geometry and a box or area on different sides of the antimeridian are brought together.
// Rings that cross themselves are read as everywhere here, even-odd. Altitudes are dropped where anything is cut.
//
// Areas with holes or many crossings, and clip_area, are done by GEOS in plain lon/lat.

#ifndef GEO_CLIP_H
#define GEO_CLIP_H

#include "geo/geometry.h"

/// `*out` is a new reference, to `g` itself when all of it is inside, and an empty GeometryCollection when nothing is.
/// `box` may be unwrapped, of no width or height. TOO_LARGE for rings that cross themselves too often.
MUST_USE enum status clip_bbox(const struct geometry *g, const struct bbox *box,
                               struct geometry **out, struct reason *why);
/// By any geometry with an area. INVALID when `area` has none.
MUST_USE enum status clip_area(const struct geometry *g, const struct geometry *area,
                               struct geometry **out, struct reason *why);

#endif
