// json_path.h - values inside JSON texts by Tile38's paths: "a.b.0.c"; "\." is a dot in a name; in an array a number is an
// index, and -1, when something is set, the place behind the last.
//
// Numbers keep the digits they came with.

#ifndef COMMAND_JSON_PATH_H
#define COMMAND_JSON_PATH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/reason.h"

/// What stands at the path (empty: the whole): its JSON (`raw`), or a string's content, other values as JSON, nothing for
/// null. NOT_FOUND when there is nothing or the text is no JSON. NO_MEMORY.
MUST_USE enum status json_path_get(struct str json, struct str path, bool raw, struct buf *out);
/// The text with `value`, JSON (`raw`) or the content of a string, at the path; what leads there is made. An empty text is an
/// empty object, or an array when the path begins with a number. BAD_REQUEST with words; NO_MEMORY.
MUST_USE enum status json_path_set(struct str json, struct str path, struct str value, bool raw,
                                   struct buf *out, struct reason *why);
/// The text without what stands at the path; NOT_FOUND when nothing does.
MUST_USE enum status json_path_delete(struct str json, struct str path, struct buf *out);

#endif
