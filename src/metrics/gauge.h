// gauge.h - a number that goes up and down: connections, bytes held, a ratio.
//
// One shared word: for what changes seldom. What a structure knows of itself anyway is better
// given by a callback (registry_callback), which costs nothing until it is asked.
//
// Owner: the registry that made it. Threads: any.

#ifndef METRICS_GAUGE_H
#define METRICS_GAUGE_H

#include <stdatomic.h>

struct gauge {
    _Atomic double value;
};

/// A NULL gauge holds nothing.
static inline void gauge_set(struct gauge *g, double value) {
    if (g) {
        atomic_store_explicit(&g->value, value, memory_order_relaxed);
    }
}
static inline void gauge_add(struct gauge *g, double difference) {
    if (!g) {
        return;
    }
    double now = atomic_load_explicit(&g->value, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&g->value, &now, now + difference,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}
static inline double gauge_value(const struct gauge *g) {
    return g ? atomic_load_explicit(&g->value, memory_order_relaxed) : 0;
}

#endif
