// script_cache.h - the scripts that were run or loaded, by their SHA-1: texts, bounded in number and bytes.
//
// The one that was used longest ago makes room. Interpreters keep what they compiled until the next flush.
// Threads: any; one lock.

#ifndef COMMAND_SCRIPT_CACHE_H
#define COMMAND_SCRIPT_CACHE_H

#include "base/arena.h"
#include "base/status.h"
#include "command/script_call.h"

#define SCRIPT_CACHE_MAX 1024
#define SCRIPT_CACHE_BYTES (16u << 20)

struct script_cache;

MUST_USE enum status script_cache_new(struct script_cache **out);
void script_cache_free(struct script_cache *c);
/// TOO_LARGE for a text of more than an eighth of SCRIPT_CACHE_BYTES.
MUST_USE enum status script_cache_put(struct script_cache *c, const char sha[SCRIPT_SHA_BYTES],
                                      struct str text);
/// A copy in the arena, if one is given. NOT_FOUND.
MUST_USE enum status script_cache_get(struct script_cache *c, const char sha[SCRIPT_SHA_BYTES],
                                      struct arena *arena, struct str *text);
void script_cache_flush(struct script_cache *c);
/// How often it was flushed.
uint64_t script_cache_flushes(struct script_cache *c);

#endif
