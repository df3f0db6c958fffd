// tile.h - tiles of the web map: z doublings of the world, x from the west, y from the north (XYZ, Web Mercator).

#ifndef GEO_TILE_H
#define GEO_TILE_H

#include <stdint.h>

#include "base/status.h"
#include "geo/bbox.h"

#define TILE_ZOOM_MAX 30
/// Where the square of Web Mercator ends, as Bing, Tile38 and others write it.
#define TILE_LAT_MAX 85.05112878

struct tile {
    uint32_t x, y;
    unsigned z;
};

/// z 0..TILE_ZOOM_MAX, x and y below 2^z: INVALID else. Whole numbers as they came, so of any size.
MUST_USE enum status tile_make(int64_t x, int64_t y, int64_t z, struct tile *out);
/// The edges of Tile38: they meet those of the neighbours exactly.
struct bbox tile_bbox(const struct tile *t);
/// With `margin` (a share of the tile's side) on all four sides: leaves -180..180 at the world's ends. At the
/// northern and southern end it reaches the pole.
struct bbox tile_bbox_margin(const struct tile *t, double margin);
/// The one that holds `p` (any longitude).
struct tile tile_at(struct point p, unsigned z);

struct tile_xy {
    double x, y; // of the world's square: 0..1 from the west and from the north
};
/// Web Mercator. Latitudes beyond TILE_LAT_MAX lie outside 0..1; the poles, at infinity, are cut at 3 worlds.
struct tile_xy tile_project(struct point p);
/// Back again.
struct point tile_unproject(struct tile_xy at);

#endif
