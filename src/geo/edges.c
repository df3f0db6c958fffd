#include "geo/edges.h"

#include "geo/crossing.h"
#include "geo/orient.h"
#include "geo/strips.h"

// More than any rounding of a shifted longitude, to be tested exactly afterwards.
#define SHIFT_MARGIN 1e-12

#define PREPARE_AT 64 // points; from here on strips pay for themselves at once

struct relay {
    const struct point *points;
    double shift;
    const struct bbox *box;
    edges_visitor visit;
    void *ctx;
};

struct ray {
    struct point p, q; // q: direction, for edges_is_odd_left
    int rise;          // sign of the latitude's infinitesimal step
    bool odd, on_edge;
};

static const struct strips *strips_of(const struct geometry *g);
static bool relay_edge(void *ctx, uint32_t i);
static bool is_all_in(const struct geometry *g, double shift, const struct bbox *box);
static bool visit_all(const struct geometry *g, const struct relay *relay);
static bool pass_on(const struct relay *relay, struct point a, struct point b);
static int locate_image(const struct geometry *g, int turns, struct point p);
static int locate_plain(const struct geometry *g, struct point p);
static bool tally_point(void *ctx, const struct edge *e);
static bool tally_left(void *ctx, const struct edge *e);

struct edges_turns edges_turns(const struct geometry *g, double min_lon, double max_lon) {
    double west, east;
    geometry_raw_lons(g, &west, &east);
    // The common case, without rounding functions: they meet as they are, and no turn brings them together.
    if (min_lon <= east && max_lon >= west && east - min_lon < 359.0 && max_lon - west < 359.0) {
        return (struct edges_turns){0, 0};
    }
    return (struct edges_turns){(int)ceil((min_lon - east) / 360.0 - SHIFT_MARGIN),
                                (int)floor((max_lon - west) / 360.0 + SHIFT_MARGIN)};
}

bool edges_visit(const struct geometry *g, int turns, const struct bbox *box, edges_visitor visit,
                 void *ctx) {
    struct relay relay = {geometry_points(g), 360.0 * turns, box, visit, ctx};
    const struct strips *strips = strips_of(g);
    if (!strips || is_all_in(g, relay.shift, box)) return visit_all(g, &relay);
    double margin = turns ? SHIFT_MARGIN : 0;
    return strips_edges(strips, box->min_lon - relay.shift - margin, box->min_lat,
                        box->max_lon - relay.shift + margin, box->max_lat, relay_edge, &relay);
}

bool edges_visit_images(const struct geometry *g, const struct bbox *box, edges_visitor visit,
                        void *ctx) {
    const struct bbox *own = geometry_bbox(g);
    if (!(own->min_lat <= box->max_lat && own->max_lat >= box->min_lat)) return true;
    struct edges_turns t = edges_turns(g, box->min_lon, box->max_lon);
    for (int turns = t.first; turns <= t.last; turns++) {
        if (!edges_visit(g, turns, box, visit, ctx)) return false;
    }
    return true;
}

// Of the point and the area always the western one is moved, so that a point and a vertex that were equal before
// unwrapping are rounded alike.
int edges_locate(const struct geometry *g, struct point p) {
    const struct bbox *own = geometry_bbox(g);
    if (!(p.lat >= own->min_lat && p.lat <= own->max_lat)) return -1;
    double west, east;
    geometry_raw_lons(g, &west, &east);
    if (p.lon - 359.0 < west && p.lon + 359.0 > east) return locate_image(g, 0, p);
    struct edges_turns t = edges_turns(g, p.lon, p.lon);
    bool odd = false;
    for (int turns = t.first; turns <= t.last; turns++) {
        struct point moved = {turns < 0 ? p.lon - 360.0 * turns : p.lon, p.lat};
        int at = locate_image(g, turns < 0 ? 0 : turns, moved);
        if (at == 0) return 0;
        odd ^= at > 0;
    }
    return odd ? 1 : -1;
}

bool edges_is_odd_left(const struct geometry *g, struct point p, struct point q) {
    const struct bbox *own = geometry_bbox(g);
    if (!(p.lat >= own->min_lat && p.lat <= own->max_lat)) return false;
    struct edges_turns t = edges_turns(g, p.lon, p.lon);
    if (t.first > t.last) return false;
    if (t.first == 0 && t.last == 0) {
        int at = locate_image(g, 0, p);
        if (at != 0) return at > 0; // around it all is alike
    }
    double step = q.lat != p.lat ? q.lat - p.lat : q.lon - p.lon;
    struct ray ray = {.p = p, .q = q, .rise = step > 0 ? 1 : -1};
    struct bbox box = {p.lon, p.lat, INFINITY, p.lat};
    for (int turns = t.first; turns <= t.last; turns++) {
        (void)edges_visit(g, turns, &box, tally_left, &ray);
    }
    return ray.odd;
}

static const struct strips *strips_of(const struct geometry *g) {
    const struct strips *strips = geometry_strips(g);
    if (strips || geometry_point_count(g) < PREPARE_AT) return strips;
    geometry_prepare(g);
    return geometry_strips(g);
}

static bool relay_edge(void *ctx, uint32_t i) {
    const struct relay *relay = ctx;
    return pass_on(relay, relay->points[i], relay->points[i + 1]);
}

static bool is_all_in(const struct geometry *g, double shift, const struct bbox *box) {
    const struct bbox *own = geometry_bbox(g);
    double west, east;
    geometry_raw_lons(g, &west, &east);
    return own->min_lat >= box->min_lat && own->max_lat <= box->max_lat &&
           west + shift >= box->min_lon && east + shift <= box->max_lon;
}

static bool visit_all(const struct geometry *g, const struct relay *relay) {
    for (size_t part = 0, i = 0; part < geometry_part_count(g); part++) {
        for (size_t end = geometry_part_end(g, part); i + 1 < end; i++) {
            if (!pass_on(relay, relay->points[i], relay->points[i + 1])) return false;
        }
        i++;
    }
    return true;
}

static bool pass_on(const struct relay *relay, struct point a, struct point b) {
    struct edge e = {{a.lon + relay->shift, a.lat}, {b.lon + relay->shift, b.lat}};
    struct bbox box = edges_box(e.a, e.b);
    return bbox_intersects(&box, relay->box) ? relay->visit(relay->ctx, &e) : true;
}

static int locate_image(const struct geometry *g, int turns, struct point p) {
    const struct strips *strips = strips_of(g);
    if (turns == 0) return strips ? strips_locate(strips, p) : locate_plain(g, p);
    struct ray ray = {.p = p};
    struct bbox box = {p.lon, p.lat, INFINITY, p.lat};
    (void)edges_visit(g, turns, &box, tally_point, &ray);
    return ray.on_edge ? 0 : ray.odd ? 1 : -1;
}

// A few edges are as quick without strips.
static int locate_plain(const struct geometry *g, struct point p) {
    const struct point *v = geometry_points(g);
    bool odd = false;
    for (size_t part = 0, i = 0; part < geometry_part_count(g); part++, i++) {
        for (size_t end = geometry_part_end(g, part); i + 1 < end; i++) {
            if (!crossing_add(v[i], v[i + 1], p, &odd)) return 0;
        }
    }
    return odd ? 1 : -1;
}

static bool tally_point(void *ctx, const struct edge *e) {
    struct ray *ray = ctx;
    ray->on_edge = !crossing_add(e->a, e->b, ray->p, &ray->odd);
    return !ray->on_edge;
}

// Even-odd for a point that is moved by e forward along p -> q and by e^2 to the left, e -> 0: then it lies on
// no edge, and each comparison that is a tie for p is decided by the first step that breaks it.
static bool tally_left(void *ctx, const struct edge *e) {
    struct ray *ray = ctx;
    struct point p = ray->p, low = e->a, high = e->b;
    if (low.lat == high.lat) return true;
    if (low.lat > high.lat) {
        low = e->b;
        high = e->a;
    }
    bool straddles =
        ray->rise > 0 ? low.lat <= p.lat && p.lat < high.lat : low.lat < p.lat && p.lat <= high.lat;
    if (!straddles) return true;
    int side = orient_turn(low, high, p);
    if (side == 0) side = orient_cross(low, high, p, ray->q);
    if (side == 0)
        side = ray->rise; // p -> q runs along the edge: left of it is left of one that rises
    if (side > 0) ray->odd = !ray->odd;
    return true;
}
