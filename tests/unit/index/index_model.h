// index_model.h - a list of boxes that answers what an index answers, slowly and surely, and random
// operations that hold the two together. Asserts through cmocka.

#ifndef TESTS_INDEX_MODEL_H
#define TESTS_INDEX_MODEL_H

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "index/index_make.h"

enum model_data {
    MODEL_UNIFORM,
    MODEL_CLUSTERED,
    MODEL_ONE_SPOT,
    MODEL_ONE_LINE,
    MODEL_ANTIMERIDIAN,
    MODEL_POLAR,
    MODEL_GRID,       // few different coordinates, all on quanta: edges meet
    MODEL_RECTANGLES, // small ones among some of the size of the world
    MODEL_MIXED,      // points and rectangles
    MODEL_OPPOSITE,   // two dense clusters at opposite ends
    MODEL_DATA_COUNT
};

struct model {
    struct rand rand;
    enum model_data data;
    struct places places;
    struct index *index;
    uint32_t cap;
    uint32_t count;
    bool *present;
    struct bbox *boxes;
    struct index_box *quantised;
    unsigned *seen; // scratch of a search
    struct point centres[4];
};

static inline void model_init(struct model *m, enum index_kind kind, enum model_data data,
                              uint32_t cap, uint64_t seed) {
    memset(m, 0, sizeof *m);
    rand_init(&m->rand, seed);
    m->data = data;
    m->cap = cap;
    m->present = calloc(cap, sizeof *m->present);
    m->boxes = calloc(cap, sizeof *m->boxes);
    m->quantised = calloc(cap, sizeof *m->quantised);
    m->seen = calloc(cap, sizeof *m->seen);
    places_init(&m->places);
    for (uint32_t i = 0; i < cap; i++)
        assert_int_equal(places_grow(&m->places, i), STATUS_OK);
    assert_int_equal(index_make(kind, &m->places, &m->index), STATUS_OK);
    for (int i = 0; i < 4; i++)
        m->centres[i] =
            (struct point){rand_range(&m->rand, -170, 170), rand_range(&m->rand, -80, 80)};
}

static inline void model_deinit(struct model *m) {
    index_free(m->index);
    places_deinit(&m->places);
    free(m->present);
    free(m->boxes);
    free(m->quantised);
    free(m->seen);
}

static inline double model_clamp(double v, double low, double high) {
    return v < low ? low : v > high ? high : v;
}

static inline struct point model_point(struct model *m) {
    struct rand *r = &m->rand;
    struct point p = {rand_range(r, -180, 180), rand_range(r, -90, 90)};
    struct point c = m->centres[rand_below(r, 4)];
    switch (m->data) {
    case MODEL_CLUSTERED: {
        double spread = pow(10, -1 - (double)rand_below(r, 6));
        p = (struct point){c.lon + spread * (rand_unit(r) - 0.5),
                           c.lat + spread * (rand_unit(r) - 0.5)};
        break;
    }
    case MODEL_ONE_SPOT:
        p = m->centres[rand_below(r, 10) == 0];
        if (rand_below(r, 50) == 0) p.lon += 1e-7 * (double)rand_below(r, 3);
        break;
    case MODEL_ONE_LINE:
        p = (struct point){m->centres[0].lon, rand_range(r, -90, 90)};
        if (rand_below(r, 4) == 0) p.lat = m->centres[0].lat + 1e-6 * rand_unit(r);
        break;
    case MODEL_ANTIMERIDIAN:
        p.lon = 180 - 0.01 * rand_unit(r) * rand_unit(r);
        if (rand_below(r, 10) == 0) p.lon = 180;
        if (rand_below(r, 2)) p.lon = -p.lon;
        p.lat = rand_range(r, -1, 1);
        break;
    case MODEL_POLAR:
        p.lat = 90 - 0.1 * rand_unit(r) * rand_unit(r);
        if (rand_below(r, 20) == 0) p.lat = 90;
        if (rand_below(r, 4) == 0) p.lat = -p.lat;
        break;
    case MODEL_OPPOSITE: {
        double end = rand_below(r, 2) ? 1 : -1, reach = pow(10, -6 * rand_unit(r));
        p.lon = end * (179.5 + reach * (rand_unit(r) - 0.5));
        p.lat = end * (89.5 + reach * (rand_unit(r) - 0.5));
        break;
    }
    case MODEL_GRID:
        p = (struct point){(double)rand_below(r, 40) * 1e-7 + (double)rand_below(r, 3) * 0.5,
                           (double)rand_below(r, 40) * 1e-7 - (double)rand_below(r, 3) * 0.5};
        break;
    default: break;
    }
    p.lon = model_clamp(p.lon, -180, 180);
    p.lat = model_clamp(p.lat, -90, 90);
    return p;
}

/// What an item gets: a point or, in the kinds that have them, a box.
static inline struct bbox model_box(struct model *m) {
    struct rand *r = &m->rand;
    struct point a = model_point(m), b = a;
    bool extent = m->data == MODEL_RECTANGLES || (m->data == MODEL_MIXED && rand_below(r, 2)) ||
                  (m->data == MODEL_GRID && rand_below(r, 4) == 0);
    if (extent) {
        double size = m->data == MODEL_GRID ? 3e-7 : 0.5 * rand_unit(r) * rand_unit(r);
        if (m->data != MODEL_GRID && rand_below(r, 30) == 0) size = 300;
        b.lon = model_clamp(a.lon + size * rand_unit(r), -180, 180);
        b.lat = model_clamp(a.lat + size * rand_unit(r), -90, 90);
    }
    return (struct bbox){a.lon, a.lat, b.lon, b.lat};
}

/// What a search asks for: around the data, of any size, often with edges on the data.
static inline struct bbox model_window(struct model *m) {
    struct rand *r = &m->rand;
    struct point a = model_point(m);
    if (rand_below(r, 40) == 0) return BBOX_WORLD;
    if (rand_below(r, 8) == 0) return (struct bbox){a.lon, a.lat, a.lon, a.lat};
    if (rand_below(r, 3) == 0) {
        struct point b = model_point(m);
        return (struct bbox){fmin(a.lon, b.lon), fmin(a.lat, b.lat), fmax(a.lon, b.lon),
                             fmax(a.lat, b.lat)};
    }
    double width = pow(10, 2 - 9 * rand_unit(r)), height = pow(10, 2 - 9 * rand_unit(r));
    return (struct bbox){a.lon - width, a.lat - height, a.lon + width, a.lat + height};
}

static inline void model_set(struct model *m, uint32_t item, const struct bbox *box) {
    m->count += !m->present[item];
    m->present[item] = true;
    m->boxes[item] = *box;
    m->quantised[item] = index_box_of(box);
}

static inline void model_insert(struct model *m, uint32_t item) {
    struct bbox box = model_box(m);
    struct index_box q = index_box_of(&box);
    assert_int_equal(index_insert(m->index, &q, item), STATUS_OK);
    model_set(m, item, &box);
}

static inline void model_remove(struct model *m, uint32_t item) {
    index_remove(m->index, &m->quantised[item], item);
    m->present[item] = false;
    m->count--;
}

static inline void model_move(struct model *m, uint32_t item) {
    struct bbox box = model_box(m);
    if (rand_below(&m->rand, 3)) { // a short step
        double dx = 2e-5 * (rand_unit(&m->rand) - 0.5), dy = 2e-5 * (rand_unit(&m->rand) - 0.5);
        box = m->boxes[item];
        box.min_lon = model_clamp(box.min_lon + dx, -180, 180);
        box.max_lon = model_clamp(box.max_lon + dx, box.min_lon, 180);
        box.min_lat = model_clamp(box.min_lat + dy, -90, 90);
        box.max_lat = model_clamp(box.max_lat + dy, box.min_lat, 90);
    }
    struct index_box q = index_box_of(&box);
    assert_int_equal(index_move(m->index, &m->quantised[item], &q, item), STATUS_OK);
    model_set(m, item, &box);
}

/// Inserts each item below `count` that is absent, through bulk_load.
static inline void model_bulk(struct model *m, uint32_t count) {
    struct index_box *boxes = calloc(count, sizeof *boxes);
    uint32_t *items = calloc(count, sizeof *items);
    size_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (m->present[i]) continue;
        struct bbox box = model_box(m);
        model_set(m, i, &box);
        boxes[n] = m->quantised[i];
        items[n++] = i;
    }
    assert_int_equal(index_bulk_load(m->index, boxes, items, n), STATUS_OK);
    free(boxes);
    free(items);
}

#define MODEL_SURE 1u
#define MODEL_UNSURE 2u

static inline bool model_see(void *ctx, const uint32_t *items, size_t count, bool sure) {
    struct model *m = ctx;
    for (size_t i = 0; i < count; i++) {
        assert_true(items[i] < m->cap);
        assert_int_equal(m->seen[items[i]], 0);
        m->seen[items[i]] = sure ? MODEL_SURE : MODEL_UNSURE;
    }
    return true;
}

static inline bool model_touch(const struct index_box *a, const struct index_box *b) {
    return a->min_lon <= b->max_lon && a->max_lon >= b->min_lon && a->min_lat <= b->max_lat &&
           a->max_lat >= b->min_lat;
}

static inline void model_search(struct model *m) {
    struct bbox window = model_window(m);
    struct index_box q = index_box_of(&window);
    struct index_cost cost = {0, 0};
    uint64_t hits = 0, sure = 0;
    memset(m->seen, 0, m->cap * sizeof *m->seen);
    assert_true(index_search(m->index, &q, model_see, m, &cost));
    for (uint32_t i = 0; i < m->cap; i++) {
        bool touches = m->present[i] && bbox_intersects(&m->boxes[i], &window);
        assert_int_equal(m->seen[i] != 0, m->present[i] && model_touch(&m->quantised[i], &q));
        if (touches) assert_true(m->seen[i]);
        if (m->seen[i] == MODEL_SURE) assert_true(touches);
        hits += m->seen[i] != 0;
        sure += m->seen[i] == MODEL_SURE;
    }
    assert_int_equal(cost.candidates, hits);

    // The count finds the same sure ones and gives the same others.
    uint64_t others = 0;
    unsigned *before = malloc(m->cap * sizeof *before);
    memcpy(before, m->seen, m->cap * sizeof *before);
    memset(m->seen, 0, m->cap * sizeof *m->seen);
    assert_int_equal(index_count(m->index, &q, model_see, m, NULL), sure);
    for (uint32_t i = 0; i < m->cap; i++) {
        assert_int_not_equal(m->seen[i], MODEL_SURE);
        if (m->seen[i]) assert_int_equal(before[i], MODEL_UNSURE);
        others += m->seen[i] != 0;
    }
    assert_int_equal(others, hits - sure);
    free(before);
}

struct model_nearest {
    struct model *m;
    struct distance_from from;
    size_t k, found;
    double best[64]; // ascending
    double radius;   // fixed cut-off when k is 0
};

static inline double model_hav(const struct model *m, const struct distance_from *from,
                               uint32_t item) {
    const struct bbox *b = &m->boxes[item];
    if (b->min_lon == b->max_lon && b->min_lat == b->max_lat)
        return distance_hav(from, (struct point){b->min_lon, b->min_lat});
    return distance_hav_to_bbox(from, b);
}

static inline void model_keep(double *best, size_t *found, size_t k, double hav) {
    size_t at = *found;
    if (at == k) {
        if (hav >= best[k - 1]) return;
        at--;
    } else {
        ++*found;
    }
    for (; at > 0 && best[at - 1] > hav; at--)
        best[at] = best[at - 1];
    best[at] = hav;
}

static inline double model_near(void *ctx, const uint32_t *items, size_t count, double bound) {
    struct model_nearest *n = ctx;
    for (size_t i = 0; i < count; i++) {
        assert_true(items[i] < n->m->cap && n->m->present[items[i]]);
        assert_int_equal(n->m->seen[items[i]], 0);
        n->m->seen[items[i]] = MODEL_SURE;
        double hav = model_hav(n->m, &n->from, items[i]);
        assert_true(bound <= hav);
        if (n->k) model_keep(n->best, &n->found, n->k, hav);
    }
    if (!n->k) return n->radius;
    return n->found < n->k ? INFINITY : n->best[n->k - 1];
}

static inline void model_nearest(struct model *m) {
    struct model_nearest n = {.m = m};
    struct point p = rand_below(&m->rand, 4) ? model_point(m)
                                             : (struct point){rand_range(&m->rand, -180, 180),
                                                              rand_range(&m->rand, -90, 90)};
    n.from = distance_from(p);
    n.k = 1 + rand_below(&m->rand, 20);
    memset(m->seen, 0, m->cap * sizeof *m->seen);
    const size_t hints[] = {n.k, n.k, 0, 1, 60, 1000};
    size_t wanted = hints[rand_below(&m->rand, sizeof hints / sizeof *hints)];
    double cutoff = index_nearest(m->index, &n.from, wanted, INFINITY, model_near, &n, NULL);

    double best[64];
    size_t found = 0;
    for (uint32_t i = 0; i < m->cap; i++)
        if (m->present[i]) model_keep(best, &found, n.k, model_hav(m, &n.from, i));
    assert_int_equal(found, n.found);
    for (size_t i = 0; i < found; i++)
        assert_true(best[i] == n.best[i]);
    if (found == n.k) assert_true(cutoff == best[found - 1]);

    // Everything within a radius, each once.
    n.k = 0;
    n.radius = distance_m_to_hav(pow(10, 7.3 * rand_unit(&m->rand)));
    memset(m->seen, 0, m->cap * sizeof *m->seen);
    index_nearest(m->index, &n.from, 0, n.radius, model_near, &n, NULL);
    for (uint32_t i = 0; i < m->cap; i++)
        if (m->present[i] && model_hav(m, &n.from, i) <= n.radius) assert_true(m->seen[i]);
}

static inline void model_check(struct model *m) {
    assert_true(index_check(m->index));
    assert_int_equal(index_items(m->index), m->count);
    struct index_box e;
    assert_int_equal(index_extent(m->index, &e), m->count > 0);
    for (uint32_t i = 0; i < m->cap && m->count; i++) {
        const struct index_box *q = &m->quantised[i];
        if (!m->present[i]) continue;
        assert_true(q->min_lon >= e.min_lon && q->max_lon <= e.max_lon);
        assert_true(q->min_lat >= e.min_lat && q->max_lat <= e.max_lat);
    }
}

/// Random operations in phases that grow, churn and shrink the index.
static inline void model_run(struct model *m, unsigned steps) {
    for (unsigned step = 0; step < steps; step++) {
        uint32_t item = (uint32_t)rand_below(&m->rand, m->cap);
        unsigned phase = step * 5 / steps;
        bool removing =
            phase == 2 || phase == 4 ? rand_below(&m->rand, 8) != 0 : rand_below(&m->rand, 4) == 0;
        if (!m->present[item]) {
            if (!removing || m->count < 4) model_insert(m, item);
        } else if (removing) {
            model_remove(m, item);
        } else {
            model_move(m, item);
        }
        if (step % 101 == 0) model_search(m);
        if (step % 211 == 0) model_nearest(m);
        if (step % 997 == 0) model_check(m);
    }
    model_check(m);
}

static inline void model_empty(struct model *m) {
    for (uint32_t i = 0; i < m->cap; i++)
        if (m->present[i]) model_remove(m, i);
    model_check(m);
    model_search(m);
    model_nearest(m);
}

#endif
