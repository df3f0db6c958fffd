// slot_set.h - the smallest slots of a stream of candidates, in order and once each.
//
// A search takes candidates from an index in the index's order and answers in the order of slots. The set keeps
// them all while they are few; when they would be more than `max` it keeps the smaller half and
// remembers where it cut, so that the search can come back for the rest:
//
//   first ............ bound | cut off, the next round's
//
// Lives on one thread's stack, grows in an arena.

#ifndef ENGINE_SLOT_SET_H
#define ENGINE_SLOT_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

#define SLOT_SET_INLINE 256

struct slot_set {
    struct arena *arena;
    uint32_t *items;
    size_t count, cap, max;
    uint32_t first, bound; // slots outside are not taken
    bool cut;              // some above bound were dropped
    bool failed;           // out of memory
    uint32_t here[SLOT_SET_INLINE];
};

/// Take slots from `first` on, at most `max` (2 or more) at a time.
void slot_set_init(struct slot_set *s, struct arena *arena, uint32_t first, size_t max);
/// Forget what was added.
void slot_set_clear(struct slot_set *s);
/// False when out of memory.
bool slot_set_add(struct slot_set *s, const uint32_t *slots, size_t count);
/// Sort and drop doubles. NO_MEMORY.
MUST_USE enum status slot_set_finish(struct slot_set *s);

#endif
