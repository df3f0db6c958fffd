#include "command/search_reply.h"

#include <math.h>

#include "command/object_write.h"
#include "command/reply.h"

/// The fields of each hit, and the names of all of them in order.
struct fields {
    struct {
        const struct object_field *items;
        size_t count;
    } * of;
    struct str *names;
    size_t count, cap;
};

static enum status reply_resp(struct command_call *call, const struct search_args *args,
                              const struct search_hit *hits, size_t count, uint64_t cursor);
static enum status reply_json(struct command_call *call, const struct search_args *args,
                              const struct search_hit *hits, size_t count, uint64_t cursor);
static enum status gather(struct fields *f, const struct search_hit *hits, size_t count,
                          struct arena *arena);

enum status search_reply(struct command_call *call, const struct search_args *args,
                         const struct search_hit *hits, size_t count, uint64_t cursor) {
    return reply_is_json(call) ? reply_json(call, args, hits, count, cursor)
                               : reply_resp(call, args, hits, count, cursor);
}

static enum status json_end(struct command_call *call, uint64_t count, uint64_t cursor) {
    buf_append_str(call->out, STR(",\"count\":"));
    buf_append_u64(call->out, count);
    buf_append_str(call->out, STR(",\"cursor\":"));
    buf_append_u64(call->out, cursor);
    return reply_json_end(call);
}

enum status search_reply_count(struct command_call *call, uint64_t count) {
    if (reply_is_json(call)) {
        reply_json_begin(call);
        return json_end(call, count, 0);
    }
    resp_integer(call->out, (int64_t)count);
    return STATUS_OK;
}

static bool says_distance(const struct search_args *args, const struct search_hit *hit) {
    return args->distance && !isnan(hit->distance_m);
}

static bool says_fields(const struct search_args *args) {
    return !args->nofields && args->output != SEARCH_IDS && args->output != SEARCH_COUNT;
}

// --- RESP ---

static enum status resp_fields(struct buf *out, const struct object_field *fields, size_t count) {
    struct buf scratch; // of strings with escapes
    buf_init(&scratch);
    resp_array(out, 2 * count);
    for (size_t i = 0; i < count && !scratch.failed; i++) {
        resp_bulk(out, fields[i].name);
        resp_bulk(out, property_string(&fields[i].value, &scratch));
    }
    enum status st = buf_status(&scratch);
    buf_deinit(&scratch);
    return st;
}

static void resp_distance(struct buf *out, double metres) {
    char room[512];
    struct buf text = {.data = room, .cap = sizeof room};
    object_write_number(metres, &text);
    resp_bulk(out, buf_str(&text));
}

static void resp_value(struct buf *out, const struct search_args *args, const struct object *o) {
    char hash[16];
    struct buf text = {.data = hash, .cap = sizeof hash};
    switch (args->output) {
    case SEARCH_OBJECTS: object_write_bulk(o, out); break;
    case SEARCH_POINTS: object_write_point(o, out); break;
    case SEARCH_BOUNDS: object_write_bounds(o, out); break;
    case SEARCH_HASHES:
        object_write_hash(o, args->precision, &text);
        resp_bulk(out, buf_str(&text));
        break;
    default: break;
    }
}

static enum status resp_hit(struct command_call *call, const struct search_args *args,
                            const struct search_hit *hit) {
    struct buf *out = call->out;
    bool distance = says_distance(args, hit), ids = args->output == SEARCH_IDS;
    const struct object_field *fields = NULL;
    size_t field_count = 0;
    if (says_fields(args)) {
        enum status st = object_write_fields_of(hit->object, call->arena, &fields, &field_count);
        if (st != STATUS_OK) return st;
    }
    if (!ids || distance) {
        resp_array(out, 1u + !ids + (field_count > 0) + distance);
    }
    resp_bulk(out, object_id(hit->object));
    resp_value(out, args, hit->object);
    enum status st = field_count ? resp_fields(out, fields, field_count) : STATUS_OK;
    if (distance) resp_distance(out, hit->distance_m);
    return st;
}

static enum status reply_resp(struct command_call *call, const struct search_args *args,
                              const struct search_hit *hits, size_t count, uint64_t cursor) {
    resp_array(call->out, 2);
    resp_integer(call->out, (int64_t)cursor);
    resp_array(call->out, count);
    for (size_t i = 0; i < count; i++) {
        enum status st = resp_hit(call, args, &hits[i]);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

// --- JSON ---

static const char *const list_names[] = {"objects", "", "ids", "points", "bounds", "hashes"};

static void json_value(struct buf *out, const struct search_args *args, const struct object *o) {
    switch (args->output) {
    case SEARCH_OBJECTS:
        buf_append_str(out, STR(",\"object\":"));
        object_write_json(o, out);
        break;
    case SEARCH_POINTS:
        buf_append_str(out, STR(",\"point\":"));
        object_write_point_json(o, out);
        break;
    case SEARCH_BOUNDS:
        buf_append_str(out, STR(",\"bounds\":"));
        object_write_bounds_json(o, out);
        break;
    case SEARCH_HASHES:
        buf_append_str(out, STR(",\"hash\":\""));
        object_write_hash(o, args->precision, out);
        buf_append_char(out, '"');
        break;
    default: break;
    }
}

static void json_fields(struct buf *out, const struct fields *f, size_t hit) {
    if (f->count == 0) return;
    const struct object_field *at = f->of[hit].items, *end = at + f->of[hit].count;
    for (size_t i = 0; i < f->count; i++) {
        buf_append_str(out, i ? STR(",") : STR(",\"fields\":["));
        if (at < end && str_eq(at->name, f->names[i])) {
            object_write_value_json(&at->value, out);
            at++;
        } else {
            buf_append_char(out, '0');
        }
    }
    buf_append_char(out, ']');
}

static void json_hit(struct buf *out, const struct search_args *args, const struct search_hit *hit,
                     const struct fields *f, size_t i) {
    bool distance = says_distance(args, hit);
    if (args->output == SEARCH_IDS && !distance) {
        buf_append_json(out, object_id(hit->object));
        return;
    }
    buf_append_str(out, STR("{\"id\":"));
    buf_append_json(out, object_id(hit->object));
    json_value(out, args, hit->object);
    json_fields(out, f, i);
    if (distance) {
        buf_append_str(out, STR(",\"distance\":"));
        object_write_number(hit->distance_m, out);
    }
    buf_append_char(out, '}');
}

static enum status reply_json(struct command_call *call, const struct search_args *args,
                              const struct search_hit *hits, size_t count, uint64_t cursor) {
    struct buf *out = reply_json_begin(call);
    struct fields f = {0};
    if (says_fields(args)) {
        enum status st = gather(&f, hits, count, call->arena);
        if (st != STATUS_OK) return st;
    }
    for (size_t i = 0; i < f.count; i++) {
        buf_append_str(out, i ? STR(",") : STR(",\"fields\":["));
        buf_append_json(out, f.names[i]);
    }
    buf_append_str(out, f.count ? STR("],\"") : STR(",\""));
    buf_append_str(out, str_of(list_names[args->output]));
    buf_append_str(out, STR("\":["));
    for (size_t i = 0; i < count; i++) {
        if (i) buf_append_char(out, ',');
        json_hit(out, args, &hits[i], &f, i);
    }
    buf_append_char(out, ']');
    return json_end(call, count, cursor);
}

/// Where a name stands, or belongs; `*there` says which.
static size_t place_of(const struct fields *f, struct str name, bool *there) {
    size_t low = 0, high = f->count;
    *there = false;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int c = str_compare(f->names[middle], name);
        if (c == 0) {
            *there = true;
            return middle;
        }
        *(c < 0 ? &low : &high) = c < 0 ? middle + 1 : middle;
    }
    return low;
}

static enum status add_name(struct fields *f, struct str name, struct arena *arena) {
    bool there;
    size_t at = place_of(f, name, &there);
    if (there) return STATUS_OK;
    if (f->count == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 16;
        struct str *names = arena_alloc(arena, cap * sizeof *names);
        if (!names) return STATUS_NO_MEMORY;
        if (f->count) memcpy(names, f->names, f->count * sizeof *names);
        f->names = names;
        f->cap = cap;
    }
    memmove(&f->names[at + 1], &f->names[at], (f->count - at) * sizeof *f->names);
    f->names[at] = name;
    f->count++;
    return STATUS_OK;
}

static enum status gather(struct fields *f, const struct search_hit *hits, size_t count,
                          struct arena *arena) {
    f->of = arena_zalloc(arena, count + 1, sizeof *f->of);
    enum status st = f->of ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        st = object_write_fields_of(hits[i].object, arena, &f->of[i].items, &f->of[i].count);
        for (size_t j = 0; j < f->of[i].count && st == STATUS_OK; j++) {
            st = add_name(f, f->of[i].items[j].name, arena);
        }
    }
    return st;
}
