// walk.h - the objects of a collection in the order of their ids, or its strings in the order of their values.
//
// Order: bytes of the id; of the value, then of the id. Walks go on while writers change the collection: each object that is
// there all the time is given once, in order, and nothing is given that was not there. The order is made at the first
// walk of a collection and then kept (id_order.h).
//
// Threads: from any thread, inside engine_enter.

#ifndef ENGINE_WALK_H
#define ENGINE_WALK_H

#include "engine/engine.h"

/// False ends the walk. The object is borrowed until engine_leave. Expired ones are left out.
typedef bool walk_visit_fn(void *ctx, const struct object *o);

/// Where a walk begins, and which way it goes.
struct walk_range {
    bool by_value; // strings in the order of (value, id); else all objects in the order of ids
    bool descending;
    bool has_from;   // else at the end that comes first
    struct str from; // an id, or a value: begin there
    struct str
        from_id; // by_value: at this id among those of the value; empty: at the first (descending: last) of them
    bool after; // not with the object of `from` (and `from_id`) itself
};

/// Objects of the collection in order, until `visit` says false. NOT_FOUND for an unknown collection, NO_MEMORY when
/// the order cannot be made. Inside engine_enter; the first walk of a collection sorts it.
MUST_USE enum status walk_run(struct engine *e, unsigned reader, struct str collection,
                              const struct walk_range *range, walk_visit_fn *visit, void *ctx,
                              struct reason *why);

#endif
