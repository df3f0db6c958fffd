// point.h - a position on the earth, degrees, WGS 84 / CRS84.

#ifndef GEO_POINT_H
#define GEO_POINT_H

#include <math.h>
#include <stdbool.h>

struct point {
    double lon; // -180..180; unwrapped inside a geometry that crosses the antimeridian
    double lat; // -90..90
};

static inline bool point_valid(struct point p) {
    return p.lon >= -180.0 && p.lon <= 180.0 && p.lat >= -90.0 && p.lat <= 90.0; // NaN fails
}

/// The same position: -180 and 180 are one meridian.
static inline bool point_same(struct point a, struct point b) {
    return a.lat == b.lat && (a.lon == b.lon || fabs(a.lon - b.lon) == 360.0);
}

#endif
