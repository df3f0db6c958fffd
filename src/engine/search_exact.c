// search_exact.c - the tests that decide. Boundaries belong to the inside.

#include "engine/search_state.h"
#include "engine/spatial.h"
#include "geo/relate.h"

#define HALF_WAY_ROUND_M (3.14159265358979323846 * DISTANCE_EARTH_RADIUS_M)
#define ROUNDING 1e-12 // of hav, far more than its errors

static search_exact_fn exact_all, exact_bbox, exact_bbox_within, exact_intersects, exact_within,
    exact_contains, exact_disjoint, exact_bbox_disjoint, exact_radius;

search_exact_fn *search_exact_for(const struct query *q) {
    static search_exact_fn *const of_area[] = {exact_intersects, exact_within, exact_contains,
                                               exact_disjoint};
    static search_exact_fn *const of_bbox[] = {exact_bbox, exact_bbox_within, exact_contains,
                                               exact_bbox_disjoint};
    switch (q->shape) {
    case QUERY_ALL: return exact_all;
    case QUERY_BBOX: return of_bbox[q->relation];
    case QUERY_AREA: return of_area[q->relation];
    case QUERY_RADIUS:
    case QUERY_NEAREST: return exact_radius;
    }
    return exact_all;
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
    if (o->flags & OBJECT_HAS_GEOMETRY) {
        return relate_intersects_bbox(o->geometry, &s->query->box);
    }
    for (size_t i = 0; i < s->piece_count; i++) {
        if (bbox_contains_point(&s->pieces[i], o->point)) {
            return true;
        }
    }
    return false;
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
    enum earth earth = s->query->earth;
    if (o->flags & OBJECT_HAS_GEOMETRY) {
        if (geometry_is_empty(o->geometry) ||
            distance_hav_to_bbox(&s->from, geometry_bbox(o->geometry)) > s->cutoff_hav) {
            return false;
        }
        *distance_m = distance_to_geometry_m(earth, s->from.p, o->geometry);
        return *distance_m <= s->radius_m;
    }
    if (!distance_is_within(&s->from, o->point, s->cutoff_hav)) {
        return false;
    }
    double hav = distance_hav(&s->from, o->point);
    *distance_m =
        earth == EARTH_SPHERE ? distance_hav_to_m(hav) : distance_geodesic_m(s->from.p, o->point);
    return *distance_m <= s->radius_m;
}
