// fence_sets.h - name of a watched collection -> its fences; "" is all collections.
//
// A collection may have fences before it exists.
// Owner: the engine. Threads: one writer or many readers; the caller holds the lock.

#ifndef FENCE_FENCE_SETS_H
#define FENCE_FENCE_SETS_H

#include "fence/fence_set.h"

struct fence_sets_entry;

struct fence_sets {
    struct fence_sets_entry **buckets; // a power of two, or none
    size_t bucket_count, count;
    struct fence_set *all; // the set of "", or NULL: asked for with every change
};

void fence_sets_deinit(struct fence_sets *t);
/// NULL when no fence watches it.
struct fence_set *fence_sets_find(const struct fence_sets *t, struct str name);
/// Find or make; NULL: no memory.
struct fence_set *fence_sets_make(struct fence_sets *t, struct str name);
/// Forget the set of this name if it is empty.
void fence_sets_tidy(struct fence_sets *t, struct str name);

#endif
