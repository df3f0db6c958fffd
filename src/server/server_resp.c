// server_resp.c - the RESP port wired: commands, hub, clients, and what commands ask of the server.

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/command.h"
#include "net/address.h"
#include "net/listener.h"
#include "server/server_state.h"

static void on_facts(void *ctx, struct command_facts *out);
static enum status on_snapshot(void *ctx, struct reason *why);
static void on_clients(void *ctx,
                       void (*each)(void *each_ctx, const struct command_client_facts *c),
                       void *each_ctx);
static size_t on_kill(void *ctx, uint64_t id, struct str address);
static enum status on_name(void *ctx, uint64_t id, struct str name);
static double read_connections(void *ctx);

enum status server_resp_probe(struct server *s, struct reason *why) {
    if (!*s->config.resp_listen) return STATUS_OK;
    struct reason taken = {0};
    enum status st = listener_probe(str_of(s->config.resp_listen), &taken);
    if (st == STATUS_OK) return st;
    return reason_set(why, st, "resp.listen: %s (give another by --resp HOST:PORT, or --resp \"\")",
                      taken.text);
}

enum status server_resp_open(struct server *s, struct reason *why) {
    struct commands_options options = {
        .engine = s->engine,
        .metrics = s->registry,
        .log = &s->log,
        .host = {.ctx = s,
                 .facts = on_facts,
                 .snapshot = on_snapshot,
                 .clients = on_clients,
                 .client_kill = on_kill,
                 .client_name = on_name},
        .password = s->config.resp_password,
        .limit_ring_vertices = s->config.limit_ring_vertices,
        .script_time_ms = s->config.scripts_time_ms,
        .script_memory_bytes = (size_t)s->config.scripts_memory_bytes,
    };
    struct metric_spec open = {"warp_resp_connections", "Open RESP connections", NULL};
    enum status st = hub_new(&s->hub);
    if (st == STATUS_OK) st = resp_clients_new(&s->clients);
    if (st == STATUS_OK) st = resp_metrics_new(s->registry, &s->resp_metrics);
    if (st == STATUS_OK)
        st = registry_callback(s->registry, METRIC_GAUGE, &open, read_connections, s);
    if (st == STATUS_OK) st = server_events_open(s, why);
    options.hub = s->hub;
    options.delivery = s->delivery;
    return st == STATUS_OK ? commands_new(&options, &s->commands) : st;
}

enum status server_resp_listen(struct server *s, struct reason *why) {
    if (!*s->config.resp_listen) return STATUS_OK;
    struct address a;
    enum status st = address_parse(str_of(s->config.resp_listen), &a, why);
    for (unsigned i = 0; i < s->worker_count && st == STATUS_OK; i++) {
        address_write(&a, s->resp_address);
        uint16_t port = 0;
        st = worker_listen_resp(s->workers[i], str_of(s->resp_address), s->commands, &port, why);
        address_set_port(&a, port); // that of the first is everybody's
    }
    address_write(&a, s->resp_address);
    return st;
}

void server_resp_settings(const struct server *s, struct resp_settings *out) {
    const struct config *c = &s->config;
    *out = (struct resp_settings){
        .limits = {.bytes = c->resp_limit_bytes},
        .client_bytes = (size_t)c->resp_client_bytes,
        .body_ms = c->timeout_body_ms,
        .idle_ms = c->timeout_idle_ms,
        .cors_origins = c->cors_origins,
        .listen = c->resp_listen,
    };
}

/// A password that CONFIG SET has given stays unless the file's own has changed.
void server_resp_reload(struct server *s, const struct config *before) {
    if (strcmp(before->resp_password, s->config.resp_password) == 0) return;
    if (commands_password(s->commands, str_of(s->config.resp_password)) != STATUS_OK) {
        log_write(&s->log, LOG_ERROR, "resp.password stays as it was");
    }
}

void server_resp_free(struct server *s) {
    server_events_free(s);
    hub_free(s->hub);
    resp_clients_free(s->clients);
    resp_metrics_free(s->resp_metrics);
}

// --- what commands ask ---

static void on_facts(void *ctx, struct command_facts *out) {
    struct server *s = ctx;
    struct address a;
    *out = (struct command_facts){
        .version = WARP_VERSION,
        .id = *s->config.node_name ? s->config.node_name : s->address,
        .uptime_ms = (clock_mono_ns() - s->started_ns) / 1000000,
        .pid = (uint64_t)getpid(),
        .cpus = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN),
        .threads = s->worker_count,
        .connections = resp_clients_count(s->clients),
        .accepted = resp_metrics_accepted(s->resp_metrics),
        .commands = resp_metrics_commands(s->resp_metrics),
    };
    if (*s->resp_address && address_parse(str_of(s->resp_address), &a, NULL) == STATUS_OK)
        out->port = address_port(&a);
}

static void *snapshot_main(void *ctx) {
    struct server *s = ctx;
    struct reason why = {0};
    enum status st = storage_snapshot(s->storage, &why);
    if (st != STATUS_OK) {
        log_write(&s->log, st == STATUS_BUSY ? LOG_INFO : LOG_ERROR, "no snapshot was taken",
                  LOG_Z("reason", why.text[0] ? why.text : status_text(st)));
    }
    atomic_store(&s->snapshot_asked, false);
    return NULL;
}

/// One at a time is asked for; server_resp_free comes after the store was closed, which ends it.
static enum status on_snapshot(void *ctx, struct reason *why) {
    struct server *s = ctx;
    if (!s->storage) return reason_set(why, STATUS_NOT_IMPLEMENTED, "there is no store");
    if (atomic_exchange(&s->snapshot_asked, true)) return STATUS_OK; // it is being taken
    pthread_t thread;
    pthread_mutex_lock(&s->asked_lock);
    if (s->snapshot_started) pthread_join(s->snapshot_thread, NULL);
    int err = pthread_create(&thread, NULL, snapshot_main, s);
    s->snapshot_started = err == 0;
    s->snapshot_thread = thread;
    pthread_mutex_unlock(&s->asked_lock);
    if (err == 0) return STATUS_OK;
    atomic_store(&s->snapshot_asked, false);
    return status_from_errno(err);
}

static void on_clients(void *ctx,
                       void (*each)(void *each_ctx, const struct command_client_facts *c),
                       void *each_ctx) {
    struct server *s = ctx;
    resp_clients_each(s->clients, each, each_ctx);
}

static size_t on_kill(void *ctx, uint64_t id, struct str address) {
    struct server *s = ctx;
    return resp_clients_kill(s->clients, id, address);
}

static enum status on_name(void *ctx, uint64_t id, struct str name) {
    struct server *s = ctx;
    return resp_clients_rename(s->clients, id, name);
}

static double read_connections(void *ctx) {
    struct server *s = ctx;
    return (double)resp_clients_count(s->clients);
}
