// geofence_explain.c - why a geofence tells of an object, or does not: its last two fixes, the edge, every rule.
//
// The fix before is what the event log knows of it: an event of the present state says what was before, one of the
// state before says where that was. No geofence told of either: then it is not known, and rules are left open.

#include "api/endpoints.h"
#include "api/params.h"
#include "api/reply.h"
#include "fence/transition.h"
#include "realtime/event_note.h"
#include "realtime/geofence_event.h"
#include "realtime/geofence_json.h"

#define LOOK_BACK 10000 // events
#define EVENTS_SHOWN 5

enum known { NOT_KNOWN, FIRST_SIGHT, KNOWN };

struct explained {
    const struct geofence *geofence;
    struct fence *fence;
    struct str collection, id;
    struct object object;
    enum known known;
    struct buf before_text; // JSON of the fix before
    struct point before;    // its position, when it was a point
    bool before_is_point;
    bool watched, matches, is, was, crossed;
    struct buf shown[EVENTS_SHOWN]; // its last events, one after another round and round
    size_t shown_count;
};

static enum status explain_params(struct api *api, struct call *call, struct explained *x);
static enum status look_back(struct api *api, struct explained *x);
static enum status look_at(struct arena *arena, struct explained *x, uint64_t seq,
                           const struct event_note *note);
static enum status decide(struct explained *x);
static double edge_m(const struct geofence *g, struct point p);
static void write_explained(struct api *api, const struct explained *x, struct buf *out);
static void write_rule(const struct explained *x, const struct geofence_rule *rule,
                       struct buf *out);
static const char *why_of(const struct explained *x, unsigned trigger, bool told);

enum status api_geofences_explain(struct api *api, struct call *call) {
    struct fence *f = engine_fence_find(api->options.engine, FENCE_GEOFENCE, call->param);
    if (!f) return api_geofences_missing(call);
    struct explained x = {.geofence = geofence_of(f), .fence = f};
    enum status st = explain_params(api, call, &x);
    if (st == STATUS_OK && x.geofence->shape != FENCE_AREA) {
        st = reason_set(call->why, STATUS_INVALID,
                        "only geofences with an area of their own can be explained");
    }
    if (st == STATUS_OK) {
        st = engine_find(api->options.engine, call->reader, x.collection, x.id, &x.object,
                         call->why);
    }
    if (st == STATUS_OK) st = look_back(api, &x);
    if (st == STATUS_OK) st = decide(&x);
    if (st == STATUS_OK) write_explained(api, &x, &call->reply->body);
    for (size_t i = 0; i < EVENTS_SHOWN; i++)
        buf_deinit(&x.shown[i]);
    buf_deinit(&x.before_text);
    fence_unref(f);
    return st;
}

static enum status explain_params(struct api *api, struct call *call, struct explained *x) {
    (void)api;
    struct params params;
    enum status st = params_parse(call->request, call->arena, &params, call->why);
    if (st == STATUS_OK) st = params_text(&params, "object", &x->id);
    if (st == STATUS_OK) st = params_text(&params, "collection", &x->collection);
    if (st == STATUS_OK) st = params_refuse_rest(&params);
    if (st != STATUS_OK) return st;
    if (!x->id.p) return reason_set(call->why, STATUS_BAD_REQUEST, "object is missing: an id");
    if (!x->collection.p) x->collection = x->geofence->collection;
    x->collection = reply_collection(x->collection);
    st = feature_check_name(x->id, "object", call->why);
    return st == STATUS_OK ? feature_check_name(x->collection, "collection", call->why) : st;
}

// --- the event log ---

static enum status look_back(struct api *api, struct explained *x) {
    struct event_log *log = api->options.event_log;
    if (x->object.version == 1) x->known = FIRST_SIGHT;
    if (!log) return STATUS_OK;
    uint64_t last = event_log_readable(log), oldest = event_log_oldest(log);
    uint64_t from = last > LOOK_BACK ? last - LOOK_BACK + 1 : 1;
    struct event_log_cursor at = {.seq = from > oldest ? from : oldest};
    struct buf chunk;
    struct arena arena; // of one event
    buf_init(&chunk);
    arena_init(&arena, 0);
    enum status st = STATUS_OK;
    while (st == STATUS_OK && at.seq <= last) {
        st = event_log_read(log, &at, EVENT_LOG_CHUNK, &chunk, NULL);
        if (st != STATUS_OK || chunk.len == 0) break;
        struct str rest = buf_str(&chunk);
        struct event_entry entry;
        struct event_note note;
        while (st == STATUS_OK && event_log_take(&rest, &entry)) {
            if (!event_note_parse(entry.payload, &note) || note.kind != FENCE_GEOFENCE) continue;
            if (!str_eq(note.id, x->id)) continue;
            if (!str_eq(reply_collection(note.collection), x->collection)) continue;
            st = look_at(&arena, x, entry.seq, &note);
            arena_reset(&arena);
        }
    }
    buf_deinit(&chunk);
    arena_deinit(&arena);
    return st == STATUS_NO_MEMORY ? st : STATUS_OK; // what is gone or damaged is not known
}

static void take_before(struct explained *x, yyjson_val *fix) {
    struct buf *text = &x->before_text;
    yyjson_val *coordinates = yyjson_obj_get(fix, "coordinates");
    double lat = yyjson_get_num(yyjson_arr_get(coordinates, 0));
    double lon = yyjson_get_num(yyjson_arr_get(coordinates, 1));
    yyjson_val *type = yyjson_obj_get(yyjson_obj_get(fix, "geometry"), "type");
    x->known = KNOWN;
    x->before = (struct point){lon, lat};
    x->before_is_point = yyjson_equals_str(type, "Point") && point_valid(x->before);
    buf_clear(text);
    REPLY_LITERAL(text, "{\"coordinates\":[");
    buf_append_fixed(text, lat, 8);
    buf_append_char(text, ',');
    buf_append_fixed(text, lon, 8);
    REPLY_LITERAL(text, "],\"version\":");
    buf_append_u64(text, yyjson_get_uint(yyjson_obj_get(fix, "version")));
    buf_append_char(text, '}');
}

static enum status look_at(struct arena *arena, struct explained *x, uint64_t seq,
                           const struct event_note *note) {
    yyjson_doc *doc;
    enum status st = geofence_json_read(note->text, arena, &doc, NULL);
    if (st != STATUS_OK) return st;
    yyjson_val *event = yyjson_doc_get_root(doc), *object = yyjson_obj_get(event, "object");
    yyjson_val *previous = yyjson_obj_get(event, "previous");
    uint64_t version = yyjson_get_uint(yyjson_obj_get(object, "version"));
    if (version == x->object.version && yyjson_is_obj(previous)) {
        take_before(x, previous);
    } else if (version + 1 == x->object.version) {
        take_before(x, object);
    }
    if (str_eq(note->fence_id, x->geofence->id)) {
        struct buf *shown = &x->shown[x->shown_count++ % EVENTS_SHOWN];
        buf_clear(shown);
        geofence_event_show(note->text, seq, shown);
        st = buf_status(shown);
    }
    return st == STATUS_OK ? buf_status(&x->before_text) : st;
}

// --- the decision ---

static enum status decide(struct explained *x) {
    const struct geofence *g = x->geofence;
    const struct object *o = &x->object;
    x->watched = !g->collection.len || str_eq(reply_collection(g->collection), x->collection);
    x->matches = filter_matches(g->filter, o);
    x->is = o->flags & OBJECT_HAS_GEOMETRY ? fence_holds_geometry(x->fence, o->geometry)
                                           : fence_holds_point(x->fence, o->point);
    if (x->known != KNOWN || !x->before_is_point) return STATUS_OK;
    x->was = fence_holds_point(x->fence, x->before);
    if (x->is || x->was || o->flags & OBJECT_HAS_GEOMETRY) return STATUS_OK;
    struct point ends[] = {x->before, o->point};
    const struct geometry_parts parts = {.type = GEOMETRY_LINESTRING,
                                         .points = ends,
                                         .point_count = 2,
                                         .part_ends = (const uint32_t[]){2},
                                         .part_count = 1};
    struct geometry *way = NULL;
    enum status st = geometry_new(&parts, &GEOMETRY_LIMITS_REST, &way, NULL);
    if (st == STATUS_NO_MEMORY) return st;
    if (st == STATUS_OK) x->crossed = fence_is_crossed(x->fence, way);
    geometry_unref(way);
    return STATUS_OK;
}

/// Metres to the lines of a geometry: of areas to their rings.
static double lines_m(const struct geometry *g, struct point p) {
    double least = INFINITY;
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        double metres = lines_m(geometry_member(g, i), p);
        if (metres < least) least = metres;
    }
    if (geometry_member_count(g)) return least;
    enum geometry_type type = geometry_type(g);
    if (type != GEOMETRY_POLYGON && type != GEOMETRY_MULTIPOLYGON) {
        return distance_to_geometry_m(EARTH_SPHERE, p, g);
    }
    static const struct geometry_limits any = {UINT32_MAX, UINT32_MAX};
    for (size_t i = 0; i < geometry_part_count(g); i++) {
        size_t count;
        const struct point *points = geometry_part(g, i, &count, NULL);
        const struct geometry_parts parts = {.type = GEOMETRY_LINESTRING,
                                             .points = points,
                                             .point_count = count,
                                             .part_ends = (const uint32_t[]){(uint32_t)count},
                                             .part_count = 1,
                                             .literal = true};
        struct geometry *ring = NULL;
        if (geometry_new(&parts, &any, &ring, NULL) != STATUS_OK) continue;
        double metres = distance_to_geometry_m(EARTH_SPHERE, p, ring);
        if (metres < least) least = metres;
        geometry_unref(ring);
    }
    return least;
}

static double edge_m(const struct geofence *g, struct point p) {
    if (!(g->radius_m > 0)) return lines_m(g->geometry, p);
    double metres = distance_to_geometry_m(EARTH_SPHERE, p, g->geometry);
    return metres > 0 ? fabs(metres - g->radius_m) : lines_m(g->geometry, p) + g->radius_m;
}

// --- the answer ---

static void write_bool(const char *name, bool value, struct buf *out) {
    buf_append_str(out, str_of(name));
    buf_append_str(out, value ? STR("true") : STR("false"));
}

static void write_explained(struct api *api, const struct explained *x, struct buf *out) {
    const struct geofence *g = x->geofence;
    struct point p = object_center(&x->object);
    REPLY_LITERAL(out, "{\"geofence\":");
    buf_append_str(out, g->head);
    write_bool(",\"active\":", g->active, out);
    REPLY_LITERAL(out, ",\"object\":");
    feature_write(api->options.engine, x->collection, &x->object, NULL, NULL, out);
    REPLY_LITERAL(out, ",\"previous\":");
    buf_append_str(out, x->known == KNOWN ? buf_str(&x->before_text) : STR("null"));
    write_bool(",\"previous_known\":", x->known != NOT_KNOWN, out);
    write_bool(",\"watched\":", x->watched, out);
    write_bool(",\"filter_matches\":", x->matches, out);
    write_bool(",\"inside\":", x->is, out);
    REPLY_LITERAL(out, ",\"was_inside\":");
    buf_append_str(out, x->known == KNOWN && x->before_is_point
                            ? x->was ? STR("true") : STR("false")
                            : STR("null"));
    REPLY_LITERAL(out, ",\"distance\":");
    buf_append_fixed(out, fence_distance_m(x->fence, p), 3);
    REPLY_LITERAL(out, ",\"edge_distance\":");
    buf_append_fixed(out, edge_m(g, p), 3);
    REPLY_LITERAL(out, ",\"rules\":[");
    for (unsigned i = 0; i < g->rule_count; i++) {
        if (i) buf_append_char(out, ',');
        write_rule(x, &g->rules[i], out);
    }
    REPLY_LITERAL(out, "],\"events\":[");
    size_t first = x->shown_count > EVENTS_SHOWN ? x->shown_count - EVENTS_SHOWN : 0;
    for (size_t i = first; i < x->shown_count; i++) {
        if (i > first) buf_append_char(out, ',');
        buf_append_str(out, buf_str(&x->shown[i % EVENTS_SHOWN]));
    }
    REPLY_LITERAL(out, "]}");
}

static void write_rule(const struct explained *x, const struct geofence_rule *rule,
                       struct buf *out) {
    const struct transition t = {.kind = FENCE_GEOFENCE,
                                 .command = FENCE_SET_OBJECT,
                                 .existed = x->known == KNOWN,
                                 .exists = true,
                                 .was = x->was,
                                 .is = x->is,
                                 .crossed = x->crossed};
    bool concerned = x->geofence->active && x->watched && x->matches;
    bool open = concerned && (x->known == NOT_KNOWN || (x->known == KNOWN && !x->before_is_point));
    bool told = concerned && (transition_triggers(&t) & rule->trigger);
    REPLY_LITERAL(out, "{\"id\":");
    buf_append_json(out, rule->id);
    REPLY_LITERAL(out, ",\"trigger\":");
    buf_append_json(out, str_of(fence_trigger_name(rule->trigger)));
    if (open) {
        REPLY_LITERAL(out, ",\"told\":null,\"why\":");
        buf_append_json(out, STR("the fix before is not known: no event tells of it"));
    } else {
        write_bool(",\"told\":", told, out);
        REPLY_LITERAL(out, ",\"why\":");
        buf_append_json(out, str_of(why_of(x, rule->trigger, told)));
    }
    buf_append_char(out, '}');
}

static const char *why_of(const struct explained *x, unsigned trigger, bool told) {
    if (!x->geofence->active) return "the geofence is not active";
    if (!x->watched) return "the geofence watches another collection";
    if (!x->matches) return "the filter does not match";
    bool first = x->known == FIRST_SIGHT;
    switch (trigger) {
    case FENCE_ENTER:
        return told     ? first ? "it was first seen inside" : "it came from outside to inside"
               : !x->is ? "it is outside"
                        : "it was inside before";
    case FENCE_EXIT:
        return told    ? "it went from inside to outside"
               : x->is ? "it is inside"
               : first ? "it was first seen outside"
                       : "it was outside before";
    case FENCE_INSIDE:
        return told     ? "it was inside and still is"
               : !x->is ? "it is outside"
                        : "it came just now: that is enter";
    case FENCE_OUTSIDE:
        return told    ? "it was outside and still is"
               : x->is ? "it is inside"
               : first ? "it was first seen outside"
                       : "it left just now: that is exit";
    case FENCE_CROSS:
        return told              ? "the way between both fixes touches the area"
               : first           ? "there is no way yet: it was first seen"
               : x->is || x->was ? "one end of the way is inside"
                                 : "the way between both fixes does not touch the area";
    default: return "";
    }
}
