// fences_state.h - the fences of an engine, for the files fences*.c and those that call them with each change.

#ifndef ENGINE_FENCES_STATE_H
#define ENGINE_FENCES_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/brlock.h"
#include "engine/fences.h"
#include "fence/fence_order.h"
#include "fence/fence_sets.h"

struct engine_reader;
struct record;

struct fences {
    struct engine_events events;
    _Atomic uint32_t count; // of all kinds: 0 is what most engines have
    pthread_mutex_t lock;   // guards the orders, before `sets`
    struct fence_order orders[FENCE_KINDS];
    int64_t next_expiry_ms, looked_ms; // none expires earlier; when that was looked for
    struct brlock *matching;           // guards the sets: matchers read
    struct fence_sets sets;
    pthread_mutex_t log; // order of events, guards seq
    uint64_t seq;
};

MUST_USE enum status fences_init(struct fences *t, const struct engine_events *events);
void fences_deinit(struct fences *t);
/// Whether changes have to be matched at all.
static inline bool fences_watch(const struct fences *t) {
    return __builtin_expect(atomic_load_explicit(&t->count, memory_order_acquire) != 0, 0);
}
/// Remove what has expired.
void fences_expire(struct engine *e, int64_t now_ms);

#endif
