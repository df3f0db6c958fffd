// search_scan.c - SCAN in the order of ids, SEARCH through strings in the order of their values.

#include <math.h>

#include "command/endpoints.h"
#include "command/reply.h"
#include "command/search_filter.h"
#include "command/search_reply.h"
#include "engine/walk.h"

#define LIMIT 100 // when none is given

/// MATCH says where to begin and to end: between the least and the greatest beginning of its globs.
struct bounds {
    bool limited;
    struct str least, most;
};

struct scan {
    struct search_filter filter;
    struct bounds bounds;
    struct search_hit *hits;
    size_t count, cap;
    uint64_t limit, stepped, matched;
    enum status status;
};

static enum status run(struct command_call *call, enum search_kind kind);
static struct bounds bounds_of(const struct search_args *args);
static bool beyond(const struct scan *s, struct str text);
static walk_visit_fn visit;

enum status command_scan(struct command_call *call) {
    return run(call, SEARCH_SCAN);
}
enum status command_search(struct command_call *call) {
    return run(call, SEARCH_VALUES);
}

static bool matches_all(const struct search_args *args) {
    return !args->where &&
           (args->glob_count == 0 || (args->glob_count == 1 && str_eq(args->globs[0], STR("*"))));
}

/// From the end of the last beginning downwards, or from the first upwards.
static enum status range_of(struct scan *s, struct walk_range *range) {
    const struct search_args *args = s->filter.args;
    *range = (struct walk_range){.by_value = args->kind == SEARCH_VALUES,
                                 .descending = args->descending,
                                 .has_from = s->bounds.limited,
                                 .from = s->bounds.least};
    if (!s->bounds.limited || !args->descending) {
        return STATUS_OK;
    }
    struct str most = s->bounds.most;
    char *end = arena_alloc(s->filter.call->arena, most.len + 2);
    if (!end) {
        return STATUS_NO_MEMORY;
    }
    memcpy(end, most.p, most.len);
    end[most.len] = '\xff'; // after all that begins so: no UTF-8 has this byte
    end[most.len + 1] = '\0';
    range->from = (struct str){end, most.len + 1};
    return STATUS_OK;
}

static enum status answer(struct scan *s) {
    const struct search_args *args = s->filter.args;
    struct command_call *call = s->filter.call;
    struct walk_range range;
    enum status st = range_of(s, &range);
    if (st == STATUS_OK) {
        st = walk_run(commands_engine(call->commands), call->reader, args->key, &range, visit, s,
                      call->why);
    }
    if (st != STATUS_OK && st != STATUS_NOT_FOUND) return st;
    if (s->filter.status != STATUS_OK || s->status != STATUS_OK) {
        return s->filter.status != STATUS_OK ? s->filter.status : s->status;
    }
    if (args->output == SEARCH_COUNT) return search_reply_count(call, s->matched);
    return search_reply(call, args, s->hits, s->count, s->matched == s->limit ? s->stepped : 0);
}

static enum status run(struct command_call *call, enum search_kind kind) {
    struct args a = args_begin(call, 1);
    struct search_args args;
    enum status st = search_args_parse(&a, kind, false, call->arena, &args);
    if (st != STATUS_OK) return st;
    bool count = args.output == SEARCH_COUNT;
    uint64_t all = 0;
    struct scan s = {.filter = {.call = call, .args = &args},
                     .bounds = bounds_of(&args),
                     .limit = args.limit ? args.limit
                              : count    ? UINT64_MAX
                                         : LIMIT};
    if (count && kind == SEARCH_SCAN && matches_all(&args)) {
        engine_count_objects(commands_engine(call->commands), call->reader, args.key, &all);
        all = all > args.cursor ? all - args.cursor : 0;
        st = search_reply_count(call, all < s.limit ? all : s.limit);
    } else {
        st = answer(&s);
    }
    search_args_release(&args);
    return st;
}

static struct str beginning(struct str glob) {
    size_t i = 0;
    while (i < glob.len && !strchr("*?[\\", glob.p[i])) {
        i++;
    }
    return str_sub(glob, 0, i);
}

static struct bounds bounds_of(const struct search_args *args) {
    struct bounds b = {0};
    for (size_t i = 0; i < args->glob_count; i++) {
        struct str text = beginning(args->globs[i]);
        if (text.len == 0) {
            return (struct bounds){0};
        }
        b.least = i == 0 || str_compare(text, b.least) < 0 ? text : b.least;
        b.most = i == 0 || str_compare(text, b.most) > 0 ? text : b.most;
        b.limited = true;
    }
    return b;
}

static bool beyond(const struct scan *s, struct str text) {
    if (!s->bounds.limited) {
        return false;
    }
    return s->filter.args->descending
               ? str_compare(text, s->bounds.least) < 0
               : str_compare(text, s->bounds.most) > 0 && !str_starts(text, s->bounds.most);
}

static enum status keep(struct scan *s, const struct object *o) {
    struct arena *arena = s->filter.call->arena;
    if (s->count == s->cap) {
        size_t cap = s->cap ? s->cap * 4 : 64;
        struct search_hit *hits = arena_alloc(arena, cap * sizeof *hits);
        if (!hits) {
            return STATUS_NO_MEMORY;
        }
        if (s->count) {
            memcpy(hits, s->hits, s->count * sizeof *hits);
        }
        s->hits = hits;
        s->cap = cap;
    }
    struct object *copy = arena_alloc(arena, sizeof *copy);
    if (!copy) {
        return STATUS_NO_MEMORY;
    }
    *copy = *o;
    s->hits[s->count++] = (struct search_hit){copy, NAN};
    return STATUS_OK;
}

static bool visit(void *ctx, const struct object *o) {
    struct scan *s = ctx;
    const struct search_args *args = s->filter.args;
    if (beyond(s, args->kind == SEARCH_VALUES ? object_text(o) : object_id(o))) {
        return false;
    }
    if (s->stepped++ < args->cursor) {
        return true;
    }
    if (search_filter_needed(&s->filter)) {
        enum query_verdict verdict = search_filter_accept(&s->filter, o);
        if (verdict != QUERY_TAKE) {
            return verdict != QUERY_STOP;
        }
    }
    if (args->output != SEARCH_COUNT) {
        s->status = keep(s, o);
    }
    return s->status == STATUS_OK && ++s->matched < s->limit;
}
