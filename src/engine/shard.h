// shard.h - who owns which part of the earth, and the lock of each part.
//
// The earth is cut into 64 x 64 quadtree cells (5.625 x 2.8125 degrees); a table says which shard
// owns a cell. Dealt in Hilbert order at first, in runs of equal length; a later dealer
// (rebalancing) changes the table, not this lookup.

#ifndef ENGINE_SHARD_H
#define ENGINE_SHARD_H

#include <stdint.h>

#include "base/brlock.h"
#include "index/index.h"

#define SHARD_MAX 64
#define SHARD_CELL_BITS 6
#define SHARD_CELLS (1u << (2 * SHARD_CELL_BITS))

struct shard_map {
    uint8_t owner[SHARD_CELLS]; // by cell, row after row from the south-west
    unsigned count;
    struct brlock *locks[SHARD_MAX]; // guards every collection's part of the shard
};

/// `count` 1..SHARD_MAX; `readers` as for brlock_new.
MUST_USE enum status shard_map_init(struct shard_map *m, unsigned count, unsigned readers);
void shard_map_deinit(struct shard_map *m);
unsigned shard_of_point(const struct shard_map *m, struct point p);
/// Bit i set: shard i owns a cell that `box` (within -180..180) touches.
uint64_t shard_mask(const struct shard_map *m, const struct bbox *box);

#endif
