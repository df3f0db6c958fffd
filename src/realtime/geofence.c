// geofence.c - the life of a geofence, and the fence made of it.

#include "realtime/geofence.h"

#include "base/mem.h"

static enum fence_verdict accept(const void *ctx, const struct object *o, unsigned command);
static void release(void *ctx);

struct geofence *geofence_ref(const struct geofence *g) {
    struct geofence *own = (struct geofence *)(uintptr_t)g;
    atomic_fetch_add_explicit(&own->references, 1, memory_order_relaxed);
    return own;
}

void geofence_unref(struct geofence *g) {
    if (!g || atomic_fetch_sub_explicit(&g->references, 1, memory_order_acq_rel) > 1) return;
    filter_release(g->filter);
    geometry_unref(g->geometry);
    arena_deinit(&g->arena);
    mem_free(g);
}

enum status geofence_fence(const struct geofence *g, struct fence **out, struct reason *why) {
    struct fence_spec spec = {
        .kind = FENCE_GEOFENCE,
        .id = g->id,
        .collection = g->collection,
        .shape = g->shape,
        .relation = FENCE_INTERSECTS,
        .geometry = g->geometry,
        .radius_m = g->radius_m,
        .roam_collection = g->roam_collection,
        .roam_id = g->roam_id,
        .nodwell = g->roam_nodwell,
        .set_collection = g->set_collection,
        .triggers = g->triggers,
        .commands = FENCE_COMMANDS_ALL,
        .accept = g->filter ? accept : NULL,
        .ctx = geofence_ref(g),
        .free_ctx = release,
        .durable = true,
        .silent = !g->active,
        .version = g->version,
    };
    enum status st = fence_new(&spec, out, why);
    if (st != STATUS_OK) geofence_unref(spec.ctx);
    return st;
}

const struct geofence *geofence_of(const struct fence *fence) {
    return fence_spec(fence)->ctx;
}

static enum fence_verdict accept(const void *ctx, const struct object *o, unsigned command) {
    (void)command;
    const struct geofence *g = ctx;
    return filter_matches(g->filter, o) ? FENCE_ACCEPTED : FENCE_UNCONCERNED;
}

static void release(void *ctx) {
    geofence_unref(ctx);
}
