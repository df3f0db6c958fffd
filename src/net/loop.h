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

MUST_USE enum status loop_new(struct loop **out);
void loop_free(struct loop *l);
/// Runs until loop_stop. After each turn `on_turn` is called (once all ready events were handled): the place for
/// flushing what the turn produced and for leaving epochs.
void loop_run(struct loop *l, void (*on_turn)(void *ctx), void *ctx);
void loop_stop(struct loop *l);
/// Monotonic time of this turn.
uint64_t loop_now_ns(const struct loop *l);

MUST_USE enum status loop_watch_add(struct loop *l, struct loop_watch *w, uint32_t epoll_events);
MUST_USE enum status loop_watch_change(struct loop *l, struct loop_watch *w, uint32_t epoll_events);
void loop_watch_remove(struct loop *l, struct loop_watch *w);

MUST_USE enum status loop_timer_start(struct loop *l, struct loop_timer *t, uint64_t after_ms);
void loop_timer_stop(struct loop *l, struct loop_timer *t);

/// From any thread: run `fn(ctx)` in the loop soon. NO_MEMORY or CLOSED.
MUST_USE enum status loop_post(struct loop *l, void (*fn)(void *ctx), void *ctx);

#endif
