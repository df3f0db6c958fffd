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

/// To 8 decimals (a millimetre): what is shown is what is stored and searched. Positions from JSON are rounded so.
static inline struct point point_rounded(struct point p) {
    // 0.0 takes the sign off a zero. Beyond 1e6 (no position) a number stays, for the message that refuses it.
    if (fabs(p.lon) < 1e6) p.lon = nearbyint(p.lon * 1e8) / 1e8 + 0.0;
    if (fabs(p.lat) < 1e6) p.lat = nearbyint(p.lat * 1e8) / 1e8 + 0.0;
    return p;
}

/// The same position: -180 and 180 are one meridian.
static inline bool point_same(struct point a, struct point b) {
    return a.lat == b.lat && (a.lon == b.lon || fabs(a.lon - b.lon) == 360.0);
}

#endif
