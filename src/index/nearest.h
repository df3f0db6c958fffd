// nearest.h - what the nearest-searches of all indices share: a heap of what to look at next, and the
// items met so far that wait until nothing nearer can turn up (Hjaltason and Samet, "Distance
// browsing in spatial databases", 1999). Looking an item up costs the visitor a cache miss or two,
// so few must be given, and a run of them at a time.
//
// The heap has room on the stack for common searches and grows through mem. When it cannot grow the
// search is told so and looks at the thing at once: worse order, same answer.

#ifndef INDEX_NEAREST_H
#define INDEX_NEAREST_H

#include "index/bound.h"

#define NEAREST_INLINE 256
#define NEAREST_LEAF 64 // items of a leaf at most
#define NEAREST_WAITING (4 * NEAREST_LEAF)

struct nearest_entry {
    double bound;
    uint32_t ref; // the index's name for it
    uint32_t depth;
    uint64_t low, high; // where it is, as the index puts it
};

struct nearest {
    struct bound_from from;
    double cutoff;
    double aim;  // items in a run, about
    double done; // items with a bound of that at most have been given
    index_nearest_fn *visit;
    void *ctx;
    uint64_t nodes, candidates;
    uint32_t count, cap;
    struct nearest_entry *heap;
    struct nearest_entry inline_heap[NEAREST_INLINE];
    unsigned waiting;
    double waiting_least;
    double waiting_bound[NEAREST_WAITING];
    uint32_t waiting_item[NEAREST_WAITING];
};

void nearest_init(struct nearest *n, const struct distance_from *from, size_t wanted, double cutoff,
                  index_nearest_fn *visit, void *ctx);
void nearest_deinit(struct nearest *n, struct index_cost *cost);
/// False when memory ran out: look at it now instead.
bool nearest_push(struct nearest *n, const struct nearest_entry *entry);
/// Gives the items that are nearer than all entries, then takes the nearest entry off. False when the rest
/// is beyond the cut-off: the search is over.
bool nearest_pop(struct nearest *n, struct nearest_entry *out);
/// Items of a leaf (at most NEAREST_LEAF) with their bounds; those up to `done` are left out.
void nearest_add(struct nearest *n, const uint32_t *items, const double *bounds, unsigned count);
/// An item that is to be given. nearest_give then gives those that wait with a bound of `limit` at most.
void nearest_wait(struct nearest *n, uint32_t item, double bound);
void nearest_give(struct nearest *n, double limit);

#endif
