// bench_peers_areas.c - what has extent: rectangles in the R-tree, points in prepared polygons and in fences.

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/bench_peers.h"
#include "geo/relate_point.h"

#define NAME "warp-rtree"
#define NAME_GROWN "warp-rtree-grown"

// --- rectangles ---

struct rects {
    struct bench_lines *lines;
    const char *name;      // of the line that tells of the filling
    const char *read_name; // of all others; NULL: nobody wants them
    const struct bench_boxes *items, *queries;
    struct places places;
    struct index *ix;
    const struct bbox *box; // asked for now
    uint64_t hits;
};

static enum status rects_run(struct rects *r, bool at_once);
static void rect_reads(struct rects *r);
static enum status fill(struct index *ix, struct places *places, const struct bbox *boxes,
                        size_t count, bool at_once);

enum status bench_peers_rects(struct bench_lines *lines, const struct bench_boxes *items,
                              const struct bench_boxes *queries) {
    bool wants = bench_lines_wants(lines, NAME, "rects");
    bool wants_grown = bench_lines_wants(lines, NAME_GROWN, "rects");
    struct rects bulk = {
        .lines = lines, .name = NAME, .read_name = NAME, .items = items, .queries = queries};
    struct rects grown = bulk;
    grown.read_name = wants_grown ? NAME_GROWN : NULL;
    enum status st = wants ? rects_run(&bulk, true) : STATUS_OK;
    if (st == STATUS_OK && (wants || wants_grown)) st = rects_run(&grown, false);
    return st;
}

static enum status rects_run(struct rects *r, bool at_once) {
    size_t before = mem_used(), count = r->items->count;
    places_init(&r->places);
    enum status st = index_make(INDEX_RTREE, &r->places, &r->ix);
    uint64_t began = clock_thread_cpu_ns();
    if (st == STATUS_OK) st = fill(r->ix, &r->places, r->items->at, count, at_once);
    double each = (double)(clock_thread_cpu_ns() - began) / (double)count;
    if (st == STATUS_OK)
        bench_lines_add(r->lines, r->name, "rects", at_once ? "bulk" : "insert", each, count,
                        (double)index_items(r->ix));
    if (st == STATUS_OK && r->read_name) {
        each = (double)(mem_used() - before) / (double)count;
        bench_lines_add(r->lines, r->read_name, "rects", "bytes", each, count, 0);
        rect_reads(r);
    }
    index_free(r->ix);
    places_deinit(&r->places);
    return st;
}

static enum status fill_at_once(struct index *ix, struct places *places, const struct bbox *boxes,
                                size_t count) {
    struct index_box *quantised = mem_alloc(count * sizeof *quantised);
    uint32_t *items = mem_alloc(count * sizeof *items);
    enum status st = quantised && items ? STATUS_OK : STATUS_NO_MEMORY;
    for (uint32_t i = 0; st == STATUS_OK && i < count; i++) {
        quantised[i] = index_box_of(&boxes[i]);
        items[i] = i;
        st = places_grow(places, i);
    }
    if (st == STATUS_OK) st = index_bulk_load(ix, quantised, items, count);
    mem_free(quantised);
    mem_free(items);
    return st;
}

static enum status fill(struct index *ix, struct places *places, const struct bbox *boxes,
                        size_t count, bool at_once) {
    if (at_once) return fill_at_once(ix, places, boxes, count);
    enum status st = STATUS_OK;
    for (uint32_t i = 0; st == STATUS_OK && i < count; i++) {
        struct index_box box = index_box_of(&boxes[i]);
        st = places_grow(places, i);
        if (st == STATUS_OK) st = index_insert(ix, &box, i);
    }
    return st;
}

static bool take_rect(void *ctx, const uint32_t *items, size_t count, bool sure) {
    struct rects *r = ctx;
    if (sure) {
        r->hits += count;
        return true;
    }
    for (size_t i = 0; i < count; i++)
        r->hits += bbox_intersects(r->box, &r->items->at[items[i]]);
    return true;
}

static void search_rects(void *ctx) {
    struct rects *r = ctx;
    r->hits = 0;
    for (size_t i = 0; i < r->queries->count; i++) {
        r->box = &r->queries->at[i];
        struct index_box box = index_box_of(r->box);
        index_search(r->ix, &box, take_rect, r, NULL);
    }
}

static void rect_reads(struct rects *r) {
    size_t count = r->queries->count;
    double ns = bench_lines_best_ns(search_rects, r);
    bench_lines_add(r->lines, r->read_name, "rects", "bbox2km", ns / (double)count, count,
                    (double)r->hits / (double)count);
}

// --- polygons ---

static void polygons_free(struct geometry **all, size_t count) {
    for (size_t i = 0; all && i < count; i++)
        geometry_unref(all[i]);
    mem_free(all);
}

/// Each ring as a Polygon, prepared. `all` is given whether or not it fails.
static enum status polygons_new(const struct bench_rings *rings, struct geometry ***out,
                                struct reason *why) {
    struct geometry **all = mem_zalloc(rings->count, sizeof *all);
    enum status st = all ? STATUS_OK : STATUS_NO_MEMORY;
    *out = all;
    for (size_t i = 0; st == STATUS_OK && i < rings->count; i++) {
        uint64_t begin = rings->begins[i], end = rings->begins[i + 1];
        uint32_t part_end = (uint32_t)(end - begin);
        uint8_t starts = 1;
        struct geometry_parts parts = {.type = GEOMETRY_POLYGON,
                                       .points = rings->points.at + begin,
                                       .point_count = part_end,
                                       .part_ends = &part_end,
                                       .polygon_start = &starts,
                                       .part_count = 1,
                                       .literal = true};
        st = geometry_new(&parts, &GEOMETRY_LIMITS_IMPORT, &all[i], why);
        if (st == STATUS_OK) geometry_prepare(all[i]);
    }
    return st;
}

struct pip_pass {
    struct geometry *const *polygons;
    const struct bench_move *asked;
    size_t count;
    uint64_t inside;
};

static void locate(void *ctx) {
    struct pip_pass *p = ctx;
    p->inside = 0;
    for (size_t i = 0; i < p->count; i++) {
        const struct bench_move *m = &p->asked[i];
        p->inside += relate_point_locate(p->polygons[m->id], m->to) == RELATE_POINT_INSIDE;
    }
}

enum pip { PIP_ALL, PIP_5K, PIP_5K_HOT, PIP_COUNT };

/// The first of fewer than 5,050 vertices: they lie in the order of their size.
static size_t hot_polygon(const struct bench_rings *rings) {
    size_t i = 0;
    while (i + 1 < rings->count && rings->begins[i + 1] - rings->begins[i] >= 5050)
        i++;
    return i;
}

static bool pip_wants(enum pip which, const struct bench_rings *rings, size_t hot, uint64_t id) {
    uint64_t vertices = rings->begins[id + 1] - rings->begins[id];
    if (which == PIP_5K) return vertices >= 4000 && vertices <= 6500;
    return which == PIP_ALL || id == hot;
}

/// The peers' choice: the hot one's questions repeated as a whole until there are 50,000; 200,000 at most.
static size_t pip_questions(enum pip which, const struct bench_rings *rings,
                            const struct bench_moves *asked, struct bench_move *out) {
    enum { MOST = 200000, HOT_LEAST = 50000 };
    size_t hot = hot_polygon(rings), n = 0;
    for (size_t i = 0; i < asked->count && n < MOST; i++) {
        if (pip_wants(which, rings, hot, asked->at[i].id)) out[n++] = asked->at[i];
    }
    size_t once = n;
    while (which == PIP_5K_HOT && n > 0 && n < HOT_LEAST) {
        memcpy(out + n, out, once * sizeof *out);
        n += once;
    }
    return n;
}

enum status bench_peers_polygons(struct bench_lines *lines, const struct bench_rings *rings,
                                 const struct bench_moves *asked, struct reason *why) {
    static const char *const ops[PIP_COUNT] = {"pip-all", "pip-5k", "pip-5k-hot"};
    struct geometry **polygons;
    struct bench_move *questions = mem_alloc(250000 * sizeof *questions);
    if (!questions) return STATUS_NO_MEMORY;
    size_t before = mem_used(), vertices = rings->points.count;
    uint64_t began = clock_thread_cpu_ns();
    enum status st = polygons_new(rings, &polygons, why);
    double ns = (double)(clock_thread_cpu_ns() - began);
    if (st == STATUS_OK) {
        bench_lines_add(lines, NAME, "polys", "prep/vertex", ns / (double)vertices, vertices, 0);
        bench_lines_add(lines, NAME, "polys", "bytes/vertex",
                        (double)(mem_used() - before) / (double)vertices, vertices, 0);
    }
    for (enum pip which = PIP_ALL; st == STATUS_OK && which < PIP_COUNT; which++) {
        struct pip_pass p = {.polygons = polygons, .asked = questions};
        p.count = pip_questions(which, rings, asked, questions);
        if (p.count == 0) continue;
        ns = bench_lines_best_ns(locate, &p);
        bench_lines_add(lines, NAME, "polys", ops[which], ns / (double)p.count, p.count,
                        (double)p.inside / (double)p.count);
    }
    polygons_free(polygons, rings->count);
    mem_free(questions);
    return st;
}

// --- fences ---

struct match_pass {
    const struct index *ix;
    struct geometry *const *fences;
    const struct bench_moves *moves;
    size_t count;
    struct point p; // asked for now
    uint64_t inside;
};

static bool take_fence(void *ctx, const uint32_t *items, size_t count, bool sure) {
    struct match_pass *m = ctx;
    (void)sure;
    for (size_t i = 0; i < count; i++)
        m->inside += relate_point_locate(m->fences[items[i]], m->p) == RELATE_POINT_INSIDE;
    return true;
}

static void match(void *ctx) {
    struct match_pass *m = ctx;
    m->inside = 0;
    for (size_t i = 0; i < m->count; i++) {
        m->p = m->moves->at[i].to;
        struct bbox at = {m->p.lon, m->p.lat, m->p.lon, m->p.lat};
        struct index_box box = index_box_of(&at);
        index_search(m->ix, &box, take_fence, m, NULL);
    }
}

static enum status index_fences(struct geometry *const *fences, size_t count, struct places *places,
                                struct index *ix) {
    struct bbox *boxes = mem_alloc(count * sizeof *boxes);
    if (!boxes) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        boxes[i] = *geometry_bbox(fences[i]);
    enum status st = fill_at_once(ix, places, boxes, count);
    mem_free(boxes);
    return st;
}

enum status bench_peers_fences(struct bench_lines *lines, const struct bench_rings *rings,
                               const struct bench_moves *moves, struct reason *why) {
    struct geometry **fences;
    struct places places;
    struct index *ix = NULL;
    if (!bench_lines_wants(lines, NAME, "fences10k")) return STATUS_OK;
    places_init(&places);
    enum status st = polygons_new(rings, &fences, why);
    if (st == STATUS_OK) st = index_make(INDEX_RTREE, &places, &ix);
    if (st == STATUS_OK) st = index_fences(fences, rings->count, &places, ix);
    if (st == STATUS_OK) {
        struct match_pass m = {.ix = ix, .fences = fences, .moves = moves};
        m.count = moves->count < BENCH_WORKLOAD_MOVES ? moves->count : BENCH_WORKLOAD_MOVES;
        double ns = bench_lines_best_ns(match, &m);
        bench_lines_add(lines, NAME, "fences10k", "match", ns / (double)m.count, m.count,
                        (double)m.inside / (double)m.count);
    }
    index_free(ix);
    places_deinit(&places);
    polygons_free(fences, rings->count);
    return st;
}
