#include "index/bound.h"

#include <math.h>

static const struct index_box everything = {INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX};

/// At least the angle whose hav it is, for hav <= 0.01: asin(s) <= s (1 + s^2/5) there.
static double angle_above(double hav) {
    return 2 * sqrt(hav) * (1 + hav / 5) * (1 + 1e-9);
}

struct index_box bound_circle(const struct bound_from *from, double hav) {
    if (!(hav <= 0.01)) return everything;
    double dy = angle_above(hav > 0 ? hav : 0);
    double top = fabs(from->y) * BOUND_RAD + dy;
    double product = from->cos_lat * bound_cos(top * top) * (1 - 1e-9);
    if (!(hav <= 0.01 * product)) return everything; // wide in longitude, or near a pole
    double dx = angle_above(hav > 0 ? hav / product : 0);

    double reach_x = dx / BOUND_RAD + 3, reach_y = dy / BOUND_RAD + 3;
    double west = from->x - reach_x, east = from->x + reach_x;
    if (west < -BOUND_TURN / 2 || east > BOUND_TURN / 2) return everything;
    return (struct index_box){(int32_t)floor(west), (int32_t)floor(from->y - reach_y),
                              (int32_t)ceil(east), (int32_t)ceil(from->y + reach_y)};
}
