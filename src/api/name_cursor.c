#include "api/name_cursor.h"

static int hex_value(char c);

enum status name_cursor_write(struct str name, struct arena *arena, struct str *out) {
    static const char hex[] = "0123456789abcdef";
    char *text = arena_alloc(arena, name.len * 2);
    if (!text) return STATUS_NO_MEMORY;
    for (size_t i = 0; i < name.len; i++) {
        text[2 * i] = hex[(unsigned char)name.p[i] >> 4];
        text[2 * i + 1] = hex[(unsigned char)name.p[i] & 15];
    }
    *out = (struct str){text, name.len * 2};
    return STATUS_OK;
}

enum status name_cursor_parse(struct str text, struct arena *arena, struct str *out,
                              struct reason *why) {
    char *name = arena_alloc(arena, text.len / 2 + 1);
    if (!name) return STATUS_NO_MEMORY;
    bool ok = text.len % 2 == 0 && text.len > 0 && text.len <= 2 * NAME_CURSOR_MAX;
    for (size_t i = 0; ok && i < text.len / 2; i++) {
        int high = hex_value(text.p[2 * i]), low = hex_value(text.p[2 * i + 1]);
        ok = high >= 0 && low >= 0;
        name[i] = (char)(high * 16 + low);
    }
    *out = (struct str){name, text.len / 2};
    if (ok && str_is_utf8(*out)) return STATUS_OK;
    return reason_set(why, STATUS_BAD_REQUEST, "the cursor is not one of ours");
}

enum status name_cursor_param(struct params *p, struct str *out) {
    struct str text;
    enum status st = params_text(p, "cursor", &text);
    if (st != STATUS_OK || !text.p) return st;
    return name_cursor_parse(text, p->arena, out, p->why);
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
