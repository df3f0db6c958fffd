// search_direct.c - boxes and points, group after group; those with many answers alone, round after round.

#include "engine/search_direct.h"

#include "engine/search_group.h"
#include "engine/slot_set.h"
#include "geo/strips.h"

#define ROUND (1u << 18) // candidates of one box at a time
#define PAGE 1024        // of them looked at without leaving the epoch
#define RUN 64           // rows on their way at once

/// One box of which more is found than a group has room for.
struct alone {
    struct search_direct *d;
    struct search_group *g;
    const struct point *covered; // NULL: anything that touches the box
    size_t query;
    uint64_t incarnation; // of the collection, which may be dropped meanwhile
};

static enum status some(struct search_direct *d, const struct bbox *boxes,
                        const struct point *points, size_t query, size_t count, size_t *done);
static enum status one_alone(struct search_direct *d, struct search_group *g,
                             const struct point *covered, size_t query);
static bool collect_round(struct alone *a, struct slot_set *set);
static bool look_at(struct alone *a, const uint32_t *slots, size_t count);
static index_visit_fn visit;

static enum status all(struct search_direct *d, const struct bbox *boxes,
                       const struct point *points, size_t count) {
    enum status st = STATUS_OK;
    for (size_t at = 0, done; st == STATUS_OK && at < count; at += done) {
        size_t n = count - at < SEARCH_GROUP ? count - at : SEARCH_GROUP;
        st = some(d, boxes ? boxes + at : NULL, points ? points + at : NULL, at, n, &done);
    }
    return st;
}

enum status search_direct_boxes(struct search_direct *d, const struct bbox *boxes, size_t count) {
    return all(d, boxes, NULL, count);
}

enum status search_direct_covering(struct search_direct *d, const struct point *points,
                                   size_t count) {
    return all(d, NULL, points, count);
}

static bool has_geometry(const struct row *row) {
    return row && (row->flags & OBJECT_HAS_GEOMETRY);
}

static bool has(const struct search_where *w, const struct point *covered, const struct object *o) {
    return covered && (o->flags & OBJECT_HAS_GEOMETRY)
               ? relate_intersects_point(o->geometry, *covered)
               : search_where_has(w, o);
}

static void give(struct search_direct *d, const struct search_group *g, size_t q,
                 const struct point *covered, size_t query) {
    struct object o;
    for (uint32_t i = search_group_begin(g, q); i < g->ends[q]; i++) {
        if (search_group_read(g, g->rows[i], &o) && has(&g->where[q], covered, &o) &&
            !d->visit(d->ctx, d->query + query, &o, 0)) {
            return;
        }
    }
}

/// Of each candidate bring near the geometry, then its strips, then the one strip of the point.
static void approach_areas(const struct search_group *g, size_t count, const struct point *points) {
    const struct strips *strips[SEARCH_GROUP_ROWS];
    for (uint32_t i = 0; i < g->used; i++) {
        if (has_geometry(g->rows[i])) {
            __builtin_prefetch(g->rows[i]->geometry);
            __builtin_prefetch((const char *)g->rows[i]->geometry + 64);
        }
    }
    for (uint32_t i = 0; i < g->used; i++) {
        strips[i] = has_geometry(g->rows[i]) ? geometry_area_strips(g->rows[i]->geometry) : NULL;
        __builtin_prefetch(strips[i]);
    }
    for (size_t q = 0; q < count; q++) {
        for (uint32_t i = search_group_begin(g, q); i < g->ends[q]; i++) {
            if (strips[i]) {
                strips_approach(strips[i], points[q]);
            }
        }
    }
}

/// One group, of boxes or of points; `*done` of its searches are over.
static enum status some(struct search_direct *d, const struct bbox *boxes,
                        const struct point *points, size_t query, size_t count, size_t *done) {
    struct search_group g;
    *done = 0;
    engine_enter(d->engine, d->reader);
    enum status st = search_group_init(&g, d->engine, d->reader, d->collection, d->why);
    if (st != STATUS_OK) {
        engine_leave(d->engine, d->reader);
        return st;
    }
    for (size_t q = 0; q < count; q++) {
        struct bbox at;
        if (points) {
            at = (struct bbox){points[q].lon, points[q].lat, points[q].lon, points[q].lat};
        }
        search_group_set(&g, q, points ? &at : &boxes[q]);
    }
    *done = search_group_gather(&g, count);
    if (points) {
        approach_areas(&g, *done, points);
    }
    for (size_t q = 0; q < *done; q++) {
        give(d, &g, q, points ? &points[q] : NULL, query + q);
    }
    engine_count(&engine_reader_state(d->engine, d->reader)->searches, *done);
    engine_leave(d->engine, d->reader);
    if (*done == 0) {
        st = one_alone(d, &g, points, query);
        *done = 1;
    }
    return st;
}

/// False when the collection that was searched is no more: then nothing of it is left to find.
static bool enter_again(struct alone *a) {
    struct search_group *g = a->g;
    engine_enter(g->engine, g->reader);
    g->collection = collection_lookup_by(g->engine, g->reader, a->d->collection);
    if (g->collection && g->collection->incarnation == a->incarnation) {
        return true;
    }
    engine_leave(g->engine, g->reader);
    return false;
}

/// The first of the group, in rounds of so many slots as memory is spent on.
static enum status one_alone(struct search_direct *d, struct search_group *g,
                             const struct point *covered, size_t query) {
    struct slot_set set;
    struct alone a = {d, g, covered, query, g->incarnation};
    uint32_t first = 0;
    engine_count(&engine_reader_state(d->engine, d->reader)->searches, 1);
    for (bool again = true; again; first = set.bound + 1) {
        arena_reset(d->arena);
        slot_set_init(&set, d->arena, first, ROUND);
        if (!collect_round(&a, &set)) {
            return STATUS_OK;
        }
        if (set.failed) {
            return STATUS_NO_MEMORY;
        }
        bool twice = g->where[0].count > 1; // the pieces may share some
        if (twice && slot_set_finish(&set) != STATUS_OK) {
            return STATUS_NO_MEMORY;
        }
        again = set.cut && set.bound < UINT32_MAX;
        for (size_t at = 0; at < set.count; at += PAGE) {
            size_t n = set.count - at < PAGE ? set.count - at : PAGE;
            if (!look_at(&a, set.items + at, n)) {
                return STATUS_OK;
            }
        }
    }
    return STATUS_OK;
}

/// False when the collection is gone.
static bool collect_round(struct alone *a, struct slot_set *set) {
    struct search_group *g = a->g;
    const struct search_where *w = &g->where[0];
    if (!enter_again(a)) {
        return false;
    }
    search_parts_init(&g->parts, &g->engine->shards, g->collection, g->reader);
    do {
        slot_set_clear(set);
        search_parts_begin(&g->parts, w->shards);
        for (uint64_t left = g->parts.shards; left; left &= left - 1) {
            unsigned shard = (unsigned)__builtin_ctzll(left);
            const struct index *part = search_parts_index(&g->parts, shard);
            for (size_t i = 0; part && i < w->count; i++) {
                if ((w->masks[i] | g->parts.extended) >> shard & 1) {
                    index_search(part, &w->boxes[i], visit, set, NULL);
                }
            }
        }
    } while (!search_parts_end(&g->parts));
    engine_leave(g->engine, g->reader);
    return true;
}

static bool visit(void *ctx, const uint32_t *items, size_t count, bool sure) {
    (void)sure;
    return slot_set_add(ctx, items, count);
}

static size_t load(const struct slots *slots, const uint32_t *from, size_t count, size_t at,
                   const struct row **rows) {
    size_t n = at >= count ? 0 : count - at < RUN ? count - at : RUN;
    for (size_t i = 0; i < n; i++) {
        rows[i] = slots_load(slots, from[at + i]);
        search_group_near(rows[i]);
    }
    for (size_t i = at + n; i < at + n + RUN && i < count; i++) {
        __builtin_prefetch((const void *)slots_cell(slots, from[i]));
    }
    return n;
}

/// One page. False when that was all.
static bool look_at(struct alone *a, const uint32_t *slots, size_t count) {
    struct search_group *g = a->g;
    const struct row *rows[2][RUN];
    struct object o;
    bool go_on = enter_again(a);
    if (!go_on) {
        return false;
    }
    const struct slots *table = &g->collection->slots;
    size_t n = load(table, slots, count, 0, rows[0]);
    for (size_t at = 0, turn = 0; n && go_on; turn ^= 1) {
        size_t now = n;
        at += now;
        n = load(table, slots, count, at, rows[turn ^ 1]);
        for (size_t i = 0; i < now && go_on; i++) {
            go_on = !search_group_read(g, rows[turn][i], &o) ||
                    !has(&g->where[0], a->covered, &o) ||
                    a->d->visit(a->d->ctx, a->d->query + a->query, &o, 0);
        }
    }
    engine_leave(g->engine, g->reader);
    return go_on;
}
