// fences_asking.h - one change on its way through the fences, and what any of them may tell of it.
//
// Lives on the stack of fences_match.c; shared with the shapes that look for others (fences_near.h).

#ifndef ENGINE_FENCES_ASKING_H
#define ENGINE_FENCES_ASKING_H

#include "engine/fences_work.h"

struct fences_change {
    const struct object *previous; // NULL: it was not there
    const struct object *now;      // NULL: it is not there any more
    struct str collection;
    unsigned command;
    uint32_t item; // number of the change in its batch
    int64_t now_ms;
};

struct fences_asking {
    struct engine *engine;
    struct engine_reader *reader;
    struct fences_work *work;
    const struct fences_change *change;
    const struct object *previous, *now; // those with a position
    struct geometry *way;                // between both, made when asked for
    bool way_made, repeats;              // candidates may come twice
    unsigned told_kinds;                 // bit i: fences of kind i are asked
};

static inline bool fences_asking_is_point(const struct object *o) {
    return !(o->flags & OBJECT_HAS_GEOMETRY);
}

/// Of an object, or of none.
enum fence_verdict fences_asking_verdict(const struct fences_asking *m, const struct fence *f,
                                         const struct object *o);
/// RESP tells of what is removed without looking where it was, as Tile38 does.
bool fences_asking_is_removal(const struct fences_asking *m, const struct fence *f);
void fences_asking_removal(struct fences_asking *m, const struct fence *f);
/// Told in its turn, after all fences were asked; without memory the work has failed.
void fences_asking_tell(struct fences_asking *m, const struct fence *f, unsigned trigger,
                        const struct object *other, double distance_m);

#endif
