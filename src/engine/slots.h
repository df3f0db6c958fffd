// slots.h - a collection's rows by number.
//
// A slot is an object's number for its whole life: what the index calls an item, and the order in
// which unordered searches answer (so cursors are slots, stable under writes). Chunks double and never move.
// Per slot: the row (8 bytes), the index's place (places.h), and, from the first object of a chunk on that is read with
// counting or expires, how it was read (16 bytes). Free slots are linked through the cells of their rows.
//
// Threads: load from any thread inside the epoch; store by the holder of the id's stripe; take/give under the
//          table's own mutex.

#ifndef ENGINE_SLOTS_H
#define ENGINE_SLOTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/row.h"
#include "index/places.h"

#define SLOTS_NONE UINT32_MAX

/// How an object was read: relaxed atomics, lost updates are allowed.
struct slot_access {
    _Atomic int64_t last_ms; // 0: never
    _Atomic float rate;      // reads per second, half life 5 minutes, as of last_ms
    uint32_t
        expiry_at; // one more than the position in the heap of expiry.h, 0: none; under its mutex
};

struct slots {
    _Atomic(_Atomic(struct row *) *) rows[PLACES_CHUNKS];
    _Atomic(struct slot_access *) access[PLACES_CHUNKS];
    struct places places;
    pthread_mutex_t lock;
    _Atomic uint32_t end; // one past the highest slot ever used
    uint32_t free;        // the first of the free slots, SLOTS_NONE: none
    size_t free_count;
};

MUST_USE enum status slots_init(struct slots *s);
/// Frees the rows still in it.
void slots_deinit(struct slots *s);
/// Free slots (lowest effort, not lowest number), with room in every table. Returns how many: less than `want` only
/// without memory.
size_t slots_take(struct slots *s, size_t want, uint32_t *slots);
/// Make a certain slot usable, for replay.
MUST_USE enum status slots_take_at(struct slots *s, uint32_t slot);
/// Needs no memory. The slot is empty.
void slots_give(struct slots *s, uint32_t slot);
/// Find the free slots again after replay: all that are empty.
void slots_rebuild_free(struct slots *s);
/// The same cut as places_at: 64, then each chunk doubles the total.
static inline unsigned slots_chunk(uint32_t slot, uint32_t *at) {
    uint32_t high = slot >> PLACES_FIRST_BITS;
    unsigned chunk = high ? (unsigned)(32 - __builtin_clz(high)) : 0;
    *at = high ? slot - (1u << (PLACES_FIRST_BITS + chunk - 1)) : slot;
    return chunk;
}
static inline _Atomic(struct row *) *slots_cell(const struct slots *s, uint32_t slot) {
    uint32_t at;
    unsigned chunk = slots_chunk(slot, &at);
    return atomic_load_explicit(&s->rows[chunk], memory_order_acquire) + at;
}
/// NULL when empty. `slot` < end.
static inline struct row *slots_load(const struct slots *s, uint32_t slot) {
    struct row *row = atomic_load_explicit(slots_cell(s, slot), memory_order_acquire);
    return (uintptr_t)row & 1 ? NULL : row; // odd: a link between free slots
}
static inline uint32_t slots_end(const struct slots *s) {
    return atomic_load_explicit(&s->end, memory_order_acquire);
}
static inline void slots_store(struct slots *s, uint32_t slot, struct row *row) {
    atomic_store_explicit(slots_cell(s, slot), row, memory_order_release);
}
/// NULL: nothing is known of any slot of its chunk.
static inline struct slot_access *slots_access(const struct slots *s, uint32_t slot) {
    uint32_t at;
    unsigned chunk = slots_chunk(slot, &at);
    struct slot_access *access = atomic_load_explicit(&s->access[chunk], memory_order_acquire);
    return access ? access + at : NULL;
}
/// From now on slots_access has an answer for the slot. From any thread.
MUST_USE enum status slots_make_access(struct slots *s, uint32_t slot);
/// Without memory the read is not counted.
void slots_count_read(struct slots *s, uint32_t slot, int64_t now_ms);
/// The rate as of `now_ms`.
float slots_access_rate(const struct slot_access *access, int64_t now_ms);
/// The slot has another object now.
void slots_forget_reads(struct slots *s, uint32_t slot);
size_t slots_bytes(const struct slots *s);

#endif
