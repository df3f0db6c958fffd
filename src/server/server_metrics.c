// server_metrics.c - figures of the process and of its connections; those of requests are in http_metrics.c.

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/server_state.h"

static double read_connections(void *ctx) {
    return atomic_load(&((struct server *)ctx)->connections);
}

static double read_connection_limit(void *ctx) {
    return atomic_load(&((struct server *)ctx)->connection_limit);
}

static double read_uptime(void *ctx) {
    return (double)(clock_mono_ns() - ((struct server *)ctx)->started_ns) / 1e9;
}

static double read_cpu(void *ctx) {
    (void)ctx;
    return (double)clock_process_cpu_ns() / 1e9;
}

static double read_resident(void *ctx) {
    (void)ctx;
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long size, resident = 0;
    if (f && fscanf(f, "%lu %lu", &size, &resident) != 2) resident = 0;
    if (f) fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static double read_one(void *ctx) {
    (void)ctx;
    return 1;
}

enum status server_metrics_register(struct server *s) {
    static const struct metric_label build[] = {{"version", WARP_VERSION}, {NULL, NULL}};
    const struct {
        enum metric_kind kind;
        struct metric_spec spec;
        metric_read_fn read;
    } callbacks[] = {
        {METRIC_GAUGE, {"warp_build_info", "Version of this server", build}, read_one},
        {METRIC_GAUGE, {"warp_uptime_seconds", "Time since the start", NULL}, read_uptime},
        {METRIC_COUNTER, {"warp_process_cpu_seconds_total", "CPU time used", NULL}, read_cpu},
        {METRIC_GAUGE,
         {"warp_process_resident_memory_bytes", "Memory that is resident", NULL},
         read_resident},
        {METRIC_GAUGE, {"warp_http_connections", "Open connections", NULL}, read_connections},
        {METRIC_GAUGE,
         {"warp_http_connections_limit", "Connections above which newcomers are refused", NULL},
         read_connection_limit},
    };
    for (size_t i = 0; i < sizeof callbacks / sizeof *callbacks; i++) {
        enum status st = registry_callback(s->registry, callbacks[i].kind, &callbacks[i].spec,
                                           callbacks[i].read, s);
        if (st != STATUS_OK) return st;
    }
    struct metric_spec accepted = {"warp_http_connections_accepted_total", "Connections accepted",
                                   NULL};
    struct metric_spec refused = {"warp_http_connections_refused_total",
                                  "Connections refused for limits or lack of memory", NULL};
    enum status st = registry_counter(s->registry, &accepted, &s->accepted);
    return st == STATUS_OK ? registry_counter(s->registry, &refused, &s->refused) : st;
}
