// server_state.h - the parts of a running server, shared by the files server*.c.
//
// Owner thread: the one in server_run. Workers read handler, api, serving and storage; the store's thread reads workers.

#ifndef SERVER_SERVER_STATE_H
#define SERVER_SERVER_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "api/api.h"
#include "server/config.h"
#include "server/worker.h"

struct server {
    struct config config; // as of the last reload
    struct log log;
    struct registry *registry;
    struct http_metrics *http_metrics;
    struct storage *storage; // NULL: wal.enabled is off
    struct engine *engine;
    _Atomic(struct api *) api;
    struct commands *commands;
    struct hub *hub;
    struct event_log *event_log;
    struct events *events;
    struct delivery *delivery;
    struct geofences *geofences;
    struct resp_clients *clients;
    struct resp_metrics *resp_metrics;
    struct session_handler handler;
    struct worker **workers;
    unsigned *readers;
    unsigned worker_count;
    char address[64];      // the first worker's, with its port
    char resp_address[64]; // the same of RESP; empty: it is off
    _Atomic unsigned connections, connection_limit;
    struct counter *accepted, *refused;
    _Atomic bool serving; // replay is done
    _Atomic bool draining;
    _Atomic bool ending;           // no snapshot may look into the engine any more
    pthread_mutex_t snapshot_lock; // held while one does
    _Atomic bool snapshot_asked;   // AOFSHRINK's is being taken
    pthread_mutex_t asked_lock;    // guards the next two
    pthread_t snapshot_thread;
    bool snapshot_started; // and not joined
    uint64_t started_ns;   // monotonic
};

/// server_answer.c: between the workers and the api.
void server_handler_init(struct server *s);
bool server_is_ready(void *ctx);
bool server_is_serving(void *ctx);
/// server_metrics.c
MUST_USE enum status server_metrics_register(struct server *s);
/// server_resp.c: the RESP port.
MUST_USE enum status server_resp_probe(struct server *s, struct reason *why);
MUST_USE enum status server_resp_open(struct server *s, struct reason *why);
MUST_USE enum status server_resp_listen(struct server *s, struct reason *why);
void server_resp_settings(const struct server *s, struct resp_settings *out);
/// What a reload changes.
void server_resp_reload(struct server *s, const struct config *before);
void server_resp_free(struct server *s);
/// server_events.c: events of fences, from the engine to the log, to webhooks and to those who listen.
void server_events_hear(struct server *s, struct engine_events *out);
/// After engine and hub are there, before commands are.
MUST_USE enum status server_events_open(struct server *s, struct reason *why);
/// After the engine was attached: hooks and channels come back, delivery goes on.
MUST_USE enum status server_events_start(struct server *s, struct reason *why);
void server_events_durable(struct server *s);
/// Before the engine ends: what was delivered is kept once more.
void server_events_stop(struct server *s);
void server_events_free(struct server *s);
/// Which addresses webhooks may reach.
struct webhook_guard server_webhook_guard(const struct config *c);
/// server_reload.c
void server_reload(struct server *s);
void server_session_settings(const struct config *c, struct session_settings *out);
void server_api_options(struct server *s, struct api_options *out);
/// The most connections that descriptors allow, at most what is configured.
unsigned server_connection_limit(const struct config *c);

#endif
