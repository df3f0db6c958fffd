// outbox_turn.c - whose turn it is, and what an answer means for the next one.
//
// Two heaps by the time they are due: those in order, and those whose last try failed, which get at most half of the
// POSTs at a time.

#include <stdio.h>

#include "realtime/outbox_state.h"

#define PACE_FIRST_MS 1000
#define PACE_MOST_MS 60000
#define RETRY_AFTER_MOST_S 86400u
#define JITTER 0.2 // of the wait, either way

static void heap_push(struct outbox *o, struct outbox_target *t);
static void heap_remove(struct outbox *o, struct outbox_target *t);

void outbox_settle(struct outbox *o, struct outbox_target *t, int64_t now_ms) {
    if (t->busy || t->mark.disabled || t->removed) return;
    if (t->len == 0) {
        if (t->behind) outbox_want_read(o, t);
        return;
    }
    if (t->heap_at != OUTBOX_NOWHERE) return;
    t->due_ms = t->mark.retry_ms > now_ms ? t->mark.retry_ms : now_ms;
    heap_push(o, t);
}

void outbox_unqueue(struct outbox *o, struct outbox_target *t) {
    if (t->heap_at != OUTBOX_NOWHERE) heap_remove(o, t);
    if (!t->wants_read) return;
    struct outbox_target **p = &o->behind, *last = NULL;
    while (*p != t) {
        last = *p;
        p = &(*p)->next_behind;
    }
    *p = t->next_behind;
    if (o->behind_last == t) o->behind_last = last;
    t->wants_read = false;
}

/// The heap whose first is to be taken, or NULL.
static struct outbox_heap *heap_due(struct outbox *o, int64_t now_ms) {
    if (o->busy >= o->most_busy) return NULL;
    for (unsigned i = 0; i < 2; i++) {
        struct outbox_heap *h = &o->heaps[i];
        bool full = i == 1 && o->busy_failing >= (o->most_busy + 1) / 2;
        if (h->len && h->items[0]->due_ms <= now_ms && !full) return h;
    }
    return NULL;
}

struct outbox_target *outbox_next(struct outbox *o, int64_t now_ms,
                                  struct event_log_cursor *event) {
    struct outbox_heap *h = heap_due(o, now_ms);
    if (!h) return NULL;
    struct outbox_target *t = h->items[0];
    heap_remove(o, t);
    t->busy = true;
    t->stale = false;
    t->busy_failing = outbox_failing(t);
    o->busy++;
    o->busy_failing += t->busy_failing;
    *event = t->window[t->head];
    return t;
}

int64_t outbox_wait_ms(const struct outbox *o, int64_t now_ms) {
    if (o->behind) return 0;
    if (o->busy >= o->most_busy) return -1; // an answer comes first
    int64_t least = -1;
    for (unsigned i = 0; i < 2; i++) {
        const struct outbox_heap *h = &o->heaps[i];
        if (!h->len || (i == 1 && o->busy_failing >= (o->most_busy + 1) / 2)) continue;
        int64_t wait = h->items[0]->due_ms > now_ms ? h->items[0]->due_ms - now_ms : 0;
        if (least < 0 || wait < least) least = wait;
    }
    return least;
}

static void idle(struct outbox *o, struct outbox_target *t) {
    t->busy = false;
    o->busy--;
    o->busy_failing -= t->busy_failing;
    t->busy_failing = false;
}

void outbox_release(struct outbox *o, struct outbox_target *t, bool gone, int64_t now_ms) {
    idle(o, t);
    if (t->removed) {
        outbox_target_free(t);
        return;
    }
    if (gone && !t->stale) {
        t->mark.cursor = t->window[t->head].seq;
        t->mark.tries = 0;
        t->dirty = true;
        outbox_window_pop(t);
    }
    outbox_settle(o, t, now_ms);
}

// --- answers ---

static void delivered(struct outbox *o, struct outbox_target *t, int64_t now_ms) {
    t->mark.cursor = t->window[t->head].seq;
    t->mark.tries = 0;
    t->mark.retry_ms = 0;
    t->url_at = 0;
    t->error[0] = 0;
    t->pace_ms = t->pace_ms / 2 >= PACE_FIRST_MS / 8 ? t->pace_ms / 2 : 0;
    outbox_window_pop(t);
    if (t->pace_ms) t->mark.retry_ms = now_ms + t->pace_ms;
    outbox_settle(o, t, now_ms);
}

static void disable(struct outbox_target *t, int64_t now_ms) {
    t->mark.disabled = true;
    t->mark.failed_ms = now_ms;
    t->mark.retry_ms = 0;
}

/// Asked to be slow: so much between two POSTs, until it takes them again.
static void slow_down(struct outbox_target *t) {
    t->pace_ms = t->pace_ms < PACE_FIRST_MS ? PACE_FIRST_MS : t->pace_ms * 2;
    if (t->pace_ms > PACE_MOST_MS) t->pace_ms = PACE_MOST_MS;
}

static void retry_later(struct outbox *o, struct outbox_target *t,
                        const struct webhook_result *result, int64_t now_ms) {
    double wait_ms = o->schedule.seconds[t->mark.tries] * 1000;
    wait_ms *= rand_range(&o->rand, 1 - JITTER, 1 + JITTER);
    uint32_t after = result->retry_after_s;
    if (after > RETRY_AFTER_MOST_S) after = RETRY_AFTER_MOST_S;
    if (wait_ms < after * 1000.0) wait_ms = after * 1000.0;
    if (wait_ms < (double)t->pace_ms) wait_ms = (double)t->pace_ms;
    t->mark.retry_ms = now_ms + (int64_t)wait_ms;
    outbox_settle(o, t, now_ms);
}

static enum outbox_outcome refused(struct outbox *o, struct outbox_target *t,
                                   const struct webhook_result *result, int64_t now_ms) {
    if (result->status) {
        snprintf(t->error, sizeof t->error, "HTTP status %u", result->status);
    } else {
        snprintf(t->error, sizeof t->error, "%s", result->text);
    }
    if (t->url_at + 1 < t->url_count) {
        t->url_at++;
        t->mark.retry_ms = 0;
        outbox_settle(o, t, now_ms);
        return OUTBOX_ANOTHER_URL;
    }
    t->url_at = 0;
    t->mark.tries++;
    if (result->status == 429 || result->status == 502 || result->status == 504) slow_down(t);
    if ((result->status == 410 && t->url_count == 1) || t->mark.tries >= o->schedule.count) {
        disable(t, now_ms);
        return OUTBOX_DISABLED;
    }
    retry_later(o, t, result, now_ms);
    return OUTBOX_LATER;
}

enum outbox_outcome outbox_result(struct outbox *o, struct outbox_target *t,
                                  const struct webhook_result *result, int64_t now_ms) {
    idle(o, t);
    if (t->removed) {
        outbox_target_free(t);
        return OUTBOX_REMOVED;
    }
    bool good = result->status >= 200 && result->status < 300;
    if (t->stale) { // its place was set anew meanwhile
        outbox_settle(o, t, now_ms);
        return good ? OUTBOX_DELIVERED : OUTBOX_LATER;
    }
    t->dirty = true;
    t->mark.status = result->status;
    if (!good) return refused(o, t, result, now_ms);
    delivered(o, t, now_ms);
    return OUTBOX_DELIVERED;
}

// --- the heaps ---

static bool before(const struct outbox_target *a, const struct outbox_target *b) {
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void place(struct outbox_heap *h, size_t at, struct outbox_target *t) {
    h->items[at] = t;
    t->heap_at = at;
}

static void heap_up(struct outbox_heap *h, struct outbox_target *t) {
    size_t at = t->heap_at;
    while (at && before(t, h->items[(at - 1) / 2])) {
        place(h, at, h->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(h, at, t);
}

static void heap_down(struct outbox_heap *h, struct outbox_target *t) {
    size_t at = t->heap_at;
    for (;;) {
        size_t child = at * 2 + 1;
        if (child >= h->len) break;
        if (child + 1 < h->len && before(h->items[child + 1], h->items[child])) child++;
        if (!before(h->items[child], t)) break;
        place(h, at, h->items[child]);
        at = child;
    }
    place(h, at, t);
}

static void heap_push(struct outbox *o, struct outbox_target *t) {
    t->heap_of = outbox_failing(t);
    t->order = o->order++;
    struct outbox_heap *h = &o->heaps[t->heap_of];
    place(h, h->len++, t);
    heap_up(h, t);
}

static void heap_remove(struct outbox *o, struct outbox_target *t) {
    struct outbox_heap *h = &o->heaps[t->heap_of];
    struct outbox_target *last = h->items[--h->len];
    if (last != t) {
        place(h, t->heap_at, last);
        heap_up(h, last);
        heap_down(h, last);
    }
    t->heap_at = OUTBOX_NOWHERE;
}
