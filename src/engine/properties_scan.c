// properties_scan.c - one pass over canonical text: keys are compared as they stand, values skipped.

#include "engine/properties.h"

#include <string.h>

#include "engine/properties_scan.h"

static const char *string_end(const char *p, const char *end, bool *escaped);
static const char *value_end(const char *p, const char *end);
static bool find_member(struct str object, struct str name, struct property *out);
static size_t unescape_one(const char *p, const char *end, char out[3], size_t *out_len);

bool properties_find(struct str properties, struct str name, struct property *out) {
    if (find_member(properties, name, out)) {
        return true;
    }
    size_t cut = 0;
    while (cut < name.len && name.p[cut] != '.' && name.p[cut] != '/') {
        cut++;
    }
    if (cut == name.len || !find_member(properties, str_sub(name, 0, cut), out) ||
        out->kind != PROPERTY_OBJECT) {
        return false;
    }
    return properties_find(out->text, str_sub(name, cut + 1, name.len - cut - 1), out);
}

bool property_text_equals(const struct property *p, struct str text) {
    if (!p->escaped) {
        return str_eq(p->text, text);
    }
    const char *at = p->text.p, *end = at + p->text.len;
    size_t used = 0;
    while (at < end) {
        char bytes[3];
        size_t len;
        at += unescape_one(at, end, bytes, &len);
        if (text.len - used < len || memcmp(text.p + used, bytes, len) != 0) {
            return false;
        }
        used += len;
    }
    return used == text.len;
}

struct str property_string(const struct property *p, struct buf *scratch) {
    if (!p->escaped) {
        return p->text;
    }
    buf_clear(scratch);
    const char *at = p->text.p, *end = at + p->text.len;
    while (at < end) {
        char bytes[3];
        size_t len;
        at += unescape_one(at, end, bytes, &len);
        buf_append(scratch, bytes, len);
    }
    return buf_str(scratch);
}

struct properties_scan properties_scan(struct str text) {
    return (struct properties_scan){.at = text.p + (text.len ? 1 : 0), .end = text.p + text.len};
}

bool properties_scan_next(struct properties_scan *s) {
    const char *p = s->at;
    if (p < s->end && *p == ',') {
        p++;
    }
    if (p >= s->end || *p != '"') {
        return false;
    }
    const char *key = p + 1;
    s->key_escaped = false;
    p = string_end(key, s->end, &s->key_escaped);
    s->key = (struct str){key, (size_t)(p - key)};
    const char *value = p + 2 <= s->end ? p + 2 : s->end; // over the quote and the colon
    p = value_end(value, s->end);
    s->value = (struct str){value, (size_t)(p - value)};
    s->at = p;
    return true;
}

void properties_scan_value(const struct properties_scan *s, struct property *out) {
    *out = (struct property){.text = s->value};
    switch (s->value.len ? s->value.p[0] : 'n') {
    case '"':
        out->kind = PROPERTY_STRING;
        out->text = str_sub(s->value, 1, s->value.len - 2);
        out->escaped = memchr(out->text.p, '\\', out->text.len) != NULL;
        break;
    case '{': out->kind = PROPERTY_OBJECT; break;
    case '[': out->kind = PROPERTY_ARRAY; break;
    case 't':
        out->kind = PROPERTY_BOOL;
        out->boolean = true;
        break;
    case 'f': out->kind = PROPERTY_BOOL; break;
    case 'n': out->kind = PROPERTY_NULL; break;
    default:
        out->kind = PROPERTY_NUMBER;
        if (!str_parse_double(s->value, &out->number)) {
            out->kind = PROPERTY_NULL;
        }
        break;
    }
}

static bool find_member(struct str object, struct str name, struct property *out) {
    struct properties_scan scan = properties_scan(object);
    while (properties_scan_next(&scan)) {
        struct property key = {
            .kind = PROPERTY_STRING, .text = scan.key, .escaped = scan.key_escaped};
        if (property_text_equals(&key, name)) {
            properties_scan_value(&scan, out);
            return true;
        }
    }
    return false;
}

/// The closing quote of the string that begins at `p`, or `end`.
static const char *string_end(const char *p, const char *end, bool *escaped) {
    while (p < end && *p != '"') {
        if (*p == '\\') {
            *escaped = true;
            p++;
        }
        p++;
    }
    return p < end ? p : end;
}

/// One past the value that begins at `p`.
static const char *value_end(const char *p, const char *end) {
    bool escaped;
    unsigned depth = 0;
    while (p < end) {
        switch (*p) {
        case '"':
            p = string_end(p + 1, end, &escaped);
            if (depth == 0) {
                return p < end ? p + 1 : end;
            }
            break;
        case '{':
        case '[': depth++; break;
        case '}':
        case ']':
            if (depth == 0) {
                return p; // the object around it ends
            }
            if (--depth == 0) {
                return p + 1;
            }
            break;
        case ',':
            if (depth == 0) {
                return p;
            }
            break;
        default: break;
        }
        p++;
    }
    return end;
}

static unsigned hex_digit(char c) {
    return (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
}

/// Bytes read at `p`; the character in UTF-8. Our own writer escapes nothing outside the first plane.
static size_t unescape_one(const char *p, const char *end, char out[3], size_t *out_len) {
    *out_len = 1;
    if (*p != '\\' || end - p < 2) {
        out[0] = *p;
        return 1;
    }
    switch (p[1]) {
    case 'b': out[0] = '\b'; return 2;
    case 'f': out[0] = '\f'; return 2;
    case 'n': out[0] = '\n'; return 2;
    case 'r': out[0] = '\r'; return 2;
    case 't': out[0] = '\t'; return 2;
    case 'u': break;
    default: out[0] = p[1]; return 2;
    }
    if (end - p < 6) {
        out[0] = '?';
        return (size_t)(end - p);
    }
    unsigned code =
        hex_digit(p[2]) << 12 | hex_digit(p[3]) << 8 | hex_digit(p[4]) << 4 | hex_digit(p[5]);
    if (code < 0x80) {
        out[0] = (char)code;
    } else if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 63));
        *out_len = 2;
    } else {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 63));
        out[2] = (char)(0x80 | (code & 63));
        *out_len = 3;
    }
    return 6;
}
