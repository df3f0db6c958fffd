// collection.h - a named set of objects: slots, ids, and one index per shard.
//
//   id --(id_map stripe)--> slot --> object
//   box --(shard table)--> shards --> index part --> slots --> objects
//
// Where a point belongs is arithmetic: shard_map (shard.h) deals quadtree cells to shards. An
// object with extent lives in the shard of its centre; a search asks every shard whose cells or
// whose part's extent its box touches.
//
// Locks, always taken in this order: id stripes (ascending), shards (ascending), then the small
// mutexes of slots and store. Readers of ids take none (id_map.h); readers of an index take the
// shard's brlock for the time of one index_search.
// Lifetime: engine's table holds it; dropping retires it to the epoch.

#ifndef ENGINE_COLLECTION_H
#define ENGINE_COLLECTION_H

#include "engine/id_map.h"
#include "engine/slots.h"
#include "index/index_make.h"

#define COLLECTION_STRIPES 16 // locks and tables of ids

struct collection {
    char *name; // NUL-terminated
    size_t name_len;
    uint64_t incarnation; // differs after drop and re-creation; part of cursors
    enum index_kind index_kind;
    struct slots slots;
    struct id_map *ids; // COLLECTION_STRIPES stripes inside
    struct index **parts; // one per shard, made on first use; written under the shard's lock
    unsigned shard_count;
    _Atomic uint64_t count;          // objects
    _Atomic uint64_t bytes;          // of objects
    _Atomic int64_t created_ms;
};

MUST_USE enum status collection_new(struct str name, enum index_kind kind, unsigned shard_count,
                                    struct epoch *epoch,
                                    uint64_t incarnation, struct collection **out);
/// void * for epoch_retire; frees all objects in it.
void collection_free(void *collection);

/// Borrowed until epoch_leave; NULL when there is none.
const struct object *collection_find(const struct collection *c, struct str id);
/// The box the index keeps for an object: full width when it crosses the antimeridian.
struct index_box collection_index_box(const struct object *o);

#endif
