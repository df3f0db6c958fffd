// bench_geofence.c - what an update costs with fences around it and elsewhere, and every place against every fence.
//
// Objects lie in one square degree and step some 50 m at a time, as the figures of Tile38 in docs/decisions/0013-fences.md.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "cli/bench_suites.h"
#include "engine/engine.h"
#include "warp.h"

enum { BATCH = 1000, MOVES = 100000, AROUND = 10000, VERTICES = 10000 };

#define COLLECTION STR("fleet")
#define STEP_DEG 0.0005

struct world {
    struct bench *bench;
    struct engine *engine;
    bool has_reader;
    unsigned reader;
    struct rand rand;
    struct point *points;
    char (*ids)[16];
    uint64_t events; // told so far
    size_t fences;   // put so far
};

static enum status world_open(struct world *w);
static void world_close(struct world *w);
static enum status put_all(struct world *w, struct reason *why);
static enum status move(struct world *w, const char *name, size_t batch, struct reason *why);
static enum status elsewhere(struct world *w, struct reason *why);
static enum status around(struct world *w, struct reason *why);
static enum status put_circles(struct world *w, const char *name, size_t count, struct point corner,
                               double side_deg, unsigned triggers, bool silent);
static enum status put_stars(struct world *w, size_t count, size_t vertices, double size_deg);
static void remove_all(struct world *w);
static enum status check_pairs(struct bench *b, size_t places, size_t fences, struct reason *why);

enum status bench_geofence(struct bench *b, struct reason *why) {
    struct world w = {.bench = b};
    enum status st = world_open(&w);
    if (st == STATUS_OK) st = put_all(&w, why);
    if (st == STATUS_OK) st = move(&w, "move, no fence", 1, why);
    if (st == STATUS_OK) st = elsewhere(&w, why);
    if (st == STATUS_OK) st = around(&w, why);
    world_close(&w);
    if (st == STATUS_OK) st = check_pairs(b, 1000, 100, why);
    if (st == STATUS_OK) st = check_pairs(b, 10000, 1000, why);
    if (st == STATUS_OK) st = check_pairs(b, 100000, 10000, why);
    return st;
}

// About what a hook's message has.
static enum status write_event(void *ctx, const struct fence_event *event, struct buf *out) {
    (void)ctx;
    const struct object *o = event->object;
    buf_append_str(out, STR("{\"command\":\"set\",\"detect\":\""));
    buf_append_str(out, str_of(fence_trigger_name(event->trigger)));
    buf_append_str(out, STR("\",\"hook\":"));
    buf_append_json(out, fence_spec(event->fence)->id);
    buf_append_str(out, STR(",\"key\":"));
    buf_append_json(out, event->collection);
    buf_append_str(out, STR(",\"time\":\""));
    buf_append_time(out, event->now_ms);
    buf_append_str(out, STR("\",\"id\":"));
    buf_append_json(out, object_id(o));
    buf_append_str(out, STR(",\"object\":{\"type\":\"Point\",\"coordinates\":["));
    buf_append_fixed(out, o->point.lon, 8);
    buf_append_char(out, ',');
    buf_append_fixed(out, o->point.lat, 8);
    buf_append_str(out, STR("]}}"));
    return STATUS_OK;
}

static void count_events(void *ctx, const struct engine_event *events, size_t count, uint64_t lsn) {
    struct world *w = ctx;
    (void)events;
    (void)lsn;
    w->events += count;
}

static enum status world_open(struct world *w) {
    struct engine_options options = {
        .index_kind = INDEX_QUADTREE,
        .events = {.ctx = w, .write = write_event, .committed = count_events}};
    size_t objects = w->bench->objects;
    rand_init(&w->rand, w->bench->seed);
    w->points = mem_zalloc(objects, sizeof *w->points);
    w->ids = mem_zalloc(objects, sizeof *w->ids);
    enum status st = w->points && w->ids ? engine_new(&options, &w->engine) : STATUS_NO_MEMORY;
    if (st == STATUS_OK) st = engine_reader_open(w->engine, &w->reader);
    w->has_reader = st == STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < objects; i++) {
        w->points[i] = (struct point){rand_unit(&w->rand), rand_unit(&w->rand)};
        snprintf(w->ids[i], sizeof w->ids[i], "truck-%07zu", i % 10000000);
    }
    return st;
}

static void world_close(struct world *w) {
    if (w->has_reader) engine_reader_close(w->engine, w->reader);
    engine_free(w->engine);
    mem_free(w->points);
    mem_free(w->ids);
}

static enum status put_all(struct world *w, struct reason *why) {
    enum status st = STATUS_OK;
    for (size_t i = 0; i < w->bench->objects && st == STATUS_OK; i++) {
        struct change change = {.collection = COLLECTION,
                                .draft = {.id = str_of(w->ids[i]), .point = w->points[i]}};
        struct change_result result;
        uint64_t lsn;
        engine_enter(w->engine, w->reader);
        st = engine_apply(w->engine, w->reader, &change, 1, &result, &lsn, why);
        engine_leave(w->engine, w->reader);
    }
    return st;
}

static double step_from(struct world *w, double at) {
    double to = at + rand_range(&w->rand, -STEP_DEG, STEP_DEG);
    return to < 0 || to > 1 ? at : to;
}

static enum status apply(struct world *w, const struct move *moves, size_t count,
                         struct reason *why) {
    enum status statuses[BATCH];
    uint64_t lsn;
    engine_enter(w->engine, w->reader);
    enum status st =
        engine_move(w->engine, w->reader, COLLECTION, moves, count, statuses, &lsn, why);
    engine_leave(w->engine, w->reader);
    return st;
}

static enum status move(struct world *w, const char *name, size_t batch, struct reason *why) {
    struct bench_case c;
    struct move moves[BATCH];
    uint64_t before = w->events;
    enum status st = bench_case_begin(w->bench, name, MOVES / batch, &c);
    for (size_t round = 0; st == STATUS_OK && round < MOVES / BATCH; round++) {
        bench_pause(&c);
        for (size_t i = 0; i < BATCH; i++) {
            size_t n = rand_below(&w->rand, w->bench->objects);
            w->points[n] =
                (struct point){step_from(w, w->points[n].lon), step_from(w, w->points[n].lat)};
            moves[i] = (struct move){str_of(w->ids[n]), w->points[n]};
        }
        bench_resume(&c);
        for (size_t i = 0; st == STATUS_OK && i < BATCH; i += batch) {
            bench_step_begin(&c);
            st = apply(w, moves + i, batch, why);
            bench_step_end(&c, batch);
        }
    }
    double ops = (double)(c.ops ? c.ops : 1);
    if (c.step_ns) bench_case_end(&c);
    if (st == STATUS_OK && w->events != before) {
        bench_figure(w->bench, "  events", (double)(w->events - before) / ops, "per update");
    }
    return st;
}

// Fences where nothing moves: an update should not know of them.
static enum status elsewhere(struct world *w, struct reason *why) {
    static const struct {
        size_t count;
        const char *put, *move;
    } cases[] = {{1000, NULL, "move, 1,000 elsewhere"},
                 {10000, NULL, "move, 10,000 elsewhere"},
                 {100000, NULL, "move, 100,000 elsewhere"},
                 {1000000, "put a fence, up to 1,000,000", "move, 1,000,000 elsewhere"}};
    enum status st = STATUS_OK;
    size_t before = mem_used();
    for (size_t i = 0; st == STATUS_OK && i < sizeof cases / sizeof cases[0]; i++) {
        st = put_circles(w, cases[i].put, cases[i].count - w->fences, (struct point){20, -40}, 80,
                         FENCE_ENTER | FENCE_EXIT, false);
        if (st == STATUS_OK) st = move(w, cases[i].move, 1, why);
    }
    bench_figure(w->bench, "memory", (double)(mem_used() - before) / (double)w->fences,
                 "bytes per circle");
    remove_all(w);
    return st;
}

static enum status around(struct world *w, struct reason *why) {
    struct point here = {0, 0};
    const unsigned edges = FENCE_ENTER | FENCE_EXIT;
    enum status st = put_circles(w, NULL, AROUND, here, 1, FENCE_CROSS, false);
    if (st == STATUS_OK) st = move(w, "move, 10,000 around, cross only", 1, why);
    remove_all(w);
    if (st == STATUS_OK) st = put_circles(w, NULL, AROUND, here, 1, edges, false);
    if (st == STATUS_OK) st = move(w, "move, 10,000 around", 1, why);
    if (st == STATUS_OK) st = move(w, "move, 10,000 around, batch 1000", BATCH, why);
    remove_all(w);
    if (st == STATUS_OK) st = put_circles(w, NULL, AROUND, here, 1, edges | FENCE_INSIDE, false);
    if (st == STATUS_OK) st = move(w, "move, 10,000 around, inside too", 1, why);
    remove_all(w);
    if (st == STATUS_OK) st = put_stars(w, AROUND, 16, 0.01);
    if (st == STATUS_OK) st = move(w, "move, 10,000 of 16 vertices", 1, why);
    remove_all(w);
    if (st == STATUS_OK) st = put_stars(w, 100, VERTICES, 0.3);
    if (st == STATUS_OK) st = move(w, "move, 100 of 10,000 vertices", 1, why);
    remove_all(w);
    if (st == STATUS_OK) st = put_circles(w, NULL, 1000, here, 1, FENCE_OUTSIDE, true);
    if (st == STATUS_OK) st = move(w, "move, 1,000 outside, unheard", 1, why);
    remove_all(w);
    return st;
}

static enum status put_one(struct world *w, const struct geometry *g, double radius_m,
                           unsigned triggers, bool silent) {
    char id[32];
    struct fence *f;
    snprintf(id, sizeof id, "fence-%zu", w->fences++);
    struct fence_spec spec = {.kind = FENCE_HOOK,
                              .id = str_of(id),
                              .collection = COLLECTION,
                              .geometry = g,
                              .radius_m = radius_m,
                              .triggers = triggers,
                              .commands = FENCE_COMMANDS_ALL,
                              .silent = silent,
                              .durable = true};
    enum status st = fence_new(&spec, &f, NULL);
    if (st == STATUS_OK) {
        st = engine_fence_put(w->engine, f, NULL);
        fence_unref(f);
    }
    return st;
}

// Of 500 to 1,500 m.
static enum status put_circles(struct world *w, const char *name, size_t count, struct point corner,
                               double side_deg, unsigned triggers, bool silent) {
    struct bench_case c;
    enum status st = name ? bench_case_begin(w->bench, name, count, &c) : STATUS_OK;
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        struct geometry *g = NULL;
        struct point p = {corner.lon + rand_unit(&w->rand) * side_deg,
                          corner.lat + rand_unit(&w->rand) * side_deg};
        double radius_m = rand_range(&w->rand, 500, 1500);
        if (name) bench_step_begin(&c);
        st = geometry_new_point(p, &g);
        if (st == STATUS_OK) st = put_one(w, g, radius_m, triggers, silent);
        geometry_unref(g);
        if (name) bench_step_end(&c, 1);
    }
    if (name && c.step_ns) bench_case_end(&c);
    return st;
}

// Ragged rings, half to one and a half times `size_deg` wide to each side.
static enum status put_stars(struct world *w, size_t count, size_t vertices, double size_deg) {
    struct point *ring = mem_zalloc(vertices + 1, sizeof *ring);
    enum status st = ring ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t n = 0; n < count && st == STATUS_OK; n++) {
        struct geometry *g = NULL;
        uint32_t end = (uint32_t)vertices + 1;
        uint8_t exterior = 1;
        double size = size_deg * rand_range(&w->rand, 0.5, 1.5);
        struct point middle = {rand_unit(&w->rand), rand_unit(&w->rand)};
        for (size_t i = 0; i < vertices; i++) {
            double angle = 2 * 3.14159265358979323846 * (double)i / (double)vertices;
            double r = size * rand_range(&w->rand, 0.9, 1);
            ring[i] = (struct point){middle.lon + r * cos(angle), middle.lat + r * sin(angle)};
        }
        ring[vertices] = ring[0];
        struct geometry_parts parts = {.type = GEOMETRY_POLYGON,
                                       .points = ring,
                                       .point_count = vertices + 1,
                                       .part_ends = &end,
                                       .polygon_start = &exterior,
                                       .part_count = 1};
        st = geometry_new(&parts, &GEOMETRY_LIMITS_IMPORT, &g, NULL);
        if (st == STATUS_OK) st = put_one(w, g, 0, FENCE_ENTER | FENCE_EXIT, false);
        geometry_unref(g);
    }
    mem_free(ring);
    return st;
}

static void remove_all(struct world *w) {
    while (w->fences) {
        char id[32];
        snprintf(id, sizeof id, "fence-%zu", --w->fences);
        (void)!engine_fence_remove(w->engine, FENCE_HOOK, str_of(id));
    }
}

// --- the specification's count: places times fences ---

static bool count_pair(void *ctx, size_t place, size_t fence) {
    (void)place;
    (void)fence;
    ++*(uint64_t *)ctx;
    return true;
}

static enum status check_pairs(struct bench *b, size_t place_count, size_t fence_count,
                               struct reason *why) {
    struct warp *db = NULL;
    struct warp_session *s = NULL;
    struct rand rand;
    char(*texts)[256] = mem_zalloc(fence_count, sizeof *texts);
    struct warp_geofence *fences = mem_zalloc(fence_count, sizeof *fences);
    struct warp_place *places = mem_zalloc(place_count, sizeof *places);
    bool ready = texts && fences && places &&
                 warp_open(&(struct warp_options){0}, &db, NULL, 0) == WARP_OK &&
                 warp_session_open(db, &s) == WARP_OK;
    enum status st = ready ? STATUS_OK : STATUS_NO_MEMORY;
    rand_init(&rand, b->seed);
    for (size_t i = 0; ready && i < place_count; i++) {
        places[i] = (struct warp_place){rand_range(&rand, -180, 180), rand_range(&rand, -90, 90)};
    }
    for (size_t i = 0; ready && i < fence_count; i++) {
        double lon = rand_range(&rand, -179, 179), lat = rand_range(&rand, -89, 89);
        double half = rand_unit(&rand) * 0.05;
        snprintf(
            texts[i], sizeof texts[i],
            "{\"type\":\"Polygon\",\"coordinates\":[[[%.7f,%.7f],[%.7f,%.7f],[%.7f,%.7f],[%.7f,%"
            ".7f],[%.7f,%.7f]]]}",
            lon - half, lat - half, lon + half, lat - half, lon + half, lat + half, lon - half,
            lat + half, lon - half, lat - half);
        fences[i].geojson = texts[i];
    }
    uint64_t inside = 0, began_ns = clock_thread_cpu_ns();
    if (ready && warp_batch_geofence_check(s, places, place_count, fences, fence_count, count_pair,
                                           &inside) != WARP_OK) {
        st = reason_set(why, STATUS_INTERNAL, "%s", warp_error(s));
    }
    if (st == STATUS_OK) {
        char name[64];
        double ns = (double)(clock_thread_cpu_ns() - began_ns);
        snprintf(name, sizeof name, "%zu places x %zu fences", place_count, fence_count);
        bench_figure(b, name, (double)place_count * (double)fence_count * 1e3 / ns,
                     "million pairs per CPU second");
    }
    if (s) warp_session_close(s);
    warp_close(db);
    mem_free(texts);
    mem_free(fences);
    mem_free(places);
    return st;
}
