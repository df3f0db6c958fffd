#include "geo/relate_point.h"

#include "geo/edges.h"
#include "geo/orient.h"
#include "geo/strips.h"

// What the predicates below and those of strips.h and edges.h say, -1, 0, 1, is one less.
_Static_assert(RELATE_POINT_OUTSIDE == 0 && RELATE_POINT_BOUNDARY == 1 && RELATE_POINT_INSIDE == 2,
               "in this order");

#define AHEAD 6 // pairs between one step and the next of relate_point_locate_pairs

static bool is_on_line(const struct geometry *g, struct point p);
static bool is_among_points(const struct geometry *g, struct point p);
static bool miss_point(void *ctx, const struct edge *e);

enum relate_point_location relate_point_locate(const struct geometry *g, struct point p) {
    const struct strips *strips = geometry_area_strips(g);
    int at = strips ? strips_locate_here(strips, p) : STRIPS_ELSEWHERE;
    if (at != STRIPS_ELSEWHERE) return (enum relate_point_location)(at + 1);
    if (edges_is_area(g)) return (enum relate_point_location)(edges_locate(g, p) + 1);
    enum relate_point_location best = RELATE_POINT_OUTSIDE;
    for (size_t i = 0; i < geometry_member_count(g) && best != RELATE_POINT_INSIDE; i++) {
        enum relate_point_location one = relate_point_locate(geometry_member(g, i), p);
        if (one > best) best = one;
    }
    return best;
}

bool relate_point_touches(const struct geometry *g, struct point p) {
    const struct strips *strips = geometry_area_strips(g);
    int at = strips ? strips_locate_here(strips, p) : STRIPS_ELSEWHERE;
    if (at != STRIPS_ELSEWHERE) return at >= 0;
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

// Three loads that depend on each other come before the answer: geometry, strips, strip.
void relate_point_locate_pairs(const struct relate_point_pair *pairs, size_t count,
                               enum relate_point_location *at) {
    for (size_t i = 0; i < count + 3 * AHEAD; i++) {
        if (i < count) __builtin_prefetch(pairs[i].g);
        if (i >= AHEAD && i - AHEAD < count)
            __builtin_prefetch(geometry_area_strips(pairs[i - AHEAD].g));
        if (i >= 2 * AHEAD && i - 2 * AHEAD < count) {
            const struct relate_point_pair *pair = &pairs[i - 2 * AHEAD];
            const struct strips *strips = geometry_area_strips(pair->g);
            if (strips) strips_approach(strips, pair->p);
        }
        if (i < 3 * AHEAD) continue;
        const struct relate_point_pair *pair = &pairs[i - 3 * AHEAD];
        at[i - 3 * AHEAD] = relate_point_locate(pair->g, pair->p);
    }
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
