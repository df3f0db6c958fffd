// http.c - the small parts of HTTP: methods, headers, percent-encoding, queries, content negotiation.

#include "proto/http.h"

static int hex_digit(char c);
static size_t decode_into(struct str s, bool plus_is_space, char *out);
static bool decode(struct str s, bool plus_is_space, struct arena *arena, struct str *out,
                   enum status *st);
static bool element_parse(struct str element, struct str *name, int *quality);
static int media_match(struct str range, struct str type);

struct str http_method_name(enum http_method m) {
    static const char *const names[] = {"GET",   "HEAD",   "POST",    "PUT",
                                        "PATCH", "DELETE", "OPTIONS", "OTHER"};
    return str_of(names[m]);
}

struct str http_request_header(const struct http_request *r, struct str name) {
    for (size_t i = 0; i < r->header_count; i++) {
        const struct http_header *h = &r->headers[i];
        if (h->name.len == name.len && str_eq_nocase(h->name, name)) return h->value;
    }
    return STR_NONE;
}

enum status http_query_next(struct str *rest, struct arena *arena, struct str *name,
                            struct str *value, bool *more) {
    struct str part;
    *more = false;
    do { // "a=1&&b=2" has an empty part, which says nothing
        if (rest->len == 0 || !str_split(rest, '&', &part)) return STATUS_OK;
    } while (part.len == 0);
    size_t equals = str_find(part, '=');
    struct str raw_name = str_sub(part, 0, equals);
    struct str raw_value =
        equals < part.len ? str_sub(part, equals + 1, part.len - equals - 1) : STR("");
    enum status st = STATUS_OK;
    if (!decode(raw_name, true, arena, name, &st)) return st;
    if (!decode(raw_value, true, arena, value, &st)) return st;
    *more = true;
    return STATUS_OK;
}

struct str http_decode(struct str s, struct arena *arena) {
    struct str out;
    enum status st;
    return decode(s, false, arena, &out, &st) ? out : STR_NONE;
}

void http_encode(struct buf *out, struct str s) {
    static const char hex[] = "0123456789ABCDEF";
    bool dots = str_eq(s, STR(".")) || str_eq(s, STR("..")); // a path would lose them
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || (c == '.' && !dots) || c == '_' || c == '~';
        if (plain) {
            buf_append_char(out, (char)c);
        } else {
            buf_append(out, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
        }
    }
}

bool http_accepts(struct str accept, struct str type) {
    if (str_trim(accept).len == 0) return true;
    int best = -1, quality_of_best = 0;
    struct str element;
    while (str_split(&accept, ',', &element)) {
        struct str range;
        int quality;
        if (!element_parse(element, &range, &quality)) continue;
        int match = media_match(range, type);
        if (match > best || (match == best && match >= 0 && quality > quality_of_best)) {
            best = match;
            quality_of_best = quality;
        }
    }
    return best >= 0 && quality_of_best > 0;
}

bool http_accepts_coding(struct str accept_encoding, struct str coding) {
    int named = -1, any = -1;
    struct str element;
    while (str_split(&accept_encoding, ',', &element)) {
        struct str name;
        int quality;
        if (!element_parse(element, &name, &quality)) continue;
        if (str_eq_nocase(name, coding)) named = quality;
        if (str_eq(name, STR("*"))) any = quality;
    }
    return named >= 0 ? named > 0 : any > 0;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Bytes written (never more than s.len), SIZE_MAX for a broken escape.
static size_t decode_into(struct str s, bool plus_is_space, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (c == '%') {
            if (s.len - i < 3) return SIZE_MAX;
            int high = hex_digit(s.p[i + 1]), low = hex_digit(s.p[i + 2]);
            if (high < 0 || low < 0) return SIZE_MAX;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out[n++] = c;
    }
    return n;
}

static bool decode(struct str s, bool plus_is_space, struct arena *arena, struct str *out,
                   enum status *st) {
    *st = STATUS_BAD_REQUEST;
    bool changes = str_find(s, '%') < s.len || (plus_is_space && str_find(s, '+') < s.len);
    if (!changes) {
        *out = s.p ? s : STR("");
        return str_is_utf8(s);
    }
    char *bytes = arena_alloc(arena, s.len);
    if (!bytes) {
        *st = STATUS_NO_MEMORY;
        return false;
    }
    size_t n = decode_into(s, plus_is_space, bytes);
    if (n == SIZE_MAX) return false;
    *out = (struct str){bytes, n};
    return str_is_utf8(*out);
}

/// A qvalue (RFC 9110 12.4.2) in thousandths; -1 when it is not one.
static int quality_parse(struct str s) {
    if (s.len == 0 || s.len > 5 || (s.p[0] != '0' && s.p[0] != '1')) return -1;
    if (s.len > 1 && s.p[1] != '.') return -1;
    int value = (s.p[0] - '0') * 1000, unit = 100;
    for (size_t i = 2; i < s.len; i++, unit /= 10) {
        if (s.p[i] < '0' || s.p[i] > '9') return -1;
        value += (s.p[i] - '0') * unit;
    }
    return value <= 1000 ? value : -1;
}

/// "text/html;level=1;q=0.5" -> "text/html", 500. Other parameters are passed over.
static bool element_parse(struct str element, struct str *name, int *quality) {
    struct str part;
    if (!str_split(&element, ';', &part)) return false;
    *name = str_trim(part);
    *quality = 1000;
    while (str_split(&element, ';', &part)) {
        part = str_trim(part);
        if (part.len >= 2 && (part.p[0] == 'q' || part.p[0] == 'Q') && part.p[1] == '=') {
            *quality = quality_parse(str_sub(part, 2, part.len - 2));
        }
    }
    return name->len > 0 && *quality >= 0;
}

/// How exactly a media range names `type`: 2 itself, 1 "type/*", 0 "*/*", -1 not at all.
static int media_match(struct str range, struct str type) {
    if (str_eq(range, STR("*/*"))) return 0;
    if (str_eq_nocase(range, type)) return 2;
    size_t slash = str_find(type, '/');
    bool star = range.len == slash + 2 && range.p[range.len - 1] == '*';
    return star && str_eq_nocase(str_sub(range, 0, slash + 1), str_sub(type, 0, slash + 1)) ? 1
                                                                                            : -1;
}
