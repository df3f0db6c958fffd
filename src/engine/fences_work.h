// fences_work.h - events on their way: from a change, under its stripe, into the log with it.
//
//   fences_work_begin --> fences_match for each change, in order (fences_match.h) --> fences_work_prepare: all memory
//     --> ... the changes become visible ... --> fences_work_forget those that failed --> fences_work_append
//
// Lives with its reader; one thread's at a time.

#ifndef ENGINE_FENCES_WORK_H
#define ENGINE_FENCES_WORK_H

#include "engine/engine_state.h"

/// A fence that tells something, before its turn.
struct fences_told {
    const struct fence *fence;
    const struct object *other; // of roaming, in the arena
    double distance_m;
    unsigned trigger;
};

struct fences_pending {
    const struct fence *fence; // NULL: forgotten
    struct str collection, id; // borrowed like the change
    int64_t now_ms;
    size_t text_at, text_len;
    uint32_t item; // number of the change in its batch
    uint16_t trigger, command;
};

struct fences_work {
    struct arena arena; // of one batch: what was found near
    struct buf text;
    struct fence **found; // candidates of one change
    size_t found_count, found_cap;
    struct fences_told *told;
    size_t told_count, told_cap;
    struct fences_pending *pending;
    size_t pending_count, pending_cap;
    struct engine_event *events; // room for those pending
    size_t event_cap;
    size_t reserved_count, reserved_bytes; // with the listener
    bool failed;                           // no memory
};

/// Before the first change of a batch. NO_MEMORY.
MUST_USE enum status fences_work_begin(struct engine_reader *r);
void fences_work_free(struct fences_work *w);
/// Room for one more of an array of the above; false: no memory.
bool fences_work_room(void *array, size_t *cap, size_t count, size_t size);

static inline bool fences_work_any(const struct fences_work *w) {
    return w && w->pending_count;
}
/// Make room in `batch` for the records of durable events, and with the listener; `*most` is what they take in the batch.
/// NO_MEMORY.
MUST_USE enum status fences_work_prepare(struct engine *e, struct engine_reader *r, size_t *most);
/// The change `item` failed: none of its events.
void fences_work_forget(struct fences_work *w, uint32_t item);
/// Append the batch with the events to the store (`room` of it), and tell who listens. Gives the LSN.
uint64_t fences_work_append(struct engine *e, struct engine_reader *r, struct storage_room *room);
/// Over, one way or another.
void fences_work_end(struct engine *e, struct engine_reader *r);

/// A record of an event, as the store gives it back. CORRUPT.
MUST_USE enum status fences_work_restore(struct engine *e, uint64_t lsn,
                                         const struct record *record);
/// The number of the last event, for snapshots: RECORD_META outside any collection, with this id.
#define FENCES_WORK_SEQ_ID STR("events")
void fences_work_write_seq(struct engine *e, struct buf *body);
MUST_USE enum status fences_work_restore_seq(struct engine *e, struct str body);
/// All events appended so far are known to the listener, who makes them safe.
MUST_USE enum status fences_work_settle(struct engine *e);

#endif
