// id_map.h - id -> slot, read without locks.
//
// Stripes of open addressing: an entry is 8 bytes, 32 bits of hash and 32 of slot. A reader probes, loads the object
// of an entry whose hash bits agree and compares the id there; a miss counts only when
// the stripe's sequence number did not change meanwhile. Growth makes a new table and retires the
// old one to the epoch. Ids live in the objects, not here.
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

struct id_map;

/// `slots` and `epoch` are borrowed for its life.
MUST_USE enum status id_map_new(unsigned stripes, const struct slots *slots, struct epoch *epoch,
                                struct id_map **out);
void id_map_free(struct id_map *m);
uint64_t id_map_hash(struct str id);
unsigned id_map_stripe(const struct id_map *m, uint64_t hash);
void id_map_lock(struct id_map *m, unsigned stripe);
void id_map_unlock(struct id_map *m, unsigned stripe);
bool id_map_find(const struct id_map *m, struct str id, uint64_t hash, uint32_t *slot);
/// Not in it yet. NO_MEMORY leaves it unchanged.
MUST_USE enum status id_map_insert(struct id_map *m, uint64_t hash, uint32_t slot);
void id_map_remove(struct id_map *m, uint64_t hash, uint32_t slot);
/// Make room for `count` ids at once, for replay and large batches.
MUST_USE enum status id_map_reserve(struct id_map *m, size_t count);
size_t id_map_bytes(const struct id_map *m);

#endif
