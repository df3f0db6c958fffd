// outbox_window.c - what each target has still to get: a window of places in the log, filled as events come, or, for
// those behind, read again from the log.

#include "base/hash.h"
#include "base/mem.h"
#include "realtime/outbox_state.h"

enum { FIRST_CAP = 4 };

static bool is_for(const struct outbox_target *t, enum fence_kind kind, struct str fence_id,
                   unsigned trigger) {
    return t->kind == kind && (t->triggers == 0 || trigger == 0 || (t->triggers & trigger)) &&
           str_eq((struct str){t->fence_id, t->fence_id_len}, fence_id);
}

static bool window_push(struct outbox_target *t, const struct event_log_cursor *place) {
    if (t->len == OUTBOX_WINDOW) return false;
    if (t->len == t->cap) {
        unsigned cap = t->cap ? t->cap * 2 : FIRST_CAP;
        struct event_log_cursor *more = mem_alloc(cap * sizeof *more);
        if (!more) return false;
        for (unsigned i = 0; i < t->len; i++)
            more[i] = t->window[(t->head + i) % t->cap];
        mem_free(t->window);
        t->window = more;
        t->cap = cap;
        t->head = 0;
    }
    t->window[(t->head + t->len++) % t->cap] = *place;
    return true;
}

void outbox_window_pop(struct outbox_target *t) {
    t->head = (t->head + 1) % t->cap;
    t->len--;
    if (t->len == 0 && t->cap > FIRST_CAP) outbox_window_clear(t, t->seen);
}

void outbox_window_clear(struct outbox_target *t, uint64_t seen) {
    mem_free(t->window);
    t->window = NULL;
    t->head = t->len = t->cap = 0;
    t->seen = seen;
}

void outbox_want_read(struct outbox *o, struct outbox_target *t) {
    if (t->wants_read) return;
    t->wants_read = true;
    t->next_behind = NULL;
    if (o->behind)
        o->behind_last->next_behind = t;
    else
        o->behind = t;
    o->behind_last = t;
}

// --- as events come ---

uint64_t outbox_routed(const struct outbox *o) {
    return o->routed;
}

void outbox_route_to(struct outbox *o, uint64_t seq) {
    if (seq > o->routed) o->routed = seq;
}

void outbox_route(struct outbox *o, enum fence_kind kind, struct str fence_id, unsigned trigger,
                  const struct event_log_cursor *place) {
    uint64_t hash = hash_bytes(fence_id.p, fence_id.len, (uint64_t)kind + 1);
    struct outbox_target *t = o->by_fence[hash & (o->buckets - 1)];
    for (; t; t = t->next_fence) {
        if (t->behind || t->seen >= place->seq || !is_for(t, kind, fence_id, trigger)) continue;
        if (window_push(t, place)) {
            t->seen = place->seq;
            if (t->len == 1) outbox_settle(o, t, 0);
        } else {
            t->behind = true;
            t->read_at = *place;
            outbox_settle(o, t, 0);
        }
    }
    outbox_route_to(o, place->seq);
}

// --- for those behind ---

struct outbox_target *outbox_behind(struct outbox *o, struct event_log_cursor *cursor) {
    struct outbox_target *t = o->behind;
    if (!t) return NULL;
    o->behind = t->next_behind;
    t->wants_read = false;
    *cursor = t->read_at;
    return t;
}

bool outbox_catch_up(struct outbox *o, struct outbox_target *t, enum fence_kind kind,
                     struct str fence_id, unsigned trigger, const struct event_log_cursor *place) {
    (void)o;
    if (t->seen >= place->seq || !is_for(t, kind, fence_id, trigger)) return true;
    if (!window_push(t, place)) return false;
    t->seen = place->seq;
    return true;
}

void outbox_caught_up(struct outbox *o, struct outbox_target *t,
                      const struct event_log_cursor *cursor) {
    t->read_at = *cursor;
    if (cursor->seq > o->routed) {
        t->behind = false;
        if (t->seen < cursor->seq - 1) t->seen = cursor->seq - 1;
    }
    outbox_settle(o, t, 0);
}
