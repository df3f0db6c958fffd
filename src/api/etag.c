#include "api/etag.h"

#include "base/arena.h"

static bool parse_tag(struct str *rest, bool *weak, struct str *tag);
static bool parse_ours(struct str tag, uint64_t *out);

void etag_write(uint64_t etag, char out[ETAG_BYTES]) {
    static const char hex[] = "0123456789abcdef";
    out[0] = out[ETAG_BYTES - 1] = '"';
    for (int i = ETAG_BYTES - 2; i > 0; i--, etag >>= 4)
        out[i] = hex[etag & 15];
}

enum status etag_list_parse(const struct http_request *request, struct str header,
                            bool weak_matches, struct arena *arena, struct etag_list *out,
                            struct reason *why) {
    *out = (struct etag_list){0};
    struct str value = http_request_header(request, header);
    if (!value.p) return STATUS_OK;
    out->given = true;
    struct str rest = str_trim(value);
    if (str_eq(rest, STR("*"))) {
        out->any = true;
        return STATUS_OK;
    }
    out->tags =
        arena_alloc(arena, (rest.len / 2 + 1) * sizeof *out->tags); // "" and a comma at least
    if (!out->tags) return STATUS_NO_MEMORY;
    while (rest.len) {
        bool weak;
        struct str tag;
        if (!parse_tag(&rest, &weak, &tag)) {
            return reason_set(why, STATUS_BAD_REQUEST,
                              "%.*s must be * or entity tags in double quotes", STR_ARGS(header));
        }
        uint64_t ours;
        if ((!weak || weak_matches) && parse_ours(tag, &ours)) out->tags[out->count++] = ours;
    }
    return STATUS_OK;
}

bool etag_list_has(const struct etag_list *list, uint64_t etag) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->tags[i] == etag) return true;
    }
    return list->any;
}

/// One tag and the comma behind it.
static bool parse_tag(struct str *rest, bool *weak, struct str *tag) {
    struct str s = *rest;
    *weak = str_starts(s, STR("W/"));
    if (*weak) s = str_sub(s, 2, s.len - 2);
    if (s.len < 2 || s.p[0] != '"') return false;
    s = str_sub(s, 1, s.len - 1);
    size_t end = str_find(s, '"');
    if (end == s.len) return false;
    *tag = str_sub(s, 0, end);
    s = str_trim(str_sub(s, end + 1, s.len - end - 1));
    if (s.len && s.p[0] != ',') return false;
    *rest = s.len ? str_trim(str_sub(s, 1, s.len - 1)) : s;
    return true;
}

static bool parse_ours(struct str tag, uint64_t *out) {
    if (tag.len != ETAG_BYTES - 2) return false;
    *out = 0;
    for (size_t i = 0; i < tag.len; i++) {
        char c = tag.p[i];
        bool digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'f';
        if (!digit && !letter) return false;
        *out = *out << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
    }
    return true;
}
