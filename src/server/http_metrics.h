// http_metrics.h - requests counted by route, method and status, and how long they took.
//
// Routes are those of the api's table, so the number of series is bounded. Threads: struct http_metrics any (a mutex for
// the first request of a kind), a struct http_metrics_cache is one worker's.

#ifndef SERVER_HTTP_METRICS_H
#define SERVER_HTTP_METRICS_H

#include "metrics/registry.h"
#include "proto/http.h"

struct http_metrics;

MUST_USE enum status http_metrics_new(struct registry *registry, struct http_metrics **out);
/// The registry keeps the numbers.
void http_metrics_free(struct http_metrics *m);

#define HTTP_METRICS_SLOTS 256

struct http_metrics_cache {
    struct http_metrics *shared; // NULL: nothing is counted
    struct http_metrics_slot {
        const char *route;
        int status;
        enum http_method method;
        struct counter *requests;
        struct histogram *seconds;
    } slots[HTTP_METRICS_SLOTS];
};

/// `route` NULL: none matched. Without memory for a new series the request goes uncounted.
void http_metrics_record(struct http_metrics_cache *c, const char *route, enum http_method method,
                         int status, uint64_t ns);

#endif
