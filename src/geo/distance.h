// distance.h - metres between things on the earth.
//
// Sphere: haversine on the mean radius 6,371,008.8 m (IUGG R1). Ellipsoid: WGS 84 geodesic
// (Karney, "Algorithms for geodesics", J. Geodesy 87, 2013), good to nanometres, antipodes included.

#ifndef GEO_DISTANCE_H
#define GEO_DISTANCE_H

#include "geo/geometry.h"

#define DISTANCE_EARTH_RADIUS_M 6371008.8

enum earth { EARTH_SPHERE, EARTH_ELLIPSOID };

/// A geodesic differs from the great circle by less than this share of it: sphere bounds divided or
/// multiplied by (1 +- it) prune safely for the ellipsoid. (Flattening 1/298.257: proven by a test.)
#define DISTANCE_ELLIPSOID_SLACK 0.0062

double distance_haversine_m(struct point a, struct point b);
double distance_geodesic_m(struct point a, struct point b);
double distance_points_m(enum earth earth, struct point a, struct point b);

/// From a prepared centre: the trigonometry of `p` is done once.
struct distance_from {
    struct point p;
    double lat_rad, lon_rad, cos_lat, sin_lat;
};
struct distance_from distance_from(struct point p);
/// hav(angle) = sin^2(angle/2): grows with distance; compare it instead of metres. Without trigonometry unless q is
/// more than DISTANCE_NEAR_DEG away or `from` near a pole.
static inline double distance_hav(const struct distance_from *from, struct point q);
/// The same for any two points, with trigonometry.
double distance_hav_far(const struct distance_from *from, struct point q);
/// Never falls where hav grows, up to 400 km.
static inline double distance_hav_to_m(double hav);
double distance_hav_to_m_far(double hav);
double distance_m_to_hav(double metres);

/// Shortest great-circle distance to any point of the box, as hav; 0 inside. Never more than the true one
/// (rounded down by a relative 1e-12), poles and antimeridian included.
double distance_hav_to_bbox(const struct distance_from *from, const struct bbox *box);

/// To the nearest point of `g` (0 inside an area). Edges are straight in longitude/latitude, and the
/// nearest point on them is found to better than a millimetre. INFINITY for an empty geometry.
double distance_to_geometry_m(enum earth earth, struct point p, const struct geometry *g);

/// A box around everything within `radius_m` of `p` (sphere radius; pass radius/(1-slack) for the ellipsoid):
/// unwrapped, full width when it holds a pole.
struct bbox distance_circle_bbox(struct point p, double radius_m);
/// A box around everything within `metres` of `box` (sphere).
struct bbox distance_widen_bbox(const struct bbox *box, double metres);

#define DISTANCE_NEAR_DEG 4.0
#define DISTANCE_NEAR_COS 0.2 // at the centre: beyond, the cosine below loses digits
#define DISTANCE_NEAR_HAV 1e-3

/// hav by power series in the differences, which are short here: the last terms left out are below 1e-16.
static inline double distance_hav_near(const struct distance_from *from, double dlat, double dlon) {
    const double half_rad = 0.017453292519943295 / 2;
    double y = dlat * half_rad, x = dlon * half_rad, yy = y * y, xx = x * x;
    double sin_y = y * (1 + yy * (-1. / 6 + yy * (1. / 120 + yy * (-1. / 5040))));
    double sin_x = x * (1 + xx * (-1. / 6 + xx * (1. / 120 + xx * (-1. / 5040))));
    double cos_y = 1 + yy * (-1. / 2 + yy * (1. / 24 + yy * (-1. / 720 + yy * (1. / 40320))));
    double cos_lat = from->cos_lat * (1 - 2 * sin_y * sin_y) - from->sin_lat * (2 * sin_y * cos_y);
    return sin_y * sin_y + from->cos_lat * cos_lat * (sin_x * sin_x);
}

static inline double distance_hav(const struct distance_from *from, struct point q) {
    double dlat = q.lat - from->p.lat, dlon = q.lon - from->p.lon;
    if (fabs(dlat) <= DISTANCE_NEAR_DEG && fabs(dlon) <= DISTANCE_NEAR_DEG &&
        from->cos_lat > DISTANCE_NEAR_COS) {
        return distance_hav_near(from, dlat, dlon);
    }
    return distance_hav_far(from, q);
}

/// asin by power series, cut where the next term is below 1e-17; rising factors keep the product rising.
static inline double distance_hav_to_m(double hav) {
    if (!(hav >= 0 && hav <= DISTANCE_NEAR_HAV)) return distance_hav_to_m_far(hav);
    double over =
        1. / 6 + hav * (3. / 40 + hav * (5. / 112 + hav * (35. / 1152 + hav * 63. / 2816)));
    return 2 * DISTANCE_EARTH_RADIUS_M * (sqrt(hav) * (1 + hav * over));
}

#endif
