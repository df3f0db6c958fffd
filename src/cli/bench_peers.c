// bench_peers.c - which data set goes to which part.

#include "cli/bench_peers.h"

#include "base/mem.h"
#include "cli/bench_suites.h"

static enum status cloud_lines(struct bench_lines *lines, const char *dir, const char *set,
                               struct reason *why);
static enum status track_lines(struct bench_lines *lines, const char *dir, struct reason *why);
static enum status rect_lines(struct bench_lines *lines, const char *dir, struct reason *why);
static enum status polygon_lines(struct bench_lines *lines, const char *dir, struct reason *why);
static enum status fence_lines(struct bench_lines *lines, const char *dir, struct reason *why);

enum status bench_peers(struct bench_lines *lines, const char *dir, struct reason *why) {
    enum status st = cloud_lines(lines, dir, "uniform", why);
    if (st == STATUS_OK) st = cloud_lines(lines, dir, "city", why);
    if (st == STATUS_OK) st = rect_lines(lines, dir, why);
    if (st == STATUS_OK) st = polygon_lines(lines, dir, why);
    if (st == STATUS_OK) st = fence_lines(lines, dir, why);
    if (st == STATUS_OK) st = track_lines(lines, dir, why);
    if (st == STATUS_OK && lines->told == 0)
        st = reason_set(why, STATUS_INVALID, "nothing has that name in that data set");
    return st;
}

static enum status all_of(struct bench_lines *lines, const struct bench_cloud *cloud,
                          struct reason *why) {
    enum status st = STATUS_OK;
    for (enum index_kind kind = INDEX_QUADTREE; st == STATUS_OK && kind <= INDEX_GEOHASH; kind++)
        st = bench_peers_index(lines, kind, cloud, why);
    if (st == STATUS_OK) st = bench_peers_api(lines, cloud, why);
    if (st == STATUS_OK) st = bench_peers_batch(lines, cloud, why);
    return st;
}

static enum status cloud_lines(struct bench_lines *lines, const char *dir, const char *set,
                               struct reason *why) {
    struct bench_cloud cloud;
    if (!bench_lines_wants_set(lines, set)) return STATUS_OK;
    enum status st = bench_workload_cloud(dir, set, &cloud, why);
    if (st == STATUS_OK) st = all_of(lines, &cloud, why);
    bench_workload_cloud_free(&cloud);
    return st;
}

static enum status track_lines(struct bench_lines *lines, const char *dir, struct reason *why) {
    struct bench_track_sets sets;
    enum status st = bench_workload_track_sets(dir, &sets, why);
    for (size_t i = 0; st == STATUS_OK && i < sets.count; i++) {
        struct bench_cloud cloud;
        if (!bench_lines_wants_set(lines, sets.names[i])) continue;
        st = bench_workload_tracks(dir, sets.names[i], &cloud, why);
        if (st == STATUS_OK) st = all_of(lines, &cloud, why);
        bench_workload_cloud_free(&cloud);
    }
    return st;
}

static enum status rect_lines(struct bench_lines *lines, const char *dir, struct reason *why) {
    struct bench_boxes items = {0}, queries = {0};
    if (!bench_lines_wants_set(lines, "rects")) return STATUS_OK;
    enum status st = bench_workload_boxes(dir, "rects", "box", &items, why);
    if (st == STATUS_OK) st = bench_workload_boxes(dir, "rects", "q", &queries, why);
    if (st == STATUS_OK) st = bench_peers_rects(lines, &items, &queries);
    if (st == STATUS_OK) st = bench_peers_api_rects(lines, &items, &queries, why);
    mem_free(items.at);
    mem_free(queries.at);
    return st;
}

static enum status polygon_lines(struct bench_lines *lines, const char *dir, struct reason *why) {
    struct bench_rings rings = {0};
    struct bench_moves asked = {0};
    if (!bench_lines_wants(lines, "warp-rtree", "polys")) return STATUS_OK;
    enum status st = bench_workload_rings(dir, "polys", &rings, why);
    if (st == STATUS_OK) st = bench_workload_moves(dir, "polys", "q", rings.count, &asked, why);
    if (st == STATUS_OK) st = bench_peers_polygons(lines, &rings, &asked, why);
    bench_workload_rings_free(&rings);
    mem_free(asked.at);
    return st;
}

static enum status fence_lines(struct bench_lines *lines, const char *dir, struct reason *why) {
    struct bench_rings rings = {0};
    struct bench_moves moves = {0};
    if (!bench_lines_wants_set(lines, "fences10k")) return STATUS_OK;
    enum status st = bench_workload_rings(dir, "fences", &rings, why);
    if (st == STATUS_OK) st = bench_workload_moves(dir, "city", "moves", SIZE_MAX, &moves, why);
    if (st == STATUS_OK) st = bench_peers_fences(lines, &rings, &moves, why);
    if (st == STATUS_OK) st = bench_peers_batch_fences(lines, &rings, &moves, why);
    bench_workload_rings_free(&rings);
    mem_free(moves.at);
    return st;
}
