#include "engine/fences_asking.h"

enum fence_verdict fences_asking_verdict(const struct fences_asking *m, const struct fence *f,
                                         const struct object *o) {
    const struct fence_spec *spec = fence_spec(f);
    if (!o) {
        return FENCE_UNCONCERNED;
    }
    return spec->accept ? spec->accept(spec->ctx, o, m->change->command) : FENCE_ACCEPTED;
}

bool fences_asking_is_removal(const struct fences_asking *m, const struct fence *f) {
    return fence_spec(f)->kind != FENCE_GEOFENCE &&
           (m->change->command & (FENCE_DELETE | FENCE_EXPIRE | FENCE_DROP));
}

void fences_asking_removal(struct fences_asking *m, const struct fence *f) {
    bool whole = !m->previous;
    if (whole || fences_asking_verdict(m, f, m->previous) != FENCE_UNCONCERNED) {
        fences_asking_tell(m, f, 0, NULL, 0);
    }
}

void fences_asking_tell(struct fences_asking *m, const struct fence *f, unsigned trigger,
                        const struct object *other, double distance_m) {
    struct fences_work *w = m->work;
    if (!fences_work_room(&w->told, &w->told_cap, w->told_count, sizeof w->told[0])) {
        w->failed = true;
        return;
    }
    w->told[w->told_count++] = (struct fences_told){f, other, distance_m, trigger};
}
