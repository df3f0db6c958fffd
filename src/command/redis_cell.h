// redis_cell.h - Redis' idea of a position: 52 bits, 26 of each coordinate, latitudes to 85.05 degrees; its sphere.

#ifndef COMMAND_REDIS_CELL_H
#define COMMAND_REDIS_CELL_H

#include "base/buf.h"
#include "geo/bbox.h"

#define REDIS_CELL_LAT_MAX 85.05112878

bool redis_cell_takes(struct point p);
/// The score; of a latitude that Redis does not take the nearest that it does.
uint64_t redis_cell_of(struct point p);
/// The middle of the cell.
struct point redis_cell_point(uint64_t cell);
/// Metres on Redis' earth.
double redis_cell_distance_m(struct point a, struct point b);
/// The 11 characters of GEOHASH.
void redis_cell_text(struct point p, char out[12]);

#endif
