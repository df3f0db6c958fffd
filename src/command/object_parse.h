// object_parse.h - what SET takes becomes a draft:
//
//   POINT lat lon [z] · BOUNDS minlat minlon maxlat maxlon · HASH geohash · OBJECT geojson · STRING text

#ifndef COMMAND_OBJECT_PARSE_H
#define COMMAND_OBJECT_PARSE_H

#include "command/args.h"

struct object_parse {
    struct object_draft
        draft; // texts in the arguments or the call's arena; `properties` are a Feature's own
    struct geometry *geometry; // a reference, given back by object_parse_release
};

/// Is `word` the name of a type?
bool object_parse_is_type(struct str word);
/// Take the rest behind the type's name. Tile38's errors. On failure nothing needs release.
MUST_USE enum status object_parse_rest(struct args *a, struct str type, struct object_parse *out);
/// A GeoJSON text of any kind (OBJECT's).
MUST_USE enum status object_parse_geojson(struct command_call *call, struct str json,
                                          struct object_parse *out);
void object_parse_release(struct object_parse *o);
/// A field's value (FIELD, FSET) as Tile38 reads it: a number, true, false, null, JSON, else a string; canonical JSON,
/// appended. Appends nothing for the number 0, which takes the field away. BAD_REQUEST for a string that is no UTF-8.
MUST_USE enum status object_parse_value(struct str text, struct buf *out);

#endif
