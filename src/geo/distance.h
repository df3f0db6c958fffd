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
/// hav(angle) = sin^2(angle/2): grows with distance; compare it instead of metres.
double distance_hav(const struct distance_from *from, struct point q);
double distance_hav_to_m(double hav);
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

#endif
