// bench_engine.c - puts in batches, moves, reads by id, and a restart, on one core.
//
//   bench_engine [objects]      1,000,000 by default; the store lies in $TMPDIR or /tmp
//
// One line per case: operations, CPU ns each (this thread, and the process with the store's threads).

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "engine/engine.h"
#include "storage/wal_store.h"

#define BATCH 1000
#define SEED 42

struct bench {
    struct engine *engine;
    struct storage *store;
    unsigned reader;
    size_t objects;
    struct point *points;
    struct rand rand;
    char dir[256];
};

struct timer {
    uint64_t thread_ns, process_ns, mono_ns;
};

static struct timer timer_start(void) {
    return (struct timer){clock_thread_cpu_ns(), clock_process_cpu_ns(), clock_mono_ns()};
}

static void timer_say(const struct timer *t, const char *what, size_t n) {
    uint64_t thread = clock_thread_cpu_ns() - t->thread_ns;
    uint64_t process = clock_process_cpu_ns() - t->process_ns;
    uint64_t mono = clock_mono_ns() - t->mono_ns;
    printf("%-34s %10zu ops  %8.0f ns cpu  %8.0f ns cpu of all threads  %8.2f s\n", what, n,
           (double)thread / (double)n, (double)process / (double)n, (double)mono / 1e9);
    fflush(stdout);
}

static void check(enum status st, const char *what, const struct reason *why) {
    if (st != STATUS_OK) {
        fprintf(stderr, "%s: %s %s\n", what, status_text(st), why ? why->text : "");
        exit(1);
    }
}

static void open_all(struct bench *b, bool stored) {
    struct reason why = {0};
    struct engine_options options = {.index_kind = INDEX_QUADTREE};
    check(engine_new(&options, &b->engine), "engine", NULL);
    if (stored) {
        struct storage_options so = {.dir = b->dir,
                                     .mode = STORAGE_INTERVAL,
                                     .source = engine_emit_all,
                                     .source_ctx = b->engine};
        check(wal_store_open(&so, &b->store, &why), "store", &why);
        check(engine_attach(b->engine, b->store, &why), "attach", &why);
    }
    check(engine_reader_open(b->engine, &b->reader), "reader", NULL);
}

static void close_all(struct bench *b) {
    storage_close(b->store);
    engine_reader_close(b->engine, b->reader);
    engine_free(b->engine);
    b->store = NULL;
    b->engine = NULL;
}

// Cities of different sizes, as fleets have them.
static void make_points(struct bench *b) {
    for (size_t i = 0; i < b->objects; i++) {
        uint64_t city = rand_below(&b->rand, 200);
        double lon = (double)(city * 7919 % 340) - 170, lat = (double)(city * 104729 % 120) - 60;
        b->points[i].lon = lon + (rand_unit(&b->rand) + rand_unit(&b->rand) - 1) * 0.5;
        b->points[i].lat = lat + (rand_unit(&b->rand) + rand_unit(&b->rand) - 1) * 0.4;
    }
}

static void step(struct bench *b, size_t i) {
    b->points[i].lon += rand_range(&b->rand, -0.001, 0.001);
    b->points[i].lat += rand_range(&b->rand, -0.001, 0.001);
}

static void apply(struct bench *b, const struct change *changes, size_t count) {
    static struct change_result results[BATCH];
    uint64_t lsn;
    struct reason why = {0};
    engine_enter(b->engine, b->reader);
    enum status st;
    while ((st = engine_apply(b->engine, b->reader, changes, count, results, &lsn, &why)) ==
           STATUS_BUSY) {
    }
    check(st, "apply", &why);
    for (size_t i = 0; i < count; i++) {
        check(results[i].status, "change", &results[i].why);
    }
    engine_leave(b->engine, b->reader);
}

static struct change change_of(struct bench *b, size_t i, char id[24], char properties[64]) {
    int id_len = snprintf(id, 24, "truck-%07zu", i);
    int len = snprintf(properties, 64, "{\"category\":\"vehicle\",\"speed\":%zu}", i % 130);
    return (struct change){.kind = CHANGE_PUT,
                           .collection = STR("fleet"),
                           .draft = {.id = {id, (size_t)id_len},
                                     .point = b->points[i],
                                     .properties = {properties, (size_t)len}}};
}

// The texts of a batch are made outside of the time measured.
static void put(struct bench *b, const char *what, size_t batch, size_t count, bool in_order,
                bool move) {
    static struct change changes[BATCH];
    static char ids[BATCH][24], properties[BATCH][64];
    uint64_t thread = 0, process = 0, mono = 0;
    for (size_t round = 0; round < count / BATCH; round++) {
        for (size_t i = 0; i < BATCH; i++) {
            size_t n =
                in_order ? (round * BATCH + i) % b->objects : rand_below(&b->rand, b->objects);
            if (move) step(b, n);
            changes[i] = change_of(b, n, ids[i], properties[i]);
        }
        struct timer t = timer_start();
        for (size_t i = 0; i < BATCH; i += batch) {
            apply(b, changes + i, batch);
        }
        thread += clock_thread_cpu_ns() - t.thread_ns;
        process += clock_process_cpu_ns() - t.process_ns;
        mono += clock_mono_ns() - t.mono_ns;
    }
    struct timer t = timer_start();
    t.thread_ns -= thread, t.process_ns -= process, t.mono_ns -= mono;
    timer_say(&t, what, count / BATCH * BATCH);
}

static void reads(struct bench *b) {
    enum { MANY = 4096 };
    static char ids[MANY][24];
    size_t found = 0, n = 2000000 / MANY * MANY;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof ids[i], "truck-%07" PRIu64, rand_below(&b->rand, b->objects));
    }
    struct timer t = timer_start();
    for (size_t i = 0; i < n; i++) {
        struct object o;
        engine_enter(b->engine, b->reader);
        found += engine_get(b->engine, b->reader, STR("fleet"), str_of(ids[i % MANY]), &o, NULL) ==
                 STATUS_OK;
        engine_leave(b->engine, b->reader);
    }
    timer_say(&t, "get", n);
    check(found == n ? STATUS_OK : STATUS_INTERNAL, "get", NULL);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int main(int argc, char **argv) {
    static struct bench b;
    b.objects = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    b.objects = b.objects < BATCH ? BATCH : b.objects;
    b.points = malloc(b.objects * sizeof *b.points);
    const char *tmp = getenv("TMPDIR");
    snprintf(b.dir, sizeof b.dir, "%s/warp-bench-XXXXXX", tmp ? tmp : "/tmp");
    if (!b.points || !mkdtemp(b.dir)) return 1;
    rand_init(&b.rand, SEED);
    make_points(&b);
    printf("objects %zu seed %d\n", b.objects, SEED);

    open_all(&b, false);
    size_t before = mem_used();
    put(&b, "put new, batch 1000, no store", BATCH, b.objects, true, false);
    printf("%-34s %10.0f bytes per object\n", "memory",
           (double)(mem_used() - before) / (double)b.objects);
    put(&b, "move, batch 1000, no store", BATCH, 1000000, false, true);
    put(&b, "move, one by one, no store", 1, 500000, false, true);
    reads(&b);
    close_all(&b);

    open_all(&b, true);
    put(&b, "put new, batch 1000, interval", BATCH, b.objects, true, false);
    put(&b, "move, batch 1000, interval", BATCH, 1000000, false, true);
    put(&b, "move, one by one, interval", 1, 500000, false, true);
    close_all(&b);

    struct timer t = timer_start();
    open_all(&b, true);
    timer_say(&t, "restart from the log", b.objects);
    struct reason why = {0};
    t = timer_start();
    check(storage_snapshot(b.store, &why), "snapshot", &why);
    timer_say(&t, "snapshot", b.objects);
    close_all(&b);
    t = timer_start();
    open_all(&b, true);
    timer_say(&t, "restart from the snapshot", b.objects);
    close_all(&b);
    nftw(b.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(b.points);
    return 0;
}
