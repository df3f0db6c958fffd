#include "index/nearest.h"

#include <string.h>

#include "base/mem.h"

// How many items the first run of a leaf aims at: about what a search for ten needs to get its cut-off.
#define FIRST_RUN 12.0

static bool grow(struct nearest *n);

void nearest_init(struct nearest *n, const struct distance_from *from, double cutoff,
                  index_nearest_fn *visit, void *ctx) {
    n->from = bound_from(from);
    n->cutoff = cutoff;
    n->visit = visit;
    n->ctx = ctx;
    n->nodes = n->candidates = 0;
    n->count = 0;
    n->cap = NEAREST_INLINE;
    n->heap = n->inline_heap;
}

void nearest_deinit(struct nearest *n, struct index_cost *cost) {
    if (n->heap != n->inline_heap) mem_free(n->heap);
    if (cost) {
        cost->nodes += n->nodes;
        cost->candidates += n->candidates;
    }
}

bool nearest_push(struct nearest *n, const struct nearest_entry *entry) {
    if (n->count == n->cap && !grow(n)) return false;
    uint32_t at = n->count++;
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (n->heap[parent].bound <= entry->bound) break;
        n->heap[at] = n->heap[parent];
        at = parent;
    }
    n->heap[at] = *entry;
    return true;
}

bool nearest_pop(struct nearest *n, struct nearest_entry *out) {
    if (n->count == 0 || n->heap[0].bound > n->cutoff) return false;
    *out = n->heap[0];
    const struct nearest_entry last = n->heap[--n->count];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= n->count) break;
        if (child + 1 < n->count && n->heap[child + 1].bound < n->heap[child].bound) child++;
        if (last.bound <= n->heap[child].bound) break;
        n->heap[at] = n->heap[child];
        at = child;
    }
    n->heap[at] = last;
    return true;
}

void nearest_give(struct nearest *n, const uint32_t *items, const double *bounds, unsigned count) {
    double farthest = 0;
    for (unsigned i = 0; i < count; i++)
        farthest = bound_larger(farthest, bounds[i]);

    // hav grows with the square of the distance, as the number of items around the centre does:
    // this share of the farthest bound holds about FIRST_RUN items.
    double above = -1, upto = farthest * (FIRST_RUN / (count ? count : 1));
    while (above < farthest && above < n->cutoff) {
        uint32_t run[NEAREST_LEAF];
        unsigned length = 0;
        double bound = farthest, limit = bound_smaller(upto, n->cutoff);
        for (unsigned i = 0; i < count; i++) {
            bool now = bounds[i] > above && bounds[i] <= limit;
            run[length] = items[i];
            length += now;
            if (now) bound = bound_smaller(bound, bounds[i]);
        }
        if (length) {
            n->candidates += length;
            n->cutoff = n->visit(n->ctx, run, length, bound);
        }
        above = limit;
        upto = upto * 2 < farthest ? upto * 2 : farthest;
    }
}

static bool grow(struct nearest *n) {
    if (n->cap > UINT32_MAX / 2) return false;
    uint32_t cap = n->cap * 2;
    bool is_inline = n->heap == n->inline_heap;
    struct nearest_entry *wider =
        mem_realloc(is_inline ? NULL : n->heap, cap * sizeof(struct nearest_entry));
    if (!wider) return false;
    if (is_inline) memcpy(wider, n->inline_heap, sizeof n->inline_heap);
    n->heap = wider;
    n->cap = cap;
    return true;
}
