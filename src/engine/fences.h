// fences.h - fences in the engine: put, found, matched with every change; and the events they make.
//
//   change, under its id's stripe --> fences that touch the old or the new position --> transition --> write()
//     --> one batch with the change: RECORD_EVENT of durable fences --> append --> committed(), in order
//   replay --> restored(), in the same order
//
// Events of one object are in the order of its changes; those of one change are ordered by kind, then as Tile38
// has it: exits, outside, enters, inside (all else first), then by fence id. A batch that fails leaves none. Putting, changing and removing a fence tells nothing: what
// (previous, next) say decides, so a restart neither repeats nor forgets. Renaming a collection tells nothing either.
//
// Threads: engine_fence_* from any, not from a callback of fences; whoever changes fences waits for matchers no
//          longer than one look into the index.

#ifndef ENGINE_FENCES_H
#define ENGINE_FENCES_H

#include "base/buf.h"
#include "fence/fence.h"

struct engine;
struct object;

/// Something that happened, while it is being made; borrowed for the call.
struct fence_event {
    const struct fence *fence;
    unsigned trigger; // one of enum fence_trigger; 0: RESP kinds, of what went away
    unsigned command; // one of enum fence_command
    struct str collection;
    const struct object
        *object; // as it is now; the last state of what went away; NULL: a dropped collection
    const struct object *previous; // NULL: it was not there
    const struct object *other;    // ROAM
    double distance_m;             // ROAM: of `object` to `other`
    int64_t now_ms;
};

/// The same made, kept and sent.
struct engine_event {
    uint64_t seq;              // from 1, by one; 0: of a fence that is not durable
    const struct fence *fence; // NULL at replay; for longer than the call: fence_ref
    enum fence_kind kind;
    struct str fence_id;
    unsigned trigger, command;
    struct str collection, id; // id is empty of a dropped collection
    int64_t now_ms;
    struct str text; // as write() made it
};

/// Who makes events and hears of them: functions of one listener, given in engine_options.
struct engine_events {
    void *ctx;
    /// Append the text of the event, or nothing: then it is none. Under the id's stripe: no calls into the engine but
    /// reads of objects. A status other than OK refuses the whole batch with it.
    enum status (*write)(void *ctx, const struct fence_event *event, struct buf *out);
    /// Events are about to be committed: of those that are durable `count`, with `bytes` of text, ids and names. Set memory aside so
    /// that committed cannot run out of it, until `release` is called with the same numbers; or refuse the batch with a
    /// status. From many threads at a time. Both or neither.
    enum status (*reserve)(void *ctx, size_t count, size_t bytes);
    void (*release)(void *ctx, size_t count, size_t bytes);
    /// In the order of seq and LSN, one call at a time, still under the stripes: note it down and return. `lsn` 0: the
    /// engine has no store, or none of these events is durable and nothing else was written.
    void (*committed)(void *ctx, const struct engine_event *events, size_t count, uint64_t lsn);
    /// From engine_attach, in order; may be NULL. Not OK: the replay ends with it.
    enum status (*restored)(void *ctx, const struct engine_event *event, uint64_t lsn);
    /// A snapshot begins, after which the store may forget events of before: bring what was committed to
    /// safety, or refuse the snapshot. May be NULL.
    enum status (*settle)(void *ctx);
    /// A fence has expired and is not matched any more. From upkeep; may be NULL.
    void (*expired)(void *ctx, const struct fence *fence);
};

/// Add it, or put it in the place of the one of its kind and id; `*replaced` (may be NULL) tells. Takes a reference.
/// A fence is put once in its life: to change one, make another.
MUST_USE enum status engine_fence_put(struct engine *e, struct fence *f, bool *replaced);
/// NOT_FOUND.
MUST_USE enum status engine_fence_remove(struct engine *e, enum fence_kind kind, struct str id);
/// A reference for the caller, or NULL.
struct fence *engine_fence_find(struct engine *e, enum fence_kind kind, struct str id);
/// Fences of a kind after `after` in order of ids, that match the glob (empty: all), until `visit` returns false. Under
/// the lock of fences: visit only takes references or notes.
typedef bool engine_fence_visit_fn(void *ctx, struct fence *f);
MUST_USE enum status engine_fence_each(struct engine *e, enum fence_kind kind, struct str glob,
                                       struct str after, engine_fence_visit_fn *visit, void *ctx);
size_t engine_fence_count(struct engine *e, enum fence_kind kind);
/// fence_listen of a fence, put or not. NO_MEMORY (of +1): it is as before.
MUST_USE enum status engine_fence_listen(struct engine *e, struct fence *f, int by);

/// The last seq given. An event log that knows a later one says so before the first change.
uint64_t engine_event_seq(struct engine *e);
void engine_event_seq_from(struct engine *e, uint64_t last);

#endif
