// object.h - one thing on the map, as a reader sees it: a value, read at one moment from its row (row.h).
//
// The numbers are a copy; id, properties and geometry still lie in the row, so an object is borrowed for as long as the
// row may not go away: until epoch_leave. Properties are canonical JSON text made by us: minified, keys unique.
//
// A form says what was stored, where that is more than a geometry with properties:
//
//   PLAIN       a geometry (mostly a Point) with properties; no text
//   FEATURE     a GeoJSON Feature: the text is an object of its members but type and geometry, as they came. Its own
//               properties are among the object's properties too, at their present values
//   COLLECTION  a FeatureCollection: the text is all of it, the geometry a GeometryCollection of all
//   STRING      the text is the string; its geometry is empty, so it is in no index

#ifndef ENGINE_OBJECT_H
#define ENGINE_OBJECT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/reason.h"
#include "geo/geometry.h"

#define OBJECT_ID_MAX 256
#define OBJECT_COLLECTION_MAX 256
#define OBJECT_PROPERTIES_MAX (16u << 20)
#define OBJECT_TEXT_MAX (16u << 20)

enum object_flag {
    OBJECT_HAS_GEOMETRY = 1, // `geometry` holds it; else a Point at lon, lat
    OBJECT_HAS_Z = 2,        // altitude of a Point
    OBJECT_HAS_TIME = 4,
    OBJECT_HAS_EXPIRY = 8,
    OBJECT_FORM = 48, // enum object_form, OBJECT_FORM_SHIFT bits up
};
#define OBJECT_FORM_SHIFT 4

enum object_form {
    OBJECT_PLAIN,
    OBJECT_FEATURE,
    OBJECT_COLLECTION,
    OBJECT_STRING,
};

struct object {
    int64_t created_ms;
    int64_t updated_ms;
    union {
        struct point point;
        const struct geometry *geometry;
    };
    uint32_t slot;
    uint32_t version; // counts the states of the id, from 1
    uint32_t properties_len;
    uint16_t id_len;
    uint8_t flags;
    uint8_t generation; // tells apart objects of one id made in one millisecond (collection.h)
    const char *bytes;  // of the row: extras, id, properties, the form's text; texts end with NUL
};

/// What an object is made from. All borrowed; a geometry gets a reference of its own.
struct object_draft {
    struct str id;
    struct point point;              // when geometry is NULL
    const struct geometry *geometry; // NULL: a Point
    struct str properties;           // canonical JSON object text; empty: {}
    enum object_form form;           // OBJECT_STRING: position and geometry are not looked at
    struct str text;                 // of a form other than OBJECT_PLAIN
    double z;
    bool has_z;
    bool has_time, has_expiry;
    int64_t time_ms;    // device time, Unix ms
    int64_t expires_ms; // Unix ms
};

/// Bytes before the id: altitude, time, expiry.
static inline size_t object_extras_bytes(unsigned flags) {
    return 8u * ((flags >> 1 & 1) + (flags >> 2 & 1) + (flags >> 3 & 1));
}
static inline struct str object_id(const struct object *o) {
    return (struct str){o->bytes + object_extras_bytes(o->flags), o->id_len};
}
/// Never empty: at least "{}".
static inline struct str object_properties(const struct object *o) {
    return (struct str){o->bytes + object_extras_bytes(o->flags) + o->id_len + 1,
                        o->properties_len};
}
static inline enum object_form object_form(const struct object *o) {
    return (enum object_form)(o->flags >> OBJECT_FORM_SHIFT & 3);
}
/// What the form keeps; STR_NONE for OBJECT_PLAIN.
struct str object_text(const struct object *o);
double object_z(const struct object *o);           // with OBJECT_HAS_Z
int64_t object_time_ms(const struct object *o);    // with OBJECT_HAS_TIME
int64_t object_expires_ms(const struct object *o); // INT64_MAX without OBJECT_HAS_EXPIRY
enum geometry_type object_type(const struct object *o);
/// Expired as of `now_ms`: no reader may see it any more, even before upkeep has removed it.
static inline bool object_is_due(const struct object *o, int64_t now_ms) {
    return (o->flags & OBJECT_HAS_EXPIRY) && object_expires_ms(o) <= now_ms;
}
/// The point, or the middle of the bbox; 0, 0 for an empty geometry.
struct point object_center(const struct object *o);
struct bbox object_bbox(const struct object *o);
/// No position at all: a string, or a geometry without coordinates.
bool object_is_empty(const struct object *o);

#endif
