#include "geo/sector.h"

#include "geo/circle_polygon.h"

#define STEPS 64

static double turn_of(double bearing);

enum status sector_new(struct point center, double radius_m, double bearing1, double bearing2,
                       struct geometry **out, struct reason *why) {
    if (!point_valid(center)) return reason_set(why, STATUS_INVALID, "the centre is no position");
    if (!(radius_m >= 0 && radius_m <= CIRCLE_POLYGON_RADIUS_MAX_M)) {
        return reason_set(why, STATUS_INVALID, "a radius is 0 to %.0f metres",
                          CIRCLE_POLYGON_RADIUS_MAX_M);
    }
    if (!isfinite(bearing1) || !isfinite(bearing2)) {
        return reason_set(why, STATUS_INVALID, "a bearing is not finite");
    }
    double begin = turn_of(bearing1), end = turn_of(bearing2);
    if (end <= begin) end += 360;

    struct point ring[STEPS + 4];
    uint32_t count = 0;
    ring[count++] = point_rounded(center);
    double at = begin;
    for (int i = 1; at < end; i++) {
        ring[count++] = point_rounded(circle_polygon_destination(center, radius_m, at));
        at = begin + i * 360 / STEPS; // whole degrees: Tile38's sectors have their corners there
    }
    ring[count++] = point_rounded(circle_polygon_destination(center, radius_m, end));
    ring[count++] = ring[0];
    uint8_t start = 1;
    struct geometry_parts parts = {.type = GEOMETRY_POLYGON,
                                   .points = ring,
                                   .point_count = count,
                                   .part_ends = &count,
                                   .polygon_start = &start,
                                   .part_count = 1};
    return geometry_new(&parts, &GEOMETRY_LIMITS_REST, out, why);
}

static double turn_of(double bearing) {
    double turn = fmod(bearing, 360);
    return turn < 0 ? turn + 360 : turn;
}
