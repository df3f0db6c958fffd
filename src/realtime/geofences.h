// geofences.h - all geofences: made, replaced, removed, kept over restarts.
//
//   create, replace, remove --one at a time--> engine_keep "geofence/<id>" + fence in the engine's sets
//                                              + a target of delivery, "geofence/<id>/<rule>", for each webhook
//   start: engine_attach (replay) --> geofences_restore --> upkeep, requests
//
// The engine's fences are the only list: what was put there can be found, what could not be kept is not there.
//
// Owner: the server. Threads: any.

#ifndef REALTIME_GEOFENCES_H
#define REALTIME_GEOFENCES_H

#include <pthread.h>

#include "realtime/geofence.h"

#define GEOFENCES_KEEP_PREFIX "geofence/"

struct delivery;
struct geofences;

/// Both borrowed; without `delivery` webhooks are kept and get nothing.
MUST_USE enum status geofences_new(struct engine *engine, struct delivery *delivery,
                                   struct geofences **out);
/// The engine keeps its fences. NULL is allowed.
void geofences_free(struct geofences *all);
/// Put what is kept into the engine, silently. After engine_attach, before the first change and delivery_start. `*count`
/// may be NULL.
MUST_USE enum status geofences_restore(struct geofences *all, size_t *count, struct reason *why);

/// A reference, or NULL.
struct geofence *geofences_find(struct geofences *all, struct str id);

/// When a change may be made (If-Match, If-None-Match): decided under the lock of changes, `current` NULL: there is none.
typedef enum status geofences_check_fn(void *ctx, const struct geofence *current,
                                       struct reason *why);

/// Takes over `g`, which was just parsed: gives it its version, its times and its first seq. EXISTS when `only_new` and
/// there is one of its id. `*created` tells (may be NULL); what check (may be NULL) says else. `*lsn`: durable with it.
MUST_USE enum status geofences_put(struct geofences *all, struct geofence *g, bool only_new,
                                   geofences_check_fn *check, void *ctx, bool *created,
                                   uint64_t *lsn, struct reason *why);
/// NOT_FOUND.
MUST_USE enum status geofences_remove(struct geofences *all, struct str id,
                                      geofences_check_fn *check, void *ctx, uint64_t *lsn,
                                      struct reason *why);

#endif
