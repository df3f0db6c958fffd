#include "geo/cover.h"

#include <assert.h>

#include "geo/edges.h"
#include "geo/orient.h"
#include "geo/relate_point.h"

#define SAMPLES 64
#define BATCH 32 // places on one edge that are kept in order at a time

enum place_kind { PLACE_START, PLACE_VERTEX, PLACE_CROSSING, PLACE_END };

// A place on the way p -> q: its start, its end, a vertex that lies on it, or where another edge crosses it.
struct place {
    enum place_kind kind;
    struct point v;   // of a vertex
    struct edge edge; // of a crossing: its ends are strictly on both sides of the way
};

struct way {
    struct point p, q;
    struct bbox box;
};

// Places where the even-odd left of the way changes: the first BATCH after `after`, in order, each
// with whether it is changed there an odd number of times.
struct changes {
    const struct way *way;
    const struct place *after;
    bool odd_before; // changes up to and including `after`
    bool more;       // than there was room for
    int count;
    struct place places[BATCH];
    bool odd[BATCH];
};

struct collinear {
    const struct way *way;
    struct place *reach;
    bool moved;
};

enum aim {
    AIM_LINE, // the way itself must be covered
    AIM_SIDE, // the places just left of it must be
};

struct search {
    const struct geometry *a, *b;
    int turns;  // of a
    bool clear; // the last edge of a met no edge of b, and lay inside b
    struct point clear_at;
    bool ok;
};

static bool holds_samples(const struct geometry *b, const struct geometry *a);
static bool holds_box_of(const struct geometry *b, const struct geometry *a);
static bool holds_in_frame(const struct geometry *b, const struct geometry *a, int turns);
static bool check_edge_of_a(void *ctx, const struct edge *e);
static bool check_edge_of_b(void *ctx, const struct edge *e);
static bool check_edges_of_b(const struct geometry *member, struct search *s,
                             const struct bbox *box);
static bool is_clear(struct search *s, const struct edge *e);
static bool is_apart(const struct search *s, const struct edge *e);
static bool stop_at_once(void *ctx, const struct edge *e);
static bool meets_edge_of(const struct geometry *b, const struct bbox *box);
static bool is_way_covered(const struct geometry *b, const struct geometry *a, struct point p,
                           struct point q, enum aim aim);
static bool extend(const struct geometry *member, const struct way *way, enum aim aim,
                   struct place *reach);
static bool extend_by_parity(const struct geometry *area, const struct way *way, bool wanted,
                             struct place *reach);
static bool extend_by_collinear(const struct geometry *g, const struct way *way,
                                struct place *reach);
static bool note_change(void *ctx, const struct edge *e);
static bool change_of(const struct way *way, const struct edge *e, struct place *place);
static void keep_change(struct changes *c, const struct place *place);
static bool follow_collinear(void *ctx, const struct edge *e);
static int compare_places(const struct way *way, const struct place *x, const struct place *y);
static int along(const struct way *way, struct point u, struct point v);

// A is also tried a turn further east: there its longitudes round like those of a B that was unwrapped.
bool cover_holds(const struct geometry *b, const struct geometry *a) {
    const struct bbox *inner = geometry_bbox(a), *outer = geometry_bbox(b);
    if (inner->min_lat < outer->min_lat || inner->max_lat > outer->max_lat) return false;
    if (!holds_samples(b, a)) return false;
    if (holds_box_of(b, a)) return true;
    return holds_in_frame(b, a, 0) || (outer->max_lon > 180.0 && holds_in_frame(b, a, 1));
}

// What is not covered has, as a rule, a vertex outside, which is quick to see.
static bool holds_samples(const struct geometry *b, const struct geometry *a) {
    const struct point *p = geometry_points(a);
    size_t count = geometry_point_count(a), step = 1 + count / SAMPLES;
    for (size_t i = 0; i < count; i += step) {
        if (!relate_point_touches(b, p[i])) return false;
    }
    return true;
}

// No edge of B comes near A, and one place of A is inside B: so is all of its box.
static bool holds_box_of(const struct geometry *b, const struct geometry *a) {
    struct bbox box = *geometry_bbox(a);
    geometry_raw_lons(a, &box.min_lon, &box.max_lon);
    return !meets_edge_of(b, &box) &&
           relate_point_locate(b, geometry_points(a)[0]) == RELATE_POINT_INSIDE;
}

static bool holds_in_frame(const struct geometry *b, const struct geometry *a, int turns) {
    struct search s = {.a = a, .b = b, .turns = turns, .ok = true};
    struct bbox all = {-INFINITY, -INFINITY, INFINITY, INFINITY};
    if (!edges_visit(a, turns, &all, check_edge_of_a, &s)) return false;
    if (!edges_is_area(a)) return true;
    double west, east;
    geometry_raw_lons(a, &west, &east);
    struct bbox box = *geometry_bbox(a);
    box.min_lon = west + 360.0 * turns;
    box.max_lon = east + 360.0 * turns;
    return check_edges_of_b(b, &s, &box);
}

static bool check_edge_of_a(void *ctx, const struct edge *e) {
    struct search *s = ctx;
    if (e->a.lon == e->b.lon && e->a.lat == e->b.lat) return relate_point_touches(s->b, e->a);
    if (is_clear(s, e)) return true;
    if (!is_way_covered(s->b, NULL, e->a, e->b, AIM_LINE)) return false;
    if (!edges_is_area(s->a)) return true;
    return is_way_covered(s->b, s->a, e->a, e->b, AIM_SIDE) &&
           is_way_covered(s->b, s->a, e->b, e->a, AIM_SIDE);
}

static bool check_edge_of_b(void *ctx, const struct edge *e) {
    struct search *s = ctx;
    if (e->a.lon == e->b.lon && e->a.lat == e->b.lat) return true;
    if (is_apart(s, e)) return true;
    return is_way_covered(s->b, s->a, e->a, e->b, AIM_SIDE) &&
           is_way_covered(s->b, s->a, e->b, e->a, AIM_SIDE);
}

static bool check_edges_of_b(const struct geometry *member, struct search *s,
                             const struct bbox *box) {
    for (size_t i = 0; i < geometry_member_count(member); i++) {
        if (!check_edges_of_b(geometry_member(member, i), s, box)) return false;
    }
    if (!edges_is_area(member) || geometry_is_empty(member)) return true;
    return edges_visit_images(member, box, check_edge_of_b, s);
}

// The common case, cheap: no edge of B comes near this edge of A, and it begins inside B.
static bool is_clear(struct search *s, const struct edge *e) {
    struct bbox box = edges_box(e->a, e->b);
    bool follows = s->clear && s->clear_at.lon == e->a.lon && s->clear_at.lat == e->a.lat;
    s->clear = !meets_edge_of(s->b, &box) &&
               (follows || relate_point_locate(s->b, e->a) == RELATE_POINT_INSIDE);
    s->clear_at = e->b;
    return s->clear;
}

// The same for an edge of B: no edge of A comes near it, and it begins outside A.
static bool is_apart(const struct search *s, const struct edge *e) {
    struct bbox box = edges_box(e->a, e->b);
    return edges_visit(s->a, s->turns, &box, stop_at_once, NULL) && edges_locate(s->a, e->a) < 0;
}

static bool stop_at_once(void *ctx, const struct edge *e) {
    (void)ctx;
    (void)e;
    return false;
}

static bool meets_edge_of(const struct geometry *b, const struct bbox *box) {
    for (size_t i = 0; i < geometry_member_count(b); i++) {
        if (meets_edge_of(geometry_member(b, i), box)) return true;
    }
    if (geometry_is_empty(b) || !(edges_is_area(b) || edges_is_line(b))) return false;
    return !edges_visit_images(b, box, stop_at_once, NULL);
}

// --- one way, covered piece by piece ---

// With `a`: places outside `a` need no cover.
static bool is_way_covered(const struct geometry *b, const struct geometry *a, struct point p,
                           struct point q, enum aim aim) {
    struct way way = {p, q, edges_box(p, q)};
    struct place reach = {.kind = PLACE_START};
    bool moved = true;
    while (moved && reach.kind != PLACE_END) {
        moved = extend(b, &way, aim, &reach);
        if (a && reach.kind != PLACE_END) moved |= extend_by_parity(a, &way, false, &reach);
    }
    return reach.kind == PLACE_END;
}

// Moves `reach` on as far as this member covers what comes right after it; false when it does not.
static bool extend(const struct geometry *member, const struct way *way, enum aim aim,
                   struct place *reach) {
    bool moved = false;
    for (size_t i = 0; i < geometry_member_count(member) && reach->kind != PLACE_END; i++) {
        moved |= extend(geometry_member(member, i), way, aim, reach);
    }
    if (geometry_is_empty(member) || reach->kind == PLACE_END) return moved;
    if (edges_is_area(member)) moved |= extend_by_parity(member, way, true, reach);
    bool has_edges = edges_is_area(member) || edges_is_line(member);
    if (aim == AIM_LINE && has_edges && reach->kind != PLACE_END) {
        moved |= extend_by_collinear(member, way, reach);
    }
    return moved;
}

static bool extend_by_parity(const struct geometry *area, const struct way *way, bool wanted,
                             struct place *reach) {
    struct place after = *reach;
    bool odd = edges_is_odd_left(area, way->p, way->q), first = true;
    for (;;) {
        struct changes c = {.way = way, .after = &after};
        (void)edges_visit_images(area, &way->box, note_change, &c);
        if (first) odd ^= c.odd_before;
        if (first && odd != wanted) return false;
        first = false;
        for (int i = 0; i < c.count; i++) {
            odd ^= c.odd[i];
            if (odd != wanted) {
                *reach = c.places[i];
                return true;
            }
        }
        if (!c.more) break;
        after = c.places[c.count - 1];
    }
    *reach = (struct place){.kind = PLACE_END};
    return true;
}

static bool note_change(void *ctx, const struct edge *e) {
    struct changes *c = ctx;
    struct place place;
    if (!change_of(c->way, e, &place)) return true;
    if (compare_places(c->way, &place, c->after) <= 0) {
        c->odd_before = !c->odd_before;
    } else {
        keep_change(c, &place);
    }
    return true;
}

// An edge with one end strictly left of the way and the other not changes the even-odd on the left of it, where it
// reaches the way, provided that this is after p and before q.
static bool change_of(const struct way *way, const struct edge *e, struct place *place) {
    int a = orient_turn(way->p, way->q, e->a), b = orient_turn(way->p, way->q, e->b);
    if ((a > 0) == (b > 0)) return false;
    if (a == 0 || b == 0) {
        *place = (struct place){.kind = PLACE_VERTEX, .v = a == 0 ? e->a : e->b};
        return along(way, way->p, place->v) < 0 && along(way, place->v, way->q) < 0;
    }
    *place = (struct place){.kind = PLACE_CROSSING, .edge = *e};
    return orient_turn(e->a, e->b, way->p) * orient_turn(e->a, e->b, way->q) < 0;
}

// Insertion into the ordered list; what falls off its end is found again by a later round.
static void keep_change(struct changes *c, const struct place *place) {
    int at = c->count;
    while (at > 0) {
        int order = compare_places(c->way, place, &c->places[at - 1]);
        if (order == 0) {
            c->odd[at - 1] = !c->odd[at - 1];
            return;
        }
        if (order > 0) break;
        at--;
    }
    if (c->count == BATCH) c->more = true;
    if (at == BATCH) return;
    int last = c->count < BATCH ? c->count++ : BATCH - 1;
    for (int i = last; i > at; i--) {
        c->places[i] = c->places[i - 1];
        c->odd[i] = c->odd[i - 1];
    }
    c->places[at] = *place;
    c->odd[at] = true;
}

static bool extend_by_collinear(const struct geometry *g, const struct way *way,
                                struct place *reach) {
    struct collinear c = {.way = way, .reach = reach};
    (void)edges_visit_images(g, &way->box, follow_collinear, &c);
    return c.moved;
}

static bool follow_collinear(void *ctx, const struct edge *e) {
    struct collinear *c = ctx;
    const struct way *way = c->way;
    if (orient_turn(way->p, way->q, e->a) != 0 || orient_turn(way->p, way->q, e->b) != 0) {
        return true;
    }
    struct point from = e->a, to = e->b;
    if (along(way, from, to) > 0) {
        from = e->b;
        to = e->a;
    }
    struct place begin = {.kind = PLACE_VERTEX, .v = from}, end = {.kind = PLACE_VERTEX, .v = to};
    if (along(way, from, way->p) <= 0) begin.kind = PLACE_START;
    if (along(way, to, way->p) <= 0) return true;
    if (along(way, to, way->q) >= 0) end.kind = PLACE_END;
    if (compare_places(way, &begin, c->reach) <= 0 && compare_places(way, c->reach, &end) < 0) {
        *c->reach = end;
        c->moved = true;
    }
    return c->reach->kind != PLACE_END;
}

// <0 when x comes before y on the way.
static int compare_places(const struct way *way, const struct place *x, const struct place *y) {
    if (x->kind == PLACE_START || y->kind == PLACE_START) {
        return (y->kind == PLACE_START) - (x->kind == PLACE_START);
    }
    if (x->kind == PLACE_END || y->kind == PLACE_END) {
        return (x->kind == PLACE_END) - (y->kind == PLACE_END);
    }
    if (x->kind == PLACE_VERTEX && y->kind == PLACE_VERTEX) return along(way, x->v, y->v);
    if (y->kind == PLACE_VERTEX) return -compare_places(way, y, x);
    if (x->kind == PLACE_VERTEX) {
        int side = orient_turn(y->edge.a, y->edge.b, x->v);
        if (side == 0) return 0;
        return side == orient_turn(y->edge.a, y->edge.b, way->p) ? -1 : 1;
    }
    return orient_compare_crossings(way->p, way->q, x->edge.a, x->edge.b, y->edge.a, y->edge.b);
}

// Order of two points of the way's line in its direction.
static int along(const struct way *way, struct point u, struct point v) {
    bool by_lon = way->p.lon != way->q.lon;
    double from = by_lon ? u.lon : u.lat, to = by_lon ? v.lon : v.lat;
    bool forward = by_lon ? way->p.lon < way->q.lon : way->p.lat < way->q.lat;
    if (from == to) return 0;
    return (from < to) == forward ? -1 : 1;
}
