// tile38_source.h - what a running Tile38 holds, page by page: its keys, their objects with fields and lives, its
// fences.
//
// Pages are asked for in order of ids, each with the last object of the one before: when that is not there any more,
// others were put or deleted meanwhile and the page is asked for again from further back. So an object that is there
// all the time is given once, whatever happens around it.
// Owner: one thread.

#ifndef CLI_TILE38_SOURCE_H
#define CLI_TILE38_SOURCE_H

#include "cli/resp_client.h"

struct tile38_source;

MUST_USE enum status tile38_source_open(const char *url, const char *password,
                                        struct tile38_source **out, struct reason *why);
/// NULL is allowed.
void tile38_source_close(struct tile38_source *s);
const char *tile38_source_name(const struct tile38_source *s);
/// Objects that it says it holds.
uint64_t tile38_source_objects(struct tile38_source *s);

/// The next key behind `after` in order of bytes ("" at first); NOT_FOUND at the end. Borrowed until close.
MUST_USE enum status tile38_source_key(const struct tile38_source *s, struct str after,
                                       struct str *key);

/// Takes a command that makes what was found anew, as it goes over the wire; `brief` are three of its words: SET, key
/// and id, or SETHOOK or SETCHAN, name and key. Borrowed for the call.
typedef enum status tile38_source_fn(void *ctx, const struct str brief[3], struct str wire,
                                     struct reason *why);
/// All objects of a key.
MUST_USE enum status tile38_source_scan(struct tile38_source *s, struct str key,
                                        tile38_source_fn *take, void *ctx, struct reason *why);
/// All hooks and channels, those of one key only when `key` is not empty.
MUST_USE enum status tile38_source_fences(struct tile38_source *s, struct str key,
                                          tile38_source_fn *take, void *ctx, struct reason *why);

#endif
