// places.h - item number -> where the index that holds it keeps it.
//
// A table of uint32 in chunks that double, so that it grows without moving: indices of different
// shards write entries of different items at the same time. 4 bytes an item, shared by all shards of a collection.
// Threads: places_grow by one thread at a time (the collection's slot lock); places_get/set of an
// item by the thread that holds the lock of the shard that holds the item.

#ifndef INDEX_PLACES_H
#define INDEX_PLACES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define PLACES_FIRST_BITS 6 // the first chunk has 64 entries, each further one doubles the total
#define PLACES_CHUNKS 27
#define PLACES_NONE UINT32_MAX

struct places {
    _Atomic(uint32_t *) chunks[PLACES_CHUNKS];
};

void places_init(struct places *p);
void places_deinit(struct places *p);
/// Make `item` valid (with PLACES_NONE in it). O(1) amortised.
MUST_USE enum status places_grow(struct places *p, uint32_t item);
size_t places_bytes(const struct places *p);

static inline uint32_t *places_at(const struct places *p, uint32_t item) {
    unsigned chunk = 0;
    uint32_t at = item;
    if (item >> PLACES_FIRST_BITS) {
        chunk = (unsigned)(32 - __builtin_clz(item >> PLACES_FIRST_BITS));
        at = item - (1u << (PLACES_FIRST_BITS + chunk - 1));
    }
    return atomic_load_explicit(&p->chunks[chunk], memory_order_acquire) + at;
}

#endif
