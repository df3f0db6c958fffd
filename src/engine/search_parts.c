// search_parts.c - versions first, locks when that will not do.

#include "engine/search_parts.h"

#include "base/cpu.h"

#define ATTEMPTS 6 // without locks

static bool begin_one(struct search_parts *p, unsigned shard, bool locking);
static bool several(uint64_t shards);

void search_parts_begin(struct search_parts *p, uint64_t shards) {
    const struct collection *c = p->collection;
    bool locking = p->attempts >= ATTEMPTS;
    p->extended = atomic_load_explicit(&c->extended, memory_order_acquire);
    p->shards = shards | p->extended;
    p->locked = 0;
    // Ended before begun: equal numbers mean that at the time of the first load none was under way.
    if (several(p->shards)) {
        p->crossings = atomic_load_explicit(&c->crossings_ended, memory_order_acquire);
    }
    for (uint64_t left = p->shards; left; left &= left - 1) {
        unsigned shard = (unsigned)__builtin_ctzll(left);
        if (!begin_one(p, shard, locking)) {
            p->locked |= (uint64_t)1 << shard;
        }
    }
}

/// False when it took the lock.
static bool begin_one(struct search_parts *p, unsigned shard, bool locking) {
    struct search_part *at = &p->at[shard];
    if (!locking) {
        const struct index *part = collection_part(p->collection, shard);
        at->index = part ? index_unlocked(part) : NULL;
        at->begun = at->index ? index_read_begin(at->index) : 0;
        if (at->index || !part) {
            return true;
        }
    }
    brlock_read_begin(p->map->locks[shard], p->reader);
    at->index = collection_part(p->collection, shard);
    return false;
}

bool search_parts_end(struct search_parts *p) {
    const struct collection *c = p->collection;
    bool stands = true;
    for (uint64_t left = p->shards; left; left &= left - 1) {
        unsigned shard = (unsigned)__builtin_ctzll(left);
        const struct search_part *at = &p->at[shard];
        if (p->locked >> shard & 1) {
            brlock_read_end(p->map->locks[shard], p->reader);
        } else if (at->index) {
            stands = index_read_end(at->index, at->begun) && stands;
        } else {
            stands = !collection_part(c, shard) && stands;
        }
    }
    // Something may just have moved from a part asked to one that had nothing to reach us with.
    uint64_t extended = atomic_load_explicit(&c->extended, memory_order_acquire);
    stands = stands && (extended & ~p->shards) == 0;
    if (several(p->shards) && p->locked != p->shards) {
        stands = stands &&
                 atomic_load_explicit(&c->crossings_begun, memory_order_acquire) == p->crossings;
    }
    if (!stands) {
        p->attempts++;
        cpu_pause();
    }
    return stands;
}

static bool several(uint64_t shards) {
    return (shards & (shards - 1)) != 0;
}
