// memory.c - the memory limit: changes stop at it, reads and deletes go on.
//
// The process may use a little more than the limit (headroom), so that a request that only reads still finds
// memory for its answer, and a delete for its record.

#include "base/mem.h"
#include "engine/engine_state.h"

#define HEADROOM_LEAST ((size_t)16 << 20)
#define HEADROOM_SHARE 8 // of the limit, an eighth

#define LOAD_SHARE 4  // of the limit, for what only the loading of the indices needs
#define NEAR_SHARE 16 // of the limit: what is less than that below it is near

static bool is_above(const struct engine *e);
static bool only_deletes(const struct change *changes, size_t count);

void engine_memory_limit(struct engine *e, const struct engine_options *options) {
    e->memory_limit = options->memory_limit_bytes;
    e->memory_limit_name = options->memory_limit_name ? options->memory_limit_name : "memory limit";
    engine_memory_restoring(e, false);
}

void engine_memory_limit_set(struct engine *e, size_t limit_bytes) {
    e->memory_limit = limit_bytes;
    mem_set_limit(0);
    engine_memory_restoring(e, false);
}

void engine_memory_restoring(const struct engine *e, bool restoring) {
    size_t limit = e->memory_limit, headroom = limit / HEADROOM_SHARE, most;
    if (limit == 0) {
        return;
    }
    headroom = headroom > HEADROOM_LEAST ? headroom : HEADROOM_LEAST;
    if (restoring) {
        headroom += limit / LOAD_SHARE;
    }
    mem_set_limit(__builtin_add_overflow(limit, headroom, &most) ? SIZE_MAX : most);
}

// A request needs memory of its own: between two that are refused less is in use than the limit.
bool engine_memory_full(const struct engine *e) {
    bool refused = atomic_load_explicit(&e->memory_refused, memory_order_relaxed);
    return is_above(e) || (refused && engine_memory_near(e));
}

enum status engine_memory_reason(const struct engine *e, struct reason *why) {
    if (e->memory_limit == 0) {
        return reason_set(why, STATUS_NO_MEMORY, "the system has no more memory to give");
    }
    return reason_set(why, STATUS_NO_MEMORY,
                      "%s is %zu bytes and %zu are in use: raise it, delete objects or let them "
                      "expire",
                      e->memory_limit_name, e->memory_limit, mem_used());
}

enum status engine_memory_too_small(const struct engine *e, struct reason *why) {
    if (e->memory_limit == 0) {
        return reason_set(why, STATUS_NO_MEMORY,
                          "the stored data does not fit into the memory that the system gives");
    }
    return reason_set(why, STATUS_NO_MEMORY,
                      "the stored data does not fit into memory: %s is %zu bytes: raise it",
                      e->memory_limit_name, e->memory_limit);
}

// What was replaced or deleted waits to be freed, for large objects a lot: near the limit each change looks after
// it, but can free only what was given up two changes ago (its own reader is inside the epoch).
enum status engine_memory_admit(struct engine *e, const struct change *changes, size_t count,
                                struct reason *why) {
    if (engine_memory_near(e)) {
        epoch_collect(e->epoch);
    }
    bool above = is_above(e);
    if (above && only_deletes(changes, count)) {
        return STATUS_OK;
    }
    if (above != atomic_load_explicit(&e->memory_refused, memory_order_relaxed)) {
        atomic_store_explicit(&e->memory_refused, above, memory_order_relaxed);
    }
    return above ? engine_memory_reason(e, why) : STATUS_OK;
}

static bool is_above(const struct engine *e) {
    return e->memory_limit && mem_used() > e->memory_limit;
}

bool engine_memory_near(const struct engine *e) {
    return e->memory_limit && mem_used() > e->memory_limit - e->memory_limit / NEAR_SHARE;
}

static bool only_deletes(const struct change *changes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!changes || changes[i].kind != CHANGE_DELETE) {
            return false;
        }
    }
    return true;
}
