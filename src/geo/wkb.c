#include "geo/wkb.h"

#include <string.h>

#include "base/mem.h"
#include "geo/shape.h"

#define ISO_Z 1000u
#define EWKB_Z 0x80000000u
#define EWKB_M 0x40000000u
#define EWKB_SRID 0x20000000u
#define SRID_WGS84 4326u
#define HEADER_BYTES 5 // byte order and type

struct reader {
    const uint8_t *at, *end;
    bool swap;
    bool failed; // read past the end
    const struct geometry_limits *limits;
    struct reason *why;
};

struct header {
    enum geometry_type type;
    bool has_z;
};

static void write_header(struct buf *out, enum geometry_type type, bool has_z);
static void write_u32(struct buf *out, uint32_t v);
static void write_points(const struct geometry *g, size_t part, struct buf *out);
static void write_coordinates(const struct point *p, const double *z, size_t count,
                              struct buf *out);
static void write_polygon(const struct geometry *g, size_t first, size_t end, struct buf *out);
static void write_multi(const struct geometry *g, bool z, struct buf *out);
static size_t polygon_end(const struct geometry *g, size_t first);
static bool has_z(const struct geometry *g);
static enum status parse_any(struct reader *r, unsigned depth, struct geometry **out);
static enum status read_header(struct reader *r, struct header *h);
static enum status parse_collection(struct reader *r, unsigned depth, struct geometry **out);
static enum status add_body(struct reader *r, struct shape *s, const struct header *h);
static enum status add_points(struct reader *r, struct shape *s, size_t count, bool z);
static enum status add_rings(struct reader *r, struct shape *s, bool z);
static enum status add_members(struct reader *r, struct shape *s);
static bool read_count(struct reader *r, size_t each, size_t *count);
static enum status damaged(struct reader *r);

void wkb_write(const struct geometry *g, struct buf *out) {
    enum geometry_type type = geometry_type(g);
    bool z = has_z(g);
    write_header(out, type, z);
    if (type == GEOMETRY_COLLECTION) {
        size_t members = geometry_member_count(g);
        write_u32(out, (uint32_t)members);
        for (size_t i = 0; i < members; i++) {
            wkb_write(geometry_member(g, i), out);
        }
        return;
    }
    if (type == GEOMETRY_POINT) {
        if (geometry_is_empty(g)) {
            write_coordinates(&(struct point){NAN, NAN}, NULL, 1, out);
        } else {
            write_points(g, 0, out);
        }
    } else if (type == GEOMETRY_LINESTRING) {
        size_t count = geometry_part_count(g) ? geometry_part_end(g, 0) : 0;
        write_u32(out, (uint32_t)count);
        if (count) write_points(g, 0, out);
    } else if (type == GEOMETRY_POLYGON) {
        write_polygon(g, 0, geometry_part_count(g), out);
    } else {
        write_multi(g, z, out);
    }
}

enum status wkb_parse(struct str bytes, const struct geometry_limits *limits, struct geometry **out,
                      struct reason *why) {
    const uint8_t *p = (const uint8_t *)bytes.p;
    struct reader r = {.at = p, .end = p + bytes.len, .limits = limits, .why = why};
    struct geometry *g = NULL;
    enum status st = parse_any(&r, 0, &g);
    if (st != STATUS_OK) return st;
    if (r.at != r.end) {
        geometry_unref(g);
        return reason_set(why, STATUS_CORRUPT, "%zu bytes after the geometry",
                          (size_t)(r.end - r.at));
    }
    *out = g;
    return STATUS_OK;
}

// --- writing: little endian ---

static void write_u32(struct buf *out, uint32_t v) {
    uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    buf_append(out, b, sizeof b);
}

static void write_header(struct buf *out, enum geometry_type type, bool z) {
    buf_append_char(out, 1);
    write_u32(out, (uint32_t)type + (z ? ISO_Z : 0));
}

static uint8_t *put_double(uint8_t *to, double v) {
    uint64_t u;
    memcpy(&u, &v, sizeof u);
    for (int i = 0; i < 8; i++) {
        to[i] = (uint8_t)(u >> (8 * i));
    }
    return to + 8;
}

static void write_coordinates(const struct point *p, const double *z, size_t count,
                              struct buf *out) {
    size_t bytes = count * (z ? 24 : 16);
    uint8_t *to = (uint8_t *)buf_reserve(out, bytes);
    if (!to) return;
    for (size_t i = 0; i < count; i++) {
        to = put_double(to, p[i].lon);
        to = put_double(to, p[i].lat);
        if (z) to = put_double(to, z[i]);
    }
    out->len += bytes;
}

static void write_points(const struct geometry *g, size_t part, struct buf *out) {
    size_t count;
    const double *z;
    const struct point *p = geometry_part(g, part, &count, &z);
    write_coordinates(p, z, count, out);
}

static void write_polygon(const struct geometry *g, size_t first, size_t end, struct buf *out) {
    write_u32(out, (uint32_t)(end - first));
    for (size_t i = first; i < end; i++) {
        size_t count;
        (void)geometry_part(g, i, &count, NULL);
        write_u32(out, (uint32_t)count);
        write_points(g, i, out);
    }
}

static void write_multipoint(const struct geometry *g, bool with_z, struct buf *out) {
    size_t count = 0;
    const double *z = NULL;
    const struct point *p =
        geometry_part_count(g) ? geometry_part(g, 0, &count, &z) : geometry_points(g);
    write_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        write_header(out, GEOMETRY_POINT, with_z);
        write_coordinates(&p[i], z ? &z[i] : NULL, 1, out);
    }
}

static void write_multi(const struct geometry *g, bool z, struct buf *out) {
    size_t parts = geometry_part_count(g);
    if (geometry_type(g) == GEOMETRY_MULTIPOINT) {
        write_multipoint(g, z, out);
        return;
    }
    if (geometry_type(g) == GEOMETRY_MULTILINESTRING) {
        write_u32(out, (uint32_t)parts);
        for (size_t i = 0; i < parts; i++) {
            size_t count;
            (void)geometry_part(g, i, &count, NULL);
            write_header(out, GEOMETRY_LINESTRING, z);
            write_u32(out, (uint32_t)count);
            write_points(g, i, out);
        }
        return;
    }
    uint32_t polygons = 0;
    for (size_t i = 0; i < parts; i++) {
        if (geometry_part_is_exterior(g, i)) polygons++;
    }
    write_u32(out, polygons);
    for (size_t i = 0; i < parts; i = polygon_end(g, i)) {
        write_header(out, GEOMETRY_POLYGON, z);
        write_polygon(g, i, polygon_end(g, i), out);
    }
}

static size_t polygon_end(const struct geometry *g, size_t first) {
    size_t i = first + 1;
    while (i < geometry_part_count(g) && !geometry_part_is_exterior(g, i)) {
        i++;
    }
    return i;
}

static bool has_z(const struct geometry *g) {
    if (geometry_part_count(g) == 0) return false;
    size_t count;
    const double *z;
    (void)geometry_part(g, 0, &count, &z);
    return z != NULL;
}

// --- reading ---

static enum status damaged(struct reader *r) {
    return reason_set(r->why, STATUS_CORRUPT, "well-known binary ends too early");
}

static uint64_t read_uint(struct reader *r, size_t bytes) {
    if ((size_t)(r->end - r->at) < bytes) {
        r->failed = true;
        return 0;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++) {
        size_t from = r->swap ? i : bytes - 1 - i;
        v = v << 8 | r->at[from];
    }
    r->at += bytes;
    return v;
}

static double read_double(struct reader *r) {
    uint64_t u = read_uint(r, 8);
    double v;
    memcpy(&v, &u, sizeof v);
    return v;
}

// Refuses counts that the bytes left cannot hold, before anything is reserved for them.
static bool read_count(struct reader *r, size_t each, size_t *count) {
    *count = (size_t)read_uint(r, 4);
    return !r->failed && *count <= (size_t)(r->end - r->at) / each;
}

static enum status read_header(struct reader *r, struct header *h) {
    uint64_t order = read_uint(r, 1);
    if (r->failed) return damaged(r);
    if (order > 1) {
        return reason_set(r->why, STATUS_CORRUPT, "byte order %u", (unsigned)order);
    }
    r->swap = order == 0;
    uint32_t type = (uint32_t)read_uint(r, 4);
    if (type & EWKB_SRID) {
        uint32_t srid = (uint32_t)read_uint(r, 4);
        if (!r->failed && srid != SRID_WGS84) {
            return reason_set(r->why, STATUS_INVALID, "SRID %u, only 4326 is known", srid);
        }
    }
    if (r->failed) return damaged(r);
    h->has_z = (type & EWKB_Z) || type / ISO_Z % 10 == 1;
    if (type & EWKB_M || (type & 0xfffffff) / ISO_Z > 1) {
        return reason_set(r->why, STATUS_INVALID, "measures (M) are not supported");
    }
    type = (type & 0xfffffff) % ISO_Z;
    if (type < GEOMETRY_POINT || type > GEOMETRY_COLLECTION) {
        return reason_set(r->why, STATUS_CORRUPT, "geometry type %u", type);
    }
    h->type = (enum geometry_type)type;
    return STATUS_OK;
}

static enum status parse_any(struct reader *r, unsigned depth, struct geometry **out) {
    struct header h;
    enum status st = read_header(r, &h);
    if (st != STATUS_OK) return st;
    if (h.type == GEOMETRY_COLLECTION) return parse_collection(r, depth, out);
    struct shape s;
    shape_init(&s, h.type, r->limits);
    s.literal = true;
    st = add_body(r, &s, &h);
    if (st == STATUS_OK) st = shape_finish(&s, out, r->why);
    shape_deinit(&s);
    return st;
}

static enum status parse_collection(struct reader *r, unsigned depth, struct geometry **out) {
    size_t count, parsed = 0;
    if (!read_count(r, HEADER_BYTES, &count)) return damaged(r);
    if (depth + 1 > GEOMETRY_DEPTH) {
        return reason_set(r->why, STATUS_INVALID, "geometry collections nested deeper than %d",
                          GEOMETRY_DEPTH);
    }
    struct geometry **members = mem_alloc(count * sizeof *members);
    if (!members) return reason_set(r->why, STATUS_NO_MEMORY, "no memory for a geometry");
    enum status st = STATUS_OK;
    while (parsed < count && (st = parse_any(r, depth + 1, &members[parsed])) == STATUS_OK) {
        parsed++;
    }
    if (st == STATUS_OK) st = geometry_new_collection(members, count, out, r->why);
    for (size_t i = 0; i < parsed; i++) {
        geometry_unref(members[i]);
    }
    mem_free(members);
    return st;
}

static enum status add_point(struct reader *r, struct shape *s, bool z) {
    struct reader before = *r;
    double lon = read_double(r), lat = read_double(r);
    if (r->failed) return damaged(r);
    if (!isnan(lon) || !isnan(lat)) {
        *r = before;
        return add_points(r, s, 1, z);
    }
    if (z) (void)read_double(r); // POINT EMPTY
    return r->failed ? damaged(r) : STATUS_OK;
}

static enum status add_body(struct reader *r, struct shape *s, const struct header *h) {
    size_t count;
    enum status st;
    switch (h->type) {
    case GEOMETRY_POINT:
        st = add_point(r, s, h->has_z);
        return st == STATUS_OK ? shape_end_part(s, false, r->why) : st;
    case GEOMETRY_LINESTRING:
        if (!read_count(r, h->has_z ? 24 : 16, &count)) return damaged(r);
        if (count == 0) return STATUS_OK;
        st = add_points(r, s, count, h->has_z);
        return st == STATUS_OK ? shape_end_part(s, false, r->why) : st;
    case GEOMETRY_POLYGON: return add_rings(r, s, h->has_z);
    default: return add_members(r, s);
    }
}

static enum status add_points(struct reader *r, struct shape *s, size_t count, bool z) {
    for (size_t i = 0; i < count; i++) {
        double lon = read_double(r), lat = read_double(r);
        double height = z ? read_double(r) : NAN;
        if (r->failed) return damaged(r);
        if (isinf(height)) return reason_set(r->why, STATUS_INVALID, "an altitude must be finite");
        enum status st = shape_add(s, (struct point){lon, lat}, height, r->why);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static enum status add_rings(struct reader *r, struct shape *s, bool z) {
    size_t rings, count;
    if (!read_count(r, 4, &rings)) return damaged(r);
    for (size_t i = 0; i < rings; i++) {
        if (!read_count(r, z ? 24 : 16, &count)) return damaged(r);
        enum status st = add_points(r, s, count, z);
        if (st == STATUS_OK) st = shape_end_part(s, i == 0, r->why);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static enum status add_members(struct reader *r, struct shape *s) {
    static const enum geometry_type single[] = {[GEOMETRY_MULTIPOINT] = GEOMETRY_POINT,
                                                [GEOMETRY_MULTILINESTRING] = GEOMETRY_LINESTRING,
                                                [GEOMETRY_MULTIPOLYGON] = GEOMETRY_POLYGON};
    size_t count;
    if (!read_count(r, HEADER_BYTES, &count)) return damaged(r);
    for (size_t i = 0; i < count; i++) {
        struct header h;
        enum status st = read_header(r, &h);
        if (st != STATUS_OK) return st;
        if (h.type != single[s->type]) {
            return reason_set(r->why, STATUS_CORRUPT, "a %s inside a %s",
                              geometry_type_name(h.type), geometry_type_name(s->type));
        }
        if (h.type == GEOMETRY_POINT) {
            st = add_point(r, s, h.has_z); // one part holds all points
        } else {
            st = add_body(r, s, &h);
        }
        if (st != STATUS_OK) return st;
    }
    bool points = s->type == GEOMETRY_MULTIPOINT && count > 0;
    return points ? shape_end_part(s, false, r->why) : STATUS_OK;
}
