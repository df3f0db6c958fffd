// geofence_parse.c - JSON -> geofence.

#include "realtime/geofence_json.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "engine/json_keys.h"
#include "engine/properties.h"
#include "geo/geojson.h"
#include "realtime/signature.h"

#define RULE_ID_MAX 64
#define FILTER_TEXT_MAX 65536

// What one member is for.
enum member {
    MEMBER_ID,
    MEMBER_NAME,
    MEMBER_GEOMETRY,
    MEMBER_RADIUS,
    MEMBER_ROAM,
    MEMBER_COLLECTION,
    MEMBER_FILTER,
    MEMBER_RULES,
    MEMBER_ACTIVE,
    MEMBER_CREATED,
    MEMBER_UPDATED,
    MEMBER_VERSION,
    MEMBER_SEQ,
    MEMBER_COUNT,
};
static const char *const member_names[MEMBER_COUNT] = {
    "id",    "name",   "geometry",   "radius",     "roam",    "collection",       "filter",
    "rules", "active", "created_at", "updated_at", "version", "applies_from_seq",
};

enum rule_member {
    RULE_ID,
    RULE_TRIGGER,
    RULE_URL,
    RULE_SECRET,
    RULE_CHANNEL,
    RULE_METADATA,
    RULE_COUNT,
};
static const char *const rule_names[RULE_COUNT] = {
    "id", "trigger", "webhook_url", "webhook_secret", "channel", "metadata",
};

enum roam_member { ROAM_COLLECTION, ROAM_ID, ROAM_NODWELL, ROAM_COUNT };
static const char *const roam_names[ROAM_COUNT] = {"collection", "id", "nodwell"};

// Told apart from what nobody knows, so that nobody believes they work.
static const char *const not_yet[] = {
    "dwell", "hysteresis", "min_fixes", "accuracy", "schedule", "expires_in", "expires_at",
};

struct parsing {
    struct geofence *g;
    enum geofence_origin origin;
    const struct geofence_limits *limits;
    struct reason *why;
};

static enum status parse_all(struct parsing *p, yyjson_val *root);
static enum status collect(struct parsing *p, yyjson_val *object, const char *const *names,
                           size_t count, yyjson_val **values);
static enum status parse_texts(struct parsing *p, yyjson_val *const *values);
static enum status parse_shape(struct parsing *p, yyjson_val *const *values);
static enum status parse_roam(struct parsing *p, yyjson_val *roam);
static enum status parse_geometry(struct parsing *p, yyjson_val *geometry);
static enum status parse_radius(struct parsing *p, yyjson_val *radius);
static enum status check_area(struct parsing *p);
static enum status parse_filter(struct parsing *p, yyjson_val *filter);
static enum status parse_rules(struct parsing *p, yyjson_val *rules);
static enum status parse_stored(struct parsing *p, yyjson_val *const *values);
static enum status settle_id(struct parsing *p, struct str id);
static void *in_arena(void *arena, size_t size);
static void *again_in_arena(void *arena, void *old, size_t old_size, size_t size);
static void stays_in_arena(void *arena, void *block);

enum status geofence_parse(yyjson_val *root, enum geofence_origin origin, struct str id,
                           const struct geofence_limits *limits, struct geofence **out,
                           struct reason *why) {
    struct geofence *g = mem_zalloc(1, sizeof *g);
    if (!g) return STATUS_NO_MEMORY;
    atomic_init(&g->references, 1);
    arena_init(&g->arena, 1024);
    g->active = true;
    struct parsing p = {.g = g, .origin = origin, .limits = limits, .why = why};
    enum status st = parse_all(&p, root);
    if (st == STATUS_OK) st = settle_id(&p, id);
    if (st != STATUS_OK) {
        geofence_unref(g);
        return st;
    }
    *out = g;
    return STATUS_OK;
}

enum status geofence_json_read(struct str text, struct arena *arena, yyjson_doc **out,
                               struct reason *why) {
    const yyjson_alc alc = {in_arena, again_in_arena, stays_in_arena, arena};
    yyjson_read_err error = {0};
    *out = yyjson_read_opts((char *)(uintptr_t)text.p, text.len, 0, &alc, &error);
    if (*out) return STATUS_OK;
    if (error.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return STATUS_NO_MEMORY;
    return reason_set(why, STATUS_CORRUPT, "not JSON at byte %zu: %s", error.pos, error.msg);
}

static void *in_arena(void *arena, size_t size) {
    return arena_alloc(arena, size);
}

static void *again_in_arena(void *arena, void *old, size_t old_size, size_t size) {
    void *block = arena_alloc(arena, size);
    if (block) memcpy(block, old, old_size < size ? old_size : size);
    return block;
}

static void stays_in_arena(void *arena, void *block) {
    (void)arena;
    (void)block;
}

static enum status parse_all(struct parsing *p, yyjson_val *root) {
    yyjson_val *values[MEMBER_COUNT] = {0};
    enum status st = collect(p, root, member_names, MEMBER_COUNT, values);
    if (st == STATUS_OK) st = parse_texts(p, values);
    if (st == STATUS_OK) st = parse_shape(p, values);
    if (st == STATUS_OK) st = parse_filter(p, values[MEMBER_FILTER]);
    if (st == STATUS_OK) st = parse_rules(p, values[MEMBER_RULES]);
    if (st == STATUS_OK && p->origin == GEOFENCE_FROM_STORE) st = parse_stored(p, values);
    return st;
}

// --- pieces ---

static struct str str_val(yyjson_val *val) {
    return (struct str){yyjson_get_str(val), yyjson_get_len(val)};
}

/// The reason with the place of a member, for returns.
#define AT(p, member, st, ...) at((p), (member), reason_set((p)->why, (st), __VA_ARGS__))
static enum status at(struct parsing *p, const char *member, enum status st) {
    if (st != STATUS_OK) reason_prefix(p->why, "/%s", member);
    return st;
}

static bool is_not_yet(struct str name) {
    for (size_t i = 0; i < sizeof not_yet / sizeof *not_yet; i++) {
        if (str_eq(name, str_of(not_yet[i]))) return true;
    }
    return false;
}

static enum status refuse_member(struct parsing *p, struct str name) {
    int shown = name.len > 64 ? 64 : (int)name.len;
    enum status st =
        is_not_yet(name)
            ? reason_set(p->why, STATUS_INVALID,
                         "\"%.*s\" is not supported yet: it would be ignored", shown, name.p)
            : reason_set(p->why, STATUS_BAD_REQUEST, "unknown member \"%.*s\"", shown, name.p);
    json_keys_prefix(p->why, name);
    return st;
}

/// values[i] is the member called names[i], NULL when it is missing or null.
static enum status collect(struct parsing *p, yyjson_val *object, const char *const *names,
                           size_t count, yyjson_val **values) {
    if (!yyjson_is_obj(object)) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "must be a JSON object");
    }
    unsigned given = 0;
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter));) {
        struct str name = str_val(key);
        size_t i = 0;
        while (i < count && !str_eq(name, str_of(names[i])))
            i++;
        if (i == count) return refuse_member(p, name);
        if (given & 1u << i) {
            return AT(p, names[i], STATUS_BAD_REQUEST, "member \"%s\" is given twice", names[i]);
        }
        given |= 1u << i;
        yyjson_val *value = yyjson_obj_iter_get_val(key);
        values[i] = yyjson_is_null(value) ? NULL : value;
    }
    return STATUS_OK;
}

/// A text of 1..most bytes, copied; a missing one leaves *out.
static enum status take_text(struct parsing *p, yyjson_val *val, const char *member, size_t most,
                             struct str *out) {
    if (!val) return STATUS_OK;
    if (!yyjson_is_str(val)) {
        return AT(p, member, STATUS_BAD_REQUEST, "%s must be a string", member);
    }
    struct str text = str_val(val);
    if (text.len == 0 || text.len > most) {
        return AT(p, member, STATUS_INVALID, "%s has %zu bytes; 1 to %zu are allowed", member,
                  text.len, most);
    }
    if (str_has_control(text)) {
        return AT(p, member, STATUS_INVALID, "%s must be UTF-8 without control characters", member);
    }
    *out = arena_str(&p->g->arena, text);
    return out->p ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status take_flag(struct parsing *p, yyjson_val *val, const char *member, bool *out) {
    if (!val) return STATUS_OK;
    if (!yyjson_is_bool(val)) {
        return AT(p, member, STATUS_BAD_REQUEST, "%s must be true or false", member);
    }
    *out = yyjson_get_bool(val);
    return STATUS_OK;
}

static enum status parse_texts(struct parsing *p, yyjson_val *const *values) {
    struct geofence *g = p->g;
    enum status st = take_text(p, values[MEMBER_ID], "id", GEOFENCE_ID_MAX, &g->id);
    if (st == STATUS_OK)
        st = take_text(p, values[MEMBER_NAME], "name", GEOFENCE_NAME_MAX, &g->name);
    if (st == STATUS_OK) {
        st = take_text(p, values[MEMBER_COLLECTION], "collection", OBJECT_COLLECTION_MAX,
                       &g->collection);
    }
    if (st == STATUS_OK) st = take_flag(p, values[MEMBER_ACTIVE], "active", &g->active);
    return st;
}

// --- where ---

static enum status parse_shape(struct parsing *p, yyjson_val *const *values) {
    yyjson_val *geometry = values[MEMBER_GEOMETRY], *roam = values[MEMBER_ROAM];
    enum status st;
    if (geometry && roam) {
        return AT(p, "roam", STATUS_INVALID, "a geofence has geometry or roam, not both");
    }
    if (geometry) {
        st = at(p, "geometry", parse_geometry(p, geometry));
    } else if (roam) {
        st = at(p, "roam", parse_roam(p, roam));
    } else {
        return AT(p, "geometry", STATUS_INVALID, "geometry is missing: a geofence is an area");
    }
    if (st == STATUS_OK) st = at(p, "radius", parse_radius(p, values[MEMBER_RADIUS]));
    if (st == STATUS_OK && p->g->shape == FENCE_AREA) st = at(p, "geometry", check_area(p));
    return st;
}

static enum status parse_roam(struct parsing *p, yyjson_val *roam) {
    struct geofence *g = p->g;
    yyjson_val *values[ROAM_COUNT] = {0};
    g->shape = FENCE_ROAM;
    enum status st = collect(p, roam, roam_names, ROAM_COUNT, values);
    if (st == STATUS_OK) {
        st = take_text(p, values[ROAM_COLLECTION], "collection", OBJECT_COLLECTION_MAX,
                       &g->roam_collection);
    }
    if (st == STATUS_OK && !g->roam_collection.len) {
        st = reason_set(p->why, STATUS_INVALID, "roam names the collection of the others");
    }
    if (st == STATUS_OK) st = take_text(p, values[ROAM_ID], "id", OBJECT_ID_MAX, &g->roam_id);
    if (st == STATUS_OK) st = take_flag(p, values[ROAM_NODWELL], "nodwell", &g->roam_nodwell);
    return st;
}

// {"collection":"districts"} or a geometry.
static enum status parse_geometry(struct parsing *p, yyjson_val *geometry) {
    static const char *const names[] = {"collection"};
    struct geofence *g = p->g;
    if (yyjson_is_obj(geometry) && yyjson_obj_get(geometry, "collection")) {
        yyjson_val *value = NULL;
        g->shape = FENCE_SET;
        enum status st = collect(p, geometry, names, 1, &value);
        if (st == STATUS_OK) {
            st = take_text(p, value, "collection", OBJECT_COLLECTION_MAX, &g->set_collection);
        }
        if (st == STATUS_OK && !g->set_collection.len) {
            st = reason_set(p->why, STATUS_INVALID, "collection names where the areas are");
        }
        return st;
    }
    g->shape = FENCE_AREA;
    return geojson_parse(geometry, &p->limits->geometry, &g->geometry, p->why);
}

static enum status parse_radius(struct parsing *p, yyjson_val *radius) {
    struct geofence *g = p->g;
    if (!radius) {
        return g->shape == FENCE_ROAM
                   ? reason_set(p->why, STATUS_INVALID, "roam needs a radius in metres")
                   : STATUS_OK;
    }
    if (!yyjson_is_num(radius)) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "radius must be a number of metres");
    }
    g->radius_m = yyjson_get_num(radius);
    if (!(g->radius_m > 0 && g->radius_m <= GEOFENCE_RADIUS_MAX_M)) {
        return reason_set(p->why, STATUS_INVALID, "radius must be above 0, at most %.0f metres",
                          GEOFENCE_RADIUS_MAX_M);
    }
    if (g->shape == FENCE_SET) {
        return reason_set(p->why, STATUS_INVALID,
                          "the areas of a collection are taken as they are, without radius");
    }
    return STATUS_OK;
}

static double ring_area(const struct geometry *g, size_t part) {
    size_t count;
    const struct point *points = geometry_part(g, part, &count, NULL);
    double twice = 0;
    for (size_t i = 1; i < count; i++) {
        double x0 = points[i - 1].lon - points[0].lon, y0 = points[i - 1].lat - points[0].lat;
        double x1 = points[i].lon - points[0].lon, y1 = points[i].lat - points[0].lat;
        twice += x0 * y1 - x1 * y0;
    }
    return fabs(twice) / 2;
}

static bool has_area(const struct geometry *g) {
    enum geometry_type type = geometry_type(g);
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        if (has_area(geometry_member(g, i))) return true;
    }
    if (type != GEOMETRY_POLYGON && type != GEOMETRY_MULTIPOLYGON) return false;
    for (size_t i = 0; i < geometry_part_count(g); i++) {
        if (geometry_part_is_exterior(g, i) && ring_area(g, i) > 0) return true;
    }
    return false;
}

static enum status check_area(struct parsing *p) {
    const struct geometry *g = p->g->geometry;
    if (geometry_is_empty(g)) {
        return reason_set(p->why, STATUS_INVALID, "the geometry has no coordinates");
    }
    if (p->g->radius_m > 0 || has_area(g)) return STATUS_OK;
    enum geometry_type type = geometry_type(g);
    bool areal = type == GEOMETRY_POLYGON || type == GEOMETRY_MULTIPOLYGON;
    return reason_set(p->why, STATUS_INVALID,
                      areal ? "the %s encloses no area" : "a %s needs radius, in metres",
                      geometry_type_name(type));
}

// --- which objects ---

static enum status parse_filter(struct parsing *p, yyjson_val *filter) {
    struct geofence *g = p->g;
    if (!filter) return STATUS_OK;
    const yyjson_alc alc = {in_arena, again_in_arena, stays_in_arena, &g->arena};
    size_t len = 0;
    char *text = yyjson_val_write_opts(filter, 0, &alc, &len, NULL);
    if (!text) return STATUS_NO_MEMORY;
    if (len > FILTER_TEXT_MAX) {
        return AT(p, "filter", STATUS_TOO_LARGE, "the filter has %zu bytes; at most %d are allowed",
                  len, FILTER_TEXT_MAX);
    }
    g->filter_text = (struct str){text, len};
    // The compiled filter borrows texts of what it was parsed from, so that must live as long.
    yyjson_doc *doc = NULL;
    enum status st = geofence_json_read(g->filter_text, &g->arena, &doc, p->why);
    if (st != STATUS_OK) return st;
    return at(p, "filter",
              filter_parse(yyjson_doc_get_root(doc), &p->limits->geometry, &g->arena, &g->filter,
                           p->why));
}

// --- rules ---

static enum status take_secrets(struct parsing *p, yyjson_val *val, struct geofence_rule *rule);
static enum status take_metadata(struct parsing *p, yyjson_val *val, struct geofence_rule *rule);

static enum status parse_trigger(struct parsing *p, yyjson_val *val, struct geofence_rule *rule) {
    if (!yyjson_is_str(val)) {
        return AT(p, "trigger", val ? STATUS_BAD_REQUEST : STATUS_INVALID,
                  "a rule names its trigger, a string");
    }
    struct str name = str_val(val);
    unsigned trigger = fence_trigger_parse(name);
    if (trigger == FENCE_DWELL) {
        return AT(p, "trigger", STATUS_INVALID, "trigger \"dwell\" is not supported yet");
    }
    unsigned most = p->g->shape == FENCE_ROAM  ? FENCE_TRIGGERS_ROAM
                    : p->g->shape == FENCE_SET ? FENCE_ENTER | FENCE_EXIT | FENCE_INSIDE
                                               : FENCE_TRIGGERS_ALL;
    if (trigger & most) {
        rule->trigger = (enum fence_trigger)trigger;
        return STATUS_OK;
    }
    return AT(p, "trigger", STATUS_INVALID, "%s \"%.*s\": %s",
              trigger ? "this geofence never tells" : "there is no trigger",
              name.len > 32 ? 32 : (int)name.len, name.p,
              most == FENCE_TRIGGERS_ROAM  ? "with roam it is nearby or faraway"
              : most == FENCE_TRIGGERS_ALL ? "enter, exit, inside, outside or cross"
                                           : "of a collection's areas enter, exit or inside");
}

static enum status parse_webhook(struct parsing *p, yyjson_val *const *values,
                                 struct geofence_rule *rule) {
    enum status st =
        take_text(p, values[RULE_URL], "webhook_url", GEOFENCE_URL_MAX, &rule->webhook_url);
    if (st == STATUS_OK && rule->webhook_url.p && p->origin == GEOFENCE_FROM_USER) {
        st =
            at(p, "webhook_url", webhook_guard_check(&p->limits->guard, rule->webhook_url, p->why));
    }
    if (st == STATUS_OK && values[RULE_SECRET] && !rule->webhook_url.p) {
        st = AT(p, "webhook_secret", STATUS_INVALID, "a secret is for a webhook_url");
    }
    if (st == STATUS_OK && values[RULE_SECRET]) {
        st = at(p, "webhook_secret", take_secrets(p, values[RULE_SECRET], rule));
    }
    return st;
}

static enum status parse_rule(struct parsing *p, yyjson_val *val, struct geofence_rule *rule) {
    yyjson_val *values[RULE_COUNT] = {0};
    enum status st = collect(p, val, rule_names, RULE_COUNT, values);
    if (st == STATUS_OK) st = take_text(p, values[RULE_ID], "id", RULE_ID_MAX, &rule->id);
    if (st == STATUS_OK && str_find(rule->id, '/') < rule->id.len) {
        st = AT(p, "id", STATUS_INVALID, "the id of a rule has no /");
    }
    if (st == STATUS_OK) st = parse_trigger(p, values[RULE_TRIGGER], rule);
    if (st == STATUS_OK) st = parse_webhook(p, values, rule);
    if (st == STATUS_OK) {
        st = take_text(p, values[RULE_CHANNEL], "channel", GEOFENCE_NAME_MAX, &rule->channel);
    }
    if (st == STATUS_OK) st = at(p, "metadata", take_metadata(p, values[RULE_METADATA], rule));
    return st;
}

static enum status parse_rules(struct parsing *p, yyjson_val *rules) {
    struct geofence *g = p->g;
    if (rules && !yyjson_is_arr(rules)) {
        return AT(p, "rules", STATUS_BAD_REQUEST, "rules must be an array");
    }
    size_t count = rules ? yyjson_arr_size(rules) : 0;
    if (count == 0) {
        return AT(p, "rules", STATUS_INVALID, "a geofence has rules: [{\"trigger\":\"enter\"}]");
    }
    if (count > GEOFENCE_RULES_MAX) {
        return AT(p, "rules", STATUS_INVALID, "%zu rules; at most %d are allowed", count,
                  GEOFENCE_RULES_MAX);
    }
    g->rules = arena_zalloc(&g->arena, count, sizeof *g->rules);
    if (!g->rules) return STATUS_NO_MEMORY;
    yyjson_arr_iter iter = yyjson_arr_iter_with(rules);
    for (; g->rule_count < count; g->rule_count++) {
        struct geofence_rule *rule = &g->rules[g->rule_count];
        enum status st = parse_rule(p, yyjson_arr_iter_next(&iter), rule);
        for (unsigned i = 0; st == STATUS_OK && rule->id.p && i < g->rule_count; i++) {
            if (g->rules[i].id.p && str_eq(g->rules[i].id, rule->id)) {
                st = AT(p, "id", STATUS_INVALID, "two rules have this id");
            }
        }
        if (st != STATUS_OK) {
            reason_prefix(p->why, "/rules/%u", g->rule_count);
            return st;
        }
        g->triggers |= rule->trigger;
    }
    return STATUS_OK;
}

// One secret, or several: while they rotate all of them sign, the newest first.
static enum status take_secrets(struct parsing *p, yyjson_val *val, struct geofence_rule *rule) {
    size_t count = yyjson_is_arr(val) ? yyjson_arr_size(val) : 1;
    if (count == 0 || count > GEOFENCE_SECRETS_MAX) {
        return reason_set(p->why, STATUS_INVALID, "1 to %d secrets", GEOFENCE_SECRETS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        yyjson_val *one = yyjson_is_arr(val) ? yyjson_arr_get(val, i) : val;
        struct str *secret = &rule->webhook_secrets[i];
        struct signature_key key;
        if (!yyjson_is_str(one)) {
            return reason_set(p->why, STATUS_BAD_REQUEST, "a secret must be a string");
        }
        bool hidden = str_starts(str_val(one), STR(GEOFENCE_HIDDEN));
        enum status st = hidden ? STATUS_OK : signature_key_parse(str_val(one), &key, p->why);
        if (st != STATUS_OK) return st;
        *secret = arena_str(&p->g->arena, str_val(one));
        if (!secret->p) return STATUS_NO_MEMORY;
        rule->webhook_secret_count++;
    }
    return STATUS_OK;
}

static enum status take_metadata(struct parsing *p, yyjson_val *val, struct geofence_rule *rule) {
    rule->metadata = STR("{}");
    if (!val) return STATUS_OK;
    struct buf text;
    buf_init(&text);
    enum status st = properties_canonical(val, &text, p->why);
    if (st == STATUS_OK) st = buf_status(&text);
    if (st == STATUS_OK && text.len > GEOFENCE_METADATA_MAX) {
        st = reason_set(p->why, STATUS_TOO_LARGE, "metadata has %zu bytes; at most %d are allowed",
                        text.len, GEOFENCE_METADATA_MAX);
    }
    if (st == STATUS_OK) {
        rule->metadata = arena_str(&p->g->arena, buf_str(&text));
        if (!rule->metadata.p) st = STATUS_NO_MEMORY;
    }
    buf_deinit(&text);
    return st;
}

// --- what only the store says ---

static enum status parse_stored(struct parsing *p, yyjson_val *const *values) {
    struct geofence *g = p->g;
    g->version = yyjson_get_uint(values[MEMBER_VERSION]);
    g->applies_from_seq = yyjson_get_uint(values[MEMBER_SEQ]);
    if (g->version && g->id.len &&
        clock_parse_rfc3339(str_val(values[MEMBER_CREATED]), &g->created_ms) &&
        clock_parse_rfc3339(str_val(values[MEMBER_UPDATED]), &g->updated_ms)) {
        return STATUS_OK;
    }
    return reason_set(p->why, STATUS_CORRUPT, "a geofence in the store lacks its version or times");
}

static enum status settle_id(struct parsing *p, struct str id) {
    struct geofence *g = p->g;
    char made[37];
    if (g->id.p && id.p && !str_eq(g->id, id)) {
        return AT(p, "id", STATUS_INVALID, "the id in the body is not the id in the URL");
    }
    if (g->id.p) return STATUS_OK;
    if (!id.p) {
        enum status st = rand_uuid7(made);
        if (st != STATUS_OK) return st;
        id = (struct str){made, sizeof made - 1};
    }
    if (id.len == 0 || id.len > GEOFENCE_ID_MAX || !str_is_utf8(id) || str_has_control(id)) {
        return reason_set(p->why, STATUS_INVALID,
                          "id must be 1 to %d bytes of UTF-8 without control characters",
                          GEOFENCE_ID_MAX);
    }
    g->id = arena_str(&g->arena, id);
    return g->id.p ? STATUS_OK : STATUS_NO_MEMORY;
}
