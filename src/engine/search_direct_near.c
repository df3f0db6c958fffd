// search_direct_near.c - circles and the nearest, group after group.

#include "engine/search_direct.h"

#include "engine/search_found.h"
#include "engine/search_group.h"
#include "engine/search_state.h"

#define WIDEST_M 2.1e7 // a circle of this radius is the earth

static enum status give_circle(struct search_direct *d, const struct search_group *g, size_t q,
                               size_t query, const struct search_round *round, uint32_t limit);
static enum status ask_one(struct search_direct *d, const struct query *query, size_t number);
static enum status nearest(struct search_direct *d, const struct search_group *g, struct point p,
                           size_t number, uint32_t k);

/// One group; `*done` of its circles are over.
static enum status some_circles(struct search_direct *d, const struct point *centres, size_t at,
                                size_t count, double radius_m, uint32_t limit, size_t *done) {
    struct search_group g;
    struct search_round rounds[SEARCH_GROUP];
    enum status st = search_group_init(&g, d->engine, d->reader, d->collection, d->why);
    *done = 0;
    if (st != STATUS_OK) {
        return st;
    }
    for (size_t q = 0; q < count; q++) {
        struct bbox box = distance_circle_bbox(centres[q], fmin(radius_m, WIDEST_M));
        search_group_set(&g, q, &box);
        rounds[q] = search_round_of(centres[q], radius_m, EARTH_SPHERE);
    }
    *done = search_group_gather(&g, count);
    arena_reset(d->arena);
    for (size_t q = 0; q < *done && st == STATUS_OK; q++) {
        st = give_circle(d, &g, q, at + q, &rounds[q], limit);
    }
    engine_count(&engine_reader_state(d->engine, d->reader)->searches, *done);
    if (*done == 0) { // crowded
        struct query query = {.collection = d->collection,
                              .shape = QUERY_RADIUS,
                              .point = centres[0],
                              .radius_m = radius_m,
                              .limit = limit};
        st = ask_one(d, &query, at);
        *done = 1;
    }
    return st;
}

enum status search_direct_circles(struct search_direct *d, const struct point *centres,
                                  size_t count, double radius_m, uint32_t limit) {
    enum status st = STATUS_OK;
    for (size_t at = 0, done; st == STATUS_OK && at < count; at += done) {
        size_t n = count - at < SEARCH_GROUP ? count - at : SEARCH_GROUP;
        engine_enter(d->engine, d->reader);
        st = some_circles(d, centres + at, at, n, radius_m, limit, &done);
        engine_leave(d->engine, d->reader);
    }
    return st;
}

enum status search_direct_nearest(struct search_direct *d, const struct point *centres,
                                  size_t count, uint32_t k) {
    struct search_group g;
    enum status st = STATUS_OK;
    for (size_t at = 0; st == STATUS_OK && at < count; at += SEARCH_GROUP) {
        size_t n = count - at < SEARCH_GROUP ? count - at : SEARCH_GROUP;
        engine_enter(d->engine, d->reader);
        st = search_group_init(&g, d->engine, d->reader, d->collection, d->why);
        for (size_t q = 0; q < n && st == STATUS_OK; q++) {
            st = nearest(d, &g, centres[at + q], at + q, k);
            engine_count(&engine_reader_state(d->engine, d->reader)->searches, 1);
        }
        engine_leave(d->engine, d->reader);
    }
    return st;
}

static enum status nearest(struct search_direct *d, const struct search_group *g, struct point p,
                           size_t number, uint32_t k) {
    arena_reset(d->arena);
    struct search_near n = {.engine = d->engine,
                            .collection = g->collection,
                            .reader = d->reader,
                            .arena = d->arena,
                            .round = search_round_of(p, INFINITY, EARTH_SPHERE),
                            .limit = k,
                            .now_ms = g->now_ms};
    enum status st = search_near_find(&n);
    for (size_t i = 0; st == STATUS_OK && i < n.count; i++) {
        const struct search_found *f = &n.found[i];
        if (!d->visit(d->ctx, d->query + number, &n.objects[f->at], f->distance_m)) {
            break;
        }
    }
    return st;
}

static enum status give_circle(struct search_direct *d, const struct search_group *g, size_t q,
                               size_t query, const struct search_round *round, uint32_t limit) {
    size_t candidates = g->ends[q] - search_group_begin(g, q), n = 0;
    struct search_found *found = arena_alloc(d->arena, candidates * sizeof *found);
    struct object *objects = arena_alloc(d->arena, candidates * sizeof *objects);
    if (!found || !objects) {
        return STATUS_NO_MEMORY;
    }
    for (uint32_t i = search_group_begin(g, q); i < g->ends[q]; i++) {
        if (search_group_read(g, g->rows[i], &objects[n]) &&
            search_round_has(round, &objects[n], &found[n].distance_m)) {
            found[n].slot = objects[n].slot;
            found[n].at = (uint32_t)n;
            n++;
        }
    }
    search_found_sort(found, n);
    for (size_t i = 0; i < n && i < limit; i++) {
        if (!d->visit(d->ctx, d->query + query, &objects[found[i].at], found[i].distance_m)) {
            break;
        }
    }
    return STATUS_OK;
}

/// Through engine_search's own way, inside the epoch.
static enum status ask_one(struct search_direct *d, const struct query *query, size_t number) {
    struct hits hits;
    arena_reset(d->arena);
    enum status st = search_run(d->engine, d->reader, query, d->arena, &hits, d->why);
    for (size_t i = 0; st == STATUS_OK && i < hits.count; i++) {
        const struct hit *hit = &hits.items[i];
        if (!d->visit(d->ctx, d->query + number, hit->object, hit->distance_m)) {
            break;
        }
    }
    return st;
}
