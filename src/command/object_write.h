// object_write.h - objects as Tile38 writes them: GeoJSON of every form, positions, fields; the pieces of all answers.
//
// Numbers are written in full, without exponents: what SET took is what GET gives. GeoJSON has longitude first, all else
// latitude first. A string has the position 0, 0.

#ifndef COMMAND_OBJECT_WRITE_H
#define COMMAND_OBJECT_WRITE_H

#include "base/arena.h"
#include "engine/object.h"
#include "engine/properties.h"

/// The text of GET: GeoJSON, or a string as it is.
void object_write_text(const struct object *o, struct buf *out);
/// The same as a bulk string; of OBJECT_STRING the string.
void object_write_bulk(const struct object *o, struct buf *out);
/// The same as a JSON value: a string in quotes.
void object_write_json(const struct object *o, struct buf *out);
/// A geometry as GeoJSON, rings as they are stored.
void object_write_geometry(const struct geometry *g, struct buf *out);
/// The shortest decimal that reads back as the same number, never with an exponent; "null" when not finite.
void object_write_number(double v, struct buf *out);

/// [lat, lon] or [lat, lon, z] of bulk strings; {"lat":..,"lon":..[,"z":..]}. The middle of what has an extent; z is
/// left out when it is 0.
void object_write_point(const struct object *o, struct buf *out);
void object_write_point_json(const struct object *o, struct buf *out);
/// [[lat, lon], [lat, lon]], south-west first; {"sw":{..},"ne":{..}}.
void object_write_bounds(const struct object *o, struct buf *out);
void object_write_bounds_json(const struct object *o, struct buf *out);
void object_write_bbox(const struct bbox *box, struct buf *out);
void object_write_bbox_json(const struct bbox *box, struct buf *out);
/// The geohash of the middle, without quotes; `precision` 1..12.
void object_write_hash(const struct object *o, unsigned precision, struct buf *out);

struct object_field {
    struct str name;
    struct property value;
};
/// The fields in the order of their names (engine/feature_text.h says which properties are fields; 0 is none). Names lie in
/// the arena or in the object. NO_MEMORY.
MUST_USE enum status object_write_fields_of(const struct object *o, struct arena *arena,
                                            const struct object_field **out, size_t *count);
/// One field; false when it is not there (Tile38 then says 0).
bool object_write_field_find(const struct object *o, struct str name, struct property *out);
/// The value as Tile38's RESP (a string without quotes, appended raw) and JSON have it.
void object_write_value(const struct property *value, struct buf *out);
void object_write_value_json(const struct property *value, struct buf *out);
/// [name, value, ...] of bulk strings; {"name":value,...}. An empty list when there are none.
MUST_USE enum status object_write_fields(const struct object *o, struct arena *arena,
                                         struct buf *out);
MUST_USE enum status object_write_fields_json(const struct object *o, struct arena *arena,
                                              struct buf *out);

#endif
