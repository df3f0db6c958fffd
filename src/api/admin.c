// admin.c - how the server is: health, readiness, metrics, backup, and the documents that say what there is.

#include <limits.h>
#include <stdio.h>

#include "api/endpoints.h"
#include "api/json.h"
#include "api/reply.h"
#include "base/clock.h"

static enum status backup_events(struct api *api, const char *dir, struct reason *why);
static bool is_ready(const struct api *api);
static void write_health(struct api *api, struct buf *out);
static void write_memory(const struct engine *engine, const struct engine_stats *stats,
                         struct buf *out);
static void write_store(struct storage *store, struct buf *out);
static enum status backup_dir(struct call *call, const struct json *json, char **out);

enum status api_admin_landing(struct api *api, struct call *call) {
    (void)api;
    buf_append_str(&call->reply->body,
                   STR("{\"title\":\"WarpEngine\",\"version\":\"" WARP_VERSION "\",\"links\":["
                       "{\"rel\":\"service-desc\",\"href\":\"/api/v1/openapi.json\"},"
                       "{\"rel\":\"data\",\"href\":\"/api/v1/collections\"},"
                       "{\"rel\":\"items\",\"href\":\"/api/v1/objects\"},"
                       "{\"rel\":\"status\",\"href\":\"/api/v1/admin/health\"},"
                       "{\"rel\":\"monitor\",\"href\":\"/metrics\"}]}"));
    return STATUS_OK;
}

enum status api_admin_openapi(struct api *api, struct call *call) {
    buf_append_str(&call->reply->body, buf_str(&api->openapi));
    return STATUS_OK;
}

enum status api_admin_health(struct api *api, struct call *call) {
    write_health(api, &call->reply->body);
    return STATUS_OK;
}

enum status api_admin_ready(struct api *api, struct call *call) {
    if (!is_ready(api)) {
        return reason_set(call->why, STATUS_UNAVAILABLE, "the server is starting or stopping");
    }
    REPLY_LITERAL(&call->reply->body, "{\"status\":\"ready\"}");
    return STATUS_OK;
}

enum status api_admin_live(struct api *api, struct call *call) {
    (void)api;
    REPLY_LITERAL(&call->reply->body, "{\"status\":\"ok\"}");
    return STATUS_OK;
}

enum status api_admin_metrics(struct api *api, struct call *call) {
    gauges_write(api->gauges, &call->reply->body);
    return STATUS_OK;
}

// The worker is busy until the copy is made: its other connections wait, the other workers' do not.
enum status api_admin_backup(struct api *api, struct call *call) {
    struct storage *store = engine_storage(api->options.engine);
    struct json json = {0};
    char *dir = NULL;
    enum status st = json_parse_body(call->request->body, call->arena, &json, call->why);
    if (st == STATUS_OK) st = backup_dir(call, &json, &dir);
    if (st == STATUS_OK && !store) {
        st = reason_set(call->why, STATUS_UNAVAILABLE, "this server keeps nothing on disk");
    }
    if (st == STATUS_OK) {
        engine_leave(api->options.engine, call->reader);
        st = storage_backup(store, dir, call->why);
        if (st == STATUS_OK) st = backup_events(api, dir, call->why);
        engine_enter(api->options.engine, call->reader);
    }
    json_free(&json);
    if (st != STATUS_OK) return st;
    REPLY_LITERAL(&call->reply->body, "{\"dir\":");
    buf_append_json(&call->reply->body, str_of(dir));
    REPLY_LITERAL(&call->reply->body, "}");
    return STATUS_OK;
}

/// Behind the store: what its copy does not know is cut off when that is opened.
static enum status backup_events(struct api *api, const char *dir, struct reason *why) {
    char events[PATH_MAX];
    if (!api->options.event_log) return STATUS_OK;
    int len = snprintf(events, sizeof events, "%s/events", dir);
    if (len >= (int)sizeof events) return reason_set(why, STATUS_INVALID, "the path is too long");
    return event_log_backup(api->options.event_log, events, why);
}

static bool is_ready(const struct api *api) {
    return !api->options.is_ready || api->options.is_ready(api->options.ready_ctx);
}

static void write_health(struct api *api, struct buf *out) {
    struct engine_stats stats;
    struct storage_stats store_stats = {0};
    struct storage *store = engine_storage(api->options.engine);
    engine_stats(api->options.engine, &stats);
    if (store) storage_stats(store, &store_stats);
    bool ready = is_ready(api);
    bool refusing = store_stats.read_only || engine_memory_full(api->options.engine);
    const char *status = !ready ? "unavailable" : refusing ? "degraded" : "ok";
    REPLY_LITERAL(out, "{\"status\":");
    buf_append_json(out, str_of(status));
    REPLY_LITERAL(out, ",\"version\":\"" WARP_VERSION "\",\"uptime_seconds\":");
    buf_append_fixed(out, (double)(clock_mono_ns() - api->start_ns) / 1e9, 3);
    REPLY_LITERAL(out, ",\"objects\":");
    buf_append_u64(out, stats.objects);
    REPLY_LITERAL(out, ",\"collections\":");
    buf_append_u64(out, stats.collections);
    REPLY_LITERAL(out, ",\"shards\":");
    buf_append_u64(out, stats.shard_count);
    write_memory(api->options.engine, &stats, out);
    if (store) write_store(store, out);
    buf_append_char(out, '}');
}

static void write_memory(const struct engine *engine, const struct engine_stats *stats,
                         struct buf *out) {
    REPLY_LITERAL(out, ",\"memory\":{\"used_bytes\":");
    buf_append_u64(out, stats->memory_used);
    REPLY_LITERAL(out, ",\"limit_bytes\":");
    buf_append_u64(out, stats->memory_limit);
    if (engine_memory_full(engine)) {
        struct reason why;
        (void)engine_memory_reason(engine, &why);
        REPLY_LITERAL(out, ",\"problem\":");
        buf_append_json(out, str_of(why.text));
    }
    buf_append_char(out, '}');
}

static void write_store(struct storage *store, struct buf *out) {
    struct storage_stats s;
    storage_stats(store, &s);
    REPLY_LITERAL(out, ",\"store\":{\"kind\":");
    buf_append_json(out, str_of(store->ops->name));
    REPLY_LITERAL(out, ",\"last_lsn\":");
    buf_append_u64(out, s.last_lsn);
    REPLY_LITERAL(out, ",\"durable_lsn\":");
    buf_append_u64(out, s.durable_lsn);
    REPLY_LITERAL(out, ",\"disk_bytes\":");
    buf_append_u64(out, s.bytes_on_disk);
    buf_append_str(out, s.read_only ? STR(",\"read_only\":true") : STR(",\"read_only\":false"));
    if (s.problem[0]) {
        REPLY_LITERAL(out, ",\"problem\":");
        buf_append_json(out, str_of(s.problem));
    }
    buf_append_char(out, '}');
}

// {"dir": "/an/absolute/path"}
static enum status backup_dir(struct call *call, const struct json *json, char **out) {
    yyjson_val *dir = yyjson_obj_get(json->root, "dir");
    struct str path = {yyjson_get_str(dir), yyjson_get_len(dir)};
    bool whole = yyjson_obj_size(json->root) == 1 && path.len && path.p[0] == '/';
    if (!whole || str_has_control(path) || path.len > 4000) {
        return reason_set(call->why, STATUS_BAD_REQUEST,
                          "the body must be {\"dir\": \"/an/absolute/path\"}");
    }
    struct str copy = arena_str(call->arena, path);
    *out = (char *)(uintptr_t)copy.p;
    return copy.p ? STATUS_OK : STATUS_NO_MEMORY;
}
