// tile_command.h - Tile38's `GET /{collection}/{z}/{x}/{y}.mvt?limit=&sparse=`, for the HTTP door of the RESP port.
//
// The same tile as REST's (engine/tile_search.h), its layer called "tile38" as Tile38's is.

#ifndef COMMAND_TILE_COMMAND_H
#define COMMAND_TILE_COMMAND_H

#include "command/command.h"

#define TILE_COMMAND_TYPE "application/vnd.mapbox-vector-tile"

/// Is it such a path (without its query)? Percent-encoded, as it came, with its leading '/'.
bool tile_command_is(struct str raw_path);
/// Append the tile; nothing when it is empty (Tile38 answers 200 with an empty body; so does a collection that is not
/// there). `query` is what follows '?', or empty. INVALID with a text in `why` for a tile that cannot be.
MUST_USE enum status tile_command_write(struct command_call *call, struct str raw_path,
                                        struct str query, struct buf *out);

#endif
