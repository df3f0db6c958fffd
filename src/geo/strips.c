#include "geo/strips.h"

#include <assert.h>
#include <string.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "geo/orient.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LANES 8
#define EDGES_PER 8 // aimed at per strip
#define STRIPS_MAX 65536u
#define ENTRIES_FACTOR 4 // at most this many entries per edge, over all strips

// Eight edges of one strip: their boxes, quantised, and the index of each one's first point.
// Lanes that are not used have boxes that no point is in.
struct group {
    int32_t min_x[LANES], max_x[LANES], min_y[LANES], max_y[LANES];
    uint32_t edge[LANES];
};

struct strips {
    const struct point *points;
    double min_lon, min_lat, max_lon, max_lat;
    double center_lon, center_lat, scale; // quantised = floor((v - center) * scale)
    double strip_scale;                   // strip = floor((lat - min_lat) * strip_scale)
    uint32_t count;
    bool use_avx2;
    struct group *groups; // aligned to 32 bytes
    uint32_t first[];     // first group of each strip, and one past the last of all
};

// What a point's strip said: edges to its right that straddle its latitude, and whether it lies on one.
struct tally {
    uint32_t crossings;
    bool on_edge;
};

struct shape_of {
    const struct point *points;
    const uint32_t *ring_ends;
    size_t ring_count;
};

static void measure(struct strips *s, const struct shape_of *shape);
static uint32_t choose_count(struct strips *s, const struct shape_of *shape);
static uint64_t count_entries(const struct strips *s, const struct shape_of *shape);
static enum status fill_groups(struct strips *s, const struct shape_of *shape);
static uint32_t strip_of(const struct strips *s, double lat);
static int32_t quantise(double v, double center, double scale);
static bool is_inside_box(const struct strips *s, struct point p);
static struct tally tally_scalar(const struct strips *s, uint32_t strip, struct point p);
static void tally_edge(const struct strips *s, uint32_t edge, struct point p, struct tally *t);
#if defined(__x86_64__)
static struct tally tally_avx2(const struct strips *s, uint32_t strip, struct point p);
#endif

enum status strips_new(const struct point *points, const uint32_t *ring_ends, size_t ring_count,
                       struct strips **out) {
    struct shape_of shape = {points, ring_ends, ring_count};
    struct strips box;
    box.points = points;
    measure(&box, &shape);
    uint32_t count = choose_count(&box, &shape);

    struct strips *s = mem_zalloc(1, sizeof *s + (count + 1) * sizeof s->first[0]);
    if (!s) return STATUS_NO_MEMORY;
    memcpy(s, &box, sizeof *s);
    s->count = count;
    s->groups = NULL;
    s->use_avx2 = cpu_has_avx2();
    enum status st = fill_groups(s, &shape);
    if (st != STATUS_OK) {
        strips_free(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

void strips_free(struct strips *s) {
    if (!s) return;
    mem_free(s->groups);
    mem_free(s);
}

size_t strips_bytes(const struct strips *s) {
    return sizeof *s + (s->count + 1) * sizeof s->first[0] +
           s->first[s->count] * sizeof(struct group);
}

int strips_locate(const struct strips *s, struct point p) {
    if (!is_inside_box(s, p)) return -1;
    uint32_t strip = strip_of(s, p.lat);
#if defined(__x86_64__)
    struct tally t = s->use_avx2 ? tally_avx2(s, strip, p) : tally_scalar(s, strip, p);
#else
    struct tally t = tally_scalar(s, strip, p);
#endif
    if (t.on_edge) return 0;
    return t.crossings & 1 ? 1 : -1;
}

int strips_locate_scalar(const struct strips *s, struct point p) {
    if (!is_inside_box(s, p)) return -1;
    struct tally t = tally_scalar(s, strip_of(s, p.lat), p);
    if (t.on_edge) return 0;
    return t.crossings & 1 ? 1 : -1;
}

bool strips_edges(const struct strips *s, double min_lon, double min_lat, double max_lon,
                  double max_lat, strips_visit visit, void *ctx) {
    if (!(min_lon <= s->max_lon && max_lon >= s->min_lon && min_lat <= s->max_lat &&
          max_lat >= s->min_lat)) {
        return true;
    }
    int32_t x0 = quantise(fmax(min_lon, s->min_lon), s->center_lon, s->scale);
    int32_t x1 = quantise(fmin(max_lon, s->max_lon), s->center_lon, s->scale);
    int32_t y0 = quantise(fmax(min_lat, s->min_lat), s->center_lat, s->scale);
    int32_t y1 = quantise(fmin(max_lat, s->max_lat), s->center_lat, s->scale);
    uint32_t from = strip_of(s, fmax(min_lat, s->min_lat));
    uint32_t to = strip_of(s, fmin(max_lat, s->max_lat));
    for (uint32_t strip = from; strip <= to; strip++) {
        for (uint32_t i = s->first[strip]; i < s->first[strip + 1]; i++) {
            const struct group *g = &s->groups[i];
            for (int k = 0; k < LANES; k++) {
                if (g->min_x[k] > x1 || g->max_x[k] < x0 || g->min_y[k] > y1 || g->max_y[k] < y0)
                    continue;
                uint32_t edge = g->edge[k];
                double low = fmin(s->points[edge].lat, s->points[edge + 1].lat);
                if (strip > from && strip > strip_of(s, low)) continue; // seen in a strip below
                if (!visit(ctx, edge)) return false;
            }
        }
    }
    return true;
}

// --- building ---

static void measure(struct strips *s, const struct shape_of *shape) {
    s->min_lon = s->min_lat = INFINITY;
    s->max_lon = s->max_lat = -INFINITY;
    size_t count = shape->ring_count ? shape->ring_ends[shape->ring_count - 1] : 0;
    for (size_t i = 0; i < count; i++) {
        s->min_lon = fmin(s->min_lon, shape->points[i].lon);
        s->max_lon = fmax(s->max_lon, shape->points[i].lon);
        s->min_lat = fmin(s->min_lat, shape->points[i].lat);
        s->max_lat = fmax(s->max_lat, shape->points[i].lat);
    }
    s->center_lon = s->min_lon + (s->max_lon - s->min_lon) / 2;
    s->center_lat = s->min_lat + (s->max_lat - s->min_lat) / 2;
    double half = fmax(s->max_lon - s->center_lon, s->max_lat - s->center_lat);
    s->scale = half > 1e-12 ? 0x1p30 / half : 0x1p30; // |quantised| stays below 2^31
}

// Halves the number of strips while tall edges would be listed in too many of them.
static uint32_t choose_count(struct strips *s, const struct shape_of *shape) {
    size_t points = shape->ring_count ? shape->ring_ends[shape->ring_count - 1] : 0;
    uint32_t count = (uint32_t)(points / EDGES_PER);
    if (count > STRIPS_MAX) count = STRIPS_MAX;
    double height = s->max_lat - s->min_lat;
    for (; count > 1; count /= 2) {
        s->count = count;
        s->strip_scale = count / height;
        if (!isfinite(s->strip_scale)) continue;
        if (count_entries(s, shape) <= ENTRIES_FACTOR * points) return count;
    }
    s->count = 1;
    s->strip_scale = 0;
    return 1;
}

// A loop over all edges; `e` is the index of the edge's first point.
#define FOR_EDGES(shape, e)                                                                        \
    for (size_t ring_ = 0, begin_ = 0; ring_ < (shape)->ring_count;                                \
         begin_ = (shape)->ring_ends[ring_++])                                                     \
        for (size_t e = begin_; e + 1 < (shape)->ring_ends[ring_]; e++)

static void edge_strips(const struct strips *s, size_t e, uint32_t *low, uint32_t *high) {
    double a = s->points[e].lat, b = s->points[e + 1].lat;
    *low = strip_of(s, fmin(a, b));
    *high = strip_of(s, fmax(a, b));
}

static uint64_t count_entries(const struct strips *s, const struct shape_of *shape) {
    uint64_t sum = 0;
    uint32_t low, high;
    FOR_EDGES(shape, e) {
        edge_strips(s, e, &low, &high);
        sum += high - low + 1;
    }
    return sum;
}

static void put_edge(struct strips *s, struct group *g, uint32_t lane, size_t e) {
    struct point a = s->points[e], b = s->points[e + 1];
    g->min_x[lane] = quantise(fmin(a.lon, b.lon), s->center_lon, s->scale);
    g->max_x[lane] = quantise(fmax(a.lon, b.lon), s->center_lon, s->scale);
    g->min_y[lane] = quantise(fmin(a.lat, b.lat), s->center_lat, s->scale);
    g->max_y[lane] = quantise(fmax(a.lat, b.lat), s->center_lat, s->scale);
    g->edge[lane] = (uint32_t)e;
}

static void clear_groups(struct group *groups, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        for (int k = 0; k < LANES; k++) {
            groups[i].min_x[k] = groups[i].min_y[k] = INT32_MAX;
            groups[i].max_x[k] = groups[i].max_y[k] = INT32_MIN;
            groups[i].edge[k] = 0;
        }
    }
}

static enum status fill_groups(struct strips *s, const struct shape_of *shape) {
    uint32_t *used = mem_zalloc(s->count, sizeof *used); // entries per strip
    if (!used) return STATUS_NO_MEMORY;
    uint32_t low, high;
    FOR_EDGES(shape, e) {
        edge_strips(s, e, &low, &high);
        for (uint32_t i = low; i <= high; i++) {
            used[i]++;
        }
    }
    uint32_t groups = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        s->first[i] = groups;
        groups += (used[i] + LANES - 1) / LANES;
        used[i] = 0;
    }
    s->first[s->count] = groups;
    s->groups = mem_alloc_aligned(32, (groups ? groups : 1) * sizeof *s->groups);
    if (!s->groups) {
        mem_free(used);
        return STATUS_NO_MEMORY;
    }
    clear_groups(s->groups, groups);
    FOR_EDGES(shape, e) {
        edge_strips(s, e, &low, &high);
        for (uint32_t i = low; i <= high; i++) {
            put_edge(s, &s->groups[s->first[i] + used[i] / LANES], used[i] % LANES, e);
            used[i]++;
        }
    }
    mem_free(used);
    return STATUS_OK;
}

// --- asking ---

// Both maps below never fall as their argument rises, so whatever they tell apart is apart.
static uint32_t strip_of(const struct strips *s, double lat) {
    double strip = (lat - s->min_lat) * s->strip_scale;
    if (!(strip > 0)) return 0;
    return strip < s->count ? (uint32_t)strip : s->count - 1;
}

static int32_t quantise(double v, double center, double scale) {
    double x = (v - center) * scale;
    int32_t truncated = (int32_t)x;
    return truncated - (x < truncated);
}

static bool is_inside_box(const struct strips *s, struct point p) {
    return p.lon >= s->min_lon && p.lon <= s->max_lon && p.lat >= s->min_lat && p.lat <= s->max_lat;
}

static struct tally tally_scalar(const struct strips *s, uint32_t strip, struct point p) {
    int32_t x = quantise(p.lon, s->center_lon, s->scale);
    int32_t y = quantise(p.lat, s->center_lat, s->scale);
    struct tally t = {0, false};
    for (uint32_t i = s->first[strip]; i < s->first[strip + 1]; i++) {
        const struct group *g = &s->groups[i];
        for (int k = 0; k < LANES; k++) {
            if (y < g->min_y[k] || y > g->max_y[k] || x > g->max_x[k]) continue;
            if (x < g->min_x[k] && y > g->min_y[k] && y < g->max_y[k]) {
                t.crossings++;
            } else {
                tally_edge(s, g->edge[k], p, &t);
            }
        }
    }
    return t;
}

// The exact rule: an edge counts when one end is above `p`, the other is not, and p is left of it.
static void tally_edge(const struct strips *s, uint32_t edge, struct point p, struct tally *t) {
    struct point a = s->points[edge], b = s->points[edge + 1];
    if (a.lat > b.lat) {
        struct point low = b;
        b = a;
        a = low;
    }
    if (p.lat < a.lat || p.lat > b.lat) return;
    if (a.lat == b.lat) {
        if (p.lon >= fmin(a.lon, b.lon) && p.lon <= fmax(a.lon, b.lon)) t->on_edge = true;
        return;
    }
    int turn = orient_turn(a, b, p);
    if (turn == 0) t->on_edge = true;
    if (turn > 0 && p.lat < b.lat) t->crossings++;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static struct tally tally_avx2(const struct strips *s,
                                                               uint32_t strip, struct point p) {
    __m256i x = _mm256_set1_epi32(quantise(p.lon, s->center_lon, s->scale));
    __m256i y = _mm256_set1_epi32(quantise(p.lat, s->center_lat, s->scale));
    struct tally t = {0, false};
    for (uint32_t i = s->first[strip]; i < s->first[strip + 1]; i++) {
        const struct group *g = &s->groups[i];
        __m256i min_x = _mm256_load_si256((const __m256i *)g->min_x);
        __m256i max_x = _mm256_load_si256((const __m256i *)g->max_x);
        __m256i min_y = _mm256_load_si256((const __m256i *)g->min_y);
        __m256i max_y = _mm256_load_si256((const __m256i *)g->max_y);
        __m256i apart = _mm256_or_si256(
            _mm256_cmpgt_epi32(x, max_x),
            _mm256_or_si256(_mm256_cmpgt_epi32(min_y, y), _mm256_cmpgt_epi32(y, max_y)));
        __m256i sure = _mm256_and_si256(
            _mm256_cmpgt_epi32(min_x, x),
            _mm256_and_si256(_mm256_cmpgt_epi32(y, min_y), _mm256_cmpgt_epi32(max_y, y)));
        unsigned apart_bits = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(apart));
        unsigned sure_bits = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(sure));
        t.crossings += (unsigned)__builtin_popcount(sure_bits);
        for (unsigned rest = ~(apart_bits | sure_bits) & 0xff; rest; rest &= rest - 1) {
            tally_edge(s, g->edge[__builtin_ctz(rest)], p, &t);
        }
    }
    return t;
}
#endif
