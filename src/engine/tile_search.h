// tile_search.h - the objects of a collection as one vector tile, for REST and for Tile38's path alike.
//
// Up to `limit` objects all are shown. When more touch the tile, it is cut into TILE_SEARCH_CELLS x TILE_SEARCH_CELLS and
// each cell shows its share of `limit`: dense places are thinned, sparse ones are whole, and a tile of a million
// objects costs what `limit` objects cost. The same objects give the same tile.
//
// A feature has the object's properties (numbers, strings, booleans; arrays and objects as JSON text), "id", and the number
// of an id that is one.

#ifndef ENGINE_TILE_SEARCH_H
#define ENGINE_TILE_SEARCH_H

#include "engine/engine.h"
#include "geo/tile.h"

#define TILE_SEARCH_CELLS 16
#define TILE_SEARCH_LIMIT 10000

struct tile_search {
    struct str collection, layer;
    struct tile tile;
    uint32_t limit;              // 1..1,000,000
    const struct filter *filter; // NULL: all
};

/// Append the tile; nothing when it is empty. NOT_FOUND without the collection. `*thinned`: not all are shown.
MUST_USE enum status tile_search_write(struct engine *e, unsigned reader,
                                       const struct tile_search *search, struct arena *arena,
                                       struct buf *out, bool *thinned, struct reason *why);

#endif
