// quadkey.h - Bing's text for a tile: a digit 0..3 for each doubling, from the whole world inwards.

#ifndef GEO_QUADKEY_H
#define GEO_QUADKEY_H

#include "base/str.h"
#include "geo/tile.h"

/// "" is the whole world. INVALID for other characters or more than TILE_ZOOM_MAX digits.
MUST_USE enum status quadkey_parse(struct str text, struct tile *out);
/// t->z digits and a NUL.
void quadkey_write(const struct tile *t, char out[TILE_ZOOM_MAX + 1]);

#endif
