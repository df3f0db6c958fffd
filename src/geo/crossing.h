// crossing.h - even-odd, one edge at a time: does a ray from a point to the east cross it? Exact.

#ifndef GEO_CROSSING_H
#define GEO_CROSSING_H

#include "geo/orient.h"

/// Flips *odd when p is left of the edge a -> b and one end is above p's latitude and the other is not.
/// False: p lies on the edge.
static inline bool crossing_add(struct point a, struct point b, struct point p, bool *odd) {
    bool a_up = a.lat > p.lat, b_up = b.lat > p.lat;
    if (a_up != b_up) {
        int turn = a_up ? orient_turn(b, a, p) : orient_turn(a, b, p);
        *odd ^= turn > 0;
        return turn != 0;
    }
    if (a_up || (a.lat < p.lat && b.lat < p.lat)) return true;
    if (a.lat != p.lat) return b.lon != p.lon;
    if (b.lat != p.lat) return a.lon != p.lon;
    return (p.lon < a.lon && p.lon < b.lon) || (p.lon > a.lon && p.lon > b.lon);
}

#endif
