// feature_write.c - object -> Feature text, by copying bytes: answers are mostly this.

#include "api/feature.h"
#include "base/clock.h"
#include "engine/properties.h"
#include "geo/geojson.h"

#define DECIMALS 8

#define TIME_BYTES 24 // 2026-01-02T03:04:05.678Z
#define FIXED_BYTES                                                                                \
    640 // of a feature without texts of its own; set aside once, so that most writes are plain copies

#define LITERAL(out, text) put((out), (text), sizeof(text) - 1)

static inline void put(struct buf *out, const char *bytes, size_t len) {
    if (out->cap - out->len < len) {
        buf_append(out, bytes, len);
        return;
    }
    memcpy(out->data + out->len, bytes, len);
    out->len += len;
}

static void write_position(const struct object *o, struct buf *out);
static void write_properties(const struct object *o, const struct feature_fields *fields,
                             struct buf *out);
static void write_updated(const struct object *o, struct buf *out);
static void write_times(const struct object *o, struct buf *out);
static void write_metadata(const struct object_metadata *m, struct buf *out);

void feature_write(struct engine *e, struct str collection, const struct object *o,
                   const struct feature_fields *fields, const double *distance_m, struct buf *out) {
    struct object_metadata metadata;
    engine_metadata(e, collection, o, &metadata);
    buf_reserve(out, FIXED_BYTES + o->id_len + collection.len + o->properties_len);
    LITERAL(out, "{\"type\":\"Feature\",\"id\":");
    buf_append_json(out, object_id(o));
    LITERAL(out, ",\"collection\":");
    buf_append_json(out, collection.len ? collection : STR("default"));
    write_position(o, out);
    write_properties(o, fields, out);
    if (distance_m) {
        LITERAL(out, ",\"distance\":");
        buf_append_fixed(out, *distance_m, 3);
    }
    write_times(o, out);
    write_metadata(&metadata, out);
    LITERAL(out, ",\"shard_id\":");
    buf_append_u64(out, metadata.shard);
    LITERAL(out, ",\"version\":");
    buf_append_u64(out, o->version);
    LITERAL(out, ",\"created_at\":\"");
    buf_append_time(out, o->created_ms);
    LITERAL(out, "\",\"updated_at\":\"");
    write_updated(o, out);
    LITERAL(out, "\"}");
}

// Most objects never change: then the text stands just before.
static void write_updated(const struct object *o, struct buf *out) {
    size_t back = TIME_BYTES + sizeof("\",\"updated_at\":\"") - 1;
    if (o->updated_ms != o->created_ms || out->failed || !buf_reserve(out, TIME_BYTES)) {
        buf_append_time(out, o->updated_ms);
        return;
    }
    put(out, out->data + out->len - back, TIME_BYTES);
}

static void write_text(const struct object *o, struct buf *out) {
    LITERAL(out, ",\"coordinates\":null,\"geometry\":null,\"text\":");
    buf_append_json(out, object_text(o));
}

static void write_position(const struct object *o, struct buf *out) {
    if (object_form(o) == OBJECT_STRING) {
        write_text(o, out);
        return;
    }
    struct point centre = object_center(o);
    LITERAL(out, ",\"coordinates\":[");
    size_t lat = out->len;
    buf_append_fixed(out, centre.lat, DECIMALS);
    LITERAL(out, ",");
    size_t lon = out->len;
    buf_append_fixed(out, centre.lon, DECIMALS);
    size_t end = out->len;
    LITERAL(out, "],\"geometry\":");
    if (o->flags & OBJECT_HAS_GEOMETRY) {
        geojson_write(o->geometry, out);
        return;
    }
    if (o->flags & OBJECT_HAS_Z || !buf_reserve(out, 2 * (end - lat) + 64)) {
        geojson_write_point(o->point, o->flags & OBJECT_HAS_Z ? object_z(o) : 0,
                            o->flags & OBJECT_HAS_Z, out);
        return;
    }
    LITERAL(out, "{\"type\":\"Point\",\"coordinates\":["); // the same numbers the other way round
    put(out, out->data + lon, end - lon);
    LITERAL(out, ",");
    put(out, out->data + lat, lon - 1 - lat);
    LITERAL(out, "]}");
}

static void write_properties(const struct object *o, const struct feature_fields *fields,
                             struct buf *out) {
    struct str all = object_properties(o);
    LITERAL(out, ",\"properties\":");
    if (!fields || !fields->names) {
        put(out, all.p, all.len);
        return;
    }
    buf_append_char(out, '{');
    bool first = true;
    for (size_t i = 0; i < fields->count; i++) {
        struct property p;
        if (!properties_find(all, fields->names[i], &p)) {
            continue;
        }
        if (!first) {
            buf_append_char(out, ',');
        }
        first = false;
        buf_append_json(out, fields->names[i]);
        buf_append_char(out, ':');
        if (p.kind == PROPERTY_STRING) { // its text comes without the quotes, still escaped
            buf_append_char(out, '"');
            buf_append_str(out, p.text);
            buf_append_char(out, '"');
        } else {
            buf_append_str(out, p.text);
        }
    }
    buf_append_char(out, '}');
}

static void write_times(const struct object *o, struct buf *out) {
    if (o->flags & OBJECT_HAS_TIME) {
        LITERAL(out, ",\"time\":\"");
        buf_append_time(out, object_time_ms(o));
        buf_append_char(out, '"');
    }
    if (o->flags & OBJECT_HAS_EXPIRY) {
        LITERAL(out, ",\"expires_at\":\"");
        buf_append_time(out, object_expires_ms(o));
        buf_append_char(out, '"');
    }
}

static void write_metadata(const struct object_metadata *m, struct buf *out) {
    LITERAL(out, ",\"metadata\":{\"access_frequency\":");
    buf_append_fixed(out, m->access_frequency, 6);
    LITERAL(out, ",\"data_mass\":");
    buf_append_fixed(out, m->data_mass, 0);
    LITERAL(out, ",\"energy_level\":");
    buf_append_u64(out, m->energy_level);
    LITERAL(out, ",\"entangled_objects\":[],\"last_accessed\":");
    if (m->last_accessed_ms) {
        buf_append_char(out, '"');
        buf_append_time(out, m->last_accessed_ms);
        LITERAL(out, "\"}");
    } else {
        LITERAL(out, "null}");
    }
}
