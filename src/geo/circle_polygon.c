#include "geo/circle_polygon.h"

#include <assert.h>

#include "base/mem.h"
#include "geo/distance.h"

struct point circle_polygon_destination(struct point p, double metres, double bearing) {
    const double rad = M_PI / 180;
    double angle = metres / DISTANCE_EARTH_RADIUS_M, lat = p.lat * rad, towards = bearing * rad;
    double sin_lat = sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(towards);
    double turn =
        atan2(sin(towards) * sin(angle) * cos(lat), cos(angle) - sin(lat) * fmin(sin_lat, 1));
    double lon = p.lon + turn / rad;
    if (lon > 180 || lon < -180) lon = remainder(lon, 360);
    return (struct point){lon, asin(fmax(fmin(sin_lat, 1), -1)) / rad};
}

enum status circle_polygon_new(struct point center, double radius_m, unsigned steps,
                               struct geometry **out, struct reason *why) {
    assert(steps >= 3 && steps <= 10000);
    if (!point_valid(center)) return reason_set(why, STATUS_INVALID, "the centre is no position");
    if (!(radius_m >= 0 && radius_m <= CIRCLE_POLYGON_RADIUS_MAX_M)) {
        return reason_set(why, STATUS_INVALID, "a radius is 0 to %.0f metres",
                          CIRCLE_POLYGON_RADIUS_MAX_M);
    }
    if (radius_m == 0) return geometry_new_point(center, out);

    struct point *ring = mem_alloc((steps + 1) * sizeof *ring);
    if (!ring) return reason_set(why, STATUS_NO_MEMORY, "no memory for a circle");
    for (unsigned i = 0; i < steps; i++) { // against the clock, as RFC 7946 winds
        ring[i] = circle_polygon_destination(center, radius_m, 360.0 - i * (360.0 / steps));
    }
    ring[steps] = ring[0];
    uint32_t end = steps + 1;
    uint8_t start = 1;
    struct geometry_parts parts = {.type = GEOMETRY_POLYGON,
                                   .points = ring,
                                   .point_count = steps + 1,
                                   .part_ends = &end,
                                   .polygon_start = &start,
                                   .part_count = 1};
    enum status st = geometry_new(&parts, &GEOMETRY_LIMITS_IMPORT, out, why);
    mem_free(ring);
    return st;
}
