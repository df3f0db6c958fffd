// strips.h - "is this point inside?" for rings of any size in tens of nanoseconds.
//
// The latitudes of an area are cut into n/8 or so strips of equal height; each lists the edges
// that touch it as int32 boxes (2^-31 of the area's width). A point looks at one strip: edges whose boxes decide
// are counted by comparing integers, the few whose boxes hold the point by exact orientation.
// Even-odd over all rings does holes and multipolygons. Lines may have strips too, for strips_edges.
//
// Built once, immutable; owner: the geometry that keeps it.

#ifndef GEO_STRIPS_H
#define GEO_STRIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "geo/point.h"

struct strips;

/// Rings as for struct geometry_parts; points are borrowed for the life of the strips.
MUST_USE enum status strips_new(const struct point *points, const uint32_t *ring_ends,
                                size_t ring_count, struct strips **out);
void strips_free(struct strips *s);
size_t strips_bytes(const struct strips *s);
/// <0 outside, 0 on the boundary, >0 inside. Exact.
int strips_locate(const struct strips *s, struct point p);
/// The same without vector instructions: the twin that tests hold the quick one against.
int strips_locate_scalar(const struct strips *s, struct point p);
typedef bool (*strips_visit)(void *ctx, uint32_t edge);
/// Calls `visit` for the index of the first point of each edge that may touch the latitudes and
/// longitudes given (each edge exactly once) until it returns false; false when stopped.
bool strips_edges(const struct strips *s, double min_lon, double min_lat, double max_lon,
                  double max_lat, strips_visit visit, void *ctx);

#endif
