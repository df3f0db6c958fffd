#include "engine/properties_members.h"

#include "engine/properties_scan.h"

static void member_begin(struct buf *out, size_t start, struct str raw_key) {
    buf_append_char(out, out->len == start ? '{' : ',');
    buf_append_char(out, '"');
    buf_append_str(out, raw_key);
    buf_append_str(out, STR("\":"));
}

static void finish(struct buf *out, size_t start) {
    buf_append_str(out, out->len == start ? STR("{}") : STR("}"));
}

static bool is_named(const struct properties_scan *scan, const struct change_member *members,
                     size_t count) {
    struct property key = {
        .kind = PROPERTY_STRING, .text = scan->key, .escaped = scan->key_escaped};
    for (size_t i = 0; i < count; i++) {
        if (property_text_equals(&key, members[i].name)) {
            return true;
        }
    }
    return false;
}

static bool comes_again(const struct change_member *members, size_t count, size_t i) {
    for (size_t j = i + 1; j < count; j++) {
        if (str_eq(members[i].name, members[j].name)) {
            return true;
        }
    }
    return false;
}

void properties_replace(struct str properties, const struct change_member *members, size_t count,
                        struct buf *out) {
    size_t start = out->len;
    struct properties_scan scan = properties_scan(properties);
    while (properties_scan_next(&scan)) {
        if (!is_named(&scan, members, count)) {
            member_begin(out, start, scan.key);
            buf_append_str(out, scan.value);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (members[i].value.len == 0 || comes_again(members, count, i)) {
            continue;
        }
        buf_append_char(out, out->len == start ? '{' : ',');
        buf_append_json(out, members[i].name);
        buf_append_char(out, ':');
        buf_append_str(out, members[i].value);
    }
    finish(out, start);
}

// Both were written by one writer: equal names are equal bytes.
static bool has_key(struct str properties, struct str raw_key) {
    struct properties_scan scan = properties_scan(properties);
    while (properties_scan_next(&scan)) {
        if (str_eq(scan.key, raw_key)) {
            return true;
        }
    }
    return false;
}

void properties_overlay(struct str properties, struct str over, struct buf *out) {
    size_t start = out->len;
    struct properties_scan scan = properties_scan(properties);
    while (properties_scan_next(&scan)) {
        if (!has_key(over, scan.key)) {
            member_begin(out, start, scan.key);
            buf_append_str(out, scan.value);
        }
    }
    scan = properties_scan(over);
    while (properties_scan_next(&scan)) {
        member_begin(out, start, scan.key);
        buf_append_str(out, scan.value);
    }
    finish(out, start);
}
