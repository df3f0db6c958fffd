// bench_peers_batch.c - warp.h's calls for many at once: points put, moved and searched for, and fences by their points.

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/bench_peers.h"
#include "cli/bench_peers_db.h"

enum { BATCH = 1000 };

struct batch {
    struct bench_peers_db d;
    size_t step; // so many a call
    const struct warp_box *boxes;
    const struct warp_place *places;
    size_t count; // of boxes or places
    uint64_t hits;
    double farthest_m[BATCH]; // of each search of a call
    double sum_m;
};

static void put_points(struct batch *b, const struct bench_points *points);
static void move_points(struct batch *b, const struct bench_moves *moves);
static void reads(struct batch *b, const struct bench_cloud *cloud);
static void put_rings(struct batch *b, const struct bench_rings *rings);
static void match_lines(struct batch *b, const struct bench_moves *moves);

enum status bench_peers_batch(struct bench_lines *lines, const struct bench_cloud *cloud,
                              struct reason *why) {
    struct batch b = {.step = BATCH};
    if (!bench_lines_wants(lines, "warp-api", cloud->name)) return STATUS_OK;
    enum status st = bench_peers_db_open(&b.d, lines, cloud->name, cloud->points.count, why);
    if (st != STATUS_OK) return st;
    put_points(&b, &cloud->points);
    if (cloud->near.count > 0) reads(&b, cloud);
    move_points(&b, &cloud->moves);
    st = bench_peers_db_status(&b.d, why);
    bench_peers_db_close(&b.d);
    return st;
}

enum status bench_peers_batch_fences(struct bench_lines *lines, const struct bench_rings *rings,
                                     const struct bench_moves *moves, struct reason *why) {
    struct batch b = {.step = BATCH};
    if (!bench_lines_wants(lines, "warp-api", "fences10k")) return STATUS_OK;
    enum status st = bench_peers_db_open(&b.d, lines, "fences10k", rings->count, why);
    if (st != STATUS_OK) return st;
    put_rings(&b, rings);
    match_lines(&b, moves);
    st = bench_peers_db_status(&b.d, why);
    bench_peers_db_close(&b.d);
    return st;
}

/// NULL is noted as a failure.
static void *room(struct batch *b, size_t count, size_t size) {
    void *p = mem_zalloc(count, size);
    if (!p) bench_peers_db_note(&b->d, WARP_NO_MEMORY);
    return p;
}

static size_t step_at(const struct batch *b, size_t at, size_t count) {
    return count - at < b->step ? count - at : b->step;
}

// --- changes ---

static void put_points(struct batch *b, const struct bench_points *points) {
    struct warp_point *all = room(b, points->count, sizeof *all);
    for (size_t i = 0; all && i < points->count; i++)
        all[i] = (struct warp_point){b->d.ids[i], points->at[i].lon, points->at[i].lat, NULL};
    uint64_t began = clock_thread_cpu_ns();
    for (size_t i = 0; b->d.failed == WARP_OK && i < points->count; i += b->step)
        bench_peers_db_note(
            &b->d, warp_put_points(b->d.s, NULL, all + i, step_at(b, i, points->count), NULL));
    double ns = (double)(clock_thread_cpu_ns() - began);
    bench_peers_db_line(&b->d, "batch-insert", ns, points->count, (double)warp_count(b->d.s, NULL));
    mem_free(all);
}

static void move_points(struct batch *b, const struct bench_moves *moves) {
    struct warp_position *all = room(b, moves->count, sizeof *all);
    size_t moved = 0;
    for (size_t i = 0; all && i < moves->count; i++) {
        const struct bench_move *m = &moves->at[i];
        all[i] = (struct warp_position){b->d.ids[m->id], m->to.lon, m->to.lat};
    }
    uint64_t began = clock_thread_cpu_ns();
    for (size_t i = 0; b->d.failed == WARP_OK && i < moves->count; i += b->step) {
        size_t done = 0, step = step_at(b, i, moves->count);
        bench_peers_db_note(&b->d, warp_move_many(b->d.s, NULL, all + i, step, NULL, &done));
        moved += done;
    }
    double ns = (double)(clock_thread_cpu_ns() - began);
    bench_peers_db_line(&b->d, "batch-move", ns, moves->count, (double)moved);
    mem_free(all);
}

// --- searches ---

static bool count_hit(void *ctx, size_t query, const struct warp_hit *hit) {
    struct batch *b = ctx;
    (void)query;
    b->hits += hit->id != NULL;
    return true;
}

static void search_boxes(void *ctx) {
    struct batch *b = ctx;
    b->hits = 0;
    for (size_t i = 0; i < b->count; i += b->step)
        bench_peers_db_note(&b->d, warp_bbox_many(b->d.s, NULL, b->boxes + i,
                                                  step_at(b, i, b->count), count_hit, b));
}

static void box_line(struct batch *b, const char *op, const struct bench_boxes *boxes) {
    struct warp_box *all = room(b, boxes->count, sizeof *all);
    if (!all) return;
    for (size_t i = 0; i < boxes->count; i++) {
        const struct bbox *box = &boxes->at[i];
        all[i] = (struct warp_box){box->min_lon, box->min_lat, box->max_lon, box->max_lat};
    }
    b->boxes = all;
    b->count = boxes->count;
    double ns = bench_lines_best_ns(search_boxes, b);
    bench_peers_db_line(&b->d, op, ns, b->count, (double)b->hits / (double)b->count);
    mem_free(all);
}

static void search_circles(void *ctx) {
    struct batch *b = ctx;
    b->hits = 0;
    for (size_t i = 0; i < b->count; i += b->step)
        bench_peers_db_note(&b->d,
                            warp_nearby_many(b->d.s, NULL, b->places + i, step_at(b, i, b->count),
                                             BENCH_PEERS_RADIUS_M, 10000, count_hit, b));
}

static bool take_farthest(void *ctx, size_t query, const struct warp_hit *hit) {
    struct batch *b = ctx;
    b->farthest_m[query] = hit->distance_m; // the nearest come first
    return true;
}

static void search_nearest(void *ctx) {
    struct batch *b = ctx;
    b->sum_m = 0;
    for (size_t i = 0; i < b->count; i += b->step) {
        size_t step = step_at(b, i, b->count);
        bench_peers_db_note(&b->d, warp_nearest_many(b->d.s, NULL, b->places + i, step,
                                                     BENCH_PEERS_NEAREST, take_farthest, b));
        for (size_t k = 0; k < step; k++)
            b->sum_m += b->farthest_m[k];
    }
}

static void near_lines(struct batch *b, const struct bench_points *centres) {
    struct warp_place *all = room(b, centres->count, sizeof *all);
    if (!all) return;
    for (size_t i = 0; i < centres->count; i++)
        all[i] = (struct warp_place){centres->at[i].lon, centres->at[i].lat};
    b->places = all;
    b->count = centres->count;
    double ns = bench_lines_best_ns(search_circles, b);
    bench_peers_db_line(&b->d, "batch-radius1km", ns, b->count, (double)b->hits / (double)b->count);
    ns = bench_lines_best_ns(search_nearest, b);
    bench_peers_db_line(&b->d, "batch-knn10", ns, b->count, b->sum_m);
    mem_free(all);
}

static void reads(struct batch *b, const struct bench_cloud *cloud) {
    box_line(b, "batch-bbox1", &cloud->q1);
    box_line(b, "batch-bbox100", &cloud->q100);
    near_lines(b, &cloud->near);
}

// --- fences ---

static void put_rings(struct batch *b, const struct bench_rings *rings) {
    struct buf text;
    uint64_t ns = 0;
    buf_init(&text);
    for (size_t i = 0; b->d.failed == WARP_OK && i < rings->count; i++) {
        buf_clear(&text);
        buf_append_str(&text, STR("{\"type\":\"Polygon\",\"coordinates\":[["));
        for (uint64_t k = rings->begins[i]; k < rings->begins[i + 1]; k++) {
            struct point p = rings->points.at[k];
            buf_printf(&text, "%s[%.7f,%.7f]", k == rings->begins[i] ? "" : ",", p.lon, p.lat);
        }
        buf_append(&text, "]]}", sizeof "]]}");
        if (text.failed) {
            bench_peers_db_note(&b->d, WARP_NO_MEMORY);
            break;
        }
        uint64_t began = clock_thread_cpu_ns();
        bench_peers_db_note(&b->d, warp_put(b->d.s, NULL, b->d.ids[i], text.data));
        ns += clock_thread_cpu_ns() - began;
    }
    buf_deinit(&text);
    bench_peers_db_line(&b->d, "insert-json", (double)ns, rings->count,
                        (double)warp_count(b->d.s, NULL));
}

static void search_covering(void *ctx) {
    struct batch *b = ctx;
    b->hits = 0;
    for (size_t i = 0; i < b->count; i += b->step)
        bench_peers_db_note(&b->d, warp_covering_many(b->d.s, NULL, b->places + i,
                                                      step_at(b, i, b->count), count_hit, b));
}

/// One point a call, then many.
static void match_lines(struct batch *b, const struct bench_moves *moves) {
    size_t count = moves->count < BENCH_WORKLOAD_MOVES ? moves->count : BENCH_WORKLOAD_MOVES;
    struct warp_place *all = room(b, count, sizeof *all);
    if (!all) return;
    for (size_t i = 0; i < count; i++)
        all[i] = (struct warp_place){moves->at[i].to.lon, moves->at[i].to.lat};
    b->places = all;
    b->count = count;
    b->step = 1;
    double ns = bench_lines_best_ns(search_covering, b);
    bench_peers_db_line(&b->d, "match", ns, count, (double)b->hits / (double)count);
    b->step = BATCH;
    ns = bench_lines_best_ns(search_covering, b);
    bench_peers_db_line(&b->d, "batch-match", ns, count, (double)b->hits / (double)count);
    mem_free(all);
}
