// strips_form.h - how strips lie in memory, for strips.c, which reads them, and strips_build.c.
//
// One block: the header, a line of its own; count + 1 strips, the last one only for where its runs begin; runs.

#ifndef GEO_STRIPS_FORM_H
#define GEO_STRIPS_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "geo/point.h"

#define STRIPS_INTERVALS 7 // per strip; when there are more, the narrowest gaps are given up
#define STRIPS_X_MAX 65533 // quantised longitudes are 0 .. this
#define STRIPS_X_NONE 65535
#define STRIPS_RUN_BITS 25 // for the index of a run
#define STRIPS_POINT_BITS 26
#define STRIPS_RUN_EDGES 16

// bounds: lo, hi + 1, lo, hi + 1 .. of the intervals, ascending, less 2^15; unused ones STRIPS_X_NONE.
struct strip {
    int16_t bounds[2 * STRIPS_INTERVALS];
    uint32_t word; // bits 0-24: first run; bits 26-31: whether gaps 1 .. 6 are inside
};

// Up to STRIPS_RUN_EDGES successive edges of a ring that touch one strip. Sorted within the strip by `lo`.
//   bits 48-63 lo, 32-47 hi: longitudes within the strip    6-31 first edge    2-5 edges less one
//   bit 1: known, it begins and ends outside the strip      bit 0: flip, it crosses the strip's lower side
//   an odd number of times (and, when known, every latitude within)
typedef uint64_t strips_run;

struct strips {
    double min_lon, min_lat, max_lon, max_lat;
    double x_scale;     // quantised = floor((lon - min_lon) * x_scale)
    double strip_scale; // strip = floor((lat - min_lat) * strip_scale)
    const struct point *points;
    uint32_t count;
    uint32_t run_count;
    struct strip strips[];
};

static inline int strips_run_lo(strips_run r) {
    return (int)(r >> 48);
}
static inline int strips_run_hi(strips_run r) {
    return (int)(r >> 32 & 0xffff);
}
static inline uint32_t strips_run_first(strips_run r) {
    return (uint32_t)r >> 6;
}
static inline uint32_t strips_run_edges(strips_run r) {
    return ((uint32_t)r >> 2 & 15) + 1;
}
static inline bool strips_run_known(strips_run r) {
    return r & 2;
}
static inline bool strips_run_flip(strips_run r) {
    return r & 1;
}

static inline strips_run *strips_runs(const struct strips *s) {
    return (strips_run *)(uintptr_t)&s->strips[s->count + 1];
}
static inline uint32_t strips_first_run(const struct strip *t) {
    return t->word & ((1u << STRIPS_RUN_BITS) - 1);
}
/// Gaps 0 and 7 are outside always.
static inline bool strips_gap_inside(const struct strip *t, unsigned gap) {
    return (uint64_t)t->word >> (STRIPS_RUN_BITS + gap) & 1;
}
static inline int strips_bound(const struct strip *t, unsigned i) {
    return t->bounds[i] + 32768;
}

// Both maps never fall as their argument rises.
static inline uint32_t strips_at(const struct strips *s, double lat) {
    double strip = (lat - s->min_lat) * s->strip_scale;
    if (!(strip > 0)) return 0;
    return strip < s->count ? (uint32_t)strip : s->count - 1;
}
static inline int strips_x(const struct strips *s, double lon) {
    double x = (lon - s->min_lon) * s->x_scale;
    if (!(x > 0)) return 0;
    return x < STRIPS_X_MAX ? (int)x : STRIPS_X_MAX;
}

// More than all rounding in where an edge passes from strip to strip, for coordinates below 1000 degrees.
#define STRIPS_MARGIN_DEG 1e-12

struct strips_range {
    double lo, hi;
};

/// The longitudes of the edge a -> b, which touches the strip and is not level, within it; or a little more.
/// As `strip` rises both ends of the range move one way only.
static inline struct strips_range strips_clip(const struct strips *s, uint32_t strip,
                                              struct point a, struct point b) {
    double height = 1 / s->strip_scale;
    double low = s->min_lat + strip * height, high = s->min_lat + (strip + 1) * height;
    double slope = (b.lon - a.lon) / (b.lat - a.lat);
    double x0 = a.lon + (low - STRIPS_MARGIN_DEG - a.lat) * slope;
    double x1 = a.lon + (high + STRIPS_MARGIN_DEG - a.lat) * slope;
    double lo = (x0 < x1 ? x0 : x1) - STRIPS_MARGIN_DEG;
    double hi = (x0 < x1 ? x1 : x0) + STRIPS_MARGIN_DEG;
    double west = a.lon < b.lon ? a.lon : b.lon, east = a.lon < b.lon ? b.lon : a.lon;
    return (struct strips_range){lo > west ? (lo < east ? lo : east) : west,
                                 hi < east ? (hi > west ? hi : west) : east};
}

#endif
