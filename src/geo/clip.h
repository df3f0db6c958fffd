// clip.h - the part of a geometry that lies in a box or in another geometry.
//
// Points stay points, lines are cut into lines, areas into areas; members of a collection one by one. What only touches
// (an area by an edge, a line by a point) is not kept, points on the edge are. Results are unwrapped like all
// geometries; a geometry and a box or area on different sides of the antimeridian are brought together.
// Rings that cross themselves are read as everywhere here, even-odd. Altitudes are dropped where anything is cut.
//
// Rings that fold at the sides, and clip_area, are worked out by GEOS in plain lon/lat.

#ifndef GEO_CLIP_H
#define GEO_CLIP_H

#include "geo/geometry.h"

/// `*out` is a new reference, to `g` itself when all of it is inside, and an empty GeometryCollection when nothing is.
/// `box` may be unwrapped, of no width or height. Rings that cross themselves far too often stay in one piece, with edges
/// along the sides: right under even-odd. Fails for want of memory only.
MUST_USE enum status clip_bbox(const struct geometry *g, const struct bbox *box,
                               struct geometry **out, struct reason *why);
/// By any geometry with an area. INVALID when `area` has none or GEOS cannot make sense of the two; TOO_LARGE for more
/// than 250,000 positions, and for edges that cross far more often than there are edges.
MUST_USE enum status clip_area(const struct geometry *g, const struct geometry *area,
                               struct geometry **out, struct reason *why);

#endif
