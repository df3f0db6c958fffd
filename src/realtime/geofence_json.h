// geofence_json.h - a geofence as JSON: what comes in, what is shown, what is kept.
//
//   {"id","name","geometry","radius","collection","filter","active","rules":[{"id","trigger","webhook_url",
//    "webhook_secret","channel","metadata"}],"created_at","updated_at","version","applies_from_seq"}
//
// geometry may also be {"collection":"districts"}: every area of that collection; without geometry {"roam":
// {"collection","id","nodwell"}} with radius: whoever comes near others.
//
// Threads: any.

#ifndef REALTIME_GEOFENCE_JSON_H
#define REALTIME_GEOFENCE_JSON_H

#include <yyjson.h>

#include "realtime/geofence.h"
#include "realtime/webhook_guard.h"

/// What a secret is shown as, with its last four characters behind; sent back it means the one that is kept.
#define GEOFENCE_HIDDEN "whsec_***"

struct geofence_limits {
    struct geometry_limits geometry;
    struct webhook_guard guard;
};

enum geofence_origin {
    GEOFENCE_FROM_USER, // versions and times are passed over, so that an answer can be sent back
    GEOFENCE_FROM_STORE,
};

/// Our own text, read into the arena, from which nothing has to be freed. CORRUPT.
MUST_USE enum status geofence_json_read(struct str text, struct arena *arena, yyjson_doc **out,
                                        struct reason *why);
/// `id` is that of the URL, which the body may only repeat; STR_NONE: the body's, or a new UUIDv7.
/// BAD_REQUEST for members and types, INVALID for values, TOO_LARGE for limits; the pointer names the place.
MUST_USE enum status geofence_parse(yyjson_val *root, enum geofence_origin origin, struct str id,
                                    const struct geofence_limits *limits, struct geofence **out,
                                    struct reason *why);
/// Gives rules what they may leave out, before `g` takes the place of `old` (NULL: of none): the secret that `old` has for
/// the rule, or a new one. INVALID for a hidden secret that `old` does not know.
MUST_USE enum status geofence_inherit(struct geofence *g, const struct geofence *old,
                                      struct reason *why);
/// What events show of it and its ETag, once all else stands.
MUST_USE enum status geofence_finish(struct geofence *g);

/// Secrets are hidden; `made`: but for those that were made with it, which its maker is told this once.
void geofence_show(const struct geofence *g, bool made, struct buf *out);
/// Everything, for geofence_parse of FROM_STORE.
void geofence_keep_text(const struct geofence *g, struct buf *out);

#endif
