// reply.h - the pieces that answers are made of.

#ifndef API_REPLY_H
#define API_REPLY_H

#include "api/api_state.h"
#include "api/feature.h"

#define REPLY_LITERAL(out, text) buf_append((out), (text), sizeof(text) - 1)

/// "default" for an empty name.
static inline struct str reply_collection(struct str name) {
    return name.len ? name : STR("default");
}
/// One object with its ETag, and with a Location when `status` is 201.
MUST_USE enum status reply_object(struct api *api, struct call *call, int status,
                                  struct str collection, const struct object *object,
                                  const struct feature_fields *fields);
/// Add the ETag of an object.
MUST_USE enum status reply_etag(struct call *call, const struct object *object);
MUST_USE enum status reply_etag_value(struct call *call, uint64_t etag);
/// Add a Location: `path` with `id` behind it.
MUST_USE enum status reply_location(struct call *call, struct str path, struct str id);
/// Add `Link: <this request with cursor=next>; rel="next"`.
MUST_USE enum status reply_next_link(struct call *call, struct str next);

#endif
