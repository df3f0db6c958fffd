// strips.h - "is this point inside?" for rings of any size in about ten nanoseconds.
//
// The latitudes of an area are cut into some 2 sqrt(n) strips of equal height. Within a strip the edges take up
// a few narrow intervals of longitude, and between two of these every point has the same answer:
//
//            gap 0   interval 0   gap 1    interval 1   gap 2
//     strip  outside [lo0 .. hi0] inside   [lo1 .. hi1] outside      half a cache line of int16
//
// A point looks at one strip and, in one case of fifty, at the edges of one interval, exactly, as the stored
// doubles say. Even-odd over all rings does holes and multipolygons. Lines may have strips too, for
// strips_edges. The quantisations are monotone, so what integers tell apart is apart.
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
/// The same, but STRIPS_ELSEWHERE when the box of the points does not hold `p`, or is so wide that an image of the
/// area, moved by a whole turn, might hold it too.
int strips_locate_here(const struct strips *s, struct point p);
#define STRIPS_ELSEWHERE 2
/// strips_locate without vector instructions: the twin that tests hold the quick one against.
int strips_locate_scalar(const struct strips *s, struct point p);
/// Start to bring near what strips_locate will read for `p`. It reads the first 64 bytes at `s` at once.
void strips_approach(const struct strips *s, struct point p);

typedef bool (*strips_visit)(void *ctx, uint32_t edge);
/// Calls `visit` for the index of the first point of each edge that touches the latitudes and longitudes
/// given, and of some whose boxes do (each edge once), until it returns false; false when stopped.
bool strips_edges(const struct strips *s, double min_lon, double min_lat, double max_lon,
                  double max_lat, strips_visit visit, void *ctx);

#endif
