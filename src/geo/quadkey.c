#include "geo/quadkey.h"

enum status quadkey_parse(struct str text, struct tile *out) {
    if (text.len > TILE_ZOOM_MAX) return STATUS_INVALID;
    struct tile t = {0, 0, (unsigned)text.len};
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.p[i] - '0';
        if (digit > 3) return STATUS_INVALID;
        t.x = t.x << 1 | (digit & 1);
        t.y = t.y << 1 | digit >> 1;
    }
    *out = t;
    return STATUS_OK;
}

void quadkey_write(const struct tile *t, char out[TILE_ZOOM_MAX + 1]) {
    for (unsigned i = 0; i < t->z; i++) {
        unsigned bit = t->z - 1 - i;
        out[i] = (char)('0' + (t->x >> bit & 1) + 2 * (t->y >> bit & 1));
    }
    out[t->z] = '\0';
}
