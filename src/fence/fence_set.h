// fence_set.h - the fences of one watched collection, by the boxes of their areas.
//
//   box of a position --R-tree--> fences whose boxes it touches
//   each update, removal --> the few fences that hear of it wherever it happens (lists)
//
// Areas over the antimeridian stand in it piece by piece, so one fence may be visited more than once.
//
// Ownership: fences are the caller's and stay alive while they are in a set; a fence is in one set at a time.
// Threads: one writer or many readers; the caller holds the lock.

#ifndef FENCE_FENCE_SET_H
#define FENCE_FENCE_SET_H

#include "fence/fence.h"
#include "index/index.h"

struct fence_set;

MUST_USE enum status fence_set_new(struct fence_set **out);
/// What is in it is let go.
void fence_set_free(struct fence_set *s);
/// NO_MEMORY leaves it as it was.
MUST_USE enum status fence_set_add(struct fence_set *s, struct fence *f);
void fence_set_remove(struct fence_set *s, struct fence *f);
/// After fence_listen made somebody or nobody listen. NO_MEMORY: it hears nothing yet.
MUST_USE enum status fence_set_hear(struct fence_set *s, struct fence *f);
void fence_set_ignore(struct fence_set *s, struct fence *f);
size_t fence_set_count(const struct fence_set *s);
/// Of GEOFENCE kind.
size_t fence_set_geofences(const struct fence_set *s);
/// Of HOOK and CHANNEL kind.
size_t fence_set_hooks(const struct fence_set *s);

/// Return false to stop.
typedef bool fence_set_visit_fn(void *ctx, struct fence *const *fences, size_t count);
/// Fences whose area's box touches `box`.
bool fence_set_search(const struct fence_set *s, const struct index_box *box,
                      fence_set_visit_fn *visit, void *ctx);
/// The same of those that tell of crossing.
bool fence_set_search_crossed(const struct fence_set *s, const struct index_box *box,
                              fence_set_visit_fn *visit, void *ctx);
bool fence_set_has_crossed(const struct fence_set *s);
/// Those heard that must look at each update: OUTSIDE of any area.
struct fence *const *fence_set_each_update(const struct fence_set *s, size_t *count);
/// RESP's that tell of each removal: live ones, and hooks that tell of the outside.
struct fence *const *fence_set_each_removal(const struct fence_set *s, size_t *count);
struct fence *const *fence_set_each_roam(const struct fence_set *s, size_t *count);
struct fence *const *fence_set_each_areas(const struct fence_set *s, size_t *count);

#endif
