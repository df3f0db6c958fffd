// feature_parse.c - JSON -> draft.

#include <stdio.h>

#include "api/feature.h"
#include "base/clock.h"
#include "engine/json_keys.h"
#include "engine/properties.h"
#include "geo/geojson.h"

#define AGREE_DEGREES 1e-7  // coordinates and geometry of one point may differ by this
#define EXPIRES_MAX_S 3.2e9 // a century

// What one member of the body is for.
enum member {
    MEMBER_TYPE,
    MEMBER_ID,
    MEMBER_COLLECTION,
    MEMBER_COORDINATES,
    MEMBER_GEOMETRY,
    MEMBER_PROPERTIES,
    MEMBER_TIME,
    MEMBER_EXPIRES_IN,
    MEMBER_TEXT,
    MEMBER_COUNT,
    MEMBER_PASSED_OVER,
    MEMBER_UNKNOWN,
};

struct members {
    yyjson_val *values[MEMBER_COUNT]; // NULL: not given, or null
    unsigned given;                   // bit i: member i is there, null or not
};

static const struct {
    struct str name;
    enum member member;
} member_names[] = {
    {{"type", 4}, MEMBER_TYPE},
    {{"id", 2}, MEMBER_ID},
    {{"geometry", 8}, MEMBER_GEOMETRY},
    {{"properties", 10}, MEMBER_PROPERTIES},
    {{"coordinates", 11}, MEMBER_COORDINATES},
    {{"collection", 10}, MEMBER_COLLECTION},
    {{"time", 4}, MEMBER_TIME},
    {{"expires_in", 10}, MEMBER_EXPIRES_IN},
    {{"text", 4}, MEMBER_TEXT},
    {{"bbox", 4}, MEMBER_PASSED_OVER},
    {{"links", 5}, MEMBER_PASSED_OVER},
    {{"metadata", 8}, MEMBER_PASSED_OVER},
    {{"shard_id", 8}, MEMBER_PASSED_OVER},
    {{"version", 7}, MEMBER_PASSED_OVER},
    {{"created_at", 10}, MEMBER_PASSED_OVER},
    {{"updated_at", 10}, MEMBER_PASSED_OVER},
    {{"expires_at", 10}, MEMBER_PASSED_OVER},
    {{"distance", 8}, MEMBER_PASSED_OVER},
};

static enum status collect_members(yyjson_val *root, struct members *m, struct reason *why);
static enum status check_patch_nulls(const struct members *m, struct reason *why);
static enum status parse_type(const struct members *m, struct reason *why);
static enum status parse_id(yyjson_val *val, struct arena *arena, struct feature *f,
                            struct reason *why);
static enum status parse_collection(yyjson_val *val, struct feature *f, struct reason *why);
static enum status parse_position(const struct members *m, const struct geometry_limits *limits,
                                  struct feature *f, struct reason *why);
static enum status parse_times(const struct members *m, int64_t now_ms, struct feature *f,
                               struct reason *why);
static enum status parse_properties(yyjson_val *val, enum feature_use use, struct arena *arena,
                                    struct buf *scratch, struct feature *f, struct reason *why);

enum status feature_parse(yyjson_val *root, enum feature_use use,
                          const struct geometry_limits *limits, int64_t now_ms, struct arena *arena,
                          struct buf *scratch, struct feature *out, struct reason *why) {
    struct members m = {0};
    *out = (struct feature){0};
    enum status st = collect_members(root, &m, why);
    if (st == STATUS_OK && use == FEATURE_PATCH) {
        st = check_patch_nulls(&m, why);
    }
    if (st == STATUS_OK) {
        st = parse_type(&m, why);
    }
    if (st == STATUS_OK) {
        st = parse_id(m.values[MEMBER_ID], arena, out, why);
    }
    if (st == STATUS_OK) {
        st = parse_collection(m.values[MEMBER_COLLECTION], out, why);
    }
    if (st == STATUS_OK) {
        st = parse_times(&m, now_ms, out, why);
    }
    if (st == STATUS_OK) {
        st = parse_properties(m.values[MEMBER_PROPERTIES], use, arena, scratch, out, why);
    }
    if (st == STATUS_OK) {
        st = parse_position(&m, limits, out, why);
    }
    if (st == STATUS_OK && use == FEATURE_CREATE && !out->has_position) {
        st = reason_set(why, STATUS_INVALID,
                        "a position is missing: give geometry, or coordinates as [lat, lon]");
    }
    if (st != STATUS_OK) {
        feature_release(out);
    }
    return st;
}

void feature_release(struct feature *feature) {
    geometry_unref(feature->geometry);
    feature->geometry = NULL;
    feature->draft.geometry = NULL;
}

enum status feature_check_name(struct str name, const char *what, struct reason *why) {
    if (name.len == 0 || name.len > OBJECT_ID_MAX) {
        return reason_set(why, STATUS_INVALID, "%s has %zu bytes; 1 to %d are allowed", what,
                          name.len, OBJECT_ID_MAX);
    }
    if (!str_is_utf8(name) || str_has_control(name)) {
        return reason_set(why, STATUS_INVALID, "%s must be UTF-8 without control characters", what);
    }
    return STATUS_OK;
}

static enum member find_member(struct str name) {
    for (size_t i = 0; i < sizeof member_names / sizeof *member_names; i++) {
        if (str_eq(name, member_names[i].name)) {
            return member_names[i].member;
        }
    }
    return MEMBER_UNKNOWN;
}

static enum status collect_members(yyjson_val *root, struct members *m, struct reason *why) {
    if (!yyjson_is_obj(root)) {
        return reason_set(why, STATUS_BAD_REQUEST, "an object must be a JSON object");
    }
    yyjson_obj_iter iter = yyjson_obj_iter_with(root);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter));) {
        struct str name = {yyjson_get_str(key), yyjson_get_len(key)};
        enum member member = find_member(name);
        if (member == MEMBER_UNKNOWN) {
            enum status st =
                reason_set(why, STATUS_BAD_REQUEST,
                           "unknown member \"%.*s\": attributes of your own belong into properties",
                           name.len > 64 ? 64 : (int)name.len, name.p);
            json_keys_prefix(why, name);
            return st;
        }
        if (member == MEMBER_PASSED_OVER) {
            continue;
        }
        if (m->given & 1u << member) {
            enum status st = reason_set(why, STATUS_BAD_REQUEST, "member \"%.*s\" is given twice",
                                        STR_ARGS(name));
            json_keys_prefix(why, name);
            return st;
        }
        m->given |= 1u << member;
        yyjson_val *value = yyjson_obj_iter_get_val(key);
        m->values[member] = yyjson_is_null(value) ? NULL : value;
    }
    return STATUS_OK;
}

// In a merge patch null takes a member away (RFC 7396), and these must stay.
static enum status check_patch_nulls(const struct members *m, struct reason *why) {
    static const struct {
        enum member member;
        const char *name, *text;
    } kept[] = {
        {MEMBER_GEOMETRY, "geometry", "an object keeps its position: geometry cannot be null"},
        {MEMBER_COORDINATES, "coordinates",
         "an object keeps its position: coordinates cannot be null"},
        {MEMBER_PROPERTIES, "properties",
         "properties cannot be null: set single members to null to remove them"},
    };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        bool text = m->values[MEMBER_TEXT] && kept[i].member != MEMBER_PROPERTIES;
        if ((m->given & 1u << kept[i].member) && !m->values[kept[i].member] && !text) {
            enum status st = reason_set(why, STATUS_INVALID, "%s", kept[i].text);
            reason_prefix(why, "/%s", kept[i].name);
            return st;
        }
    }
    return STATUS_OK;
}

static enum status parse_type(const struct members *m, struct reason *why) {
    yyjson_val *type = m->values[MEMBER_TYPE];
    if (!type || yyjson_equals_str(type, "Feature")) {
        return STATUS_OK;
    }
    enum status st = reason_set(why, STATUS_BAD_REQUEST, "type must be \"Feature\"");
    reason_prefix(why, "/type");
    return st;
}

// RFC 7946 allows numbers as ids: their decimal text is taken.
static enum status parse_id(yyjson_val *val, struct arena *arena, struct feature *f,
                            struct reason *why) {
    if (!val) {
        return STATUS_OK;
    }
    struct str id = {yyjson_get_str(val), yyjson_get_len(val)};
    char digits[32];
    if (yyjson_is_int(val)) {
        int n =
            yyjson_is_uint(val)
                ? snprintf(digits, sizeof digits, "%llu", (unsigned long long)yyjson_get_uint(val))
                : snprintf(digits, sizeof digits, "%lld", (long long)yyjson_get_sint(val));
        id = arena_str(arena, (struct str){digits, (size_t)n});
        if (!id.p) {
            return STATUS_NO_MEMORY;
        }
    } else if (!yyjson_is_str(val)) {
        enum status st = reason_set(why, STATUS_BAD_REQUEST, "id must be a string or an integer");
        reason_prefix(why, "/id");
        return st;
    }
    enum status st = feature_check_name(id, "id", why);
    if (st != STATUS_OK) {
        reason_prefix(why, "/id");
        return st;
    }
    f->draft.id = id;
    f->has_id = true;
    return STATUS_OK;
}

static enum status parse_collection(yyjson_val *val, struct feature *f, struct reason *why) {
    if (!val) {
        return STATUS_OK;
    }
    enum status st;
    if (!yyjson_is_str(val)) {
        st = reason_set(why, STATUS_BAD_REQUEST, "collection must be a string");
    } else {
        f->collection = (struct str){yyjson_get_str(val), yyjson_get_len(val)};
        st = feature_check_name(f->collection, "collection", why);
    }
    if (st != STATUS_OK) {
        reason_prefix(why, "/collection");
    }
    return st;
}

// [lat, lon] or [lat, lon, altitude].
static enum status parse_coordinates(yyjson_val *val, struct point *p, double *z, bool *has_z,
                                     struct reason *why) {
    size_t n = yyjson_is_arr(val) ? yyjson_arr_size(val) : 0;
    if (n < 2 || n > 3) {
        return reason_set(why, STATUS_BAD_REQUEST, "coordinates must be [lat, lon]");
    }
    double numbers[3] = {0};
    yyjson_arr_iter iter = yyjson_arr_iter_with(val);
    for (size_t i = 0; i < n; i++) {
        yyjson_val *number = yyjson_arr_iter_next(&iter);
        if (!yyjson_is_num(number)) {
            return reason_set(why, STATUS_BAD_REQUEST, "coordinates must be numbers");
        }
        numbers[i] = yyjson_get_num(number);
        if (!isfinite(numbers[i])) {
            return reason_set(why, STATUS_INVALID, "coordinates must be finite");
        }
    }
    if (!(numbers[0] >= -90 && numbers[0] <= 90)) {
        return reason_set(why, STATUS_INVALID, "latitude %g must be between -90 and 90",
                          numbers[0]);
    }
    if (!(numbers[1] >= -180 && numbers[1] <= 180)) {
        return reason_set(why, STATUS_INVALID, "longitude %g must be between -180 and 180",
                          numbers[1]);
    }
    *p = point_rounded((struct point){.lon = numbers[1], .lat = numbers[0]});
    *z = numbers[2];
    *has_z = n == 3;
    return STATUS_OK;
}

// A geometry, or the specification's plain word beside coordinates: "geometry": "point".
static enum status parse_geometry(yyjson_val *val, bool beside_coordinates,
                                  const struct geometry_limits *limits, struct feature *f,
                                  bool *is_point, struct reason *why) {
    struct object_draft *d = &f->draft;
    *is_point = true;
    if (geojson_parse_point(val, &d->point, &d->z, &d->has_z)) {
        f->has_position = true;
        return STATUS_OK;
    }
    if (yyjson_is_str(val)) {
        struct str word = {yyjson_get_str(val), yyjson_get_len(val)};
        if (beside_coordinates && str_eq_nocase(word, STR("point"))) {
            return STATUS_OK;
        }
        return reason_set(why, STATUS_BAD_REQUEST,
                          "geometry must be a GeoJSON geometry (or \"point\" beside coordinates)");
    }
    enum status st = geojson_parse(val, limits, &f->geometry, why);
    if (st != STATUS_OK) {
        return st;
    }
    if (geometry_is_empty(f->geometry)) {
        return reason_set(why, STATUS_INVALID, "the geometry is empty: it has no position");
    }
    *is_point = false;
    d->geometry = f->geometry;
    f->has_position = true;
    return STATUS_OK;
}

static enum status check_agreement(const struct feature *f, struct point p, struct reason *why) {
    struct point q = f->draft.point;
    double lon_apart = fabs(p.lon - q.lon);
    if (fabs(p.lat - q.lat) <= AGREE_DEGREES &&
        (lon_apart <= AGREE_DEGREES || fabs(lon_apart - 360) <= AGREE_DEGREES)) {
        return STATUS_OK;
    }
    return reason_set(why, STATUS_INVALID,
                      "coordinates say lat %.8g, lon %.8g but geometry says lat %.8g, lon %.8g: "
                      "coordinates are [lat, lon], geometry is [lon, lat]",
                      p.lat, p.lon, q.lat, q.lon);
}

// A string is an object of its own kind: with a text in place of a position.
static enum status parse_text(const struct members *m, struct feature *f, struct reason *why) {
    yyjson_val *val = m->values[MEMBER_TEXT];
    enum status st = STATUS_OK;
    if (!yyjson_is_str(val)) {
        st = reason_set(why, STATUS_BAD_REQUEST, "text must be a string");
    } else if (m->values[MEMBER_GEOMETRY] || m->values[MEMBER_COORDINATES]) {
        st = reason_set(why, STATUS_INVALID, "an object has a text or a position, not both");
    } else if (yyjson_get_len(val) > OBJECT_TEXT_MAX) {
        st = reason_set(why, STATUS_TOO_LARGE, "a text has at most %u bytes", OBJECT_TEXT_MAX);
    }
    if (st != STATUS_OK) {
        reason_prefix(why, "/text");
        return st;
    }
    f->draft.form = OBJECT_STRING;
    f->draft.text = (struct str){yyjson_get_str(val), yyjson_get_len(val)};
    f->has_position = true;
    return STATUS_OK;
}

static enum status parse_position(const struct members *m, const struct geometry_limits *limits,
                                  struct feature *f, struct reason *why) {
    if (m->values[MEMBER_TEXT]) {
        return parse_text(m, f, why);
    }
    yyjson_val *coordinates = m->values[MEMBER_COORDINATES];
    yyjson_val *geometry = m->values[MEMBER_GEOMETRY];
    bool is_point = true;
    if (geometry) {
        enum status st = parse_geometry(geometry, coordinates, limits, f, &is_point, why);
        if (st != STATUS_OK) {
            reason_prefix(why, "/geometry");
            return st;
        }
    }
    if (!coordinates) {
        return STATUS_OK;
    }
    struct point p;
    double z = 0;
    bool has_z = false;
    enum status st = parse_coordinates(coordinates, &p, &z, &has_z, why);
    if (st == STATUS_OK && is_point && f->has_position) {
        st = check_agreement(f, p, why);
    }
    if (st != STATUS_OK) {
        reason_prefix(why, "/coordinates");
        return st;
    }
    if (!f->has_position) {
        f->draft.point = p;
        f->draft.z = z;
        f->draft.has_z = has_z;
        f->has_position = true;
    } else if (is_point && has_z && !f->draft.has_z) {
        f->draft.z = z;
        f->draft.has_z = true;
    }
    return STATUS_OK; // beside another geometry they are its centre, and ours to compute
}

static enum status parse_times(const struct members *m, int64_t now_ms, struct feature *f,
                               struct reason *why) {
    f->sets_time = m->given & 1u << MEMBER_TIME;
    f->sets_expiry = m->given & 1u << MEMBER_EXPIRES_IN;
    yyjson_val *time = m->values[MEMBER_TIME];
    if (time) {
        struct str text = {yyjson_get_str(time), yyjson_get_len(time)};
        if (!text.p || !clock_parse_rfc3339(text, &f->draft.time_ms)) {
            enum status st =
                reason_set(why, text.p ? STATUS_INVALID : STATUS_BAD_REQUEST,
                           "time must be RFC 3339, such as \"2026-01-02T03:04:05.678Z\"");
            reason_prefix(why, "/time");
            return st;
        }
        f->draft.has_time = true;
    }
    yyjson_val *expires = m->values[MEMBER_EXPIRES_IN];
    if (expires) {
        double seconds = yyjson_is_num(expires) ? yyjson_get_num(expires) : 0;
        if (!(seconds > 0 && seconds <= EXPIRES_MAX_S)) {
            enum status st =
                reason_set(why, yyjson_is_num(expires) ? STATUS_INVALID : STATUS_BAD_REQUEST,
                           "expires_in must be a number of seconds above 0");
            reason_prefix(why, "/expires_in");
            return st;
        }
        f->draft.expires_ms = now_ms + (int64_t)(seconds * 1000);
        f->draft.has_expiry = true;
    }
    return STATUS_OK;
}

static enum status parse_properties(yyjson_val *val, enum feature_use use, struct arena *arena,
                                    struct buf *scratch, struct feature *f, struct reason *why) {
    f->properties = val;
    if (!val) {
        return STATUS_OK;
    }
    if (use == FEATURE_PATCH) { // merged into what is there, by the engine
        if (yyjson_is_obj(val)) {
            return STATUS_OK;
        }
        enum status st = reason_set(why, STATUS_BAD_REQUEST, "properties must be an object");
        reason_prefix(why, "/properties");
        return st;
    }
    buf_clear(scratch);
    enum status st = properties_canonical(val, scratch, why);
    if (st != STATUS_OK) {
        reason_prefix(why, "/properties");
        return st;
    }
    f->draft.properties = arena_str(arena, buf_str(scratch));
    if (buf_status(scratch) != STATUS_OK || !f->draft.properties.p) {
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}
