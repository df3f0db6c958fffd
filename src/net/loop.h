// loop.h - one event loop: a thread, an epoll descriptor, timers, and work posted by others.
//
// One loop a core; each accepts on its own SO_REUSEPORT socket, so connections never change thread.
// Behind this interface the kernel's side may change (io_uring was measured: no gain).
//
// Threads: everything from the loop's own thread, but loop_post and loop_stop.

#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct loop;

/// Something epoll can tell us about; embedded in connections and listeners.
struct loop_watch {
    int fd;
    void (*on_ready)(struct loop_watch *w, uint32_t epoll_events);
};

/// A timer, embedded by its owner; one-shot. Kept in a heap or wheel: start and stop are cheap.
struct loop_timer {
    uint64_t due_ns; // monotonic; 0: not running
    void (*on_due)(struct loop_timer *t);
    uint32_t place;
};

/// Work for the end of this turn, embedded by its owner: sending what a turn produced, freeing what a turn may still touch.
struct loop_late {
    void (*fn)(struct loop_late *t);
    struct loop_late *next;
    bool waiting;
};

MUST_USE enum status loop_new(struct loop **out);
/// What was posted and not run is dropped.
void loop_free(struct loop *l);
/// Runs until loop_stop. A turn: ready events, posted work, due timers, late work, then `on_turn` (may be NULL): the place
/// for leaving epochs.
void loop_run(struct loop *l, void (*on_turn)(void *ctx), void *ctx);
void loop_stop(struct loop *l);
/// Monotonic time of this turn.
uint64_t loop_now_ns(const struct loop *l);

MUST_USE enum status loop_watch_add(struct loop *l, struct loop_watch *w, uint32_t epoll_events);
MUST_USE enum status loop_watch_change(struct loop *l, struct loop_watch *w, uint32_t epoll_events);
void loop_watch_remove(struct loop *l, struct loop_watch *w);

MUST_USE enum status loop_timer_start(struct loop *l, struct loop_timer *t, uint64_t after_ms);
void loop_timer_stop(struct loop *l, struct loop_timer *t);

/// Once until it has run. Late work that is added by late work runs in the next turn, which comes at once.
void loop_late_add(struct loop *l, struct loop_late *t);
void loop_late_remove(struct loop *l, struct loop_late *t);

/// One place for reading into, shared by all that read in this loop: nothing stays there from one event to the next.
#define LOOP_SCRATCH_BYTES 65536
char *loop_scratch(struct loop *l);
/// Blocks for what is being sent; a few are kept. NULL when out of memory.
#define LOOP_BLOCK_BYTES 16384
void *loop_block_get(struct loop *l);
void loop_block_put(struct loop *l, void *block);

/// From any thread: run `fn(ctx)` in the loop soon. NO_MEMORY (never while fewer than 64 wait) or CLOSED (after loop_refuse_posts).
MUST_USE enum status loop_post(struct loop *l, void (*fn)(void *ctx), void *ctx);
/// Before the last turns of a loop: later posts are refused instead of lost.
void loop_refuse_posts(struct loop *l);

#endif
