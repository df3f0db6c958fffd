// id_map.h - id -> slot, read without locks and without waiting.
//
//   stripe --> table of entries (32 bits of hash, 32 of slot) --> slots --> row, which holds the id
//
// Stripes of open addressing. A reader probes, loads the object of an entry whose hash bits agree and
// compares the id there. Entries never move inside a table: removal leaves a tombstone, which
// insert uses again, and growth publishes a new table and retires the old one to the epoch. So a reader that
// misses an id has looked at a moment at which it was not there.
//
// Threads: find from any thread inside the epoch; insert/remove by the holder of the stripe's lock.

#ifndef ENGINE_ID_MAP_H
#define ENGINE_ID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/epoch.h"
#include "base/str.h"
#include "engine/slots.h"

#define ID_MAP_STRIPES 16

struct id_map;

/// `slots` and `epoch` are borrowed for its life. `seed` keys the hash.
MUST_USE enum status id_map_new(const struct slots *slots, struct epoch *epoch, uint64_t seed,
                                struct id_map **out);
void id_map_free(struct id_map *m);
uint64_t id_map_hash(const struct id_map *m, struct str id);
static inline unsigned id_map_stripe(uint64_t hash) {
    return (unsigned)(hash % ID_MAP_STRIPES);
}
void id_map_lock(struct id_map *m, unsigned stripe);
void id_map_unlock(struct id_map *m, unsigned stripe);
/// The row of this id; NULL when there is none. Borrowed until epoch_leave.
struct row *id_map_find(const struct id_map *m, struct str id, uint64_t hash);
/// Bring near, in this order and with other work between: where the probe begins, where the object's
/// pointer is, the object.
void id_map_prefetch(const struct id_map *m, uint64_t hash);
void id_map_prefetch_slot(const struct id_map *m, uint64_t hash);
void id_map_prefetch_object(const struct id_map *m, uint64_t hash);
/// Not in it yet. Its object may follow later: until then it is not found. NO_MEMORY leaves it unchanged.
MUST_USE enum status id_map_insert(struct id_map *m, uint64_t hash, uint32_t slot);
/// Needs no memory.
void id_map_remove(struct id_map *m, uint64_t hash, uint32_t slot);
/// Make room for `count` ids at once, before other threads know the map.
MUST_USE enum status id_map_reserve(struct id_map *m, size_t count);
size_t id_map_bytes(const struct id_map *m);

#endif
