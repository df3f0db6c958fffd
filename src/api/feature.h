// feature.h - one object as JSON: what comes in becomes a draft, what goes out is an RFC 7946 Feature.
//
// Read: type, id, collection, coordinates ([lat, lon]), geometry ([lon, lat]) or the text of a string (then both are null),
// properties, time, expires_in. What our own answers carry besides (bbox, links, metadata, shard_id, version,
// created_at, updated_at, expires_at, distance) is passed over, so that an answer can be sent back.
// Any other member is refused by name.
//
// Threads: one call's.

#ifndef API_FEATURE_H
#define API_FEATURE_H

#include <yyjson.h>

#include "engine/engine.h"

/// What a body may leave out.
enum feature_use {
    FEATURE_CREATE, // a position is needed; the id may be missing
    FEATURE_PATCH,  // anything may be missing
};

struct feature {
    struct object_draft draft; // texts in the arena or the document; `geometry` is ours
    struct str collection;     // STR_NONE when it was not given
    struct geometry *geometry; // a reference, given back by feature_release
    yyjson_val *properties;    // NULL when not given; the draft has the canonical text (CREATE)
    bool has_id, has_position;
    bool sets_time, sets_expiry; // given, or with null taken away: the draft says which
};

/// `scratch` is used for the properties' text. BAD_REQUEST for members and types, INVALID for values, TOO_LARGE for limits; the
/// pointer names the place. On failure nothing needs release.
MUST_USE enum status feature_parse(yyjson_val *root, enum feature_use use,
                                   const struct geometry_limits *limits, int64_t now_ms,
                                   struct arena *arena, struct buf *scratch, struct feature *out,
                                   struct reason *why);
void feature_release(struct feature *feature);

/// Is `id` (or, with what = "collection", a name) 1..256 bytes of UTF-8 without control characters? INVALID else.
MUST_USE enum status feature_check_name(struct str name, const char *what, struct reason *why);

/// Which members an answer carries ("fields").
struct feature_fields {
    const struct str *names; // of properties; NULL: all
    size_t count;
};

/// Everything contract section 3 shows. `distance_m` NULL: without. Metadata is looked up in the engine.
void feature_write(struct engine *e, struct str collection, const struct object *o,
                   const struct feature_fields *fields, const double *distance_m, struct buf *out);

#endif
