// geojson.h - RFC 7946 geometries <-> struct geometry.

#ifndef GEO_GEOJSON_H
#define GEO_GEOJSON_H

#include <yyjson.h>

#include "base/buf.h"
#include "geo/geometry.h"

/// A geometry object of a parsed document. `why->pointer` is relative to `val`.
/// BAD_REQUEST: wrong JSON types or members; INVALID: numbers out of range, unclosed rings, too few positions;
/// TOO_LARGE: over a limit.
MUST_USE enum status geojson_parse(yyjson_val *val, const struct geometry_limits *limits,
                                   struct geometry **out, struct reason *why);

/// The quick way for the commonest input: a Point. False when it is anything else or not valid: then
/// geojson_parse says why. `*has_z` tells whether a third number was there.
bool geojson_parse_point(yyjson_val *val, struct point *p, double *z, bool *has_z);

/// RFC 7946 winding (exterior counter-clockwise), longitudes within -180..180, at most 8 decimals.
void geojson_write(const struct geometry *g, struct buf *out);
void geojson_write_point(struct point p, double z, bool has_z, struct buf *out);

#endif
