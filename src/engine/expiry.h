// expiry.h - which objects are due, found without looking at the others.
//
// A heap of (time, slot). A slot has at most one entry, and its time is never later than the
// expiry of the object in the slot: so an object whose expiry is put off costs nothing (the entry is
// corrected when it comes up), and neither does one that is deleted (it is dropped then). Each slot
// knows where its entry stands (slot_access.expiry_at).
//
// Threads: any; one mutex, the last in the order of locks. expiry_due and expiry_return by one at a time.

#ifndef ENGINE_EXPIRY_H
#define ENGINE_EXPIRY_H

#include <pthread.h>

#include "engine/collection.h"

struct expiry_entry {
    int64_t ms;
    struct collection *collection; // purged before it is retired
    uint32_t slot;
};

struct expiry {
    pthread_mutex_t lock;
    struct expiry_entry *heap; // 4 children each
    size_t count, cap;
    size_t promised; // room for later notes
};

MUST_USE enum status expiry_init(struct expiry *x);
void expiry_deinit(struct expiry *x);
/// Room for `count` notes; what is not needed is given back.
MUST_USE enum status expiry_reserve(struct expiry *x, size_t count);
void expiry_release(struct expiry *x, size_t count);
/// The object now in `slot` expires at `ms`: earlier than its forerunner in the slot, if that expired at
/// all. Uses up one reserved place. slots_make_access came before.
void expiry_note(struct expiry *x, struct collection *c, uint32_t slot, int64_t ms);
/// Take up to `limit` entries off whose objects are due; each comes back by expiry_return. Inside the epoch.
size_t expiry_due(struct expiry *x, int64_t now_ms, struct expiry_entry *out, size_t limit);
/// After removal was tried: an object that still stands there gets its entry again.
void expiry_return(struct expiry *x, const struct expiry_entry *entries, size_t count);
/// Forget a collection: no more notes of it will come.
void expiry_purge(struct expiry *x, const struct collection *c);
/// When the first entry comes up; INT64_MAX for none.
int64_t expiry_next_ms(struct expiry *x);

#endif
