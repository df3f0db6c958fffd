// quadtree_bulk.c - the trie that inserting would make, built at once with leaves in Morton order in memory.

#include "base/mem.h"
#include "index/load.h"
#include "index/quadtree_node.h"

/// What is being loaded, in Morton order.
struct loading {
    struct quadtree *qt;
    const struct index_box *boxes;
    const uint32_t *items;
    const struct load_key *sorted;
};

static enum status load(struct quadtree *qt, const struct index_box *boxes, const uint32_t *items,
                        size_t count);
static void items_store(struct quadtree *qt, uint32_t node, size_t count);
static enum status node_fill(struct loading *l, unsigned depth, size_t from, size_t to,
                             uint32_t *out);
static enum status run_fill(struct loading *l, uint32_t node, unsigned depth, unsigned child,
                            unsigned span, size_t from, size_t to);
static enum status leaf_fill(struct loading *l, unsigned bits, size_t from, size_t to,
                             uint32_t *ref);
static size_t first_with_bit(const struct load_key *sorted, size_t from, size_t to, uint64_t bit);

enum status quadtree_bulk_load(struct index *ix, const struct index_box *boxes,
                               const uint32_t *items, size_t count) {
    if (index_items(ix) > 0) return load_one_by_one(ix, boxes, items, count);
    if (count == 0) return STATUS_OK;
    index_places_begin(ix);
    enum status st = load((struct quadtree *)(void *)ix, boxes, items, count);
    index_places_end(ix);
    return st;
}

static enum status load(struct quadtree *qt, const struct index_box *boxes, const uint32_t *items,
                        size_t count) {
    struct load_key *keys = NULL;
    enum status st = load_sort(boxes, count, load_morton, &keys);
    if (st != STATUS_OK) return st;

    // A root of its own: the trie is empty, so its root is number 0.
    struct loading l = {qt, boxes, items, keys};
    quadtree_clear(qt);
    items_store(qt, QUADTREE_ROOT, count);
    st = run_fill(&l, QUADTREE_ROOT, 0, 0, 4, 0, count);
    mem_free(keys);
    if (st == STATUS_OK) {
        for (size_t i = 0; i < count; i++)
            quadtree_extent_add(qt, quadtree_pair_of(&boxes[i]));
        return STATUS_OK;
    }
    for (size_t i = 0; i < count; i++)
        *places_at(qt->places, items[i]) = PLACES_NONE;
    quadtree_clear(qt);
    return st;
}

static void items_store(struct quadtree *qt, uint32_t node, size_t count) {
    atomic_store_explicit(quadtree_items(qt, node), (uint32_t)count, memory_order_release);
}

static enum status node_fill(struct loading *l, unsigned depth, size_t from, size_t to,
                             uint32_t *out) {
    enum status st = pool_reserve(&l->qt->nodes, 1);
    if (st != STATUS_OK) return st;
    uint32_t node = quadtree_node_take(l->qt);
    items_store(l->qt, node, to - from);
    *out = node;
    return run_fill(l, node, depth, 0, 4, from, to);
}

/// The aligned run of children that begins with `child`: one leaf if that is enough, else half and half.
static enum status run_fill(struct loading *l, uint32_t node, unsigned depth, unsigned child,
                            unsigned span, size_t from, size_t to) {
    if (from == to) return STATUS_OK;
    uint32_t ref = QUADTREE_EMPTY;
    enum status st = STATUS_OK;
    if (to - from <= QUADTREE_LEAF_POINTS && (span < 4 || depth == 0)) {
        st = leaf_fill(l, 4 * (depth + 1) - span, from, to, &ref);
        _Atomic uint32_t *children = quadtree_children(l->qt, node);
        for (unsigned i = 0; i < 1u << span; i++)
            atomic_store_explicit(&children[child + i], ref, memory_order_release);
        return st;
    }
    if (span > 0) {
        unsigned shift = 60 - 4 * depth + span - 1;
        size_t middle = first_with_bit(l->sorted, from, to, (uint64_t)1 << shift);
        st = run_fill(l, node, depth, child, span - 1, from, middle);
        if (st != STATUS_OK) return st;
        return run_fill(l, node, depth, child + (1u << (span - 1)), span - 1, middle, to);
    }
    st = depth == QUADTREE_DEPTH - 1 ? leaf_fill(l, 64, from, to, &ref)
                                     : node_fill(l, depth + 1, from, to, &ref);
    atomic_store_explicit(&quadtree_children(l->qt, node)[child], ref, memory_order_release);
    return st;
}

/// A leaf, or a chain of them when there are more than fit on one spot: full ones behind the first.
static enum status leaf_fill(struct loading *l, unsigned bits, size_t from, size_t to,
                             uint32_t *ref) {
    uint32_t front = QUADTREE_NO_LEAF;
    while (from < to) {
        enum status st = quadtree_leaves_reserve(l->qt, 1);
        if (st != STATUS_OK) return st;
        front = quadtree_leaf_take(l->qt, bits, front);
        for (unsigned i = 0; i < QUADTREE_LEAF_POINTS && from < to; i++, from++) {
            uint32_t at = l->sorted[from].at;
            quadtree_leaf_add(l->qt, front, quadtree_pair_of(&l->boxes[at]), l->items[at]);
        }
    }
    *ref = front | QUADTREE_LEAF_BIT;
    return STATUS_OK;
}

/// Keys from..to share the bits above `bit`; the first that has it.
static size_t first_with_bit(const struct load_key *sorted, size_t from, size_t to, uint64_t bit) {
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (sorted[middle].key & bit) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    return from;
}
