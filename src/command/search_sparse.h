// search_sparse.h - SPARSE n: the area's box is cut into 4^n cells, and each gives at most one object.

#ifndef COMMAND_SEARCH_SPARSE_H
#define COMMAND_SEARCH_SPARSE_H

#include "command/search_filter.h"
#include "command/search_reply.h"

/// Hits in the arena, in the order of Tile38's cells: north-west, north-east, south-west, south-east.
MUST_USE enum status search_sparse(struct search_filter *f, struct search_hit **hits,
                                   size_t *count);

#endif
