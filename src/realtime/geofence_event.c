#include "realtime/geofence_event.h"

#include "base/hash.h"
#include "engine/engine.h"
#include "geo/geojson.h"

#define DECIMALS 8
#define TIME_BYTES 24  // 2026-01-02T03:04:05.678Z
#define ID_BYTES 36    // ev-, 16 hex digits twice with - between
#define TEXT_BYTES 900 // of an event about points, texts of its own apart

#define LITERAL(out, text) buf_append((out), (text), sizeof(text) - 1)

static const struct str head = {"{\"event_id\":\"", 13}, type_head = {"\",\"type\":\"", 10},
                        rule_head = {",\"rule\":", 8}, geofence_head = {",\"geofence\":", 12},
                        target_head = {"geofence/", 9};

static void write_id(const struct fence_event *event, struct buf *out);
static const char *cause_of(unsigned command);
static void write_object(struct str collection, const struct object *o, struct buf *out);
static void write_previous(const struct object *o, struct buf *out);
static void write_position(const struct object *o, bool *geometry_cut, struct buf *out);
static void write_times(const struct object *o, struct buf *out);
static bool type_of(struct str text, struct str *type);
static bool rule_place(struct str text, size_t *from, size_t *to);
static bool is_of_version(struct str text, const struct geofence *g);
static const struct geofence_rule *rule_called(const struct geofence *g, struct str id);

enum status geofence_event_write(const struct fence_event *event, struct buf *out) {
    const struct geofence *g = geofence_of(event->fence);
    const struct geofence_rule *rule = geofence_rule_next(g, event->trigger, NULL);
    struct str trigger = str_of(fence_trigger_name((enum fence_trigger)event->trigger));
    const struct object *o = event->object;
    if (!rule || !o) return STATUS_OK; // of a dropped collection each object tells for itself
    buf_reserve(out, TEXT_BYTES + g->head.len + rule->text.len + o->properties_len);
    buf_append_str(out, head);
    write_id(event, out);
    buf_append_str(out, type_head);
    LITERAL(out, "geofence.");
    buf_append_str(out, trigger);
    LITERAL(out, "\",\"trigger\":\"");
    buf_append_str(out, trigger);
    buf_append_char(out, '"');
    buf_append_str(out, rule_head);
    buf_append_str(out, rule->text);
    buf_append_str(out, geofence_head);
    buf_append_str(out, g->head);
    LITERAL(out, ",\"cause\":\"");
    buf_append_str(out, str_of(cause_of(event->command)));
    LITERAL(out, "\",\"object\":");
    write_object(event->collection, o, out);
    LITERAL(out, ",\"previous\":");
    write_previous(event->previous, out);
    if (event->other) {
        bool set = g->shape == FENCE_SET;
        LITERAL(out, ",\"other\":");
        write_object(set ? g->set_collection : g->roam_collection, event->other, out);
        LITERAL(out, ",\"distance\":");
        buf_append_fixed(out, event->distance_m, 3);
    }
    LITERAL(out, ",\"timestamp\":\"");
    buf_append_time(out, event->now_ms);
    LITERAL(out, "\"}");
    return buf_status(out);
}

void geofence_event_show(struct str text, uint64_t seq, struct buf *out) {
    LITERAL(out, "{\"seq\":");
    buf_append_u64(out, seq);
    buf_append_char(out, ',');
    buf_append_str(out, str_sub(text, 1, text.len - 1));
}

enum status geofence_event_told(struct str text, uint64_t seq, const struct geofence_rule *rule,
                                struct buf *out) {
    size_t from, to;
    if (!rule_place(text, &from, &to)) return STATUS_CORRUPT;
    LITERAL(out, "{\"seq\":");
    buf_append_u64(out, seq);
    buf_append_char(out, ',');
    buf_append_str(out, str_sub(text, 1, from - 1));
    buf_append_str(out, rule ? rule->text : str_sub(text, from, to - from));
    buf_append_str(out, str_sub(text, to, text.len - to));
    return buf_status(out);
}

enum status geofence_event_payload(struct str text, uint64_t seq, const struct geofence_rule *rule,
                                   struct buf *out) {
    struct str type;
    if (!type_of(text, &type) || text.len < TIME_BYTES + 2) return STATUS_CORRUPT;
    buf_reserve(out, text.len + 200 + (rule ? rule->text.len : 0));
    LITERAL(out, "{\"type\":\"");
    buf_append_str(out, type);
    LITERAL(out, "\",\"timestamp\":\"");
    buf_append_str(out, str_sub(text, text.len - TIME_BYTES - 2, TIME_BYTES));
    LITERAL(out, "\",\"data\":");
    enum status st = geofence_event_told(text, seq, rule, out);
    buf_append_char(out, '}');
    return st == STATUS_OK ? buf_status(out) : st;
}

struct str geofence_event_id(struct str text) {
    struct str type;
    return type_of(text, &type) ? str_sub(text, head.len, ID_BYTES) : STR_NONE;
}

const struct geofence_rule *geofence_rule_next(const struct geofence *g, unsigned trigger,
                                               const struct geofence_rule *after) {
    const struct geofence_rule *end = g->rules + g->rule_count;
    for (const struct geofence_rule *rule = after ? after + 1 : g->rules; rule < end; rule++) {
        if (rule->trigger & trigger) return rule;
    }
    return NULL;
}

// --- targets ---

void geofence_target_write(const struct geofence *g, const struct geofence_rule *rule,
                           struct buf *out) {
    buf_append_str(out, target_head);
    buf_append_str(out, g->id);
    buf_append_char(out, '/');
    buf_append_str(out, rule->id);
}

enum status geofence_target_payload(struct engine *e, struct str target, struct str text,
                                    uint64_t seq, struct buf *out) {
    size_t slash = target.len; // ids of rules have none
    while (slash > target_head.len && target.p[slash - 1] != '/')
        slash--;
    if (!str_starts(target, target_head) || slash <= target_head.len) return STATUS_CORRUPT;
    struct str id = str_sub(target, target_head.len, slash - 1 - target_head.len);
    struct fence *f = engine_fence_find(e, FENCE_GEOFENCE, id);
    const struct geofence_rule *rule = NULL;
    if (f && is_of_version(text, geofence_of(f))) {
        rule = rule_called(geofence_of(f), str_sub(target, slash, target.len - slash));
    }
    enum status st = geofence_event_payload(text, seq, rule, out);
    fence_unref(f);
    return st;
}

// --- the id ---

static void write_hex(uint64_t v, struct buf *out) {
    static const char digits[] = "0123456789abcdef";
    char text[16];
    for (int i = 15; i >= 0; i--, v >>= 4)
        text[i] = digits[v & 15];
    buf_append(out, text, sizeof text);
}

static uint64_t hash_object(struct str collection, const struct object *o) {
    struct str id = object_id(o);
    return hash_bytes(id.p, id.len, hash_bytes(collection.p, collection.len, engine_etag(o)));
}

// Of which state of which object, and of what: a trigger happens once to a state, but for roaming, which has others.
static void write_id(const struct fence_event *event, struct buf *out) {
    const struct geofence *g = geofence_of(event->fence);
    uint64_t what = hash_mix(g->version << 16 | event->trigger << 8 | event->command);
    what = hash_bytes(g->id.p, g->id.len, what ^ (uint64_t)g->created_ms);
    if (event->other) what = hash_mix(what + hash_object(STR_NONE, event->other));
    LITERAL(out, "ev-");
    write_hex(hash_object(event->collection, event->object), out);
    buf_append_char(out, '-');
    write_hex(what, out);
}

static const char *cause_of(unsigned command) {
    switch (command) {
    case FENCE_SET_FIELDS: return "fields";
    case FENCE_DELETE: return "delete";
    case FENCE_DROP: return "drop";
    case FENCE_EXPIRE: return "expire";
    default: return "set";
    }
}

// --- objects ---

static void write_object(struct str collection, const struct object *o, struct buf *out) {
    bool properties_cut = o->properties_len > GEOFENCE_EVENT_PROPERTIES_MAX, geometry_cut;
    LITERAL(out, "{\"id\":");
    buf_append_json(out, object_id(o));
    LITERAL(out, ",\"collection\":");
    buf_append_json(out, collection.len ? collection : STR("default"));
    write_position(o, &geometry_cut, out);
    LITERAL(out, ",\"properties\":");
    buf_append_str(out, properties_cut ? STR("{}") : object_properties(o));
    write_times(o, out);
    if (properties_cut || geometry_cut) {
        LITERAL(out, ",\"truncated\":[");
        if (properties_cut) LITERAL(out, "\"properties\"");
        if (properties_cut && geometry_cut) buf_append_char(out, ',');
        if (geometry_cut) LITERAL(out, "\"geometry\"");
        buf_append_char(out, ']');
    }
    buf_append_char(out, '}');
}

static void write_previous(const struct object *o, struct buf *out) {
    if (!o) {
        LITERAL(out, "null");
        return;
    }
    bool cut;
    size_t comma = out->len;
    write_position(o, &cut, out);
    if (!out->failed) out->data[comma] = '{';
    write_times(o, out);
    buf_append_char(out, '}');
}

static void write_position(const struct object *o, bool *geometry_cut, struct buf *out) {
    bool shaped = o->flags & OBJECT_HAS_GEOMETRY;
    *geometry_cut = shaped && geometry_point_count(o->geometry) > GEOFENCE_EVENT_VERTICES_MAX;
    if (object_is_empty(o)) {
        LITERAL(out, ",\"coordinates\":null,\"geometry\":null");
        return;
    }
    struct point centre = object_center(o);
    LITERAL(out, ",\"coordinates\":[");
    buf_append_fixed(out, centre.lat, DECIMALS);
    buf_append_char(out, ',');
    buf_append_fixed(out, centre.lon, DECIMALS);
    LITERAL(out, "],\"geometry\":");
    if (*geometry_cut) {
        LITERAL(out, "null");
    } else if (shaped) {
        geojson_write(o->geometry, out);
    } else {
        bool has_z = o->flags & OBJECT_HAS_Z;
        geojson_write_point(o->point, has_z ? object_z(o) : 0, has_z, out);
    }
}

static void write_times(const struct object *o, struct buf *out) {
    if (o->flags & OBJECT_HAS_TIME) {
        LITERAL(out, ",\"time\":\"");
        buf_append_time(out, object_time_ms(o));
        buf_append_char(out, '"');
    }
    LITERAL(out, ",\"version\":");
    buf_append_u64(out, o->version);
    LITERAL(out, ",\"updated_at\":\"");
    buf_append_time(out, o->updated_ms);
    buf_append_char(out, '"');
}

// --- reading what was written above ---

static bool type_of(struct str text, struct str *type) {
    if (!str_starts(text, head) || text.len < head.len + ID_BYTES + type_head.len) return false;
    struct str rest = str_sub(text, head.len + ID_BYTES, text.len - head.len - ID_BYTES);
    if (!str_starts(rest, type_head)) return false;
    rest = str_sub(rest, type_head.len, rest.len - type_head.len);
    *type = str_sub(rest, 0, str_find(rest, '"'));
    return type->len < rest.len;
}

/// Where the JSON object that begins at `at` ends; text.len when it does not.
static size_t object_end(struct str text, size_t at) {
    unsigned depth = 0;
    bool quoted = false;
    for (; at < text.len; at++) {
        char c = text.p[at];
        if (quoted && c == '\\') {
            at++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == '{') {
            depth++;
        } else if (!quoted && c == '}' && --depth == 0) {
            return at + 1;
        }
    }
    return text.len;
}

// The trigger stands before the rule, without quotes or braces in it.
static bool rule_place(struct str text, size_t *from, size_t *to) {
    struct str rest = text;
    for (int skip = 0; skip < 2; skip++) { // the braces of the event and of the rule
        size_t brace = str_find(rest, '{');
        if (brace == rest.len) return false;
        *from = (size_t)(rest.p - text.p) + brace;
        rest = str_sub(rest, brace + 1, rest.len - brace - 1);
    }
    if (!str_eq(str_sub(text, *from - rule_head.len, rule_head.len), rule_head)) return false;
    *to = object_end(text, *from);
    return *to < text.len;
}

static bool is_of_version(struct str text, const struct geofence *g) {
    size_t from, to;
    if (!rule_place(text, &from, &to)) return false;
    struct str rest = str_sub(text, to, text.len - to);
    if (!str_starts(rest, geofence_head)) return false;
    return str_starts(str_sub(rest, geofence_head.len, rest.len - geofence_head.len), g->head);
}

static const struct geofence_rule *rule_called(const struct geofence *g, struct str id) {
    for (unsigned i = 0; i < g->rule_count; i++) {
        if (str_eq(g->rules[i].id, id)) return &g->rules[i];
    }
    return NULL;
}
