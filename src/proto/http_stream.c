// http_stream.c - a long body, compressed and cut into chunks as it is sent.

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "proto/gzip.h"
#include "proto/http.h"

enum { PIECE_BYTES = 1 << 17, SIZE_LINE = 10 };

struct http_stream {
    struct buf body;
    size_t at; // given to gzip so far
    struct gzip *gzip;
};

enum status http_stream_new(const struct http_writer *w, struct buf *body,
                            struct http_stream **out) {
    struct http_stream *s = mem_zalloc(1, sizeof *s);
    if (!s) return STATUS_NO_MEMORY;
    enum status st = gzip_new(http_writer_gzip_level(w), &s->gzip);
    if (st != STATUS_OK) {
        mem_free(s);
        return st;
    }
    s->body = *body;
    buf_init(body);
    *out = s;
    return STATUS_OK;
}

void http_stream_free(struct http_stream *s) {
    if (!s) return;
    gzip_free(s->gzip);
    buf_deinit(&s->body);
    mem_free(s);
}

enum status http_stream_next(struct http_stream *s, struct buf *out, bool *last) {
    size_t size_at = out->len, start = size_at + SIZE_LINE;
    buf_append(out, "00000000\r\n", SIZE_LINE);
    do { // a chunk of no bytes would be the end, and gzip may keep what it got
        size_t left = s->body.len - s->at;
        size_t n = left < PIECE_BYTES ? left : PIECE_BYTES;
        struct str piece = str_sub(buf_str(&s->body), s->at, n);
        *last = n == left;
        enum status st = gzip_deflate_piece(s->gzip, piece, s->at == 0, *last, out);
        if (st != STATUS_OK) return st;
        s->at += n;
    } while (out->len == start && !*last);
    char size[SIZE_LINE + 1];
    snprintf(size, sizeof size, "%08x\r\n", (unsigned)(out->len - start));
    if (!out->failed) memcpy(out->data + size_at, size, SIZE_LINE);
    buf_append_str(out, *last ? STR("\r\n0\r\n\r\n") : STR("\r\n"));
    return buf_status(out);
}
