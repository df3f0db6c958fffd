#include "index/nearest.h"

#include <string.h>

#include "base/mem.h"

static bool grow(struct nearest *n);
static void give_run(struct nearest *n, double limit);

void nearest_init(struct nearest *n, const struct distance_from *from, size_t wanted, double cutoff,
                  index_nearest_fn *visit, void *ctx) {
    n->from = bound_from(from);
    n->cutoff = cutoff;
    n->aim = wanted && wanted < NEAREST_WAITING / 2 ? (double)wanted * 1.2 : NEAREST_WAITING / 2;
    n->done = -1;
    n->visit = visit;
    n->ctx = ctx;
    n->nodes = n->candidates = 0;
    n->count = 0;
    n->cap = NEAREST_INLINE;
    n->heap = n->inline_heap;
    n->waiting = 0;
    n->waiting_least = INFINITY;
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
    nearest_give(n, n->count ? n->heap[0].bound : INFINITY);
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

void nearest_add(struct nearest *n, const uint32_t *items, const double *bounds, unsigned count) {
    if (n->waiting + count > NEAREST_WAITING) nearest_give(n, INFINITY);
    for (unsigned i = 0; i < count; i++) {
        n->waiting_item[n->waiting] = items[i];
        n->waiting_bound[n->waiting] = bounds[i];
        bool wanted = bounds[i] <= n->cutoff && bounds[i] > n->done;
        n->waiting += wanted;
        n->waiting_least = wanted ? bound_smaller(n->waiting_least, bounds[i]) : n->waiting_least;
    }
}

void nearest_wait(struct nearest *n, uint32_t item, double bound) {
    if (n->waiting == NEAREST_WAITING) nearest_give(n, INFINITY);
    n->waiting_item[n->waiting] = item;
    n->waiting_bound[n->waiting++] = bound;
    n->waiting_least = bound_smaller(n->waiting_least, bound);
}

/// All items that wait with a bound of `limit` at most, while they are not beyond the cut-off.
void nearest_give(struct nearest *n, double limit) {
    while (n->waiting && n->waiting_least <= limit && n->waiting_least <= n->cutoff) {
        unsigned ready = 0;
        double farthest = 0;
        for (unsigned i = 0; i < n->waiting; i++) {
            bool now = n->waiting_bound[i] <= limit;
            ready += now;
            farthest = now ? bound_larger(farthest, n->waiting_bound[i]) : farthest;
        }
        // hav grows with the square of the distance, as the number of items around the centre does:
        // this share of the farthest bound holds about `aim` items.
        double run = ready > n->aim ? farthest * n->aim / ready : farthest;
        give_run(n, bound_larger(run, n->waiting_least));
    }
    if (n->waiting_least > n->cutoff) {
        n->waiting = 0;
        n->waiting_least = INFINITY;
    }
}

static void give_run(struct nearest *n, double limit) {
    uint32_t run[NEAREST_WAITING];
    unsigned length = 0, left = 0;
    double least = n->waiting_least, rest = INFINITY;
    for (unsigned i = 0; i < n->waiting; i++) {
        double bound = n->waiting_bound[i];
        uint32_t item = n->waiting_item[i];
        if (bound <= limit) {
            run[length++] = item;
        } else if (bound <= n->cutoff) {
            n->waiting_bound[left] = bound;
            n->waiting_item[left++] = item;
            rest = bound_smaller(rest, bound);
        }
    }
    n->waiting = left;
    n->waiting_least = rest;
    n->candidates += length;
    n->cutoff = n->visit(n->ctx, run, length, least);
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
