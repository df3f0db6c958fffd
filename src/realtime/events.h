// events.h - hears of what the engine has committed: durable events go into the event log, all else to those who listen.
//
// It fills struct engine_events but for `write` and `expired`, which know the texts.
//
// Threads: committed and restored as engine/fences.h says; all else from any.

#ifndef REALTIME_EVENTS_H
#define REALTIME_EVENTS_H

#include "base/log.h"
#include "engine/engine.h"
#include "metrics/registry.h"
#include "realtime/delivery.h"
#include "realtime/hub.h"

struct events;

struct events_options {
    struct event_log *log;    // borrowed
    struct hub *hub;          // borrowed; may be NULL
    struct registry *metrics; // borrowed; may be NULL
    struct log *log_lines;    // may be NULL
};

MUST_USE enum status events_new(const struct events_options *options, struct events **out);
void events_free(struct events *ev);
/// Who is woken; NULL: nobody. Before the first change.
void events_set_delivery(struct events *ev, struct delivery *delivery);

/// Room in the event log for what is about to be committed: see engine_events.reserve.
MUST_USE enum status events_reserve(struct events *ev, size_t count, size_t bytes);
void events_release(struct events *ev, size_t count, size_t bytes);
void events_committed(struct events *ev, const struct engine_event *list, size_t count,
                      uint64_t lsn);
MUST_USE enum status events_restored(struct events *ev, const struct engine_event *event,
                                     uint64_t lsn);
/// Before a snapshot: see engine_events.settle.
MUST_USE enum status events_settle(struct events *ev);
/// The store says that more is durable.
void events_durable(struct events *ev);

#endif
