#include "command/redis_cell.h"

#include <math.h>

#define STEPS 26 // bits of each coordinate
#define EARTH_RADIUS_M 6372797.560856

static uint32_t part_of(double v, double min, double max) {
    double cells = (v - min) / (max - min) * (double)(1u << STEPS);
    double last = (double)((1u << STEPS) - 1);
    return cells <= 0 ? 0 : (uint32_t)(cells < last ? cells : last);
}

static uint64_t spread(uint32_t v) {
    uint64_t out = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        out |= (uint64_t)(v >> i & 1) << (2 * i);
    }
    return out;
}

static uint32_t squeeze(uint64_t v) {
    uint32_t out = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        out |= (uint32_t)(v >> (2 * i) & 1) << i;
    }
    return out;
}

bool redis_cell_takes(struct point p) {
    return p.lon >= -180 && p.lon <= 180 && fabs(p.lat) <= REDIS_CELL_LAT_MAX;
}

uint64_t redis_cell_of(struct point p) {
    return spread(part_of(p.lat, -REDIS_CELL_LAT_MAX, REDIS_CELL_LAT_MAX)) |
           spread(part_of(p.lon, -180, 180)) << 1;
}

static double middle(uint32_t part, double min, double max) {
    double cells = (double)(1u << STEPS), width = max - min;
    double low = min + part / cells * width, high = min + (part + 1) / cells * width;
    return (low + high) / 2;
}

struct point redis_cell_point(uint64_t cell) {
    return (struct point){middle(squeeze(cell >> 1), -180, 180),
                          middle(squeeze(cell), -REDIS_CELL_LAT_MAX, REDIS_CELL_LAT_MAX)};
}

// The haversine formula.
double redis_cell_distance_m(struct point a, struct point b) {
    const double rad = M_PI / 180;
    double v = sin((b.lon * rad - a.lon * rad) / 2);
    if (v == 0) {
        return EARTH_RADIUS_M * fabs(b.lat * rad - a.lat * rad);
    }
    double u = sin((b.lat * rad - a.lat * rad) / 2);
    double h = u * u + cos(a.lat * rad) * cos(b.lat * rad) * v * v;
    return 2 * EARTH_RADIUS_M * asin(sqrt(h));
}

// 52 bits are 10 characters and 2 bits: the last one is always 0.
void redis_cell_text(struct point p, char out[12]) {
    static const char alphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    uint64_t bits = spread(part_of(p.lat, -90, 90)) | spread(part_of(p.lon, -180, 180)) << 1;
    for (unsigned i = 0; i < 10; i++) {
        out[i] = alphabet[bits >> (2 * STEPS - (i + 1) * 5) & 31];
    }
    out[10] = '0';
    out[11] = '\0';
}
