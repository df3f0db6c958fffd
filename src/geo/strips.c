#include "geo/strips.h"

#include "base/mem.h"
#include "geo/crossing.h"
#include "geo/strips_form.h"

#if defined(__x86_64__)
#include <emmintrin.h> // SSE2, which every x86-64 has
#endif

#define TURN_DEG 359.0 // somewhat less than one

struct search {
    double min_lon, min_lat, max_lon, max_lat;
    int x0, x1;
    uint32_t from; // the lowest strip of it
    strips_visit visit;
    void *ctx;
};

static bool is_inside_box(const struct strips *s, struct point p);
static inline int locate(const struct strips *s, struct point p);
static unsigned place_scalar(const struct strip *t, int x);
static inline unsigned place(const struct strip *t, int x);
static int locate_in_interval(const struct strips *s, const struct strip *t, unsigned interval,
                              struct point p);
static bool ends_straddle(const struct strips *s, strips_run r, double lat);
static bool visit_strip(const struct strips *s, uint32_t strip, const struct search *q);
static bool visit_run(const struct strips *s, uint32_t strip, strips_run r, const struct search *q);
static bool is_first_meeting(const struct strips *s, uint32_t strip, struct point a, struct point b,
                             const struct search *q);
static bool meets(struct strips_range x, const struct search *q);

void strips_free(struct strips *s) {
    mem_free(s);
}

size_t strips_bytes(const struct strips *s) {
    return sizeof *s + (s->count + 1) * sizeof s->strips[0] + s->run_count * sizeof(strips_run);
}

int strips_locate(const struct strips *s, struct point p) {
    return is_inside_box(s, p) ? locate(s, p) : -1;
}

int strips_locate_here(const struct strips *s, struct point p) {
    if (!is_inside_box(s, p)) return STRIPS_ELSEWHERE;
    if (s->max_lon - s->min_lon >= TURN_DEG) return STRIPS_ELSEWHERE;
    return locate(s, p);
}

int strips_locate_scalar(const struct strips *s, struct point p) {
    if (!is_inside_box(s, p)) return -1;
    const struct strip *t = &s->strips[strips_at(s, p.lat)];
    unsigned at = place_scalar(t, strips_x(s, p.lon));
    if (at & 1) return locate_in_interval(s, t, at / 2, p);
    return strips_gap_inside(t, at / 2) ? 1 : -1;
}

void strips_approach(const struct strips *s, struct point p) {
    __builtin_prefetch(&s->strips[strips_at(s, p.lat)]);
}

bool strips_edges(const struct strips *s, double min_lon, double min_lat, double max_lon,
                  double max_lat, strips_visit visit, void *ctx) {
    if (!(min_lon <= s->max_lon && max_lon >= s->min_lon && min_lat <= s->max_lat &&
          max_lat >= s->min_lat)) {
        return true;
    }
    struct search q = {min_lon, min_lat, max_lon, max_lat, .visit = visit, .ctx = ctx};
    q.x0 = strips_x(s, min_lon);
    q.x1 = strips_x(s, max_lon);
    q.from = strips_at(s, min_lat);
    uint32_t to = strips_at(s, max_lat);
    for (uint32_t strip = q.from; strip <= to; strip++) {
        if (!visit_strip(s, strip, &q)) return false;
    }
    return true;
}

static bool is_inside_box(const struct strips *s, struct point p) {
    return p.lon >= s->min_lon && p.lon <= s->max_lon && p.lat >= s->min_lat && p.lat <= s->max_lat;
}

// Within the box no rounding takes the products below zero or past the last strip and STRIPS_X_MAX by one or more.
static inline int locate(const struct strips *s, struct point p) {
    uint32_t strip = (uint32_t)(int64_t)((p.lat - s->min_lat) * s->strip_scale);
    const struct strip *t = &s->strips[strip < s->count ? strip : s->count - 1];
    unsigned at = place(t, (int)((p.lon - s->min_lon) * s->x_scale));
    if (__builtin_expect(at & 1, 0)) return locate_in_interval(s, t, at / 2, p);
    return 2 * strips_gap_inside(t, at / 2) - 1;
}

// How many bounds are <= x: odd within interval place / 2, even in gap place / 2.
static unsigned place_scalar(const struct strip *t, int x) {
    unsigned n = 0;
    for (unsigned i = 0; i < 2 * STRIPS_INTERVALS; i++) {
        n += strips_bound(t, i) <= x;
    }
    return n;
}

#if defined(__x86_64__)
static inline unsigned place(const struct strip *t, int x) {
    __m128i at = _mm_set1_epi16((int16_t)(x - 32768));
    const __m128i *v = (const __m128i *)(const void *)t;
    __m128i low = _mm_cmpgt_epi16(_mm_load_si128(v), at);
    __m128i high = _mm_cmpgt_epi16(_mm_load_si128(v + 1), at);
    unsigned above = (unsigned)_mm_movemask_epi8(_mm_packs_epi16(low, high));
    return (unsigned)__builtin_ctz(above | 1u << (2 * STRIPS_INTERVALS));
}
#else
static inline unsigned place(const struct strip *t, int x) {
    return place_scalar(t, x);
}
#endif

// --- within an interval ---

// What is to the right of the interval is known; its own runs are added.
static int locate_in_interval(const struct strips *s, const struct strip *t, unsigned interval,
                              struct point p) {
    int x = strips_x(s, p.lon);
    int begin = strips_bound(t, 2 * interval), end = strips_bound(t, 2 * interval + 1);
    bool odd = strips_gap_inside(t, interval + 1);
    const strips_run *runs = strips_runs(s);
    uint32_t last = strips_first_run(t + 1);
    for (uint32_t i = strips_first_run(t); i < last && strips_run_lo(runs[i]) < end; i++) {
        strips_run r = runs[i];
        if (strips_run_lo(r) < begin || strips_run_hi(r) < x) continue;
        if (strips_run_lo(r) > x) {
            odd ^= strips_run_known(r) ? strips_run_flip(r) : ends_straddle(s, r, p.lat);
            continue;
        }
        const struct point *v = s->points + strips_run_first(r);
        for (uint32_t edge = 0; edge < strips_run_edges(r); edge++) {
            if (!crossing_add(v[edge], v[edge + 1], p, &odd)) return 0;
        }
    }
    return odd ? 1 : -1;
}

// A run to the right of a point counts as one edge from its begin to its end would.
static bool ends_straddle(const struct strips *s, strips_run r, double lat) {
    const struct point *v = s->points + strips_run_first(r);
    return (v[0].lat <= lat) != (v[strips_run_edges(r)].lat <= lat);
}

// --- edges near a box ---

static bool visit_strip(const struct strips *s, uint32_t strip, const struct search *q) {
    const struct strip *t = &s->strips[strip];
    unsigned west = place(t, q->x0);
    if ((west & 1) == 0 && west == place(t, q->x1)) return true; // all in one gap
    const strips_run *runs = strips_runs(s);
    uint32_t last = strips_first_run(t + 1);
    for (uint32_t i = strips_first_run(t); i < last && strips_run_lo(runs[i]) <= q->x1; i++) {
        if (strips_run_hi(runs[i]) < q->x0) continue;
        if (!visit_run(s, strip, runs[i], q)) return false;
    }
    return true;
}

static bool visit_run(const struct strips *s, uint32_t strip, strips_run r,
                      const struct search *q) {
    uint32_t edge = strips_run_first(r);
    for (uint32_t end = edge + strips_run_edges(r); edge < end; edge++) {
        struct point a = s->points[edge], b = s->points[edge + 1];
        double low = a.lat < b.lat ? a.lat : b.lat, high = a.lat < b.lat ? b.lat : a.lat;
        double west = a.lon < b.lon ? a.lon : b.lon, east = a.lon < b.lon ? b.lon : a.lon;
        if (low > q->max_lat || high < q->min_lat || west > q->max_lon || east < q->min_lon) {
            continue;
        }
        if (!is_first_meeting(s, strip, a, b, q)) continue;
        if (!q->visit(q->ctx, edge)) return false;
    }
    return true;
}

// An edge is in every strip that it passes through; the box sees it in a row of them, and the first counts.
static bool is_first_meeting(const struct strips *s, uint32_t strip, struct point a, struct point b,
                             const struct search *q) {
    uint32_t at_a = strips_at(s, a.lat), at_b = strips_at(s, b.lat);
    if (at_a == at_b) return true;
    if (!meets(strips_clip(s, strip, a, b), q)) return false;
    uint32_t lowest = at_a < at_b ? at_a : at_b;
    return strip == q->from || strip == lowest || !meets(strips_clip(s, strip - 1, a, b), q);
}

static bool meets(struct strips_range x, const struct search *q) {
    return x.lo <= q->max_lon && x.hi >= q->min_lon;
}
