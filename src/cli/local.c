#include "cli/local.h"

#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "base/mem.h"
#include "server/server.h"

struct local {
    struct config config;
    struct log log;
    struct registry *metrics;
    struct storage *storage;
    struct engine *engine;
    struct api *api;
    enum target_use use;
    bool has_reader;
    unsigned reader;
    long code; // of the last answer
};

static enum status open_store(struct local *l, struct reason *why);
static enum status open_api(struct local *l);
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
    st = engine_new(&options, &l->engine);
    if (st == STATUS_OK) st = open_store(l, why);
    if (st == STATUS_OK) st = engine_attach(l->engine, l->storage, why);
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

static enum status open_api(struct local *l) {
    enum status st = registry_new(&l->metrics);
    if (st != STATUS_OK) return st;
    struct api_options options = {
        .engine = l->engine,
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
