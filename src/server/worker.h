// worker.h - a thread with its loop, its listening socket and its sessions.
//
// Start order: worker_new, worker_listen, worker_start ... worker_drain, worker_join, worker_free.
// Threads: worker_new, listen, start, join, free from the server's thread; drain, abort, configure, durable from any.

#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include <stdatomic.h>

#include "server/resp_session.h"
#include "server/session.h"

struct worker;

struct worker_options {
    const struct session_handler *handler; // borrowed
    struct session_settings settings;
    struct log *log;                    // may be NULL
    struct http_metrics *metrics;       // may be NULL
    unsigned reader;                    // of the engine
    int gzip_level;                     // 0: never
    _Atomic unsigned *connections;      // counted by all workers together; borrowed
    _Atomic unsigned *limit;            // above it newcomers are told 503; borrowed
    struct counter *accepted, *refused; // may be NULL
    // The RESP port; all borrowed.
    struct hub *hub; // NULL: without it and the next two no RESP is spoken
    struct resp_clients *clients;
    struct resp_metrics *resp_metrics; // may be NULL
    struct resp_settings resp;
    bool (*is_serving)(void *ctx); // of handler->ctx; NULL: always
};

MUST_USE enum status worker_new(const struct worker_options *options, struct worker **out);
/// Several addresses may be listened on. `*port` is what it got.
MUST_USE enum status worker_listen(struct worker *w, struct str address, uint16_t *port,
                                   struct reason *why);
/// The same for RESP, whose commands go to `commands` (borrowed).
MUST_USE enum status worker_listen_resp(struct worker *w, struct str address,
                                        struct commands *commands, uint16_t *port,
                                        struct reason *why);
MUST_USE enum status worker_start(struct worker *w, const char *name);
/// Stop accepting, answer what is being asked, close what is idle, and end when no connection is left.
void worker_drain(struct worker *w);
/// End now.
void worker_abort(struct worker *w);
/// Wait until it has ended, at most `timeout_ms`. False: it has not.
bool worker_join(struct worker *w, uint64_t timeout_ms);
/// Joined, or never started.
void worker_free(struct worker *w);

/// New limits for requests from now on.
MUST_USE enum status worker_configure(struct worker *w, const struct session_settings *settings,
                                      const struct resp_settings *resp);
/// Ask for a sign of life; worker_answered tells whether every one asked for so far has come. From one thread.
void worker_ping(struct worker *w);
bool worker_answered(const struct worker *w);
/// From the store's threads: something became durable, or will not soon. Wakes the worker only when answers of its wait.
void worker_durable(struct worker *w);

#endif
