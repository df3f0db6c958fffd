#include "engine/feature_text.h"

#include "engine/properties_scan.h"

struct str feature_text_properties(struct str text) {
    struct properties_scan scan = properties_scan(text);
    while (properties_scan_next(&scan)) {
        if (str_eq(scan.key, STR("properties")) && scan.value.len && scan.value.p[0] == '{') {
            return scan.value;
        }
    }
    return STR("{}");
}

// Both texts were written by one writer: equal names and values are equal bytes.
bool feature_text_owns(struct str own, struct str raw_key, struct str raw_value) {
    struct properties_scan scan = properties_scan(own);
    while (properties_scan_next(&scan)) {
        if (str_eq(scan.key, raw_key)) {
            return str_eq(scan.value, raw_value);
        }
    }
    return false;
}

void feature_text_fields(const struct object *o, struct buf *out) {
    struct str all = object_properties(o);
    struct str own =
        object_form(o) == OBJECT_FEATURE ? feature_text_properties(object_text(o)) : STR("{}");
    if (own.len == 2) {
        buf_append_str(out, all);
        return;
    }
    if (str_eq(own, all)) {
        buf_append_str(out, STR("{}"));
        return;
    }
    char before = '{';
    struct properties_scan scan = properties_scan(all);
    while (properties_scan_next(&scan)) {
        if (feature_text_owns(own, scan.key, scan.value)) {
            continue;
        }
        buf_append_char(out, before);
        buf_append_char(out, '"');
        buf_append_str(out, scan.key);
        buf_append_str(out, STR("\":"));
        buf_append_str(out, scan.value);
        before = ',';
    }
    buf_append_str(out, before == '{' ? STR("{}") : STR("}"));
}
