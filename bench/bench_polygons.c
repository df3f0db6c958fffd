// bench_polygons.c - point in polygon and fences on the peers' workload, in the peers' terms.
//
//   bench_polygons DIR      DIR holds polys.{off,xy,q}, fences.{off,xy}, city.moves of the peer harness
//
// Lines: what, CPU ns per operation (best of PASSES over the same queries), operations, check figure.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "geo/relate.h"
#include "geo/relate_point.h"
#include "geo/strips.h"
#include "index/index_make.h"

#define PASSES 5
#define QUERIES 200000
#define CANDIDATES 64

struct move {
    uint64_t id;
    struct point p;
};

struct polygons {
    uint64_t *off;
    struct point *xy;
    struct geometry **list;
    double *shift; // rings that begin west of -180 are moved east
    size_t count;
};

static const char *dir;

static void *load(const char *name, size_t size, size_t *count) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    fseek(f, 0, SEEK_END);
    *count = (size_t)ftell(f) / size;
    rewind(f);
    void *data = malloc(*count * size);
    if (!data || fread(data, size, *count, f) != *count) exit(1);
    fclose(f);
    return data;
}

static struct geometry *build(const struct point *xy, size_t count) {
    uint32_t end = (uint32_t)count;
    uint8_t start = 1;
    struct geometry_parts parts = {.type = GEOMETRY_POLYGON,
                                   .points = xy,
                                   .point_count = count,
                                   .part_ends = &end,
                                   .polygon_start = &start,
                                   .part_count = 1,
                                   .literal = true};
    struct geometry *g = NULL;
    struct reason why;
    if (geometry_new(&parts, &GEOMETRY_LIMITS_IMPORT, &g, &why) != STATUS_OK) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    return g;
}

static struct polygons load_polygons(const char *name) {
    struct polygons f;
    char file[64];
    size_t points;
    snprintf(file, sizeof file, "%s.off", name);
    f.off = load(file, sizeof *f.off, &f.count);
    snprintf(file, sizeof file, "%s.xy", name);
    f.xy = load(file, sizeof *f.xy, &points);
    f.count--;
    f.list = malloc(f.count * sizeof *f.list);
    f.shift = calloc(f.count, sizeof *f.shift);
    for (size_t i = 0; i < f.count; i++) {
        for (uint64_t k = f.off[i]; k < f.off[i + 1]; k++) {
            if (f.xy[k].lon < -180) f.shift[i] = 360;
        }
        for (uint64_t k = f.off[i]; k < f.off[i + 1]; k++) {
            f.xy[k].lon += f.shift[i];
        }
        f.list[i] = build(f.xy + f.off[i], f.off[i + 1] - f.off[i]);
    }
    return f;
}

static size_t vertices(const struct polygons *f, size_t i) {
    return f->off[i + 1] - f->off[i];
}

static void report(const char *name, double ns, size_t ops, double check) {
    printf("%-28s %10.1f %10zu %12.6g\n", name, ns, ops, check);
    fflush(stdout);
}

static void prepare(const struct polygons *f, const char *name) {
    size_t bytes = 0, all = 0;
    for (size_t i = 0; i < f->count; i++) {
        bytes -= geometry_bytes(f->list[i]);
        all += vertices(f, i);
    }
    uint64_t start = clock_thread_cpu_ns();
    for (size_t i = 0; i < f->count; i++) {
        geometry_prepare(f->list[i]);
    }
    double ns = (double)(clock_thread_cpu_ns() - start) / (double)all;
    for (size_t i = 0; i < f->count; i++) {
        bytes += geometry_bytes(f->list[i]);
    }
    char line[64];
    snprintf(line, sizeof line, "%s prep/vertex", name);
    report(line, ns, all, 0);
    snprintf(line, sizeof line, "%s bytes/vertex", name);
    report(line, (double)bytes / (double)all, all, 0);
}

static void ask(const char *name, const struct polygons *f, const struct move *q, size_t n) {
    double best = INFINITY;
    size_t hits = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        hits = 0;
        uint64_t start = clock_thread_cpu_ns();
        for (size_t i = 0; i < n; i++) {
            hits += relate_locate(f->list[q[i].id], q[i].p) == RELATE_INSIDE;
        }
        best = fmin(best, (double)(clock_thread_cpu_ns() - start));
    }
    report(name, best / (double)n, n, (double)hits / (double)n);
    struct relate_point_pair *pairs = malloc(n * sizeof *pairs);
    enum relate_point_location *at = malloc(n * sizeof *at);
    for (size_t i = 0; i < n; i++) {
        pairs[i] = (struct relate_point_pair){f->list[q[i].id], q[i].p};
    }
    best = INFINITY;
    for (int pass = 0; pass < PASSES; pass++) {
        hits = 0;
        uint64_t start = clock_thread_cpu_ns();
        relate_point_locate_pairs(pairs, n, at);
        for (size_t i = 0; i < n; i++) {
            hits += at[i] == RELATE_POINT_INSIDE;
        }
        best = fmin(best, (double)(clock_thread_cpu_ns() - start));
    }
    char line[64];
    snprintf(line, sizeof line, "%s, batch", name);
    report(line, best / (double)n, n, (double)hits / (double)n);
    free(pairs);
    free(at);
}

static bool is_asked(const struct polygons *f, size_t id, int kind, size_t one) {
    size_t n = vertices(f, id);
    return kind == 0 || (kind == 1 && n >= 4000 && n <= 6500) || (kind == 2 && id == one);
}

static void bench_polygons(void) {
    static const char *const names[] = {"pip-all", "pip-5k", "pip-5k-hot"};
    struct polygons f = load_polygons("polys");
    size_t count, one = 0;
    struct move *q = load("polys.q", sizeof *q, &count);
    prepare(&f, "polys");
    for (size_t i = 0; i < count; i++) {
        q[i].p.lon += f.shift[q[i].id];
    }
    while (one + 1 < f.count && vertices(&f, one) >= 5050) {
        one++;
    }
    struct move *asked = malloc((QUERIES + count) * sizeof *asked);
    for (int kind = 0; kind < 3; kind++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++) {
            if (is_asked(&f, q[i].id, kind, one)) asked[n++] = q[i];
        }
        for (size_t once = n; kind == 2 && n < 50000; n += once) {
            memcpy(asked + n, asked, once * sizeof *asked);
        }
        ask(names[kind], &f, asked, n < QUERIES ? n : QUERIES);
    }
    free(asked);
    free(q);
}

// --- fences ---

#define BLOCK 32

struct matching {
    const struct polygons *fences;
    struct point p;
    size_t count;
    struct relate_point_pair pairs[BLOCK * CANDIDATES];
    enum relate_point_location at[BLOCK * CANDIDATES];
};

static bool note(void *ctx, const uint32_t *items, size_t count, bool sure) {
    (void)sure;
    struct matching *m = ctx;
    for (size_t i = 0; i < count && m->count < BLOCK * CANDIDATES; i++) {
        m->pairs[m->count++] = (struct relate_point_pair){m->fences->list[items[i]], m->p};
    }
    return true;
}

static void search(const struct index *ix, const struct move *moves, size_t count,
                   struct matching *m) {
    struct index_box boxes[BLOCK];
    for (size_t i = 0; i < count; i++) {
        struct point p = moves[i].p;
        boxes[i] = index_box_of(&(struct bbox){p.lon, p.lat, p.lon, p.lat});
    }
    if (count > 1) index_approach(ix, boxes, count);
    m->count = 0;
    for (size_t i = 0; i < count; i++) {
        m->p = moves[i].p;
        (void)index_search(ix, &boxes[i], note, m, NULL);
    }
}

static size_t locate(struct matching *m) {
    size_t hits = 0;
    relate_point_locate_pairs(m->pairs, m->count, m->at);
    for (size_t i = 0; i < m->count; i++) {
        hits += m->at[i] == RELATE_POINT_INSIDE;
    }
    return hits;
}

static void ask_fences(const char *name, const struct index *ix, const struct polygons *f,
                       const struct move *moves, size_t count, size_t block) {
    static struct matching m;
    m.fences = f;
    double both = INFINITY, boxes = INFINITY;
    size_t hits = 0, candidates = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        hits = candidates = 0;
        uint64_t start = clock_thread_cpu_ns();
        for (size_t i = 0; i < count; i += block) {
            search(ix, moves + i, count - i < block ? count - i : block, &m);
            hits += locate(&m);
        }
        both = fmin(both, (double)(clock_thread_cpu_ns() - start));
        start = clock_thread_cpu_ns();
        for (size_t i = 0; i < count; i += block) {
            search(ix, moves + i, count - i < block ? count - i : block, &m);
            candidates += m.count;
        }
        boxes = fmin(boxes, (double)(clock_thread_cpu_ns() - start));
    }
    char line[64];
    snprintf(line, sizeof line, "fences10k match%s", name);
    report(line, both / (double)count, count, (double)hits / (double)count);
    snprintf(line, sizeof line, "fences10k boxes%s", name);
    report(line, boxes / (double)count, count, (double)candidates / (double)count);
}

static void bench_fences(void) {
    struct polygons f = load_polygons("fences");
    size_t count;
    struct move *m = load("city.moves", sizeof *m, &count);
    if (count > QUERIES) count = QUERIES;
    prepare(&f, "fences");
    static struct places places;
    places_init(&places);
    struct index *ix = NULL;
    struct index_box *boxes = malloc(f.count * sizeof *boxes);
    uint32_t *items = malloc(f.count * sizeof *items);
    for (uint32_t i = 0; i < f.count; i++) {
        boxes[i] = index_box_of(geometry_bbox(f.list[i]));
        items[i] = i;
        if (places_grow(&places, i) != STATUS_OK) exit(1);
    }
    if (index_make(INDEX_RTREE, &places, &ix) != STATUS_OK ||
        index_bulk_load(ix, boxes, items, f.count) != STATUS_OK) {
        exit(1);
    }
    ask_fences("", ix, &f, m, count, 1);
    ask_fences(", batch", ix, &f, m, count, BLOCK);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: bench_polygons DIR\n");
        return 2;
    }
    dir = argv[1];
    bench_polygons();
    bench_fences();
    return 0;
}
