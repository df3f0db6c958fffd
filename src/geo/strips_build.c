// strips_build.c - from rings to strips: measure, count the runs of each strip, write them, sort each strip.
//
// A ring is walked once from its first point: while it stays within a strip it is one run; an edge that leaves
// ends the run, is a run of its own in each strip that it passes, and begins the run in the strip it comes to.

#include <assert.h>

#include "base/mem.h"
#include "geo/strips.h"
#include "geo/strips_form.h"

#define STRIPS_PER_ROOT 2.0 // strips = this * sqrt(points)
#define RUNS_PER_POINT                                                                             \
    2.0 // at most, of edges that pass from strip to strip, as far as can be foreseen

enum side { BELOW = -1, WITHIN = 0, ABOVE = 1 };

struct rings {
    const struct point *points;
    const uint32_t *ends;
    size_t count;
};

struct run {
    uint32_t strip, first, edges;
    enum side from;
    double lo, hi; // longitudes
};

struct build {
    struct strips *s;
    const struct rings *rings;
    uint32_t *next; // per strip: runs while counting, then where the next one goes
    bool counting;
};

// Between two intervals of a strip, in order; the widest are kept.
struct gap {
    int hi, lo; // of the interval to the left, of the one to the right
    bool inside;
};
struct gaps {
    unsigned count;
    struct gap list[STRIPS_INTERVALS - 1];
};

static void measure(struct strips *s, const struct rings *rings);
static enum status count_runs(struct build *b, uint64_t *total);
static void place_runs(struct build *b);
static void walk(struct build *b, bool counting);
static void finish_strip(struct strips *s, uint32_t strip);
static void sort_runs(strips_run *runs, size_t count);
static void keep_gap(struct gaps *gaps, struct gap gap);

enum status strips_new(const struct point *points, const uint32_t *ring_ends, size_t ring_count,
                       struct strips **out) {
    struct rings rings = {points, ring_ends, ring_count};
    if (ring_count && ring_ends[ring_count - 1] >= 1u << STRIPS_POINT_BITS) return STATUS_TOO_LARGE;
    struct strips head = {.points = points};
    measure(&head, &rings);
    struct build b = {.s = &head, .rings = &rings};
    b.next = mem_zalloc(head.count + 1, sizeof *b.next);
    if (!b.next) return STATUS_NO_MEMORY;

    uint64_t runs;
    enum status st = count_runs(&b, &runs);
    head.run_count = (uint32_t)runs;
    if (st == STATUS_OK) b.s = mem_alloc_aligned(64, strips_bytes(&head));
    if (st == STATUS_OK && !b.s) st = STATUS_NO_MEMORY;
    if (st == STATUS_OK) {
        *b.s = head;
        place_runs(&b);
        *out = b.s;
    }
    mem_free(b.next);
    return st;
}

static void measure(struct strips *s, const struct rings *rings) {
    double west = INFINITY, east = -INFINITY, south = INFINITY, north = -INFINITY, climb = 0;
    size_t count = rings->count ? rings->ends[rings->count - 1] : 0;
    double before = count ? s->points[0].lat : 0;
    for (size_t i = 0; i < count; i++) {
        struct point p = s->points[i];
        west = p.lon < west ? p.lon : west;
        east = p.lon > east ? p.lon : east;
        south = p.lat < south ? p.lat : south;
        north = p.lat > north ? p.lat : north;
        climb += fabs(p.lat - before);
        before = p.lat;
    }
    s->min_lon = west, s->max_lon = east;
    s->min_lat = south, s->max_lat = north;
    s->x_scale = STRIPS_X_MAX / (east - west);
    if (!isfinite(s->x_scale)) s->x_scale = 0;
    double height = north - south;
    double most = (RUNS_PER_POINT * (double)count + 32) * height / climb; // NaN where all is flat
    double strips = floor(fmin(STRIPS_PER_ROOT * sqrt((double)count), most));
    s->strip_scale = strips / height;
    if (!(strips > 1) || !isfinite(s->strip_scale)) {
        strips = 1;
        s->strip_scale = 0;
    }
    s->count = (uint32_t)strips;
}

static enum status count_runs(struct build *b, uint64_t *total) {
    walk(b, true);
    *total = 0;
    for (uint32_t i = 0; i < b->s->count; i++) {
        *total += b->next[i];
    }
    return *total >> STRIPS_RUN_BITS ? STATUS_TOO_LARGE : STATUS_OK;
}

static void place_runs(struct build *b) {
    struct strips *s = b->s;
    uint32_t at = 0;
    for (uint32_t i = 0; i <= s->count; i++) {
        uint32_t runs = b->next[i];
        s->strips[i].word = at;
        b->next[i] = at;
        at += runs;
    }
    walk(b, false);
    for (uint32_t i = 0; i < s->count; i++) {
        finish_strip(s, i);
    }
}

// --- walking along the rings ---

static inline __attribute__((always_inline)) void put_run(struct build *b, const struct run *r,
                                                          enum side to, bool counting) {
    if (r->edges == 0) return;
    if (counting) {
        b->next[r->strip]++;
        return;
    }
    uint64_t lo = (uint64_t)strips_x(b->s, r->lo), hi = (uint64_t)strips_x(b->s, r->hi);
    bool known = r->from != WITHIN && to != WITHIN;
    bool flip = (r->from == BELOW) != (to == BELOW);
    strips_runs(b->s)[b->next[r->strip]++] = lo << 48 | hi << 32 | (uint64_t)r->first << 6 |
                                             (r->edges - 1) << 2 | (uint64_t)known << 1 |
                                             (uint64_t)flip;
}

static inline void widen(struct run *r, double lon) {
    r->lo = lon < r->lo ? lon : r->lo;
    r->hi = lon > r->hi ? lon : r->hi;
}

// The edge `e` goes from the run's strip to another one; the run there is begun.
static inline __attribute__((always_inline)) void
cross_strips(struct build *b, struct run *r, uint32_t e, uint32_t to, bool counting) {
    struct point p = b->rings->points[e], q = b->rings->points[e + 1];
    bool up = to > r->strip;
    for (;;) {
        r->edges++;
        if (!counting) {
            struct strips_range x = strips_clip(b->s, r->strip, p, q);
            widen(r, x.lo);
            widen(r, x.hi);
        }
        if (r->strip == to) return;
        put_run(b, r, up ? ABOVE : BELOW, counting);
        *r = (struct run){
            up ? r->strip + 1 : r->strip - 1, e, 0, up ? BELOW : ABOVE, INFINITY, -INFINITY};
    }
}

static inline __attribute__((always_inline)) void walk_ring(struct build *b, uint32_t begin,
                                                            uint32_t end, bool counting) {
    const struct point *points = b->rings->points;
    struct run r = {
        strips_at(b->s, points[begin].lat), begin, 0, WITHIN, points[begin].lon, points[begin].lon};
    for (uint32_t e = begin; e + 1 < end; e++) {
        if (r.edges == STRIPS_RUN_EDGES) {
            put_run(b, &r, WITHIN, counting);
            r = (struct run){r.strip, e, 0, WITHIN, points[e].lon, points[e].lon};
        }
        uint32_t to = strips_at(b->s, points[e + 1].lat);
        if (to != r.strip) {
            cross_strips(b, &r, e, to, counting);
        } else {
            r.edges++;
        }
        if (!counting) widen(&r, points[e + 1].lon);
    }
    put_run(b, &r, WITHIN, counting);
}

static void walk(struct build *b, bool counting) {
    uint32_t begin = 0;
    for (size_t ring = 0; ring < b->rings->count; ring++) {
        uint32_t end = b->rings->ends[ring];
        if (begin + 1 >= end) {
            begin = end;
            continue;
        }
        if (counting) {
            walk_ring(b, begin, end, true);
        } else {
            walk_ring(b, begin, end, false);
        }
        begin = end;
    }
}

// --- one strip ---

static void finish_strip(struct strips *s, uint32_t strip) {
    struct strip *t = &s->strips[strip];
    uint32_t begin = strips_first_run(t), end = strips_first_run(t + 1);
    strips_run *runs = strips_runs(s);
    sort_runs(runs + begin, end - begin);
    for (unsigned i = 0; i < 2 * STRIPS_INTERVALS; i++) {
        t->bounds[i] = (int16_t)(STRIPS_X_NONE - 32768);
    }
    if (begin == end) return;
    struct gaps gaps = {.count = 0};
    int hi = strips_run_hi(runs[begin]);
    bool inside = false;
    for (uint32_t i = begin; i < end; i++) {
        int lo = strips_run_lo(runs[i]);
        if (lo > hi + 1) keep_gap(&gaps, (struct gap){hi, lo, inside});
        if (strips_run_hi(runs[i]) > hi) hi = strips_run_hi(runs[i]);
        inside ^= strips_run_flip(runs[i]);
    }
    t->bounds[0] = (int16_t)(strips_run_lo(runs[begin]) - 32768);
    for (unsigned i = 0; i < gaps.count; i++) {
        t->bounds[2 * i + 1] = (int16_t)(gaps.list[i].hi + 1 - 32768);
        t->bounds[2 * i + 2] = (int16_t)(gaps.list[i].lo - 32768);
        t->word |= (uint32_t)gaps.list[i].inside << (STRIPS_RUN_BITS + 1 + i);
    }
    t->bounds[2 * gaps.count + 1] = (int16_t)(hi + 1 - 32768);
}

static void keep_gap(struct gaps *gaps, struct gap gap) {
    if (gaps->count == STRIPS_INTERVALS - 1) {
        unsigned narrowest = 0;
        for (unsigned i = 1; i < gaps->count; i++) {
            const struct gap *best = &gaps->list[narrowest], *g = &gaps->list[i];
            if (g->lo - g->hi < best->lo - best->hi) narrowest = i;
        }
        if (gap.lo - gap.hi <= gaps->list[narrowest].lo - gaps->list[narrowest].hi) return;
        for (unsigned i = narrowest + 1; i < gaps->count; i++) {
            gaps->list[i - 1] = gaps->list[i];
        }
        gaps->count--;
    }
    gaps->list[gaps->count++] = gap;
}

// Shell's: strips hold a few runs as a rule, but may hold all.
static void sort_runs(strips_run *runs, size_t count) {
    static const size_t steps[] = {1391376, 463792, 198768, 86961, 33936, 13776, 4592, 1968,
                                   861,     336,    112,    48,    21,    7,     3,    1};
    size_t k = 0;
    while (steps[k] > 1 && steps[k] >= count) {
        k++;
    }
    for (; k < sizeof steps / sizeof steps[0]; k++) {
        size_t step = steps[k];
        for (size_t i = step; i < count; i++) {
            strips_run r = runs[i];
            size_t at = i;
            for (; at >= step && runs[at - step] > r; at -= step) {
                runs[at] = runs[at - step];
            }
            runs[at] = r;
        }
    }
}
