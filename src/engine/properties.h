// properties.h - looking into and making the canonical JSON text of properties.
//
// Canonical: what properties_canonical wrote: one object, minified, keys unique, valid UTF-8. The
// finder trusts that and nothing else, so it is a single pass without allocation.

#ifndef ENGINE_PROPERTIES_H
#define ENGINE_PROPERTIES_H

#include <yyjson.h>

#include "base/buf.h"
#include "base/reason.h"

#define PROPERTIES_DEPTH 64

enum property_kind {
    PROPERTY_NULL,
    PROPERTY_BOOL,
    PROPERTY_NUMBER,
    PROPERTY_STRING,
    PROPERTY_OBJECT,
    PROPERTY_ARRAY
};

struct property {
    enum property_kind kind;
    struct str text; // as it stands; of a string without the quotes, still escaped when `escaped`
    bool escaped;
    bool boolean;
    double number;
};

/// Append the canonical text of a JSON object (or null: {}). BAD_REQUEST for other types, duplicate keys or
/// too deep nesting, with the pointer.
MUST_USE enum status properties_canonical(yyjson_val *object, struct buf *out, struct reason *why);
/// The canonical text of any value, appended.
MUST_USE enum status properties_canonical_value(yyjson_val *val, struct buf *out,
                                                struct reason *why);
/// A member by name; "a.b" and "a/b" reach into objects when there is no member of that very name.
bool properties_find(struct str properties, struct str name, struct property *out);
/// Compare a property that is a string with plain text, escapes understood.
bool property_text_equals(const struct property *p, struct str text);
/// The string itself, unescaped into `out` when needed.
struct str property_string(const struct property *p, struct buf *scratch);
/// RFC 7396 merge patch of canonical text, appended to `out`.
MUST_USE enum status properties_merge(struct str properties, yyjson_val *patch, struct buf *out,
                                      struct reason *why);

#endif
