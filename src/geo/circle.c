// circle.c - a geometry lies in a circle when its edges do: what an area encloses then does, too, unless that is the
// whole outside of the circle, antipode included.

#include "geo/circle.h"

#include "geo/distance.h"
#include "geo/relate.h"

#define RAD 0.017453292519943295
#define SHORT_M 1e-3 // of an edge: its ends speak for it
#define DEPTH_MAX 48
#define QUARTER_M (1.5707963267948966 * DISTANCE_EARTH_RADIUS_M)

struct circle {
    struct distance_from from;
    double radius_m;
};

static bool has_member(const struct circle *c, const struct geometry *g);
static bool has_part(const struct circle *c, const struct point *points, size_t count);
static bool has_edge(const struct circle *c, struct point a, double a_m, struct point b, double b_m,
                     unsigned depth);

bool circle_contains(struct point center, double radius_m, const struct geometry *g) {
    struct circle c = {distance_from(center), radius_m};
    if (geometry_is_empty(g)) {
        return false;
    }
    if (!has_member(&c, g)) {
        return false;
    }
    double lon = center.lon > 0 ? center.lon - 180 : center.lon + 180;
    struct point antipode = {.lon = lon, .lat = -center.lat};
    return distance_haversine_m(center, antipode) <= radius_m ||
           !relate_intersects_point(g, antipode);
}

static bool has_member(const struct circle *c, const struct geometry *g) {
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        if (!has_member(c, geometry_member(g, i))) {
            return false;
        }
    }
    enum geometry_type type = geometry_type(g);
    bool apart = type == GEOMETRY_POINT || type == GEOMETRY_MULTIPOINT;
    for (size_t i = 0; i < geometry_part_count(g); i++) {
        size_t count;
        const struct point *points = geometry_part(g, i, &count, NULL);
        for (size_t at = 0; apart && at < count; at++) {
            if (!has_part(c, points + at, 1)) {
                return false;
            }
        }
        if (!apart && !has_part(c, points, count)) {
            return false;
        }
    }
    return true;
}

static double metres_to(const struct circle *c, struct point p) {
    return distance_hav_to_m(distance_hav(&c->from, p));
}

static bool has_part(const struct circle *c, const struct point *points, size_t count) {
    double before_m = 0;
    for (size_t i = 0; i < count; i++) {
        double m = metres_to(c, points[i]);
        if (m > c->radius_m || (i && !has_edge(c, points[i - 1], before_m, points[i], m, 0))) {
            return false;
        }
        before_m = m;
    }
    return true;
}

/// How much farther than its farther end an edge can reach.
static double bulge_m(struct point a, struct point b, double farther_m) {
    double low = fmin(fabs(a.lat), fabs(b.lat)), high = fmax(fabs(a.lat), fabs(b.lat));
    double widest = a.lat * b.lat <= 0 ? 1 : cos(low * RAD);
    double x = (b.lon - a.lon) * RAD * widest, y = (b.lat - a.lat) * RAD;
    double length_m = hypot(x, y) * DISTANCE_EARTH_RADIUS_M;
    if (farther_m + length_m > QUARTER_M) {
        return length_m;
    }
    // On the near half of the earth distance bends upwards along great circles; a line straight in lon/lat turns
    // against them by at most 2 tan(lat) / R.
    double bend = 2 * tan(fmin(high, 89.999) * RAD) / DISTANCE_EARTH_RADIUS_M;
    return fmin(length_m, high > 89.99 ? length_m : bend * length_m * length_m / 8);
}

/// Both ends are in.
static bool has_edge(const struct circle *c, struct point a, double a_m, struct point b, double b_m,
                     unsigned depth) {
    double farther_m = fmax(a_m, b_m), bulge = bulge_m(a, b, farther_m);
    if (farther_m + bulge <= c->radius_m || bulge < SHORT_M || depth == DEPTH_MAX) {
        return true;
    }
    struct point middle = {.lon = (a.lon + b.lon) / 2, .lat = (a.lat + b.lat) / 2};
    double m = metres_to(c, middle);
    return m <= c->radius_m && has_edge(c, a, a_m, middle, m, depth + 1) &&
           has_edge(c, middle, m, b, b_m, depth + 1);
}
