#include "proto/gzip.h"

#include <string.h>
#include <zlib.h>

#include "base/mem.h"

enum { GZIP_WRAPPER = 16, STEP_BYTES = 1 << 16 };

struct gzip {
    z_stream stream;
};

static enum status inflate_all(z_stream *z, uint64_t limit_bytes, struct buf *out);

static voidpf take(voidpf opaque, uInt count, uInt size) {
    (void)opaque;
    return mem_zalloc(count, size);
}

static void give(voidpf opaque, voidpf ptr) {
    (void)opaque;
    mem_free(ptr);
}

enum status gzip_new(int level, struct gzip **out) {
    struct gzip *g = mem_zalloc(1, sizeof *g);
    if (!g) return STATUS_NO_MEMORY;
    g->stream.zalloc = take;
    g->stream.zfree = give;
    if (deflateInit2(&g->stream, level, Z_DEFLATED, MAX_WBITS + GZIP_WRAPPER, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        mem_free(g);
        return STATUS_NO_MEMORY;
    }
    *out = g;
    return STATUS_OK;
}

void gzip_free(struct gzip *g) {
    if (!g) return;
    deflateEnd(&g->stream);
    mem_free(g);
}

enum status gzip_deflate(struct gzip *g, struct str in, struct buf *out) {
    return gzip_deflate_piece(g, in, true, true, out);
}

enum status gzip_deflate_piece(struct gzip *g, struct str in, bool first, bool last,
                               struct buf *out) {
    z_stream *z = &g->stream;
    if (in.len > UINT32_MAX) return STATUS_TOO_LARGE;
    if (first) deflateReset(z);
    z->next_in = (Bytef *)(uintptr_t)in.p;
    z->avail_in = (uInt)in.len;
    for (;;) {
        char *room = buf_reserve(out, STEP_BYTES);
        if (!room) return STATUS_NO_MEMORY;
        z->next_out = (Bytef *)room;
        z->avail_out = STEP_BYTES;
        int rc = deflate(z, last ? Z_FINISH : Z_NO_FLUSH);
        out->len += STEP_BYTES - z->avail_out;
        if (rc == Z_STREAM_END) return STATUS_OK;
        if (rc != Z_OK && rc != Z_BUF_ERROR) return STATUS_INTERNAL;
        if (!last && z->avail_in == 0 && z->avail_out) return STATUS_OK;
    }
}

enum status gzip_inflate(struct str in, uint64_t limit_bytes, struct buf *out) {
    if (in.len == 0 || in.len > UINT32_MAX) return STATUS_BAD_REQUEST;
    z_stream z = {.zalloc = take, .zfree = give};
    if (inflateInit2(&z, MAX_WBITS + GZIP_WRAPPER) != Z_OK) return STATUS_NO_MEMORY;
    z.next_in = (Bytef *)(uintptr_t)in.p;
    z.avail_in = (uInt)in.len;
    enum status st = inflate_all(&z, limit_bytes, out);
    inflateEnd(&z);
    return st;
}

static enum status inflate_all(z_stream *z, uint64_t limit_bytes, struct buf *out) {
    uint64_t written = 0;
    for (;;) {
        // One byte more than allowed, so that "exactly the limit" and "more" differ.
        uint64_t left = limit_bytes - written;
        uInt step = left < STEP_BYTES ? (uInt)left + 1 : STEP_BYTES;
        char *room = buf_reserve(out, step);
        if (!room) return STATUS_NO_MEMORY;
        z->next_out = (Bytef *)room;
        z->avail_out = step;
        int rc = inflate(z, Z_NO_FLUSH);
        uInt got = step - z->avail_out;
        out->len += got;
        written += got;
        if (written > limit_bytes) return STATUS_TOO_LARGE;
        if (rc == Z_STREAM_END) {
            if (z->avail_in == 0) return STATUS_OK;
            if (inflateReset(z) != Z_OK) return STATUS_INTERNAL; // the next member
            continue;
        }
        if (rc == Z_MEM_ERROR) return STATUS_NO_MEMORY;
        if (rc != Z_OK || (got == 0 && z->avail_in == 0)) return STATUS_BAD_REQUEST;
    }
}
