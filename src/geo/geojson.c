#include "geo/geojson.h"

#include "base/mem.h"
#include "geo/shape.h"

#define LONLAT_DECIMALS 8
#define MEMBERS_MAX 100000 // of one collection

struct members {
    yyjson_val *type, *coordinates, *geometries;
    yyjson_val *unknown; // a name that belongs to no geometry
};

static enum status read_members(yyjson_val *val, struct members *m, struct reason *why);
static enum status parse_at_depth(yyjson_val *val, const struct geometry_limits *limits,
                                  unsigned depth, struct geometry **out, struct reason *why);
static bool type_from_name(struct str name, enum geometry_type *type);
static enum status parse_collection(yyjson_val *list, const struct geometry_limits *limits,
                                    unsigned depth, struct geometry **out, struct reason *why);
static enum status parse_shape(enum geometry_type type, yyjson_val *coordinates,
                               const struct geometry_limits *limits, struct geometry **out,
                               struct reason *why);
static enum status add_position(struct shape *s, yyjson_val *val, struct reason *why);
static void write_coordinates(const struct geometry *g, struct buf *out);
static void write_polygons(const struct geometry *g, struct buf *out);
static void write_part(const struct geometry *g, size_t part, bool reversed, struct buf *out);
static void write_position(struct point p, double z, struct buf *out);
static bool is_clockwise(const struct point *ring, size_t count);

enum status geojson_parse(yyjson_val *val, const struct geometry_limits *limits,
                          struct geometry **out, struct reason *why) {
    struct reason unasked;
    return parse_at_depth(val, limits, 0, out, why ? why : &unasked);
}

bool geojson_parse_point(yyjson_val *val, struct point *p, double *z, bool *has_z) {
    struct members m;
    if (read_members(val, &m, NULL) != STATUS_OK || m.geometries || m.unknown) return false;
    if (!yyjson_equals_str(m.type, "Point") || !yyjson_is_arr(m.coordinates)) return false;
    size_t n = yyjson_arr_size(m.coordinates);
    if (n < 2 || n > 3) return false;
    yyjson_val *number = yyjson_arr_get_first(m.coordinates);
    double v[3] = {0, 0, 0};
    for (size_t i = 0; i < n; i++, number = unsafe_yyjson_get_next(number)) {
        if (!yyjson_is_num(number)) return false;
        v[i] = yyjson_get_num(number);
    }
    *p = point_rounded((struct point){v[0], v[1]});
    *z = v[2];
    *has_z = n == 3;
    return point_valid(*p) && isfinite(v[2]);
}

void geojson_write(const struct geometry *g, struct buf *out) {
    enum geometry_type type = geometry_type(g);
    buf_append_str(out, STR("{\"type\":\""));
    buf_append_str(out, str_of(geometry_type_name(type)));
    if (type != GEOMETRY_COLLECTION) {
        buf_append_str(out, STR("\",\"coordinates\":"));
        write_coordinates(g, out);
        buf_append_char(out, '}');
        return;
    }
    buf_append_str(out, STR("\",\"geometries\":["));
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        if (i > 0) buf_append_char(out, ',');
        geojson_write(geometry_member(g, i), out);
    }
    buf_append_str(out, STR("]}"));
}

void geojson_write_point(struct point p, double z, bool has_z, struct buf *out) {
    buf_append_str(out, STR("{\"type\":\"Point\",\"coordinates\":"));
    write_position(p, has_z ? z : NAN, out);
    buf_append_char(out, '}');
}

// --- reading ---

static enum status set_once(yyjson_val **slot, yyjson_val *val, const char *name,
                            struct reason *why) {
    if (*slot) return reason_set(why, STATUS_BAD_REQUEST, "\"%s\" is given twice", name);
    *slot = val;
    return STATUS_OK;
}

// RFC 7946 knows one reference system; its older spellings are let through, others would be taken for degrees.
static enum status check_crs(yyjson_val *crs, struct reason *why) {
    static const char *const known[] = {"urn:ogc:def:crs:OGC:1.3:CRS84",
                                        "urn:ogc:def:crs:OGC::CRS84", "urn:ogc:def:crs:EPSG::4326",
                                        "EPSG:4326"};
    yyjson_val *name = yyjson_obj_get(yyjson_obj_get(crs, "properties"), "name");
    bool ok = yyjson_is_null(crs);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ok = ok || yyjson_equals_str(name, known[i]);
    if (ok) return STATUS_OK;
    enum status st = reason_set(why, STATUS_BAD_REQUEST,
                                "crs must be CRS84: longitude and latitude in degrees, WGS 84");
    reason_prefix(why, "/crs");
    return st;
}

static enum status refuse_member(yyjson_val *key, struct reason *why) {
    return reason_set(why, STATUS_BAD_REQUEST, "a geometry has no member \"%.*s\"",
                      yyjson_get_len(key) > 64 ? 64 : (int)yyjson_get_len(key),
                      yyjson_get_str(key));
}

// bbox says what the positions say; any other member would be lost, so it is refused.
static enum status read_members(yyjson_val *val, struct members *m, struct reason *why) {
    *m = (struct members){0};
    if (!yyjson_is_obj(val)) {
        return reason_set(why, STATUS_BAD_REQUEST, "a geometry must be an object");
    }
    yyjson_obj_iter iter = yyjson_obj_iter_with(val);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&iter));) {
        yyjson_val *member = yyjson_obj_iter_get_val(key);
        enum status st = STATUS_OK;
        if (yyjson_equals_str(key, "type")) {
            st = set_once(&m->type, member, "type", why);
        } else if (yyjson_equals_str(key, "coordinates")) {
            st = set_once(&m->coordinates, member, "coordinates", why);
        } else if (yyjson_equals_str(key, "geometries")) {
            st = set_once(&m->geometries, member, "geometries", why);
        } else if (yyjson_equals_str(key, "crs")) {
            st = check_crs(member, why);
        } else if (!yyjson_equals_str(key, "bbox")) {
            m->unknown = key;
        }
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static enum status parse_at_depth(yyjson_val *val, const struct geometry_limits *limits,
                                  unsigned depth, struct geometry **out, struct reason *why) {
    struct members m;
    enum status st = read_members(val, &m, why);
    if (st != STATUS_OK) return st;
    enum geometry_type type;
    if (!yyjson_is_str(m.type)) {
        return reason_set(why, STATUS_BAD_REQUEST, "a geometry needs a \"type\"");
    }
    struct str name = {yyjson_get_str(m.type), yyjson_get_len(m.type)};
    if (!type_from_name(name, &type)) {
        st = reason_set(why, STATUS_BAD_REQUEST, "\"%.*s\" is not a geometry type",
                        (int)(name.len < 40 ? name.len : 40), name.p);
        reason_prefix(why, "/type");
        return st;
    }
    if (m.unknown) return refuse_member(m.unknown, why);
    bool is_collection = type == GEOMETRY_COLLECTION;
    const char *wanted = is_collection ? "geometries" : "coordinates";
    yyjson_val *list = is_collection ? m.geometries : m.coordinates;
    if (!yyjson_is_arr(list)) {
        return reason_set(why, STATUS_BAD_REQUEST, "a %s needs an array \"%s\"",
                          geometry_type_name(type), wanted);
    }
    if (is_collection ? m.coordinates : m.geometries) {
        return reason_set(why, STATUS_BAD_REQUEST, "a %s has no \"%s\"", geometry_type_name(type),
                          is_collection ? "coordinates" : "geometries");
    }
    st = is_collection ? parse_collection(list, limits, depth, out, why)
                       : parse_shape(type, list, limits, out, why);
    if (st != STATUS_OK) reason_prefix(why, "/%s", wanted);
    return st;
}

static bool type_from_name(struct str name, enum geometry_type *type) {
    for (int t = GEOMETRY_POINT; t <= GEOMETRY_COLLECTION; t++) {
        *type = (enum geometry_type)t;
        if (str_eq(name, str_of(geometry_type_name(*type)))) return true;
    }
    return false;
}

static enum status parse_members(yyjson_val *list, struct geometry_limits left, unsigned depth,
                                 struct geometry **members, size_t *parsed, struct reason *why) {
    yyjson_arr_iter iter = yyjson_arr_iter_with(list);
    for (yyjson_val *val; (val = yyjson_arr_iter_next(&iter));) {
        enum status st = parse_at_depth(val, &left, depth + 1, &members[*parsed], why);
        if (st != STATUS_OK) {
            reason_prefix(why, "/%zu", *parsed);
            return st;
        }
        left.total_vertices -= (uint32_t)geometry_point_count(members[*parsed]);
        (*parsed)++;
    }
    return STATUS_OK;
}

static enum status parse_collection(yyjson_val *list, const struct geometry_limits *limits,
                                    unsigned depth, struct geometry **out, struct reason *why) {
    size_t count = yyjson_arr_size(list), parsed = 0;
    if (count == 0) {
        return reason_set(why, STATUS_INVALID, "a GeometryCollection needs at least one member");
    }
    if (count > MEMBERS_MAX) return reason_set(why, STATUS_TOO_LARGE, "%zu members", count);
    if (depth + 1 > GEOMETRY_DEPTH) {
        return reason_set(why, STATUS_INVALID, "geometry collections nested deeper than %d",
                          GEOMETRY_DEPTH);
    }
    struct geometry **members = mem_alloc(count * sizeof *members);
    if (!members) return reason_set(why, STATUS_NO_MEMORY, "no memory for a geometry");
    enum status st = parse_members(list, *limits, depth, members, &parsed, why);
    if (st == STATUS_OK) st = geometry_new_collection(members, count, out, why);
    for (size_t i = 0; i < parsed; i++) {
        geometry_unref(members[i]);
    }
    mem_free(members);
    return st;
}

static enum status need_list(yyjson_val *val, size_t min, const char *what, struct reason *why) {
    if (!yyjson_is_arr(val)) {
        return reason_set(why, STATUS_BAD_REQUEST, "%s must be an array", what);
    }
    if (yyjson_arr_size(val) < min) {
        return reason_set(why, STATUS_INVALID, "%s needs at least %zu", what, min);
    }
    return STATUS_OK;
}

static enum status add_positions(struct shape *s, yyjson_val *list, struct reason *why) {
    size_t i = 0;
    yyjson_arr_iter iter = yyjson_arr_iter_with(list);
    for (yyjson_val *val; (val = yyjson_arr_iter_next(&iter)); i++) {
        enum status st = add_position(s, val, why);
        if (st != STATUS_OK) {
            reason_prefix(why, "/%zu", i);
            return st;
        }
    }
    return STATUS_OK;
}

static enum status add_line(struct shape *s, yyjson_val *list, struct reason *why) {
    enum status st = need_list(list, 2, "a line's list of positions", why);
    if (st != STATUS_OK) return st;
    if (yyjson_arr_size(list) > s->limits->ring_vertices) {
        return reason_set(why, STATUS_TOO_LARGE, "a line of %zu positions, the limit is %u",
                          yyjson_arr_size(list), s->limits->ring_vertices);
    }
    st = add_positions(s, list, why);
    return st == STATUS_OK ? shape_end_part(s, false, why) : st;
}

static enum status add_ring(struct shape *s, yyjson_val *list, bool exterior, struct reason *why) {
    enum status st = need_list(list, 4, "a ring's list of positions", why);
    if (st != STATUS_OK) return st;
    if (yyjson_arr_size(list) > s->limits->ring_vertices) {
        return reason_set(why, STATUS_TOO_LARGE, "a ring of %zu positions, the limit is %u",
                          yyjson_arr_size(list), s->limits->ring_vertices);
    }
    size_t begin = s->count;
    st = add_positions(s, list, why);
    if (st != STATUS_OK) return st;
    if (!point_same(s->points[begin], s->points[s->count - 1])) {
        return reason_set(why, STATUS_INVALID, "a ring must end where it begins");
    }
    return shape_end_part(s, exterior, why);
}

static enum status add_polygon(struct shape *s, yyjson_val *list, struct reason *why) {
    enum status st = need_list(list, 1, "a polygon's list of rings", why);
    size_t i = 0;
    yyjson_arr_iter iter = yyjson_arr_iter_with(list);
    for (yyjson_val *val; st == STATUS_OK && (val = yyjson_arr_iter_next(&iter)); i++) {
        st = add_ring(s, val, i == 0, why);
        if (st != STATUS_OK) reason_prefix(why, "/%zu", i);
    }
    return st;
}

static enum status add_multi(struct shape *s, yyjson_val *list, struct reason *why) {
    enum status st = need_list(list, 1, "\"coordinates\"", why);
    size_t i = 0;
    yyjson_arr_iter iter = yyjson_arr_iter_with(list);
    for (yyjson_val *val; st == STATUS_OK && (val = yyjson_arr_iter_next(&iter)); i++) {
        st = s->type == GEOMETRY_MULTIPOINT        ? add_position(s, val, why)
             : s->type == GEOMETRY_MULTILINESTRING ? add_line(s, val, why)
                                                   : add_polygon(s, val, why);
        if (st != STATUS_OK) reason_prefix(why, "/%zu", i);
    }
    return st == STATUS_OK && s->type == GEOMETRY_MULTIPOINT ? shape_end_part(s, false, why) : st;
}

static enum status add_coordinates(struct shape *s, yyjson_val *val, struct reason *why) {
    switch (s->type) {
    case GEOMETRY_POINT: {
        enum status st = add_position(s, val, why);
        return st == STATUS_OK ? shape_end_part(s, false, why) : st;
    }
    case GEOMETRY_LINESTRING: return add_line(s, val, why);
    case GEOMETRY_POLYGON: return add_polygon(s, val, why);
    default: return add_multi(s, val, why);
    }
}

static enum status parse_shape(enum geometry_type type, yyjson_val *coordinates,
                               const struct geometry_limits *limits, struct geometry **out,
                               struct reason *why) {
    struct shape s;
    shape_init(&s, type, limits);
    enum status st = add_coordinates(&s, coordinates, why);
    if (st == STATUS_OK) st = shape_finish(&s, out, why);
    shape_deinit(&s);
    return st;
}

static enum status add_position(struct shape *s, yyjson_val *val, struct reason *why) {
    size_t n = yyjson_arr_size(val);
    if (!yyjson_is_arr(val)) {
        return reason_set(why, STATUS_BAD_REQUEST, "a position must be an array of numbers");
    }
    if (n < 2 || n > 3) {
        return reason_set(why, STATUS_INVALID, "a position has 2 or 3 numbers, not %zu", n);
    }
    double v[3] = {0, 0, NAN};
    yyjson_val *number = yyjson_arr_get_first(val);
    for (size_t i = 0; i < n; i++, number = unsafe_yyjson_get_next(number)) {
        if (!yyjson_is_num(number)) {
            return reason_set(why, STATUS_BAD_REQUEST, "a position must be an array of numbers");
        }
        v[i] = yyjson_get_num(number);
    }
    if (n == 3 && !isfinite(v[2])) {
        return reason_set(why, STATUS_INVALID, "an altitude must be finite");
    }
    if (!(v[0] >= -180.0 && v[0] <= 180.0)) {
        return reason_set(why, STATUS_INVALID, "longitude %.9g is outside -180..180", v[0]);
    }
    if (!(v[1] >= -90.0 && v[1] <= 90.0)) {
        return reason_set(why, STATUS_INVALID, "latitude %.9g is outside -90..90", v[1]);
    }
    return shape_add(s, point_rounded((struct point){v[0], v[1]}), v[2], why);
}

// --- writing ---

static void write_coordinates(const struct geometry *g, struct buf *out) {
    size_t parts = geometry_part_count(g), count;
    switch (geometry_type(g)) {
    case GEOMETRY_POINT: {
        const double *z = NULL;
        const struct point *p = parts ? geometry_part(g, 0, &count, &z) : NULL;
        if (!p || count == 0) {
            buf_append_str(out, STR("[]"));
        } else {
            write_position(p[0], z ? z[0] : NAN, out);
        }
        return;
    }
    case GEOMETRY_MULTIPOINT:
    case GEOMETRY_LINESTRING:
        if (parts == 0) {
            buf_append_str(out, STR("[]"));
        } else {
            write_part(g, 0, false, out);
        }
        return;
    case GEOMETRY_MULTILINESTRING:
        buf_append_char(out, '[');
        for (size_t i = 0; i < parts; i++) {
            if (i > 0) buf_append_char(out, ',');
            write_part(g, i, false, out);
        }
        buf_append_char(out, ']');
        return;
    default: write_polygons(g, out); return;
    }
}

static void write_polygons(const struct geometry *g, struct buf *out) {
    bool multi = geometry_type(g) == GEOMETRY_MULTIPOLYGON;
    if (multi) buf_append_char(out, '[');
    size_t parts = geometry_part_count(g), count;
    if (parts == 0 && !multi) buf_append_str(out, STR("[]"));
    for (size_t i = 0; i < parts; i++) {
        bool exterior = geometry_part_is_exterior(g, i);
        if (exterior) {
            buf_append_str(out, i == 0 ? STR("[") : STR("],["));
        } else {
            buf_append_char(out, ',');
        }
        const struct point *ring = geometry_part(g, i, &count, NULL);
        write_part(g, i, is_clockwise(ring, count) == exterior, out);
    }
    if (parts > 0) buf_append_char(out, ']');
    if (multi) buf_append_char(out, ']');
}

static void write_part(const struct geometry *g, size_t part, bool reversed, struct buf *out) {
    size_t count;
    const double *z;
    const struct point *p = geometry_part(g, part, &count, &z);
    buf_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        size_t at = reversed ? count - 1 - i : i;
        if (i > 0) buf_append_char(out, ',');
        write_position(p[at], z ? z[at] : NAN, out);
    }
    buf_append_char(out, ']');
}

static void write_position(struct point p, double z, struct buf *out) {
    buf_append_char(out, '[');
    buf_append_fixed(out, p.lon > 180.0 ? p.lon - 360.0 : p.lon, LONLAT_DECIMALS);
    buf_append_char(out, ',');
    buf_append_fixed(out, p.lat, LONLAT_DECIMALS);
    if (!isnan(z)) {
        buf_append_char(out, ',');
        buf_append_double(out, z);
    }
    buf_append_char(out, ']');
}

// Shoelace sum about the first point; the sign is all that matters.
static bool is_clockwise(const struct point *ring, size_t count) {
    double sum = 0;
    for (size_t i = 1; i + 1 < count; i++) {
        double ax = ring[i].lon - ring[0].lon, ay = ring[i].lat - ring[0].lat;
        double bx = ring[i + 1].lon - ring[0].lon, by = ring[i + 1].lat - ring[0].lat;
        sum += ax * by - ay * bx;
    }
    return sum < 0;
}
