// fences_match.h - one change against all fences that it may touch.
//
// Under the stripe of the object's id, inside the epoch; the events wait in the reader's work (fences_work.h).

#ifndef ENGINE_FENCES_MATCH_H
#define ENGINE_FENCES_MATCH_H

#include "engine/fences_asking.h"

/// NO_MEMORY, or what the listener says.
MUST_USE enum status fences_match(struct engine *e, struct engine_reader *r,
                                  const struct fences_change *change);
/// A collection goes: what is told of it as a whole, after what GEOFENCEs tell of each object.
MUST_USE enum status fences_match_drop(struct engine *e, struct engine_reader *r,
                                       struct str collection, int64_t now_ms);
/// Whether any GEOFENCE watches the collection.
bool fences_match_objects(struct engine *e, const struct engine_reader *r, struct str collection);
/// Whether that, a hook or a channel keeps the collection from taking another name, or another this one.
bool fences_hold_name(struct engine *e, const struct engine_reader *r, struct str collection);

#endif
