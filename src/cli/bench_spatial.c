// bench_spatial.c - the engine in-process: things in 200 cities, put, moved, read and searched for.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "cli/bench_suites.h"
#include "engine/engine.h"

enum { BATCH = 1000, CITIES = 200, OPS = 200000, SEARCHES = 20000 };

#define COLLECTION STR("fleet")

struct world {
    struct bench *bench;
    struct engine *engine;
    bool has_reader;
    unsigned reader;
    struct rand rand;
    struct point *points;
    struct change *changes; // BATCH of each
    struct change_result *results;
    char (*ids)[24];
    char (*properties)[64];
};

typedef void query_fn(struct world *w, struct query *q);

static enum status world_open(struct world *w);
static void world_close(struct world *w);
static enum status put_all(struct world *w, struct reason *why);
static enum status move(struct world *w, const char *name, size_t batch, struct reason *why);
static enum status get(struct world *w, struct reason *why);
static enum status search(struct world *w, const char *name, query_fn *make, struct reason *why);
static void near_1km(struct world *w, struct query *q);
static void nearest_10(struct world *w, struct query *q);
static void small_box(struct world *w, struct query *q);
static void city_box(struct world *w, struct query *q);

enum status bench_spatial(struct bench *b, struct reason *why) {
    struct world w = {.bench = b};
    enum status st = world_open(&w);
    size_t before = mem_used();
    if (st == STATUS_OK) st = put_all(&w, why);
    if (st == STATUS_OK) {
        bench_figure(b, "memory", (double)(mem_used() - before) / (double)b->objects,
                     "bytes per object");
        st = move(&w, "move, batch 1000", BATCH, why);
    }
    if (st == STATUS_OK) st = move(&w, "move, one by one", 1, why);
    if (st == STATUS_OK) st = get(&w, why);
    if (st == STATUS_OK) st = search(&w, "bbox 200 m", small_box, why);
    if (st == STATUS_OK) st = search(&w, "bbox 10 km, limit 100", city_box, why);
    if (st == STATUS_OK) st = search(&w, "nearby 1 km, limit 100", near_1km, why);
    if (st == STATUS_OK) st = search(&w, "nearest 10", nearest_10, why);
    world_close(&w);
    return st;
}

static struct point somewhere(struct rand *r) {
    uint64_t city = rand_below(r, CITIES);
    double lon = (double)(city * 7919 % 340) - 170, lat = (double)(city * 104729 % 120) - 60;
    return (struct point){.lon = lon + (rand_unit(r) + rand_unit(r) - 1) * 0.5,
                          .lat = lat + (rand_unit(r) + rand_unit(r) - 1) * 0.4};
}

static enum status world_open(struct world *w) {
    struct engine_options options = {.index_kind = INDEX_QUADTREE};
    rand_init(&w->rand, w->bench->seed);
    w->points = mem_zalloc(w->bench->objects, sizeof *w->points);
    w->changes = mem_zalloc(BATCH, sizeof *w->changes);
    w->results = mem_zalloc(BATCH, sizeof *w->results);
    w->ids = mem_zalloc(BATCH, sizeof *w->ids);
    w->properties = mem_zalloc(BATCH, sizeof *w->properties);
    bool all = w->points && w->changes && w->results && w->ids && w->properties;
    enum status st = all ? engine_new(&options, &w->engine) : STATUS_NO_MEMORY;
    if (st == STATUS_OK) st = engine_reader_open(w->engine, &w->reader);
    w->has_reader = st == STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < w->bench->objects; i++)
        w->points[i] = somewhere(&w->rand);
    return st;
}

static void world_close(struct world *w) {
    if (w->has_reader) engine_reader_close(w->engine, w->reader);
    if (w->engine) engine_free(w->engine);
    mem_free(w->points);
    mem_free(w->changes);
    mem_free(w->results);
    mem_free(w->ids);
    mem_free(w->properties);
}

static void prepare(struct world *w, size_t place, size_t i) {
    int id = snprintf(w->ids[place], sizeof w->ids[place], "truck-%07zu", i);
    int len = snprintf(w->properties[place], sizeof w->properties[place],
                       "{\"category\":\"vehicle\",\"speed\":%zu}", i % 130);
    w->changes[place] =
        (struct change){.kind = CHANGE_PUT,
                        .collection = COLLECTION,
                        .draft = {.id = {w->ids[place], (size_t)id},
                                  .point = w->points[i],
                                  .properties = {w->properties[place], (size_t)len}}};
}

static enum status apply(struct world *w, size_t from, size_t count, struct reason *why) {
    uint64_t lsn;
    engine_enter(w->engine, w->reader);
    enum status st =
        engine_apply(w->engine, w->reader, w->changes + from, count, w->results, &lsn, why);
    for (size_t i = 0; st == STATUS_OK && i < count; i++)
        st = w->results[i].status;
    engine_leave(w->engine, w->reader);
    return st;
}

static enum status put_all(struct world *w, struct reason *why) {
    struct bench_case c;
    size_t objects = w->bench->objects;
    enum status st = bench_case_begin(w->bench, "put, batch 1000", objects / BATCH + 1, &c);
    for (size_t at = 0; st == STATUS_OK && at < objects; at += BATCH) {
        size_t count = objects - at < BATCH ? objects - at : BATCH;
        bench_pause(&c);
        for (size_t i = 0; i < count; i++)
            prepare(w, i, at + i);
        bench_resume(&c);
        bench_step_begin(&c);
        st = apply(w, 0, count, why);
        bench_step_end(&c, count);
    }
    if (c.step_ns) bench_case_end(&c);
    return st;
}

static enum status move(struct world *w, const char *name, size_t batch, struct reason *why) {
    struct bench_case c;
    enum status st = bench_case_begin(w->bench, name, OPS / batch, &c);
    for (size_t round = 0; st == STATUS_OK && round < OPS / BATCH; round++) {
        bench_pause(&c);
        for (size_t i = 0; i < BATCH; i++) {
            size_t n = rand_below(&w->rand, w->bench->objects);
            w->points[n].lon += rand_range(&w->rand, -0.001, 0.001);
            w->points[n].lat += rand_range(&w->rand, -0.001, 0.001);
            prepare(w, i, n);
        }
        bench_resume(&c);
        for (size_t i = 0; st == STATUS_OK && i < BATCH; i += batch) {
            bench_step_begin(&c);
            st = apply(w, i, batch, why);
            bench_step_end(&c, batch);
        }
    }
    if (c.step_ns) bench_case_end(&c);
    return st;
}

static enum status get(struct world *w, struct reason *why) {
    struct bench_case c;
    enum status st = bench_case_begin(w->bench, "get by id", OPS, &c);
    for (size_t i = 0; st == STATUS_OK && i < OPS; i++) {
        struct object o;
        if (i % BATCH == 0) {
            bench_pause(&c);
            for (size_t k = 0; k < BATCH; k++)
                prepare(w, k, rand_below(&w->rand, w->bench->objects));
            bench_resume(&c);
        }
        bench_step_begin(&c);
        engine_enter(w->engine, w->reader);
        st = engine_get(w->engine, w->reader, COLLECTION, w->changes[i % BATCH].draft.id, &o, why);
        engine_leave(w->engine, w->reader);
        bench_step_end(&c, 1);
    }
    if (c.step_ns) bench_case_end(&c);
    return st;
}

static enum status search(struct world *w, const char *name, query_fn *make, struct reason *why) {
    struct bench_case c;
    struct arena arena;
    uint64_t found = 0;
    arena_init(&arena, 1 << 16);
    enum status st = bench_case_begin(w->bench, name, SEARCHES, &c);
    for (size_t i = 0; st == STATUS_OK && i < SEARCHES; i++) {
        struct query q = {.collection = COLLECTION, .limit = 100};
        struct hits hits;
        q.point = w->points[rand_below(&w->rand, w->bench->objects)];
        make(w, &q);
        bench_step_begin(&c);
        engine_enter(w->engine, w->reader);
        st = engine_search(w->engine, w->reader, &q, &arena, &hits, why);
        engine_leave(w->engine, w->reader);
        bench_step_end(&c, 1);
        if (st == STATUS_OK) found += hits.count;
        arena_reset(&arena);
    }
    uint64_t ops = c.ops ? c.ops : 1;
    if (c.step_ns) bench_case_end(&c);
    if (st == STATUS_OK) bench_figure(w->bench, "  found", (double)found / (double)ops, "each");
    arena_deinit(&arena);
    return st;
}

static void near_1km(struct world *w, struct query *q) {
    (void)w;
    q->shape = QUERY_RADIUS;
    q->radius_m = 1000;
}

static void nearest_10(struct world *w, struct query *q) {
    (void)w;
    q->shape = QUERY_NEAREST;
    q->radius_m = INFINITY;
    q->limit = 10;
}

static void box_around(struct query *q, double half_degrees) {
    q->shape = QUERY_BBOX;
    q->box = (struct bbox){q->point.lon - half_degrees, q->point.lat - half_degrees,
                           q->point.lon + half_degrees, q->point.lat + half_degrees};
}

static void small_box(struct world *w, struct query *q) {
    (void)w;
    box_around(q, 0.0009);
}

static void city_box(struct world *w, struct query *q) {
    (void)w;
    box_around(q, 0.045);
}
