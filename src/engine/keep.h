// keep.h - small named texts that last: what hooks, geofences and deliveries need to know after a restart.
//
// In memory as a whole, in the store as RECORD_META outside any collection; snapshots hold them. Names are the users'
// to part ("hook/", "outbox/").
//
// Threads: any.

#ifndef ENGINE_KEEP_H
#define ENGINE_KEEP_H

#include "base/reason.h"
#include "base/str.h"

struct engine;

#define KEEP_NAME_MAX 2048
#define KEEP_BODY_MAX (64u << 20)

struct engine_keep {
    struct str name; // 1 to KEEP_NAME_MAX bytes
    struct str body; // `p` NULL: delete
};

/// Put or delete all of these in one durable batch. Deleting what is not there is OK. `*lsn` as in engine_apply.
MUST_USE enum status engine_keep(struct engine *e, const struct engine_keep *keeps, size_t count,
                                 uint64_t *lsn, struct reason *why);
static inline MUST_USE enum status engine_keep_put(struct engine *e, struct str name,
                                                   struct str body, uint64_t *lsn,
                                                   struct reason *why) {
    if (!body.p) {
        body = STR("");
    }
    return engine_keep(e, &(struct engine_keep){name, body}, 1, lsn, why);
}
static inline MUST_USE enum status engine_keep_delete(struct engine *e, struct str name,
                                                      uint64_t *lsn, struct reason *why) {
    return engine_keep(e, &(struct engine_keep){name, STR_NONE}, 1, lsn, why);
}
/// Those whose names begin with `prefix`, in order of names, as of one moment, until `visit` returns false. It must not
/// call engine_keep.
typedef bool engine_keep_visit_fn(void *ctx, struct str name, struct str body);
MUST_USE enum status engine_keep_each(struct engine *e, struct str prefix,
                                      engine_keep_visit_fn *visit, void *ctx);

#endif
