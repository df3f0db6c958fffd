// edges.h - the edges of a line or area, moved east by whole turns, near a place.
//
// The layer between stored geometries and the predicates: it knows about strips, parts and shifts of
// 360 degrees, so that the predicates see plain segments of a plane. The plane repeats: an area covers
// each of its images, and even-odd counts the edges of all of them.
// Pure functions.

#ifndef GEO_EDGES_H
#define GEO_EDGES_H

#include "geo/geometry.h"

struct edge {
    struct point a, b; // in the direction of the part
};

/// False stops.
typedef bool (*edges_visitor)(void *ctx, const struct edge *e);

/// Whole turns `first` .. `last` by which `g` must be moved for its longitudes to meet min_lon..max_lon; one too
/// many at either end does no harm.
struct edges_turns {
    int first, last;
};
struct edges_turns edges_turns(const struct geometry *g, double min_lon, double max_lon);

/// Each edge of `g` (moved by `turns`) whose box touches `box`, once. False when stopped.
bool edges_visit(const struct geometry *g, int turns, const struct bbox *box, edges_visitor visit,
                 void *ctx);
/// The same over every image of `g` that reaches `box`.
bool edges_visit_images(const struct geometry *g, const struct bbox *box, edges_visitor visit,
                        void *ctx);

/// <0 outside, 0 on an edge, >0 inside the area `g` and its images.
int edges_locate(const struct geometry *g, struct point p);
/// Even-odd of the place just ahead of `p` on the way to `q` and just left of that way.
bool edges_is_odd_left(const struct geometry *g, struct point p, struct point q);

static inline bool edges_is_area(const struct geometry *g) {
    return geometry_type(g) == GEOMETRY_POLYGON || geometry_type(g) == GEOMETRY_MULTIPOLYGON;
}
static inline bool edges_is_line(const struct geometry *g) {
    return geometry_type(g) == GEOMETRY_LINESTRING || geometry_type(g) == GEOMETRY_MULTILINESTRING;
}
static inline struct bbox edges_box(struct point a, struct point b) {
    return (struct bbox){a.lon < b.lon ? a.lon : b.lon, a.lat < b.lat ? a.lat : b.lat,
                         a.lon < b.lon ? b.lon : a.lon, a.lat < b.lat ? b.lat : a.lat};
}

#endif
