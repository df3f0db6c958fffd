// search_parts.h - the parts of a collection that one search asks, all as of one moment.
//
//   do { forget; search_parts_begin(&p, shards); ask search_parts_index(&p, each) } while (!search_parts_end(&p));
//
// An object that moves between parts is seen exactly once: between a begin and an end that says yes no object
// changed its place in any of them. A few times that is tried without waiting for writers or holding
// them up, where an index can be read so (index_unlocked); then all read locks are taken, at once.
// What was found before an end that says no may be lost, doubled or old: nothing is to be done with it.
//
// Lives on the stack of the thread that asks, inside the epoch.

#ifndef ENGINE_SEARCH_PARTS_H
#define ENGINE_SEARCH_PARTS_H

#include "engine/collection.h"

struct search_part {
    const struct index *index; // NULL: nothing there
    uint64_t begun;
};

struct search_parts {
    const struct shard_map *map;
    const struct collection *collection;
    unsigned reader;
    unsigned attempts;
    uint64_t shards;    // asked: those wanted, and all whose things may reach beyond their cells
    uint64_t extended;  // the latter
    uint64_t locked;    // of these
    uint64_t crossings; // when it began
    struct search_part at[SHARD_MAX]; // of those asked
};

static inline void search_parts_init(struct search_parts *p, const struct shard_map *map,
                                     const struct collection *c, unsigned reader) {
    p->map = map;
    p->collection = c;
    p->reader = reader;
    p->attempts = 0;
}
void search_parts_begin(struct search_parts *p, uint64_t shards);
/// True: what was found since stands. False: begin again.
MUST_USE bool search_parts_end(struct search_parts *p);
/// Of a shard asked; NULL: nothing there.
static inline const struct index *search_parts_index(const struct search_parts *p, unsigned shard) {
    return p->at[shard].index;
}

#endif
