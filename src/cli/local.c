#include "cli/local.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "base/mem.h"
#include "realtime/events.h"
#include "server/server.h"

struct local {
    struct config config;
    struct log log;
    struct registry *metrics;
    struct storage *storage;
    struct event_log *event_log; // NULL: nothing is written
    struct events *events;
    struct engine *engine;
    struct api *api;
    enum target_use use;
    bool has_reader;
    unsigned reader;
    long code; // of the last answer
};

static enum status open_store(struct local *l, struct reason *why);
static enum status open_events(struct local *l, struct reason *why);
static enum status attach(struct local *l, struct reason *why);
static enum status open_api(struct local *l);
static enum status on_restored(void *ctx, const struct engine_event *event, uint64_t lsn);
static enum status on_settle(void *ctx);
static void fill_request(const struct target_call *call, struct http_request *request);

enum status local_open(const struct config *config, enum target_use use, struct local **out,
                       struct reason *why) {
    struct local *l = mem_zalloc(1, sizeof *l);
    if (!l) return STATUS_NO_MEMORY;
    l->use = use;
    log_init(&l->log, STDERR_FILENO, LOG_WARN, LOG_HUMAN);
    enum status st = config_copy(config, &l->config);
    if (st != STATUS_OK) {
        mem_free(l);
        return st;
    }
    struct engine_options options;
    server_engine_options(&l->config, &options);
    options.log = &l->log;
    options.events = (struct engine_events){.ctx = l, .restored = on_restored, .settle = on_settle};
    st = engine_new(&options, &l->engine);
    if (st == STATUS_OK) st = open_store(l, why);
    if (st == STATUS_OK) st = open_events(l, why);
    if (st == STATUS_OK) st = attach(l, why);
    if (st == STATUS_OK) st = engine_reader_open(l->engine, &l->reader);
    l->has_reader = st == STATUS_OK;
    if (st == STATUS_OK) st = open_api(l);
    if (st != STATUS_OK) {
        struct reason later;
        (void)!local_close(l, &later);
        return st;
    }
    *out = l;
    return STATUS_OK;
}

enum status local_close(struct local *l, struct reason *why) {
    if (!l) return STATUS_OK;
    enum status st = STATUS_OK;
    if (l->use != TARGET_READ && l->api) st = storage_sync(l->storage, why);
    api_free(l->api);
    if (l->has_reader) engine_reader_close(l->engine, l->reader);
    // The store's thread may be reading the engine for a snapshot: it ends first.
    storage_close(l->storage);
    if (l->engine) engine_free(l->engine);
    events_free(l->events);
    event_log_close(l->event_log);
    registry_free(l->metrics);
    config_deinit(&l->config);
    mem_free(l);
    return st;
}

enum status local_call(struct local *l, const struct target_call *call, struct reason *why) {
    struct http_request request;
    struct http_reply reply;
    struct arena arena;
    struct reason detail = {0};
    fill_request(call, &request);
    http_reply_init(&reply);
    arena_init(&arena, 0);
    struct call one = {
        .request = &request, .reply = &reply, .arena = &arena, .reader = l->reader, .why = &detail};
    engine_enter(l->engine, l->reader);
    api_answer(l->api, &one);
    engine_leave(l->engine, l->reader);
    l->code = reply.status;
    buf_clear(call->answer);
    buf_append_str(call->answer, buf_str(&reply.body));
    call->answer->failed |= reply.body.failed;
    arena_deinit(&arena);
    http_reply_deinit(&reply);
    return answer_status(l->code, call->answer, l->config.data_root, why);
}

long local_code(const struct local *l) {
    return l->code;
}

static enum status open_store(struct local *l, struct reason *why) {
    struct storage_options options;
    struct stat info;
    server_storage_options(&l->config, &options);
    if (l->use != TARGET_FILL && stat(options.dir, &info) != 0) {
        return reason_set(why, STATUS_NOT_FOUND, "there is no data directory %.150s", options.dir);
    }
    options.log = &l->log;
    options.read_only = l->use == TARGET_READ;
    options.source = l->use == TARGET_READ ? NULL : engine_emit_all;
    options.source_ctx = l->engine;
    return wal_store_open(&options, &l->storage, why);
}

/// Events that a killed server had not yet brought into the event log are in the store's log alone: whoever takes
/// snapshots, which drop that, must first bring them over. The store's lock is held by now.
static enum status open_events(struct local *l, struct reason *why) {
    char dir[PATH_MAX];
    if (l->use == TARGET_READ) return STATUS_OK;
    int len = snprintf(dir, sizeof dir, "%s/events", l->config.data_root);
    if (len >= (int)sizeof dir) return reason_set(why, STATUS_INVALID, "the path is too long");
    const struct event_log_options log = {
        .dir = dir,
        .retention_bytes = l->config.events_retention_bytes,
        .retention_ms = (int64_t)l->config.events_retention_s * 1000,
        .log = &l->log,
    };
    enum status st = event_log_open(&log, &l->event_log, why);
    const struct events_options options = {.log = l->event_log, .log_lines = &l->log};
    return st == STATUS_OK ? events_new(&options, &l->events) : st;
}

/// As the server does it: what a power cut took of the store's log, the event log must not know either.
static enum status attach(struct local *l, struct reason *why) {
    enum status st = engine_attach(l->engine, l->storage, why);
    if (st != STATUS_OK || !l->event_log) return st;
    struct storage_stats stats;
    storage_stats(l->storage, &stats);
    st = event_log_cut(l->event_log, stats.last_lsn, why);
    if (st == STATUS_OK) engine_event_seq_from(l->engine, event_log_last(l->event_log));
    return st;
}

static enum status on_restored(void *ctx, const struct engine_event *event, uint64_t lsn) {
    struct local *l = ctx;
    return l->events ? events_restored(l->events, event, lsn) : STATUS_OK;
}

static enum status on_settle(void *ctx) {
    struct local *l = ctx;
    return l->events ? events_settle(l->events) : STATUS_OK;
}

static enum status open_api(struct local *l) {
    enum status st = registry_new(&l->metrics);
    if (st != STATUS_OK) return st;
    struct api_options options = {
        .engine = l->engine,
        .event_log = l->event_log,
        .metrics = l->metrics,
        .log = &l->log,
        .limit_bbox_degrees = l->config.limit_bbox_degrees,
        .limit_results = l->config.limit_results,
        .limit_ring_vertices = l->config.limit_ring_vertices,
        .limit_import_vertices = l->config.limit_import_vertices,
        .limit_body_bytes = l->config.limit_body_bytes,
        .limit_batch_bytes = l->config.limit_batch_bytes,
    };
    return api_new(&options, &l->api);
}

static void fill_request(const struct target_call *call, struct http_request *request) {
    *request =
        (struct http_request){.target = str_of(call->path), .keep_alive = true, .body = call->body};
    for (enum http_method m = HTTP_GET; m < HTTP_OTHER; m++)
        if (str_eq(http_method_name(m), str_of(call->method))) request->method = m;
    size_t mark = str_find(request->target, '?');
    request->raw_path = request->path = str_sub(request->target, 0, mark);
    if (mark < request->target.len) {
        request->query = str_sub(request->target, mark + 1, request->target.len - mark - 1);
    }
    request->declared_bytes = call->body.len;
    if (!call->type) return;
    request->headers[request->header_count++] =
        (struct http_header){STR("Content-Type"), str_of(call->type)};
}
