// keys.c - commands on whole keys, and on ids: DEL PDEL DROP RENAME RENAMENX KEYS TYPE BOUNDS STATS.

#include "command/endpoints.h"
#include "command/key.h"
#include "command/object_write.h"
#include "command/reply.h"
#include "engine/survey.h"
#include "engine/walk.h"

#define PDEL_AT_ONCE 1000 // ids found, then deleted in one batch

enum status command_del(struct command_call *call) {
    struct args a = args_begin(call, 3);
    bool strict = false;
    while (args_left(&a)) {
        if (!args_take_word(&a, "erron404")) {
            return reply_invalid(call, args_peek(&a));
        }
        strict = true;
    }
    struct change change = {
        .kind = CHANGE_DELETE, .collection = call->args[1], .draft = {.id = call->args[2]}};
    struct change_result result;
    enum status st = key_change(call, &change, &result);
    if (st == STATUS_NOT_FOUND && strict) {
        return key_missing(call, call->args[1]);
    }
    return st == STATUS_OK || st == STATUS_NOT_FOUND ? reply_count(call, st == STATUS_OK) : st;
}

// --- PDEL ---

struct pdel {
    struct command_call *call;
    struct str pattern, prefix;
    struct change *changes; // PDEL_AT_ONCE
    struct change_result *results;
    size_t count, deleted;
    struct str last; // looked at
};

static struct str literal_part(struct str pattern) {
    size_t len = 0;
    while (len < pattern.len && !memchr("*?[\\", pattern.p[len], 4)) {
        len++;
    }
    return str_sub(pattern, 0, len);
}

static bool pdel_look(void *ctx, const struct object *o) {
    struct pdel *p = ctx;
    struct str id = object_id(o);
    if (!str_starts(id, p->prefix)) {
        return false;
    }
    p->last = id;
    if (str_glob(p->pattern, id)) {
        p->changes[p->count++] = (struct change){
            .kind = CHANGE_DELETE, .collection = p->call->args[1], .draft = {.id = id}};
    }
    return p->count < PDEL_AT_ONCE;
}

static enum status pdel_apply(struct pdel *p) {
    uint64_t lsn;
    struct command_call *call = p->call;
    enum status st = engine_apply(commands_engine(call->commands), call->reader, p->changes,
                                  p->count, p->results, &lsn, call->why);
    if (st != STATUS_OK) {
        return st;
    }
    key_wait(call, lsn);
    for (size_t i = 0; i < p->count; i++) {
        p->deleted += p->results[i].status == STATUS_OK;
    }
    return STATUS_OK;
}

enum status command_pdel(struct command_call *call) {
    struct pdel p = {.call = call,
                     .pattern = call->args[2],
                     .prefix = literal_part(call->args[2]),
                     .changes = arena_alloc(call->arena, PDEL_AT_ONCE * sizeof *p.changes),
                     .results = arena_alloc(call->arena, PDEL_AT_ONCE * sizeof *p.results)};
    if (!p.changes || !p.results) {
        return STATUS_NO_MEMORY;
    }
    struct walk_range range = {.has_from = true, .from = p.prefix};
    enum status st = STATUS_OK;
    for (bool more = true; more && st == STATUS_OK;) {
        p.count = 0;
        st = walk_run(commands_engine(call->commands), call->reader, call->args[1], &range,
                      pdel_look, &p, call->why);
        more = p.count == PDEL_AT_ONCE;
        if (st == STATUS_OK && p.count) {
            st = pdel_apply(&p);
        }
        range.from = p.last;
        range.after = true;
    }
    return st == STATUS_OK || st == STATUS_NOT_FOUND ? reply_count(call, (int64_t)p.deleted) : st;
}

// --- keys ---

enum status command_drop(struct command_call *call) {
    uint64_t lsn;
    bool there = key_exists(call, call->args[1]);
    enum status st =
        engine_drop(commands_engine(call->commands), call->reader, call->args[1], &lsn, call->why);
    key_wait(call, lsn);
    return st == STATUS_OK || st == STATUS_NOT_FOUND ? reply_count(call, there && st == STATUS_OK)
                                                     : st;
}

static bool is_match(struct str pattern, const struct collection_info *info) {
    return info->count > 0 && str_glob(pattern, info->name);
}

enum status command_keys(struct command_call *call) {
    struct str pattern = call->args[1];
    struct collection_info *all;
    size_t count, matching = 0;
    if (pattern.len == 0) {
        return reply_arguments(call);
    }
    enum status st = engine_collections(commands_engine(call->commands), call->reader, STR_NONE,
                                        SIZE_MAX, call->arena, &all, &count);
    if (st != STATUS_OK) {
        return st;
    }
    for (size_t i = 0; i < count; i++) {
        matching += is_match(pattern, &all[i]);
    }
    bool json = reply_is_json(call);
    struct buf *out = json ? reply_json_begin(call) : call->out;
    if (json) {
        buf_append_str(out, STR(",\"keys\":["));
    } else {
        resp_array(out, matching);
    }
    for (size_t i = 0, n = 0; i < count; i++) {
        if (!is_match(pattern, &all[i])) {
            continue;
        }
        if (json) {
            buf_append_str(out, n++ ? STR(",") : STR(""));
            buf_append_json(out, all[i].name);
        } else {
            resp_bulk(out, all[i].name);
        }
    }
    if (!json) {
        return STATUS_OK;
    }
    buf_append_char(out, ']');
    return reply_json_end(call);
}

enum status command_type(struct command_call *call) {
    bool there = key_exists(call, call->args[1]);
    if (!reply_is_json(call)) {
        resp_simple(call->out, there ? STR("hash") : STR("none"));
        return STATUS_OK;
    }
    if (!there) {
        return reply_missing(call, "key not found");
    }
    buf_append_str(reply_json_begin(call), STR(",\"type\":\"hash\""));
    return reply_json_end(call);
}

static void write_corner(struct buf *out, double lon, double lat) {
    double v[2] = {lon, lat};
    resp_array(out, 2);
    for (size_t i = 0; i < 2; i++) {
        char room[352];
        struct buf text = {.data = room, .cap = sizeof room};
        object_write_number(v[i], &text);
        resp_bulk(out, buf_str(&text));
    }
}

// Longitude first, as Tile38 does it here and nowhere else.
enum status command_bounds(struct command_call *call) {
    struct survey s;
    if (survey_run(commands_engine(call->commands), call->reader, call->args[1], &s) != STATUS_OK ||
        s.objects == 0) {
        return reply_missing(call, "key not found");
    }
    struct bbox b = bbox_is_empty(&s.extent) ? (struct bbox){0, 0, 0, 0} : s.extent;
    if (!reply_is_json(call)) {
        resp_array(call->out, 2);
        write_corner(call->out, b.min_lon, b.min_lat);
        write_corner(call->out, b.max_lon, b.max_lat);
        return STATUS_OK;
    }
    struct geometry *box;
    enum status st = geometry_new_bbox(&b, &box);
    if (st != STATUS_OK) {
        return st;
    }
    struct buf *out = reply_json_begin(call);
    buf_append_str(out, STR(",\"bounds\":"));
    object_write_geometry(box, out);
    geometry_unref(box);
    return reply_json_end(call);
}

static void write_stats(struct command_call *call, const struct survey *s) {
    const struct {
        const char *name;
        uint64_t value;
    } members[] = {{"in_memory_size", s->bytes},
                   {"num_objects", s->objects},
                   {"num_points", s->points},
                   {"num_strings", s->strings}};
    struct buf *out = call->out;
    bool json = reply_is_json(call);
    if (!json) {
        resp_array(out, 8);
    }
    for (size_t i = 0; i < 4; i++) {
        char room[32];
        struct buf text = {.data = room, .cap = sizeof room};
        buf_append_u64(&text, members[i].value);
        if (json) {
            buf_append_char(out, i ? ',' : '{');
            buf_append_json(out, str_of(members[i].name));
            buf_append_char(out, ':');
            buf_append_str(out, buf_str(&text));
        } else {
            resp_bulk(out, str_of(members[i].name));
            resp_bulk(out, buf_str(&text));
        }
    }
    buf_append_str(out, json ? STR("}") : STR(""));
}

enum status command_stats(struct command_call *call) {
    bool json = reply_is_json(call);
    if (json) {
        buf_append_str(reply_json_begin(call), STR(",\"stats\":["));
    } else {
        resp_array(call->out, call->count - 1);
    }
    for (size_t i = 1; i < call->count; i++) {
        struct survey s;
        if (json && i > 1) {
            buf_append_char(call->out, ',');
        }
        enum status st =
            survey_run(commands_engine(call->commands), call->reader, call->args[i], &s);
        if (st == STATUS_OK && s.objects) {
            write_stats(call, &s);
        } else if (json) {
            buf_append_str(call->out, STR("null"));
        } else {
            resp_null(call->out);
        }
    }
    if (!json) {
        return STATUS_OK;
    }
    buf_append_char(call->out, ']');
    return reply_json_end(call);
}

// --- RENAME ---

static enum status run_rename(struct command_call *call, bool only_new, bool *renamed) {
    uint64_t lsn;
    if (!key_exists(call, call->args[1])) {
        return reason_set(call->why, STATUS_NOT_FOUND, "key not found");
    }
    enum status st = engine_rename(commands_engine(call->commands), call->reader, call->args[1],
                                   call->args[2], only_new, renamed, &lsn, call->why);
    key_wait(call, lsn);
    if (st == STATUS_NOT_FOUND) {
        return reason_set(call->why, st, "key not found");
    }
    return st == STATUS_PRECONDITION ? reason_set(call->why, st, "key has hooks set") : st;
}

enum status command_rename(struct command_call *call) {
    bool renamed;
    enum status st = run_rename(call, false, &renamed);
    return st == STATUS_OK ? reply_ok(call) : st;
}

enum status command_renamenx(struct command_call *call) {
    bool renamed;
    enum status st = run_rename(call, true, &renamed);
    return st == STATUS_OK ? reply_count(call, renamed) : st;
}
