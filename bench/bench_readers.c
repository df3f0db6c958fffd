// bench_readers - what a search costs while another thread writes: through warp.h, in memory.
//
//   bench_readers [objects]      1,000,000 by default, half of them uniform, half in 200 cities
//
// Each case runs for about two seconds: one reader alone, beside a writer of 100 m moves (one by one, and a thousand a
// call), beside one that moves objects anywhere, and two readers at once. A line has the CPU time of a search, what it
// took by the clock (the machine's other work counts there), and p99 and CPU as ratios to the reader alone.

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "warp.h"

#define SEED 42
#define CITIES 200
#define METRES_PER_DEGREE 111194.9
#define CASE_NS 2000000000ull
#define SAMPLES_MAX 20000000u
#define BATCH 1000

enum { ID_SIZE = 12 };

struct place {
    double lon, lat;
};

struct world {
    struct warp *db;
    size_t objects;
    char (*ids)[ID_SIZE];
    struct place *places, *at; // where searches go; where the objects are by now, the writer's
    _Atomic bool stop;
};

enum search { SEARCH_BBOX, SEARCH_NEARBY, SEARCH_NEAREST, SEARCHES };
static const char *const search_names[SEARCHES] = {"bbox 200 m", "nearby 200 m", "nearest 10"};

enum writing { WRITE_NOTHING, WRITE_MOVES, WRITE_BATCHES, WRITE_TELEPORTS, WRITINGS };
static const char *const writing_names[WRITINGS] = {"alone", "while 100 m moves", "while batches",
                                                    "while teleports"};

struct reader {
    struct world *w;
    enum search search;
    uint64_t seed;
    uint32_t *ns; // of each search, by the clock
    size_t count;
    uint64_t hits, cpu_ns, wall_ns;
};

struct writer {
    struct world *w;
    enum writing writing;
    uint64_t moves, cpu_ns, wall_ns;
};

struct outcome {
    double p50, p99, p999, cpu, per_second, moves_per_second;
};

static void must(enum warp_status st, const char *what) {
    if (st == WARP_OK) return;
    fprintf(stderr, "bench_readers: %s: %s\n", what, warp_status_text(st));
    exit(1);
}

static void *must_have(void *p) {
    if (!p) must(WARP_NO_MEMORY, "start");
    return p;
}

// --- the world ---

static struct place shifted(struct place p, double east_m, double north_m) {
    p.lat = fmin(84.9, fmax(-84.9, p.lat + north_m / METRES_PER_DEGREE));
    p.lon += east_m / METRES_PER_DEGREE / cos(p.lat * M_PI / 180);
    p.lon = fmin(179.99, fmax(-179.99, p.lon));
    return p;
}

static struct place anywhere(struct rand *r) {
    return (struct place){rand_range(r, -179.9, 179.9), rand_range(r, -80, 80)};
}

static struct place in_a_city(struct rand *r) {
    struct rand city;
    rand_init(&city, rand_below(r, CITIES));
    struct place middle = {rand_range(&city, -170, 170), rand_range(&city, -60, 70)};
    return shifted(middle, rand_range(r, -10000, 10000) + rand_range(r, -10000, 10000),
                   rand_range(r, -10000, 10000) + rand_range(r, -10000, 10000));
}

static struct world *world_open(size_t objects) {
    struct world *w = must_have(mem_zalloc(1, sizeof *w));
    struct warp_point *points = must_have(mem_zalloc(objects, sizeof *points));
    struct warp_session *s;
    struct rand r;
    rand_init(&r, SEED);
    w->objects = objects;
    w->ids = must_have(mem_zalloc(objects, sizeof *w->ids));
    w->places = must_have(mem_zalloc(objects, sizeof *w->places));
    w->at = must_have(mem_zalloc(objects, sizeof *w->at));
    for (size_t i = 0; i < objects; i++) {
        snprintf(w->ids[i], ID_SIZE, "o%010zu", i % 10000000000u);
        w->at[i] = w->places[i] = i % 2 ? anywhere(&r) : in_a_city(&r);
        points[i] = (struct warp_point){w->ids[i], w->places[i].lon, w->places[i].lat, NULL};
    }
    must(warp_open(&(struct warp_options){0}, &w->db, NULL, 0), "open");
    must(warp_session_open(w->db, &s), "session");
    for (size_t i = 0; i < objects; i += BATCH) {
        size_t count = objects - i < BATCH ? objects - i : BATCH;
        must(warp_put_points(s, NULL, points + i, count, NULL), "put");
    }
    warp_session_close(s);
    mem_free(points);
    return w;
}

static void world_close(struct world *w) {
    warp_close(w->db);
    mem_free(w->ids);
    mem_free(w->places);
    mem_free(w->at);
    mem_free(w);
}

// --- readers ---

static bool count_hit(void *ctx, const struct warp_hit *hit) {
    uint64_t *hits = ctx;
    *hits += hit->id != NULL;
    return true;
}

static enum warp_status ask(struct warp_session *s, enum search search, struct place c,
                            uint64_t *hits) {
    struct place high = shifted(c, 100, 100);
    double lon = high.lon - c.lon, lat = high.lat - c.lat;
    switch (search) {
    case SEARCH_BBOX:
        return warp_bbox(s, NULL, c.lon - lon, c.lat - lat, c.lon + lon, c.lat + lat, count_hit,
                         hits);
    case SEARCH_NEARBY: return warp_nearby(s, NULL, c.lon, c.lat, 200, 100, count_hit, hits);
    default: return warp_nearest(s, NULL, c.lon, c.lat, 10, count_hit, hits);
    }
}

static void *read_on(void *arg) {
    struct reader *r = arg;
    struct warp_session *s;
    struct rand rand;
    rand_init(&rand, r->seed);
    must(warp_session_open(r->w->db, &s), "session");
    uint64_t began = clock_mono_ns(), cpu = clock_thread_cpu_ns(), now = began;
    while (now - began < CASE_NS && r->count < SAMPLES_MAX) {
        struct place c = r->w->places[rand_below(&rand, r->w->objects)];
        must(ask(s, r->search, c, &r->hits), "search");
        uint64_t then = clock_mono_ns();
        r->ns[r->count++] = then - now > UINT32_MAX ? UINT32_MAX : (uint32_t)(then - now);
        now = then;
    }
    r->cpu_ns = clock_thread_cpu_ns() - cpu;
    r->wall_ns = now - began;
    warp_session_close(s);
    return NULL;
}

// --- the writer ---

static size_t next_move(struct writer *w, struct rand *r) {
    size_t i = rand_below(r, w->w->objects);
    if (w->writing == WRITE_TELEPORTS) {
        w->w->at[i] = i % 2 ? anywhere(r) : in_a_city(r);
    } else {
        double angle = rand_range(r, 0, 2 * M_PI);
        w->w->at[i] = shifted(w->w->at[i], 100 * cos(angle), 100 * sin(angle));
    }
    return i;
}

static void move_one(struct writer *w, struct warp_session *s, struct rand *r) {
    size_t i = next_move(w, r);
    must(warp_move(s, NULL, w->w->ids[i], w->w->at[i].lon, w->w->at[i].lat), "move");
    w->moves++;
}

static void move_batch(struct writer *w, struct warp_session *s, struct rand *r) {
    struct warp_position all[BATCH];
    for (size_t k = 0; k < BATCH; k++) {
        size_t i = next_move(w, r);
        all[k] = (struct warp_position){w->w->ids[i], w->w->at[i].lon, w->w->at[i].lat};
    }
    must(warp_move_many(s, NULL, all, BATCH, NULL, NULL), "move");
    w->moves += BATCH;
}

static void *write_on(void *arg) {
    struct writer *w = arg;
    struct warp_session *s;
    struct rand r;
    rand_init(&r, SEED + 1);
    must(warp_session_open(w->w->db, &s), "session");
    uint64_t began = clock_mono_ns(), cpu = clock_thread_cpu_ns();
    while (!atomic_load_explicit(&w->w->stop, memory_order_relaxed)) {
        if (w->writing == WRITE_BATCHES) {
            move_batch(w, s, &r);
        } else {
            move_one(w, s, &r);
        }
    }
    w->cpu_ns = clock_thread_cpu_ns() - cpu;
    w->wall_ns = clock_mono_ns() - began;
    warp_session_close(s);
    return NULL;
}

// --- cases ---

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static struct outcome outcome_of(struct reader *readers, size_t count, const struct writer *w) {
    struct outcome o = {0};
    struct reader *first = &readers[0];
    uint64_t cpu = 0, searches = 0;
    qsort(first->ns, first->count, sizeof *first->ns, ascending);
    o.p50 = first->ns[first->count / 2] / 1e3;
    o.p99 = first->ns[first->count * 99 / 100] / 1e3;
    o.p999 = first->ns[first->count * 999 / 1000] / 1e3;
    for (size_t i = 0; i < count; i++) {
        cpu += readers[i].cpu_ns;
        searches += readers[i].count;
        o.per_second += (double)readers[i].count * 1e9 / (double)readers[i].wall_ns;
    }
    o.cpu = (double)cpu / 1e3 / (double)searches;
    if (w->wall_ns) o.moves_per_second = (double)w->moves * 1e9 / (double)w->wall_ns;
    return o;
}

static struct outcome run_case(struct world *w, enum search search, enum writing writing,
                               size_t reader_count) {
    struct reader readers[2] = {{0}};
    struct writer writer = {.w = w, .writing = writing};
    pthread_t threads[2], writing_thread;
    atomic_store(&w->stop, false);
    if (writing != WRITE_NOTHING) {
        must(pthread_create(&writing_thread, NULL, write_on, &writer) ? WARP_FAILED : WARP_OK,
             "thread");
    }
    for (size_t i = 0; i < reader_count; i++) {
        readers[i] = (struct reader){.w = w, .search = search, .seed = SEED + 2 + i};
        readers[i].ns = must_have(mem_alloc(SAMPLES_MAX * sizeof(uint32_t)));
        must(pthread_create(&threads[i], NULL, read_on, &readers[i]) ? WARP_FAILED : WARP_OK,
             "thread");
    }
    for (size_t i = 0; i < reader_count; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&w->stop, true);
    if (writing != WRITE_NOTHING) pthread_join(writing_thread, NULL);
    struct outcome o = outcome_of(readers, reader_count, &writer);
    for (size_t i = 0; i < reader_count; i++)
        mem_free(readers[i].ns);
    return o;
}

static void line(enum search search, const char *what, const struct outcome *o,
                 const struct outcome *alone) {
    printf("%-13s %-18s %8.2f %8.2f %8.2f %9.3f %11.0f %11.0f %8.2f %8.2f\n", search_names[search],
           what, o->p50, o->p99, o->p999, o->cpu, o->per_second, o->moves_per_second,
           o->p99 / alone->p99, o->cpu / alone->cpu);
    fflush(stdout);
}

int main(int argc, char **argv) {
    size_t objects = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    if (objects < BATCH) {
        fprintf(stderr, "usage: bench_readers [objects]   (%d or more)\n", BATCH);
        return 2;
    }
    struct world *w = world_open(objects);
    printf("seed %d, %zu objects, %.0f s a case\n", SEED, objects, CASE_NS / 1e9);
    printf("%-13s %-18s %8s %8s %8s %9s %11s %11s %8s %8s\n", "search", "", "p50 us", "p99 us",
           "p99.9 us", "CPU us", "searches/s", "moves/s", "p99 x", "CPU x");
    for (enum search search = 0; search < SEARCHES; search++) {
        struct outcome alone = run_case(w, search, WRITE_NOTHING, 1);
        line(search, writing_names[WRITE_NOTHING], &alone, &alone);
        for (enum writing writing = WRITE_MOVES; writing < WRITINGS; writing++) {
            struct outcome o = run_case(w, search, writing, 1);
            line(search, writing_names[writing], &o, &alone);
        }
        struct outcome two = run_case(w, search, WRITE_NOTHING, 2);
        line(search, "two readers", &two, &alone);
    }
    world_close(w);
    return 0;
}
