#include "server/http_metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum { ROUTE_BYTES = 96, SERIES_MAX = 2000 };

struct series {
    struct series *next;
    char route[ROUTE_BYTES];
    enum http_method method;
    int status; // 0: the histogram of the route
    struct counter *requests;
    struct histogram *seconds;
};

struct http_metrics {
    struct registry *registry;
    pthread_mutex_t lock; // guards the list
    struct series *first;
    unsigned count;
};

static struct series *series_get(struct http_metrics *m, const char *route, enum http_method method,
                                 int status);
static enum status series_register(struct http_metrics *m, struct series *s);

enum status http_metrics_new(struct registry *registry, struct http_metrics **out) {
    struct http_metrics *m = mem_zalloc(1, sizeof *m);
    if (!m) return STATUS_NO_MEMORY;
    m->registry = registry;
    pthread_mutex_init(&m->lock, NULL);
    *out = m;
    return STATUS_OK;
}

void http_metrics_free(struct http_metrics *m) {
    if (!m) return;
    for (struct series *s = m->first, *next; s; s = next) {
        next = s->next;
        mem_free(s);
    }
    pthread_mutex_destroy(&m->lock);
    mem_free(m);
}

void http_metrics_record(struct http_metrics_cache *c, const char *route, enum http_method method,
                         int status, uint64_t ns) {
    if (!c->shared) return;
    uint64_t key =
        hash_mix((uint64_t)(uintptr_t)route + ((uint64_t)method << 52) + ((uint64_t)status << 56));
    struct http_metrics_slot *slot = &c->slots[key % HTTP_METRICS_SLOTS];
    bool hit =
        slot->requests && slot->route == route && slot->method == method && slot->status == status;
    if (!hit) {
        pthread_mutex_lock(&c->shared->lock);
        const char *name = route ? route : "unmatched";
        struct series *requests = series_get(c->shared, name, method, status);
        struct series *seconds = series_get(c->shared, name, HTTP_OTHER, 0);
        pthread_mutex_unlock(&c->shared->lock);
        if (!requests) return;
        *slot = (struct http_metrics_slot){route, status, method, requests->requests,
                                           seconds ? seconds->seconds : NULL};
    }
    counter_inc(slot->requests);
    histogram_observe_ns(slot->seconds, ns);
}

static struct series *series_get(struct http_metrics *m, const char *route, enum http_method method,
                                 int status) {
    for (struct series *s = m->first; s; s = s->next) {
        if (s->status == status && s->method == method && strcmp(s->route, route) == 0) return s;
    }
    if (m->count == SERIES_MAX || strlen(route) >= ROUTE_BYTES) return NULL;
    struct series *s = mem_zalloc(1, sizeof *s);
    if (!s) return NULL;
    snprintf(s->route, sizeof s->route, "%s", route);
    s->method = method;
    s->status = status;
    if (series_register(m, s) != STATUS_OK) {
        mem_free(s);
        return NULL;
    }
    s->next = m->first;
    m->first = s;
    m->count++;
    return s;
}

static enum status series_register(struct http_metrics *m, struct series *s) {
    if (s->status == 0) {
        struct metric_label labels[] = {{"route", s->route}, {NULL, NULL}};
        struct metric_spec spec = {"warp_http_request_duration_seconds",
                                   "Time to parse and answer a request", labels};
        return registry_histogram(m->registry, &spec, &s->seconds);
    }
    char code[12];
    snprintf(code, sizeof code, "%d", s->status);
    struct metric_label labels[] = {{"route", s->route},
                                    {"method", http_method_name(s->method).p},
                                    {"code", code},
                                    {NULL, NULL}};
    struct metric_spec spec = {"warp_http_requests_total", "Requests answered", labels};
    return registry_counter(m->registry, &spec, &s->requests);
}
