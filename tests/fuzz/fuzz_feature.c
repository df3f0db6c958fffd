// fuzz_feature.c - whatever bytes come as a body or a query: an answer below 500, and a store that still holds together.
//
// The first byte chooses the endpoint; the rest is its body, or for GETs its query string. What was stored is
// read back and must be accepted again.

#include <stdlib.h>
#include <string.h>

#include <yyjson.h>

#include "api/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct engine *engine;
static struct api *api;
static unsigned reader;

static const struct {
    enum http_method method;
    const char *path;
    const char *type; // NULL: the bytes are a query string
} targets[] = {
    {HTTP_POST, "/api/v1/objects", "application/json"},
    {HTTP_PUT, "/api/v1/objects/a", "application/json"},
    {HTTP_PATCH, "/api/v1/objects/a", "application/merge-patch+json"},
    {HTTP_POST, "/api/v1/objects/batch", "application/x-ndjson"},
    {HTTP_POST, "/api/v1/objects/batch", "application/geo+json-seq"},
    {HTTP_POST, "/api/v1/objects/batch", "application/geo+json"},
    {HTTP_POST, "/api/v1/search/polygon", "application/json"},
    {HTTP_POST, "/api/v1/search/complex", "application/json"},
    {HTTP_GET, "/api/v1/search/nearby", NULL},
    {HTTP_GET, "/api/v1/search/bbox", NULL},
    {HTTP_GET, "/api/v1/objects", NULL},
    {HTTP_GET, "/api/v1/collections", NULL},
};

static void setup(void) {
    struct engine_options options = {.shard_count = 2};
    if (engine_new(&options, &engine) != STATUS_OK) abort();
    if (engine_reader_open(engine, &reader) != STATUS_OK) abort();
    struct api_options api_options = {.engine = engine,
                                      .limit_bbox_degrees = 10,
                                      .limit_results = 100,
                                      .limit_ring_vertices = 1000,
                                      .limit_import_vertices = 1000,
                                      .limit_body_bytes = 1 << 20,
                                      .limit_batch_bytes = 1 << 20,
                                      .cors_origins = ""};
    if (api_new(&api_options, &api) != STATUS_OK) abort();
}

/// The body of a good answer must be JSON; `again` keeps a copy of it.
static int ask(enum http_method method, const char *path, const char *type, struct str bytes,
               struct buf *again) {
    struct arena arena;
    arena_init(&arena, 0);
    struct http_request request = {
        .method = method, .raw_path = str_of(path), .path = str_of(path), .keep_alive = true};
    if (type) {
        request.body = bytes;
        request.declared_bytes = bytes.len;
        request.headers[request.header_count++] =
            (struct http_header){STR("Content-Type"), str_of(type)};
    } else {
        request.query = bytes;
    }
    struct http_reply reply;
    http_reply_init(&reply);
    struct call call = {.request = &request, .reply = &reply, .arena = &arena, .reader = reader};
    engine_enter(engine, reader);
    api_answer(api, &call);
    engine_leave(engine, reader);
    if (reply.status < 200 || reply.status >= 500) abort();
    if (reply.body.len) {
        yyjson_doc *doc = yyjson_read(reply.body.data, reply.body.len, 0);
        if (!doc) abort();
        yyjson_doc_free(doc);
    }
    if (again) buf_append_str(again, buf_str(&reply.body));
    int status = reply.status;
    http_reply_deinit(&reply);
    arena_deinit(&arena);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!api) setup();
    if (size == 0) return 0;
    size_t which = data[0] % (sizeof targets / sizeof *targets);
    struct str bytes = {(const char *)data + 1, size - 1};
    struct buf answer;
    buf_init(&answer);
    int status =
        ask(targets[which].method, targets[which].path, targets[which].type, bytes, &answer);
    if (which == 1 && status < 300) { // an answer can be sent back
        int again = ask(HTTP_PUT, targets[1].path, targets[1].type, buf_str(&answer), NULL);
        if (again >= 300) abort();
    }
    buf_deinit(&answer);
    struct engine_stats stats;
    engine_stats(engine, &stats);
    if (stats.objects > 1000) {
        uint64_t lsn;
        struct reason why;
        engine_enter(engine, reader);
        if (engine_drop(engine, reader, STR("default"), &lsn, &why) != STATUS_OK) lsn = 0;
        engine_leave(engine, reader);
    }
    return 0;
}
