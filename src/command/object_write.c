#include "command/object_write.h"

#include <math.h>
#include <stdlib.h>

#include "engine/feature_text.h"
#include "engine/properties_scan.h"
#include "geo/geohash.h"
#include "proto/resp.h"

#define PLAIN_MIN 1e-3 // between these buf_append_double writes no exponent
#define PLAIN_END 1e15

static void write_coordinates(const struct geometry *g, struct buf *out);
static void write_polygons(const struct geometry *g, struct buf *out);
static void write_part(const struct geometry *g, size_t part, struct buf *out);
static void write_position(struct point p, double z, struct buf *out);
static void write_feature_members(const struct object *o, struct buf *out);
static void expand(struct str text, struct buf *out);
static void bulk_number(double v, struct buf *out);

static void write_place(const struct object *o, struct buf *out) {
    if (o->flags & OBJECT_HAS_GEOMETRY) {
        object_write_geometry(o->geometry, out);
        return;
    }
    buf_append_str(out, STR("{\"type\":\"Point\",\"coordinates\":"));
    write_position(o->point, o->flags & OBJECT_HAS_Z ? object_z(o) : NAN, out);
    buf_append_char(out, '}');
}

void object_write_text(const struct object *o, struct buf *out) {
    switch (object_form(o)) {
    case OBJECT_PLAIN: write_place(o, out); break;
    case OBJECT_FEATURE:
        buf_append_str(out, STR("{\"type\":\"Feature\",\"geometry\":"));
        write_place(o, out);
        write_feature_members(o, out);
        buf_append_char(out, '}');
        break;
    case OBJECT_COLLECTION:
    case OBJECT_STRING: buf_append_str(out, object_text(o)); break;
    }
}

// Most texts have two digits of bytes: then their head has the room that is left for it.
void object_write_bulk(const struct object *o, struct buf *out) {
    if (object_form(o) == OBJECT_STRING) {
        resp_bulk(out, object_text(o));
        return;
    }
    static const struct str place = {"$00\r\n", 5};
    char room[24];
    struct buf head = {.data = room, .cap = sizeof room};
    size_t begin = out->len;
    buf_append_str(out, place);
    object_write_text(o, out);
    if (out->failed) {
        return;
    }
    size_t len = out->len - begin - place.len;
    buf_append_char(&head, '$');
    buf_append_u64(&head, len);
    buf_append_str(&head, STR("\r\n"));
    if (head.len != place.len) {
        if (!buf_reserve(out, head.len)) {
            return;
        }
        memmove(out->data + begin + head.len, out->data + begin + place.len, len);
        out->len = begin + head.len + len;
    }
    memcpy(out->data + begin, room, head.len);
    buf_append_str(out, STR("\r\n"));
}

void object_write_json(const struct object *o, struct buf *out) {
    if (object_form(o) == OBJECT_STRING) {
        buf_append_json(out, object_text(o));
    } else {
        object_write_text(o, out);
    }
}

static void write_own_properties(struct str own, struct str all, struct buf *out) {
    if (str_eq(own, all)) {
        buf_append_str(out, own);
        return;
    }
    char before = '{';
    struct properties_scan mine = properties_scan(own);
    while (properties_scan_next(&mine)) {
        struct properties_scan now = properties_scan(all);
        while (properties_scan_next(&now)) {
            if (!str_eq(now.key, mine.key)) {
                continue;
            }
            buf_append_char(out, before);
            buf_append_char(out, '"');
            buf_append_str(out, now.key);
            buf_append_str(out, STR("\":"));
            buf_append_str(out, now.value);
            before = ',';
            break;
        }
    }
    buf_append_str(out, before == '{' ? STR("{}") : STR("}"));
}

// As they came, the own properties at their present values; a Feature always has properties.
static void write_feature_members(const struct object *o, struct buf *out) {
    bool has_properties = false;
    struct properties_scan scan = properties_scan(object_text(o));
    while (properties_scan_next(&scan)) {
        buf_append_str(out, STR(",\""));
        buf_append_str(out, scan.key);
        buf_append_str(out, STR("\":"));
        if (str_eq(scan.key, STR("properties"))) {
            has_properties = true;
            if (scan.value.len && scan.value.p[0] == '{') {
                write_own_properties(scan.value, object_properties(o), out);
                continue;
            }
        }
        buf_append_str(out, scan.value);
    }
    if (!has_properties) {
        buf_append_str(out, STR(",\"properties\":{}"));
    }
}

void object_write_geometry(const struct geometry *g, struct buf *out) {
    buf_append_str(out, STR("{\"type\":\""));
    buf_append_str(out, str_of(geometry_type_name(geometry_type(g))));
    if (geometry_type(g) != GEOMETRY_COLLECTION) {
        buf_append_str(out, STR("\",\"coordinates\":"));
        write_coordinates(g, out);
        buf_append_char(out, '}');
        return;
    }
    buf_append_str(out, STR("\",\"geometries\":["));
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        object_write_geometry(geometry_member(g, i), out);
    }
    buf_append_str(out, STR("]}"));
}

static void write_coordinates(const struct geometry *g, struct buf *out) {
    size_t parts = geometry_part_count(g), count;
    enum geometry_type type = geometry_type(g);
    if (type == GEOMETRY_POLYGON || type == GEOMETRY_MULTIPOLYGON) {
        write_polygons(g, out);
        return;
    }
    if (type == GEOMETRY_POINT && parts) {
        const double *z;
        const struct point *p = geometry_part(g, 0, &count, &z);
        if (count) {
            write_position(*p, z ? *z : NAN, out);
            return;
        }
    }
    bool many = type == GEOMETRY_MULTILINESTRING;
    if (many || parts == 0) {
        buf_append_char(out, '[');
    }
    for (size_t i = 0; i < parts; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        write_part(g, i, out);
    }
    if (many || parts == 0) {
        buf_append_char(out, ']');
    }
}

static void write_polygons(const struct geometry *g, struct buf *out) {
    bool many = geometry_type(g) == GEOMETRY_MULTIPOLYGON;
    size_t parts = geometry_part_count(g);
    buf_append_str(out, many ? STR("[") : STR(""));
    for (size_t i = 0; i < parts; i++) {
        bool exterior = geometry_part_is_exterior(g, i);
        buf_append_str(out, i == 0 ? STR("[") : exterior ? STR("],[") : STR(","));
        write_part(g, i, out);
    }
    buf_append_str(out, parts ? STR("]") : many ? STR("") : STR("[]"));
    buf_append_str(out, many ? STR("]") : STR(""));
}

static void write_part(const struct geometry *g, size_t part, struct buf *out) {
    size_t count;
    const double *z;
    const struct point *p = geometry_part(g, part, &count, &z);
    buf_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        write_position(p[i], z ? z[i] : NAN, out);
    }
    buf_append_char(out, ']');
}

// Longitudes of what crosses the antimeridian are kept unwrapped.
static void write_position(struct point p, double z, struct buf *out) {
    buf_append_char(out, '[');
    object_write_number(p.lon > 180.0 ? p.lon - 360.0 : p.lon, out);
    buf_append_char(out, ',');
    object_write_number(p.lat, out);
    if (!isnan(z)) {
        buf_append_char(out, ',');
        object_write_number(z, out);
    }
    buf_append_char(out, ']');
}

void object_write_number(double v, struct buf *out) {
    double magnitude = fabs(v);
    if (magnitude >= PLAIN_MIN && magnitude < PLAIN_END) {
        buf_append_double(out, v);
        return;
    }
    char room[128]; // buf_append_double asks for more than it writes
    struct buf text = {.data = room, .cap = sizeof room};
    if (v == 0) {
        buf_append_str(out, signbit(v) ? STR("-0") : STR("0"));
        return;
    }
    buf_append_double(&text, v);
    if (str_find(buf_str(&text), 'e') == text.len) {
        buf_append_str(out, buf_str(&text));
    } else {
        expand(buf_str(&text), out);
    }
}

// -1.25e-7 -> -0.000000125, 1.25e+20 -> 125000000000000000000
static void expand(struct str text, struct buf *out) {
    size_t at = str_find(text, 'e');
    char digits[32];
    size_t count = 0, before = 0;
    bool point = false;
    for (size_t i = 0; i < at; i++) {
        if (text.p[i] == '-') {
            buf_append_char(out, '-');
        } else if (text.p[i] == '.') {
            point = true;
        } else {
            digits[count++] = text.p[i];
            before += !point;
        }
    }
    long exponent = strtol(text.p + at + 1, NULL, 10) + (long)before;
    if (exponent <= 0) {
        buf_append_str(out, STR("0."));
        for (; exponent < 0; exponent++) {
            buf_append_char(out, '0');
        }
        buf_append(out, digits, count);
        return;
    }
    for (long i = 0; i < exponent || (size_t)i < count; i++) {
        if (i == exponent) {
            buf_append_char(out, '.');
        }
        buf_append_char(out, (size_t)i < count ? digits[i] : '0');
    }
}

static double height_of(const struct object *o) {
    if (o->flags & OBJECT_HAS_Z) {
        return object_z(o);
    }
    return 0;
}

void object_write_point(const struct object *o, struct buf *out) {
    struct point p = object_center(o);
    double z = height_of(o);
    resp_array(out, z != 0 ? 3 : 2);
    bulk_number(p.lat, out);
    bulk_number(p.lon, out);
    if (z != 0) {
        bulk_number(z, out);
    }
}

static void write_place_json(struct point p, struct buf *out) {
    buf_append_str(out, STR("{\"lat\":"));
    object_write_number(p.lat, out);
    buf_append_str(out, STR(",\"lon\":"));
    object_write_number(p.lon, out);
}

void object_write_point_json(const struct object *o, struct buf *out) {
    double z = height_of(o);
    write_place_json(object_center(o), out);
    if (z != 0) {
        buf_append_str(out, STR(",\"z\":"));
        object_write_number(z, out);
    }
    buf_append_char(out, '}');
}

// Of an object without position it is the box 0, 0.
static struct bbox box_of(const struct object *o) {
    return object_is_empty(o) ? (struct bbox){0, 0, 0, 0} : object_bbox(o);
}

void object_write_bounds(const struct object *o, struct buf *out) {
    struct bbox box = box_of(o);
    object_write_bbox(&box, out);
}

void object_write_bounds_json(const struct object *o, struct buf *out) {
    struct bbox box = box_of(o);
    object_write_bbox_json(&box, out);
}

static double wrapped(double lon) {
    return lon > 180.0 ? lon - 360.0 : lon;
}

void object_write_bbox(const struct bbox *box, struct buf *out) {
    resp_array(out, 2);
    resp_array(out, 2);
    bulk_number(box->min_lat, out);
    bulk_number(box->min_lon, out);
    resp_array(out, 2);
    bulk_number(box->max_lat, out);
    bulk_number(wrapped(box->max_lon), out);
}

void object_write_bbox_json(const struct bbox *box, struct buf *out) {
    buf_append_str(out, STR("{\"sw\":"));
    write_place_json((struct point){box->min_lon, box->min_lat}, out);
    buf_append_str(out, STR("},\"ne\":"));
    write_place_json((struct point){wrapped(box->max_lon), box->max_lat}, out);
    buf_append_str(out, STR("}}"));
}

void object_write_hash(const struct object *o, unsigned precision, struct buf *out) {
    char hash[GEOHASH_MAX + 1];
    geohash_write(object_center(o), precision, hash);
    buf_append_str(out, str_of(hash));
}

static void bulk_number(double v, struct buf *out) {
    char room[352]; // 309 digits before the point at most, or 324 zeros behind it
    struct buf text = {.data = room, .cap = sizeof room};
    object_write_number(v, &text);
    resp_bulk(out, buf_str(&text));
}

static bool is_none(const struct property *value) {
    return value->kind == PROPERTY_NUMBER && str_eq(value->text, STR("0"));
}

static int compare_names(const void *a, const void *b) {
    return str_compare(((const struct object_field *)a)->name,
                       ((const struct object_field *)b)->name);
}

static bool plain_name(const struct properties_scan *scan, struct arena *arena, struct str *out) {
    struct property key = {
        .kind = PROPERTY_STRING, .text = scan->key, .escaped = scan->key_escaped};
    *out = scan->key;
    if (!scan->key_escaped) {
        return true;
    }
    struct buf scratch;
    buf_init(&scratch);
    struct str name = property_string(&key, &scratch);
    *out = scratch.failed ? STR_NONE : arena_str(arena, name);
    buf_deinit(&scratch);
    return out->p != NULL;
}

enum status object_write_fields_of(const struct object *o, struct arena *arena,
                                   const struct object_field **out, size_t *count) {
    struct str all = object_properties(o);
    *count = 0;
    *out = NULL;
    if (all.len == 2) {
        return STATUS_OK;
    }
    struct str own =
        object_form(o) == OBJECT_FEATURE ? feature_text_properties(object_text(o)) : STR("{}");
    size_t most = 0;
    struct properties_scan scan = properties_scan(all);
    while (properties_scan_next(&scan)) {
        most++;
    }
    struct object_field *fields = arena_alloc(arena, most * sizeof *fields);
    if (!fields) {
        return STATUS_NO_MEMORY;
    }
    scan = properties_scan(all);
    bool sorted = true;
    while (properties_scan_next(&scan)) {
        struct object_field *f = &fields[*count];
        properties_scan_value(&scan, &f->value);
        if (is_none(&f->value) || feature_text_owns(own, scan.key, scan.value)) {
            continue;
        }
        if (!plain_name(&scan, arena, &f->name)) {
            return STATUS_NO_MEMORY;
        }
        sorted = sorted && (*count == 0 || compare_names(f - 1, f) < 0);
        ++*count;
    }
    if (!sorted) {
        qsort(fields, *count, sizeof *fields, compare_names);
    }
    *out = fields;
    return STATUS_OK;
}

bool object_write_field_find(const struct object *o, struct str name, struct property *out) {
    struct str own =
        object_form(o) == OBJECT_FEATURE ? feature_text_properties(object_text(o)) : STR("{}");
    struct properties_scan scan = properties_scan(object_properties(o));
    while (properties_scan_next(&scan)) {
        struct property key = {
            .kind = PROPERTY_STRING, .text = scan.key, .escaped = scan.key_escaped};
        if (property_text_equals(&key, name)) {
            properties_scan_value(&scan, out);
            return !is_none(out) && !feature_text_owns(own, scan.key, scan.value);
        }
    }
    return false;
}

void object_write_value(const struct property *value, struct buf *out) {
    if (!value->escaped) {
        buf_append_str(out, value->text);
        return;
    }
    struct buf scratch;
    buf_init(&scratch);
    buf_append_str(out, property_string(value, &scratch));
    out->failed |= scratch.failed;
    buf_deinit(&scratch);
}

void object_write_value_json(const struct property *value, struct buf *out) {
    bool quoted = value->kind == PROPERTY_STRING;
    if (quoted) {
        buf_append_char(out, '"');
    }
    buf_append_str(out, value->text);
    if (quoted) {
        buf_append_char(out, '"');
    }
}

enum status object_write_fields(const struct object *o, struct arena *arena, struct buf *out) {
    const struct object_field *fields;
    size_t count;
    enum status st = object_write_fields_of(o, arena, &fields, &count);
    if (st != STATUS_OK) {
        return st;
    }
    struct buf scratch;
    buf_init(&scratch);
    resp_array(out, count * 2);
    for (size_t i = 0; i < count; i++) {
        resp_bulk(out, fields[i].name);
        resp_bulk(out, property_string(&fields[i].value, &scratch));
    }
    st = buf_status(&scratch);
    buf_deinit(&scratch);
    return st;
}

enum status object_write_fields_json(const struct object *o, struct arena *arena, struct buf *out) {
    const struct object_field *fields;
    size_t count;
    enum status st = object_write_fields_of(o, arena, &fields, &count);
    if (st != STATUS_OK) {
        return st;
    }
    buf_append_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i) {
            buf_append_char(out, ',');
        }
        buf_append_json(out, fields[i].name);
        buf_append_char(out, ':');
        object_write_value_json(&fields[i].value, out);
    }
    buf_append_char(out, '}');
    return STATUS_OK;
}
