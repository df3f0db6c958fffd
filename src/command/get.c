#include "command/get.h"

#include "command/endpoints.h"
#include "command/key.h"
#include "command/object_write.h"
#include "command/reply.h"

enum kind { KIND_OBJECT, KIND_POINT, KIND_BOUNDS, KIND_HASH };

struct get {
    struct str key, id;
    enum kind kind;
    unsigned precision;
    bool fields;
};

static enum status parse(struct args *a, struct get *g);
static enum status reply(struct command_call *call, const struct get *g, const struct object *o);

enum status command_get(struct command_call *call) {
    struct args a = args_begin(call, 1);
    struct get g = {.kind = KIND_OBJECT};
    enum status st = parse(&a, &g);
    if (st != STATUS_OK) {
        return st;
    }
    struct object o;
    st = key_find(call, g.key, g.id, &o);
    if (st == STATUS_NOT_FOUND && !reply_is_json(call)) {
        resp_null(call->out);
        return STATUS_OK;
    }
    return st == STATUS_OK ? reply(call, &g, &o) : st;
}

enum status get_reply_object(struct command_call *call, const struct object *o) {
    return reply(call, &(struct get){.kind = KIND_OBJECT, .fields = true}, o);
}

static enum status parse_precision(struct args *a, struct get *g) {
    struct str text;
    int64_t precision;
    enum status st = args_text(a, &text);
    if (st != STATUS_OK) {
        return st;
    }
    if (!str_parse_i64(text, &precision) || precision < 1 || precision > 12) {
        return reply_invalid(a->call, text);
    }
    g->kind = KIND_HASH;
    g->precision = (unsigned)precision;
    return STATUS_OK;
}

static enum status parse(struct args *a, struct get *g) {
    static const struct {
        const char *word;
        enum kind kind;
    } kinds[] = {{"object", KIND_OBJECT}, {"point", KIND_POINT}, {"bounds", KIND_BOUNDS}};
    enum status st = args_text(a, &g->key);
    if (st == STATUS_OK) {
        st = args_text(a, &g->id);
    }
    while (st == STATUS_OK && args_left(a)) {
        bool taken = false;
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !taken; i++) {
            taken = args_take_word(a, kinds[i].word);
            g->kind = taken ? kinds[i].kind : g->kind;
        }
        if (taken) {
            continue;
        }
        if (args_take_word(a, "withfields")) {
            g->fields = true;
        } else if (args_take_word(a, "hash")) {
            st = parse_precision(a, g);
        } else {
            st = reply_arguments(a->call);
        }
    }
    return st;
}

static enum status reply_json(struct command_call *call, const struct get *g,
                              const struct object *o) {
    struct buf *out = reply_json_begin(call);
    switch (g->kind) {
    case KIND_OBJECT:
        buf_append_str(out, STR(",\"object\":"));
        object_write_json(o, out);
        break;
    case KIND_POINT:
        buf_append_str(out, STR(",\"point\":"));
        object_write_point_json(o, out);
        break;
    case KIND_BOUNDS:
        buf_append_str(out, STR(",\"bounds\":"));
        object_write_bounds_json(o, out);
        break;
    case KIND_HASH:
        buf_append_str(out, STR(",\"hash\":\""));
        object_write_hash(o, g->precision, out);
        buf_append_char(out, '"');
        break;
    }
    size_t before = out->len;
    enum status st = STATUS_OK;
    if (g->fields) {
        buf_append_str(out, STR(",\"fields\":"));
        size_t start = out->len;
        st = object_write_fields_json(o, call->arena, out);
        if (st == STATUS_OK && out->len == start + 2) {
            out->len = before; // without fields there is no member
        }
    }
    return st == STATUS_OK ? reply_json_end(call) : st;
}

static enum status reply_resp(struct command_call *call, const struct get *g,
                              const struct object *o) {
    struct buf *out = call->out;
    char room[16];
    struct buf hash = {.data = room, .cap = sizeof room};
    switch (g->kind) {
    case KIND_OBJECT: object_write_bulk(o, out); break;
    case KIND_POINT: object_write_point(o, out); break;
    case KIND_BOUNDS: object_write_bounds(o, out); break;
    case KIND_HASH:
        object_write_hash(o, g->precision, &hash);
        resp_bulk(out, buf_str(&hash));
        break;
    }
    return buf_status(out);
}

static enum status reply(struct command_call *call, const struct get *g, const struct object *o) {
    if (reply_is_json(call)) {
        return reply_json(call, g, o);
    }
    if (!g->fields) {
        return reply_resp(call, g, o);
    }
    const struct object_field *fields;
    size_t count;
    enum status st = object_write_fields_of(o, call->arena, &fields, &count);
    if (st == STATUS_OK) {
        resp_array(call->out, count ? 2 : 1);
        st = reply_resp(call, g, o);
    }
    return st == STATUS_OK && count ? object_write_fields(o, call->arena, call->out) : st;
}
