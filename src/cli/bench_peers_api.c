// bench_peers_api.c - the same work through warp.h alone: string ids, whole objects, no store.

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/bench_peers.h"
#include "warp.h"

#define NAME "warp-api"

enum { ID_LEN = 11, ID_SIZE = 12 };

struct api {
    struct bench_lines *lines;
    const char *set;
    const struct bench_cloud *cloud;
    struct warp *db;
    struct warp_session *s;
    char (*ids)[ID_SIZE];
    struct point *at;                // of the clouds' points, as stored
    const struct bench_boxes *boxes; // being asked for
    uint64_t hits;
    struct point centre;
    double farthest_m, farthest_deg; // of this search
    double sum_m, sum_deg;
    enum warp_status failed; // the first failure
};

static enum status api_open(struct api *a, size_t objects);
static void api_close(struct api *a);
static enum status api_status(const struct api *a, struct reason *why);
static void put_points(struct api *a);
static void box_line(struct api *a, const char *op, const struct bench_boxes *boxes);
static void near_lines(struct api *a);
static void get_line(struct api *a);
static void move_line(struct api *a);

enum status bench_peers_api(struct bench_lines *lines, const struct bench_cloud *cloud,
                            struct reason *why) {
    struct api a = {.lines = lines, .set = cloud->name, .cloud = cloud};
    if (!bench_lines_wants(lines, NAME, cloud->name)) return STATUS_OK;
    enum status st = api_open(&a, cloud->points.count);
    if (st == STATUS_OK) {
        put_points(&a);
        box_line(&a, "bbox1", &cloud->q1);
        box_line(&a, "bbox100", &cloud->q100);
        box_line(&a, "bbox10k", &cloud->q10k);
        near_lines(&a);
        get_line(&a);
        move_line(&a);
        st = api_status(&a, why);
    }
    api_close(&a);
    return st;
}

static void line(const struct api *a, const char *op, double ns, size_t count, double check) {
    if (a->failed == WARP_OK)
        bench_lines_add(a->lines, NAME, a->set, op, ns / (double)count, count, check);
}

static void note(struct api *a, enum warp_status st) {
    if (a->failed == WARP_OK) a->failed = st;
}

static enum status api_open(struct api *a, size_t objects) {
    a->ids = mem_alloc(objects * sizeof *a->ids);
    if (!a->ids) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < objects; i++)
        snprintf(a->ids[i], ID_SIZE, "o%0*zu", ID_LEN - 1, i % 10000000000u);
    struct warp_options options = {.data_dir = NULL};
    note(a, warp_open(&options, &a->db, NULL, 0));
    if (a->failed == WARP_OK) note(a, warp_session_open(a->db, &a->s));
    return a->failed == WARP_OK ? STATUS_OK : STATUS_INTERNAL;
}

static void api_close(struct api *a) {
    if (a->s) warp_session_close(a->s);
    warp_close(a->db);
    mem_free(a->ids);
}

static enum status api_status(const struct api *a, struct reason *why) {
    if (a->failed == WARP_OK) return STATUS_OK;
    return reason_set(why, STATUS_INTERNAL, "warp.h, %s: %s", a->set, warp_status_text(a->failed));
}

static void put_points(struct api *a) {
    const struct bench_points *points = &a->cloud->points;
    size_t before = mem_used();
    uint64_t began = clock_thread_cpu_ns();
    for (size_t i = 0; i < points->count && a->failed == WARP_OK; i++) {
        struct point p = points->at[i];
        note(a, warp_put_point(a->s, NULL, a->ids[i], p.lon, p.lat, NULL));
    }
    double ns = (double)(clock_thread_cpu_ns() - began);
    line(a, "insert", ns, points->count, (double)warp_count(a->s, NULL));
    double bytes = (double)(mem_used() - before) - (double)(points->count * ID_LEN);
    line(a, "bytes", bytes, points->count, 0);
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
        note(a,
             warp_bbox(a->s, NULL, b->min_lon, b->min_lat, b->max_lon, b->max_lat, count_hit, a));
    }
}

static void box_line(struct api *a, const char *op, const struct bench_boxes *boxes) {
    a->boxes = boxes;
    double ns = bench_lines_best_ns(search_boxes, a);
    line(a, op, ns, boxes->count, (double)a->hits / (double)boxes->count);
}

static void search_circles(void *ctx) {
    struct api *a = ctx;
    a->hits = 0;
    for (size_t i = 0; i < a->cloud->near.count; i++) {
        struct point c = a->cloud->near.at[i];
        note(a, warp_nearby(a->s, NULL, c.lon, c.lat, BENCH_PEERS_RADIUS_M, 10000, count_hit, a));
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
        note(a, warp_nearest(a->s, NULL, c.lon, c.lat, BENCH_PEERS_NEAREST, take_farthest, a));
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
        note(a, warp_nearest(a->s, NULL, a->centre.lon, a->centre.lat, BENCH_PEERS_NEAREST,
                             take_degrees, a));
        sum += a->farthest_deg;
    }
    return sum;
}

static void near_lines(struct api *a) {
    size_t count = a->cloud->near.count;
    double ns = bench_lines_best_ns(search_circles, a);
    line(a, "radius1km", ns, count, (double)a->hits / (double)count);
    ns = bench_lines_best_ns(search_nearest, a);
    line(a, "knn10-sphere", ns, count, a->sum_m);
    line(a, "knn10", ns, count, farthest_degrees(a));
}

static size_t move_count(const struct api *a) {
    size_t count = a->cloud->moves.count;
    return count < BENCH_PEERS_MOVES ? count : BENCH_PEERS_MOVES;
}

static void get_all(void *ctx) {
    struct api *a = ctx;
    const char *feature;
    a->hits = 0;
    for (size_t i = 0; i < move_count(a); i++) {
        enum warp_status st = warp_get(a->s, NULL, a->ids[a->cloud->moves.at[i].id], &feature);
        note(a, st);
        a->hits += st == WARP_OK;
    }
}

/// Of the objects that move, before they do.
static void get_line(struct api *a) {
    double ns = bench_lines_best_ns(get_all, a);
    line(a, "get-json", ns, move_count(a), (double)a->hits);
}

static void move_line(struct api *a) {
    size_t count = move_count(a);
    uint64_t began = clock_thread_cpu_ns();
    for (size_t i = 0; i < count && a->failed == WARP_OK; i++) {
        const struct bench_move *m = &a->cloud->moves.at[i];
        note(a, warp_move(a->s, NULL, a->ids[m->id], m->to.lon, m->to.lat));
    }
    line(a, "move", (double)(clock_thread_cpu_ns() - began), count, (double)count);
}

// --- rectangles ---

static void put_rects(struct api *a, const struct bench_boxes *items) {
    char text[512];
    size_t before = mem_used();
    uint64_t ns = 0;
    for (size_t i = 0; i < items->count && a->failed == WARP_OK; i++) {
        const struct bbox *b = &items->at[i];
        snprintf(text, sizeof text,
                 "{\"type\":\"Polygon\",\"coordinates\":[[[%.7f,%.7f],[%.7f,%.7f],[%.7f,%.7f],"
                 "[%.7f,%.7f],[%.7f,%.7f]]]}",
                 b->min_lon, b->min_lat, b->max_lon, b->min_lat, b->max_lon, b->max_lat, b->min_lon,
                 b->max_lat, b->min_lon, b->min_lat);
        uint64_t began = clock_thread_cpu_ns();
        note(a, warp_put(a->s, NULL, a->ids[i], text));
        ns += clock_thread_cpu_ns() - began;
    }
    line(a, "insert-json", (double)ns, items->count, (double)warp_count(a->s, NULL));
    double bytes = (double)(mem_used() - before) - (double)(items->count * ID_LEN);
    line(a, "bytes", bytes, items->count, 0);
}

enum status bench_peers_api_rects(struct bench_lines *lines, const struct bench_boxes *items,
                                  const struct bench_boxes *queries, struct reason *why) {
    struct api a = {.lines = lines, .set = "rects"};
    if (!bench_lines_wants(lines, NAME, a.set)) return STATUS_OK;
    enum status st = api_open(&a, items->count);
    if (st == STATUS_OK) {
        put_rects(&a, items);
        box_line(&a, "bbox2km", queries);
        st = api_status(&a, why);
    }
    api_close(&a);
    return st;
}
