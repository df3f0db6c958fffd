// bench_geo.c - point in polygon, distances and formats, CPU ns per operation.
//
//   bench_geo [countries.geojson | countries.geojson.gz]
//
// One GeoJSON feature a line, as the Natural Earth countries are kept. GEOS is loaded at run time, when it is
// there, and asked the same questions of the same ring in the same run.

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/rand.h"
#include "geo/distance.h"
#include "geo/geojson.h"
#include "geo/relate.h"
#include "geo/strips.h"
#include "geo/wkb.h"

#define SEED 20260101
#define POINTS 65536
#define ROUNDS 40

static struct point points[POINTS];
static volatile double sink; // keeps results alive

static void report(const char *name, uint64_t ns, uint64_t ops) {
    printf("%-44s %10.1f ns/op %12.3f M/s\n", name, (double)ns / (double)ops,
           (double)ops * 1e3 / (double)ns);
}

static void fill_points(const struct bbox *box) {
    struct rand r;
    rand_init(&r, SEED);
    for (int i = 0; i < POINTS; i++) {
        points[i] = (struct point){rand_range(&r, box->min_lon, box->max_lon),
                                   rand_range(&r, box->min_lat, box->max_lat)};
    }
}

static void bench_distances(void) {
    struct bbox world = BBOX_WORLD;
    fill_points(&world);
    double sum = 0;
    uint64_t start = clock_thread_cpu_ns();
    for (int i = 0; i + 1 < POINTS; i++) {
        sum += distance_haversine_m(points[i], points[i + 1]);
    }
    report("haversine", clock_thread_cpu_ns() - start, POINTS - 1);

    struct distance_from from = distance_from(points[0]);
    start = clock_thread_cpu_ns();
    for (int i = 0; i < POINTS; i++) {
        sum += distance_hav(&from, points[i]);
    }
    report("hav from a prepared centre", clock_thread_cpu_ns() - start, POINTS);

    struct point near[1024];
    for (int i = 0; i < 1024; i++) {
        near[i] =
            (struct point){from.p.lon + (points[i].lon) / 180, from.p.lat + points[i].lat / 90};
    }
    double limit = distance_m_to_hav(50000);
    start = clock_thread_cpu_ns();
    for (int i = 0; i < POINTS; i++) {
        sum += distance_hav(&from, near[i % 1024]) <= limit;
    }
    report("within 50 km of a centre, by hav", clock_thread_cpu_ns() - start, POINTS);

    start = clock_thread_cpu_ns();
    for (int i = 0; i < POINTS; i++) {
        struct bbox box = {points[i].lon, points[i].lat, points[i].lon + 1, points[i].lat + 1};
        sum += distance_hav_to_bbox(&from, &box);
    }
    report("hav to a box", clock_thread_cpu_ns() - start, POINTS);

    start = clock_thread_cpu_ns();
    for (int i = 0; i + 1 < POINTS; i++) {
        sum += distance_geodesic_m(points[i], points[i + 1]);
    }
    report("geodesic", clock_thread_cpu_ns() - start, POINTS - 1);
    sink = sum;
}

static void bench_point_json(void) {
    static const char text[] = "{\"type\":\"Point\",\"coordinates\":[-122.4194155,37.7749295]}";
    yyjson_doc *doc = yyjson_read(text, sizeof text - 1, 0);
    struct point p;
    double z, sum = 0;
    bool has_z;
    uint64_t start = clock_thread_cpu_ns();
    for (int i = 0; i < POINTS * 10; i++) {
        if (geojson_parse_point(yyjson_doc_get_root(doc), &p, &z, &has_z)) sum += p.lon;
    }
    report("GeoJSON point from a parsed document", clock_thread_cpu_ns() - start, POINTS * 10);
    start = clock_thread_cpu_ns();
    for (int i = 0; i < POINTS * 10; i++) {
        yyjson_doc *d = yyjson_read(text, sizeof text - 1, 0);
        if (geojson_parse_point(yyjson_doc_get_root(d), &p, &z, &has_z)) sum += p.lon;
        yyjson_doc_free(d);
    }
    report("GeoJSON point from text", clock_thread_cpu_ns() - start, POINTS * 10);
    struct buf b;
    buf_init(&b);
    start = clock_thread_cpu_ns();
    for (int i = 0; i < POINTS * 10; i++) {
        buf_clear(&b);
        geojson_write_point(points[i % POINTS], 0, false, &b);
    }
    report("GeoJSON point written", clock_thread_cpu_ns() - start, POINTS * 10);
    buf_deinit(&b);
    yyjson_doc_free(doc);
    sink = sum;
}

// --- the countries ---

static char *read_all(const char *path, size_t *len) {
    gzFile f = gzopen(path, "rb");
    if (!f) return NULL;
    size_t cap = 1 << 20;
    char *text = malloc(cap);
    *len = 0;
    for (int n; text && (n = gzread(f, text + *len, (unsigned)(cap - *len))) > 0;) {
        *len += (size_t)n;
        if (*len == cap) text = realloc(text, cap *= 2);
    }
    gzclose(f);
    return text;
}

struct country_list {
    struct geometry *list[1024];
    size_t count;
};

static void parse_countries(const char *text, size_t len, struct country_list *out) {
    uint64_t json_ns = 0, geo_ns = 0, vertices = 0;
    for (const char *line = text; line < text + len && out->count < 1024;) {
        const char *end = memchr(line, '\n', (size_t)(text + len - line));
        if (!end) end = text + len;
        uint64_t start = clock_thread_cpu_ns();
        yyjson_doc *doc = yyjson_read(line, (size_t)(end - line),
                                      YYJSON_READ_STOP_WHEN_DONE); // a comma may follow
        uint64_t middle = clock_thread_cpu_ns();
        yyjson_val *g = yyjson_obj_get(yyjson_doc_get_root(doc), "geometry");
        struct reason why = {"", ""};
        enum status st = STATUS_OK;
        if (g) {
            st = geojson_parse(g, &GEOMETRY_LIMITS_IMPORT, &out->list[out->count], &why);
            if (st == STATUS_OK) vertices += geometry_point_count(out->list[out->count++]);
        }
        geo_ns += clock_thread_cpu_ns() - middle;
        json_ns += middle - start;
        if (st != STATUS_OK) printf("%.60s: %s at %s\n", line, why.text, why.pointer);
        yyjson_doc_free(doc);
        line = end + 1;
    }
    printf("%zu countries, %llu vertices\n", out->count, (unsigned long long)vertices);
    report("countries: JSON to document, per vertex", json_ns, vertices);
    report("countries: document to geometry, per vertex", geo_ns, vertices);
    struct buf b;
    buf_init(&b);
    uint64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < out->count; i++) {
        geojson_write(out->list[i], &b);
    }
    report("countries: GeoJSON written, per vertex", clock_thread_cpu_ns() - start, vertices);
    buf_clear(&b);
    start = clock_thread_cpu_ns();
    for (size_t i = 0; i < out->count; i++) {
        wkb_write(out->list[i], &b);
    }
    report("countries: WKB written, per vertex", clock_thread_cpu_ns() - start, vertices);
    buf_deinit(&b);
}

// The ring whose size is nearest to 5,000 vertices, as a polygon of its own.
static struct geometry *pick_ring(const struct country_list *c) {
    const struct point *best = NULL;
    size_t best_count = 0;
    for (size_t i = 0; i < c->count; i++) {
        for (size_t part = 0; part < geometry_part_count(c->list[i]); part++) {
            size_t n;
            const struct point *p = geometry_part(c->list[i], part, &n, NULL);
            if (labs((long)n - 5000) < labs((long)best_count - 5000)) {
                best = p;
                best_count = n;
            }
        }
    }
    uint32_t end = (uint32_t)best_count;
    uint8_t start = 1;
    struct geometry_parts parts = {.type = GEOMETRY_POLYGON,
                                   .points = best,
                                   .point_count = best_count,
                                   .part_ends = &end,
                                   .polygon_start = &start,
                                   .part_count = 1,
                                   .literal = true};
    struct geometry *g = NULL;
    return geometry_new(&parts, &GEOMETRY_LIMITS_IMPORT, &g, NULL) == STATUS_OK ? g : NULL;
}

static void bench_ring(const struct geometry *g) {
    uint64_t start = clock_thread_cpu_ns();
    geometry_prepare(g);
    report("strips built, per vertex", clock_thread_cpu_ns() - start, geometry_point_count(g));
    const struct strips *s = geometry_strips(g);
    printf("ring of %zu vertices, strips %zu bytes\n", geometry_point_count(g), strips_bytes(s));
    fill_points(geometry_bbox(g));
    long inside = 0;
    start = clock_thread_cpu_ns();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < POINTS; i++) {
            inside += strips_locate(s, points[i]) >= 0;
        }
    }
    report("point in ring: strips", clock_thread_cpu_ns() - start, (uint64_t)POINTS * ROUNDS);
    start = clock_thread_cpu_ns();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < POINTS; i++) {
            inside -= strips_locate_scalar(s, points[i]) >= 0;
        }
    }
    report("point in ring: strips, scalar twin", clock_thread_cpu_ns() - start,
           (uint64_t)POINTS * ROUNDS);
    if (inside != 0) printf("the twins differ\n");
    start = clock_thread_cpu_ns();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < POINTS; i++) {
            inside += relate_intersects_point(g, points[i]);
        }
    }
    report("point in ring: relate_intersects_point", clock_thread_cpu_ns() - start,
           (uint64_t)POINTS * ROUNDS);
    double sum = (double)inside;
    start = clock_thread_cpu_ns();
    for (int i = 0; i < 1000; i++) {
        sum += distance_to_geometry_m(EARTH_SPHERE, points[i], g);
    }
    report("distance to ring, sphere", clock_thread_cpu_ns() - start, 1000);
    start = clock_thread_cpu_ns();
    for (int i = 0; i < 1000; i++) {
        sum += distance_to_geometry_m(EARTH_ELLIPSOID, points[i], g);
    }
    report("distance to ring, ellipsoid", clock_thread_cpu_ns() - start, 1000);
    sum += relate_within(g, g);
    start = clock_thread_cpu_ns();
    sum += relate_within(g, g);
    report("ring within itself", clock_thread_cpu_ns() - start, 1);
    sink = sum;
}

// --- GEOS, through the few functions that are needed ---

struct geos {
    void *(*init)(void);
    void *(*reader)(void *);
    void *(*read)(void *, void *, const unsigned char *, size_t);
    const void *(*prepare)(void *, const void *);
    void *(*point)(void *, double, double);
    char (*intersects)(void *, const void *, const void *);
    void (*destroy)(void *, void *);
};

static bool load_geos(struct geos *geos) {
    static const char *const names[] = {
        "GEOS_init_r",       "GEOSWKBReader_create_r",       "GEOSWKBReader_read_r",
        "GEOSPrepare_r",     "GEOSGeom_createPointFromXY_r", "GEOSPreparedIntersects_r",
        "GEOSGeom_destroy_r"};
    void *library = dlopen("libgeos_c.so.1", RTLD_NOW);
    for (size_t i = 0; library && i < sizeof names / sizeof names[0]; i++) {
        void *symbol = dlsym(library, names[i]);
        if (!symbol) return false;
        memcpy((char *)geos + i * sizeof symbol, &symbol, sizeof symbol);
    }
    return library != NULL;
}

static void bench_geos(const struct geometry *g) {
    struct geos geos;
    if (!load_geos(&geos)) {
        printf("GEOS is not installed\n");
        return;
    }
    void *context = geos.init();
    struct buf b;
    buf_init(&b);
    wkb_write(g, &b);
    void *ring = geos.read(context, geos.reader(context), (unsigned char *)b.data, b.len);
    const void *prepared = geos.prepare(context, ring);
    static void *asked[POINTS];
    for (int i = 0; i < POINTS; i++) {
        asked[i] = geos.point(context, points[i].lon, points[i].lat);
    }
    long differ = 0;
    for (int i = 0; i < POINTS; i++) {
        differ +=
            relate_intersects_point(g, points[i]) != geos.intersects(context, prepared, asked[i]);
    }
    uint64_t start = clock_thread_cpu_ns();
    long inside = 0;
    for (int i = 0; i < POINTS; i++) {
        inside += geos.intersects(context, prepared, asked[i]);
    }
    report("point in ring: GEOS, prepared", clock_thread_cpu_ns() - start, POINTS);
    printf("%ld of %d points inside, %ld answers differ from GEOS\n", inside, POINTS, differ);
    for (int i = 0; i < POINTS; i++) {
        geos.destroy(context, asked[i]);
    }
    buf_deinit(&b);
}

int main(int argc, char **argv) {
    printf("seed %d\n", SEED);
    bench_distances();
    bench_point_json();
    if (argc < 2) return 0;
    size_t len;
    char *text = read_all(argv[1], &len);
    if (!text) {
        fprintf(stderr, "bench_geo: cannot read %s\n", argv[1]);
        return 1;
    }
    static struct country_list countries;
    parse_countries(text, len, &countries);
    struct geometry *ring = pick_ring(&countries);
    if (ring && geometry_point_count(ring) > 1000) {
        bench_ring(ring);
        bench_geos(ring);
    }
    geometry_unref(ring);
    for (size_t i = 0; i < countries.count; i++) {
        geometry_unref(countries.list[i]);
    }
    free(text);
    return 0;
}
