// geodesic.h - the inverse problem on WGS 84: how far apart are two points along the ellipsoid?
//
// C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87, 43-55 (2013), equation numbers in the
// code are that paper's; series to order 6 in the flattening, Newton's method with a bracket, so it
// converges for every pair of points, antipodes included. Pure functions.

#ifndef GEO_GEODESIC_H
#define GEO_GEODESIC_H

#include "geo/point.h"

#define GEODESIC_EQUATOR_M 6378137.0
#define GEODESIC_FLATTENING (1 / 298.257223563)

double geodesic_inverse_m(struct point a, struct point b);

#endif
