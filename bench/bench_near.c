// bench_near - the nearest and things with extent, on the workload files that every peer reads.
//
//   bench_near DIR [quadtree|rtree|geohash|rects|giants...]
//
// DIR holds uniform and city .pts and .kq, rects.box and rects.q: doubles, longitude before latitude.
// Thread CPU time, best of five passes over the same queries; hits are printed to be compared.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "index/index_make.h"

#define PASSES 5
#define K 10

struct workload {
    const char *name;
    struct point *points, *centres;
    size_t point_count, centre_count;
    struct index_box *boxes;
    uint32_t *items;
};

struct ten {
    struct distance_from from;
    const struct point *points;
    unsigned found;
    double best[K];
    uint64_t looked_at;
};

static struct places places;

static void *must(void *p) {
    if (p) return p;
    fprintf(stderr, "out of memory\n");
    exit(1);
}

static void must_ok(enum status st) {
    if (st == STATUS_OK) return;
    fprintf(stderr, "%s\n", status_text(st));
    exit(1);
}

static void *file_load(const char *dir, const char *set, const char *what, size_t size,
                       size_t *count) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.%s", dir, set, what);
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    fseek(f, 0, SEEK_END);
    *count = (size_t)ftell(f) / size;
    rewind(f);
    void *all = must(mem_alloc(*count * size));
    if (fread(all, size, *count, f) != *count) exit(1);
    fclose(f);
    return all;
}

static void report(const char *who, const char *set, const char *what, double ns, double check) {
    printf("%-9s %-8s %-10s %9.1f ns   %.6g\n", who, set, what, ns, check);
    fflush(stdout);
}

static double take_near(void *ctx, const uint32_t *items, size_t count, double bound) {
    struct ten *t = ctx;
    (void)bound;
    t->looked_at += count;
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(&t->points[items[i]]);
    for (size_t i = 0; i < count; i++) {
        double hav = distance_hav(&t->from, t->points[items[i]]);
        if (t->found == K && hav >= t->best[K - 1]) continue;
        unsigned at = t->found < K ? t->found++ : K - 1;
        for (; at > 0 && t->best[at - 1] > hav; at--)
            t->best[at] = t->best[at - 1];
        t->best[at] = hav;
    }
    return t->found < K ? INFINITY : t->best[K - 1];
}

static bool take_hits(void *ctx, const uint32_t *items, size_t count, bool sure) {
    (void)items;
    (void)sure;
    *(uint64_t *)ctx += count;
    return true;
}

static void bench_nearest(const struct index *ix, const struct workload *w) {
    uint64_t best = UINT64_MAX, looked_at = 0;
    struct index_cost cost = {0};
    double far = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        uint64_t start = clock_thread_cpu_ns();
        far = 0;
        looked_at = 0;
        cost = (struct index_cost){0};
        for (size_t i = 0; i < w->centre_count; i++) {
            struct ten t = {.points = w->points, .from = distance_from(w->centres[i])};
            index_nearest(ix, &t.from, K, INFINITY, take_near, &t, &cost);
            far += distance_hav_to_m(t.best[K - 1]);
            looked_at += t.looked_at;
        }
        uint64_t took = clock_thread_cpu_ns() - start;
        if (took < best) best = took;
    }
    double n = (double)w->centre_count;
    report(ix->ops->name, w->name, "nearest10", (double)best / n, far);
    printf("          %.2f items, %.2f nodes looked at\n", (double)looked_at / n,
           (double)cost.nodes / n);
}

static struct workload points_load(const char *dir, const char *name) {
    struct workload w = {.name = name};
    w.points = file_load(dir, name, "pts", sizeof(struct point), &w.point_count);
    w.centres = file_load(dir, name, "kq", sizeof(struct point), &w.centre_count);
    w.boxes = must(mem_alloc(w.point_count * sizeof *w.boxes));
    w.items = must(mem_alloc(w.point_count * sizeof *w.items));
    for (size_t i = 0; i < w.point_count; i++) {
        struct bbox b = {w.points[i].lon, w.points[i].lat, w.points[i].lon, w.points[i].lat};
        w.boxes[i] = index_box_of(&b);
        w.items[i] = (uint32_t)i;
    }
    return w;
}

static void workload_free(struct workload *w) {
    mem_free(w->points);
    mem_free(w->centres);
    mem_free(w->boxes);
    mem_free(w->items);
}

static void bench_points(const char *dir, const char *set, enum index_kind kind) {
    struct workload w = points_load(dir, set);
    struct index *ix = NULL;
    must_ok(index_make(kind, &places, &ix));
    uint64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < w.point_count; i++)
        must_ok(index_insert(ix, &w.boxes[i], w.items[i]));
    report(ix->ops->name, set, "insert",
           (double)(clock_thread_cpu_ns() - start) / (double)w.point_count,
           (double)index_bytes(ix) / (double)w.point_count);
    bench_nearest(ix, &w);
    index_free(ix);
    workload_free(&w);
}

static void bench_boxes(const struct index *ix, const char *set, const struct index_box *queries,
                        size_t count) {
    uint64_t best = UINT64_MAX, hits = 0;
    struct index_cost cost = {0};
    for (int pass = 0; pass < PASSES; pass++) {
        hits = 0;
        cost = (struct index_cost){0};
        uint64_t start = clock_thread_cpu_ns();
        for (size_t i = 0; i < count; i++)
            index_search(ix, &queries[i], take_hits, &hits, &cost);
        uint64_t took = clock_thread_cpu_ns() - start;
        if (took < best) best = took;
    }
    report(ix->ops->name, set, "bbox2km", (double)best / (double)count,
           (double)hits / (double)count);
    printf("          %.2f nodes looked at\n", (double)cost.nodes / (double)count);
}

static struct index_box *boxes_load(const char *dir, const char *what, size_t *count) {
    struct bbox *all = file_load(dir, "rects", what, sizeof *all, count);
    struct index_box *out = must(mem_alloc(*count * sizeof *out));
    for (size_t i = 0; i < *count; i++)
        out[i] = index_box_of(&all[i]);
    mem_free(all);
    return out;
}

/// With `giants` one in a thousand is as large as the world.
static void bench_rects(const char *dir, const char *set, bool giants) {
    size_t count, query_count;
    struct index_box *boxes = boxes_load(dir, "box", &count);
    for (size_t i = 0; i < count && giants; i += 1000)
        boxes[i] = (struct index_box){-1790000000 + (int32_t)i, -890000000, 1790000000, 890000000};
    struct index_box *queries = boxes_load(dir, "q", &query_count);
    uint32_t *items = must(mem_alloc(count * sizeof *items));
    for (size_t i = 0; i < count; i++)
        items[i] = (uint32_t)i;
    for (int packed = 0; packed < 2; packed++) {
        struct index *ix = NULL;
        must_ok(index_make(INDEX_RTREE, &places, &ix));
        uint64_t start = clock_thread_cpu_ns();
        if (packed) {
            must_ok(index_bulk_load(ix, boxes, items, count));
        } else {
            for (size_t i = 0; i < count; i++)
                must_ok(index_insert(ix, &boxes[i], items[i]));
        }
        report(ix->ops->name, set, packed ? "bulk" : "insert",
               (double)(clock_thread_cpu_ns() - start) / (double)count,
               (double)index_bytes(ix) / (double)count);
        bench_boxes(ix, set, queries, query_count);
        index_free(ix);
    }
    mem_free(boxes);
    mem_free(queries);
    mem_free(items);
}

static bool wanted(int argc, char **argv, const char *name) {
    bool found = argc == 2;
    for (int i = 2; i < argc; i++)
        found |= strcmp(argv[i], name) == 0;
    return found;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "bench_near DIR [quadtree|rtree|geohash|rects|giants...]\n");
        return 2;
    }
    places_init(&places);
    for (uint32_t i = 0; i < 1000000; i++)
        must_ok(places_grow(&places, i));
    for (enum index_kind kind = INDEX_QUADTREE; kind <= INDEX_GEOHASH; kind++) {
        if (!wanted(argc, argv, index_kind_name(kind))) continue;
        bench_points(argv[1], "uniform", kind);
        bench_points(argv[1], "city", kind);
    }
    if (wanted(argc, argv, "rects")) bench_rects(argv[1], "rects", false);
    if (wanted(argc, argv, "giants")) bench_rects(argv[1], "giants", true);
    places_deinit(&places);
    return 0;
}
