// wkt.h - well-known text <-> struct geometry, for CSV columns, the command line and tests.

#ifndef GEO_WKT_H
#define GEO_WKT_H

#include "base/buf.h"
#include "geo/geometry.h"

/// "SRID=4326;" in front is allowed. Case does not matter.
MUST_USE enum status wkt_parse(struct str text, const struct geometry_limits *limits,
                               struct geometry **out, struct reason *why);
void wkt_write(const struct geometry *g, struct buf *out);

#endif
