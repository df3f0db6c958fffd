// outbox_state.h - what an outbox is made of, for the files that together implement outbox.h.
//
//   outbox_table.c targets, found by name and by fence | outbox_window.c what they have still to get
//   outbox_turn.c whose turn it is, and what an answer means | outbox_mark.c what lasts

#ifndef REALTIME_OUTBOX_STATE_H
#define REALTIME_OUTBOX_STATE_H

#include "base/rand.h"
#include "realtime/outbox.h"

#define OUTBOX_NOWHERE SIZE_MAX

struct outbox_target {
    struct outbox_target *next_name, *next_fence, *next_behind; // in their chains
    uint64_t name_hash, fence_hash;
    size_t at; // in outbox.all
    char *name, *fence_id;
    size_t name_len, fence_id_len;
    enum fence_kind kind;
    unsigned triggers; // 0: all
    char *urls[OUTBOX_URLS];
    unsigned url_count, url_at;
    struct signature_key keys[OUTBOX_KEYS];
    unsigned key_count;

    struct outbox_mark mark;
    bool dirty;                      // the mark has changed since it was asked for
    struct event_log_cursor *window; // a ring
    unsigned head, len, cap;
    uint64_t seen; // events up to here are delivered, in the window, or not for it
    bool behind, wants_read;
    struct event_log_cursor read_at; // behind: the rest is there

    bool busy, busy_failing, removed;
    bool stale;     // the answer under way is to be forgotten: cursor or window were set anew
    size_t heap_at; // in the heap of its kind, or NOWHERE
    unsigned heap_of;
    int64_t due_ms;
    uint64_t order; // among those due at the same time
    int64_t pace_ms;
    char error[120];
};

struct outbox_heap {
    struct outbox_target **items;
    size_t len;
};

struct outbox {
    struct outbox_schedule schedule;
    unsigned most_busy, busy, busy_failing;
    struct rand rand;
    uint64_t order, routed;
    struct outbox_target **all;
    size_t count, cap;
    struct outbox_target **by_name, **by_fence; // `buckets` each
    size_t buckets;
    struct outbox_heap heaps[2]; // those in order, those whose last try failed; room for `cap`
    struct outbox_target *behind, *behind_last; // a queue
};

/// Between the files: put the target where it belongs now: into a heap, among those behind, or nowhere.
void outbox_settle(struct outbox *o, struct outbox_target *t, int64_t now_ms);
void outbox_unqueue(struct outbox *o, struct outbox_target *t);
void outbox_window_clear(struct outbox_target *t, uint64_t seen);
void outbox_window_pop(struct outbox_target *t);
void outbox_want_read(struct outbox *o, struct outbox_target *t);
void outbox_target_free(struct outbox_target *t);

static inline bool outbox_failing(const struct outbox_target *t) {
    return t->mark.tries > 0;
}

#endif
