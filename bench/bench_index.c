// bench_index - CPU time of each operation of each spatial index, in process, one thread.
//
//   bench_index [places.csv[.gz]] [index...]
//
// Sets: 1,000,000 uniform points; as many around the places of the file (columns lat and lon, by name),
// jittered by about 5 km; 100,000 rectangles of 20 m to 2 km around those. A line per case: median
// of five runs. The trie is also given crowds: a million points on one spot, on one line, at two ends of the
// world, on the antimeridian. Queries lie around the data; boxes are sized so that they hold about the hits named.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "index/index_make.h"

#define POINTS 1000000u
#define RECTANGLES 100000u
#define MOVES 1000000u
#define RUNS 5
#define GROUP 16 // searches or moves offered together
#define SEED 42
#define METRES_PER_DEGREE 111194.9

struct set {
    const char *name;
    uint32_t count;
    struct bbox *boxes; // of the items
    struct index_box *quantised;
    uint32_t *items;
};

static struct rand rng;
static struct places places;
static uint64_t sink; // keeps what is computed alive

static double normal(void) {
    return sqrt(-2 * log(1 - rand_unit(&rng))) * cos(2 * M_PI * rand_unit(&rng));
}

static struct point shifted(struct point p, double dx_m, double dy_m) {
    p.lat = fmin(84.9, fmax(-84.9, p.lat + dy_m / METRES_PER_DEGREE));
    p.lon += dx_m / METRES_PER_DEGREE / cos(p.lat * M_PI / 180);
    p.lon = fmin(179.99, fmax(-179.99, p.lon));
    return p;
}

static void *must(void *p) {
    if (!p) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return p;
}

static void must_ok(enum status st) {
    if (st == STATUS_OK) return;
    fprintf(stderr, "%s\n", status_text(st));
    exit(1);
}

static struct set set_new(const char *name, uint32_t count) {
    struct set s = {name, count, must(mem_zalloc(count, sizeof *s.boxes)),
                    must(mem_zalloc(count, sizeof *s.quantised)),
                    must(mem_zalloc(count, sizeof *s.items))};
    return s;
}

static void set_free(struct set *s) {
    mem_free(s->boxes);
    mem_free(s->quantised);
    mem_free(s->items);
}

static void set_put(struct set *s, uint32_t i, struct point low, struct point high) {
    s->boxes[i] = (struct bbox){low.lon, low.lat, high.lon, high.lat};
    s->quantised[i] = index_box_of(&s->boxes[i]);
    s->items[i] = i;
}

static struct point set_point(const struct set *s, uint32_t i) {
    return (struct point){s->boxes[i].min_lon, s->boxes[i].min_lat};
}

static struct set uniform_set(void) {
    struct set s = set_new("uniform", POINTS);
    for (uint32_t i = 0; i < s.count; i++) {
        struct point p = {rand_range(&rng, -179.95, 179.95), rand_range(&rng, -80, 80)};
        set_put(&s, i, p, p);
    }
    return s;
}

/// The n-th field of a line of CSV with quotes; NULL when there are fewer.
static const char *field(const char *line, int n) {
    bool quoted = false;
    for (; *line && n > 0; line++) {
        if (*line == '"') quoted = !quoted;
        if (*line == ',' && !quoted) n--;
    }
    return n == 0 ? line : NULL;
}

static int column(const char *header, const char *name) {
    for (int i = 0;; i++) {
        const char *f = field(header, i);
        if (!f) return -1;
        size_t len = strcspn(f, ",\r\n");
        if (len == strlen(name) && strncmp(f, name, len) == 0) return i;
    }
}

static struct point *read_places(const char *path, uint32_t *count) {
    char line[4096];
    gzFile f = gzopen(path, "rb");
    if (!f || !gzgets(f, line, sizeof line)) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    int lat = column(line, "lat"), lon = column(line, "lon");
    uint32_t cap = 1024;
    struct point *all = must(mem_alloc(cap * sizeof *all));
    *count = 0;
    while (lat >= 0 && lon >= 0 && gzgets(f, line, sizeof line)) {
        const char *y = field(line, lat), *x = field(line, lon);
        if (!x || !y) continue;
        if (*count == cap) all = must(mem_realloc(all, (cap *= 2) * sizeof *all));
        all[(*count)++] = (struct point){strtod(x, NULL), strtod(y, NULL)};
    }
    gzclose(f);
    return all;
}

static struct set city_set(const char *path) {
    uint32_t count;
    struct point *all = read_places(path, &count);
    struct set s = set_new("city", POINTS);
    for (uint32_t i = 0; i < s.count && count; i++) {
        struct point p = shifted(all[rand_below(&rng, count)], 5000 * normal(), 5000 * normal());
        set_put(&s, i, p, p);
    }
    mem_free(all);
    return s;
}

static struct set rectangle_set(const struct set *around) {
    struct set s = set_new("rectangles", RECTANGLES);
    for (uint32_t i = 0; i < s.count; i++) {
        struct point p = set_point(around, (uint32_t)rand_below(&rng, around->count));
        struct point q = shifted(p, 20 * pow(100, rand_unit(&rng)), 20 * pow(100, rand_unit(&rng)));
        set_put(&s, i, p, (struct point){fmax(p.lon, q.lon), fmax(p.lat, q.lat)});
    }
    return s;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *index, const struct set *s, const char *what, double *ns,
                   unsigned runs, double extra, const char *unit) {
    qsort(ns, runs, sizeof *ns, by_value);
    double median = ns[runs / 2];
    printf("%-9s %-11s %-14s %10.1f ns/op %12.0f op/s", index, s->name, what, median, 1e9 / median);
    if (unit) printf("   %.2f %s", extra, unit);
    printf("\n");
    fflush(stdout);
}

static bool take_hits(void *ctx, const uint32_t *items, size_t count, bool sure) {
    (void)sure;
    uint64_t *hits = ctx;
    *hits += count;
    sink += items[count - 1];
    return true;
}

static uint64_t count_in(const struct index *ix, const struct index_box *box) {
    uint64_t unsure = 0;
    return index_count(ix, box, take_hits, &unsure, NULL) + unsure;
}

/// Boxes around the data that hold about `hits` items: the half side is found by halving.
static struct index_box *windows(const struct index *ix, const struct set *s, uint32_t count,
                                 uint64_t hits) {
    struct index_box *out = must(mem_alloc(count * sizeof *out));
    for (uint32_t i = 0; i < count; i++) {
        struct point c = shifted(set_point(s, (uint32_t)rand_below(&rng, s->count)), 100 * normal(),
                                 100 * normal());
        double low = 0, high = 40;
        for (int step = 0; step < 30; step++) {
            double half = (low + high) / 2;
            struct bbox b = {c.lon - half, c.lat - half, c.lon + half, c.lat + half};
            out[i] = index_box_of(&b);
            uint64_t found = count_in(ix, &out[i]);
            if (found == hits) break;
            if (found < hits) {
                low = half;
            } else {
                high = half;
            }
        }
    }
    return out;
}

static struct index_box *circles(const struct set *s, uint32_t count, double radius_m) {
    struct index_box *out = must(mem_alloc(count * sizeof *out));
    for (uint32_t i = 0; i < count; i++) {
        struct point c = shifted(set_point(s, (uint32_t)rand_below(&rng, s->count)), 100 * normal(),
                                 100 * normal());
        struct bbox b = distance_circle_bbox(c, radius_m);
        out[i] = index_box_of(&b);
    }
    return out;
}

/// The same in groups that are brought near first.
static void bench_grouped(const struct index *ix, const struct set *s, const char *what,
                          const struct index_box *boxes, uint32_t count) {
    double ns[RUNS];
    uint64_t hits = 0;
    for (int run = 0; run < RUNS; run++) {
        hits = 0;
        uint64_t start = clock_thread_cpu_ns();
        for (uint32_t i = 0; i < count; i += GROUP) {
            uint32_t end = i + GROUP < count ? i + GROUP : count;
            index_approach(ix, &boxes[i], end - i);
            for (uint32_t k = i; k < end; k++)
                index_search(ix, &boxes[k], take_hits, &hits, NULL);
        }
        ns[run] = (double)(clock_thread_cpu_ns() - start) / count;
    }
    report(ix->ops->name, s, what, ns, RUNS, (double)hits / count, "hits");
}

static void bench_search(const struct index *ix, const struct set *s, const char *what,
                         const struct index_box *boxes, uint32_t count, bool counting) {
    double ns[RUNS];
    uint64_t hits = 0;
    for (int run = 0; run < RUNS; run++) {
        hits = 0;
        uint64_t start = clock_thread_cpu_ns();
        for (uint32_t i = 0; i < count; i++) {
            if (counting) {
                hits += count_in(ix, &boxes[i]);
            } else {
                index_search(ix, &boxes[i], take_hits, &hits, NULL);
            }
        }
        ns[run] = (double)(clock_thread_cpu_ns() - start) / count;
    }
    report(ix->ops->name, s, what, ns, RUNS, (double)hits / count, "hits");
}

struct ten {
    const struct set *s;
    struct distance_from from;
    unsigned found;
    double best[10];
    uint64_t looked_at;
};

static double take_near(void *ctx, const uint32_t *items, size_t count, double bound) {
    struct ten *t = ctx;
    (void)bound;
    t->looked_at += count;
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(&t->s->boxes[items[i]]);
    for (size_t i = 0; i < count; i++) {
        double hav = distance_hav(&t->from, set_point(t->s, items[i]));
        if (t->found == 10 && hav >= t->best[9]) continue;
        unsigned at = t->found < 10 ? t->found++ : 9;
        for (; at > 0 && t->best[at - 1] > hav; at--)
            t->best[at] = t->best[at - 1];
        t->best[at] = hav;
    }
    return t->found < 10 ? INFINITY : t->best[9];
}

static void bench_nearest(const struct index *ix, const struct set *s) {
    enum { COUNT = 100000 };
    struct point *centres = must(mem_alloc(COUNT * sizeof *centres));
    for (uint32_t i = 0; i < COUNT; i++)
        centres[i] = shifted(set_point(s, (uint32_t)rand_below(&rng, s->count)), 100 * normal(),
                             100 * normal());
    double ns[RUNS];
    uint64_t looked_at = 0;
    for (int run = 0; run < RUNS; run++) {
        looked_at = 0;
        uint64_t start = clock_thread_cpu_ns();
        for (uint32_t i = 0; i < COUNT; i++) {
            struct ten t = {.s = s, .from = distance_from(centres[i])};
            index_nearest(ix, &t.from, 10, INFINITY, take_near, &t, NULL);
            looked_at += t.looked_at;
            sink += t.found;
        }
        ns[run] = (double)(clock_thread_cpu_ns() - start) / COUNT;
    }
    report(ix->ops->name, s, "nearest10", ns, RUNS, (double)looked_at / COUNT, "candidates");
    mem_free(centres);
}

static struct index *make(enum index_kind kind) {
    struct index *ix = NULL;
    must_ok(index_make(kind, &places, &ix));
    return ix;
}

static void bench_insert(enum index_kind kind, const struct set *s) {
    double ns[RUNS], bytes = 0;
    for (int run = 0; run < RUNS; run++) {
        struct index *ix = make(kind);
        uint64_t start = clock_thread_cpu_ns();
        for (uint32_t i = 0; i < s->count; i++)
            must_ok(index_insert(ix, &s->quantised[i], i));
        ns[run] = (double)(clock_thread_cpu_ns() - start) / s->count;
        bytes = (double)index_bytes(ix) / s->count;
        index_free(ix);
    }
    report(index_kind_name(kind), s, "insert", ns, RUNS, bytes + 4, "bytes/item with its place");
}

static struct index *bench_bulk(enum index_kind kind, const struct set *s) {
    double ns[RUNS], bytes = 0;
    struct index *ix = NULL;
    for (int run = 0; run < RUNS; run++) {
        index_free(ix);
        ix = make(kind);
        uint64_t start = clock_thread_cpu_ns();
        must_ok(index_bulk_load(ix, s->quantised, s->items, s->count));
        ns[run] = (double)(clock_thread_cpu_ns() - start) / s->count;
        bytes = (double)index_bytes(ix) / s->count;
    }
    report(index_kind_name(kind), s, "bulk", ns, RUNS, bytes + 4, "bytes/item with its place");
    return ix;
}

static void moves_do(struct index *ix, const struct index_box *from, const struct index_box *to,
                     const uint32_t *who, bool grouped) {
    for (uint32_t i = 0; i < MOVES; i += GROUP) {
        uint32_t end = i + GROUP < MOVES ? i + GROUP : MOVES;
        if (grouped) index_approach_items(ix, &who[i], end - i);
        for (uint32_t k = i; k < end; k++)
            must_ok(index_move(ix, &from[k], &to[k], who[k]));
    }
}

/// Steps of about 100 m of random items, quantised beforehand; half of the runs in groups.
static void bench_move(struct index *ix, const struct set *s) {
    struct point *at = must(mem_alloc(s->count * sizeof *at));
    struct index_box *from = must(mem_alloc(MOVES * sizeof *from));
    struct index_box *to = must(mem_alloc(MOVES * sizeof *to));
    uint32_t *who = must(mem_alloc(MOVES * sizeof *who));
    double ns[2][RUNS];
    for (uint32_t i = 0; i < s->count; i++)
        at[i] = set_point(s, i);
    for (int run = 0; run < 2 * RUNS; run++) {
        for (uint32_t i = 0; i < MOVES; i++) {
            who[i] = (uint32_t)rand_below(&rng, s->count);
            double angle = 2 * M_PI * rand_unit(&rng), step = 100 * fabs(1 + 0.3 * normal());
            struct bbox b = {at[who[i]].lon, at[who[i]].lat, at[who[i]].lon, at[who[i]].lat};
            from[i] = index_box_of(&b);
            at[who[i]] = shifted(at[who[i]], step * cos(angle), step * sin(angle));
            b = (struct bbox){at[who[i]].lon, at[who[i]].lat, at[who[i]].lon, at[who[i]].lat};
            to[i] = index_box_of(&b);
        }
        uint64_t start = clock_thread_cpu_ns();
        moves_do(ix, from, to, who, run % 2 == 1);
        ns[run % 2][run / 2] = (double)(clock_thread_cpu_ns() - start) / MOVES;
    }
    report(ix->ops->name, s, "move 100 m", ns[0], RUNS, (double)index_bytes(ix) / s->count + 4,
           "bytes/item with its place");
    report(ix->ops->name, s, "moves by 16", ns[1], RUNS, 0, NULL);
    mem_free(at);
    mem_free(from);
    mem_free(to);
    mem_free(who);
}

static struct point crowded(int shape, uint32_t i) {
    double a = rand_unit(&rng), b = rand_unit(&rng);
    switch (shape) {
    case 0: return (struct point){13.4, 52.5};         // one spot
    case 1: return (struct point){13.4, 160 * a - 80}; // one line
    case 2:
        return (struct point){i % 2 ? 179.9 + a / 100 : -179.9 - a / 100, // two ends
                              i % 2 ? 89.9 + b / 100 : -89.9 - b / 100};
    default: return (struct point){i % 2 ? 180 : -180, 160 * b - 80}; // the antimeridian
    }
}

/// Points that crowd: every one put in, moved to the place of another and taken out, in an order of no help.
static void bench_crowds(enum index_kind kind) {
    static const char *const names[] = {"one spot", "one line", "two ends", "antimeridian"};
    for (int shape = 0; shape < 4; shape++) {
        struct set s = set_new(names[shape], POINTS);
        for (uint32_t i = 0; i < s.count; i++) {
            struct point p = crowded(shape, i);
            set_put(&s, i, p, p);
        }
        bench_insert(kind, &s);
        struct index *ix = bench_bulk(kind, &s);
        uint64_t start = clock_thread_cpu_ns();
        struct index_box away = {0, 0, 0, 0};
        for (uint32_t k = 0; k < s.count; k++) {
            uint32_t i = (uint32_t)(k * 2654435761ull % s.count);
            must_ok(index_move(ix, &s.quantised[i], &away, i));
            must_ok(index_move(ix, &away, &s.quantised[i], i));
        }
        double ns = (double)(clock_thread_cpu_ns() - start) / s.count / 2;
        report(index_kind_name(kind), &s, "move far", &ns, 1, 0, NULL);
        start = clock_thread_cpu_ns();
        for (uint32_t k = 0; k < s.count; k++) {
            uint32_t i = (uint32_t)(k * 2654435761ull % s.count);
            index_remove(ix, &s.quantised[i], i);
        }
        ns = (double)(clock_thread_cpu_ns() - start) / s.count;
        report(index_kind_name(kind), &s, "remove", &ns, 1, 0, NULL);
        index_free(ix);
        set_free(&s);
    }
}

static void bench_reads(const struct index *ix, const struct set *s) {
    static const struct {
        const char *what;
        uint32_t queries, hits;
        bool counting;
    } cases[] = {{"bbox 1", 200000, 1, false},
                 {"bbox 100", 50000, 100, false},
                 {"count 10000", 1000, 10000, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct index_box *boxes = windows(ix, s, cases[i].queries, cases[i].hits);
        bench_search(ix, s, cases[i].what, boxes, cases[i].queries, cases[i].counting);
        if (i == 0) bench_grouped(ix, s, "bbox 1 by 16", boxes, cases[i].queries);
        mem_free(boxes);
    }
    struct index_box *boxes = circles(s, 100000, 1000);
    bench_search(ix, s, "box of 1 km", boxes, 100000, false);
    mem_free(boxes);
}

static void bench_set(enum index_kind kind, const struct set *s, bool points) {
    rand_init(&rng, SEED);
    bench_insert(kind, s);
    struct index *ix = bench_bulk(kind, s);
    if (points) {
        bench_reads(ix, s);
        bench_nearest(ix, s);
        bench_move(ix, s);
    } else {
        struct index_box *boxes = circles(s, 100000, 1000);
        bench_search(ix, s, "box of 1 km", boxes, 100000, false);
        mem_free(boxes);
    }
    index_free(ix);
}

int main(int argc, char **argv) {
    int arg = 1;
    enum index_kind kind;
    const char *path = NULL;
    if (arg < argc && !index_kind_parse(str_of(argv[arg]), &kind)) path = argv[arg++];
    rand_init(&rng, SEED);
    places_init(&places);
    for (uint32_t i = 0; i < POINTS; i++)
        must_ok(places_grow(&places, i));
    struct set sets[3] = {uniform_set()};
    sets[1] = path ? city_set(path) : uniform_set();
    if (!path) sets[1].name = "uniform2";
    sets[2] = rectangle_set(&sets[1]);

    printf("seed %d, %u points, %u rectangles, median of %d runs\n", SEED, POINTS, RECTANGLES,
           RUNS);
    for (enum index_kind k = INDEX_QUADTREE; k <= INDEX_GEOHASH; k++) {
        bool wanted = arg == argc;
        for (int i = arg; i < argc; i++)
            wanted |= strcmp(argv[i], index_kind_name(k)) == 0;
        if (!wanted) continue;
        bench_set(k, &sets[0], true);
        bench_set(k, &sets[1], true);
        if (k == INDEX_QUADTREE) bench_crowds(k);
        if (k == INDEX_RTREE) bench_set(k, &sets[2], false);
    }
    for (int i = 0; i < 3; i++)
        set_free(&sets[i]);
    places_deinit(&places);
    return sink == 0;
}
