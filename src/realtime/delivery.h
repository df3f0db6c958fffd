// delivery.h - the thread that brings events to webhooks: event log -> outbox -> POST, and marks back into the engine.
//
//   committed() --delivery_wake--> flush the log --> route --> due POSTs --> answers --> marks (engine_keep "outbox/NAME")
//
// At least once: a mark is kept within half a second of the answer it tells of; what was answered after the last
// mark before a kill is sent again, under the same webhook-id.
//
// Owner: the server. Threads: all functions from any; lock order: delivery's before the log's.

#ifndef REALTIME_DELIVERY_H
#define REALTIME_DELIVERY_H

#include "base/log.h"
#include "engine/engine.h"
#include "metrics/registry.h"
#include "realtime/outbox.h"

struct delivery;

struct delivery_options {
    struct engine *engine;    // borrowed: marks are kept there, its store says what is durable
    struct event_log *events; // borrowed
    struct registry *metrics; // borrowed; may be NULL
    struct log *log;          // may be NULL
    struct outbox_schedule schedule;
    struct webhook_guard guard;
    uint32_t timeout_ms;
    uint32_t most_busy; // POSTs at a time; 0: 1,024
};

MUST_USE enum status delivery_new(const struct delivery_options *options, struct delivery **out);
/// Marks are kept once more, then the thread ends. While the engine can still be written.
void delivery_stop(struct delivery *d);
void delivery_free(struct delivery *d);
/// After the engine was attached and the targets of before were put: ids of events from here on.
MUST_USE enum status delivery_start(struct delivery *d, struct reason *why);
/// Something was committed, or has become durable.
void delivery_wake(struct delivery *d);

MUST_USE enum status delivery_check_url(const struct delivery *d, struct str url,
                                        struct reason *why);
/// A new target begins behind `since`; before delivery_start that does not matter: the marks of before are kept.
MUST_USE enum status delivery_put(struct delivery *d, const struct outbox_spec *spec,
                                  uint64_t since);
/// What a new target's maker keeps (engine/keep.h) in one batch with what it keeps itself, so that a kill finds both.
MUST_USE enum status delivery_first_mark(struct str target, uint64_t since, struct buf *name,
                                         struct buf *body);
/// Its mark goes too.
void delivery_remove(struct delivery *d, struct str name);
/// Under the lock: `visit` takes notes only.
void delivery_each(struct delivery *d,
                   void (*visit)(void *ctx, const struct outbox_target_info *info), void *ctx);
bool delivery_replay(struct delivery *d, struct str name, uint64_t seq);
bool delivery_skip(struct delivery *d, struct str name);

#endif
