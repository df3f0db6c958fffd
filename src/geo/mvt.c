#include "geo/mvt.h"

#include "base/hash.h"
#include "base/mem.h"
#include "geo/edges.h"

// Fields of the protobuf messages, with their wire types (vector_tile.proto).
enum {
    TILE_LAYER = 3 << 3 | 2,
    LAYER_NAME = 1 << 3 | 2,
    LAYER_FEATURE = 2 << 3 | 2,
    LAYER_KEY = 3 << 3 | 2,
    LAYER_VALUE = 4 << 3 | 2,
    LAYER_EXTENT = 5 << 3,
    LAYER_VERSION = 15 << 3,
    FEATURE_ID = 1 << 3,
    FEATURE_TAGS = 2 << 3 | 2,
    FEATURE_TYPE = 3 << 3,
    FEATURE_GEOMETRY = 4 << 3 | 2,
    VALUE_STRING = 1 << 3 | 2,
    VALUE_DOUBLE = 3 << 3 | 1,
    VALUE_SINT = 6 << 3,
    VALUE_BOOL = 7 << 3,
};
enum { MOVE_TO = 1, LINE_TO = 2, CLOSE_PATH = 7 };
enum { TYPE_POINT = 1, TYPE_LINE, TYPE_POLYGON };

static void add_members(struct mvt *m, const struct geometry *g, uint64_t id);
static void add_shape(struct mvt *m, const struct geometry *g, double turn);
static void add_points(struct mvt *m, const struct point *points, size_t count);
static bool flatten(struct mvt *m, const struct point *points, size_t count, double turn);
static struct point flat_of(const struct mvt *m, struct point p, double turn);
static enum status add_run(void *ctx, const struct point *run, size_t count);
static bool add_ring(struct mvt *m, const struct point *ring, size_t count, bool exterior);
static size_t round_run(struct point *run, size_t count);
static double area_of(const struct point *ring, size_t count);
static void write_path(struct mvt *m, const struct point *run, size_t count, bool backwards);
static void move(struct mvt *m, struct point p);
static void command(struct buf *out, unsigned id, size_t count);
static void zigzag(struct buf *out, int64_t v);
static void end_feature(struct mvt *m, uint64_t id, unsigned type);
static uint32_t intern(struct mvt *m, struct mvt_table *t, unsigned field, struct str entry);
static bool table_grow(struct mvt_table *t);
static struct str table_entry(const struct mvt_table *t, uint32_t i);
static void field_bytes(struct buf *out, unsigned field, struct str bytes);

void mvt_init(struct mvt *m, const struct tile *tile, struct str layer) {
    *m = (struct mvt){.tile = *tile, .layer = layer};
    struct bbox box = {-MVT_BUFFER, -MVT_BUFFER, MVT_EXTENT + MVT_BUFFER, MVT_EXTENT + MVT_BUFFER};
    clip_box_init(&m->cutter, &box);
}

void mvt_deinit(struct mvt *m) {
    clip_box_deinit(&m->cutter);
    buf_deinit(&m->features);
    buf_deinit(&m->tags);
    buf_deinit(&m->geometry);
    buf_deinit(&m->scratch);
    buf_deinit(&m->keys.bytes);
    buf_deinit(&m->values.bytes);
    mem_free(m->keys.slots);
    mem_free(m->keys.offsets);
    mem_free(m->values.slots);
    mem_free(m->values.offsets);
    mem_free(m->flat);
}

void mvt_tag(struct mvt *m, struct str name, const struct mvt_value *value) {
    buf_append_varint(&m->tags, intern(m, &m->keys, LAYER_KEY, name));
    struct buf *b = &m->scratch;
    buf_clear(b);
    switch (value->kind) {
    case MVT_STRING: field_bytes(b, VALUE_STRING, value->text); break;
    case MVT_DOUBLE:
        buf_append_varint(b, VALUE_DOUBLE);
        buf_append(b, &value->number, sizeof value->number); // little endian, as this machine is
        break;
    case MVT_INTEGER:
        buf_append_varint(b, VALUE_SINT);
        zigzag(b, value->integer);
        break;
    case MVT_BOOL: buf_append_varint(b, VALUE_BOOL); buf_append_varint(b, value->boolean);
    }
    m->failed |= b->failed;
    buf_append_varint(&m->tags, intern(m, &m->values, LAYER_VALUE, buf_str(b)));
}

void mvt_add_point(struct mvt *m, struct point p, uint64_t id) {
    for (int turns = -1; turns <= 1; turns++) {
        struct point at = flat_of(m, p, 360.0 * turns);
        if (bbox_contains_point(&m->cutter.box, at)) add_points(m, &at, 1);
    }
    end_feature(m, id, TYPE_POINT);
    buf_clear(&m->tags);
}

void mvt_add(struct mvt *m, const struct geometry *g, uint64_t id) {
    add_members(m, g, id);
    buf_clear(&m->tags);
}

static void add_members(struct mvt *m, const struct geometry *g, uint64_t id) {
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        add_members(m, geometry_member(g, i), id);
    }
    if (geometry_type(g) == GEOMETRY_COLLECTION || geometry_is_empty(g)) return;
    struct bbox reach = tile_bbox_margin(&m->tile, MVT_MARGIN);
    struct edges_turns t = edges_turns(g, reach.min_lon, reach.max_lon);
    for (int turns = t.first; turns <= t.last; turns++) {
        add_shape(m, g, 360.0 * turns);
    }
    unsigned type = edges_is_area(g) ? TYPE_POLYGON : edges_is_line(g) ? TYPE_LINE : TYPE_POINT;
    end_feature(m, id, type);
}

static void add_shape(struct mvt *m, const struct geometry *g, double turn) {
    bool shown = false; // the exterior ring
    for (size_t part = 0; part < geometry_part_count(g) && !m->failed; part++) {
        size_t count, kept = 0;
        const struct point *points = geometry_part(g, part, &count, NULL), *ring;
        if (!flatten(m, points, count, turn)) return;
        if (edges_is_line(g)) {
            m->failed |= clip_box_line(&m->cutter, m->flat, count, add_run, m) != STATUS_OK;
        } else if (edges_is_area(g)) {
            bool exterior = geometry_part_is_exterior(g, part);
            if (!exterior && !shown) continue;
            m->failed |= clip_box_ring(&m->cutter, m->flat, count, &ring, &count) != STATUS_OK;
            bool drawn = !m->failed && count && add_ring(m, ring, count, exterior);
            if (exterior) shown = drawn;
        } else {
            for (size_t i = 0; i < count; i++) {
                if (bbox_contains_point(&m->cutter.box, m->flat[i])) m->flat[kept++] = m->flat[i];
            }
            if (kept) add_points(m, m->flat, kept);
        }
    }
}

static bool flatten(struct mvt *m, const struct point *points, size_t count, double turn) {
    if (count > m->flat_cap) {
        struct point *more = mem_realloc(m->flat, 2 * count * sizeof *more);
        if (!more) {
            m->failed = true;
            return false;
        }
        m->flat = more;
        m->flat_cap = 2 * count;
    }
    for (size_t i = 0; i < count; i++) {
        m->flat[i] = flat_of(m, points[i], turn);
    }
    return true;
}

static struct point flat_of(const struct mvt *m, struct point p, double turn) {
    double side = (double)(1u << m->tile.z);
    struct tile_xy at = tile_project((struct point){p.lon + turn, p.lat});
    return (struct point){(at.x * side - m->tile.x) * MVT_EXTENT,
                          (at.y * side - m->tile.y) * MVT_EXTENT};
}

static void add_points(struct mvt *m, const struct point *points, size_t count) {
    command(&m->geometry, MOVE_TO, count);
    for (size_t i = 0; i < count; i++) {
        move(m, (struct point){nearbyint(points[i].lon), nearbyint(points[i].lat)});
    }
}

static enum status add_run(void *ctx, const struct point *run, size_t count) {
    struct mvt *m = ctx;
    struct point *own =
        (struct point *)(uintptr_t)run; // the cutter's room, ours until the next cut
    count = round_run(own, count);
    if (count > 1) write_path(m, own, count, false);
    return STATUS_OK;
}

static bool add_ring(struct mvt *m, const struct point *ring, size_t count, bool exterior) {
    struct point *own = m->flat; // the ring may lie in it, or behind the cutter
    size_t room = m->flat_cap;
    if (ring != own && count > room) {
        own = mem_realloc(m->flat, count * sizeof *own);
        if (!own) {
            m->failed = true;
            return false;
        }
        m->flat = own;
        m->flat_cap = count;
    }
    if (ring != own) memcpy(own, ring, count * sizeof *own);
    count = round_run(own, count);
    double area = area_of(own, count);
    if (count < 4 || area == 0) return false;
    write_path(m, own, count - 1, (area > 0) != exterior);
    command(&m->geometry, CLOSE_PATH, 1);
    return true;
}

// To whole numbers, without equal neighbours.
static size_t round_run(struct point *run, size_t count) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct point p = {nearbyint(run[i].lon), nearbyint(run[i].lat)};
        if (n && run[n - 1].lon == p.lon && run[n - 1].lat == p.lat) continue;
        run[n++] = p;
    }
    return n;
}

// Twice the area by the surveyor's formula: above 0 for what goes with the clock where y points down.
static double area_of(const struct point *ring, size_t count) {
    double sum = 0;
    for (size_t i = 1; i < count; i++) {
        sum += ring[i - 1].lon * ring[i].lat - ring[i].lon * ring[i - 1].lat;
    }
    return sum;
}

static void write_path(struct mvt *m, const struct point *run, size_t count, bool backwards) {
    command(&m->geometry, MOVE_TO, 1);
    move(m, run[0]);
    command(&m->geometry, LINE_TO, count - 1);
    for (size_t i = 1; i < count; i++) {
        move(m, run[backwards ? count - i : i]);
    }
}

static void move(struct mvt *m, struct point p) {
    int64_t x = (int64_t)p.lon, y = (int64_t)p.lat;
    zigzag(&m->geometry, x - m->at_x);
    zigzag(&m->geometry, y - m->at_y);
    m->at_x = x;
    m->at_y = y;
}

static void command(struct buf *out, unsigned id, size_t count) {
    buf_append_varint(out, id | (uint64_t)count << 3);
}

static void zigzag(struct buf *out, int64_t v) {
    buf_append_varint(out, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

// Keeps the tags: another kind of member may want them.
static void end_feature(struct mvt *m, uint64_t id, unsigned type) {
    m->at_x = m->at_y = 0;
    m->failed |= m->tags.failed || m->geometry.failed;
    if (m->geometry.len == 0) return;
    struct buf *b = &m->scratch;
    buf_clear(b);
    if (id) {
        buf_append_varint(b, FEATURE_ID);
        buf_append_varint(b, id);
    }
    if (m->tags.len) field_bytes(b, FEATURE_TAGS, buf_str(&m->tags));
    buf_append_varint(b, FEATURE_TYPE);
    buf_append_varint(b, type);
    field_bytes(b, FEATURE_GEOMETRY, buf_str(&m->geometry));
    field_bytes(&m->features, LAYER_FEATURE, buf_str(b));
    m->failed |= b->failed || m->features.failed;
    m->feature_count++;
    buf_clear(&m->geometry);
}

enum status mvt_finish(struct mvt *m, struct buf *out) {
    if (m->failed) return STATUS_NO_MEMORY;
    if (m->feature_count == 0) return STATUS_OK;
    struct buf *head = &m->scratch, tail = {0};
    buf_clear(head);
    buf_append_varint(head, LAYER_VERSION);
    buf_append_varint(head, 2);
    field_bytes(head, LAYER_NAME, m->layer);
    buf_append_varint(&tail, LAYER_EXTENT);
    buf_append_varint(&tail, MVT_EXTENT);
    buf_append_varint(out, TILE_LAYER);
    buf_append_varint(out, head->len + m->features.len + m->keys.bytes.len + m->values.bytes.len +
                               tail.len);
    buf_append_str(out, buf_str(head));
    buf_append_str(out, buf_str(&m->features));
    buf_append_str(out, buf_str(&m->keys.bytes));
    buf_append_str(out, buf_str(&m->values.bytes));
    buf_append_str(out, buf_str(&tail));
    bool failed = head->failed || tail.failed || out->failed;
    buf_deinit(&tail);
    return failed ? STATUS_NO_MEMORY : STATUS_OK;
}

static void field_bytes(struct buf *out, unsigned field, struct str bytes) {
    buf_append_varint(out, field);
    buf_append_varint(out, bytes.len);
    buf_append_str(out, bytes);
}

// --- keys and values, each once ---

static uint32_t intern(struct mvt *m, struct mvt_table *t, unsigned field, struct str entry) {
    if (2 * t->count >= t->cap && !table_grow(t)) {
        m->failed = true;
        return 0;
    }
    size_t mask = t->cap - 1, at = hash_bytes(entry.p, entry.len, 0) & mask;
    for (; t->slots[at]; at = (at + 1) & mask) {
        if (str_eq(table_entry(t, t->slots[at] - 1), entry)) return t->slots[at] - 1;
    }
    t->offsets[t->count] = (uint32_t)t->bytes.len;
    field_bytes(&t->bytes, field, entry);
    if (t->bytes.failed || t->bytes.len > UINT32_MAX / 2) {
        m->failed = true;
        return 0;
    }
    t->slots[at] = ++t->count;
    return t->count - 1;
}

static struct str table_entry(const struct mvt_table *t, uint32_t i) {
    const char *p = t->bytes.data + t->offsets[i] + 1; // fields here are one byte
    size_t len = 0;
    for (unsigned shift = 0;; shift += 7) {
        unsigned char c = (unsigned char)*p++;
        len |= (size_t)(c & 127) << shift;
        if (c < 128) return (struct str){p, len};
    }
}

static bool table_grow(struct mvt_table *t) {
    uint32_t cap = t->cap ? t->cap * 2 : 64;
    uint32_t *slots = mem_zalloc(cap, sizeof *slots);
    uint32_t *offsets = slots ? mem_realloc(t->offsets, cap * sizeof *offsets) : NULL;
    if (!offsets) {
        mem_free(slots);
        return false;
    }
    mem_free(t->slots);
    t->slots = slots;
    t->offsets = offsets;
    t->cap = cap;
    for (uint32_t i = 0; i < t->count; i++) {
        struct str entry = table_entry(t, i);
        size_t at = hash_bytes(entry.p, entry.len, 0) & (cap - 1);
        while (slots[at]) {
            at = (at + 1) & (cap - 1);
        }
        slots[at] = i + 1;
    }
    return true;
}
