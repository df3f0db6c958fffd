// object.c - making objects, looking into them, and their form in the store.

#include "engine/object.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/slab.h"
#include "geo/wkb.h"

#define BODY_FORMAT 1
#define FLAGS_ALL (OBJECT_HAS_GEOMETRY | OBJECT_HAS_Z | OBJECT_HAS_TIME | OBJECT_HAS_EXPIRY)
#define STORED_LIMITS ((struct geometry_limits){UINT32_MAX, UINT32_MAX})

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "numbers are stored as they lie in memory");

/// Bytes being read; `bad` once anything was missing.
struct reader {
    const char *p, *end;
    bool bad;
};

static const char *extra(const struct object *o, unsigned flag);
static const char *put_bytes(char **at, const void *bytes, size_t len);
static void take_plain_point(struct object_draft *draft);
static uint64_t read_varint(struct reader *r);
static int64_t read_signed(struct reader *r);
static double read_double(struct reader *r);
static void write_signed(struct buf *out, int64_t v);
static enum status read_position(struct reader *r, unsigned flags, struct object_draft *draft,
                                 struct geometry **geometry);

enum status object_new(const struct object_draft *given, struct object **out) {
    struct object_draft draft = *given;
    take_plain_point(&draft);
    if (draft.properties.len == 0) {
        draft.properties = STR("{}");
    }
    assert(draft.id.len >= 1 && draft.id.len <= OBJECT_ID_MAX);
    assert(draft.properties.len <= OBJECT_PROPERTIES_MAX);

    unsigned flags = (draft.geometry ? OBJECT_HAS_GEOMETRY : 0u) |
                     (draft.has_z && !draft.geometry ? OBJECT_HAS_Z : 0u) |
                     (draft.has_time ? OBJECT_HAS_TIME : 0u) |
                     (draft.has_expiry ? OBJECT_HAS_EXPIRY : 0u);
    struct object *o =
        slab_alloc(sizeof *o + object_extras_bytes(flags) + draft.id.len + draft.properties.len);
    if (!o) {
        return STATUS_NO_MEMORY;
    }
    *o = (struct object){.properties_len = (uint32_t)draft.properties.len,
                         .id_len = (uint16_t)draft.id.len,
                         .flags = (uint8_t)flags};
    if (draft.geometry) {
        o->geometry = geometry_ref(draft.geometry);
    } else {
        o->point = draft.point;
    }
    char *at = o->bytes;
    if (flags & OBJECT_HAS_Z) {
        put_bytes(&at, &draft.z, sizeof draft.z);
    }
    if (flags & OBJECT_HAS_TIME) {
        put_bytes(&at, &draft.time_ms, sizeof draft.time_ms);
    }
    if (flags & OBJECT_HAS_EXPIRY) {
        put_bytes(&at, &draft.expires_ms, sizeof draft.expires_ms);
    }
    put_bytes(&at, draft.id.p, draft.id.len);
    put_bytes(&at, draft.properties.p, draft.properties.len);
    *out = o;
    return STATUS_OK;
}

static size_t block_bytes(const struct object *o) {
    return sizeof *o + object_extras_bytes(o->flags) + o->id_len + o->properties_len;
}

void object_free(void *object) {
    struct object *o = object;
    if (!o) {
        return;
    }
    if (o->flags & OBJECT_HAS_GEOMETRY) {
        geometry_unref(o->geometry);
    }
    slab_free(o, block_bytes(o));
}

double object_z(const struct object *o) {
    double z;
    memcpy(&z, extra(o, OBJECT_HAS_Z), sizeof z);
    return z;
}

int64_t object_time_ms(const struct object *o) {
    int64_t ms;
    memcpy(&ms, extra(o, OBJECT_HAS_TIME), sizeof ms);
    return ms;
}

int64_t object_expires_ms(const struct object *o) {
    if (!(o->flags & OBJECT_HAS_EXPIRY)) {
        return INT64_MAX;
    }
    int64_t ms;
    memcpy(&ms, extra(o, OBJECT_HAS_EXPIRY), sizeof ms);
    return ms;
}

enum geometry_type object_type(const struct object *o) {
    return o->flags & OBJECT_HAS_GEOMETRY ? geometry_type(o->geometry) : GEOMETRY_POINT;
}

struct point object_center(const struct object *o) {
    if (!(o->flags & OBJECT_HAS_GEOMETRY)) {
        return o->point;
    }
    const struct bbox *box = geometry_bbox(o->geometry);
    return bbox_is_empty(box) ? (struct point){0, 0} : bbox_center(box);
}

struct bbox object_bbox(const struct object *o) {
    if (o->flags & OBJECT_HAS_GEOMETRY) {
        return *geometry_bbox(o->geometry);
    }
    return (struct bbox){o->point.lon, o->point.lat, o->point.lon, o->point.lat};
}

bool object_is_empty(const struct object *o) {
    return (o->flags & OBJECT_HAS_GEOMETRY) && bbox_is_empty(geometry_bbox(o->geometry));
}

size_t object_bytes(const struct object *o) {
    return block_bytes(o) + (o->flags & OBJECT_HAS_GEOMETRY ? geometry_bytes(o->geometry) : 0);
}

size_t object_weight(const struct object *o) {
    size_t points = o->flags & OBJECT_HAS_GEOMETRY ? geometry_point_count(o->geometry) : 0;
    return block_bytes(o) + points * sizeof(struct point);
}

// format, flags, slot, version, generation, created, updated - created, [altitude], [time],
// [expiry], length of properties, properties, then longitude and latitude or the WKB to the end.
// Whole numbers are varints, those that may be negative zigzagged; doubles 8 bytes, little endian.
void object_write(const struct object *o, struct buf *out) {
    buf_append_char(out, BODY_FORMAT);
    buf_append_char(out, (char)o->flags);
    buf_append_varint(out, o->slot);
    buf_append_varint(out, o->version);
    buf_append_char(out, (char)o->generation);
    write_signed(out, o->created_ms);
    write_signed(out, (int64_t)((uint64_t)o->updated_ms - (uint64_t)o->created_ms));
    if (o->flags & OBJECT_HAS_Z) {
        buf_append(out, extra(o, OBJECT_HAS_Z), sizeof(double));
    }
    if (o->flags & OBJECT_HAS_TIME) {
        write_signed(out, object_time_ms(o));
    }
    if (o->flags & OBJECT_HAS_EXPIRY) {
        write_signed(out, object_expires_ms(o));
    }
    buf_append_varint(out, o->properties_len);
    buf_append_str(out, object_properties(o));
    if (o->flags & OBJECT_HAS_GEOMETRY) {
        wkb_write(o->geometry, out);
    } else {
        buf_append(out, &o->point, sizeof o->point);
    }
}

enum status object_parse(struct str body, struct str id, struct object **out) {
    struct reader r = {body.p, body.p + body.len, body.len < 3 || body.p[0] != BODY_FORMAT};
    if (r.bad || id.len < 1 || id.len > OBJECT_ID_MAX) {
        return STATUS_CORRUPT;
    }
    unsigned flags = (unsigned char)body.p[1];
    r.p += 2;
    uint64_t slot = read_varint(&r), version = read_varint(&r);
    unsigned generation = r.p < r.end ? (unsigned char)*r.p++ : (r.bad = true, 0u);
    int64_t created_ms = read_signed(&r);
    int64_t updated_ms = (int64_t)((uint64_t)created_ms + (uint64_t)read_signed(&r));

    struct object_draft draft = {.id = id,
                                 .has_z = flags & OBJECT_HAS_Z,
                                 .has_time = flags & OBJECT_HAS_TIME,
                                 .has_expiry = flags & OBJECT_HAS_EXPIRY};
    draft.z = draft.has_z ? read_double(&r) : 0;
    draft.time_ms = draft.has_time ? read_signed(&r) : 0;
    draft.expires_ms = draft.has_expiry ? read_signed(&r) : 0;
    uint64_t len = read_varint(&r);
    if (r.bad || (flags & ~(unsigned)FLAGS_ALL) || slot >= UINT32_MAX - 1 || version > UINT32_MAX ||
        len < 2 || len > OBJECT_PROPERTIES_MAX || len > (size_t)(r.end - r.p) || *r.p != '{' ||
        r.p[len - 1] != '}' || !isfinite(draft.z)) {
        return STATUS_CORRUPT;
    }
    draft.properties = (struct str){r.p, (size_t)len};
    r.p += len;

    struct geometry *geometry = NULL;
    enum status st = read_position(&r, flags, &draft, &geometry);
    if (st == STATUS_OK) {
        st = object_new(&draft, out);
    }
    geometry_unref(geometry);
    if (st == STATUS_OK) {
        (*out)->slot = (uint32_t)slot;
        (*out)->version = (uint32_t)version;
        (*out)->generation = (uint8_t)generation;
        (*out)->created_ms = created_ms;
        (*out)->updated_ms = updated_ms;
    }
    return st;
}

static enum status read_position(struct reader *r, unsigned flags, struct object_draft *draft,
                                 struct geometry **geometry) {
    if (flags & OBJECT_HAS_GEOMETRY) {
        struct str wkb = {r->p, (size_t)(r->end - r->p)};
        enum status st = wkb_parse(wkb, &STORED_LIMITS, geometry, NULL);
        draft->geometry = *geometry;
        return st == STATUS_OK || st == STATUS_NO_MEMORY ? st : STATUS_CORRUPT;
    }
    draft->point.lon = read_double(r);
    draft->point.lat = read_double(r);
    return r->bad || r->p != r->end || !point_valid(draft->point) ? STATUS_CORRUPT : STATUS_OK;
}

// The commonest geometry needs no block of its own.
static void take_plain_point(struct object_draft *draft) {
    if (!draft->geometry || geometry_type(draft->geometry) != GEOMETRY_POINT ||
        geometry_is_empty(draft->geometry)) {
        return;
    }
    size_t count;
    const double *z;
    draft->point = *geometry_part(draft->geometry, 0, &count, &z);
    if (z) {
        draft->has_z = true;
        draft->z = *z;
    }
    draft->geometry = NULL;
}

// The extras stand in the order of their flags: those with lower bits come before.
static const char *extra(const struct object *o, unsigned flag) {
    assert(o->flags & flag);
    return o->bytes + object_extras_bytes(o->flags & (flag - 1));
}

static const char *put_bytes(char **at, const void *bytes, size_t len) {
    if (len) {
        memcpy(*at, bytes, len);
    }
    return *at += len;
}

static void write_signed(struct buf *out, int64_t v) {
    buf_append_varint(out, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

static int64_t read_signed(struct reader *r) {
    uint64_t v = read_varint(r);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static uint64_t read_varint(struct reader *r) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && r->p < r->end; shift += 7) {
        unsigned char byte = (unsigned char)*r->p++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return v;
        }
    }
    r->bad = true;
    return 0;
}

static double read_double(struct reader *r) {
    double v = 0;
    if (r->bad || r->end - r->p < (ptrdiff_t)sizeof v) {
        r->bad = true;
        return 0;
    }
    memcpy(&v, r->p, sizeof v);
    r->p += sizeof v;
    return v;
}
