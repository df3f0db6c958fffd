// search_near.h - the nearest first, over all shards that can hold them.
//
//   struct search_near n = {where and what is asked}; search_near_find(&n);
//   n.found[i]: its distance; n.objects[n.found[i].at]
//
// Lives on the stack of the thread that asks, inside the epoch.

#ifndef ENGINE_SEARCH_NEAR_H
#define ENGINE_SEARCH_NEAR_H

#include "engine/engine_state.h"
#include "engine/search_found.h"
#include "engine/search_test.h"

struct search_near {
    struct engine *engine;
    const struct collection *collection;
    unsigned reader;
    struct arena *arena;
    // What is asked:
    struct search_round round;
    size_t limit;
    int64_t now_ms;              // for expiry; INT64_MIN when nothing in the collection expires
    const struct filter *filter; // NULL: all
    const struct search_found *after; // only what comes later in the order; NULL: all
    // What was found:
    struct search_found *found; // in order, in the arena, as are the
    struct object *objects;     // copies, in no order
    size_t count, cap;
    bool failed; // out of memory
    uint64_t refinements, shards;
    struct index_cost cost;
};

/// NO_MEMORY.
MUST_USE enum status search_near_find(struct search_near *n);

#endif
