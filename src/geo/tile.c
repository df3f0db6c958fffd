#include "geo/tile.h"

static double lon_of(double x);
static double lat_of(double y);

enum status tile_make(int64_t x, int64_t y, int64_t z, struct tile *out) {
    if (z < 0 || z > TILE_ZOOM_MAX) return STATUS_INVALID;
    int64_t side = (int64_t)1 << z;
    if (x < 0 || x >= side || y < 0 || y >= side) return STATUS_INVALID;
    *out = (struct tile){(uint32_t)x, (uint32_t)y, (unsigned)z};
    return STATUS_OK;
}

struct bbox tile_bbox(const struct tile *t) {
    double side = (double)(1u << t->z);
    uint32_t last = (1u << t->z) - 1;
    return (struct bbox){
        .min_lon = lon_of(t->x / side),
        .min_lat = t->y == last ? -TILE_LAT_MAX : lat_of((t->y + 1.0) / side),
        .max_lon = lon_of((t->x + 1.0) / side),
        .max_lat = t->y == 0 ? TILE_LAT_MAX : lat_of(t->y / side),
    };
}

struct bbox tile_bbox_margin(const struct tile *t, double margin) {
    double side = (double)(1u << t->z);
    struct bbox b = {
        .min_lon = lon_of((t->x - margin) / side),
        .min_lat = lat_of((t->y + 1.0 + margin) / side),
        .max_lon = lon_of((t->x + 1.0 + margin) / side),
        .max_lat = lat_of((t->y - margin) / side),
    };
    if (t->y == 0) b.max_lat = 90;
    if (t->y == (1u << t->z) - 1) b.min_lat = -90;
    return b;
}

struct tile tile_at(struct point p, unsigned z) {
    double side = (double)(1u << z), most = side - 1;
    double lon = remainder(p.lon, 360.0);
    struct tile_xy at = tile_project((struct point){lon, p.lat});
    double x = floor(at.x * side), y = floor(at.y * side);
    return (struct tile){(uint32_t)fmin(fmax(x, 0), most), (uint32_t)fmin(fmax(y, 0), most), z};
}

struct tile_xy tile_project(struct point p) {
    const double rad = M_PI / 180;
    double y = 0.5 - atanh(sin(p.lat * rad)) / (2 * M_PI);
    return (struct tile_xy){p.lon / 360 + 0.5, fmin(fmax(y, -3), 3)};
}

struct point tile_unproject(struct tile_xy at) {
    return (struct point){lon_of(at.x), lat_of(at.y)};
}

static double lon_of(double x) {
    return 360 * (x - 0.5);
}

// The inverse Gudermannian, in the form of Bing's article "Bing Maps Tile System".
static double lat_of(double y) {
    return 90 - 360 * atan(exp((y - 0.5) * 2 * M_PI)) / M_PI;
}
