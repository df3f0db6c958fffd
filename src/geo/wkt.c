#include "geo/wkt.h"

#include "base/mem.h"
#include "geo/shape.h"

struct reader {
    struct str rest;
    const struct geometry_limits *limits;
    struct reason *why;
};

static enum status parse_any(struct reader *r, unsigned depth, struct geometry **out);
static enum status parse_collection(struct reader *r, unsigned depth, struct geometry **out);
static enum status add_body(struct reader *r, struct shape *s);
static enum status add_positions(struct reader *r, struct shape *s, bool starts);
static enum status add_rings(struct reader *r, struct shape *s);
static enum status add_position(struct reader *r, struct shape *s);
static bool take(struct reader *r, char c);
static struct str take_word(struct reader *r);
static enum status expected(struct reader *r, const char *what);
static bool type_from_word(struct str word, enum geometry_type *type);
static void write_positions(const struct geometry *g, size_t part, struct buf *out);
static void write_body(const struct geometry *g, struct buf *out);
static void write_polygons(const struct geometry *g, struct buf *out);
static bool has_z(const struct geometry *g);

enum status wkt_parse(struct str text, const struct geometry_limits *limits, struct geometry **out,
                      struct reason *why) {
    struct reader r = {str_trim(text), limits, why};
    struct str srid = STR("SRID=4326;");
    if (r.rest.len >= srid.len && str_eq_nocase(str_sub(r.rest, 0, srid.len), srid)) {
        r.rest = str_sub(r.rest, srid.len, r.rest.len - srid.len);
    }
    struct geometry *g = NULL;
    enum status st = parse_any(&r, 0, &g);
    if (st != STATUS_OK) return st;
    if (str_trim(r.rest).len > 0) {
        geometry_unref(g);
        return expected(&r, "the end");
    }
    *out = g;
    return STATUS_OK;
}

void wkt_write(const struct geometry *g, struct buf *out) {
    for (const char *c = geometry_type_name(geometry_type(g)); *c; c++) {
        buf_append_char(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
    }
    if (has_z(g)) buf_append_str(out, STR(" Z"));
    size_t members = geometry_member_count(g);
    if (geometry_is_empty(g) && members == 0) {
        buf_append_str(out, STR(" EMPTY"));
        return;
    }
    buf_append_str(out, STR(" "));
    if (geometry_type(g) != GEOMETRY_COLLECTION) {
        write_body(g, out);
        return;
    }
    for (size_t i = 0; i < members; i++) {
        buf_append_str(out, i == 0 ? STR("(") : STR(", "));
        wkt_write(geometry_member(g, i), out);
    }
    buf_append_char(out, ')');
}

// --- reading ---

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct reader *r) {
    while (r->rest.len > 0 && is_space(*r->rest.p)) {
        r->rest = str_sub(r->rest, 1, r->rest.len - 1);
    }
}

static bool take(struct reader *r, char c) {
    skip_space(r);
    if (r->rest.len == 0 || *r->rest.p != c) return false;
    r->rest = str_sub(r->rest, 1, r->rest.len - 1);
    return true;
}

static struct str take_word(struct reader *r) {
    skip_space(r);
    size_t n = 0;
    while (n < r->rest.len && ((r->rest.p[n] | 32) >= 'a' && (r->rest.p[n] | 32) <= 'z')) {
        n++;
    }
    struct str word = str_sub(r->rest, 0, n);
    r->rest = str_sub(r->rest, n, r->rest.len - n);
    return word;
}

// Reads `word` when it comes next.
static bool take_this(struct reader *r, struct str word) {
    struct reader before = *r;
    if (str_eq_nocase(take_word(r), word)) return true;
    *r = before;
    return false;
}

static enum status expected(struct reader *r, const char *what) {
    size_t shown = r->rest.len < 20 ? r->rest.len : 20;
    return reason_set(r->why, STATUS_BAD_REQUEST, "well-known text: expected %s before \"%.*s\"",
                      what, (int)shown, r->rest.p ? r->rest.p : "");
}

// The type, its Z already cut off: POINT, POINTZ.
static bool type_from_word(struct str word, enum geometry_type *type) {
    for (int t = GEOMETRY_POINT; t <= GEOMETRY_COLLECTION; t++) {
        struct str name = str_of(geometry_type_name((enum geometry_type)t));
        bool with_z = word.len == name.len + 1 && (word.p[name.len] | 32) == 'z';
        if (str_eq_nocase(with_z ? str_sub(word, 0, name.len) : word, name)) {
            *type = (enum geometry_type)t;
            return true;
        }
    }
    return false;
}

static enum status parse_any(struct reader *r, unsigned depth, struct geometry **out) {
    enum geometry_type type;
    struct reader before = *r;
    if (!type_from_word(take_word(r), &type)) {
        *r = before;
        return expected(r, "a geometry type");
    }
    (void)take_this(r, STR("Z"));
    if (type == GEOMETRY_COLLECTION) return parse_collection(r, depth, out);
    struct shape s;
    shape_init(&s, type, r->limits);
    enum status st = take_this(r, STR("EMPTY")) ? STATUS_OK : add_body(r, &s);
    if (st == STATUS_OK) st = shape_finish(&s, out, r->why);
    shape_deinit(&s);
    return st;
}

struct members {
    struct geometry **list;
    size_t count, cap;
};

static enum status add_member(struct reader *r, unsigned depth, struct members *m) {
    if (m->count == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 4;
        struct geometry **list = mem_realloc(m->list, cap * sizeof *list);
        if (!list) return reason_set(r->why, STATUS_NO_MEMORY, "no memory for a geometry");
        m->list = list;
        m->cap = cap;
    }
    enum status st = parse_any(r, depth, &m->list[m->count]);
    if (st == STATUS_OK) m->count++;
    return st;
}

static enum status add_members(struct reader *r, unsigned depth, struct members *m) {
    if (take_this(r, STR("EMPTY"))) return STATUS_OK;
    if (!take(r, '(')) return expected(r, "(");
    do {
        enum status st = add_member(r, depth, m);
        if (st != STATUS_OK) return st;
    } while (take(r, ','));
    return take(r, ')') ? STATUS_OK : expected(r, ")");
}

static enum status parse_collection(struct reader *r, unsigned depth, struct geometry **out) {
    if (depth + 1 > GEOMETRY_DEPTH) {
        return reason_set(r->why, STATUS_INVALID, "geometry collections nested deeper than %d",
                          GEOMETRY_DEPTH);
    }
    struct members m = {NULL, 0, 0};
    enum status st = add_members(r, depth + 1, &m);
    if (st == STATUS_OK) st = geometry_new_collection(m.list, m.count, out, r->why);
    for (size_t i = 0; i < m.count; i++) {
        geometry_unref(m.list[i]);
    }
    mem_free(m.list);
    return st;
}

// MULTIPOINT (1 2, 3 4) and MULTIPOINT ((1 2), (3 4)).
static enum status add_point_of_many(struct reader *r, struct shape *s) {
    if (take_this(r, STR("EMPTY"))) return STATUS_OK;
    bool wrapped = take(r, '(');
    enum status st = add_position(r, s);
    if (st == STATUS_OK && wrapped && !take(r, ')')) return expected(r, ")");
    return st;
}

static enum status add_body(struct reader *r, struct shape *s) {
    enum geometry_type type = s->type;
    if (type == GEOMETRY_POLYGON) return add_rings(r, s);
    if (type == GEOMETRY_LINESTRING) return add_positions(r, s, false);
    if (!take(r, '(')) return expected(r, "(");
    enum status st;
    do {
        if (type == GEOMETRY_POINT) {
            st = s->count == 0 ? add_position(r, s) : expected(r, ")");
        } else if (type == GEOMETRY_MULTIPOINT) {
            st = add_point_of_many(r, s);
        } else if (take_this(r, STR("EMPTY"))) {
            st = STATUS_OK;
        } else {
            st = type == GEOMETRY_MULTIPOLYGON ? add_rings(r, s) : add_positions(r, s, false);
        }
        if (st != STATUS_OK) return st;
    } while (take(r, ','));
    if (!take(r, ')')) return expected(r, ")");
    bool one_part = type == GEOMETRY_POINT || (type == GEOMETRY_MULTIPOINT && s->count > 0);
    return one_part ? shape_end_part(s, false, r->why) : STATUS_OK;
}

static enum status add_positions(struct reader *r, struct shape *s, bool starts) {
    if (!take(r, '(')) return expected(r, "(");
    do {
        enum status st = add_position(r, s);
        if (st != STATUS_OK) return st;
    } while (take(r, ','));
    if (!take(r, ')')) return expected(r, ")");
    return shape_end_part(s, starts, r->why);
}

static enum status add_rings(struct reader *r, struct shape *s) {
    if (!take(r, '(')) return expected(r, "(");
    bool exterior = true;
    do {
        enum status st = add_positions(r, s, exterior);
        if (st != STATUS_OK) return st;
        exterior = false;
    } while (take(r, ','));
    return take(r, ')') ? STATUS_OK : expected(r, ")");
}

static bool take_number(struct reader *r, double *out) {
    skip_space(r);
    size_t n = 0;
    while (n < r->rest.len && !is_space(r->rest.p[n]) && r->rest.p[n] != ',' &&
           r->rest.p[n] != ')' && r->rest.p[n] != '(') {
        n++;
    }
    struct str text = str_sub(r->rest, 0, n);
    if (text.len > 0 && *text.p == '+') text = str_sub(text, 1, text.len - 1);
    if (!str_parse_double(text, out)) return false;
    r->rest = str_sub(r->rest, n, r->rest.len - n);
    return true;
}

static enum status add_position(struct reader *r, struct shape *s) {
    struct point p;
    double z = NAN;
    if (!take_number(r, &p.lon) || !take_number(r, &p.lat)) return expected(r, "a number");
    skip_space(r);
    char next = r->rest.len > 0 ? *r->rest.p : ')';
    if (next != ',' && next != ')' && !take_number(r, &z)) return expected(r, "a number");
    return shape_add(s, p, z, r->why);
}

// --- writing ---

static bool has_z(const struct geometry *g) {
    if (geometry_part_count(g) == 0) return false;
    size_t count;
    const double *z;
    (void)geometry_part(g, 0, &count, &z);
    return z != NULL;
}

static void write_positions(const struct geometry *g, size_t part, struct buf *out) {
    size_t count;
    const double *z;
    const struct point *p = geometry_part(g, part, &count, &z);
    for (size_t i = 0; i < count; i++) {
        buf_append_str(out, i == 0 ? STR("(") : STR(", "));
        buf_append_double(out, p[i].lon > 180.0 ? p[i].lon - 360.0 : p[i].lon);
        buf_append_char(out, ' ');
        buf_append_double(out, p[i].lat);
        if (!z) continue;
        buf_append_char(out, ' ');
        buf_append_double(out, isnan(z[i]) ? 0 : z[i]);
    }
    buf_append_char(out, ')');
}

static void write_body(const struct geometry *g, struct buf *out) {
    switch (geometry_type(g)) {
    case GEOMETRY_POLYGON:
    case GEOMETRY_MULTIPOLYGON: write_polygons(g, out); return;
    case GEOMETRY_MULTILINESTRING:
        for (size_t i = 0; i < geometry_part_count(g); i++) {
            buf_append_str(out, i == 0 ? STR("(") : STR(", "));
            write_positions(g, i, out);
        }
        buf_append_char(out, ')');
        return;
    default: write_positions(g, 0, out); return;
    }
}

static void write_polygons(const struct geometry *g, struct buf *out) {
    bool multi = geometry_type(g) == GEOMETRY_MULTIPOLYGON;
    if (multi) buf_append_char(out, '(');
    for (size_t i = 0; i < geometry_part_count(g); i++) {
        bool starts = geometry_part_is_exterior(g, i);
        if (i > 0) buf_append_str(out, starts ? STR("), ") : STR(", "));
        if (starts) buf_append_char(out, '(');
        write_positions(g, i, out);
    }
    buf_append_char(out, ')');
    if (multi) buf_append_char(out, ')');
}
