// collections.h - the engine's collections by name.
//
// Readers probe a table of pointers without a lock; making and dropping take the mutex. Entries never
// move inside a table (as in id_map.h), and a dropped collection is retired to the epoch.
// A second array, sorted by name and read under the mutex, serves listings.
//
// Threads: find from any thread inside the epoch; the rest from any thread.

#ifndef ENGINE_COLLECTIONS_H
#define ENGINE_COLLECTIONS_H

#include "engine/collection.h"

struct collections_table;

struct collections {
    pthread_mutex_t lock;
    _Atomic(struct collections_table *) table;
    _Atomic uint64_t removals;  // so far: whoever remembers a collection asks before using it again
    _Atomic uint64_t renames;   // begun and ended: odd while one goes on
    struct collection **sorted; // by name, under the lock
    size_t count, cap;
    size_t limit;
    struct epoch *epoch;
    enum index_kind index_kind;
    unsigned shard_count;
    uint64_t seed;
    uint64_t last_incarnation;
    struct collection_stamp floor; // the newest stamp of all that was dropped
};

/// `epoch` is borrowed for its life.
MUST_USE enum status collections_init(struct collections *t, struct epoch *epoch, size_t limit,
                                      enum index_kind index_kind, unsigned shard_count);
void collections_deinit(struct collections *t);
/// NULL when there is none.
struct collection *collections_find(const struct collections *t, struct str name);
/// What was found, and that it is still there: of one reader.
struct collections_memory {
    struct collection *collection; // NULL: nothing yet
    uint64_t removals;             // before it was found
};
/// collections_find for one who mostly asks for the same: by comparing names. A collection is retired after its removal
/// is counted, so what is remembered is good for the epoch when nothing was removed since.
static inline struct collection *
collections_find_again(const struct collections *t, struct collections_memory *m, struct str name) {
    uint64_t removals = atomic_load_explicit(&t->removals, memory_order_acquire);
    if (m->collection && m->removals == removals && str_eq(collection_name(m->collection), name)) {
        return m->collection;
    }
    m->collection = collections_find(t, name);
    m->removals = removals;
    return m->collection;
}
/// Find or make. TOO_LARGE at the limit.
MUST_USE enum status collections_make(struct collections *t, struct str name, int64_t now_ms,
                                      struct collection **out);
/// As it was stored: with this incarnation and birthday. Not in it yet.
MUST_USE enum status collections_restore(struct collections *t, struct str name,
                                         enum index_kind kind, uint64_t incarnation,
                                         int64_t created_ms, struct collection **out);
/// While locked, no collection is made or dropped.
void collections_lock(struct collections *t);
void collections_unlock(struct collections *t);
/// Take a collection out; the table and all stripes of the collection are locked. The caller retires it.
void collections_remove(struct collections *t, struct collection *c);
/// Give `c` the name `to`, in place of what has it: that one is taken out, and the caller retires it. The table and all
/// stripes of both are locked. NO_MEMORY: nothing has changed.
MUST_USE enum status collections_rename(struct collections *t, struct collection *c, struct str to);
/// The first `limit` after `after` in order of names; gives how many. Borrowed until epoch_leave.
size_t collections_list(struct collections *t, struct str after, struct collection **out,
                        size_t limit);
size_t collections_count(struct collections *t);

#endif
