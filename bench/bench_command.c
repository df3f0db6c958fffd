// bench_command.c - searches as RESP commands without sockets: CPU time an operation, and what of it is the engine's.
//
//   bench_command [objects] [rounds]

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rand.h"
#include "command/command.h"

#define BATCH 1000
#define SPAN 10.0 // degrees a side

struct bench {
    struct engine *engine;
    struct commands *commands;
    struct command_client client;
    struct arena arena;
    struct buf out;
    struct rand rand;
    unsigned reader;
};

/// As GPS units send positions.
static double decimals(double v) {
    return nearbyint(v * 1e6) / 1e6;
}

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void load(struct bench *b, size_t objects) {
    static struct change changes[BATCH];
    static struct change_result results[BATCH];
    static char ids[BATCH][16];
    for (size_t done = 0; done < objects; done += BATCH) {
        for (size_t i = 0; i < BATCH; i++) {
            int len = snprintf(ids[i], sizeof ids[i], "%zu", done + i);
            changes[i] = (struct change){.kind = CHANGE_PUT, .collection = STR("fleet")};
            changes[i].draft.id = (struct str){ids[i], (size_t)len};
            changes[i].draft.point =
                (struct point){.lon = decimals(rand_range(&b->rand, 0, SPAN)),
                               .lat = decimals(rand_range(&b->rand, 40, 40 + SPAN))};
        }
        uint64_t lsn;
        engine_enter(b->engine, b->reader);
        if (engine_apply(b->engine, b->reader, changes, BATCH, results, &lsn, NULL) != STATUS_OK)
            exit(1);
        engine_leave(b->engine, b->reader);
    }
}

/// @lat @lon: a place; @box: one of `metres`.
static size_t words_of(struct bench *b, const char *line, double metres, char room[40][32],
                       struct str *args) {
    double lat = rand_range(&b->rand, 41, 39 + SPAN), lon = rand_range(&b->rand, 1, SPAN - 1);
    double dy = metres / 2 / 111195, dx = dy / cos(lat * 0.017453292519943295);
    size_t n = 0;
    for (struct str rest = str_of(line), word; str_split(&rest, ' ', &word);) {
        if (str_eq(word, STR("@at"))) {
            double v[] = {lat, lon};
            for (unsigned i = 0; i < 2; i++, n++)
                args[n] = (struct str){room[n], (size_t)snprintf(room[n], 32, "%.6f", v[i])};
        } else if (str_eq(word, STR("@box"))) {
            double v[] = {lat - dy, lon - dx, lat + dy, lon + dx};
            for (unsigned i = 0; i < 4; i++, n++)
                args[n] = (struct str){room[n], (size_t)snprintf(room[n], 32, "%.6f", v[i])};
        } else {
            args[n++] = word;
        }
    }
    return n;
}

static void run(struct bench *b, const char *name, const char *line, double metres, size_t rounds) {
    enum { KINDS = 256 };
    static char room[KINDS][40][32];
    static struct str args[KINDS][40];
    static size_t counts[KINDS];
    double best = INFINITY;
    size_t bytes = 0;
    for (size_t k = 0; k < KINDS; k++)
        counts[k] = words_of(b, line, metres, room[k], args[k]);
    for (unsigned pass = 0; pass < 5; pass++) {
        double start = cpu_s();
        bytes = 0;
        for (size_t i = 0; i < rounds; i++) {
            struct command_call call = {.commands = b->commands,
                                        .client = &b->client,
                                        .args = args[i % KINDS],
                                        .count = counts[i % KINDS],
                                        .out = &b->out,
                                        .arena = &b->arena,
                                        .reader = b->reader};
            buf_clear(&b->out);
            engine_enter(b->engine, b->reader);
            command_answer(&call);
            engine_leave(b->engine, b->reader);
            arena_reset(&b->arena);
            bytes += b->out.len;
        }
        best = fmin(best, (cpu_s() - start) / (double)rounds);
    }
    printf("%-16s %10.3f us %10zu bytes\n", name, best * 1e6, bytes / rounds);
}

int main(int argc, char **argv) {
    size_t objects = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
    struct bench b = {0};
    rand_init(&b.rand, 1);
    struct engine_options options = {.index_kind = INDEX_QUADTREE};
    if (engine_new(&options, &b.engine) != STATUS_OK ||
        engine_reader_open(b.engine, &b.reader) != STATUS_OK)
        return 1;
    struct commands_options c = {.engine = b.engine};
    if (commands_new(&c, &b.commands) != STATUS_OK) return 1;
    arena_init(&b.arena, 0);
    buf_init(&b.out);
    load(&b, objects);
    run(&b, "ping", "PING", 0, rounds);
    run(&b, "within_1km", "WITHIN fleet IDS BOUNDS @box", 1000, rounds);
    run(&b, "within_10km", "WITHIN fleet LIMIT 1000 IDS BOUNDS @box", 10000, rounds / 4);
    run(&b, "within_10km_obj", "WITHIN fleet LIMIT 1000 BOUNDS @box", 10000, rounds / 4);
    run(&b, "count_10km", "WITHIN fleet COUNT BOUNDS @box", 10000, rounds / 4);
    run(&b, "count_100km", "WITHIN fleet COUNT BOUNDS @box", 100000, rounds / 10);
    run(&b, "count_circle", "WITHIN fleet COUNT CIRCLE @at 50000", 0, rounds / 40);
    run(&b, "near10_1km", "NEARBY fleet LIMIT 10 IDS POINT @at 1000", 0, rounds);
    run(&b, "near10_10km", "NEARBY fleet LIMIT 10 IDS POINT @at 10000", 0, rounds);
    run(&b, "nearest10", "NEARBY fleet LIMIT 10 IDS POINT @at", 0, rounds);
    run(&b, "near100_10km", "NEARBY fleet LIMIT 100 IDS POINT @at 10000", 0, rounds / 4);
    run(&b, "where", "WITHIN fleet WHERE speed>5 IDS BOUNDS @box", 10000, rounds / 4);
    run(&b, "scan_100", "SCAN fleet LIMIT 100 IDS", 0, rounds / 4);
    run(&b, "sparse_4", "WITHIN fleet SPARSE 4 IDS BOUNDS @box", 100000, rounds / 200 + 1);
    return 0;
}
