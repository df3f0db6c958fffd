// search_sparse.c - quarters of quarters. Where a quarter has nothing left to give, its own are not looked at.

#include "command/search_sparse.h"

#include <math.h>

#include "engine/search_test.h"

struct sparse {
    struct search_filter *filter;
    struct search_hit *hits;
    size_t count, cap;
    uint32_t *seen; // slots given already, in a table; 0: free, else slot + 1
    size_t seen_cap;
};

static enum status walk(struct sparse *s, const struct bbox *box, unsigned level);
static query_accept_fn accept;

enum status search_sparse(struct search_filter *f, struct search_hit **hits, size_t *count) {
    struct sparse s = {.filter = f};
    struct bbox box = area_bbox(&f->args->area);
    enum status st = bbox_is_empty(&box) ? STATUS_OK : walk(&s, &box, f->args->sparse);
    *hits = s.hits;
    *count = s.count;
    return st == STATUS_OK ? f->status : st;
}

static size_t place_of(const struct sparse *s, uint32_t slot) {
    size_t at = (slot * 2654435761u) & (s->seen_cap - 1);
    while (s->seen[at] && s->seen[at] != slot + 1) {
        at = (at + 1) & (s->seen_cap - 1);
    }
    return at;
}

static bool has(const struct sparse *s, uint32_t slot) {
    return s->seen_cap && s->seen[place_of(s, slot)];
}

static enum status make_room(struct sparse *s) {
    size_t cap = s->cap ? s->cap * 2 : 64;
    struct search_hit *hits = arena_alloc(s->filter->call->arena, cap * sizeof *hits);
    uint32_t *seen = arena_zalloc(s->filter->call->arena, cap * 2, sizeof *seen);
    if (!hits || !seen) {
        return STATUS_NO_MEMORY;
    }
    if (s->count) {
        memcpy(hits, s->hits, s->count * sizeof *hits);
    }
    s->hits = hits;
    s->cap = cap;
    s->seen = seen;
    s->seen_cap = cap * 2;
    for (size_t i = 0; i < s->count; i++) {
        uint32_t slot = hits[i].object->slot;
        seen[place_of(s, slot)] = slot + 1;
    }
    return STATUS_OK;
}

static enum status add(struct sparse *s, const struct object *o) {
    const struct search_args *args = s->filter->args;
    struct search_hit hit = {o, NAN};
    if (s->count == s->cap && make_room(s) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    if (args->kind == SEARCH_NEARBY) {
        struct search_round round = search_round_of(args->area.center, INFINITY, EARTH_SPHERE);
        (void)search_round_has(&round, o, &hit.distance_m);
    }
    s->seen[place_of(s, o->slot)] = o->slot + 1;
    s->hits[s->count++] = hit;
    return STATUS_OK;
}

/// In the cell, for the engine knows that: in the area, not given yet, and what MATCH and WHERE say.
static enum query_verdict accept(void *ctx, const struct object *o) {
    struct sparse *s = ctx;
    const struct search_args *args = s->filter->args;
    bool in =
        args->kind == SEARCH_WITHIN ? area_within(&args->area, o) : area_intersects(&args->area, o);
    return in && !has(s, o->slot) ? search_filter_accept(s->filter, o) : QUERY_LEAVE;
}

/// The first that the box has to give; `*out` NULL: nothing.
static enum status first_in(struct sparse *s, const struct bbox *box, const struct object **out) {
    struct command_call *call = s->filter->call;
    struct hits found;
    struct query q = {.collection = s->filter->args->key,
                      .shape = QUERY_BBOX,
                      .box = *box,
                      .limit = 1,
                      .numbered = true,
                      .accept = accept,
                      .accept_ctx = s};
    *out = NULL;
    enum status st =
        engine_search(commands_engine(call->commands), call->reader, &q, call->arena, &found, NULL);
    if (st == STATUS_OK && found.count) {
        *out = found.items[0].object;
    }
    return st == STATUS_NOT_FOUND ? STATUS_OK : st == STATUS_OK ? s->filter->status : st;
}

static enum status walk(struct sparse *s, const struct bbox *box, unsigned level) {
    const struct object *o;
    enum status st = first_in(s, box, &o);
    if (st != STATUS_OK || !o) {
        return st;
    }
    if (level == 0) {
        return add(s, o);
    }
    double x = box->min_lon + (box->max_lon - box->min_lon) / 2;
    double y = box->min_lat + (box->max_lat - box->min_lat) / 2;
    const struct bbox quarters[] = {{box->min_lon, y, x, box->max_lat},
                                    {x, y, box->max_lon, box->max_lat},
                                    {box->min_lon, box->min_lat, x, y},
                                    {x, box->min_lat, box->max_lon, y}};
    for (unsigned i = 0; i < 4 && st == STATUS_OK; i++) {
        st = walk(s, &quarters[i], level - 1);
    }
    return st;
}
