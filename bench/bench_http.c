// bench_http.c - the HTTP stack alone: one worker that answers about 100 bytes of JSON, for wrk to ask (bench/http.sh).
//
//   bench_http [PORT [SECONDS]]    prints the port and, at the end, requests and CPU per request

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "server/worker.h"

static enum status head(void *ctx, const struct http_request *r, uint64_t *body_limit,
                        struct reason *why) {
    (void)ctx;
    (void)r;
    (void)body_limit;
    (void)why;
    return STATUS_OK;
}

static void answer(void *ctx, struct call *call) {
    static const char body[] =
        "{\"type\":\"Feature\",\"id\":\"truck-7\",\"geometry\":{\"type\":\"Point\","
        "\"coordinates\":[-122.4194,37.7749]},\"v\":7}";
    ++*(uint64_t *)ctx;
    call->route = "/bench";
    call->reply->content_type = STR("application/json");
    buf_append(&call->reply->body, body, sizeof body - 1);
}

static void resident(char *out, size_t size) {
    FILE *f = fopen("/proc/self/status", "re");
    char line[128];
    snprintf(out, size, "?");
    while (f && fgets(line, sizeof line, f)) {
        unsigned long kib;
        if (sscanf(line, "VmRSS: %lu", &kib) == 1) snprintf(out, size, "%lu", kib);
    }
    if (f) fclose(f);
}

int main(int argc, char **argv) {
    static _Atomic unsigned connections, limit = 100000;
    static uint64_t requests;
    struct registry *registry = NULL;
    struct http_metrics *metrics = NULL;
    if (registry_new(&registry) != STATUS_OK || http_metrics_new(registry, &metrics) != STATUS_OK) {
        return 1;
    }
    struct session_handler handler = {.ctx = &requests, .head = head, .answer = answer};
    struct worker_options options = {
        .handler = &handler,
        .settings = {{8192, 32768, 1 << 20}, 10000, 60000, 75000},
        .metrics = metrics,
        .gzip_level = 1,
        .connections = &connections,
        .limit = &limit,
    };
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    struct worker *w;
    struct reason why = {0};
    char address[32];
    uint16_t port;
    snprintf(address, sizeof address, "127.0.0.1:%s", argc > 1 ? argv[1] : "0");
    if (worker_new(&options, &w) != STATUS_OK ||
        worker_listen(w, str_of(address), &port, &why) != STATUS_OK ||
        worker_start(w, "worker") != STATUS_OK) {
        fprintf(stderr, "bench_http: %s\n", why.text);
        return 1;
    }
    char kib[32];
    resident(kib, sizeof kib);
    printf("port=%u rss_kib=%s heap=%zu\n", port, kib, mem_used());
    fflush(stdout);
    int signal_number = SIGUSR1;
    while (signal_number == SIGUSR1) { // a look in between
        sigwait(&set, &signal_number);
        resident(kib, sizeof kib);
        printf("requests=%llu cpu_us=%.3f connections=%u rss_kib=%s heap=%zu\n",
               (unsigned long long)requests,
               requests ? (double)clock_process_cpu_ns() / 1000.0 / (double)requests : 0.0,
               connections, kib, mem_used());
        fflush(stdout);
    }
    worker_abort(w);
    worker_join(w, 5000);
    worker_free(w);
    http_metrics_free(metrics);
    registry_free(registry);
    return 0;
}
