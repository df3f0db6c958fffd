// bench_peers_index.c - the indices alone: item numbers, and the caller's doubles in an array beside them.
//
// As the engine uses them: what the integers do not prove is checked against the doubles, so that the counts are exact.

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/bench_peers.h"

struct subject {
    struct bench_lines *lines;
    const char *name;      // of the line that tells of the filling
    const char *read_name; // of all others; NULL: nobody wants them
    const struct bench_cloud *cloud;
    size_t before;    // memory in use without index and places
    struct point *at; // where the points are by now
    struct places places;
    struct index *ix;
};

static enum status run(struct subject *s, enum index_kind kind,
                       enum status (*fill)(struct subject *s));
static enum status load_at_once(struct subject *s);
static enum status put_one_by_one(struct subject *s);
static void reads(struct subject *s);
static enum status moves(struct subject *s);

enum status bench_peers_index(struct bench_lines *lines, enum index_kind kind,
                              const struct bench_cloud *cloud, struct reason *why) {
    static const char *const names[][2] = {{"warp-trie", "warp-trie-grown"},
                                           {"warp-rtree", "warp-rtree-grown"},
                                           {"warp-geohash", "warp-geohash-grown"}};
    bool wants = bench_lines_wants(lines, names[kind][0], cloud->name);
    bool wants_grown = bench_lines_wants(lines, names[kind][1], cloud->name);
    struct subject bulk = {
        .lines = lines, .name = names[kind][0], .read_name = names[kind][0], .cloud = cloud};
    struct subject grown = {.lines = lines,
                            .name = names[kind][0],
                            .read_name = wants_grown ? names[kind][1] : NULL,
                            .cloud = cloud};
    enum status st = wants ? run(&bulk, kind, load_at_once) : STATUS_OK;
    if (st == STATUS_OK && (wants || wants_grown)) st = run(&grown, kind, put_one_by_one);
    if (st != STATUS_OK) reason_set(why, st, "%s: %s", index_kind_name(kind), status_text(st));
    return st;
}

static void line(const struct subject *s, const char *op, double ns, size_t count, double check) {
    bench_lines_add(s->lines, s->name, s->cloud->name, op, ns / (double)count, count, check);
}

static enum status subject_open(struct subject *s, enum index_kind kind) {
    size_t bytes = s->cloud->points.count * sizeof *s->at;
    places_init(&s->places);
    s->at = mem_alloc(bytes);
    if (!s->at) return STATUS_NO_MEMORY;
    memcpy(s->at, s->cloud->points.at, bytes);
    s->before = mem_used();
    return index_make(kind, &s->places, &s->ix);
}

static void subject_close(struct subject *s) {
    index_free(s->ix);
    places_deinit(&s->places);
    mem_free(s->at);
}

static struct index_box box_at(struct point p) {
    int32_t lon = index_quantise(p.lon), lat = index_quantise(p.lat);
    return (struct index_box){lon, lat, lon, lat};
}

/// The doubles beside are the peers' entries too: "bytes+xy" has them.
static void bytes_lines(const struct subject *s) {
    size_t count = s->cloud->points.count;
    double bytes = (double)(mem_used() - s->before);
    line(s, "bytes", bytes, count, 0);
    line(s, "bytes+xy", bytes + (double)(count * sizeof *s->at), count, 0);
}

static enum status run(struct subject *s, enum index_kind kind,
                       enum status (*fill)(struct subject *s)) {
    enum status st = subject_open(s, kind);
    if (st == STATUS_OK) st = fill(s);
    if (st == STATUS_OK && s->read_name) {
        s->name = s->read_name;
        bytes_lines(s);
        if (s->cloud->near.count > 0) reads(s);
        st = moves(s);
    }
    subject_close(s);
    return st;
}

// --- filling ---

static enum status load_at_once(struct subject *s) {
    size_t count = s->cloud->points.count;
    uint64_t began = clock_thread_cpu_ns();
    struct index_box *boxes = mem_alloc(count * sizeof *boxes);
    uint32_t *items = mem_alloc(count * sizeof *items);
    enum status st = boxes && items ? STATUS_OK : STATUS_NO_MEMORY;
    for (uint32_t i = 0; st == STATUS_OK && i < count; i++) {
        boxes[i] = box_at(s->at[i]);
        items[i] = i;
        st = places_grow(&s->places, i);
    }
    if (st == STATUS_OK) st = index_bulk_load(s->ix, boxes, items, count);
    mem_free(boxes);
    mem_free(items);
    double ns = (double)(clock_thread_cpu_ns() - began);
    if (st != STATUS_OK) return st;
    line(s, "bulk", ns, count, (double)index_items(s->ix));
    return STATUS_OK;
}

static enum status put_one_by_one(struct subject *s) {
    size_t count = s->cloud->points.count;
    enum status st = STATUS_OK;
    uint64_t began = clock_thread_cpu_ns();
    for (uint32_t i = 0; st == STATUS_OK && i < count; i++) {
        struct index_box box = box_at(s->at[i]);
        st = places_grow(&s->places, i);
        if (st == STATUS_OK) st = index_insert(s->ix, &box, i);
    }
    double ns = (double)(clock_thread_cpu_ns() - began);
    if (st != STATUS_OK) return st;
    line(s, "insert", ns, count, (double)index_items(s->ix));
    return STATUS_OK;
}

// --- boxes ---

struct box_pass {
    const struct index *ix;
    const struct point *at;
    const struct bench_boxes *boxes;
    const struct bbox *box; // asked for now
    uint64_t hits;
};

static bool take_in_box(void *ctx, const uint32_t *items, size_t count, bool sure) {
    struct box_pass *p = ctx;
    if (sure) {
        p->hits += count;
        return true;
    }
    for (size_t i = 0; i < count; i++)
        p->hits += bbox_contains_point(p->box, p->at[items[i]]);
    return true;
}

static void search_boxes(void *ctx) {
    struct box_pass *p = ctx;
    p->hits = 0;
    for (size_t i = 0; i < p->boxes->count; i++) {
        p->box = &p->boxes->at[i];
        struct index_box box = index_box_of(p->box);
        index_search(p->ix, &box, take_in_box, p, NULL);
    }
}

static void count_boxes(void *ctx) {
    struct box_pass *p = ctx;
    p->hits = 0;
    for (size_t i = 0; i < p->boxes->count; i++) {
        p->box = &p->boxes->at[i];
        struct index_box box = index_box_of(p->box);
        p->hits += index_count(p->ix, &box, take_in_box, p, NULL);
    }
}

static void box_line(const struct subject *s, const char *op, const struct bench_boxes *boxes,
                     bench_pass_fn *pass) {
    struct box_pass p = {.ix = s->ix, .at = s->at, .boxes = boxes};
    double ns = bench_lines_best_ns(pass, &p);
    line(s, op, ns, boxes->count, (double)p.hits / (double)boxes->count);
}

// --- circles ---

struct near_pass {
    const struct index *ix;
    const struct point *at;
    const struct bench_points *centres;
    struct distance_from from; // the one asked for now
    double radius_hav;
    uint64_t hits;
    unsigned found;
    double hav[BENCH_PEERS_NEAREST]; // the nearest first
    uint32_t items[BENCH_PEERS_NEAREST];
    double farthest_m;
};

static bool take_in_circle(void *ctx, const uint32_t *items, size_t count, bool sure) {
    struct near_pass *p = ctx;
    (void)sure;
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(&p->at[items[i]]);
    for (size_t i = 0; i < count; i++)
        p->hits += distance_hav(&p->from, p->at[items[i]]) <= p->radius_hav;
    return true;
}

static void search_circles(void *ctx) {
    struct near_pass *p = ctx;
    p->radius_hav = distance_m_to_hav(BENCH_PEERS_RADIUS_M);
    p->hits = 0;
    for (size_t i = 0; i < p->centres->count; i++) {
        struct bbox circle = distance_circle_bbox(p->centres->at[i], BENCH_PEERS_RADIUS_M);
        struct bbox pieces[3];
        size_t count = bbox_split(&circle, pieces);
        p->from = distance_from(p->centres->at[i]);
        for (size_t k = 0; k < count; k++) {
            struct index_box box = index_box_of(&pieces[k]);
            index_search(p->ix, &box, take_in_circle, p, NULL);
        }
    }
}

// --- the nearest ---

static double take_near(void *ctx, const uint32_t *items, size_t count, double bound) {
    struct near_pass *p = ctx;
    (void)bound;
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(&p->at[items[i]]);
    for (size_t i = 0; i < count; i++) {
        double hav = distance_hav(&p->from, p->at[items[i]]);
        if (p->found == BENCH_PEERS_NEAREST && hav > p->hav[p->found - 1]) continue;
        unsigned to = p->found < BENCH_PEERS_NEAREST ? p->found++ : BENCH_PEERS_NEAREST - 1;
        for (; to > 0 && p->hav[to - 1] > hav; to--) {
            p->hav[to] = p->hav[to - 1];
            p->items[to] = p->items[to - 1];
        }
        p->hav[to] = hav;
        p->items[to] = items[i];
    }
    return p->found < BENCH_PEERS_NEAREST ? INFINITY : p->hav[p->found - 1];
}

static void find_nearest(struct near_pass *p, struct point centre) {
    p->from = distance_from(centre);
    p->found = 0;
    index_nearest(p->ix, &p->from, BENCH_PEERS_NEAREST, INFINITY, take_near, p, NULL);
}

static void search_nearest(void *ctx) {
    struct near_pass *p = ctx;
    p->farthest_m = 0;
    for (size_t i = 0; i < p->centres->count; i++) {
        find_nearest(p, p->centres->at[i]);
        if (p->found) p->farthest_m += distance_hav_to_m(p->hav[p->found - 1]);
    }
}

/// The peers' nearest of a plane: of the ten found on the globe, the farthest in degrees.
static double farthest_degrees(struct near_pass *p) {
    double sum = 0;
    for (size_t i = 0; i < p->centres->count; i++) {
        struct point c = p->centres->at[i];
        double farthest = 0;
        find_nearest(p, c);
        for (unsigned k = 0; k < p->found; k++) {
            struct point q = p->at[p->items[k]];
            farthest = fmax(farthest, hypot(q.lon - c.lon, q.lat - c.lat));
        }
        sum += farthest;
    }
    return sum;
}

static void reads(struct subject *s) {
    const struct bench_cloud *cloud = s->cloud;
    size_t centres = cloud->near.count;
    box_line(s, "bbox1", &cloud->q1, search_boxes);
    box_line(s, "bbox100", &cloud->q100, search_boxes);
    box_line(s, "bbox10k", &cloud->q10k, count_boxes);
    box_line(s, "bbox10k-visit", &cloud->q10k, search_boxes);
    struct near_pass p = {.ix = s->ix, .at = s->at, .centres = &cloud->near};
    double ns = bench_lines_best_ns(search_circles, &p);
    line(s, "radius1km", ns, centres, (double)p.hits / (double)centres);
    ns = bench_lines_best_ns(search_nearest, &p);
    line(s, "knn10-sphere", ns, centres, p.farthest_m);
    line(s, "knn10", ns, centres, farthest_degrees(&p));
}

static enum status moves(struct subject *s) {
    const struct bench_moves *all = &s->cloud->moves;
    size_t count = all->count;
    enum status st = STATUS_OK;
    uint64_t began = clock_thread_cpu_ns();
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        const struct bench_move *m = &all->at[i];
        struct index_box from = box_at(s->at[m->id]), to = box_at(m->to);
        st = index_move(s->ix, &from, &to, (uint32_t)m->id);
        s->at[m->id] = m->to;
    }
    double ns = (double)(clock_thread_cpu_ns() - began);
    if (st == STATUS_OK) line(s, "move", ns, count, (double)count);
    return st;
}
