// server_reload.c - SIGHUP: read the configuration again, take up what can be, name what cannot.

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/config_reload.h"
#include "server/server_state.h"

enum { DESCRIPTORS_KEPT = 128, TURN_MS = 5, TURNS_MAX = 2000 };

extern char **environ;

void server_session_settings(const struct config *c, struct session_settings *out) {
    *out = (struct session_settings){
        .http = {.target_bytes = 8192,
                 .header_bytes = (uint32_t)c->limit_header_bytes,
                 .body_bytes = c->limit_body_bytes},
        .header_ms = c->timeout_header_ms,
        .body_ms = c->timeout_body_ms,
        .idle_ms = c->timeout_idle_ms,
    };
}

void server_api_options(struct server *s, struct api_options *out) {
    const struct config *c = &s->config;
    *out = (struct api_options){
        .engine = s->engine,
        .metrics = s->registry,
        .log = &s->log,
        .geofences = s->geofences,
        .webhook_guard = server_webhook_guard(c),
        .event_log = s->event_log,
        .delivery = s->delivery,
        .limit_bbox_degrees = c->limit_bbox_degrees,
        .limit_results = c->limit_results,
        .limit_ring_vertices = c->limit_ring_vertices,
        .limit_import_vertices = c->limit_import_vertices,
        .limit_body_bytes = c->limit_body_bytes,
        .limit_batch_bytes = c->limit_batch_bytes,
        .cors_origins = c->cors_origins,
        .protected = !*c->auth_secret,
        .listen = c->listen,
        .region = c->region,
        .datacenter = c->datacenter,
        .node_name = c->node_name,
        .is_ready = server_is_ready,
        .ready_ctx = s,
    };
}

unsigned server_connection_limit(const struct config *c) {
    struct rlimit limit;
    unsigned most = c->limit_connections;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return most;
    uint64_t left = limit.rlim_cur > 2 * DESCRIPTORS_KEPT ? limit.rlim_cur - DESCRIPTORS_KEPT
                                                          : limit.rlim_cur / 2;
    return left < most ? (unsigned)left : most;
}

static void name_changes(struct server *s, const struct config *before) {
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = config_key(i);
        if (config_same(before, &s->config, i)) continue;
        struct buf value;
        buf_init(&value);
        config_show(&s->config, i, &value);
        log_write(&s->log, key->reloads ? LOG_INFO : LOG_WARN,
                  key->reloads ? "configuration taken up" : "configuration change needs a restart",
                  LOG_Z("key", key->name), LOG_STR("value", buf_str(&value)));
        buf_deinit(&value);
    }
}

/// Every worker has come to the end of what it was doing.
static bool workers_turned(struct server *s) {
    for (unsigned i = 0; i < s->worker_count; i++)
        worker_ping(s->workers[i]);
    for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
        bool all = true;
        for (unsigned i = 0; i < s->worker_count; i++)
            all = all && worker_answered(s->workers[i]);
        if (all) return true;
        usleep(TURN_MS * 1000);
    }
    return false;
}

static void api_replace(struct server *s) {
    struct api_options options;
    struct api *fresh = NULL;
    server_api_options(s, &options);
    struct api *old = atomic_load(&s->api);
    enum status st = api_renew(old, &options, &fresh);
    if (st != STATUS_OK) {
        log_write(&s->log, LOG_ERROR, "limits and origins stay as they were",
                  LOG_Z("reason", status_text(st)));
        return;
    }
    atomic_store_explicit(&s->api, fresh, memory_order_release);
    if (workers_turned(s)) api_free(old); // else a worker may still be inside: better a leak
}

void server_reload(struct server *s) {
    struct config fresh;
    struct reason why = {0};
    enum status st = config_reload(&s->config, environ, &fresh, &why);
    if (st != STATUS_OK) {
        log_write(&s->log, LOG_ERROR, "the configuration stays as it was",
                  LOG_Z("reason", why.text[0] ? why.text : status_text(st)));
        return;
    }
    struct config before = s->config;
    s->config = fresh;
    atomic_store(&s->log.level, s->config.log_level);
    atomic_store(&s->connection_limit, server_connection_limit(&s->config));
    api_replace(s); // the old one borrows texts of `before`
    struct session_settings settings;
    struct resp_settings resp;
    server_session_settings(&s->config, &settings);
    server_resp_settings(s, &resp);
    server_resp_reload(s, &before);
    for (unsigned i = 0; i < s->worker_count; i++) {
        if (worker_configure(s->workers[i], &settings, &resp) != STATUS_OK) {
            log_write(&s->log, LOG_ERROR, "a worker keeps its old limits", LOG_INT("worker", i));
        }
    }
    name_changes(s, &before);
    if (workers_turned(s)) config_deinit(&before); // they borrow its texts until then
    log_write(&s->log, LOG_INFO, "configuration read again",
              LOG_Z("file", s->config.file ? s->config.file : "none"));
}
