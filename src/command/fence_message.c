#include "command/fence_message.h"

#include <math.h>

#include "command/commands_state.h"
#include "command/hook.h"
#include "command/object_write.h"
#include "geo/distance.h"

static void tail_write(const struct hook *h, const struct fence_event *e, struct buf *out);
static void roam_write(const struct hook *h, const struct fence_event *e, struct buf *out);

static const char *command_name(unsigned command) {
    return command == FENCE_SET_OBJECT   ? "set"
           : command == FENCE_SET_FIELDS ? "fset"
           : command == FENCE_DROP       ? "drop"
                                         : "del";
}

static bool is_heard(const struct commands *c, const struct fence_spec *spec) {
    struct hub *hub = c->options.hub;
    switch (spec->kind) {
    case FENCE_CHANNEL: return hub && hub_has_listener(hub, HUB_CHANNEL, spec->id);
    case FENCE_LIVE: return hub && hub_has_listener(hub, HUB_PRIVATE, spec->id);
    default: return true;
    }
}

static bool is_roam(const struct fence_event *e) {
    return e->trigger == FENCE_NEAR || e->trigger == FENCE_FARAWAY;
}

/// Every message of one change has the same group: a new one begins with enter or cross.
static void group_write(struct commands *c, const struct fence_event *e, struct buf *out) {
    char group[FENCE_GROUPS_TEXT];
    bool anew = e->trigger == FENCE_ENTER || e->trigger == FENCE_CROSS;
    fence_groups_get(c->groups, fence_spec(e->fence)->id, e->collection, object_id(e->object), anew,
                     group);
    buf_append_str(out, STR(",\"group\":\""));
    buf_append(out, group, sizeof group);
    buf_append_str(out, STR("\",\"detect\":\""));
    buf_append_str(out, str_of(is_roam(e) ? "roam" : fence_trigger_name(e->trigger)));
    buf_append_char(out, '"');
}

static void time_write(const struct fence_event *e, struct buf *out) {
    buf_append_str(out, STR(",\"time\":\""));
    buf_append_time(out, e->now_ms);
    buf_append_char(out, '"');
}

static void gone_write(const struct hook *h, const struct fence_event *e, struct buf *out) {
    buf_append_str(out, h->details);
    buf_append_str(out, STR(",\"key\":"));
    buf_append_json(out, e->collection);
    if (e->command != FENCE_DROP && e->object) {
        buf_append_str(out, STR(",\"id\":"));
        buf_append_json(out, object_id(e->object));
    }
    time_write(e, out);
    buf_append_char(out, '}');
}

enum status fence_message_write(struct commands *c, const struct fence_event *e, struct buf *out) {
    const struct fence_spec *spec = fence_spec(e->fence);
    const struct hook *h = spec->ctx;
    bool gone = e->trigger == 0;
    if (!gone && h->search.output == SEARCH_COUNT) return STATUS_OK;
    if (gone && e->object) {
        fence_groups_forget(c->groups, spec->id, e->collection, object_id(e->object));
    }
    if (!is_heard(c, spec)) return STATUS_OK;
    buf_append_str(out, STR("{\"command\":\""));
    buf_append_str(out, str_of(command_name(e->command)));
    buf_append_char(out, '"');
    if (gone) {
        gone_write(h, e, out);
        return buf_status(out);
    }
    group_write(c, e, out);
    buf_append_str(out, h->details);
    buf_append_str(out, STR(",\"key\":"));
    buf_append_json(out, e->collection);
    time_write(e, out);
    tail_write(h, e, out);
    if (is_roam(e)) roam_write(h, e, out);
    buf_append_char(out, '}');
    return buf_status(out);
}

// --- the object ---

static void fields_write(const struct object *o, struct buf *out) {
    struct arena arena;
    const struct object_field *fields;
    size_t count = 0;
    arena_init(&arena, 1024);
    enum status st = object_write_fields_of(o, &arena, &fields, &count);
    if (st == STATUS_OK && count) {
        buf_append_str(out, STR(",\"fields\":"));
        st = object_write_fields_json(o, &arena, out);
    }
    arena_deinit(&arena);
    if (st != STATUS_OK) out->failed = true;
}

static void hash_write(const struct object *o, unsigned precision, struct buf *out) {
    buf_append_str(out, STR(",\"hash\":\""));
    object_write_hash(o, precision, out);
    buf_append_char(out, '"');
}

/// Metres between the middles, as Tile38 has it.
static double distance_of(const struct hook *h, const struct object *o) {
    const struct area *area = &h->search.area;
    struct bbox box = area_bbox(area);
    struct point middle = area->kind == AREA_CIRCLE ? area->center : bbox_center(&box);
    return distance_haversine_m(object_center(o), middle);
}

static void tail_write(const struct hook *h, const struct fence_event *e, struct buf *out) {
    const struct object *o = e->object;
    const struct search_args *s = &h->search;
    buf_append_str(out, STR(",\"id\":"));
    buf_append_json(out, object_id(o));
    switch (s->output) {
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
    case SEARCH_HASHES: hash_write(o, s->precision, out); break;
    case SEARCH_IDS:
    case SEARCH_COUNT: return;
    }
    if (!s->nofields) fields_write(o, out);
    if (s->distance && !s->roam.on) {
        buf_append_str(out, STR(",\"distance\":"));
        object_write_number(distance_of(h, o), out);
    }
}

/// SCAN lists only the other object itself: its neighbours by name would be a search under the lock of an id.
static void roam_write(const struct hook *h, const struct fence_event *e, struct buf *out) {
    buf_append_str(out, e->trigger == FENCE_NEAR ? STR(",\"nearby\":{\"key\":")
                                                 : STR(",\"faraway\":{\"key\":"));
    buf_append_json(out, h->search.roam.key);
    buf_append_str(out, STR(",\"id\":"));
    buf_append_json(out, object_id(e->other));
    buf_append_str(out, STR(",\"object\":"));
    object_write_json(e->other, out);
    buf_append_str(out, STR(",\"meters\":"));
    object_write_number(floor(e->distance_m * 1000) / 1000, out);
    if (h->search.roam.scan.len) {
        buf_append_str(out, STR(",\"scan\":[{\"id\":"));
        buf_append_json(out, object_id(e->other));
        buf_append_str(out, STR(",\"self\":true,\"object\":"));
        object_write_json(e->other, out);
        buf_append_str(out, STR("}]"));
    }
    buf_append_char(out, '}');
}
