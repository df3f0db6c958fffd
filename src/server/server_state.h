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
    struct session_handler handler;
    struct worker **workers;
    unsigned *readers;
    unsigned worker_count;
    char address[64]; // the first worker's, with its port
    _Atomic unsigned connections, connection_limit;
    struct counter *accepted, *refused;
    _Atomic bool serving; // replay is done
    _Atomic bool draining;
    _Atomic bool ending;           // no snapshot may look into the engine any more
    pthread_mutex_t snapshot_lock; // held while one does
    uint64_t started_ns;           // monotonic
};

/// server_answer.c: between the workers and the api.
void server_handler_init(struct server *s);
bool server_is_ready(void *ctx);
/// server_metrics.c
MUST_USE enum status server_metrics_register(struct server *s);
/// server_reload.c
void server_reload(struct server *s);
void server_session_settings(const struct config *c, struct session_settings *out);
void server_api_options(struct server *s, struct api_options *out);
/// The most connections that descriptors allow, at most what is configured.
unsigned server_connection_limit(const struct config *c);

#endif
