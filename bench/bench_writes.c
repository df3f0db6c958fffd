// bench_writes.c - what changes and reads by id cost through warp.h, in memory, on one core.
//
//   [ONLY=move,many,get,replace,batches] [PROPERTIES=TEXT] bench_writes [objects] [FILE.pts FILE.moves]
//
// 1,000,000 points anywhere and moves of about 100 m, or those of the peers' workload. One line per case:
// CPU ns of this thread for one operation, the best of three passes where passes can be repeated.

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "geo/point.h"
#include "warp.h"

#define SEED 42
#define PASSES 3

enum { BATCH = 1000, ID_SIZE = 16 };

struct move {
    uint64_t id;
    struct point to;
};

static size_t count, move_count;
static struct point *points;
static struct move *moves;
static char (*ids)[ID_SIZE];
static const char *properties;
static struct warp *db;
static struct warp_session *s;

static void check(enum warp_status st) {
    if (st != WARP_OK) {
        fprintf(stderr, "%s\n", s ? warp_error(s) : warp_status_text(st));
        exit(1);
    }
}

static void say(const char *what, uint64_t ns, size_t n) {
    printf("%-28s %8.0f ns\n", what, (double)ns / (double)n);
    fflush(stdout);
}

static void *slurp(const char *name, size_t size, size_t *n) {
    FILE *f = fopen(name, "rb");
    char *all = malloc(*n * size);
    if (!f || !all) {
        perror(name);
        exit(1);
    }
    *n = fread(all, size, *n, f);
    fclose(f);
    return all;
}

static void make_work(void) {
    struct rand r;
    rand_init(&r, SEED);
    points = malloc(count * sizeof *points);
    moves = malloc(move_count * sizeof *moves);
    for (size_t i = 0; i < count; i++) {
        points[i] = (struct point){rand_range(&r, -180, 180), rand_range(&r, -85, 85)};
    }
    for (size_t i = 0; i < move_count; i++) {
        uint64_t id = rand_below(&r, count);
        struct point at = points[id];
        moves[i] = (struct move){
            id,
            {fmax(-180, fmin(180, at.lon + rand_range(&r, -0.001, 0.001))),
             at.lat + rand_range(&r, -0.001, 0.001)},
        };
    }
}

static void open_db(void) {
    check(warp_open(&(struct warp_options){.data_dir = NULL}, &db, NULL, 0));
    check(warp_session_open(db, &s));
}

static void close_db(void) {
    warp_session_close(s);
    warp_close(db);
    s = NULL;
}

static void insert_one_by_one(void) {
    size_t before = mem_used(), text = properties ? strlen(properties) : 0;
    uint64_t began = clock_thread_cpu_ns();
    for (size_t i = 0; i < count; i++) {
        check(warp_put_point(s, NULL, ids[i], points[i].lon, points[i].lat, properties));
    }
    say("insert", clock_thread_cpu_ns() - began, count);
    double bytes = (double)(mem_used() - before) / (double)count;
    printf("%-28s %8.1f bytes, %.1f beyond id and properties\n", "memory", bytes,
           bytes - (double)strlen(ids[0]) - (double)text);
}

static void replace(void) {
    uint64_t began = clock_thread_cpu_ns();
    size_t n = move_count < count ? move_count : count;
    for (size_t i = 0; i < n; i++) {
        check(warp_put_point(s, NULL, ids[moves[i].id], moves[i].to.lon, moves[i].to.lat,
                             properties));
    }
    say("replace", clock_thread_cpu_ns() - began, n);
}

static void insert_in_batches(void) {
    static struct warp_point batch[BATCH];
    uint64_t began = clock_thread_cpu_ns();
    for (size_t i = 0; i < count; i += BATCH) {
        size_t n = count - i < BATCH ? count - i : BATCH;
        for (size_t k = 0; k < n; k++) {
            batch[k] =
                (struct warp_point){ids[i + k], points[i + k].lon, points[i + k].lat, properties};
        }
        check(warp_put_points(s, NULL, batch, n, NULL));
    }
    say("insert, 1000 a call", clock_thread_cpu_ns() - began, count);
}

static uint64_t best(uint64_t (*pass)(void)) {
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < PASSES; i++) {
        uint64_t ns = pass();
        least = ns < least ? ns : least;
    }
    return least;
}

static uint64_t move_pass(void) {
    uint64_t began = clock_thread_cpu_ns();
    for (size_t i = 0; i < move_count; i++) {
        check(warp_move(s, NULL, ids[moves[i].id], moves[i].to.lon, moves[i].to.lat));
    }
    return clock_thread_cpu_ns() - began;
}

static uint64_t move_many_pass(void) {
    static struct warp_position batch[BATCH];
    uint64_t began = clock_thread_cpu_ns();
    for (size_t i = 0; i < move_count; i += BATCH) {
        size_t n = move_count - i < BATCH ? move_count - i : BATCH;
        for (size_t k = 0; k < n; k++) {
            const struct move *m = &moves[i + k];
            batch[k] = (struct warp_position){ids[m->id], m->to.lon, m->to.lat};
        }
        check(warp_move_many(s, NULL, batch, n, NULL, NULL));
    }
    return clock_thread_cpu_ns() - began;
}

static uint64_t get_pass(void) {
    const char *feature;
    uint64_t began = clock_thread_cpu_ns();
    for (size_t i = 0; i < move_count; i++) {
        check(warp_get(s, NULL, ids[moves[i].id], &feature));
    }
    return clock_thread_cpu_ns() - began;
}

static bool wanted(const char *name) {
    const char *only = getenv("ONLY");
    return !only || strstr(only, name);
}

int main(int argc, char **argv) {
    count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    move_count = count < 500000 ? count : 500000;
    if (argc > 3) {
        points = slurp(argv[2], sizeof *points, &count);
        moves = slurp(argv[3], sizeof *moves, &move_count);
    } else {
        make_work();
    }
    properties = getenv("PROPERTIES");
    ids = malloc(count * sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "o%010zu", i % 10000000000u);
    }
    printf("%zu objects, %zu moves, seed %d\n", count, move_count, SEED);
    open_db();
    insert_one_by_one();
    if (wanted("move")) say("move", best(move_pass), move_count);
    if (wanted("many")) say("move, 1000 a call", best(move_many_pass), move_count);
    if (wanted("get")) say("get", best(get_pass), move_count);
    if (wanted("replace")) replace();
    close_db();
    if (wanted("batches")) {
        open_db();
        insert_in_batches();
        close_db();
    }
    free(points);
    free(moves);
    free(ids);
    return 0;
}
