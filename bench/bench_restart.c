// bench_restart.c - how long an engine takes to come back from a data directory, and what memory it takes.
//
//   bench_restart make DIR OBJECTS      fill DIR: point objects, ids of 10 bytes, properties of about 40
//   bench_restart snapshot DIR          take a snapshot of it, dropping the log before
//   bench_restart DIR [passes]          restore it so many times (default 3), wall and CPU time of each

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/slab.h"
#include "engine/engine.h"
#include "storage/wal_store.h"

#define SEED 42u
#define BATCH 1000u

struct pair {
    struct engine *engine;
    struct storage *store;
};

static void fail(const char *what, const struct reason *why) {
    fprintf(stderr, "bench_restart: %s: %s\n", what, why->text);
    exit(1);
}

static struct pair open_pair(const char *dir) {
    struct pair p;
    struct reason why = {0};
    if (engine_new(&(struct engine_options){.index_kind = INDEX_QUADTREE}, &p.engine) != STATUS_OK)
        fail("engine", &why);
    struct storage_options options = {
        .dir = dir, .mode = STORAGE_OFF, .source = engine_emit_all, .source_ctx = p.engine};
    if (wal_store_open(&options, &p.store, &why) != STATUS_OK) fail("open", &why);
    if (engine_attach(p.engine, p.store, &why) != STATUS_OK) fail("restore", &why);
    return p;
}

static void close_pair(struct pair p) {
    if (storage_close(p.store) != STATUS_OK) fprintf(stderr, "bench_restart: not all written\n");
    engine_free(p.engine);
}

static void put_batch(struct pair p, unsigned reader, struct rand *r, size_t first, size_t count) {
    static char ids[BATCH][16], texts[BATCH][80];
    static struct change changes[BATCH];
    static struct change_result results[BATCH];
    for (size_t i = 0; i < count; i++) {
        int id = snprintf(ids[i], sizeof ids[i], "obj%07zu", first + i);
        int text = snprintf(texts[i], sizeof texts[i], "{\"name\":\"vehicle %u\",\"speed\":%u.5}",
                            (unsigned)rand_below(r, 100000), (unsigned)rand_below(r, 100));
        changes[i] = (struct change){
            .kind = CHANGE_PUT,
            .collection = STR("fleet"),
            .draft = {.id = {ids[i], (size_t)id},
                      .properties = {texts[i], (size_t)text},
                      .point = {.lon = rand_range(r, -180, 180), .lat = rand_range(r, -85, 85)}}};
    }
    struct reason why = {0};
    uint64_t lsn;
    enum status st;
    engine_enter(p.engine, reader);
    while ((st = engine_apply(p.engine, reader, changes, count, results, &lsn, &why)) ==
           STATUS_BUSY)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    engine_leave(p.engine, reader);
    if (st != STATUS_OK) fail("put", &why);
}

static int make(const char *dir, size_t objects) {
    struct pair p = open_pair(dir);
    struct rand r;
    unsigned reader;
    struct reason why = {0};
    rand_init(&r, SEED);
    if (engine_reader_open(p.engine, &reader) != STATUS_OK) fail("reader", &why);
    for (size_t i = 0; i < objects; i += BATCH)
        put_batch(p, reader, &r, i, objects - i < BATCH ? objects - i : BATCH);
    engine_reader_close(p.engine, reader);
    close_pair(p);
    return 0;
}

static int snapshot(const char *dir) {
    struct pair p = open_pair(dir);
    struct reason why = {0};
    if (storage_snapshot(p.store, &why) != STATUS_OK) fail("snapshot", &why);
    close_pair(p);
    return 0;
}

static void show_status(void) {
    char line[128];
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f)) {
        unsigned long kib;
        if (sscanf(line, "VmHWM: %lu", &kib) == 1) printf("  VmHWM %lu MiB", kib / 1024);
        if (sscanf(line, "VmRSS: %lu", &kib) == 1) printf("  VmRSS %lu MiB", kib / 1024);
    }
    if (f) fclose(f);
}

static int restart(const char *dir, int passes) {
    for (int i = 0; i < passes; i++) {
        uint64_t cpu = clock_process_cpu_ns(), wall = clock_mono_ns();
        struct pair p = open_pair(dir);
        cpu = clock_process_cpu_ns() - cpu;
        wall = clock_mono_ns() - wall;
        struct storage_stats stats;
        storage_stats(p.store, &stats);
        printf("restart  wall %.3f s  CPU %.3f s  records %llu  mem_used %zu MiB  slabs %zu MiB",
               (double)wall / 1e9, (double)cpu / 1e9, (unsigned long long)stats.replayed_records,
               mem_used() >> 20, slab_held() >> 20);
        show_status();
        printf("\n");
        fflush(stdout);
        close_pair(p);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "make") == 0)
        return make(argv[2], (size_t)strtoull(argv[3], NULL, 10));
    if (argc == 3 && strcmp(argv[1], "snapshot") == 0) return snapshot(argv[2]);
    if (argc == 2 || argc == 3) return restart(argv[1], argc == 3 ? atoi(argv[2]) : 3);
    fprintf(stderr, "usage: bench_restart [make|snapshot] DIR [OBJECTS|PASSES]\n");
    return 2;
}
