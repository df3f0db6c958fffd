// json.h - a body becomes a yyjson document: bounded in depth and memory, errors with their place.
//
// Owner: one call.

#ifndef API_JSON_H
#define API_JSON_H

#include <yyjson.h>

#include "base/arena.h"
#include "base/reason.h"

#define JSON_DEPTH 100 // arrays and objects inside each other

struct json {
    yyjson_doc *doc;
    yyjson_val *root;
    bool on_heap;
};

/// Memory that documents are read into one after another, so that none costs an allocation.
struct json_pool {
    void *memory;
    size_t size;
};

/// BAD_REQUEST with line and column: not JSON, invalid UTF-8, 1e999, nested deeper than JSON_DEPTH. A byte
/// order mark is passed over. `pool` (may be NULL) is used while the text is small enough for it.
MUST_USE enum status json_parse(struct str text, const struct json_pool *pool, struct json *out,
                                struct reason *why);
/// With a pool out of `arena` for small texts.
MUST_USE enum status json_parse_body(struct str text, struct arena *arena, struct json *out,
                                     struct reason *why);
/// Zeroed is allowed.
void json_free(struct json *json);

#endif
