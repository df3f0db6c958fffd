// search.c - NEARBY, WITHIN, INTERSECTS: from arguments to hits.
//
// A page by number (CURSOR) counts what stands in the area before MATCH and WHERE, as Tile38 does. WITHIN and INTERSECTS
// answer in the order in which ids were first stored (slots.h), NEARBY by distance, then in that order.

#include <math.h>

#include "command/endpoints.h"
#include "command/reply.h"
#include "command/search_filter.h"
#include "command/search_reply.h"
#include "command/search_sparse.h"
#include "engine/search_test.h"
#include "geo/clip.h"

#define LIMIT 100 // when none is given

static enum status run(struct command_call *call, enum search_kind kind);
static enum status run_area(struct search_filter *f);
static enum status run_count(struct search_filter *f);
static enum status run_nearby(struct search_filter *f);
static enum status run_one(struct search_filter *f, bool *done);
static enum status run_sparse(struct search_filter *f);
static enum status reply_hits(struct search_filter *f, struct search_hit *hits, size_t count,
                              uint64_t cursor);

enum status command_nearby(struct command_call *call) {
    return run(call, SEARCH_NEARBY);
}
enum status command_within(struct command_call *call) {
    return run(call, SEARCH_WITHIN);
}
enum status command_intersects(struct command_call *call) {
    return run(call, SEARCH_INTERSECTS);
}

static enum status run(struct command_call *call, enum search_kind kind) {
    struct args a = args_begin(call, 1);
    struct search_args args;
    enum status st = search_args_parse(&a, kind, false, call->arena, &args);
    if (st != STATUS_OK) return st;
    struct search_filter f = {.call = call, .args = &args};
    bool done = false;
    if (args.fence) {
        st = command_live_fence(call, &args);
        done = true;
    } else if (kind == SEARCH_NEARBY && args.sparse && isinf(args.area.radius_m)) {
        st =
            reason_set(call->why, STATUS_BAD_REQUEST, "cannot use SPARSE without a point distance");
    } else {
        st = run_one(&f, &done);
    }
    if (st == STATUS_OK && !done) {
        st = args.sparse                   ? run_sparse(&f)
             : args.output == SEARCH_COUNT ? run_count(&f)
             : kind == SEARCH_NEARBY       ? run_nearby(&f)
                                           : run_area(&f);
    }
    search_args_release(&args);
    return st;
}

static uint32_t limit_of(const struct search_args *args) {
    uint64_t limit = args->limit ? args->limit : LIMIT;
    return limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
}

/// The question to the engine; AREA_NOTHING is for the caller.
static struct query query_of(struct search_filter *f) {
    const struct search_args *args = f->args;
    const struct area *area = &args->area;
    struct query q = {
        .collection = args->key,
        .relation = args->kind == SEARCH_WITHIN ? QUERY_WITHIN : QUERY_INTERSECTS,
        .limit = limit_of(args),
        .numbered = true,
        .untimed = true,
        .skip = args->cursor,
        .accept = search_filter_needed(f) ? search_filter_accept : NULL,
        .accept_ctx = f,
    };
    switch (area->kind) {
    case AREA_NOTHING: break;
    case AREA_BOX:
        q.shape = QUERY_BBOX;
        q.box = area->box;
        break;
    case AREA_CIRCLE:
        q.shape = QUERY_CIRCLE;
        q.point = area->center;
        q.radius_m = area->radius_m;
        break;
    case AREA_GEOMETRY:
        q.shape = QUERY_AREA;
        q.area = area->geometry;
        break;
    }
    return q;
}

/// A collection that is not there has nothing in it.
static enum status ask(struct search_filter *f, const struct query *q, struct hits *hits) {
    struct command_call *call = f->call;
    *hits = (struct hits){0};
    if (f->args->area.kind == AREA_NOTHING) return STATUS_OK;
    enum status st = engine_search(commands_engine(call->commands), call->reader, q, call->arena,
                                   hits, call->why);
    if (st == STATUS_NOT_FOUND) {
        *hits = (struct hits){0};
        st = STATUS_OK;
    }
    return st == STATUS_OK ? f->status : st;
}

static enum status take_hits(struct search_filter *f, const struct hits *found,
                             struct search_hit **out) {
    *out = arena_alloc(f->call->arena, found->count * sizeof **out + 1);
    for (size_t i = 0; *out && i < found->count; i++) {
        (*out)[i] = (struct search_hit){found->items[i].object, NAN};
    }
    return *out ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status run_area(struct search_filter *f) {
    struct query q = query_of(f);
    struct hits found;
    struct search_hit *hits;
    enum status st = ask(f, &q, &found);
    if (st == STATUS_OK) st = take_hits(f, &found, &hits);
    if (st != STATUS_OK) return st;
    return reply_hits(f, hits, found.count, found.count == q.limit ? found.stepped : 0);
}

static enum status run_count(struct search_filter *f) {
    struct query q = query_of(f);
    struct hits found;
    q.count_only = true;
    if (q.shape == QUERY_CIRCLE && isinf(q.radius_m)) { // of all that have a position
        q.shape = QUERY_BBOX;
        q.box = BBOX_WORLD;
    }
    enum status st = ask(f, &q, &found);
    if (st != STATUS_OK) return st;
    uint64_t limit = f->args->limit ? f->args->limit : UINT64_MAX;
    return search_reply_count(f->call, found.matched < limit ? found.matched : limit);
}

// --- NEARBY ---

/// Of the nearest, those after the cursor that pass, at most `limit`. `*stepped` is how many were looked at.
static size_t pass_nearest(struct search_filter *f, const struct hits *found, size_t limit,
                           struct search_hit *hits, uint64_t *stepped) {
    size_t count = 0, i = 0;
    for (; i < found->count && count < limit && f->status == STATUS_OK; i++) {
        const struct hit *hit = &found->items[i];
        if (i >= f->args->cursor &&
            (!search_filter_needed(f) || search_filter_accept(f, hit->object) == QUERY_TAKE)) {
            hits[count++] = (struct search_hit){hit->object, hit->distance_m};
        }
    }
    *stepped = i;
    return count;
}

/// Which of the nearest pass is known after they are found: so ever more of them are, until enough do.
static enum status run_nearby(struct search_filter *f) {
    const struct search_args *args = f->args;
    struct query q = query_of(f);
    size_t limit = q.limit, count;
    uint64_t wanted = args->cursor + limit, stepped = 0;
    q.shape = QUERY_NEAREST;
    q.skip = 0;
    q.accept = NULL;
    for (;; wanted *= 4) {
        struct hits found;
        q.limit = wanted >= args->cursor && wanted < UINT32_MAX ? (uint32_t)wanted : UINT32_MAX;
        enum status st = ask(f, &q, &found);
        size_t room = found.count < limit ? found.count : limit;
        struct search_hit *hits = arena_alloc(f->call->arena, room * sizeof *hits + 1);
        if (st != STATUS_OK || !hits) return st != STATUS_OK ? st : STATUS_NO_MEMORY;
        count = pass_nearest(f, &found, limit, hits, &stepped);
        if (f->status != STATUS_OK) return f->status;
        if (count == limit || found.count < q.limit || q.limit == UINT32_MAX) {
            return reply_hits(f, hits, count, count == limit ? stepped : 0);
        }
    }
}

// --- MATCH of one id ---

static bool is_plain(struct str glob) {
    for (size_t i = 0; i < glob.len; i++) {
        if (strchr("*?[\\", glob.p[i])) return false;
    }
    return true;
}

static bool stands_there(const struct search_args *args, const struct object *o,
                         double *distance_m) {
    if (args->kind == SEARCH_NEARBY) {
        struct search_round round =
            search_round_of(args->area.center, args->area.radius_m, EARTH_SPHERE);
        return !object_is_empty(o) && search_round_has(&round, o, distance_m);
    }
    return args->kind == SEARCH_WITHIN ? area_within(&args->area, o)
                                       : area_intersects(&args->area, o);
}

/// MATCH without wildcards names the only object that can be found: no need to look at the others. Not where the
/// number of those would be told.
static enum status run_one(struct search_filter *f, bool *done) {
    const struct search_args *args = f->args;
    struct command_call *call = f->call;
    struct object o;
    struct search_hit hit = {&o, NAN};
    if (args->glob_count != 1 || args->cursor || args->limit == 1 || args->sparse ||
        !is_plain(args->globs[0])) {
        return STATUS_OK;
    }
    enum status st = engine_find(commands_engine(call->commands), call->reader, args->key,
                                 args->globs[0], &o, NULL);
    bool found = st == STATUS_OK && stands_there(args, &o, &hit.distance_m) &&
                 search_filter_accept(f, &o) == QUERY_TAKE;
    *done = true;
    if (st != STATUS_OK && st != STATUS_NOT_FOUND) return st;
    if (f->status != STATUS_OK) return f->status;
    return args->output == SEARCH_COUNT ? search_reply_count(call, found)
                                        : reply_hits(f, &hit, found, 0);
}

static enum status run_sparse(struct search_filter *f) {
    struct search_hit *hits;
    size_t count;
    enum status st = search_sparse(f, &hits, &count);
    if (st != STATUS_OK) return st;
    return f->args->output == SEARCH_COUNT ? search_reply_count(f->call, count)
                                           : reply_hits(f, hits, count, 0);
}

// --- CLIP ---

/// A copy of the object with what the box leaves of its geometry.
static enum status clip_hit(struct command_call *call, struct search_hit *hit,
                            const struct bbox *box, struct geometry **cut) {
    struct object *o;
    *cut = NULL;
    if (!(hit->object->flags & OBJECT_HAS_GEOMETRY)) return STATUS_OK;
    enum status st = clip_bbox(hit->object->geometry, box, cut, call->why);
    if (st != STATUS_OK) return st;
    o = arena_alloc(call->arena, sizeof *o);
    if (!o) return STATUS_NO_MEMORY;
    *o = *hit->object;
    o->geometry = *cut;
    if (object_form(o) == OBJECT_COLLECTION)
        o->flags &= (uint8_t)~OBJECT_FORM; // its text is all of it
    hit->object = o;
    return STATUS_OK;
}

static enum status reply_hits(struct search_filter *f, struct search_hit *hits, size_t count,
                              uint64_t cursor) {
    struct command_call *call = f->call;
    const struct search_args *args = f->args;
    if (!args->clip || args->kind != SEARCH_INTERSECTS) {
        return search_reply(call, args, hits, count, cursor);
    }
    struct bbox box = area_bbox(&args->area);
    struct geometry **cut = arena_zalloc(call->arena, count + 1, sizeof(struct geometry *));
    enum status st = cut ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        st = clip_hit(call, &hits[i], &box, &cut[i]);
    }
    if (st == STATUS_OK) st = search_reply(call, args, hits, count, cursor);
    for (size_t i = 0; cut && i < count; i++) {
        geometry_unref(cut[i]);
    }
    return st;
}
