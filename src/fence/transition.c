#include "fence/transition.h"

static unsigned of_geofence(const struct transition *t) {
    if (t->was) return t->is ? FENCE_INSIDE : FENCE_EXIT;
    if (t->is) return FENCE_ENTER;
    if (!t->existed || !t->exists) return 0;
    return t->crossed ? FENCE_CROSS | FENCE_OUTSIDE : FENCE_OUTSIDE;
}

static unsigned of_resp(const struct transition *t) {
    if (!t->exists) return 0;
    if (t->is) {
        bool comes = !t->was && t->command == FENCE_SET_OBJECT;
        return comes ? FENCE_ENTER | FENCE_INSIDE : FENCE_INSIDE;
    }
    if (t->was) return FENCE_EXIT | FENCE_OUTSIDE;
    return t->crossed ? FENCE_CROSS | FENCE_OUTSIDE : FENCE_OUTSIDE;
}

unsigned transition_triggers(const struct transition *t) {
    return t->kind == FENCE_GEOFENCE ? of_geofence(t) : of_resp(t);
}

bool transition_may_cross(const struct transition *t) {
    return t->existed && t->exists && !t->was && !t->is && t->command == FENCE_SET_OBJECT;
}

unsigned transition_rank(unsigned trigger) {
    switch (trigger) {
    case FENCE_EXIT: return 1;
    case FENCE_OUTSIDE: return 2;
    case FENCE_ENTER: return 3;
    case FENCE_INSIDE: return 4;
    default: return 0;
    }
}
