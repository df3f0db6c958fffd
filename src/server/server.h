// server.h - everything wired together: configuration -> log, metrics, store, engine, api, workers.
//
// Start: the store is opened (and locked), the port is taken, /livez answers and everything else says 503 while
// the store is replayed; then requests are served. SIGTERM or SIGINT drains and ends with 0, a second one ends at once;
// SIGHUP reads the configuration again.

#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "engine/engine.h"
#include "server/config.h"
#include "storage/wal_store.h"

/// Serves until a signal ends it. The exit code: 0, or 1 with a line on standard error. Blocks SIGINT, SIGTERM and SIGHUP
/// for the calling thread.
int server_run(const struct config *config);

/// What a configuration means for the engine and the store, also for tools that open a data directory themselves.
/// Texts are borrowed from `config`.
void server_engine_options(const struct config *config, struct engine_options *out);
void server_storage_options(const struct config *config, struct storage_options *out);

#endif
