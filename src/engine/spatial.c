// spatial.c - exact predicates and distances of objects. Points, the common case, need no geometry.

#include "engine/spatial.h"

#include "geo/relate.h"

static bool point_contains(struct point p, const struct geometry *g);
static double vertices_to_m(const struct geometry *from, const struct geometry *to, double enough);

bool spatial_intersects(const struct object *o, const struct geometry *g) {
    return o->flags & OBJECT_HAS_GEOMETRY ? relate_intersects(o->geometry, g)
                                          : relate_intersects_point(g, o->point);
}

bool spatial_within(const struct object *o, const struct geometry *g) {
    return o->flags & OBJECT_HAS_GEOMETRY ? relate_within(o->geometry, g)
                                          : relate_intersects_point(g, o->point);
}

bool spatial_contains(const struct object *o, const struct geometry *g) {
    return o->flags & OBJECT_HAS_GEOMETRY ? relate_contains(o->geometry, g)
                                          : point_contains(o->point, g);
}

bool spatial_intersects_bbox(const struct object *o, const struct bbox *box) {
    return o->flags & OBJECT_HAS_GEOMETRY ? relate_intersects_bbox(o->geometry, box)
                                          : bbox_contains_point_globe(box, o->point);
}

bool spatial_within_bbox(const struct object *o, const struct bbox *box) {
    return o->flags & OBJECT_HAS_GEOMETRY ? relate_within_bbox(o->geometry, box)
                                          : bbox_contains_point_globe(box, o->point);
}

double spatial_distance_m(enum earth earth, struct point p, const struct object *o) {
    return o->flags & OBJECT_HAS_GEOMETRY ? distance_to_geometry_m(earth, p, o->geometry)
                                          : distance_points_m(earth, p, o->point);
}

bool spatial_dwithin(const struct object *o, const struct geometry *g, double metres) {
    if (!(o->flags & OBJECT_HAS_GEOMETRY)) {
        return distance_to_geometry_m(EARTH_SPHERE, o->point, g) <= metres;
    }
    if (geometry_is_empty(o->geometry) || geometry_is_empty(g)) {
        return false;
    }
    return relate_intersects(o->geometry, g) || vertices_to_m(g, o->geometry, metres) <= metres ||
           vertices_to_m(o->geometry, g, metres) <= metres;
}

/// A point contains what is nothing but that point.
static bool point_contains(struct point p, const struct geometry *g) {
    const struct bbox *box = geometry_bbox(g);
    return box->min_lat == box->max_lat && box->min_lon == box->max_lon &&
           relate_intersects_point(g, p);
}

/// Stops early at `enough`.
static double vertices_to_m(const struct geometry *from, const struct geometry *to, double enough) {
    double best = INFINITY;
    for (size_t i = 0; i < geometry_member_count(from) && best > enough; i++) {
        best = fmin(best, vertices_to_m(geometry_member(from, i), to, enough));
    }
    for (size_t part = 0; part < geometry_part_count(from) && best > enough; part++) {
        size_t count;
        const struct point *points = geometry_part(from, part, &count, NULL);
        for (size_t i = 0; i < count && best > enough; i++) {
            struct point p = {remainder(points[i].lon, 360.0), points[i].lat};
            best = fmin(best, distance_to_geometry_m(EARTH_SPHERE, p, to));
        }
    }
    return best;
}
