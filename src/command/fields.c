// fields.c - FSET, FGET, FEXISTS.

#include "command/endpoints.h"
#include "command/get.h"
#include "command/key.h"
#include "command/object_write.h"
#include "command/reply.h"

struct fset {
    struct str key, id;
    struct change_member *members;
    size_t count;
    bool if_there, returns;
};

static enum status parse(struct args *a, struct fset *f);
static size_t keep_changes(const struct object *o, struct fset *f);

static enum status apply(struct command_call *call, const struct fset *f, struct object *o) {
    struct change change = {.kind = CHANGE_PATCH,
                            .collection = f->key,
                            .draft = {.id = f->id},
                            .members = f->members,
                            .member_count = f->count};
    struct change_result result;
    enum status st = key_change(call, &change, &result);
    if (st == STATUS_OK) {
        *o = *result.object;
    }
    return st == STATUS_NOT_FOUND ? key_missing(call, f->key) : st;
}

enum status command_fset(struct command_call *call) {
    struct args a = args_begin(call, 1);
    struct fset f = {.count = 0};
    struct object o;
    enum status st = parse(&a, &f);
    if (st != STATUS_OK) {
        return st;
    }
    st = key_find(call, f.key, f.id, &o);
    if (st == STATUS_NOT_FOUND && f.if_there && key_exists(call, f.key)) {
        return reply_count(call, 0);
    }
    size_t changed = st == STATUS_OK ? keep_changes(&o, &f) : 0;
    if (changed) {
        st = apply(call, &f, &o);
    }
    if (st != STATUS_OK) {
        return st;
    }
    return f.returns ? get_reply_object(call, &o) : reply_count(call, (int64_t)changed);
}

static enum status parse(struct args *a, struct fset *f) {
    enum status st = args_text(a, &f->key);
    if (st == STATUS_OK) {
        st = args_text(a, &f->id);
    }
    size_t most = args_left(a) / 2;
    if (st == STATUS_OK && most > CHANGE_MEMBERS_MAX) {
        return reason_set(a->call->why, STATUS_TOO_LARGE, "more than %d fields at once",
                          CHANGE_MEMBERS_MAX);
    }
    f->members = arena_alloc(a->call->arena, (most + 1) * sizeof *f->members);
    if (st == STATUS_OK && !f->members) {
        return STATUS_NO_MEMORY;
    }
    while (st == STATUS_OK && args_left(a)) {
        if (args_take_word(a, "xx")) {
            f->if_there = true;
        } else if (args_left(a) == 1 && args_take_word(a, "return")) {
            f->returns = true;
        } else {
            st = key_field(a, &f->members[f->count++]);
        }
    }
    return st == STATUS_OK && f->count == 0 ? reply_arguments(a->call) : st;
}

static bool same(const struct property *was, const struct property *is) {
    if (was->kind == PROPERTY_NUMBER && is->kind == PROPERTY_NUMBER) {
        return was->number == is->number;
    }
    return was->kind == is->kind && str_eq(was->text, is->text);
}

static void look_at(struct str text, struct property *out) {
    *out = (struct property){.kind = PROPERTY_NUMBER, .text = STR("0")};
    if (text.len == 0) {
        return;
    }
    out->text = text;
    switch (text.p[0]) {
    case '"':
        out->kind = PROPERTY_STRING;
        out->text = str_sub(text, 1, text.len - 2);
        break;
    case '{': out->kind = PROPERTY_OBJECT; break;
    case '[': out->kind = PROPERTY_ARRAY; break;
    case 't':
    case 'f': out->kind = PROPERTY_BOOL; break;
    case 'n': out->kind = PROPERTY_NULL; break;
    default: (void)!str_parse_double(text, &out->number); break;
    }
}

/// Those before `i` have said already what the field is.
static void value_before(const struct object *o, const struct fset *f, size_t i,
                         struct property *out) {
    for (size_t j = i; j-- > 0;) {
        if (str_eq(f->members[j].name, f->members[i].name)) {
            look_at(f->members[j].value, out);
            return;
        }
    }
    if (!object_write_field_find(o, f->members[i].name, out)) {
        look_at(STR_NONE, out);
    }
}

static size_t keep_changes(const struct object *o, struct fset *f) {
    bool changes[CHANGE_MEMBERS_MAX + 1];
    for (size_t i = 0; i < f->count; i++) {
        struct property was, is;
        value_before(o, f, i, &was);
        look_at(f->members[i].value, &is);
        changes[i] = !same(&was, &is);
    }
    size_t kept = 0;
    for (size_t i = 0; i < f->count; i++) {
        if (changes[i]) {
            f->members[kept++] = f->members[i];
        }
    }
    f->count = kept;
    return kept;
}

enum status command_fget(struct command_call *call) {
    struct object o;
    enum status st = key_find(call, call->args[1], call->args[2], &o);
    if (st != STATUS_OK) {
        return st;
    }
    struct property value;
    if (!object_write_field_find(&o, str_trim(call->args[3]), &value)) {
        look_at(STR_NONE, &value);
    }
    if (reply_is_json(call)) {
        struct buf *out = reply_json_begin(call);
        buf_append_str(out, STR(",\"value\":"));
        object_write_value_json(&value, out);
        return reply_json_end(call);
    }
    struct buf scratch;
    buf_init(&scratch);
    resp_bulk(call->out, property_string(&value, &scratch));
    st = buf_status(&scratch);
    buf_deinit(&scratch);
    return st;
}

static enum status reply_exists(struct command_call *call, bool exists) {
    if (!reply_is_json(call)) {
        resp_integer(call->out, exists);
        return STATUS_OK;
    }
    buf_append_str(reply_json_begin(call),
                   exists ? STR(",\"exists\":true") : STR(",\"exists\":false"));
    return reply_json_end(call);
}

enum status command_fexists(struct command_call *call) {
    struct object o;
    struct property value;
    enum status st = key_find(call, call->args[1], call->args[2], &o);
    if (st != STATUS_OK) {
        return st;
    }
    return reply_exists(call, object_write_field_find(&o, str_trim(call->args[3]), &value));
}

enum status command_exists(struct command_call *call) {
    struct object o;
    enum status st = key_find(call, call->args[1], call->args[2], &o);
    if (st == STATUS_NOT_FOUND && !key_exists(call, call->args[1])) {
        return st;
    }
    return st == STATUS_OK || st == STATUS_NOT_FOUND ? reply_exists(call, st == STATUS_OK) : st;
}
