// registry.h - all metrics of a server, by name.
//
// Register at the start, keep the pointer, count. Metrics of one name with different labels are
// one family: same kind, same help. Label values are fixed at registration, so what a scrape
// returns is bounded: never an object, fence or user id.
//
// Owner: the registry owns the metrics; free it after all who count. Threads: registering and
// writing take one mutex; counting takes none.

#ifndef METRICS_REGISTRY_H
#define METRICS_REGISTRY_H

#include <stddef.h>

#include "base/status.h"
#include "metrics/counter.h"
#include "metrics/gauge.h"
#include "metrics/histogram.h"

#define REGISTRY_CELLS 4096 // numbers of all counters and histograms, 32 KiB per thread

struct registry;

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_label {
    const char *name; // NULL ends the list
    const char *value;
};

/// What is registered; all texts are copied. `labels` may be NULL.
struct metric_spec {
    const char *name; // warp_..., base unit at the end, counters then _total
    const char *help;
    const struct metric_label *labels;
};

/// The value at the time of a scrape. Runs under the registry's mutex: must not register.
typedef double (*metric_read_fn)(void *context);

MUST_USE enum status registry_new(struct registry **out);
void registry_free(struct registry *r);

/// INVALID: a name or label that Prometheus does not take, a counter without _total, a family
/// that differs from its earlier members. EXISTS: same name and labels. TOO_MANY: REGISTRY_CELLS
/// are used up. NO_MEMORY. The registry is unchanged then.
MUST_USE enum status registry_counter(struct registry *r, const struct metric_spec *spec,
                                      struct counter **out);
MUST_USE enum status registry_gauge(struct registry *r, const struct metric_spec *spec,
                                    struct gauge **out);
MUST_USE enum status registry_histogram(struct registry *r, const struct metric_spec *spec,
                                        struct histogram **out);
/// A counter or gauge whose value is asked for at each scrape.
MUST_USE enum status registry_callback(struct registry *r, enum metric_kind kind,
                                       const struct metric_spec *spec, metric_read_fn read,
                                       void *context);

/// One registered metric, as registry_each shows it.
struct metric {
    struct metric *next; // of its family
    const char *labels;  // `a="x",b="y"`, escaped; empty without labels
    metric_read_fn read; // or NULL and one of:
    void *context;
    union {
        struct counter counter;
        struct gauge gauge;
        struct histogram histogram;
    };
};

struct metric_family {
    struct metric_family *next;
    const char *name;
    const char *help;
    enum metric_kind kind;
    struct metric *first;
};

/// Calls `visit` for each family in the order of registration, under the mutex.
void registry_each(struct registry *r, void (*visit)(const struct metric_family *, void *),
                   void *context);

#endif
