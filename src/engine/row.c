// row.c - making rows, moving them, and reading them back from the store.

#include "engine/row.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/slab.h"
#include "geo/wkb.h"

#define BODY_FORMAT 1
#define FLAGS_ALL                                                                                  \
    (OBJECT_HAS_GEOMETRY | OBJECT_HAS_Z | OBJECT_HAS_TIME | OBJECT_HAS_EXPIRY | OBJECT_FORM)
#define STORED_LIMITS ((struct geometry_limits){UINT32_MAX, UINT32_MAX})

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "numbers are stored as they lie in memory");

/// Bytes being read; `bad` once anything was missing.
struct reader {
    const char *p, *end;
    bool bad;
};

static const char *put_bytes(char **at, const void *bytes, size_t len);
static size_t block_bytes(const struct object *o);
static size_t text_bytes(unsigned form, size_t len);
static void take_plain_point(struct object_draft *draft);
static void write_signed(struct buf *out, int64_t v);
static uint64_t read_varint(struct reader *r);
static int64_t read_signed(struct reader *r);
static double read_double(struct reader *r);
static bool read_text(struct reader *r, unsigned flags, struct object_draft *draft);
static enum status read_position(struct reader *r, unsigned flags, struct object_draft *draft,
                                 struct geometry **geometry);

enum status row_new(const struct object_draft *given, struct row **out) {
    struct object_draft draft = *given;
    struct geometry *nowhere = NULL; // of a string
    if (draft.form == OBJECT_STRING) {
        enum status st = geometry_new_collection(NULL, 0, &nowhere, NULL);
        if (st != STATUS_OK) {
            return st;
        }
        draft.geometry = nowhere;
        draft.has_z = false;
    }
    take_plain_point(&draft);
    if (draft.properties.len == 0) {
        draft.properties = STR("{}");
    }
    assert(draft.id.len >= 1 && draft.id.len <= OBJECT_ID_MAX);
    assert(draft.properties.len <= OBJECT_PROPERTIES_MAX && draft.text.len <= OBJECT_TEXT_MAX);

    unsigned flags = (draft.geometry ? OBJECT_HAS_GEOMETRY : 0u) |
                     (draft.has_z && !draft.geometry ? OBJECT_HAS_Z : 0u) |
                     (draft.has_time ? OBJECT_HAS_TIME : 0u) |
                     (draft.has_expiry ? OBJECT_HAS_EXPIRY : 0u) |
                     (unsigned)draft.form << OBJECT_FORM_SHIFT;
    struct row *row = slab_alloc(sizeof *row + object_extras_bytes(flags) + draft.id.len +
                                 draft.properties.len + 2 + text_bytes(draft.form, draft.text.len));
    if (!row) {
        geometry_unref(nowhere);
        return STATUS_NO_MEMORY;
    }
    memset(row, 0, sizeof *row);
    row->properties_len = (uint32_t)draft.properties.len;
    row->id_len = (uint16_t)draft.id.len;
    row->flags = (uint8_t)flags;
    if (draft.geometry) {
        row->geometry = geometry_ref(draft.geometry);
    } else {
        atomic_init(&row->lon, draft.point.lon);
        atomic_init(&row->lat, draft.point.lat);
    }
    char *at = row->bytes;
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
    put_bytes(&at, "", 1);
    put_bytes(&at, draft.properties.p, draft.properties.len);
    put_bytes(&at, "", 1);
    if (draft.form != OBJECT_PLAIN) {
        uint32_t len = (uint32_t)draft.text.len;
        put_bytes(&at, &len, sizeof len);
        put_bytes(&at, draft.text.p, draft.text.len);
        put_bytes(&at, "", 1);
    }
    geometry_unref(nowhere);
    *out = row;
    return STATUS_OK;
}

void row_stamp(struct row *row, const struct row_stamp *stamp) {
    row->slot = stamp->slot;
    row->generation = stamp->generation;
    row->created_ms = stamp->created_ms;
    atomic_store_explicit(&row->updated_ms, stamp->updated_ms, memory_order_relaxed);
    atomic_store_explicit(&row->version, stamp->version, memory_order_relaxed);
}

static size_t text_bytes(unsigned form, size_t len) {
    return form ? sizeof(uint32_t) + len + 1 : 0;
}

static size_t block_bytes(const struct object *o) {
    return sizeof(struct row) + object_extras_bytes(o->flags) + o->id_len + o->properties_len + 2 +
           text_bytes(o->flags & OBJECT_FORM, object_text(o).len);
}

/// What never changes of a row.
static struct object fixed_part(const struct row *row) {
    return (struct object){.flags = row->flags,
                           .id_len = row->id_len,
                           .properties_len = row->properties_len,
                           .bytes = row->bytes};
}

void row_free(struct row *row) {
    if (!row) {
        return;
    }
    if (row->flags & OBJECT_HAS_GEOMETRY) {
        geometry_unref(row->geometry);
    }
    struct object o = fixed_part(row);
    slab_free(row, block_bytes(&o));
}

void row_move(struct row *row, struct point to, int64_t now_ms, unsigned states) {
    assert(row_can_move(row));
    uint32_t version = atomic_load_explicit(&row->version, memory_order_relaxed);
    int64_t updated_ms = atomic_load_explicit(&row->updated_ms, memory_order_relaxed);
    atomic_store_explicit(&row->version, version | ROW_MOVING, memory_order_relaxed);
    atomic_store_explicit(&row->lon, to.lon, memory_order_release);
    atomic_store_explicit(&row->lat, to.lat, memory_order_release);
    atomic_store_explicit(&row->updated_ms, now_ms > updated_ms ? now_ms : updated_ms,
                          memory_order_release);
    while (states--) {
        version = row_next_version(version);
    }
    atomic_store_explicit(&row->version, version, memory_order_release);
}

int64_t row_expires_ms(const struct row *row) {
    struct object o = fixed_part(row);
    return object_expires_ms(&o);
}

size_t row_weight(const struct row *row) {
    size_t points = row->flags & OBJECT_HAS_GEOMETRY ? geometry_point_count(row->geometry) : 0;
    struct object o = fixed_part(row);
    return block_bytes(&o) + points * sizeof(struct point);
}

size_t row_bytes(const struct object *o) {
    return block_bytes(o) + (o->flags & OBJECT_HAS_GEOMETRY ? geometry_bytes(o->geometry) : 0);
}

// format, flags, slot, version, generation, created, updated - created, [altitude], [time],
// [expiry], length of properties, properties, [length of the form's text, text], then longitude and latitude or the WKB
// to the end (nothing for a string).
// Whole numbers are varints, those that may be negative zigzagged; doubles 8 bytes, little endian.
void row_write(const struct object *o, struct buf *out) {
    buf_append_char(out, BODY_FORMAT);
    buf_append_char(out, (char)o->flags);
    buf_append_varint(out, o->slot);
    buf_append_varint(out, o->version);
    buf_append_char(out, (char)o->generation);
    write_signed(out, o->created_ms);
    write_signed(out, (int64_t)((uint64_t)o->updated_ms - (uint64_t)o->created_ms));
    if (o->flags & OBJECT_HAS_Z) {
        double z = object_z(o);
        buf_append(out, &z, sizeof z);
    }
    if (o->flags & OBJECT_HAS_TIME) {
        write_signed(out, object_time_ms(o));
    }
    if (o->flags & OBJECT_HAS_EXPIRY) {
        write_signed(out, object_expires_ms(o));
    }
    buf_append_varint(out, o->properties_len);
    buf_append_str(out, object_properties(o));
    if (o->flags & OBJECT_FORM) {
        buf_append_varint(out, object_text(o).len);
        buf_append_str(out, object_text(o));
    }
    if (object_form(o) == OBJECT_STRING) {
        return;
    }
    if (o->flags & OBJECT_HAS_GEOMETRY) {
        wkb_write(o->geometry, out);
    } else {
        buf_append(out, &o->point, sizeof o->point);
    }
}

enum status row_parse(struct str body, struct str id, struct row **out) {
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
    if (r.bad || (flags & ~(unsigned)FLAGS_ALL) || slot >= UINT32_MAX - 1 ||
        version > ROW_VERSION_MAX || len < 2 || len > OBJECT_PROPERTIES_MAX ||
        len > (size_t)(r.end - r.p) || *r.p != '{' || r.p[len - 1] != '}' || !isfinite(draft.z)) {
        return STATUS_CORRUPT;
    }
    draft.properties = (struct str){r.p, (size_t)len};
    r.p += len;
    if (!read_text(&r, flags, &draft)) {
        return STATUS_CORRUPT;
    }

    struct geometry *geometry = NULL;
    enum status st = read_position(&r, flags, &draft, &geometry);
    if (st == STATUS_OK) {
        st = row_new(&draft, out);
    }
    geometry_unref(geometry);
    if (st == STATUS_OK) {
        row_stamp(*out, &(struct row_stamp){.slot = (uint32_t)slot,
                                            .version = (uint32_t)version,
                                            .generation = (uint8_t)generation,
                                            .created_ms = created_ms,
                                            .updated_ms = updated_ms});
    }
    return st;
}

static bool read_text(struct reader *r, unsigned flags, struct object_draft *draft) {
    draft->form = (enum object_form)(flags >> OBJECT_FORM_SHIFT & 3);
    if (draft->form == OBJECT_PLAIN) {
        return true;
    }
    uint64_t len = read_varint(r);
    if (r->bad || len > OBJECT_TEXT_MAX || len > (size_t)(r->end - r->p)) {
        return false;
    }
    draft->text = (struct str){r->p, (size_t)len};
    r->p += len;
    unsigned place = flags & (OBJECT_HAS_GEOMETRY | OBJECT_HAS_Z);
    if (draft->form == OBJECT_STRING) {
        return place == OBJECT_HAS_GEOMETRY;
    }
    bool whole = len >= 2 && draft->text.p[0] == '{' && draft->text.p[len - 1] == '}';
    return whole && (draft->form == OBJECT_FEATURE || place == OBJECT_HAS_GEOMETRY);
}

static enum status read_position(struct reader *r, unsigned flags, struct object_draft *draft,
                                 struct geometry **geometry) {
    if (draft->form == OBJECT_STRING) {
        return r->p == r->end ? STATUS_OK : STATUS_CORRUPT;
    }
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
