// bench_search.c - engine_search in process: one line per case, arena reset included.
//
//   bench_search [objects] [seed] [name of a case]
//
// Latency is taken per run of queries, so that the clock does not weigh on the short ones.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rand.h"
#include "engine/engine.h"

#define RUN 16 // queries between two looks at the clock
#define BATCH 256
#define SAMPLES 4000
#define PLACES 4096 // different queries of a case

struct bench {
    struct engine *engine;
    unsigned reader;
    struct arena arena;
    struct rand rand;
    uint64_t objects, seed;
    const char *layout;
    const char *only; // the one case to run, or "" for all
};

static struct point city[64];

static struct point place(struct bench *b) {
    if (strcmp(b->layout, "city") == 0) {
        const struct point *c = &city[rand_below(&b->rand, 64)];
        double r = 0.2 * rand_unit(&b->rand) * rand_unit(&b->rand);
        double angle = rand_range(&b->rand, 0, 6.283185307);
        return (struct point){c->lon + r * cos(angle), c->lat + r * sin(angle)};
    }
    return (struct point){rand_range(&b->rand, -100, -90), rand_range(&b->rand, 30, 40)};
}

static void fill(struct bench *b) {
    static struct change changes[BATCH];
    static struct change_result results[BATCH];
    static char ids[BATCH][32], properties[BATCH][64];
    for (uint64_t i = 0; i < b->objects;) {
        size_t n = 0;
        for (; n < BATCH && i < b->objects; n++, i++) {
            snprintf(ids[n], sizeof ids[n], "truck-%" PRIu64, i);
            snprintf(properties[n], sizeof properties[n], "{\"category\":\"c%d\",\"speed\":%d}",
                     (int)(i % 10), (int)(i % 120));
            changes[n] = (struct change){.kind = CHANGE_PUT, .collection = STR("fleet")};
            changes[n].draft.id = str_of(ids[n]);
            changes[n].draft.properties = str_of(properties[n]);
            changes[n].draft.point = place(b);
        }
        uint64_t lsn;
        struct reason why;
        engine_enter(b->engine, b->reader);
        if (engine_apply(b->engine, b->reader, changes, n, results, &lsn, &why) != STATUS_OK) {
            fprintf(stderr, "fill: %s\n", why.text);
            exit(1);
        }
        engine_leave(b->engine, b->reader);
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(struct bench *b, const char *name, const struct query *queries,
                    unsigned samples) {
    static double ns[SAMPLES];
    uint64_t hits_seen = 0, matched = 0;
    unsigned q = 0;
    double cpu = 0;
    for (unsigned i = 0; i < samples + samples / 10; i++) {
        uint64_t cpu_start = clock_thread_cpu_ns(), start = clock_mono_ns();
        for (unsigned j = 0; j < RUN; j++, q = (q + 1) % PLACES) {
            struct hits hits;
            engine_enter(b->engine, b->reader);
            if (engine_search(b->engine, b->reader, &queries[q], &b->arena, &hits, NULL) !=
                STATUS_OK) {
                exit(1);
            }
            hits_seen += hits.count;
            matched += hits.matched;
            engine_leave(b->engine, b->reader);
            arena_reset(&b->arena);
        }
        double took = (double)(clock_mono_ns() - start) / RUN;
        if (i >= samples / 10) { // the first tenth warms up
            ns[i - samples / 10] = took;
            cpu += (double)(clock_thread_cpu_ns() - cpu_start) / RUN;
        }
    }
    qsort(ns, samples, sizeof ns[0], by_size);
    double searches = (samples + samples / 10) * (double)RUN;
    printf("%-22s %-8s objects=%" PRIu64 " hits=%.1f ops/s=%.0f cpu_us=%.3f p50_us=%.3f "
           "p99_us=%.3f seed=%" PRIu64 "\n",
           name, b->layout, b->objects, (double)(hits_seen + matched) / searches,
           1e9 * samples / cpu, cpu / samples / 1e3, ns[samples / 2] / 1e3,
           ns[samples * 99 / 100] / 1e3, b->seed);
    fflush(stdout);
}

static struct query around(struct bench *b, enum query_shape shape, double half_deg) {
    struct point p = place(b);
    return (struct query){
        .collection = STR("fleet"),
        .shape = shape,
        .box = {p.lon - half_deg, p.lat - half_deg, p.lon + half_deg, p.lat + half_deg},
        .point = p,
        .limit = 100,
        .radius_m = INFINITY,
    };
}

/// Half the side of a box in which `hits` of the uniform objects lie.
static double half_side(const struct bench *b, double hits) {
    return sqrt(hits / (double)b->objects * 100.0) / 2;
}

static void run(struct bench *b) {
    static struct query queries[PLACES];
    static const struct {
        const char *name;
        enum query_shape shape;
        double hits, radius_m;
        uint32_t limit;
        bool count;
        unsigned samples;
    } cases[] = {
        {"bbox 1", QUERY_BBOX, 1, 0, 100, false, 4000},
        {"bbox 100", QUERY_BBOX, 100, 0, 1000, false, 2000},
        {"bbox 10k, first 100", QUERY_BBOX, 10000, 0, 100, false, 200},
        {"bbox half, first 100", QUERY_BBOX, 500000, 0, 100, false, 50},
        {"bbox 10k count", QUERY_BBOX, 10000, 0, 1, true, 2000},
        {"nearby 1 km", QUERY_RADIUS, 0, 1000, 100, false, 4000},
        {"nearby 10 km, 10", QUERY_RADIUS, 0, 10000, 10, false, 2000},
        {"nearby 100 km, 100", QUERY_RADIUS, 0, 100000, 100, false, 200},
        {"nearest 1", QUERY_NEAREST, 0, INFINITY, 1, false, 4000},
        {"nearest 10", QUERY_NEAREST, 0, INFINITY, 10, false, 4000},
        {"nearest 100", QUERY_NEAREST, 0, INFINITY, 100, false, 1000},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        if (*b->only && strcmp(cases[c].name, b->only) != 0) {
            continue;
        }
        for (unsigned i = 0; i < PLACES; i++) {
            queries[i] = around(b, cases[c].shape, half_side(b, cases[c].hits));
            queries[i].radius_m = cases[c].radius_m;
            queries[i].limit = cases[c].limit;
            queries[i].count_only = cases[c].count;
        }
        measure(b, cases[c].name, queries, cases[c].samples);
    }
    if (*b->only) {
        return;
    }
    static const char text[] = "{\"op\":\"=\",\"args\":[{\"property\":\"category\"},\"c3\"]}";
    yyjson_doc *doc = yyjson_read(text, sizeof text - 1, 0);
    struct arena arena;
    arena_init(&arena, 0);
    struct filter *filter = NULL;
    struct geometry_limits limits = GEOMETRY_LIMITS_REST;
    if (filter_parse(yyjson_doc_get_root(doc), &limits, &arena, &filter, NULL) != STATUS_OK) {
        exit(1);
    }
    for (unsigned i = 0; i < PLACES; i++) {
        queries[i] = around(b, QUERY_BBOX, half_side(b, 1000));
        queries[i].filter = filter;
    }
    measure(b, "bbox 1000, filter 1/10", queries, 1000);
    filter_release(filter);
    arena_deinit(&arena);
    yyjson_doc_free(doc);
}

int main(int argc, char **argv) {
    struct bench b = {.objects = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000,
                      .seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1,
                      .only = argc > 3 ? argv[3] : ""};
    static const char *const layouts[] = {"uniform", "city"};
    for (size_t i = 0; i < 2; i++) {
        rand_init(&b.rand, b.seed);
        for (size_t c = 0; c < 64; c++) {
            city[c] = (struct point){rand_range(&b.rand, -100, -90), rand_range(&b.rand, 30, 40)};
        }
        b.layout = layouts[i];
        struct engine_options options = {.shard_count = 4};
        if (engine_new(&options, &b.engine) != STATUS_OK ||
            engine_reader_open(b.engine, &b.reader) != STATUS_OK) {
            return 1;
        }
        arena_init(&b.arena, 64 << 10);
        fill(&b);
        run(&b);
        arena_deinit(&b.arena);
        engine_reader_close(b.engine, b.reader);
        engine_free(b.engine);
    }
    return 0;
}
