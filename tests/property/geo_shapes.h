// geo_shapes.h - random geometries for the property tests, and GEOS's view of them.

#ifndef TESTS_PROPERTY_GEO_SHAPES_H
#define TESTS_PROPERTY_GEO_SHAPES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <geos_c.h>

#include "base/clock.h"
#include "base/rand.h"
#include "geo/geometry.h"
#include "geo/wkb.h"

#define SHAPE_MAX_POINTS 1024
#define SHAPE_MAX_PARTS 16

/// Where coordinates come from.
enum grain {
    GRAIN_GRID,      // small whole numbers: touching, collinear, equal
    GRAIN_RANDOM,    // doubles
    GRAIN_CLUSTERED, // doubles around a few centres
    GRAIN_COLLINEAR, // on a few lines through the origin, in eighths: GEOS's arithmetic is exact there
    GRAIN_COUNT
};

struct draft {
    enum geometry_type type;
    struct point points[SHAPE_MAX_POINTS];
    size_t count;
    uint32_t ends[SHAPE_MAX_PARTS];
    uint8_t starts[SHAPE_MAX_PARTS];
    size_t parts;
};

static const char *const grain_names[] = {"grid", "random", "clustered", "collinear"};

static inline uint64_t test_seed(void) {
    const char *text = getenv("WARP_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)clock_wall_ms();
    print_message("seed %llu (WARP_TEST_SEED)\n", (unsigned long long)seed);
    return seed;
}

static inline long test_rounds(long usual) {
    const char *text = getenv("WARP_TEST_ROUNDS");
    return text ? atol(text) : usual;
}

static inline struct point shape_point(struct rand *r, enum grain grain, int size) {
    struct point p;
    switch (grain) {
    case GRAIN_GRID:
        return (struct point){(double)rand_below(r, (uint64_t)size + 1),
                              (double)rand_below(r, (uint64_t)size + 1)};
    case GRAIN_RANDOM: return (struct point){rand_range(r, 0, size), rand_range(r, 0, size)};
    case GRAIN_CLUSTERED:
        p = (struct point){(double)rand_below(r, 3), (double)rand_below(r, 3)};
        p.lon += rand_range(r, 0, 1e-6);
        p.lat += rand_range(r, 0, 1e-6);
        return p;
    default: {
        double t = (double)rand_below(r, 64) / 8.0;
        double slope = (double)rand_below(r, 3) / 4.0;
        return (struct point){t, t * slope};
    }
    }
}

static inline void draft_end(struct draft *d, bool starts) {
    d->starts[d->parts] = starts;
    d->ends[d->parts++] = (uint32_t)d->count;
}

/// A ring that is often simple: points in order of their angle around their middle, or a triangle, or a box.
static inline void draft_ring(struct draft *d, struct rand *r, enum grain grain, int size,
                              bool starts) {
    size_t begin = d->count, n = 3 + rand_below(r, 6);
    if (rand_below(r, 4) == 0) { // a box
        struct point a = shape_point(r, grain, size), b = shape_point(r, grain, size);
        struct point box[4] = {a, {b.lon, a.lat}, b, {a.lon, b.lat}};
        for (int i = 0; i < 4; i++) {
            d->points[d->count++] = box[i];
        }
    } else {
        struct point mid = {0, 0};
        for (size_t i = 0; i < n; i++) {
            struct point p = shape_point(r, grain, size);
            d->points[d->count++] = p;
            mid.lon += p.lon / (double)n;
            mid.lat += p.lat / (double)n;
        }
        for (size_t i = begin + 1; i < d->count; i++) { // insertion sort by angle
            struct point p = d->points[i];
            double angle = atan2(p.lat - mid.lat, p.lon - mid.lon);
            size_t at = i;
            while (at > begin && atan2(d->points[at - 1].lat - mid.lat,
                                       d->points[at - 1].lon - mid.lon) > angle) {
                d->points[at] = d->points[at - 1];
                at--;
            }
            d->points[at] = p;
        }
    }
    d->points[d->count] = d->points[begin];
    d->count++;
    draft_end(d, starts);
}

static inline void draft_polygon(struct draft *d, struct rand *r, enum grain grain, int size) {
    draft_ring(d, r, grain, size, true);
    if (rand_below(r, 3) == 0) draft_ring(d, r, grain, size, false);
}

static inline void draft_line(struct draft *d, struct rand *r, enum grain grain, int size) {
    size_t n = 2 + rand_below(r, 5);
    for (size_t i = 0; i < n; i++) {
        d->points[d->count++] = shape_point(r, grain, size);
    }
    draft_end(d, false);
}

static inline void draft_make(struct draft *d, struct rand *r, enum geometry_type type,
                              enum grain grain) {
    int size = 2 + (int)rand_below(r, 7);
    size_t members = 1 + rand_below(r, 3);
    d->type = type;
    d->count = d->parts = 0;
    switch (type) {
    case GEOMETRY_POINT: members = 1; // fall through
    case GEOMETRY_MULTIPOINT:
        for (size_t i = 0; i < members; i++) {
            d->points[d->count++] = shape_point(r, grain, size);
        }
        draft_end(d, false);
        return;
    case GEOMETRY_LINESTRING: members = 1; // fall through
    case GEOMETRY_MULTILINESTRING:
        for (size_t i = 0; i < members; i++) {
            draft_line(d, r, grain, size);
        }
        return;
    case GEOMETRY_POLYGON: members = 1; // fall through
    default:
        for (size_t i = 0; i < members; i++) {
            draft_polygon(d, r, grain, size);
        }
        return;
    }
}

enum build {
    BUILD_WRAPPED, // longitudes brought back to -180..180, to be unwrapped by geometry_new
    BUILD_LITERAL, // kept
};

/// Moved by `lon` and `lat`.
static inline struct geometry *draft_build(const struct draft *d, double lon, double lat,
                                           enum build build) {
    struct point points[SHAPE_MAX_POINTS];
    for (size_t i = 0; i < d->count; i++) {
        points[i] = (struct point){d->points[i].lon + lon, d->points[i].lat + lat};
        if (build == BUILD_WRAPPED && points[i].lon > 180.0) points[i].lon -= 360.0;
    }
    struct geometry_parts parts = {.type = d->type,
                                   .points = points,
                                   .point_count = d->count,
                                   .part_ends = d->ends,
                                   .polygon_start = d->starts,
                                   .part_count = d->parts,
                                   .literal = build == BUILD_LITERAL};
    struct geometry *g = NULL;
    assert_int_equal(geometry_new(&parts, &GEOMETRY_LIMITS_REST, &g, NULL), STATUS_OK);
    return g;
}

static inline GEOSGeometry *geos_from(GEOSContextHandle_t geos, const struct geometry *g) {
    struct buf b;
    buf_init(&b);
    wkb_write(g, &b);
    GEOSWKBReader *reader = GEOSWKBReader_create_r(geos);
    GEOSGeometry *out = GEOSWKBReader_read_r(geos, reader, (unsigned char *)b.data, b.len);
    GEOSWKBReader_destroy_r(geos, reader);
    buf_deinit(&b);
    assert_non_null(out);
    return out;
}

static inline void print_geos(GEOSContextHandle_t geos, const char *name, const GEOSGeometry *g) {
    GEOSWKTWriter *writer = GEOSWKTWriter_create_r(geos);
    GEOSWKTWriter_setTrim_r(geos, writer, 1);
    GEOSWKTWriter_setRoundingPrecision_r(geos, writer, 17);
    char *text = GEOSWKTWriter_write_r(geos, writer, g);
    print_message("%s %s\n", name, text);
    GEOSFree_r(geos, text);
    GEOSWKTWriter_destroy_r(geos, writer);
}

#endif
