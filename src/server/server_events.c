// server_events.c - events of fences wired: engine -> event log -> webhooks, engine -> hub.

#include <stdio.h>

#include "command/fence_message.h"
#include "command/hooks.h"
#include "realtime/events.h"
#include "realtime/geofence_event.h"
#include "realtime/geofences.h"
#include "server/server_state.h"

static enum status on_write(void *ctx, const struct fence_event *event, struct buf *out);
static enum status on_reserve(void *ctx, size_t count, size_t bytes);
static void on_release(void *ctx, size_t count, size_t bytes);
static void on_committed(void *ctx, const struct engine_event *list, size_t count, uint64_t lsn);
static enum status on_restored(void *ctx, const struct engine_event *event, uint64_t lsn);
static enum status on_settle(void *ctx);
static void on_expired(void *ctx, const struct fence *fence);

void server_events_hear(struct server *s, struct engine_events *out) {
    *out = (struct engine_events){.ctx = s,
                                  .write = on_write,
                                  .reserve = on_reserve,
                                  .release = on_release,
                                  .committed = on_committed,
                                  .restored = on_restored,
                                  .settle = on_settle,
                                  .expired = on_expired};
}

struct webhook_guard server_webhook_guard(const struct config *c) {
    // Whoever is served is on this machine (config_check): its loopback is theirs anyway.
    return (struct webhook_guard){.allow_private = c->webhooks_allow_private,
                                  .allow_loopback = true};
}

static enum status delivery_open(struct server *s, struct reason *why) {
    const struct config *c = &s->config;
    struct delivery_options options = {
        .engine = s->engine,
        .events = s->event_log,
        .metrics = s->registry,
        .log = &s->log,
        .guard = server_webhook_guard(c),
        .timeout_ms = c->webhooks_timeout_ms,
        .most_busy = c->webhooks_connections,
    };
    struct reason detail = {0};
    enum status st =
        outbox_schedule_parse(str_of(c->webhooks_retry_schedule), &options.schedule, &detail);
    if (st != STATUS_OK) {
        return reason_set(why, st, "webhooks.retry_schedule: %.150s", detail.text);
    }
    return delivery_new(&options, &s->delivery);
}

enum status server_events_open(struct server *s, struct reason *why) {
    const struct config *c = &s->config;
    char dir[4096];
    snprintf(dir, sizeof dir, "%s/events", c->data_root);
    struct event_log_options log = {
        .dir = c->wal_enabled ? dir : NULL,
        .retention_bytes = c->events_retention_bytes,
        .retention_ms = (int64_t)c->events_retention_s * 1000,
        .log = &s->log,
    };
    enum status st = event_log_open(&log, &s->event_log, why);
    struct events_options options = {
        .log = s->event_log, .hub = s->hub, .metrics = s->registry, .log_lines = &s->log};
    if (st == STATUS_OK) st = events_new(&options, &s->events);
    if (st == STATUS_OK) st = delivery_open(s, why);
    if (st == STATUS_OK) events_set_delivery(s->events, s->delivery);
    if (st == STATUS_OK) st = geofences_new(s->engine, s->delivery, &s->geofences);
    return st;
}

enum status server_events_start(struct server *s, struct reason *why) {
    enum status st = STATUS_OK;
    if (s->storage) {
        struct storage_stats stats;
        storage_stats(s->storage, &stats);
        st = event_log_cut(s->event_log, stats.last_lsn, why);
    }
    if (st != STATUS_OK) return st;
    engine_event_seq_from(s->engine, event_log_last(s->event_log));
    unsigned reader;
    st = engine_reader_open(s->engine, &reader);
    if (st != STATUS_OK) return st;
    st = hooks_restore(s->commands, reader, why);
    engine_reader_close(s->engine, reader);
    if (st == STATUS_OK) st = geofences_restore(s->geofences, NULL, why);
    return st == STATUS_OK ? delivery_start(s->delivery, why) : st;
}

void server_events_durable(struct server *s) {
    if (s->events) events_durable(s->events);
}

void server_events_stop(struct server *s) {
    delivery_stop(s->delivery);
}

void server_events_free(struct server *s) {
    geofences_free(s->geofences);
    delivery_free(s->delivery);
    events_free(s->events);
    event_log_close(s->event_log);
}

static enum status on_write(void *ctx, const struct fence_event *event, struct buf *out) {
    struct server *s = ctx;
    if (fence_spec(event->fence)->kind == FENCE_GEOFENCE) return geofence_event_write(event, out);
    return fence_message_write(s->commands, event, out);
}

static enum status on_reserve(void *ctx, size_t count, size_t bytes) {
    struct server *s = ctx;
    return events_reserve(s->events, count, bytes);
}

static void on_release(void *ctx, size_t count, size_t bytes) {
    struct server *s = ctx;
    events_release(s->events, count, bytes);
}

static void on_committed(void *ctx, const struct engine_event *list, size_t count, uint64_t lsn) {
    struct server *s = ctx;
    events_committed(s->events, list, count, lsn);
}

static enum status on_restored(void *ctx, const struct engine_event *event, uint64_t lsn) {
    struct server *s = ctx;
    return events_restored(s->events, event, lsn);
}

static enum status on_settle(void *ctx) {
    struct server *s = ctx;
    return events_settle(s->events);
}

static void on_expired(void *ctx, const struct fence *fence) {
    struct server *s = ctx;
    hooks_expired(s->commands, fence);
}
