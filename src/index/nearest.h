// nearest.h - what the nearest-searches of all indices share: a heap of what to look at next, and the
// items met so far that wait until nothing nearer can turn up (Hjaltason and Samet, "Distance
// browsing in spatial databases", 1999). Looking an item up costs the visitor a cache miss or two,
// so few must be given, and a run of them at a time: the `wanted` nearest first.
//
// The heap has room on the stack for common searches and grows through mem. When it cannot grow the
// search is told so and looks at the thing at once: worse order, same answer.

#ifndef INDEX_NEAREST_H
#define INDEX_NEAREST_H

#include "index/bound_points.h"

#define NEAREST_INLINE 256
#define NEAREST_LEAF 64 // items of a leaf at most
#define NEAREST_WAITING 1024

struct nearest_entry {
    float bound;
    uint32_t ref;       // the index's name for it
    uint64_t low, high; // where it is, as the index puts it
};

struct nearest {
    struct bound_from from;
    const struct bound_kernels *kernels;
    double cutoff;
    unsigned wanted; // items in a run, about
    index_nearest_fn *visit;
    void *ctx;
    uint64_t nodes, candidates;
    uint32_t count, cap;
    struct nearest_entry *heap;
    unsigned waiting; // those that were given stay, as NAN, until there is need for room
    float waiting_least;
    float waiting_bound[NEAREST_WAITING + BOUND_POINTS_SLACK];
    uint32_t waiting_item[NEAREST_WAITING + BOUND_POINTS_SLACK];
    struct nearest_entry inline_heap[NEAREST_INLINE];
};

void nearest_init(struct nearest *n, const struct distance_from *from, size_t wanted, double cutoff,
                  index_nearest_fn *visit, void *ctx);
void nearest_deinit(struct nearest *n, struct index_cost *cost);
/// False when memory ran out: look at it now instead.
bool nearest_push(struct nearest *n, const struct nearest_entry *entry);
/// Gives the items that are nearer than all entries, then takes the nearest entry off. False when the rest
/// is beyond the cut-off: the search is over.
bool nearest_pop(struct nearest *n, struct nearest_entry *out);
/// The points 1 to `count` of a leaf.
void nearest_add_points(struct nearest *n, const struct scan_points *points,
                        const _Atomic uint32_t items[SCAN_POINTS], unsigned count);
/// At most NEAREST_LEAF items.
void nearest_add(struct nearest *n, const uint32_t *items, const float *bounds, unsigned count);
/// Gives those that wait with a bound of `limit` at most.
void nearest_give(struct nearest *n, float limit);

/// A bound as an entry has it: not above.
static inline float nearest_below(double bound) {
    return (float)(bound * (1 - 2e-7));
}

#endif
