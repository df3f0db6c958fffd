// search_exact.c - the tests that decide. Boundaries belong to the inside.

#include "engine/search_state.h"
#include "engine/spatial.h"
#include "geo/circle.h"
#include "geo/relate.h"

#define HALF_WAY_ROUND_M (3.14159265358979323846 * DISTANCE_EARTH_RADIUS_M)
#define ROUNDING 1e-12 // of hav, far more than its errors

static search_exact_fn exact_all, exact_bbox, exact_bbox_within, exact_intersects, exact_within,
    exact_contains, exact_disjoint, exact_bbox_disjoint, exact_radius, exact_circle_within;

search_exact_fn *search_exact_for(const struct query *q) {
    static search_exact_fn *const of_area[] = {exact_intersects, exact_within, exact_contains,
                                               exact_disjoint};
    static search_exact_fn *const of_bbox[] = {exact_bbox, exact_bbox_within, exact_contains,
                                               exact_bbox_disjoint};
    switch (q->shape) {
    case QUERY_ALL: return exact_all;
    case QUERY_BBOX: return of_bbox[q->relation];
    case QUERY_AREA: return of_area[q->relation];
    case QUERY_CIRCLE: return q->relation == QUERY_WITHIN ? exact_circle_within : exact_radius;
    case QUERY_RADIUS:
    case QUERY_NEAREST: return exact_radius;
    }
    return exact_all;
}

void search_where_set(struct search_where *w, const struct bbox *box, const struct shard_map *map) {
    w->box = *box;
    w->count = bbox_is_empty(box) ? 0 : bbox_split(box, w->pieces);
    w->shards = 0;
    for (size_t i = 0; i < w->count; i++) {
        w->boxes[i] = index_box_of(&w->pieces[i]);
        w->masks[i] = shard_mask(map, &w->pieces[i]);
        w->shards |= w->masks[i];
    }
}

struct search_round search_round_of(struct point p, double radius_m, enum earth earth) {
    return (struct search_round){.from = distance_from(p),
                                 .earth = earth,
                                 .radius_m = radius_m,
                                 .cutoff_hav = search_hav_bound(earth, radius_m)};
}

double search_hav_bound(enum earth earth, double metres) {
    if (earth == EARTH_ELLIPSOID) {
        metres /= 1.0 - DISTANCE_ELLIPSOID_SLACK;
    }
    return metres < HALF_WAY_ROUND_M ? distance_m_to_hav(metres) * (1.0 + ROUNDING) : INFINITY;
}

static bool exact_all(const struct search *s, const struct object *o, double *distance_m) {
    (void)s, (void)o, (void)distance_m;
    return true;
}

static bool exact_bbox(const struct search *s, const struct object *o, double *distance_m) {
    (void)distance_m;
    return search_where_has(&s->where, o);
}

static bool exact_bbox_within(const struct search *s, const struct object *o, double *distance_m) {
    (void)distance_m;
    return spatial_within_bbox(o, &s->query->box);
}

static bool exact_bbox_disjoint(const struct search *s, const struct object *o,
                                double *distance_m) {
    (void)distance_m;
    return !spatial_intersects_bbox(o, &s->query->box);
}

static bool exact_intersects(const struct search *s, const struct object *o, double *distance_m) {
    (void)distance_m;
    return spatial_intersects(o, s->area);
}

static bool exact_within(const struct search *s, const struct object *o, double *distance_m) {
    (void)distance_m;
    return spatial_within(o, s->area);
}

static bool exact_contains(const struct search *s, const struct object *o, double *distance_m) {
    (void)distance_m;
    return spatial_contains(o, s->area);
}

static bool exact_disjoint(const struct search *s, const struct object *o, double *distance_m) {
    (void)distance_m;
    return !spatial_intersects(o, s->area);
}

static bool exact_radius(const struct search *s, const struct object *o, double *distance_m) {
    return search_round_has(&s->round, o, distance_m);
}

static bool exact_circle_within(const struct search *s, const struct object *o,
                                double *distance_m) {
    if (!(o->flags & OBJECT_HAS_GEOMETRY)) {
        return search_round_has(&s->round, o, distance_m);
    }
    return circle_contains(s->query->point, s->query->radius_m, o->geometry);
}

bool search_round_reaches(const struct search_round *r, const struct object *o,
                          double *distance_m) {
    if (!(o->flags & OBJECT_HAS_GEOMETRY)) {
        *distance_m = distance_geodesic_m(r->from.p, o->point);
    } else if (geometry_is_empty(o->geometry) ||
               distance_hav_to_bbox(&r->from, geometry_bbox(o->geometry)) > r->cutoff_hav) {
        return false;
    } else {
        *distance_m = distance_to_geometry_m(r->earth, r->from.p, o->geometry);
    }
    return *distance_m <= r->radius_m;
}
