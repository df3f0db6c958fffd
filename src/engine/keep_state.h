// keep_state.h - the kept texts of an engine, for the files that implement keep.h, restore and emit them.

#ifndef ENGINE_KEEP_STATE_H
#define ENGINE_KEEP_STATE_H

#include <pthread.h>
#include <stddef.h>

#include "engine/keep.h"
#include "storage/storage.h"

struct keep_entry;

struct keep {
    pthread_mutex_t
        lock; // of all below; held while a batch is appended, so that both have one order
    struct keep_entry **buckets; // a power of two, or none
    size_t bucket_count, count;
};

MUST_USE enum status keep_init(struct keep *k);
void keep_deinit(struct keep *k);
/// Their records: RECORD_META outside any collection, ids beginning with this.
#define KEEP_ID_PREFIX STR("keep/")
/// Everything, as of one moment, for a snapshot.
MUST_USE enum status keep_emit(struct keep *k, storage_emit_fn *emit, void *ctx);
/// A record given back by the store: its id without the prefix.
MUST_USE enum status keep_restore(struct keep *k, struct str name, struct str body);

#endif
