// sector.h - a slice of a circle between two bearings, as Tile38's SECTOR draws it.

#ifndef GEO_SECTOR_H
#define GEO_SECTOR_H

#include "geo/geometry.h"

/// From `bearing1` clockwise to `bearing2` (degrees from north, any number of turns; the same bearing twice is the whole
/// turn): the centre, points at whole degrees every 64th of a turn, the end, the centre. Coordinates to 8
/// decimals. INVALID when the centre is no position, a number is not finite, or the radius not within
/// 0..CIRCLE_POLYGON_RADIUS_MAX_M (circle_polygon.h).
MUST_USE enum status sector_new(struct point center, double radius_m, double bearing1,
                                double bearing2, struct geometry **out, struct reason *why);

#endif
