// record.c - bytes of one change.

#include "storage/record.h"

static bool take_varint(struct str *bytes, uint64_t *out);
static bool take_str(struct str *bytes, struct str *out);
static size_t varint_write(char *out, uint64_t v);

void record_write(struct buf *out, const struct record *r) {
    size_t most = 1 + 3 * 10 + r->collection.len + r->id.len + r->body.len;
    char *p = buf_reserve(out, most);
    if (!p) return;
    const struct str parts[3] = {r->collection, r->id, r->body};
    size_t n = 0;
    p[n++] = (char)r->kind;
    for (int i = 0; i < 3; i++) {
        n += varint_write(p + n, parts[i].len);
        if (parts[i].len) memcpy(p + n, parts[i].p, parts[i].len);
        n += parts[i].len;
    }
    out->len += n;
}

enum status record_parse(struct str *bytes, struct record *out) {
    struct str rest = *bytes;
    if (rest.len == 0) return STATUS_CORRUPT;
    unsigned kind = (unsigned char)rest.p[0];
    if (kind < RECORD_PUT || kind > RECORD_RENAME) return STATUS_CORRUPT;
    rest = str_sub(rest, 1, rest.len - 1);
    struct record r = {.kind = (enum record_kind)kind};
    if (!take_str(&rest, &r.collection)) return STATUS_CORRUPT;
    if (!take_str(&rest, &r.id)) return STATUS_CORRUPT;
    if (!take_str(&rest, &r.body)) return STATUS_CORRUPT;
    *out = r;
    *bytes = rest;
    return STATUS_OK;
}

static size_t varint_write(char *out, uint64_t v) {
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        out[n++] = (char)((v & 0x7f) | 0x80);
    out[n++] = (char)v;
    return n;
}

// Nine groups of seven bits, and one bit more: a tenth byte above 1 would not fit in 64.
static bool take_varint(struct str *bytes, uint64_t *out) {
    uint64_t v = 0;
    for (size_t i = 0; i < bytes->len && i < 10; i++) {
        uint64_t byte = (unsigned char)bytes->p[i];
        if (i == 9 && byte > 1) return false;
        v |= (byte & 0x7f) << (7 * i);
        if (byte & 0x80) continue;
        *bytes = str_sub(*bytes, i + 1, bytes->len - i - 1);
        *out = v;
        return true;
    }
    return false;
}

static bool take_str(struct str *bytes, struct str *out) {
    uint64_t len;
    if (!take_varint(bytes, &len) || len > bytes->len) return false;
    *out = str_sub(*bytes, 0, (size_t)len);
    *bytes = str_sub(*bytes, (size_t)len, bytes->len - (size_t)len);
    return true;
}
