// bbox.h - a box of longitudes and latitudes, degrees, closed on all sides.
//
// Stored boxes are unwrapped: min_lon <= max_lon always. A box over the antimeridian has
// min_lon in [-180, 180) and max_lon in (180, 540). RFC 7946 spells such a box west > east; that
// form exists only at the border (bbox_from_wsen).

#ifndef GEO_BBOX_H
#define GEO_BBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "geo/point.h"

struct bbox {
    double min_lon, min_lat, max_lon, max_lat;
};

#define BBOX_WORLD ((struct bbox){-180.0, -90.0, 180.0, 90.0})
/// Contains nothing; bbox_add makes it what is added.
#define BBOX_EMPTY ((struct bbox){INFINITY, INFINITY, -INFINITY, -INFINITY})

/// West, south, east, north as RFC 7946 section 5 has them: west > east crosses the antimeridian.
struct bbox bbox_from_wsen(double west, double south, double east, double north);
bool bbox_is_empty(const struct bbox *b);
void bbox_add_point(struct bbox *b, struct point p);
void bbox_add(struct bbox *b, const struct bbox *other);
/// The middle, with its longitude brought back to -180..180.
struct point bbox_center(const struct bbox *b);

/// Plain comparisons of numbers: no wrapping. Use on pieces of bbox_split.
static inline bool bbox_intersects(const struct bbox *a, const struct bbox *b) {
    return a->min_lon <= b->max_lon && b->min_lon <= a->max_lon && a->min_lat <= b->max_lat &&
           b->min_lat <= a->max_lat;
}
static inline bool bbox_contains_point(const struct bbox *b, struct point p) {
    return p.lon >= b->min_lon && p.lon <= b->max_lon && p.lat >= b->min_lat && p.lat <= b->max_lat;
}
static inline bool bbox_contains(const struct bbox *a, const struct bbox *b) {
    return a->min_lon <= b->min_lon && b->max_lon <= a->max_lon && a->min_lat <= b->min_lat &&
           b->max_lat <= a->max_lat;
}
/// The same, on the globe: true when some shift by 360 degrees makes it true. -180 and 180 are one meridian.
bool bbox_intersects_globe(const struct bbox *a, const struct bbox *b);
bool bbox_contains_point_globe(const struct bbox *b, struct point p);

/// Cut an unwrapped box into pieces within -180..180, so that a plain index search over the pieces
/// finds everything: a box over the antimeridian gives two; a box that touches -180 or 180 gives the
/// other side of that meridian as a piece of no width as well. Returns 1..3.
size_t bbox_split(const struct bbox *b, struct bbox pieces[3]);

#endif
