#include "realtime/event_note.h"

static bool take_text(struct str *bytes, struct str *out) {
    uint64_t len = 0;
    size_t i = 0;
    for (;; i++) {
        if (i == bytes->len || i == 5) return false;
        uint64_t byte = (unsigned char)bytes->p[i];
        len |= (byte & 0x7f) << (7 * i);
        if (!(byte & 0x80)) break;
    }
    i++;
    if (len > bytes->len - i) return false;
    *out = str_sub(*bytes, i, (size_t)len);
    *bytes = str_sub(*bytes, i + (size_t)len, bytes->len - i - (size_t)len);
    return true;
}

static char *put_varint(char *p, uint64_t v) {
    for (; v >= 0x80; v >>= 7)
        *p++ = (char)((v & 0x7f) | 0x80);
    *p++ = (char)v;
    return p;
}

void event_note_cut(const struct event_note *n, struct event_note_parts *out) {
    const struct str texts[] = {n->fence_id, n->collection, n->id};
    char *from = out->numbers, *p = from;
    *p++ = (char)n->kind;
    *p++ = (char)n->trigger;
    *p++ = (char)n->command;
    for (unsigned i = 0; i < 3; i++) {
        p = put_varint(p, texts[i].len);
        out->parts[2 * i] = (struct str){from, (size_t)(p - from)};
        out->parts[2 * i + 1] = texts[i];
        from = p;
    }
    out->parts[6] = n->text;
}

bool event_note_parse(struct str bytes, struct event_note *out) {
    if (bytes.len < 3 || (unsigned char)bytes.p[0] >= FENCE_KINDS) return false;
    out->kind = (enum fence_kind)bytes.p[0];
    out->trigger = (unsigned char)bytes.p[1];
    out->command = (unsigned char)bytes.p[2];
    struct str rest = str_sub(bytes, 3, bytes.len - 3);
    if (!take_text(&rest, &out->fence_id)) return false;
    if (!take_text(&rest, &out->collection)) return false;
    if (!take_text(&rest, &out->id)) return false;
    out->text = rest;
    return true;
}
