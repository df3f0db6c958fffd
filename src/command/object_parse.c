#include "command/object_parse.h"

#include <math.h>
#include <yyjson.h>

#include "command/commands_state.h"
#include "command/reply.h"
#include "engine/properties.h"
#include "geo/geohash.h"
#include "geo/geojson.h"

#define FEATURES_MAX 100000 // of one collection
#define RING_VERTICES 10000
#define TOTAL_VERTICES 1000000

static enum status parse_point(struct args *a, struct object_parse *o);
static enum status parse_bounds(struct args *a, struct object_parse *o);
static enum status parse_hash(struct args *a, struct object_parse *o);
static enum status parse_string(struct args *a, struct object_parse *o);
static enum status parse_feature(struct command_call *call, yyjson_val *root,
                                 struct object_parse *o);
static enum status parse_features(struct command_call *call, yyjson_val *root,
                                  struct object_parse *o);
static enum status parse_geometry(struct command_call *call, yyjson_val *val,
                                  struct geometry **out);
static enum status keep_text(struct command_call *call, const struct buf *text, struct str *out);

static const char *const types[] = {"point", "bounds", "hash", "object", "string"};

bool object_parse_is_type(struct str word) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (str_eq_nocase(word, str_of(types[i]))) {
            return true;
        }
    }
    return false;
}

enum status object_parse_rest(struct args *a, struct str type, struct object_parse *out) {
    *out = (struct object_parse){0};
    switch (type.p[0] | 32) {
    case 'p': return parse_point(a, out);
    case 'b': return parse_bounds(a, out);
    case 'h': return parse_hash(a, out);
    case 's': return parse_string(a, out);
    default: break;
    }
    struct str json;
    enum status st = args_text(a, &json);
    return st == STATUS_OK ? object_parse_geojson(a->call, json, out) : st;
}

void object_parse_release(struct object_parse *o) {
    geometry_unref(o->geometry);
    o->geometry = NULL;
    o->draft.geometry = NULL;
}

static enum status check_place(struct command_call *call, struct point p) {
    if (point_valid(p)) {
        return STATUS_OK;
    }
    return reason_set(call->why, STATUS_INVALID, "longitude %g, latitude %g are outside the earth",
                      p.lon, p.lat);
}

// A third number is the altitude; anything else belongs to SET.
static enum status parse_point(struct args *a, struct object_parse *o) {
    struct object_draft *d = &o->draft;
    if (args_left(a) < 2) {
        return reply_arguments(a->call);
    }
    enum status st = args_double(a, &d->point.lat);
    if (st == STATUS_OK) {
        st = args_double(a, &d->point.lon);
    }
    if (st == STATUS_OK && args_left(a) && str_parse_number(args_peek(a), &d->z)) {
        d->has_z = true;
        a->at++;
    }
    return st == STATUS_OK ? check_place(a->call, d->point) : st;
}

static enum status parse_bounds(struct args *a, struct object_parse *o) {
    double v[4];
    if (args_left(a) < 4) {
        return reply_arguments(a->call);
    }
    for (size_t i = 0; i < 4; i++) {
        enum status st = args_double(a, &v[i]);
        if (st != STATUS_OK) {
            return st;
        }
    }
    enum status st = check_place(a->call, (struct point){v[1], v[0]});
    if (st == STATUS_OK) {
        st = check_place(a->call, (struct point){v[3], v[2]});
    }
    if (st == STATUS_OK && v[2] < v[0]) {
        st = reason_set(a->call->why, STATUS_INVALID, "the north of a box lies below its south");
    }
    if (st == STATUS_OK) {
        struct bbox box = bbox_from_wsen(v[1], v[0], v[3], v[2]);
        st = geometry_new_bbox(&box, &o->geometry);
    }
    o->draft.geometry = o->geometry;
    return st;
}

// Of all numbers within the range, one with few digits: the first multiple of the largest power of ten that must fit.
static double short_within(double least, double most) {
    double step = pow(10, floor(log10(most - least)));
    return ceil(least / step) * step;
}

static enum status parse_hash(struct args *a, struct object_parse *o) {
    struct str hash;
    struct bbox cell;
    enum status st = args_text(a, &hash);
    if (st != STATUS_OK) {
        return st;
    }
    if (geohash_parse(hash, &cell) != STATUS_OK) {
        return reply_invalid(a->call, hash);
    }
    o->draft.point = (struct point){short_within(cell.min_lon, cell.max_lon),
                                    short_within(cell.min_lat, cell.max_lat)};
    return STATUS_OK;
}

static enum status parse_string(struct args *a, struct object_parse *o) {
    enum status st = args_text(a, &o->draft.text);
    o->draft.form = OBJECT_STRING;
    if (st == STATUS_OK && !str_is_utf8(o->draft.text)) {
        return reason_set(a->call->why, STATUS_INVALID, "a string must be UTF-8");
    }
    return st;
}

static enum status parse_root(struct command_call *call, yyjson_val *root, struct object_parse *o) {
    yyjson_val *type = yyjson_obj_get(root, "type");
    if (!yyjson_is_obj(root)) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "invalid data");
    }
    if (!type) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "missing type");
    }
    if (!yyjson_is_str(type)) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "invalid type");
    }
    if (yyjson_equals_str(type, "Feature")) {
        return parse_feature(call, root, o);
    }
    if (yyjson_equals_str(type, "FeatureCollection")) {
        return parse_features(call, root, o);
    }
    struct object_draft *d = &o->draft;
    if (geojson_parse_point(root, &d->point, &d->z, &d->has_z)) {
        return STATUS_OK;
    }
    enum status st = parse_geometry(call, root, &o->geometry);
    d->geometry = o->geometry;
    return st;
}

enum status object_parse_geojson(struct command_call *call, struct str json,
                                 struct object_parse *out) {
    *out = (struct object_parse){0};
    yyjson_read_err err;
    yyjson_doc *doc =
        yyjson_read_opts((char *)(uintptr_t)json.p, json.len, YYJSON_READ_NOFLAG, NULL, &err);
    if (!doc) {
        return err.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION
                   ? STATUS_NO_MEMORY
                   : reason_set(call->why, STATUS_BAD_REQUEST, "invalid data");
    }
    enum status st = parse_root(call, yyjson_doc_get_root(doc), out);
    yyjson_doc_free(doc);
    if (st != STATUS_OK) {
        object_parse_release(out);
    }
    return st;
}

// Tile38's words for what is missing; ours for what is wrong within.
static enum status parse_geometry(struct command_call *call, yyjson_val *val,
                                  struct geometry **out) {
    uint32_t ring = call->commands->options.limit_ring_vertices;
    struct geometry_limits limits = {ring ? ring : RING_VERTICES, TOTAL_VERTICES};
    yyjson_val *type = yyjson_obj_get(val, "type");
    const char *name = yyjson_get_str(type);
    if (!yyjson_is_obj(val)) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "invalid data");
    }
    if (!type) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "missing type");
    }
    bool known = false;
    for (int t = GEOMETRY_POINT; name && t <= GEOMETRY_COLLECTION; t++) {
        known = known || strcmp(name, geometry_type_name((enum geometry_type)t)) == 0;
    }
    if (!known) {
        return name ? reason_set(call->why, STATUS_BAD_REQUEST, "type '%.64s' is unknown", name)
                    : reason_set(call->why, STATUS_BAD_REQUEST, "invalid type");
    }
    bool collection = strcmp(name, "GeometryCollection") == 0;
    const char *member = collection ? "geometries" : "coordinates";
    if (!yyjson_obj_get(val, member)) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "missing %s", member);
    }
    if (!yyjson_is_arr(yyjson_obj_get(val, member))) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "invalid %s", member);
    }
    return geojson_parse(val, &limits, out, call->why);
}

static bool is_geometry_member(struct str name) {
    return str_eq(name, STR("type")) || str_eq(name, STR("geometry")) ||
           str_eq(name, STR("coordinates")) || str_eq(name, STR("geometries")) ||
           str_eq(name, STR("features"));
}

// Members but those that make the geometry, as canonical JSON; the properties once more by themselves.
static enum status write_members(struct command_call *call, yyjson_val *root, struct buf *text,
                                 struct str *properties) {
    size_t at = 0, len = 0;
    char before = '{';
    yyjson_obj_iter it = yyjson_obj_iter_with(root);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&it));) {
        struct str name = {yyjson_get_str(key), yyjson_get_len(key)};
        yyjson_val *val = yyjson_obj_iter_get_val(key);
        if (is_geometry_member(name)) {
            continue;
        }
        buf_append_char(text, before);
        before = ',';
        buf_append_json(text, name);
        buf_append_char(text, ':');
        size_t start = text->len;
        enum status st = properties_canonical_value(val, text, call->why);
        if (st != STATUS_OK) {
            return st;
        }
        if (str_eq(name, STR("properties")) && yyjson_is_obj(val)) {
            at = start;
            len = text->len - start;
        }
    }
    buf_append_str(text, before == '{' ? STR("{}") : STR("}"));
    *properties = len ? (struct str){text->data + at, len} : STR_NONE;
    return buf_status(text);
}

static enum status keep_feature(struct command_call *call, yyjson_val *root,
                                struct object_draft *d) {
    struct buf text;
    buf_init(&text);
    struct str properties;
    enum status st = write_members(call, root, &text, &properties);
    size_t at = st == STATUS_OK && properties.len ? (size_t)(properties.p - text.data) : 0;
    if (st == STATUS_OK) {
        st = keep_text(call, &text, &d->text);
    }
    if (st == STATUS_OK && properties.len) {
        d->properties = str_sub(d->text, at, properties.len);
    }
    buf_deinit(&text);
    return st;
}

static enum status parse_feature(struct command_call *call, yyjson_val *root,
                                 struct object_parse *o) {
    struct object_draft *d = &o->draft;
    yyjson_val *geometry = yyjson_obj_get(root, "geometry");
    if (!geometry) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "missing geometry");
    }
    d->form = OBJECT_FEATURE;
    enum status st = STATUS_OK;
    if (!geojson_parse_point(geometry, &d->point, &d->z, &d->has_z)) {
        st = parse_geometry(call, geometry, &o->geometry);
        d->geometry = o->geometry;
    }
    return st == STATUS_OK ? keep_feature(call, root, d) : st;
}

static enum status parse_members(struct command_call *call, yyjson_val *features,
                                 struct geometry **members) {
    size_t i, count;
    yyjson_val *feature;
    yyjson_arr_foreach(features, i, count, feature) {
        bool is_feature = yyjson_equals_str(yyjson_obj_get(feature, "type"), "Feature");
        yyjson_val *geometry = is_feature ? yyjson_obj_get(feature, "geometry") : feature;
        if (!geometry) {
            return reason_set(call->why, STATUS_BAD_REQUEST, "missing geometry");
        }
        enum status st = parse_geometry(call, geometry, &members[i]);
        if (st != STATUS_OK) {
            return st;
        }
    }
    return STATUS_OK;
}

static enum status keep_collection(struct command_call *call, yyjson_val *root,
                                   struct object_draft *d) {
    struct buf text;
    buf_init(&text);
    enum status st = properties_canonical_value(root, &text, call->why);
    if (st == STATUS_OK) {
        st = keep_text(call, &text, &d->text);
    }
    buf_deinit(&text);
    return st;
}

static enum status parse_features(struct command_call *call, yyjson_val *root,
                                  struct object_parse *o) {
    yyjson_val *features = yyjson_obj_get(root, "features");
    size_t count = yyjson_arr_size(features);
    if (!features) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "missing features");
    }
    if (!yyjson_is_arr(features)) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "invalid features");
    }
    if (count > FEATURES_MAX) {
        return reason_set(call->why, STATUS_TOO_LARGE, "more than %d features", FEATURES_MAX);
    }
    struct geometry **members = arena_zalloc(call->arena, count + 1, sizeof *members);
    if (!members) {
        return STATUS_NO_MEMORY;
    }
    enum status st = parse_members(call, features, members);
    if (st == STATUS_OK) {
        st = geometry_new_collection(members, count, &o->geometry, call->why);
    }
    for (size_t i = 0; i < count; i++) {
        geometry_unref(members[i]);
    }
    o->draft.form = OBJECT_COLLECTION;
    o->draft.geometry = o->geometry;
    return st == STATUS_OK ? keep_collection(call, root, &o->draft) : st;
}

static enum status keep_text(struct command_call *call, const struct buf *text, struct str *out) {
    if (text->failed) {
        return STATUS_NO_MEMORY;
    }
    if (text->len > OBJECT_TEXT_MAX) {
        return reason_set(call->why, STATUS_TOO_LARGE,
                          "the members of an object are larger than %u bytes", OBJECT_TEXT_MAX);
    }
    *out = arena_str(call->arena, buf_str(text));
    return out->p ? STATUS_OK : STATUS_NO_MEMORY;
}

static size_t digits(struct str s, size_t at) {
    size_t n = 0;
    while (at + n < s.len && s.p[at + n] >= '0' && s.p[at + n] <= '9') {
        n++;
    }
    return n;
}

// RFC 8259 section 6: "007", "+1" and ".5" are strings.
static bool is_json_number(struct str s) {
    size_t at = s.len && s.p[0] == '-';
    size_t whole = digits(s, at);
    if (whole == 0 || (whole > 1 && s.p[at] == '0')) {
        return false;
    }
    at += whole;
    if (at < s.len && s.p[at] == '.') {
        size_t n = digits(s, at + 1);
        if (n == 0) {
            return false;
        }
        at += 1 + n;
    }
    if (at < s.len && (s.p[at] | 32) == 'e') {
        at++;
        at += at < s.len && (s.p[at] == '+' || s.p[at] == '-');
        size_t n = digits(s, at);
        at += n;
        return n && at == s.len;
    }
    return at == s.len;
}

// What is no number but is called one keeps its name.
static bool write_unreal(struct str text, struct buf *out) {
    static const char *const names[][2] = {
        {"nan", "\"NaN\""},        {"inf", "\"+Inf\""},       {"+inf", "\"+Inf\""},
        {"infinity", "\"+Inf\""},  {"+infinity", "\"+Inf\""}, {"-inf", "\"-Inf\""},
        {"-infinity", "\"-Inf\""},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_eq_nocase(text, str_of(names[i][0]))) {
            buf_append_str(out, str_of(names[i][1]));
            return true;
        }
    }
    return false;
}

static enum status write_string(struct str text, struct buf *out) {
    if (!str_is_utf8(text)) {
        return STATUS_BAD_REQUEST;
    }
    if (!write_unreal(text, out)) {
        buf_append_json(out, text);
    }
    return buf_status(out);
}

// JSON of any kind; a JSON string is the string in it.
static enum status write_json(yyjson_val *root, struct buf *out) {
    if (yyjson_is_str(root)) {
        return write_string((struct str){yyjson_get_str(root), yyjson_get_len(root)}, out);
    }
    size_t start = out->len;
    enum status st = properties_canonical_value(root, out, NULL);
    if (st != STATUS_OK) {
        out->len = start;
    }
    return st;
}

// .5 and 5. are numbers that JSON writes otherwise. What has a + or zeros in front may be a telephone number or a postal
// code: it stays the text that it is.
static bool is_bare_fraction(struct str s) {
    size_t at = s.len && s.p[0] == '-';
    size_t whole = digits(s, at);
    bool zeros = whole > 1 && s.p[at] == '0';
    return !zeros && at + whole < s.len && s.p[at + whole] == '.';
}

enum status object_parse_value(struct str text, struct buf *out) {
    text = str_trim(text);
    double number;
    if (is_json_number(text) && str_parse_double(text, &number)) {
        buf_append_str(out, str_eq(text, STR("0")) ? STR("") : text);
        return buf_status(out);
    }
    if (is_bare_fraction(text) && str_parse_number(text, &number)) {
        number == 0 ? (void)0 : buf_append_double(out, number);
        return buf_status(out);
    }
    if (text.len == 0 || !memchr("{[\"tfn", text.p[0], 6)) {
        return write_string(text, out);
    }
    yyjson_doc *doc = yyjson_read(text.p, text.len, YYJSON_READ_NOFLAG);
    if (!doc) {
        return write_string(text, out);
    }
    enum status st = write_json(yyjson_doc_get_root(doc), out);
    yyjson_doc_free(doc);
    return st;
}
