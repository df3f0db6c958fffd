#include "realtime/delivery_state.h"

enum { READ_TARGETS, READ_FAILING, READ_DISABLED, READ_BEHIND, READ_BUSY };

static double count_read(struct delivery *d, int which) {
    struct outbox_counts c;
    pthread_mutex_lock(&d->lock);
    outbox_counts(d->outbox, &c);
    pthread_mutex_unlock(&d->lock);
    return (double)(which == READ_TARGETS    ? c.targets
                    : which == READ_FAILING  ? c.failing
                    : which == READ_DISABLED ? c.disabled
                    : which == READ_BEHIND   ? c.behind
                                             : c.busy);
}
static double read_targets(void *d) {
    return count_read(d, READ_TARGETS);
}
static double read_failing(void *d) {
    return count_read(d, READ_FAILING);
}
static double read_disabled(void *d) {
    return count_read(d, READ_DISABLED);
}
static double read_behind(void *d) {
    return count_read(d, READ_BEHIND);
}
static double read_busy(void *d) {
    return count_read(d, READ_BUSY);
}
static double read_log_bytes(void *d) {
    return (double)event_log_bytes(((struct delivery *)d)->options.events);
}
static double read_last_seq(void *d) {
    return (double)event_log_last(((struct delivery *)d)->options.events);
}

enum status delivery_metrics_register(struct delivery *d) {
    struct registry *r = d->options.metrics;
    if (!r) return STATUS_OK;
    static const struct {
        const char *name, *help;
        metric_read_fn read;
    } gauges[] = {
        {"warp_webhook_endpoints", "Webhook endpoints.", read_targets},
        {"warp_webhook_endpoints_failing", "Those whose last attempt failed.", read_failing},
        {"warp_webhook_endpoints_disabled", "Those given up, until enabled.", read_disabled},
        {"warp_webhook_endpoints_behind", "Those that read the event log for themselves.",
         read_behind},
        {"warp_webhook_requests_in_flight", "POSTs under way.", read_busy},
        {"warp_event_log_bytes", "Size of the event log.", read_log_bytes},
        {"warp_event_log_last_seq", "Number of the last event.", read_last_seq},
    };
    struct {
        const char *name, *help, *result;
        struct counter **counter;
    } counters[] = {
        {"warp_webhook_attempts_total", "POSTs by result.", "delivered", &d->metrics.delivered},
        {"warp_webhook_attempts_total", "POSTs by result.", "failed", &d->metrics.failed},
        {"warp_webhook_disabled_total", "Endpoints given up.", NULL, &d->metrics.disabled},
        {"warp_webhook_events_lost_total", "Gaps: events older than the log keeps, or damaged.",
         NULL, &d->metrics.lost},
    };
    enum status st = STATUS_OK;
    for (unsigned i = 0; st == STATUS_OK && i < sizeof gauges / sizeof *gauges; i++) {
        struct metric_spec spec = {gauges[i].name, gauges[i].help, NULL};
        st = registry_callback(r, METRIC_GAUGE, &spec, gauges[i].read, d);
    }
    for (unsigned i = 0; st == STATUS_OK && i < sizeof counters / sizeof *counters; i++) {
        struct metric_label labels[] = {{"result", counters[i].result}, {NULL, NULL}};
        struct metric_spec spec = {counters[i].name, counters[i].help,
                                   counters[i].result ? labels : NULL};
        st = registry_counter(r, &spec, counters[i].counter);
    }
    struct metric_spec seconds = {"warp_webhook_seconds", "Time a POST took.", NULL};
    return st == STATUS_OK ? registry_histogram(r, &seconds, &d->metrics.seconds) : st;
}
