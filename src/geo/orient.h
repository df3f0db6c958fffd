// orient.h - which way does a turn go, decided exactly for every finite double.
//
// A double test with an error bound settles nearly everything; what it leaves is computed in whole
// numbers of 2^-1074, as wide as the coordinates need. The bound is Shewchuk's ("Adaptive precision
// floating-point arithmetic and fast robust geometric predicates", 1997, section 4.3).
// Pure functions; |coordinate| < 2^20.

#ifndef GEO_ORIENT_H
#define GEO_ORIENT_H

#include "geo/point.h"

/// Sign of the cross product (b - a) x (d - c): >0 when c->d points to the left of a->b.
int orient_cross(struct point a, struct point b, struct point c, struct point d);

/// Sign of the area of a b c: >0 left turn, 0 collinear, <0 right.
static inline int orient_turn(struct point a, struct point b, struct point c) {
    double left = (a.lon - c.lon) * (b.lat - c.lat);
    double right = (a.lat - c.lat) * (b.lon - c.lon);
    double det = left - right;
    double bound = 3.3306690738754716e-16 * (fabs(left) + fabs(right));
    // Products that underflow escape the bound; they are far below 1e-290.
    if (det > bound && det > 1e-290) return 1;
    if (-det > bound && -det > 1e-290) return -1;
    return orient_cross(c, a, c, b);
}

/// Of the lines p -> q and, for i = 1, 2, a[i] -> b[i], which crosses p -> q first? <0: the first. Both lines
/// must separate p from q strictly. Exact.
int orient_compare_crossings(struct point p, struct point q, struct point a1, struct point b1,
                             struct point a2, struct point b2);

#endif
