// placing.h - the visible part of a batch: index and slots change together, shard by shard.

#ifndef ENGINE_PLACING_H
#define ENGINE_PLACING_H

#include "engine/batch.h"

/// Bring every chain from `before` to `after`. Those for which an index finds no memory are marked
/// failed and stay as they were. The stripes of the batch are held.
void placing_run(struct batch *b);

#endif
