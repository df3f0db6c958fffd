// nearest.h - what the nearest-searches of all indices share: a heap of what to look at next, and the
// giving of a leaf's items in small runs, nearest first.
//
// The heap has room on the stack for common searches and grows through mem. When it cannot grow the
// search is told so and looks at the thing at once: worse order, same answer.

#ifndef INDEX_NEAREST_H
#define INDEX_NEAREST_H

#include "index/bound.h"

#define NEAREST_INLINE 256
#define NEAREST_LEAF   64 // items of a leaf at most

struct nearest_entry {
    double bound;
    uint32_t ref; // the index's name for it
    uint32_t depth;
    uint64_t low, high; // where it is, as the index puts it
};

struct nearest {
    struct bound_from from;
    double cutoff;
    index_nearest_fn *visit;
    void *ctx;
    uint64_t nodes, candidates;
    uint32_t count, cap;
    struct nearest_entry *heap;
    struct nearest_entry inline_heap[NEAREST_INLINE];
};

void nearest_init(struct nearest *n, const struct distance_from *from, double cutoff,
                  index_nearest_fn *visit, void *ctx);
void nearest_deinit(struct nearest *n, struct index_cost *cost);
/// False when memory ran out: look at it now instead.
bool nearest_push(struct nearest *n, const struct nearest_entry *entry);
/// The nearest entry, if it is not beyond the cut-off.
bool nearest_pop(struct nearest *n, struct nearest_entry *out);
/// Give those of a leaf's items (at most NEAREST_LEAF, with their bounds) that are not beyond the cut-off.
void nearest_give(struct nearest *n, const uint32_t *items, const double *bounds, unsigned count);

#endif
