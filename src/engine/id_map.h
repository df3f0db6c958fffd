// id_map.h - id -> row, read without locks and without waiting.
//
//   stripe --> table of entries (20 bits of hash, 44 of the row's address) --> row, which holds the id
//
// Stripes of open addressing; probes begin at a cache line, so most look at one. A reader probes and compares the id
// of a row whose entry agrees in its bits of hash. Entries never move inside a table: a new row of an id is
// put in the place of the old one, removal leaves a tombstone, which insert uses again, and growth
// publishes a new table and retires the old one to the epoch (it needs no row: what the 20 bits do not tell
// of an entry's home, its place does). So a reader that misses an id has looked
// at a moment at which it was not there.
//
// Threads: find from any thread inside the epoch; the rest by the holder of the stripe's lock.

#ifndef ENGINE_ID_MAP_H
#define ENGINE_ID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/epoch.h"
#include "base/str.h"
#include "engine/row.h"

#define ID_MAP_STRIPES 16

struct id_map;

/// `epoch` is borrowed for its life. `seed` keys the hash.
MUST_USE enum status id_map_new(struct epoch *epoch, uint64_t seed, struct id_map **out);
void id_map_free(struct id_map *m);
uint64_t id_map_hash(const struct id_map *m, struct str id);
static inline unsigned id_map_stripe(uint64_t hash) {
    return (unsigned)(hash % ID_MAP_STRIPES);
}
void id_map_lock(struct id_map *m, unsigned stripe);
void id_map_unlock(struct id_map *m, unsigned stripe);
/// The row of this id; NULL when there is none. Borrowed until epoch_leave.
struct row *id_map_find(const struct id_map *m, struct str id, uint64_t hash);
/// Bring near, with other work between: where the probe begins, then the row.
void id_map_prefetch(const struct id_map *m, uint64_t hash);
void id_map_prefetch_row(const struct id_map *m, uint64_t hash);
/// Room for one more id in the stripe of `hash`, until it is inserted or the room given back. NO_MEMORY.
MUST_USE enum status id_map_promise(struct id_map *m, uint64_t hash);
void id_map_release(struct id_map *m, uint64_t hash);
/// Enter the row of an id that is not in it yet, into promised room.
void id_map_insert(struct id_map *m, uint64_t hash, struct row *row);
/// From now on the id has another row.
void id_map_replace(struct id_map *m, uint64_t hash, const struct row *before, struct row *after);
void id_map_remove(struct id_map *m, uint64_t hash, const struct row *row);
size_t id_map_bytes(const struct id_map *m);

#endif
