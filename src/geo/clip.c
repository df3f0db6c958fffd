#include "geo/clip.h"

#include "base/mem.h"
#include "geo/clip_box.h"
#include "geo/edges.h"
#include "geo/plane.h"
#include "geo/relate_point.h"

#define GEOS_VERTICES_MAX 250000

struct work {
    const struct geometry *g;
    struct clip_box cutter;
    struct shape shape;
    double shift; // of the turn being cut
    struct reason *why;
};

typedef enum status member_fn(const struct geometry *g, const void *by, struct geometry **out,
                              struct reason *why);

static enum status clip_members(const struct geometry *g, const void *by, member_fn *clip,
                                struct geometry **out, struct reason *why);
static bool box_holds(const struct bbox *box, const struct geometry *g);
static enum status box_of_member(const struct geometry *g, const void *by, struct geometry **out,
                                 struct reason *why);
static enum status clip_points(struct work *w, const struct bbox *box);
static enum status clip_lines(struct work *w);
static enum status add_run(void *ctx, const struct point *run, size_t count);
static enum status clip_polygons(struct work *w);
static enum status clip_polygon(struct work *w, size_t first, size_t last);
static enum status cut_rings(struct work *w, size_t first, size_t last, struct shape *out,
                             bool *folded);
static bool reaches_side(const struct bbox *box, const struct point *ring, size_t count);
static enum status repair(struct shape *cut, struct shape *out, struct reason *why);
static enum status add_ring(struct shape *s, const struct point *ring, size_t count, double shift,
                            bool starts, struct reason *why);
static enum status finish(struct work *w, struct geometry **out);
static enum status empty_new(struct geometry **out, struct reason *why);
static enum status area_of_member(const struct geometry *g, const void *by, struct geometry **out,
                                  struct reason *why);
static enum status points_in_area(const struct geometry *g, const struct geometry *area,
                                  struct geometry **out, struct reason *why);
static enum status shape_in_area(const struct geometry *g, const struct geometry *area,
                                 struct geometry **out, struct reason *why);
static enum status overlay(struct plane *p, const struct geometry *g, const struct geometry *area,
                           struct shape *s, struct reason *why);
static GEOSGeometry *images_of(struct plane *p, const struct geometry *area,
                               const struct geometry *g);
static GEOSGeometry *unite(struct plane *p, GEOSGeometry *a, GEOSGeometry *b);
static enum status check_tame(const struct geometry *g, const struct geometry *area,
                              struct reason *why);
static bool has_area(const struct geometry *g);

enum status clip_bbox(const struct geometry *g, const struct bbox *box, struct geometry **out,
                      struct reason *why) {
    if (box_holds(box, g)) {
        *out = geometry_ref(g);
        return STATUS_OK;
    }
    if (geometry_type(g) == GEOMETRY_COLLECTION) {
        return clip_members(g, box, box_of_member, out, why);
    }
    struct bbox sides = *box;
    double west, east;
    geometry_raw_lons(g, &west, &east);
    if (box->max_lon - box->min_lon >= 360) { // only latitudes are cut
        sides.min_lon = fmin(west, box->min_lon);
        sides.max_lon = fmax(east, box->max_lon);
    }
    struct work w = {.g = g, .why = why};
    bool areas = edges_is_area(g), lines = edges_is_line(g);
    shape_init(&w.shape,
               areas   ? GEOMETRY_MULTIPOLYGON
               : lines ? GEOMETRY_MULTILINESTRING
                       : GEOMETRY_MULTIPOINT,
               &GEOMETRY_LIMITS_IMPORT);
    clip_box_init(&w.cutter, &sides);
    enum status st = STATUS_OK;
    struct edges_turns t = edges_turns(g, sides.min_lon, sides.max_lon);
    if (box->max_lon - box->min_lon >= 360) t = (struct edges_turns){0, 0};
    if (!areas && !lines) {
        st = clip_points(&w, box);
        t.last = t.first - 1;
    }
    for (int turns = t.first; st == STATUS_OK && turns <= t.last; turns++) {
        w.shift = 360.0 * turns;
        w.cutter.box.min_lon = sides.min_lon - w.shift;
        w.cutter.box.max_lon = sides.max_lon - w.shift;
        st = areas ? clip_polygons(&w) : clip_lines(&w);
    }
    if (st == STATUS_OK) st = finish(&w, out);
    clip_box_deinit(&w.cutter);
    shape_deinit(&w.shape);
    return st;
}

static bool box_holds(const struct bbox *box, const struct geometry *g) {
    struct bbox own = *geometry_bbox(g);
    if (bbox_is_empty(&own)) return true;
    if (own.min_lat < box->min_lat || own.max_lat > box->max_lat) return false;
    if (box->max_lon - box->min_lon >= 360) return true;
    for (int turns = -2; turns <= 2; turns++) {
        double shift = 360.0 * turns;
        if (own.min_lon + shift >= box->min_lon && own.max_lon + shift <= box->max_lon) return true;
    }
    return false;
}

static enum status clip_members(const struct geometry *g, const void *by, member_fn *clip,
                                struct geometry **out, struct reason *why) {
    size_t n = geometry_member_count(g), kept = 0;
    struct geometry **members = mem_alloc((n + 1) * sizeof *members);
    if (!members) return reason_set(why, STATUS_NO_MEMORY, "no memory for a geometry");
    enum status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < n; i++) {
        st = clip(geometry_member(g, i), by, &members[kept], why);
        if (st != STATUS_OK) break;
        if (geometry_is_empty(members[kept])) {
            geometry_unref(members[kept]);
        } else {
            kept++;
        }
    }
    if (st == STATUS_OK) st = geometry_new_collection(members, kept, out, why);
    for (size_t i = 0; i < kept; i++) {
        geometry_unref(members[i]);
    }
    mem_free(members);
    return st;
}

static enum status box_of_member(const struct geometry *g, const void *by, struct geometry **out,
                                 struct reason *why) {
    return clip_bbox(g, by, out, why);
}

static enum status clip_points(struct work *w, const struct bbox *box) {
    const struct point *points = geometry_points(w->g);
    size_t count = geometry_point_count(w->g);
    for (size_t i = 0; i < count; i++) {
        if (!bbox_contains_point_globe(box, points[i])) continue;
        enum status st = shape_add(&w->shape, points[i], NAN, w->why);
        if (st != STATUS_OK) return st;
    }
    return w->shape.count ? shape_end_part(&w->shape, false, w->why) : STATUS_OK;
}

static enum status clip_lines(struct work *w) {
    for (size_t part = 0; part < geometry_part_count(w->g); part++) {
        size_t count;
        const struct point *line = geometry_part(w->g, part, &count, NULL);
        enum status st = clip_box_line(&w->cutter, line, count, add_run, w);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static enum status add_run(void *ctx, const struct point *run, size_t count) {
    struct work *w = ctx;
    double west = INFINITY;
    for (size_t i = 0; i < count; i++) {
        west = fmin(west, run[i].lon);
    }
    return add_ring(&w->shape, run, count, plane_shift(west), false, w->why);
}

static enum status clip_polygons(struct work *w) {
    size_t parts = geometry_part_count(w->g), first = 0;
    enum status st = STATUS_OK;
    while (st == STATUS_OK && first < parts) {
        size_t last = first + 1;
        while (last < parts && !geometry_part_is_exterior(w->g, last)) {
            last++;
        }
        st = clip_polygon(w, first, last);
        first = last;
    }
    return st;
}

static enum status clip_polygon(struct work *w, size_t first, size_t last) {
    struct shape cut;
    shape_init(&cut, GEOMETRY_MULTIPOLYGON, &GEOMETRY_LIMITS_IMPORT);
    cut.literal = true;
    bool folded = false;
    enum status st = cut_rings(w, first, last, &cut, &folded);
    if (st == STATUS_OK && cut.part_count && folded) {
        st = repair(&cut, &w->shape, w->why);
    } else {
        for (size_t i = 0; st == STATUS_OK && i < cut.part_count; i++) {
            size_t begin = i ? cut.part_ends[i - 1] : 0;
            st = add_ring(&w->shape, cut.points + begin, cut.part_ends[i] - begin, 0, i == 0,
                          w->why);
        }
    }
    shape_deinit(&cut);
    return st;
}

// All rings of one polygon that have something inside, on the turn that begins within -180..180.
static enum status cut_rings(struct work *w, size_t first, size_t last, struct shape *out,
                             bool *folded) {
    double shift = 0;
    for (size_t part = first; part < last; part++) {
        size_t count;
        const struct point *ring = geometry_part(w->g, part, &count, NULL), *rest;
        enum status st = clip_box_ring(&w->cutter, ring, count, &rest, &count);
        if (st != STATUS_OK) return reason_set(w->why, st, "no memory to cut a ring");
        if (count == 0) continue;
        if (out->part_count == 0) {
            double west = INFINITY;
            for (size_t i = 0; i < count; i++) {
                west = fmin(west, rest[i].lon);
            }
            shift = plane_shift(west);
        } else if (reaches_side(&w->cutter.box, rest, count)) {
            *folded = true; // a hole that meets the exterior's edge there
        }
        if (clip_box_ring_is_folded(&w->cutter, rest, count)) *folded = true;
        st = add_ring(out, rest, count, shift, out->part_count == 0, w->why);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static bool reaches_side(const struct bbox *box, const struct point *ring, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct point p = ring[i];
        if (p.lon == box->min_lon || p.lon == box->max_lon) return true;
        if (p.lat == box->min_lat || p.lat == box->max_lat) return true;
    }
    return false;
}

// What cannot be repaired at a bearable price stays as it is: right under even-odd, with edges along the sides twice.
static enum status repair(struct shape *cut, struct shape *out, struct reason *why) {
    struct geometry *raw = NULL;
    enum status st = shape_finish(cut, &raw, why);
    if (st != STATUS_OK) return st;
    struct plane p;
    GEOSGeometry *valid = NULL;
    bool tame = cut->count <= GEOS_VERTICES_MAX && plane_is_tame(raw);
    if (tame && plane_open(&p, cut->count) == STATUS_OK) {
        valid = plane_take_in(&p, raw, 0);
        if (valid) {
            st = plane_give_out(&p, valid, out, why);
            GEOSGeom_destroy_r(p.geos, valid);
        }
        plane_close(&p);
    }
    geometry_unref(raw);
    for (size_t i = 0; st == STATUS_OK && !valid && i < cut->part_count; i++) {
        size_t begin = i ? cut->part_ends[i - 1] : 0;
        st = add_ring(out, cut->points + begin, cut->part_ends[i] - begin, 0, i == 0, why);
    }
    return st;
}

static enum status add_ring(struct shape *s, const struct point *ring, size_t count, double shift,
                            bool starts, struct reason *why) {
    for (size_t i = 0; i < count; i++) {
        struct point p = {fmax(-180.0, fmin(ring[i].lon + shift, 540.0)), ring[i].lat};
        enum status st = shape_add(s, p, NAN, why);
        if (st != STATUS_OK) return st;
    }
    return shape_end_part(s, starts, why);
}

// One part of what was no Multi geometry is none either.
static enum status finish(struct work *w, struct geometry **out) {
    struct shape *s = &w->shape;
    if (s->part_count == 0) return empty_new(out, w->why);
    s->literal = true;
    size_t polygons = 0;
    for (size_t i = 0; i < s->part_count; i++) {
        polygons += s->polygon_start[i];
    }
    enum geometry_type type = geometry_type(w->g);
    bool one = s->type == GEOMETRY_MULTIPOLYGON ? polygons == 1
               : s->type == GEOMETRY_MULTIPOINT ? s->count == 1
                                                : s->part_count == 1;
    if (one && type < GEOMETRY_MULTIPOINT) s->type = type;
    return shape_finish(s, out, w->why);
}

static enum status empty_new(struct geometry **out, struct reason *why) {
    return geometry_new_collection(NULL, 0, out, why);
}

enum status clip_area(const struct geometry *g, const struct geometry *area, struct geometry **out,
                      struct reason *why) {
    if (!has_area(area)) return reason_set(why, STATUS_INVALID, "only an area can clip");
    if (geometry_is_empty(g)) {
        *out = geometry_ref(g);
        return STATUS_OK;
    }
    return area_of_member(g, area, out, why);
}

static bool has_area(const struct geometry *g) {
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        if (has_area(geometry_member(g, i))) return true;
    }
    return edges_is_area(g) && !geometry_is_empty(g);
}

static enum status area_of_member(const struct geometry *g, const void *by, struct geometry **out,
                                  struct reason *why) {
    if (geometry_type(g) == GEOMETRY_COLLECTION) {
        return clip_members(g, by, area_of_member, out, why);
    }
    if (!edges_is_area(g) && !edges_is_line(g)) return points_in_area(g, by, out, why);
    struct geometry *near = NULL;
    enum status st = clip_bbox(g, geometry_bbox(by), &near, why);
    if (st != STATUS_OK) return st;
    if (geometry_is_empty(near)) {
        *out = near;
        return STATUS_OK;
    }
    st = shape_in_area(near, by, out, why);
    geometry_unref(near);
    return st;
}

static enum status points_in_area(const struct geometry *g, const struct geometry *area,
                                  struct geometry **out, struct reason *why) {
    struct work w = {.g = g, .why = why};
    shape_init(&w.shape, GEOMETRY_MULTIPOINT, &GEOMETRY_LIMITS_IMPORT);
    const struct point *points = geometry_points(g);
    enum status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < geometry_point_count(g); i++) {
        if (relate_point_locate(area, points[i]) == RELATE_POINT_OUTSIDE) continue;
        st = shape_add(&w.shape, points[i], NAN, why);
    }
    if (st == STATUS_OK && w.shape.count) st = shape_end_part(&w.shape, false, why);
    if (st == STATUS_OK) st = finish(&w, out);
    shape_deinit(&w.shape);
    return st;
}

static enum status shape_in_area(const struct geometry *g, const struct geometry *area,
                                 struct geometry **out, struct reason *why) {
    size_t vertices = geometry_point_count(g) + geometry_point_count(area);
    if (vertices > GEOS_VERTICES_MAX) {
        return reason_set(why, STATUS_TOO_LARGE, "clipping takes at most %d positions",
                          GEOS_VERTICES_MAX);
    }
    enum status st = check_tame(g, area, why);
    if (st != STATUS_OK) return st;
    if (!plane_is_tame(g)) return reason_set(why, STATUS_TOO_LARGE, "its edges cross too often");
    struct plane p;
    st = plane_open(&p, vertices);
    if (st != STATUS_OK) return reason_set(why, st, "no memory for clipping");
    struct work w = {.g = g, .why = why};
    shape_init(&w.shape, edges_is_area(g) ? GEOMETRY_MULTIPOLYGON : GEOMETRY_MULTILINESTRING,
               &GEOMETRY_LIMITS_IMPORT);
    st = overlay(&p, g, area, &w.shape, why);
    if (st == STATUS_OK) st = finish(&w, out);
    shape_deinit(&w.shape);
    plane_close(&p);
    return st;
}

static enum status check_tame(const struct geometry *g, const struct geometry *area,
                              struct reason *why) {
    for (size_t i = 0; i < geometry_member_count(area); i++) {
        enum status st = check_tame(g, geometry_member(area, i), why);
        if (st != STATUS_OK) return st;
    }
    if (!edges_is_area(area)) return STATUS_OK;
    if (plane_is_tame(area) && plane_is_tame_pair(g, area)) return STATUS_OK;
    return reason_set(why, STATUS_TOO_LARGE, "the edges of the clipping area cross too often");
}

static enum status overlay(struct plane *p, const struct geometry *g, const struct geometry *area,
                           struct shape *s, struct reason *why) {
    GEOSGeometry *by = images_of(p, area, g), *own = plane_take_in(p, g, 0), *common = NULL;
    enum status st = STATUS_OK;
    if (by && own) common = GEOSIntersection_r(p->geos, own, by);
    if (common) {
        st = plane_give_out(p, common, s, why);
        GEOSGeom_destroy_r(p->geos, common);
    } else {
        st = reason_set(why, STATUS_INVALID, "these shapes cannot be clipped");
    }
    if (own) GEOSGeom_destroy_r(p->geos, own);
    if (by) GEOSGeom_destroy_r(p->geos, by);
    return st;
}

// All areas in `area`, on every turn on which they may meet `g`, united; empty when there is none.
static GEOSGeometry *images_of(struct plane *p, const struct geometry *area,
                               const struct geometry *g) {
    GEOSGeometry *sum = GEOSGeom_createEmptyCollection_r(p->geos, GEOS_MULTIPOLYGON);
    for (size_t i = 0; sum && i < geometry_member_count(area); i++) {
        sum = unite(p, sum, images_of(p, geometry_member(area, i), g));
    }
    if (!edges_is_area(area)) return sum;
    double west, east;
    geometry_raw_lons(g, &west, &east);
    struct edges_turns t = edges_turns(area, west, east);
    for (int turns = t.first; sum && turns <= t.last; turns++) {
        sum = unite(p, sum, plane_take_in(p, area, turns));
    }
    return sum;
}

// Takes both; NULL when either is, or GEOS could not.
static GEOSGeometry *unite(struct plane *p, GEOSGeometry *a, GEOSGeometry *b) {
    if (a && b && GEOSisEmpty_r(p->geos, a) == 1) {
        GEOSGeom_destroy_r(p->geos, a);
        return b;
    }
    GEOSGeometry *sum = a && b ? GEOSUnion_r(p->geos, a, b) : NULL;
    if (a) GEOSGeom_destroy_r(p->geos, a);
    if (b) GEOSGeom_destroy_r(p->geos, b);
    return sum;
}
