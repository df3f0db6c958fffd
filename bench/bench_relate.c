// bench_relate.c - boxes, lines and areas against large prepared polygons, with GEOS beside us in the same run.
//
//   bench_relate DIR        DIR holds polys.{off,xy} of the peer harness
//
// Each question is put to a polygon at random, at a place on or near its boundary. CPU ns per question, best of
// PASSES, how many are answered yes, and how many otherwise than by GEOS (of valid polygons: a third of these rings
// touch or cross themselves, which means something else there); GEOS (prepared) is loaded at run time when it is there.

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rand.h"
#include "geo/relate.h"
#include "geo/wkb.h"

#define SEED 20260102
#define PASSES 3
#define QUESTIONS 20000
#define POLYGONS 1000

struct geos {
    void *(*init)(void);
    void *(*reader)(void *);
    void *(*read)(void *, void *, const unsigned char *, size_t);
    const void *(*prepare)(void *, const void *);
    char (*intersects)(void *, const void *, const void *);
    char (*covers)(void *, const void *, const void *);
    char (*is_valid)(void *, const void *);
    void *context, *wkb_reader;
};

struct question {
    size_t polygon;
    struct geometry *g;
    struct bbox box;
    void *geos;
};

enum what { BOX_INTERSECTS, BOX_WITHIN, INTERSECTS, WITHIN };

static struct geometry *polygons[POLYGONS];
static const void *prepared[POLYGONS];
static void *in_geos[POLYGONS];
static size_t polygon_count;
static struct question asked[QUESTIONS];
static struct geos geos;
static bool has_geos;

static void *load(const char *dir, const char *name, size_t size, size_t *count) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    fseek(f, 0, SEEK_END);
    *count = (size_t)ftell(f) / size;
    rewind(f);
    void *data = malloc(*count * size);
    if (!data || fread(data, size, *count, f) != *count) exit(1);
    fclose(f);
    return data;
}

static struct geometry *build(enum geometry_type type, const struct point *xy, size_t count) {
    uint32_t end = (uint32_t)count;
    uint8_t start = 1;
    struct geometry_parts parts = {.type = type,
                                   .points = xy,
                                   .point_count = count,
                                   .part_ends = &end,
                                   .polygon_start = &start,
                                   .part_count = 1,
                                   .literal = true};
    struct geometry *g = NULL;
    struct reason why;
    if (geometry_new(&parts, &GEOMETRY_LIMITS_IMPORT, &g, &why) != STATUS_OK) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    return g;
}

static bool load_geos(void) {
    static const char *const names[] = {
        "GEOS_init_r",   "GEOSWKBReader_create_r",   "GEOSWKBReader_read_r",
        "GEOSPrepare_r", "GEOSPreparedIntersects_r", "GEOSPreparedCovers_r",
        "GEOSisValid_r"};
    void *library = dlopen("libgeos_c.so.1", RTLD_NOW);
    for (size_t i = 0; library && i < sizeof names / sizeof names[0]; i++) {
        void *symbol = dlsym(library, names[i]);
        if (!symbol) return false;
        memcpy((char *)&geos + i * sizeof symbol, &symbol, sizeof symbol);
    }
    if (!library) return false;
    geos.context = geos.init();
    geos.wkb_reader = geos.reader(geos.context);
    return true;
}

static void *to_geos(const struct geometry *g) {
    struct buf b;
    buf_init(&b);
    wkb_write(g, &b);
    void *out = geos.read(geos.context, geos.wkb_reader, (unsigned char *)b.data, b.len);
    buf_deinit(&b);
    return out;
}

static void load_polygons(const char *dir) {
    size_t count, points;
    uint64_t *off = load(dir, "polys.off", sizeof *off, &count);
    struct point *xy = load(dir, "polys.xy", sizeof *xy, &points);
    for (size_t i = 0; i + 1 < count && polygon_count < POLYGONS; i++) {
        bool fits = true;
        for (uint64_t k = off[i]; k < off[i + 1]; k++) {
            fits &= xy[k].lon >= -180;
        }
        if (!fits) continue;
        struct geometry *g = build(GEOMETRY_POLYGON, xy + off[i], off[i + 1] - off[i]);
        geometry_prepare(g);
        if (has_geos) {
            in_geos[polygon_count] = to_geos(g);
            prepared[polygon_count] = geos.prepare(geos.context, in_geos[polygon_count]);
        }
        polygons[polygon_count++] = g;
    }
    free(off);
    free(xy);
}

// A place within `reach` of a vertex of the polygon.
static struct point place_near(struct rand *r, const struct geometry *g, double reach) {
    struct point p = geometry_points(g)[rand_below(r, geometry_point_count(g))];
    p.lon += rand_range(r, -reach, reach);
    p.lat += rand_range(r, -reach, reach);
    p.lon = fmin(fmax(p.lon, -179), 400);
    p.lat = fmin(fmax(p.lat, -89), 89);
    return p;
}

static size_t draw(struct rand *r, struct point *xy, struct point at, double size, int corners) {
    size_t n = corners < 0 ? (size_t)-corners : (size_t)corners;
    for (size_t i = 0; i < n; i++) {
        if (corners < 0) { // a way
            xy[i] = at;
            at.lon += rand_range(r, -size, size) / 4;
            at.lat += rand_range(r, -size, size) / 4;
        } else {
            double t = 2 * M_PI * (double)i / (double)n, radius = size * rand_range(r, 0.8, 1) / 2;
            xy[i] = (struct point){at.lon + radius * cos(t), at.lat + radius * sin(t)};
        }
        xy[i].lon = fmin(fmax(xy[i].lon, -180), 500);
        xy[i].lat = fmin(fmax(xy[i].lat, -90), 90);
    }
    if (corners > 0) xy[n++] = xy[0];
    return n;
}

// `share` of the polygon's size; corners < 0: a line of so many points; 0: a box.
static void make_questions(double share, int corners) {
    struct rand r;
    rand_init(&r, SEED);
    struct point xy[1024];
    for (size_t i = 0; i < QUESTIONS; i++) {
        struct question *q = &asked[i];
        q->polygon = rand_below(&r, polygon_count);
        const struct geometry *g = polygons[q->polygon];
        const struct bbox *own = geometry_bbox(g);
        double size = share * (own->max_lat - own->min_lat);
        struct point at = place_near(&r, g, size * 2);
        q->box = (struct bbox){at.lon - size / 2, fmax(at.lat - size / 2, -90), at.lon + size / 2,
                               fmin(at.lat + size / 2, 90)};
        geometry_unref(q->g);
        if (corners == 0) {
            if (geometry_new_bbox(&q->box, &q->g) != STATUS_OK) exit(1);
        } else {
            size_t n = draw(&r, xy, at, size, corners);
            q->g = build(corners < 0 ? GEOMETRY_LINESTRING : GEOMETRY_POLYGON, xy, n);
        }
        q->geos = has_geos ? to_geos(q->g) : NULL; // never freed: a bench ends
    }
}

static bool ours(const struct question *q, enum what what) {
    const struct geometry *g = polygons[q->polygon];
    switch (what) {
    case BOX_INTERSECTS: return relate_intersects_bbox(g, &q->box);
    case BOX_WITHIN: return relate_within(q->g, g);
    case INTERSECTS: return relate_intersects(g, q->g);
    case WITHIN: return relate_within(q->g, g);
    }
    return false;
}

static bool theirs(const struct question *q, enum what what) {
    const void *g = prepared[q->polygon];
    return what == BOX_INTERSECTS || what == INTERSECTS
               ? geos.intersects(geos.context, g, q->geos) == 1
               : geos.covers(geos.context, g, q->geos) == 1;
}

static double ask(bool (*answer)(const struct question *, enum what), enum what what, long *yes) {
    double best = INFINITY;
    for (int pass = 0; pass < PASSES; pass++) {
        *yes = 0;
        uint64_t start = clock_thread_cpu_ns();
        for (size_t i = 0; i < QUESTIONS; i++) {
            *yes += answer(&asked[i], what);
        }
        best = fmin(best, (double)(clock_thread_cpu_ns() - start));
    }
    return best / QUESTIONS;
}

static void compare(const char *name, enum what what) {
    long yes, their_yes = 0, differ = 0;
    double ns = ask(ours, what, &yes), their_ns = 0;
    if (has_geos) {
        their_ns = ask(theirs, what, &their_yes);
        for (size_t i = 0; i < QUESTIONS; i++) {
            const struct question *q = &asked[i];
            if (ours(q, what) == theirs(q, what)) continue;
            differ += geos.is_valid(geos.context, in_geos[q->polygon]) == 1;
        }
    }
    printf("%-36s %10.0f ns   GEOS %10.0f ns  %6.1fx  yes %5ld  differ %ld\n", name, ns, their_ns,
           their_ns / ns, yes, differ);
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: bench_relate DIR\n");
        return 2;
    }
    has_geos = load_geos();
    load_polygons(argv[1]);
    static const double shares[] = {0.001, 0.02, 0.3};
    static const char *const sizes[] = {"0.1 %", "2 %", "30 %"};
    for (int i = 0; i < 3; i++) {
        char name[64];
        make_questions(shares[i], 0);
        snprintf(name, sizeof name, "box of %s intersects", sizes[i]);
        compare(name, BOX_INTERSECTS);
        snprintf(name, sizeof name, "box of %s within", sizes[i]);
        compare(name, BOX_WITHIN);
        make_questions(shares[i], -8);
        snprintf(name, sizeof name, "line of %s intersects", sizes[i]);
        compare(name, INTERSECTS);
        snprintf(name, sizeof name, "line of %s within", sizes[i]);
        compare(name, WITHIN);
        make_questions(shares[i], 100);
        snprintf(name, sizeof name, "area of %s intersects", sizes[i]);
        compare(name, INTERSECTS);
        snprintf(name, sizeof name, "area of %s within", sizes[i]);
        compare(name, WITHIN);
    }
    return 0;
}
