// buf.h - a growing run of bytes, with a sticky failure.
//
// Writers append without looking; `buf->failed` says at the end whether memory ran
// out on the way (the content is then incomplete and must not be used).
// Owner: one thread.

#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/str.h"

struct buf {
    char *data;
    size_t len;
    size_t cap;
    bool failed;
};

void buf_init(struct buf *b);
void buf_deinit(struct buf *b);
/// Empty again; keeps the memory, clears `failed`.
void buf_clear(struct buf *b);
/// Room for `extra` more bytes at data + len; NULL (and failed) when out of memory. Add to len what was written.
char *buf_reserve(struct buf *b, size_t extra);
void buf_append(struct buf *b, const void *bytes, size_t len);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/// Decimal forms, faster than printf.
void buf_append_u64(struct buf *b, uint64_t v);
void buf_append_i64(struct buf *b, int64_t v);
/// The shortest of at most `decimals` (0..9) decimals: 12.5, -122.4194, 0 (never -0); "null" when not
/// finite. Rounds the exact binary value, half away from zero (printf: half to even).
void buf_append_fixed(struct buf *b, double v, int decimals);
/// Shortest text that reads back as the same double (at most 17 digits), -0.0 included; "null" when not finite.
void buf_append_double(struct buf *b, double v);
/// `s` as a JSON string with quotes; input is valid UTF-8.
void buf_append_json(struct buf *b, struct str s);
/// RFC 3339 in UTC with milliseconds: 2026-01-02T03:04:05.678Z.
void buf_append_time(struct buf *b, int64_t unix_ms);
void buf_append_base64(struct buf *b, const void *bytes, size_t len);
/// LEB128, 1..10 bytes.
void buf_append_varint(struct buf *b, uint64_t v);

static inline void buf_append_str(struct buf *b, struct str s) {
    buf_append(b, s.p, s.len);
}
static inline void buf_append_char(struct buf *b, char c) {
    if (b->len < b->cap && !b->failed) {
        b->data[b->len++] = c;
    } else {
        buf_append(b, &c, 1);
    }
}
static inline struct str buf_str(const struct buf *b) {
    return (struct str){b->data, b->len};
}
/// OK or NO_MEMORY.
static inline enum status buf_status(const struct buf *b) {
    return b->failed ? STATUS_NO_MEMORY : STATUS_OK;
}

#endif
