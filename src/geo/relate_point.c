#include "geo/relate_point.h"

#include "geo/edges.h"
#include "geo/orient.h"

static bool is_on_line(const struct geometry *g, struct point p);
static bool is_among_points(const struct geometry *g, struct point p);
static bool miss_point(void *ctx, const struct edge *e);

enum relate_point_location relate_point_locate(const struct geometry *g, struct point p) {
    if (edges_is_area(g)) {
        int at = edges_locate(g, p);
        return at > 0    ? RELATE_POINT_INSIDE
               : at == 0 ? RELATE_POINT_BOUNDARY
                         : RELATE_POINT_OUTSIDE;
    }
    enum relate_point_location best = RELATE_POINT_OUTSIDE;
    for (size_t i = 0; i < geometry_member_count(g) && best != RELATE_POINT_INSIDE; i++) {
        enum relate_point_location at = relate_point_locate(geometry_member(g, i), p);
        if (at > best) best = at;
    }
    return best;
}

bool relate_point_touches(const struct geometry *g, struct point p) {
    if (geometry_is_empty(g)) return false;
    switch (geometry_type(g)) {
    case GEOMETRY_POINT:
    case GEOMETRY_MULTIPOINT: return is_among_points(g, p);
    case GEOMETRY_LINESTRING:
    case GEOMETRY_MULTILINESTRING: return is_on_line(g, p);
    case GEOMETRY_POLYGON:
    case GEOMETRY_MULTIPOLYGON: return edges_locate(g, p) >= 0;
    case GEOMETRY_COLLECTION: break;
    }
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        if (relate_point_touches(geometry_member(g, i), p)) return true;
    }
    return false;
}

static bool is_on_line(const struct geometry *g, struct point p) {
    struct edges_turns t = edges_turns(g, p.lon, p.lon);
    for (int turns = t.first; turns <= t.last; turns++) {
        struct point moved = {turns < 0 ? p.lon - 360.0 * turns : p.lon, p.lat};
        struct bbox box = {moved.lon, moved.lat, moved.lon, moved.lat};
        if (!edges_visit(g, turns < 0 ? 0 : turns, &box, miss_point, &moved)) return true;
    }
    return false;
}

static bool miss_point(void *ctx, const struct edge *e) {
    const struct point *p = ctx;
    return orient_turn(e->a, e->b, *p) != 0;
}

// The western of the two is moved, as everywhere.
static bool is_among_points(const struct geometry *g, struct point p) {
    const struct point *q = geometry_points(g);
    size_t count = geometry_part_count(g) ? geometry_part_end(g, 0) : 0;
    for (size_t i = 0; i < count; i++) {
        if (q[i].lat != p.lat) continue;
        double turns = round((p.lon - q[i].lon) / 360.0) * 360.0;
        if (turns >= 0 ? q[i].lon + turns == p.lon : q[i].lon == p.lon - turns) return true;
    }
    return false;
}
