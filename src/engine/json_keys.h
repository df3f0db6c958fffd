// json_keys.h - the member names of one JSON object: unique, and found fast.
//
// Few names are compared one by one; many go into a hash table, so that an object of a million
// members costs a million steps. Owner: one thread, for the time of one call.

#ifndef ENGINE_JSON_KEYS_H
#define ENGINE_JSON_KEYS_H

#include <yyjson.h>

#include "base/reason.h"
#include "base/status.h"
#include "base/str.h"

struct json_keys {
    yyjson_val *object;
    uint32_t *table; // member number + 1, 0: free; NULL for few members
    yyjson_val **keys;
    uint32_t mask;
    uint32_t count;
    uint64_t seed;
};

#define JSON_KEYS_NONE UINT32_MAX

/// BAD_REQUEST with the pointer when two members have one name. `object` is a JSON object.
MUST_USE enum status json_keys_init(struct json_keys *k, yyjson_val *object, struct reason *why);
void json_keys_deinit(struct json_keys *k);
/// The number of the member (0 .. count-1) or JSON_KEYS_NONE; `*value` its value.
uint32_t json_keys_find(const struct json_keys *k, struct str name, yyjson_val **value);

/// reason_prefix with "/name", escaped as RFC 6901 asks.
void json_keys_prefix(struct reason *why, struct str name);

#endif
