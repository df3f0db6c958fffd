// support.h - an api over an engine in memory, asked without sockets.
//
//   struct box box; box_open(&box);
//   struct answer a = ask(&box, HTTP_GET, "/api/v1/objects/a", NULL, NULL);
//   assert_int_equal(a.status, 404);

#ifndef TESTS_UNIT_API_SUPPORT_H
#define TESTS_UNIT_API_SUPPORT_H

#include "support/support.h"

#include <yyjson.h>

#include "api/api.h"
#include "realtime/events.h"
#include "realtime/geofence_event.h"

struct box {
    struct engine *engine;
    struct registry *metrics;
    struct event_log *event_log; // in memory
    struct events *events;
    struct geofences *geofences;
    struct api *api;
    struct arena arena;
    unsigned reader;
    bool ready;
};

/// The last answer of a box: valid until the next ask.
struct answer {
    int status;
    char *body; // NUL-terminated, never NULL
    size_t len;
    char type[80];
    char headers[1024]; // "Name: value\n"...
    uint64_t wait_lsn;
};

static char *last_body;

static bool box_is_ready(void *ctx) {
    return ((struct box *)ctx)->ready;
}

static enum status box_write(void *ctx, const struct fence_event *event, struct buf *out) {
    (void)ctx;
    return geofence_event_write(event, out);
}

static void box_committed(void *ctx, const struct engine_event *list, size_t count, uint64_t lsn) {
    struct box *box = ctx;
    events_committed(box->events, list, count, lsn);
    assert_int_equal(event_log_flush(box->event_log, UINT64_MAX, list->now_ms, NULL), STATUS_OK);
}

static inline void box_open(struct box *box) {
    *box = (struct box){.ready = true};
    struct event_log_options log = {0};
    assert_int_equal(event_log_open(&log, &box->event_log, NULL), STATUS_OK);
    struct engine_options options = {
        .shard_count = 4,
        .index_kind = INDEX_QUADTREE,
        .events = {.ctx = box, .write = box_write, .committed = box_committed}};
    assert_int_equal(engine_new(&options, &box->engine), STATUS_OK);
    assert_int_equal(engine_reader_open(box->engine, &box->reader), STATUS_OK);
    assert_int_equal(registry_new(&box->metrics), STATUS_OK);
    struct events_options events = {.log = box->event_log, .metrics = box->metrics};
    assert_int_equal(events_new(&events, &box->events), STATUS_OK);
    assert_int_equal(geofences_new(box->engine, NULL, &box->geofences), STATUS_OK);
    struct api_options api = {
        .engine = box->engine,
        .metrics = box->metrics,
        .geofences = box->geofences,
        .event_log = box->event_log,
        .limit_bbox_degrees = 10,
        .limit_results = 10000,
        .limit_ring_vertices = 100,
        .limit_import_vertices = 1000,
        .limit_body_bytes = 1 << 20,
        .limit_batch_bytes = 64 << 20,
        .cors_origins = "https://map.example, https://other.example",
        .is_ready = box_is_ready,
        .ready_ctx = box,
    };
    assert_int_equal(api_new(&api, &box->api), STATUS_OK);
    arena_init(&box->arena, 0);
}

static inline void box_close(struct box *box) {
    api_free(box->api);
    geofences_free(box->geofences);
    events_free(box->events);
    registry_free(box->metrics);
    engine_reader_close(box->engine, box->reader);
    engine_free(box->engine);
    event_log_close(box->event_log);
    arena_deinit(&box->arena);
    free(last_body);
    last_body = NULL;
}

/// "Name: value\nName: value"; the lines stay where they are.
static inline void ask_headers(struct http_request *r, const char *headers) {
    struct str rest = str_of(headers), line;
    while (headers && str_split(&rest, '\n', &line)) {
        size_t colon = str_find(line, ':');
        if (line.len == 0 || colon == line.len) continue;
        r->headers[r->header_count++] = (struct http_header){
            str_sub(line, 0, colon), str_trim(str_sub(line, colon + 1, line.len - colon - 1))};
    }
}

static inline struct answer ask_bytes(struct box *box, enum http_method method, const char *target,
                                      struct str body, const char *headers) {
    struct http_request request = {.method = method, .target = str_of(target), .keep_alive = true};
    size_t mark = str_find(request.target, '?');
    request.raw_path = str_sub(request.target, 0, mark);
    if (mark < request.target.len) {
        request.query = str_sub(request.target, mark + 1, request.target.len - mark - 1);
    }
    request.path = http_decode(request.raw_path, &box->arena);
    request.body = body;
    request.declared_bytes = body.len;
    ask_headers(&request, headers);
    struct http_reply reply;
    http_reply_init(&reply);
    struct call call = {
        .request = &request, .reply = &reply, .arena = &box->arena, .reader = box->reader};
    engine_enter(box->engine, box->reader);
    api_answer(box->api, &call);
    engine_leave(box->engine, box->reader);
    assert_false(reply.body.failed);
    struct answer a = {.status = reply.status, .len = reply.body.len, .wait_lsn = reply.wait_lsn};
    free(last_body);
    last_body = malloc(reply.body.len + 1);
    assert_non_null(last_body);
    if (reply.body.len) memcpy(last_body, reply.body.data, reply.body.len);
    last_body[reply.body.len] = '\0';
    a.body = last_body;
    snprintf(a.type, sizeof a.type, "%.*s", STR_ARGS(reply.content_type));
    size_t at = 0;
    for (size_t i = 0; i < reply.header_count; i++) {
        at += (size_t)snprintf(a.headers + at, sizeof a.headers - at, "%.*s: %.*s\n",
                               STR_ARGS(reply.headers[i].name), STR_ARGS(reply.headers[i].value));
    }
    http_reply_deinit(&reply);
    arena_reset(&box->arena);
    // Whatever a client sends, it is never our fault.
    assert_int_not_equal(a.status, 500);
    if (a.status >= 400) assert_string_equal(a.type, "application/problem+json");
    return a;
}

static inline struct answer ask(struct box *box, enum http_method method, const char *target,
                                const char *json, const char *headers) {
    char all[1024];
    snprintf(all, sizeof all, "%s%s",
             json && (!headers || !strstr(headers, "Content-Type"))
                 ? "Content-Type: application/json\n"
                 : "",
             headers ? headers : "");
    return ask_bytes(box, method, target, str_of(json), all);
}

static inline struct answer get(struct box *box, const char *target) {
    return ask(box, HTTP_GET, target, NULL, NULL);
}

/// Asks and expects; a failure shows the answer.
#define expect(box, method, target, json, wanted)                                                  \
    do {                                                                                           \
        struct answer expected_ = ask(box, method, target, json, NULL);                            \
        if (expected_.status != (wanted)) {                                                        \
            fail_msg("%s: %d instead of %d: %s", target, expected_.status, wanted,                 \
                     expected_.body);                                                              \
        }                                                                                          \
    } while (0)

/// The value at an RFC 6901 pointer of a JSON answer, as minified text; "" when there is none. Static.
static inline const char *at(const struct answer *a, const char *pointer) {
    static char text[4096];
    yyjson_doc *doc = yyjson_read(a->body, a->len, 0);
    assert_non_null(doc);
    yyjson_val *val = yyjson_ptr_get(yyjson_doc_get_root(doc), pointer);
    char *json = val ? yyjson_val_write(val, 0, NULL) : NULL;
    snprintf(text, sizeof text, "%s", json ? json : "");
    free(json);
    yyjson_doc_free(doc);
    return text;
}

/// How many objects the answer's collection holds; -1: it is no collection of features.
static inline int returned(const struct answer *a) {
    const char *n = at(a, "/numberReturned");
    return *n ? atoi(n) : -1;
}

#endif
