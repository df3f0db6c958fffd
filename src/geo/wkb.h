// wkb.h - OGC well-known binary (ISO 13249-3, Z by +1000), little endian when written; the form in which
// geometries are stored. Unwrapped longitudes are kept, so that what is read is what was written.

#ifndef GEO_WKB_H
#define GEO_WKB_H

#include "base/buf.h"
#include "geo/geometry.h"

void wkb_write(const struct geometry *g, struct buf *out);
/// Either byte order, ISO Z or EWKB flags (an SRID must be 4326). CORRUPT on damaged bytes.
MUST_USE enum status wkb_parse(struct str bytes, const struct geometry_limits *limits,
                               struct geometry **out, struct reason *why);

#endif
