// json_edit.c - JGET, JSET, JDEL: parts of strings that are JSON, and of objects as GeoJSON.

#include "command/endpoints.h"
#include "command/json_path.h"
#include "command/key.h"
#include "command/object_parse.h"
#include "command/object_write.h"
#include "command/reply.h"

#define TRIES 64 // against others who change the object at the same time

/// The object as it stands, as text.
struct edit {
    struct object object;
    struct buf before, after;
    bool there, spatial;
    uint64_t etag;
};

typedef enum status edit_fn(struct command_call *call, struct edit *e);

enum status command_jget(struct command_call *call) {
    struct object o;
    bool raw = call->count == 5;
    if (raw && !str_eq_nocase(call->args[4], STR("raw"))) {
        return reply_invalid(call, call->args[4]);
    }
    enum status st = key_find(call, call->args[1], call->args[2], &o);
    if (st == STATUS_NOT_FOUND && !reply_is_json(call)) {
        resp_null(call->out);
        return STATUS_OK;
    }
    if (st != STATUS_OK) {
        return st;
    }
    struct buf text, value;
    buf_init(&text);
    buf_init(&value);
    object_write_text(&o, &text);
    struct str path = call->count > 3 ? call->args[3] : STR_NONE;
    st = json_path_get(buf_str(&text), path, raw, &value);
    bool there = st == STATUS_OK;
    st = st == STATUS_NOT_FOUND ? buf_status(&text) : st;
    if (st == STATUS_OK && reply_is_json(call)) {
        struct buf *out = reply_json_begin(call);
        if (there) {
            buf_append_str(out, STR(",\"value\":"));
            buf_append_json(out, value.len ? buf_str(&value) : STR(""));
        }
        st = reply_json_end(call);
    } else if (st == STATUS_OK && there) {
        resp_bulk(call->out, value.len ? buf_str(&value) : STR(""));
    } else if (st == STATUS_OK) {
        resp_null(call->out);
    }
    buf_deinit(&text);
    buf_deinit(&value);
    return st;
}

static enum status read_object(struct command_call *call, struct edit *e) {
    enum status st = key_find(call, call->args[1], call->args[2], &e->object);
    e->there = st == STATUS_OK;
    e->spatial = e->there && object_form(&e->object) != OBJECT_STRING;
    e->etag = e->there ? engine_etag(&e->object) : 0;
    buf_clear(&e->before);
    buf_clear(&e->after);
    if (e->there) {
        object_write_text(&e->object, &e->before);
    }
    return st == STATUS_NOT_FOUND || st == STATUS_OK ? buf_status(&e->before) : st;
}

// As SET does it: without an expiry.
static enum status write_object(struct command_call *call, struct edit *e) {
    struct object_parse parsed = {.geometry = NULL};
    struct str text = buf_str(&e->after);
    enum status st = STATUS_OK;
    if (e->spatial) {
        st = object_parse_geojson(call, text, &parsed);
    } else {
        parsed.draft.form = OBJECT_STRING;
        parsed.draft.text = text;
    }
    if (st != STATUS_OK) {
        return st;
    }
    struct change change = {.kind = CHANGE_SET,
                            .collection = call->args[1],
                            .draft = parsed.draft,
                            .if_absent = !e->there,
                            .if_etags = &e->etag,
                            .if_etag_count = e->there};
    change.draft.id = call->args[2];
    struct change_result result;
    st = key_change(call, &change, &result);
    object_parse_release(&parsed);
    return st;
}

// Read, edit, write if it is still as it was read; else again.
static enum status run(struct command_call *call, edit_fn *edit, bool *spatial) {
    struct edit e = {.there = false};
    buf_init(&e.before);
    buf_init(&e.after);
    enum status st = STATUS_PRECONDITION;
    for (unsigned i = 0; i < TRIES && st == STATUS_PRECONDITION; i++) {
        st = read_object(call, &e);
        if (st == STATUS_OK) {
            st = edit(call, &e);
        }
        if (st == STATUS_OK) {
            st = write_object(call, &e);
        }
    }
    *spatial = e.spatial;
    buf_deinit(&e.before);
    buf_deinit(&e.after);
    return st == STATUS_PRECONDITION
               ? reason_set(call->why, STATUS_BUSY, "the object changes too fast, try again")
               : st;
}

static bool is_raw_word(struct str value) {
    return str_eq(value, STR("true")) || str_eq(value, STR("false")) || str_eq(value, STR("null"));
}

static bool is_number(struct str value) {
    double number;
    bool begins = value.len && (value.p[0] == '-' || (value.p[0] >= '0' && value.p[0] <= '9'));
    return begins && str_parse_double(value, &number);
}

static enum status set_value(struct command_call *call, struct edit *e) {
    struct str value = call->args[4];
    bool raw = is_raw_word(value) || is_number(value);
    if (call->count == 6) {
        raw = str_eq_nocase(call->args[5], STR("raw"));
    }
    enum status st =
        json_path_set(buf_str(&e->before), call->args[3], value, raw, &e->after, call->why);
    if (st == STATUS_BAD_REQUEST && call->count == 5 && raw) { // "007" looks like a number only
        buf_clear(&e->after);
        st = json_path_set(buf_str(&e->before), call->args[3], value, false, &e->after, call->why);
    }
    return st;
}

enum status command_jset(struct command_call *call) {
    bool spatial;
    if (call->count == 6 && !str_eq_nocase(call->args[5], STR("raw")) &&
        !str_eq_nocase(call->args[5], STR("str"))) {
        return reply_invalid(call, call->args[5]);
    }
    enum status st = run(call, set_value, &spatial);
    return st == STATUS_OK ? reply_ok(call) : st;
}

static enum status delete_value(struct command_call *call, struct edit *e) {
    return json_path_delete(buf_str(&e->before), call->args[3], &e->after);
}

// Of an object with a position it answers as the SET that it is.
enum status command_jdel(struct command_call *call) {
    bool spatial;
    if (!key_exists(call, call->args[1])) {
        return reply_is_json(call) ? key_missing(call, call->args[1]) : reply_count(call, 0);
    }
    enum status st = run(call, delete_value, &spatial);
    if (st == STATUS_NOT_FOUND) {
        return reply_is_json(call) ? reason_set(call->why, st, "path not found")
                                   : reply_count(call, 0);
    }
    if (st != STATUS_OK) {
        return st;
    }
    return spatial ? reply_ok(call) : reply_count(call, 1);
}
