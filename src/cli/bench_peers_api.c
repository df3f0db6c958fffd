// bench_peers_api.c - the same work through warp.h alone, one call after another: string ids, whole objects, no store.

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/bench_peers.h"
#include "cli/bench_peers_db.h"

struct api {
    struct bench_peers_db d;
    const struct bench_cloud *cloud;
    const struct bench_boxes *boxes; // being asked for
    uint64_t hits;
    struct point centre;
    double farthest_m, farthest_deg; // of this search
    double sum_m;
};

static void put_points(struct api *a);
static void reads(struct api *a);
static void move_line(struct api *a);

enum status bench_peers_api(struct bench_lines *lines, const struct bench_cloud *cloud,
                            struct reason *why) {
    struct api a = {.cloud = cloud};
    if (!bench_lines_wants(lines, "warp-api", cloud->name)) return STATUS_OK;
    enum status st = bench_peers_db_open(&a.d, lines, cloud->name, cloud->points.count, why);
    if (st != STATUS_OK) return st;
    put_points(&a);
    if (cloud->near.count > 0) reads(&a);
    move_line(&a);
    st = bench_peers_db_status(&a.d, why);
    bench_peers_db_close(&a.d);
    return st;
}

static void put_points(struct api *a) {
    const struct bench_points *points = &a->cloud->points;
    size_t before = mem_used();
    uint64_t began = clock_thread_cpu_ns();
    for (size_t i = 0; i < points->count && a->d.failed == WARP_OK; i++) {
        struct point p = points->at[i];
        bench_peers_db_note(&a->d, warp_put_point(a->d.s, NULL, a->d.ids[i], p.lon, p.lat, NULL));
    }
    double ns = (double)(clock_thread_cpu_ns() - began);
    bench_peers_db_line(&a->d, "insert", ns, points->count, (double)warp_count(a->d.s, NULL));
    double bytes = (double)(mem_used() - before) - (double)(points->count * BENCH_PEERS_DB_ID_LEN);
    bench_peers_db_line(&a->d, "bytes", bytes, points->count, 0);
}

static bool count_hit(void *ctx, const struct warp_hit *hit) {
    struct api *a = ctx;
    a->hits += hit->id != NULL;
    return true;
}

static void search_boxes(void *ctx) {
    struct api *a = ctx;
    a->hits = 0;
    for (size_t i = 0; i < a->boxes->count; i++) {
        const struct bbox *b = &a->boxes->at[i];
        bench_peers_db_note(&a->d, warp_bbox(a->d.s, NULL, b->min_lon, b->min_lat, b->max_lon,
                                             b->max_lat, count_hit, a));
    }
}

static void count_boxes(void *ctx) {
    struct api *a = ctx;
    a->hits = 0;
    for (size_t i = 0; i < a->boxes->count; i++) {
        const struct bbox *b = &a->boxes->at[i];
        uint64_t hits = 0;
        bench_peers_db_note(&a->d, warp_bbox_count(a->d.s, NULL, b->min_lon, b->min_lat, b->max_lon,
                                                   b->max_lat, &hits));
        a->hits += hits;
    }
}

static void box_line(struct api *a, const char *op, const struct bench_boxes *boxes,
                     bench_pass_fn *pass) {
    a->boxes = boxes;
    double ns = bench_lines_best_ns(pass, a);
    bench_peers_db_line(&a->d, op, ns, boxes->count, (double)a->hits / (double)boxes->count);
}

static void search_circles(void *ctx) {
    struct api *a = ctx;
    a->hits = 0;
    for (size_t i = 0; i < a->cloud->near.count; i++) {
        struct point c = a->cloud->near.at[i];
        bench_peers_db_note(&a->d, warp_nearby(a->d.s, NULL, c.lon, c.lat, BENCH_PEERS_RADIUS_M,
                                               10000, count_hit, a));
    }
}

static bool take_farthest(void *ctx, const struct warp_hit *hit) {
    struct api *a = ctx;
    a->farthest_m = hit->distance_m; // the nearest come first
    return true;
}

static void search_nearest(void *ctx) {
    struct api *a = ctx;
    a->sum_m = 0;
    for (size_t i = 0; i < a->cloud->near.count; i++) {
        struct point c = a->cloud->near.at[i];
        bench_peers_db_note(
            &a->d, warp_nearest(a->d.s, NULL, c.lon, c.lat, BENCH_PEERS_NEAREST, take_farthest, a));
        a->sum_m += a->farthest_m;
    }
}

static bool take_degrees(void *ctx, const struct warp_hit *hit) {
    struct api *a = ctx;
    double degrees = hypot(hit->lon - a->centre.lon, hit->lat - a->centre.lat);
    a->farthest_deg = fmax(a->farthest_deg, degrees);
    return true;
}

static double farthest_degrees(struct api *a) {
    double sum = 0;
    for (size_t i = 0; i < a->cloud->near.count; i++) {
        a->centre = a->cloud->near.at[i];
        a->farthest_deg = 0;
        bench_peers_db_note(&a->d, warp_nearest(a->d.s, NULL, a->centre.lon, a->centre.lat,
                                                BENCH_PEERS_NEAREST, take_degrees, a));
        sum += a->farthest_deg;
    }
    return sum;
}

static void near_lines(struct api *a) {
    size_t count = a->cloud->near.count;
    double ns = bench_lines_best_ns(search_circles, a);
    bench_peers_db_line(&a->d, "radius1km", ns, count, (double)a->hits / (double)count);
    ns = bench_lines_best_ns(search_nearest, a);
    bench_peers_db_line(&a->d, "knn10-sphere", ns, count, a->sum_m);
    bench_peers_db_line(&a->d, "knn10", ns, count, farthest_degrees(a));
}

static void get_all(void *ctx) {
    struct api *a = ctx;
    a->hits = 0;
    for (size_t i = 0; i < a->cloud->moves.count; i++) {
        struct warp_hit hit;
        enum warp_status st = warp_find(a->d.s, NULL, a->d.ids[a->cloud->moves.at[i].id], &hit);
        bench_peers_db_note(&a->d, st);
        a->hits += st == WARP_OK;
    }
}

static void get_all_json(void *ctx) {
    struct api *a = ctx;
    a->hits = 0;
    for (size_t i = 0; i < a->cloud->moves.count; i++) {
        const char *feature;
        enum warp_status st = warp_get(a->d.s, NULL, a->d.ids[a->cloud->moves.at[i].id], &feature);
        bench_peers_db_note(&a->d, st);
        a->hits += st == WARP_OK;
    }
}

/// Of the objects that move, before they do.
static void get_line(struct api *a, const char *op, bench_pass_fn *pass) {
    double ns = bench_lines_best_ns(pass, a);
    bench_peers_db_line(&a->d, op, ns, a->cloud->moves.count, (double)a->hits);
}

static void reads(struct api *a) {
    box_line(a, "bbox1", &a->cloud->q1, search_boxes);
    box_line(a, "bbox100", &a->cloud->q100, search_boxes);
    box_line(a, "bbox10k", &a->cloud->q10k, count_boxes);
    box_line(a, "bbox10k-visit", &a->cloud->q10k, search_boxes);
    near_lines(a);
    get_line(a, "get", get_all);
    get_line(a, "get-json", get_all_json);
}

static void move_line(struct api *a) {
    size_t count = a->cloud->moves.count;
    uint64_t began = clock_thread_cpu_ns();
    for (size_t i = 0; i < count && a->d.failed == WARP_OK; i++) {
        const struct bench_move *m = &a->cloud->moves.at[i];
        bench_peers_db_note(&a->d, warp_move(a->d.s, NULL, a->d.ids[m->id], m->to.lon, m->to.lat));
    }
    bench_peers_db_line(&a->d, "move", (double)(clock_thread_cpu_ns() - began), count,
                        (double)count);
}

// --- rectangles ---

static void put_rects(struct api *a, const struct bench_boxes *items) {
    char text[512];
    size_t before = mem_used();
    uint64_t ns = 0;
    for (size_t i = 0; i < items->count && a->d.failed == WARP_OK; i++) {
        const struct bbox *b = &items->at[i];
        snprintf(text, sizeof text,
                 "{\"type\":\"Polygon\",\"coordinates\":[[[%.7f,%.7f],[%.7f,%.7f],[%.7f,%.7f],"
                 "[%.7f,%.7f],[%.7f,%.7f]]]}",
                 b->min_lon, b->min_lat, b->max_lon, b->min_lat, b->max_lon, b->max_lat, b->min_lon,
                 b->max_lat, b->min_lon, b->min_lat);
        uint64_t began = clock_thread_cpu_ns();
        bench_peers_db_note(&a->d, warp_put(a->d.s, NULL, a->d.ids[i], text));
        ns += clock_thread_cpu_ns() - began;
    }
    bench_peers_db_line(&a->d, "insert-json", (double)ns, items->count,
                        (double)warp_count(a->d.s, NULL));
    double bytes = (double)(mem_used() - before) - (double)(items->count * BENCH_PEERS_DB_ID_LEN);
    bench_peers_db_line(&a->d, "bytes", bytes, items->count, 0);
}

enum status bench_peers_api_rects(struct bench_lines *lines, const struct bench_boxes *items,
                                  const struct bench_boxes *queries, struct reason *why) {
    struct api a = {0};
    if (!bench_lines_wants(lines, "warp-api", "rects")) return STATUS_OK;
    enum status st = bench_peers_db_open(&a.d, lines, "rects", items->count, why);
    if (st != STATUS_OK) return st;
    put_rects(&a, items);
    box_line(&a, "bbox2km", queries, search_boxes);
    st = bench_peers_db_status(&a.d, why);
    bench_peers_db_close(&a.d);
    return st;
}
