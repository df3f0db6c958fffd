// relocation.h - one item of a collection from its place in the indices to another.
//
// Threads: under the write side of the shards concerned; the id's stripe is held.

#ifndef ENGINE_RELOCATION_H
#define ENGINE_RELOCATION_H

#include "engine/engine_state.h"

#define RELOCATION_NOWHERE UINT8_MAX // a shard number: in no index

struct relocation {
    struct collection *collection;
    uint32_t slot;
    uint8_t from_shard, to_shard;
    struct index_box from, to;
};

/// The shard and the box of a plain point.
uint8_t relocation_of_point(const struct engine *e, struct point p, struct index_box *box);
/// False when no index has to change: then no shard's reader can tell.
bool relocation_matters(const struct relocation *r);
/// Only one shard is concerned.
static inline bool relocation_within(const struct relocation *r) {
    return r->from_shard == r->to_shard || r->from_shard == RELOCATION_NOWHERE ||
           r->to_shard == RELOCATION_NOWHERE;
}
/// The shard, when it is only one.
static inline unsigned relocation_shard(const struct relocation *r) {
    return r->from_shard == RELOCATION_NOWHERE ? r->to_shard : r->from_shard;
}
/// Lock the shards of a relocation, one or two.
void relocation_lock(struct engine *e, const struct relocation *r);
void relocation_unlock(struct engine *e, const struct relocation *r);
/// Change the index, or both. NO_MEMORY leaves all as it was. The shards are locked.
MUST_USE enum status relocation_run(struct engine *e, const struct relocation *r);

#endif
