// api.c - a request finds its route, the route's function answers, and what went wrong becomes a problem.

#include "api/api.h"

#include <assert.h>

#include "api/cors.h"
#include "api/guard.h"
#include "api/openapi.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/mem.h"
#include "proto/problem.h"

static enum status make(const struct api_options *options, struct gauges *gauges, struct api **out);
static enum status check_route(const struct route_match *m, const struct http_request *request,
                               struct reason *why);
static enum status answer(struct api *api, struct call *call, const struct route_match *m);
static void answer_options(struct api *api, struct call *call, const struct route_match *m);
static uint64_t body_limit_of(const struct api *api, const struct route *route);

enum status api_new(const struct api_options *options, struct api **out) {
    return make(options, NULL, out);
}

enum status api_renew(const struct api *old, const struct api_options *options, struct api **out) {
    return make(options, old->gauges, out);
}

static enum status make(const struct api_options *options, struct gauges *gauges,
                        struct api **out) {
    assert(options->engine);
    struct api *api = mem_zalloc(1, sizeof *api);
    if (!api) return STATUS_NO_MEMORY;
    api->options = *options;
    api->rest = GEOMETRY_LIMITS_REST;
    api->rest.ring_vertices = options->limit_ring_vertices;
    if (api->rest.total_vertices < options->limit_ring_vertices) {
        api->rest.total_vertices = options->limit_ring_vertices;
    }
    api->import = GEOMETRY_LIMITS_IMPORT;
    api->import.ring_vertices = options->limit_import_vertices;
    api->start_ns = clock_mono_ns();
    buf_init(&api->openapi);
    openapi_write(&api->openapi);
    enum status st = buf_status(&api->openapi);
    if (gauges) api->gauges = gauges_ref(gauges);
    if (st == STATUS_OK && !gauges) {
        st = gauges_new(options->engine, options->metrics, &api->gauges);
    }
    if (st != STATUS_OK) {
        api_free(api);
        return st;
    }
    *out = api;
    return STATUS_OK;
}

void api_free(struct api *api) {
    if (!api) return;
    gauges_free(api->gauges);
    buf_deinit(&api->openapi);
    mem_free(api);
}

enum status api_head(struct api *api, const struct http_request *request, uint64_t *body_limit,
                     struct reason *why) {
    struct route_match m = route_find(request->method, request->raw_path);
    *body_limit = api->options.limit_body_bytes;
    enum status st = guard_check(&api->options, request, m.route, why);
    if (st != STATUS_OK || (request->method == HTTP_OPTIONS && m.methods)) return st;
    st = check_route(&m, request, why);
    if (st != STATUS_OK) return st;
    *body_limit = body_limit_of(api, m.route);
    if (request->declared_bytes == HTTP_UNKNOWN_LENGTH || request->declared_bytes <= *body_limit) {
        return STATUS_OK;
    }
    return reason_set(why, STATUS_TOO_LARGE, "the body has %llu bytes; %llu are allowed (%s)",
                      (unsigned long long)request->declared_bytes, (unsigned long long)*body_limit,
                      m.route->body == ROUTE_BATCH ? "limits.batch_bytes" : "limits.body_bytes");
}

void api_answer(struct api *api, struct call *call) {
    struct reason why = {0};
    const struct http_request *request = call->request;
    struct route_match m = route_find(request->method, request->raw_path);
    call->why = &why;
    call->route = m.route ? m.route->pattern : NULL;
    enum status st = guard_check(&api->options, request, m.route, &why);
    if (st == STATUS_OK && request->method == HTTP_OPTIONS && m.methods) {
        answer_options(api, call, &m);
    } else {
        if (st == STATUS_OK) st = check_route(&m, request, &why);
        if (st == STATUS_OK) st = answer(api, call, &m);
        if (st == STATUS_OK && call->reply->body.failed) st = STATUS_NO_MEMORY;
        if (st == STATUS_NOT_MODIFIED) {
            buf_clear(&call->reply->body); // its ETag stays
            call->reply->status = 304;
            call->reply->content_type = STR_NONE;
        } else if (st != STATUS_OK) {
            if (st == STATUS_NO_MEMORY && !why.text[0]) {
                (void)engine_memory_reason(api->options.engine, &why);
            }
            problem_write(call->reply, st, &why);
        }
        if (st == STATUS_BAD_METHOD) {
            struct str allow = route_methods(m.methods, call->arena);
            if (allow.p) http_reply_header(call->reply, STR("Allow"), allow);
        }
    }
    cors_allow(api->options.cors_origins, request, call->reply);
    call->why = NULL;
}

static enum status check_route(const struct route_match *m, const struct http_request *request,
                               struct reason *why) {
    if (!m->methods) {
        return reason_set(why, STATUS_NOT_FOUND,
                          "there is no such path (GET /api/v1/openapi.json "
                          "lists what there is)");
    }
    if (!m->route) {
        return reason_set(why, STATUS_BAD_METHOD, "this path does not know %.*s",
                          STR_ARGS(http_method_name(request->method)));
    }
    struct str type = http_request_header(request, STR("content-type"));
    if (request->declared_bytes && !route_takes(m->route, type)) {
        return reason_set(why, STATUS_MEDIA_TYPE, "Content-Type \"%.*s\" is not taken here; %s",
                          type.len > 64 ? 64 : (int)type.len, type.p,
                          m->route->body == ROUTE_BATCH
                              ? "send application/x-ndjson, application/geo+json-seq or "
                                "application/geo+json"
                              : "send application/json or application/geo+json");
    }
    return STATUS_OK;
}

static enum status answer(struct api *api, struct call *call, const struct route_match *m) {
    const struct route *route = m->route;
    if (!route->answer) {
        return reason_set(call->why, STATUS_NOT_IMPLEMENTED,
                          "%s comes with a later version of WarpEngine", route->summary);
    }
    struct str type = route_answer_type(route, http_request_header(call->request, STR("accept")));
    if (!type.p) {
        return reason_set(call->why, STATUS_NOT_ACCEPTABLE, "the answer would be %s",
                          route->answers[0].type);
    }
    if (m->raw_param.p) {
        call->param = http_decode(m->raw_param, call->arena);
        if (!call->param.p) {
            if (call->request->path.p) return STATUS_NO_MEMORY; // the whole path could be decoded
            return reason_set(call->why, STATUS_BAD_REQUEST,
                              "the path has a broken %% escape or is not UTF-8");
        }
    }
    enum status st = route->answer(api, call);
    bool typed = call->reply->content_type.p || call->reply->status == 204;
    if (!typed) call->reply->content_type = type;
    return st;
}

static void answer_options(struct api *api, struct call *call, const struct route_match *m) {
    struct str methods = route_methods(m->methods, call->arena);
    call->reply->status = 204;
    if (!methods.p) return;
    http_reply_header(call->reply, STR("Allow"), methods);
    cors_preflight(api->options.cors_origins, call->request, methods, call->reply);
}

static uint64_t body_limit_of(const struct api *api, const struct route *route) {
    return route->body == ROUTE_BATCH ? api->options.limit_batch_bytes
                                      : api->options.limit_body_bytes;
}
