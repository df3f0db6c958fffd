// delivery_state.h - what delivery is made of, for the files that together implement delivery.h.
//
//   delivery_life.c life, targets | delivery_run.c the thread: log, routing, POSTs | delivery_marks.c what is kept
//   delivery_metrics.c

#ifndef REALTIME_DELIVERY_STATE_H
#define REALTIME_DELIVERY_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "realtime/delivery.h"

struct job {
    struct job *next; // spare
    struct outbox_target *target;
    struct event_log_cursor event;
    struct buf chunk, body, signature;
    char id[64];
};

struct delivery_metrics {
    struct counter *delivered, *failed, *disabled, *lost;
    struct histogram *seconds;
};

struct delivery {
    struct delivery_options options;
    char events_id[17]; // of this log's numbers: seq may begin anew with a new store
    pthread_t thread;
    bool running;
    _Atomic bool stop;
    struct webhook_client *client; // the thread's
    struct job *spare;
    struct buf chunk;              // the thread's
    struct event_log_cursor route; // where routing stands

    int64_t marks_ms;     // when marks were last kept
    int64_t level_ms;     // when idle targets were last brought level
    pthread_mutex_t lock; // guards outbox
    struct outbox *outbox;
    struct delivery_metrics metrics;
};

/// Between the files.
void *delivery_run(void *delivery);
void delivery_done(void *delivery, void *job, const struct webhook_result *result);
/// Keep the marks that have changed; at times, and at the end, those of idle targets too.
void delivery_marks_keep(struct delivery *d);
/// Marks of before the restart, for the targets that are there.
MUST_USE enum status delivery_marks_read(struct delivery *d);
MUST_USE enum status delivery_id_read(struct delivery *d, struct reason *why);
void delivery_mark_name(struct str target, struct buf *out);
MUST_USE enum status delivery_metrics_register(struct delivery *d);

#endif
