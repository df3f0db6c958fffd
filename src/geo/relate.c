#include "geo/relate.h"

#include "geo/cover.h"
#include "geo/edges.h"
#include "geo/orient.h"
#include "geo/relate_point.h"

#define LOOKUP_COST 4 // looking up an edge costs as much as passing so many by

struct frame {
    const struct geometry *g;
    int turns;
};

struct pair {
    struct frame other;
    struct edge edge; // of the first
};

static bool leaf_intersects(const struct geometry *a, const struct geometry *b);
static bool any_point_touches(const struct geometry *points, const struct geometry *g);
static bool any_part_inside(const struct geometry *g, const struct geometry *area);
static bool edges_meet(const struct geometry *a, const struct geometry *b);
static struct bbox frame_box(const struct frame *f);
static size_t count_near(const struct frame *f, const struct frame *other, size_t enough);
static bool count_down(void *ctx, const struct edge *e);
static bool frames_meet(const struct frame *a, const struct frame *b);
static bool miss_other(void *ctx, const struct edge *e);
static bool miss_edge(void *ctx, const struct edge *e);
static bool do_segments_touch(const struct edge *x, const struct edge *y);
static bool leaf_intersects_bbox(const struct geometry *g, const struct bbox *box);
static bool image_intersects_bbox(const struct geometry *g, int turns, const struct bbox *box);
static bool miss_box(void *ctx, const struct edge *e);
static bool is_range_in(double min_lon, double max_lon, const struct bbox *box);
static bool is_leaf_covered(const struct geometry *leaf, const struct geometry *b);
static bool is_point_type(const struct geometry *g);

int relate_orient(struct point a, struct point b, struct point c) {
    return orient_turn(a, b, c);
}

enum relate_location relate_locate(const struct geometry *g, struct point p) {
    _Static_assert((int)RELATE_INSIDE == RELATE_POINT_INSIDE &&
                       (int)RELATE_BOUNDARY == RELATE_POINT_BOUNDARY,
                   "one enumeration by two names");
    return (enum relate_location)relate_point_locate(g, p);
}

bool relate_intersects_point(const struct geometry *g, struct point p) {
    return relate_point_touches(g, p);
}

bool relate_intersects_bbox(const struct geometry *g, const struct bbox *box) {
    if (geometry_is_empty(g) || !bbox_intersects_globe(geometry_bbox(g), box)) return false;
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        if (relate_intersects_bbox(geometry_member(g, i), box)) return true;
    }
    return geometry_type(g) != GEOMETRY_COLLECTION && leaf_intersects_bbox(g, box);
}

bool relate_within_bbox(const struct geometry *g, const struct bbox *box) {
    const struct bbox *own = geometry_bbox(g);
    if (geometry_is_empty(g) || own->min_lat < box->min_lat || own->max_lat > box->max_lat) {
        return false;
    }
    if (is_range_in(own->min_lon, own->max_lon, box)) return true;
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        const struct geometry *member = geometry_member(g, i);
        if (!geometry_is_empty(member) && !relate_within_bbox(member, box)) return false;
    }
    bool points = is_point_type(g);
    for (size_t part = 0; part < geometry_part_count(g); part++) {
        size_t count;
        const struct point *p = geometry_part(g, part, &count, NULL);
        double west = INFINITY, east = -INFINITY;
        for (size_t i = 0; i < count; i++) {
            if (points && !is_range_in(p[i].lon, p[i].lon, box)) return false;
            west = fmin(west, p[i].lon);
            east = fmax(east, p[i].lon);
        }
        if (!points && !is_range_in(west, east, box)) return false;
    }
    return true;
}

bool relate_intersects(const struct geometry *a, const struct geometry *b) {
    if (geometry_is_empty(a) || geometry_is_empty(b)) return false;
    if (!bbox_intersects_globe(geometry_bbox(a), geometry_bbox(b))) return false;
    for (size_t i = 0; i < geometry_member_count(a); i++) {
        if (relate_intersects(geometry_member(a, i), b)) return true;
    }
    if (geometry_type(a) == GEOMETRY_COLLECTION) return false;
    for (size_t i = 0; i < geometry_member_count(b); i++) {
        if (relate_intersects(a, geometry_member(b, i))) return true;
    }
    return geometry_type(b) != GEOMETRY_COLLECTION && leaf_intersects(a, b);
}

bool relate_within(const struct geometry *a, const struct geometry *b) {
    if (geometry_is_empty(a) || geometry_is_empty(b)) return false;
    if (geometry_type(a) != GEOMETRY_COLLECTION) return is_leaf_covered(a, b);
    for (size_t i = 0; i < geometry_member_count(a); i++) {
        const struct geometry *member = geometry_member(a, i);
        if (!geometry_is_empty(member) && !relate_within(member, b)) return false;
    }
    return true;
}

bool relate_contains(const struct geometry *a, const struct geometry *b) {
    return relate_within(b, a);
}

bool relate_disjoint(const struct geometry *a, const struct geometry *b) {
    return !relate_intersects(a, b);
}

static bool is_point_type(const struct geometry *g) {
    return geometry_type(g) == GEOMETRY_POINT || geometry_type(g) == GEOMETRY_MULTIPOINT;
}

static bool is_leaf_covered(const struct geometry *leaf, const struct geometry *b) {
    if (!is_point_type(leaf)) return cover_holds(b, leaf);
    size_t count;
    const struct point *p = geometry_part(leaf, 0, &count, NULL);
    for (size_t i = 0; i < count; i++) {
        if (!relate_point_touches(b, p[i])) return false;
    }
    return true;
}

// --- two leaves ---

static bool leaf_intersects(const struct geometry *a, const struct geometry *b) {
    if (is_point_type(a)) return any_point_touches(a, b);
    if (is_point_type(b)) return any_point_touches(b, a);
    if (edges_is_area(b) && any_part_inside(a, b)) return true;
    if (edges_is_area(a) && any_part_inside(b, a)) return true;
    return edges_meet(a, b);
}

static bool any_point_touches(const struct geometry *points, const struct geometry *g) {
    size_t count;
    const struct point *p = geometry_part(points, 0, &count, NULL);
    for (size_t i = 0; i < count; i++) {
        if (relate_point_touches(g, p[i])) return true;
    }
    return false;
}

// Where no edges meet, each part is wholly inside or wholly outside: its first point tells.
static bool any_part_inside(const struct geometry *g, const struct geometry *area) {
    for (size_t part = 0; part < geometry_part_count(g); part++) {
        size_t count;
        const struct point *p = geometry_part(g, part, &count, NULL);
        if (edges_locate(area, p[0]) >= 0) return true;
    }
    return false;
}

// For each whole turn that brings them together, the western one is moved. The edges of `a` are looked up among those
// of `b`: `a` is the one with fewer points, unless even fewer edges of the other come near it.
static bool edges_meet(const struct geometry *a, const struct geometry *b) {
    if (geometry_point_count(a) > geometry_point_count(b)) {
        const struct geometry *swap = a;
        a = b;
        b = swap;
    }
    double west, east;
    geometry_raw_lons(b, &west, &east);
    struct edges_turns t = edges_turns(a, west, east);
    for (int turns = t.first; turns <= t.last; turns++) {
        struct frame of_a = {a, turns > 0 ? turns : 0}, of_b = {b, turns < 0 ? -turns : 0};
        size_t enough = geometry_point_count(a) / LOOKUP_COST;
        bool few_of_b = enough > 0 && count_near(&of_b, &of_a, enough) < enough;
        if (few_of_b ? frames_meet(&of_b, &of_a) : frames_meet(&of_a, &of_b)) return true;
    }
    return false;
}

static struct bbox frame_box(const struct frame *f) {
    struct bbox box = *geometry_bbox(f->g);
    geometry_raw_lons(f->g, &box.min_lon, &box.max_lon);
    box.min_lon += 360.0 * f->turns;
    box.max_lon += 360.0 * f->turns;
    return box;
}

// Edges of `f` near the other one, or `enough` when there are as many.
static size_t count_near(const struct frame *f, const struct frame *other, size_t enough) {
    size_t left = enough;
    struct bbox box = frame_box(other);
    (void)edges_visit(f->g, f->turns, &box, count_down, &left);
    return enough - left;
}

static bool count_down(void *ctx, const struct edge *e) {
    (void)e;
    size_t *left = ctx;
    return --*left > 0;
}

static bool frames_meet(const struct frame *a, const struct frame *b) {
    struct pair pair = {.other = *b};
    struct bbox box = frame_box(b);
    return !edges_visit(a->g, a->turns, &box, miss_other, &pair);
}

static bool miss_other(void *ctx, const struct edge *e) {
    struct pair *pair = ctx;
    pair->edge = *e;
    struct bbox box = edges_box(e->a, e->b);
    return edges_visit(pair->other.g, pair->other.turns, &box, miss_edge, pair);
}

static bool miss_edge(void *ctx, const struct edge *e) {
    const struct pair *pair = ctx;
    return !do_segments_touch(&pair->edge, e);
}

// Their boxes are known to touch, which decides for two segments of one line.
static bool do_segments_touch(const struct edge *x, const struct edge *y) {
    if (orient_turn(x->a, x->b, y->a) * orient_turn(x->a, x->b, y->b) > 0) return false;
    return orient_turn(y->a, y->b, x->a) * orient_turn(y->a, y->b, x->b) <= 0;
}

// --- boxes ---

static bool leaf_intersects_bbox(const struct geometry *g, const struct bbox *box) {
    if (is_point_type(g)) {
        size_t count;
        const struct point *p = geometry_part(g, 0, &count, NULL);
        for (size_t i = 0; i < count; i++) {
            if (bbox_contains_point_globe(box, p[i])) return true;
        }
        return false;
    }
    struct edges_turns t = edges_turns(g, box->min_lon, box->max_lon);
    for (int turns = t.first; turns <= t.last; turns++) {
        struct bbox moved = *box;
        if (turns < 0) {
            moved.min_lon -= 360.0 * turns;
            moved.max_lon -= 360.0 * turns;
        }
        if (image_intersects_bbox(g, turns < 0 ? 0 : turns, &moved)) return true;
    }
    struct point corner = {box->min_lon, box->min_lat};
    return edges_is_area(g) && edges_locate(g, corner) >= 0;
}

static bool image_intersects_bbox(const struct geometry *g, int turns, const struct bbox *box) {
    struct bbox copy = *box;
    return !edges_visit(g, turns, box, miss_box, &copy);
}

// The edge's box touches the box; they are apart only when all four corners lie on one side of the edge.
static bool miss_box(void *ctx, const struct edge *e) {
    const struct bbox *b = ctx;
    const struct point corners[4] = {{b->min_lon, b->min_lat},
                                     {b->max_lon, b->min_lat},
                                     {b->max_lon, b->max_lat},
                                     {b->min_lon, b->max_lat}};
    int first = orient_turn(e->a, e->b, corners[0]);
    if (first == 0) return false;
    for (int i = 1; i < 4; i++) {
        if (orient_turn(e->a, e->b, corners[i]) != first) return false;
    }
    return true;
}

static bool is_range_in(double min_lon, double max_lon, const struct bbox *box) {
    if (box->max_lon - box->min_lon >= 360.0) return true;
    for (int turns = -2; turns <= 2; turns++) {
        double up = turns > 0 ? 360.0 * turns : 0, box_up = turns < 0 ? -360.0 * turns : 0;
        if (min_lon + up >= box->min_lon + box_up && max_lon + up <= box->max_lon + box_up) {
            return true;
        }
    }
    return false;
}
