// engine.h - the database: collections of objects that move, searched while they do.
//
//   apply:   changes --> locks of their ids and shards --> slots, ids, indices --> one batch to the store --> LSN
//   search:  query --> shards its box touches --> index candidates --> exact test, filter --> hits
//   open:    store --> replay --> slots and ids, then each index loaded at once
//
// Threads: every function from any thread. A thread that reads or writes first takes a reader (engine_reader_open)
//          and wraps each use of borrowed objects in engine_enter/engine_leave; readers
//          never wait for the store, and wait for a writer no longer than its index update.

#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/log.h"
#include "engine/collection.h"
#include "engine/fences.h"
#include "engine/query.h"
#include "engine/shard.h"
#include "storage/storage.h"

struct engine;

struct engine_options {
    unsigned shard_count;       // 0: twice the CPUs, at most SHARD_MAX
    enum index_kind index_kind; // of new collections
    // Above it changes are refused, except deletes; reads go on. The process' hard limit stands an eighth
    // higher, at least 16 MiB. 0: none.
    size_t memory_limit_bytes;
    const char *memory_limit_name; // the setting, for texts; static; may be NULL
    uint32_t limit_collections;    // 0: 100,000
    struct log *log;               // may be NULL
    struct engine_events events;   // `write` NULL: fences are kept, nothing is told
};

/// An empty engine without a store.
MUST_USE enum status engine_new(const struct engine_options *options, struct engine **out);
/// Replay `st` into the empty engine and write every later change to it. `st` is borrowed. When it fails the
/// engine is half full: free it.
MUST_USE enum status engine_attach(struct engine *e, struct storage *st, struct reason *why);
/// Start the upkeep thread (expiry, memory given back). Without it call engine_tick.
MUST_USE enum status engine_start(struct engine *e);
/// Stop that thread, if it runs. Nobody else writes any more: now the store can be closed.
void engine_stop(struct engine *e);
/// Stops upkeep and frees everything. The store is closed before it (its snapshots read the engine), after
/// engine_stop (upkeep writes to the store).
void engine_free(struct engine *e);
/// Remove what has expired by `now_ms` and give memory back. Returns how many were removed.
size_t engine_tick(struct engine *e, int64_t now_ms);

MUST_USE enum status engine_reader_open(struct engine *e, unsigned *reader);
void engine_reader_close(struct engine *e, unsigned reader);
void engine_enter(struct engine *e, unsigned reader);
void engine_leave(struct engine *e, unsigned reader);

// --- changes ---

enum change_kind {
    CHANGE_PUT,    // make or replace
    CHANGE_CREATE, // EXISTS when the id is there
    CHANGE_PATCH,  // NOT_FOUND when it is not; see the has_ flags
    CHANGE_DELETE, // NOT_FOUND when it is not
    // Make, or replace form, position, text and expiry; fields (feature_text.h) and time of what is there stay. The draft's
    // properties are a Feature's own.
    CHANGE_SET,
};

/// A top-level property by its plain name; an empty value takes it away.
struct change_member {
    struct str name;
    struct str value; // canonical JSON
};
#define CHANGE_MEMBERS_MAX 512

/// Everything borrowed for the call. Version 0 in `if_version` means no condition.
struct change {
    enum change_kind kind;
    struct str collection;     // "" is "default"
    struct object_draft draft; // id always; CHANGE_PATCH: fields whose patch_ flag is set
    bool patch_position;       // PATCH: point or geometry (and z) replace
    bool patch_time, patch_expiry;
    yyjson_val *patch_properties; // PATCH: merged by RFC 7396; NULL leaves them
    // SET, PATCH: properties replaced whole, the last of a name wins; at most CHANGE_MEMBERS_MAX.
    const struct change_member *members;
    size_t member_count;
    // Conditions (If-Match, If-None-Match), checked under the lock: PRECONDITION.
    bool if_absent;           // only when it does not exist
    bool if_present;          // only when it exists
    const uint64_t *if_etags; // one of these (object_etag), if_etag_count of them
    size_t if_etag_count;
};

struct change_result {
    enum status status;
    // The new state (DELETE: the last one), borrowed until engine_leave or the reader's next engine_apply.
    const struct object *object;
    bool created;
    struct reason why; // set when status is not OK
};

/// Apply `count` changes in order, all of them in one durable batch. Each has its own result; those that fail change
/// nothing and do not stop the others. The returned status is not OK only when
/// nothing was done at all (store not ready, out of memory: then results are not set).
/// `*lsn` is 0 when nothing changed. Call inside engine_enter.
MUST_USE enum status engine_apply(struct engine *e, unsigned reader, const struct change *changes,
                                  size_t count, struct change_result *results, uint64_t *lsn,
                                  struct reason *why);

struct move {
    struct str id;
    struct point to;
};
/// New positions for what is there, in order, in one durable batch: what CHANGE_PATCH with `patch_position` and a
/// plain point makes of each object, and several times quicker for those that are plain points already. Everything
/// borrowed; `statuses` has room for `count`. Returns like engine_apply; `*why` is that of the first move
/// that failed, and of the call. Call inside engine_enter.
MUST_USE enum status engine_move(struct engine *e, unsigned reader, struct str collection,
                                 const struct move *moves, size_t count, enum status *statuses,
                                 uint64_t *lsn, struct reason *why);
/// What CHANGE_SET with a plain point makes of each object, in order, in one durable batch, where all of them are there as
/// plain points that do not expire. Otherwise `*done` is false and nothing has happened: that is engine_apply's work.
/// The rest as engine_move.
MUST_USE enum status engine_set_points(struct engine *e, unsigned reader, struct str collection,
                                       const struct move *moves, size_t count,
                                       enum status *statuses, bool *done, uint64_t *lsn,
                                       struct reason *why);
/// Give a collection another name; what had that name goes, unless `only_new`: then `*renamed` is false and nothing changes.
/// For readers, writers and the store it happens at one moment, whatever the size. NOT_FOUND without `from`; INVALID
/// names; BUSY during a snapshot that renames have broken off before; PRECONDITION while geofences, hooks or channels watch one of both.
MUST_USE enum status engine_rename(struct engine *e, unsigned reader, struct str from,
                                   struct str to, bool only_new, bool *renamed, uint64_t *lsn,
                                   struct reason *why);
/// Differs for every state of every object of this id, even after delete and re-creation.
uint64_t engine_etag(const struct object *o);
/// NOT_FOUND when there is none. `*lsn` as above.
MUST_USE enum status engine_drop(struct engine *e, unsigned reader, struct str collection,
                                 uint64_t *lsn, struct reason *why);

// --- reads; inside engine_enter ---

/// NOT_FOUND names what is missing: collection or id. Counts the read.
MUST_USE enum status engine_get(struct engine *e, unsigned reader, struct str collection,
                                struct str id, struct object *out, struct reason *why);
/// The same without counting it on the object.
MUST_USE enum status engine_find(struct engine *e, unsigned reader, struct str collection,
                                 struct str id, struct object *out, struct reason *why);
/// Where several ids are to be read, their cache misses overlap: of each first this, then engine_approach_row with what
/// it returned, then engine_get.
uint64_t engine_approach(struct engine *e, unsigned reader, struct str collection, struct str id);
void engine_approach_row(struct engine *e, unsigned reader, struct str collection, uint64_t mark);
/// An unknown collection is NOT_FOUND. BAD_REQUEST for a cursor that is not one of this collection.
MUST_USE enum status engine_search(struct engine *e, unsigned reader, const struct query *query,
                                   struct arena *arena, struct hits *out, struct reason *why);

/// How many objects a collection holds, as of about now; false when there is no such collection.
bool engine_count_objects(struct engine *e, unsigned reader, struct str collection,
                          uint64_t *count);

/// How an object was read and where it lives.
struct object_metadata {
    unsigned shard;
    double access_frequency;  // reads per second, decayed
    double data_mass;         // resident bytes
    unsigned energy_level;    // 0..7
    int64_t last_accessed_ms; // 0: never
};
void engine_metadata(struct engine *e, struct str collection, const struct object *o,
                     struct object_metadata *out);

/// How many objects the collection holds, those that are due and not removed yet included; 0 when there is none.
uint64_t engine_objects(struct engine *e, unsigned reader, struct str collection);

struct collection_info {
    struct str name; // in the arena
    uint64_t count, bytes, index_bytes;
    const char *index;
    struct bbox extent; // may be larger than needed; empty when count is 0
    int64_t created_ms;
};
/// Collections after `after` in order of names, at most `limit`.
MUST_USE enum status engine_collections(struct engine *e, unsigned reader, struct str after,
                                        size_t limit, struct arena *arena,
                                        struct collection_info **out, size_t *count);

struct engine_stats {
    uint64_t objects, collections, object_bytes, index_bytes;
    uint64_t memory_used, memory_limit;
    uint64_t puts, deletes, expired, searches, gets;
    unsigned shard_count;
    uint64_t shard_objects[SHARD_MAX];
};
void engine_stats(struct engine *e, struct engine_stats *out);
/// Another memory_limit_bytes; 0: none.
void engine_memory_limit_set(struct engine *e, size_t limit_bytes);
/// Changes are refused for memory, as far as is known.
bool engine_memory_full(const struct engine *e);
/// Says in `why` (may be NULL) how much is in use, what limits it and what helps. Returns NO_MEMORY.
enum status engine_memory_reason(const struct engine *e, struct reason *why);

struct storage *engine_storage(struct engine *e); // NULL without one

/// Source for snapshots (storage.h); `ctx` is the engine.
enum status engine_emit_all(void *ctx, uint64_t lsn, storage_emit_fn *emit, void *emit_ctx);

#endif
