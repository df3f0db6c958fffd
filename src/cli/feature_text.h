// feature_text.h - the Feature that an input record becomes, as JSON text on one line.
//
// Written without its last brace and without its time, so that a replay can give it another.
// Owner: one thread.

#ifndef CLI_FEATURE_TEXT_H
#define CLI_FEATURE_TEXT_H

#include <yyjson.h>

#include "base/buf.h"
#include "base/reason.h"

/// Where ids come from: that of the record, else PREFIX or COLLECTION- and its number.
struct feature_ids {
    struct str collection;
    struct str prefix;  // --id-prefix; may be empty
    const char *column; // --id: property or column that is the id; NULL: guessed
};

struct feature_time {
    bool given;
    int64_t ms; // Unix
};

/// {"type":"Feature","id":"..."
void feature_text_begin(const struct feature_ids *ids, struct str id, uint64_t number,
                        struct buf *out);
/// `root` is a Feature or a bare geometry. "expires_at" becomes what is left of it ("expires_in"). INVALID names what is wrong.
MUST_USE enum status feature_text_json(yyjson_val *root, const struct feature_ids *ids,
                                       uint64_t number, int64_t now_ms, struct buf *out,
                                       struct feature_time *time, struct reason *why);
/// The rest: ,"time":"..."}
void feature_text_end(const struct feature_time *time, struct buf *out);
/// A JSON value as text, appended.
MUST_USE enum status feature_text_value(yyjson_val *value, struct buf *out);
/// RFC 3339, or a number of Unix seconds or milliseconds: whichever of the two gives a year between 1970 and 2286.
bool feature_text_parse_time(struct str text, int64_t *unix_ms);

#endif
