// api.h - one function per endpoint: a request becomes a reply. No sockets here.
//
//   session --api_head--> how large may the body be, is there such a route
//   session --api_answer--> route, parameters, body -> engine -> reply
//
// One table (route.c) holds every endpoint: method, path, scope, function, what the
// OpenAPI document says of it. RESP and channels will call the same engine with the same parsers.
//
// Threads: a struct api is shared, const after api_new but for metrics; a struct call is one thread's.

#ifndef API_API_H
#define API_API_H

#include "base/log.h"
#include "engine/engine.h"
#include "metrics/registry.h"
#include "proto/http.h"
#include "realtime/delivery.h"
#include "realtime/geofences.h"
#include "realtime/webhook_guard.h"

struct api;

struct api_options {
    struct engine *engine;       // borrowed
    struct registry *metrics;    // borrowed
    struct log *log;             // may be NULL
    struct geofences *geofences; // borrowed
    struct event_log *event_log; // borrowed
    struct delivery *delivery;   // borrowed; NULL: no webhooks
    struct webhook_guard webhook_guard;
    double limit_bbox_degrees;      // 10; 0: none
    uint32_t limit_results;         // 10,000
    uint32_t limit_ring_vertices;   // 10,000
    uint32_t limit_import_vertices; // 1,000,000
    uint64_t limit_body_bytes;      // 1 MiB
    uint64_t limit_batch_bytes;     // 64 MiB: /objects/batch, /admin/bulk_import
    const char *cors_origins;       // "*", a comma-separated list, or empty: none
    bool protected;                 // no authentication: only this machine and its pages are served
    const char *listen;             // HOST:PORT, whose host is this machine's; NULL: localhost only
    const char *region, *datacenter,
        *node_name;              // for people, shown by health; NULL or empty: not set
    bool (*is_ready)(void *ctx); // for /readyz: false while starting or draining
    void *ready_ctx;
};

MUST_USE enum status api_new(const struct api_options *options, struct api **out);
/// One with other limits and origins beside `old`, which it shares metrics with: for a reload.
MUST_USE enum status api_renew(const struct api *old, const struct api_options *options,
                               struct api **out);
void api_free(struct api *api);

/// One request on its way; prepared by the session, filled by the endpoint.
struct call {
    const struct http_request *request;
    struct http_reply *reply; // initialised
    struct arena *arena;      // empties after the reply was written
    unsigned reader;          // of the engine; the thread is inside engine_enter
    /// Filled by api_answer: the route's pattern ("/api/v1/objects/:id"), static; NULL: none matched. A metrics label.
    const char *route;
    struct str param;   // filled by api_answer: what stands for the pattern's last part, decoded
    struct reason *why; // filled by api_answer: for endpoints to say what was wrong
};

/// Called when headers are complete: may refuse early (403, 404, 405, 413, 415) and sets the limit of the body.
enum status api_head(struct api *api, const struct http_request *request, uint64_t *body_limit,
                     struct reason *why);
/// Always leaves a complete reply, errors included.
void api_answer(struct api *api, struct call *call);

#endif
