// fences_life.c - which fences there are.

#include "engine/fences.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/engine_state.h"

#define EXPIRY_LOOK_MS 1000 // between two looks at all fences, when one has expired

/// Expired, taken out.
struct due {
    struct fence **fences;
    size_t count, cap;
};

static enum status place(struct fences *t, struct fence *f, struct fence *before);
static void take_out(struct fences *t, struct fence *f);
static bool is_due(const struct fence *f, int64_t now_ms);
static void take_due(struct fences *t, struct fence_order *order, int64_t now_ms, struct due *due);
static bool due_add(struct due *due, struct fence *f);

enum status fences_init(struct fences *t, const struct engine_events *events) {
    *t = (struct fences){.events = *events, .next_expiry_ms = INT64_MAX};
    if (pthread_mutex_init(&t->lock, NULL) || pthread_mutex_init(&t->log, NULL)) {
        return STATUS_NO_MEMORY;
    }
    return brlock_new(EPOCH_MAX_READERS, &t->matching);
}

void fences_deinit(struct fences *t) {
    fence_sets_deinit(&t->sets);
    for (unsigned kind = 0; kind < FENCE_KINDS; kind++) {
        struct fence_order_node *n = t->orders[kind].first[0];
        for (; n; n = fence_order_next(n)) {
            fence_unref(n->fence);
        }
        fence_order_deinit(&t->orders[kind]);
    }
    brlock_free(t->matching);
    pthread_mutex_destroy(&t->log);
    pthread_mutex_destroy(&t->lock);
}

enum status engine_fence_put(struct engine *e, struct fence *f, bool *replaced) {
    struct fences *t = &e->fences;
    const struct fence_spec *spec = fence_spec(f);
    struct fence_order *order = &t->orders[spec->kind];
    pthread_mutex_lock(&t->lock);
    struct fence_order_node *node = fence_order_after(order, spec->id, true);
    node = node && str_eq(fence_spec(node->fence)->id, spec->id) ? node : NULL;
    struct fence *before = node ? node->fence : NULL;
    struct fence_order_node *fresh = node ? NULL : fence_order_node_new(order, f);
    enum status st = node || fresh ? place(t, f, before) : STATUS_NO_MEMORY;
    if (st == STATUS_OK) {
        if (node) {
            node->fence = f;
        } else {
            fence_order_insert(order, fresh);
            atomic_fetch_add(&t->count, 1);
        }
        (void)fence_ref(f);
        if (spec->expires_ms && spec->expires_ms < t->next_expiry_ms) {
            t->next_expiry_ms = spec->expires_ms;
        }
    } else {
        fence_order_node_free(fresh);
    }
    pthread_mutex_unlock(&t->lock);
    if (st != STATUS_OK) {
        return st;
    }
    if (replaced) {
        *replaced = before != NULL;
    }
    if (before) {
        fence_retire(before, e->epoch);
    }
    return STATUS_OK;
}

enum status engine_fence_remove(struct engine *e, enum fence_kind kind, struct str id) {
    struct fences *t = &e->fences;
    pthread_mutex_lock(&t->lock);
    struct fence *f = fence_order_remove(&t->orders[kind], id);
    if (f) {
        take_out(t, f);
    }
    pthread_mutex_unlock(&t->lock);
    if (!f) {
        return STATUS_NOT_FOUND;
    }
    bool gone = is_due(f, clock_wall_ms());
    fence_retire(f, e->epoch);
    return gone ? STATUS_NOT_FOUND : STATUS_OK;
}

struct fence *engine_fence_find(struct engine *e, enum fence_kind kind, struct str id) {
    struct fences *t = &e->fences;
    pthread_mutex_lock(&t->lock);
    struct fence *f = fence_order_find(&t->orders[kind], id);
    f = f && !is_due(f, clock_wall_ms()) ? fence_ref(f) : NULL;
    pthread_mutex_unlock(&t->lock);
    return f;
}

enum status engine_fence_each(struct engine *e, enum fence_kind kind, struct str glob,
                              struct str after, engine_fence_visit_fn *visit, void *ctx) {
    struct fences *t = &e->fences;
    int64_t now_ms = clock_wall_ms();
    bool more = true;
    pthread_mutex_lock(&t->lock);
    struct fence_order_node *n =
        after.len ? fence_order_after(&t->orders[kind], after, false) : t->orders[kind].first[0];
    for (; n && more; n = fence_order_next(n)) {
        bool wanted = !glob.len || str_glob(glob, fence_spec(n->fence)->id);
        if (wanted && !is_due(n->fence, now_ms)) {
            more = visit(ctx, n->fence);
        }
    }
    pthread_mutex_unlock(&t->lock);
    return STATUS_OK;
}

size_t engine_fence_count(struct engine *e, enum fence_kind kind) {
    struct fences *t = &e->fences;
    pthread_mutex_lock(&t->lock);
    size_t count = t->orders[kind].count;
    pthread_mutex_unlock(&t->lock);
    return count;
}

enum status engine_fence_listen(struct engine *e, struct fence *f, int by) {
    struct fences *t = &e->fences;
    enum status st = STATUS_OK;
    pthread_mutex_lock(&t->lock);
    bool there = fence_order_find(&t->orders[fence_spec(f)->kind], fence_spec(f)->id) == f;
    bool before = fence_is_heard(f);
    fence_listen(f, by);
    struct fence_set *set = there ? fence_sets_find(&t->sets, fence_spec(f)->collection) : NULL;
    if (set && before != fence_is_heard(f)) {
        brlock_write_begin(t->matching);
        if (before) {
            fence_set_ignore(set, f);
        } else if ((st = fence_set_hear(set, f)) != STATUS_OK) {
            fence_listen(f, -by);
        }
        brlock_write_end(t->matching);
    }
    pthread_mutex_unlock(&t->lock);
    return st;
}

void fences_expire(struct engine *e, int64_t now_ms) {
    struct fences *t = &e->fences;
    struct due due = {0};
    if (!fences_watch(t)) {
        return;
    }
    pthread_mutex_lock(&t->lock);
    if (now_ms >= t->next_expiry_ms && now_ms >= t->looked_ms + EXPIRY_LOOK_MS) {
        t->next_expiry_ms = INT64_MAX;
        t->looked_ms = now_ms;
        for (unsigned kind = 0; kind < FENCE_KINDS; kind++) {
            take_due(t, &t->orders[kind], now_ms, &due);
        }
    }
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < due.count; i++) {
        if (t->events.expired) {
            t->events.expired(t->events.ctx, due.fences[i]);
        }
        fence_retire(due.fences[i], e->epoch);
    }
    mem_free(due.fences);
}

// The new one comes before the old one goes, so that nothing is lost when memory runs out.
static enum status place(struct fences *t, struct fence *f, struct fence *before) {
    struct str name = fence_spec(f)->collection;
    brlock_write_begin(t->matching);
    struct fence_set *set = fence_sets_make(&t->sets, name);
    enum status st = set ? fence_set_add(set, f) : STATUS_NO_MEMORY;
    if (st == STATUS_OK && before) {
        struct str old = fence_spec(before)->collection;
        fence_set_remove(fence_sets_find(&t->sets, old), before);
        fence_sets_tidy(&t->sets, old);
    } else if (set && st != STATUS_OK) {
        fence_sets_tidy(&t->sets, name);
    }
    brlock_write_end(t->matching);
    return st;
}

static void take_out(struct fences *t, struct fence *f) {
    struct str name = fence_spec(f)->collection;
    brlock_write_begin(t->matching);
    fence_set_remove(fence_sets_find(&t->sets, name), f);
    fence_sets_tidy(&t->sets, name);
    brlock_write_end(t->matching);
    atomic_fetch_sub(&t->count, 1);
}

static bool is_due(const struct fence *f, int64_t now_ms) {
    int64_t at = fence_spec(f)->expires_ms;
    return at && at <= now_ms;
}

// Expired ones are not matched any more, so what finds no memory can wait.
static void take_due(struct fences *t, struct fence_order *order, int64_t now_ms, struct due *due) {
    struct fence_order_node *n = order->first[0];
    while (n) {
        struct fence *f = n->fence;
        int64_t at = fence_spec(f)->expires_ms;
        n = fence_order_next(n);
        if (is_due(f, now_ms) && due_add(due, f)) {
            (void)fence_order_remove(order, fence_spec(f)->id);
            take_out(t, f);
        } else if (at && at < t->next_expiry_ms) {
            t->next_expiry_ms = at;
        }
    }
}

static bool due_add(struct due *due, struct fence *f) {
    if (due->count == due->cap) {
        size_t cap = due->cap * 2 + 16;
        struct fence **more = mem_realloc(due->fences, cap * sizeof more[0]);
        if (!more) {
            return false;
        }
        due->fences = more;
        due->cap = cap;
    }
    due->fences[due->count++] = f;
    return true;
}
