#include "proto/resp.h"

#include <string.h>

enum {
    SHORT_MAX = 99,
    FRAME_MAX = 8
}; // most have no more, and where there is room it is written at once

static void line(struct buf *out, char kind, struct str s);

static inline char *head(char *at, char kind, unsigned n) {
    *at++ = kind;
    if (n > 9) *at++ = (char)('0' + n / 10);
    *at++ = (char)('0' + n % 10);
    memcpy(at, "\r\n", 2);
    return at + 2;
}

void resp_simple(struct buf *out, struct str s) {
    line(out, '+', s);
}

void resp_error(struct buf *out, struct str s) {
    line(out, '-', s);
}

void resp_integer(struct buf *out, int64_t v) {
    buf_append_char(out, ':');
    buf_append_i64(out, v);
    buf_append_str(out, STR("\r\n"));
}

void resp_bulk(struct buf *out, struct str s) {
    if (out->failed || s.len > SHORT_MAX || out->cap - out->len < s.len + FRAME_MAX) {
        buf_append_char(out, '$');
        buf_append_u64(out, s.len);
        buf_append_str(out, STR("\r\n"));
        buf_append_str(out, s);
        buf_append_str(out, STR("\r\n"));
        return;
    }
    char *at = head(out->data + out->len, '$', (unsigned)s.len);
    if (s.len) memcpy(at, s.p, s.len);
    memcpy(at + s.len, "\r\n", 2);
    out->len = (size_t)(at + s.len + 2 - out->data);
}

void resp_null(struct buf *out) {
    buf_append_str(out, STR("$-1\r\n"));
}

void resp_array(struct buf *out, size_t count) {
    if (out->failed || count > SHORT_MAX || out->cap - out->len < FRAME_MAX) {
        buf_append_char(out, '*');
        buf_append_u64(out, count);
        buf_append_str(out, STR("\r\n"));
        return;
    }
    out->len = (size_t)(head(out->data + out->len, '*', (unsigned)count) - out->data);
}

void resp_bulk_double(struct buf *out, double v) {
    char room[128];
    struct buf text = {.data = room, .cap = sizeof room}; // more than buf_append_double asks for
    buf_append_double(&text, v);
    resp_bulk(out, buf_str(&text));
}

static void line(struct buf *out, char kind, struct str s) {
    buf_append_char(out, kind);
    for (size_t i = 0; i < s.len; i++) {
        buf_append_char(out, s.p[i] == '\r' || s.p[i] == '\n' ? ' ' : s.p[i]);
    }
    buf_append_str(out, STR("\r\n"));
}
