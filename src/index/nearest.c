#include "index/nearest.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

#define WORDS (NEAREST_WAITING / 64)
#define RUN_MOST 128u // items at once
#define GUESSES 3     // by interpolation, before halving

static void room_make(struct nearest *n, unsigned count);
static bool grow(struct nearest *n);
static unsigned run_choose(const struct nearest *n, float *limit, uint64_t bits[WORDS]);
static float halfway(float low, float high);
static void run_give(struct nearest *n, const uint64_t bits[WORDS]);

void nearest_init(struct nearest *n, const struct distance_from *from, size_t wanted, double cutoff,
                  index_nearest_fn *visit, void *ctx) {
    n->from = bound_from(from);
    n->kernels = bound_kernels();
    n->cutoff = cutoff;
    n->wanted = wanted && wanted < RUN_MOST ? (unsigned)wanted : RUN_MOST;
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

void nearest_add_points(struct nearest *n, const struct scan_points *points,
                        const _Atomic uint32_t items[SCAN_POINTS], unsigned count) {
    room_make(n, count);
    float least = n->kernels->points(&n->from, points, items, count, n->waiting_bound + n->waiting,
                                     n->waiting_item + n->waiting);
    n->waiting += count;
    if (least < n->waiting_least) n->waiting_least = least;
}

void nearest_add(struct nearest *n, const uint32_t *items, const float *bounds, unsigned count) {
    room_make(n, count);
    for (unsigned i = 0; i < count; i++) {
        n->waiting_bound[n->waiting] = bounds[i];
        n->waiting_item[n->waiting++] = items[i];
        if (bounds[i] < n->waiting_least) n->waiting_least = bounds[i];
    }
}

static void room_make(struct nearest *n, unsigned count) {
    if (n->waiting + count <= NEAREST_WAITING) return;
    nearest_give(n, INFINITY);
    n->waiting = 0; // what is left is beyond the cut-off
    n->waiting_least = INFINITY;
}

void nearest_give(struct nearest *n, float limit) {
    if (limit > BOUND_MOST) limit = BOUND_MOST;
    while (n->waiting_least <= limit && n->waiting_least <= n->cutoff) {
        float most = n->cutoff < (double)limit ? (float)n->cutoff : limit;
        uint64_t bits[WORDS];
        if (run_choose(n, &most, bits) == 0) {
            n->waiting_least = n->kernels->least(n->waiting_bound, n->waiting);
            continue;
        }
        run_give(n, bits);
        n->waiting_least = nextafterf(most, INFINITY);
    }
}

/// The nearest of those that wait, about as many as wanted, not beyond `limit`; a bit for each. `limit` becomes
/// one up to which all are chosen.
static unsigned run_choose(const struct nearest *n, float *limit, uint64_t bits[WORDS]) {
    bound_select_fn *select = n->kernels->select;
    unsigned chosen = select(n->waiting_bound, n->waiting, *limit, bits), enough = chosen;
    unsigned few_count = 0;
    float few = 0, aim = (float)n->wanted + 0.5f;
    for (int step = 0; enough > n->wanted + n->wanted / 8; step++) {
        // hav grows with the square of the distance, as the number of items around the centre does.
        float share = (aim - (float)few_count) / (float)(enough - few_count);
        float middle = step < GUESSES ? few + (*limit - few) * share : halfway(few, *limit);
        if (middle <= few || middle >= *limit) break; // as many are equally near
        chosen = select(n->waiting_bound, n->waiting, middle, bits);
        if (chosen >= n->wanted) {
            *limit = middle;
            enough = chosen;
        } else {
            few = middle;
            few_count = chosen;
        }
    }
    return chosen == enough ? chosen : select(n->waiting_bound, n->waiting, *limit, bits);
}

/// Between two floats that are not negative, by the number of floats between: found in 31 steps whatever lies where.
static float halfway(float low, float high) {
    uint32_t a, b;
    memcpy(&a, &low, sizeof a);
    memcpy(&b, &high, sizeof b);
    a += (b - a) / 2;
    memcpy(&low, &a, sizeof low);
    return low;
}

static void run_give(struct nearest *n, const uint64_t bits[WORDS]) {
    uint32_t run[NEAREST_WAITING];
    unsigned length = 0;
    for (unsigned word = 0; 64 * word < n->waiting; word++) {
        for (uint64_t left = bits[word]; left; left &= left - 1) {
            unsigned at = 64 * word + (unsigned)__builtin_ctzll(left);
            run[length++] = n->waiting_item[at];
            n->waiting_bound[at] = NAN;
        }
    }
    n->candidates += length;
    n->cutoff = n->visit(n->ctx, run, length, n->waiting_least);
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
