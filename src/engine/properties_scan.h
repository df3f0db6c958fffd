// properties_scan.h - walking the members of canonical object text, without allocation.

#ifndef ENGINE_PROPERTIES_SCAN_H
#define ENGINE_PROPERTIES_SCAN_H

#include "engine/properties.h"

struct properties_scan {
    const char *at, *end;
    struct str key; // without the quotes, as it stands
    bool key_escaped;
    struct str value; // as it stands, quotes included
};

/// `text` is canonical text of an object.
struct properties_scan properties_scan(struct str text);
/// The next member, or false at the end.
bool properties_scan_next(struct properties_scan *s);
void properties_scan_value(const struct properties_scan *s, struct property *out);

#endif
