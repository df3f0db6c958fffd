// engine_state.h - what an engine is made of, for the files that together implement engine.h.
//
//   life.c life, readers, get, listing | apply.c changes | move.c new positions | drop.c | search.c searches
//   restore.c replay | emit.c snapshots | upkeep.c expiry, memory given back | memory.c the memory limit

#ifndef ENGINE_ENGINE_STATE_H
#define ENGINE_ENGINE_STATE_H

#include "engine/collections.h"
#include "engine/engine.h"
#include "engine/expiry.h"
#include "engine/fences_state.h"
#include "engine/keep_state.h"

struct batch_retired;

#define ENGINE_READER_KEEPS (1u << 20) // bytes of each buffer, between two batches

/// What belongs to one reader id: counters that any thread may sum up, and memory used again by each
/// apply. One thread's at a time, like the id.
struct engine_reader {
    _Alignas(64) _Atomic uint64_t gets;
    _Atomic uint64_t searches, puts, deletes, expired;
    struct collections_memory last; // collection searched
    struct arena scratch;
    struct buf batch, body;        // records of a batch; one body
    struct buf merged;             // properties of a PATCH
    struct fences_work *fences;    // made when there is a fence (fences_work.h)
    struct batch_retired *waiting; // rows to be handed to the epoch (batch.c)
    unsigned id;
    size_t retired_rows; // since it last looked for memory to give back
};

struct engine_upkeep {
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; // guards stop
    pthread_cond_t wake;
    bool stop;
    pthread_mutex_t tick; // one tick (or walk by `reader`) at a time
    unsigned reader;      // upkeep's own, used under `tick`
};

struct engine {
    struct epoch *epoch;
    struct shard_map shards;
    struct collections collections;
    struct expiry expiry;
    struct fences fences;
    struct keep keep;
    struct storage *store; // borrowed; NULL without one
    struct log *log;
    _Atomic size_t memory_limit; // above it changes are refused; 0: none
    const char *memory_limit_name;
    _Atomic bool memory_refused;                                // the last change was, for memory
    _Atomic(struct engine_reader *) readers[EPOCH_MAX_READERS]; // made on first use, kept
    _Atomic uint64_t shard_objects[SHARD_MAX];
    _Atomic uint64_t renamed_lsn; // of the last rename; under the table of collections
    _Atomic bool emission_broken; // the last snapshot was broken off by a rename:
    _Atomic bool emitting_alone;  // during the next there are none
    struct engine_upkeep upkeep;
};

/// Add one to a reader's own counter.
static inline void engine_count(_Atomic uint64_t *counter, uint64_t n) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}
static inline struct engine_reader *engine_reader_state(const struct engine *e, unsigned reader) {
    return atomic_load_explicit(&e->readers[reader], memory_order_acquire);
}
/// What a large batch made of a reader's buffers is given back; a session may stay for months.
static inline void engine_reader_trim(struct engine_reader *r) {
    struct buf *kept[] = {&r->batch, &r->body, &r->merged};
    for (unsigned i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (kept[i]->cap > ENGINE_READER_KEEPS) {
            buf_deinit(kept[i]);
            buf_init(kept[i]);
        }
    }
}
/// "" is "default".
static inline struct str collection_name_or_default(struct str name) {
    return name.len ? name : STR("default");
}
/// For readers: NULL when there is none. Borrowed until engine_leave.
static inline struct collection *collection_lookup(const struct engine *e, struct str name) {
    struct collection *c = collections_find(&e->collections, collection_name_or_default(name));
    return c && atomic_load_explicit(&c->live, memory_order_acquire) ? c : NULL;
}

/// The same for a reader's next search: it remembers the collection of the one before.
static inline struct collection *collection_lookup_by(const struct engine *e, unsigned reader,
                                                      struct str name) {
    struct collection *c = collections_find_again(
        &e->collections, &engine_reader_state(e, reader)->last, collection_name_or_default(name));
    return c && atomic_load_explicit(&c->live, memory_order_acquire) ? c : NULL;
}

/// Between the parts of the engine: delete what expired by `now_ms`, by slot; `*removed` of them.
MUST_USE enum status engine_apply_expiry(struct engine *e, unsigned reader, int64_t now_ms,
                                         const struct expiry_entry *entries, size_t count,
                                         size_t *removed);

/// Take up the limit of the options: once, before anything is in the engine.
void engine_memory_limit(struct engine *e, const struct engine_options *options);
/// While the store is restored the process may use more: what was taken in below the limit must come back.
void engine_memory_restoring(const struct engine *e, bool restoring);
/// What a restore says that ran out of memory. Returns NO_MEMORY.
enum status engine_memory_too_small(const struct engine *e, struct reason *why);
/// Little memory is left below the limit: give up nothing later that can be given up now.
bool engine_memory_near(const struct engine *e);
/// NO_MEMORY when memory is above the limit and the changes (NULL: moves) are not deletes only.
MUST_USE enum status engine_memory_admit(struct engine *e, const struct change *changes,
                                         size_t count, struct reason *why);

#endif
