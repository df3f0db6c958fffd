#include "geo/bbox.h"

struct bbox bbox_from_wsen(double west, double south, double east, double north) {
    return (struct bbox){west, south, west > east ? east + 360.0 : east, north};
}

bool bbox_is_empty(const struct bbox *b) {
    return !(b->min_lon <= b->max_lon && b->min_lat <= b->max_lat);
}

void bbox_add_point(struct bbox *b, struct point p) {
    if (p.lon < b->min_lon) b->min_lon = p.lon;
    if (p.lon > b->max_lon) b->max_lon = p.lon;
    if (p.lat < b->min_lat) b->min_lat = p.lat;
    if (p.lat > b->max_lat) b->max_lat = p.lat;
}

void bbox_add(struct bbox *b, const struct bbox *other) {
    if (other->min_lon < b->min_lon) b->min_lon = other->min_lon;
    if (other->max_lon > b->max_lon) b->max_lon = other->max_lon;
    if (other->min_lat < b->min_lat) b->min_lat = other->min_lat;
    if (other->max_lat > b->max_lat) b->max_lat = other->max_lat;
}

struct point bbox_center(const struct bbox *b) {
    double lon = b->min_lon + (b->max_lon - b->min_lon) / 2;
    if (lon > 180.0) lon -= 360.0;
    return (struct point){lon, b->min_lat + (b->max_lat - b->min_lat) / 2};
}

// The lower of the two is the one that is shifted, so that both orders of the arguments round alike.
static bool lons_meet(const struct bbox *low, const struct bbox *high) {
    return low->min_lon + 360.0 <= high->max_lon && low->max_lon + 360.0 >= high->min_lon;
}

bool bbox_intersects_globe(const struct bbox *a, const struct bbox *b) {
    if (!(a->min_lat <= b->max_lat && b->min_lat <= a->max_lat)) return false;
    if (a->min_lon <= b->max_lon && b->min_lon <= a->max_lon) return true;
    return lons_meet(a, b) || lons_meet(b, a);
}

bool bbox_contains_point_globe(const struct bbox *b, struct point p) {
    struct bbox point = {p.lon, p.lat, p.lon, p.lat};
    return bbox_intersects_globe(b, &point);
}

// Shifting by 360 rounded the longitude when it lies far from the antimeridian: give that back.
static double unshift(double lon) {
    double back = lon - 360.0;
    return fabs(back) < 128.0 ? back + 0x1p-43 : back;
}

size_t bbox_split(const struct bbox *b, struct bbox pieces[3]) {
    if (b->max_lon - b->min_lon >= 360.0) {
        pieces[0] = (struct bbox){-180.0, b->min_lat, 180.0, b->max_lat};
        return 1;
    }
    size_t n = 0;
    pieces[n++] = (struct bbox){b->min_lon, b->min_lat, fmin(b->max_lon, 180.0), b->max_lat};
    // Reaching 180 also means touching -180, which a piece of no width at least stands for.
    if (b->max_lon >= 180.0) {
        pieces[n++] = (struct bbox){-180.0, b->min_lat, unshift(b->max_lon), b->max_lat};
    }
    if (b->min_lon <= -180.0) {
        pieces[n++] = (struct bbox){180.0, b->min_lat, 180.0, b->max_lat};
    }
    return n;
}
