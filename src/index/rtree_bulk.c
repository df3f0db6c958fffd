// rtree_bulk.c - a packed tree: items in Hilbert order, sixteen by sixteen, level upon level.

#include "base/mem.h"
#include "index/load.h"
#include "index/rtree_node.h"

static uint32_t nodes_for(size_t count);
static void leaves_fill(struct rtree *t, const struct index_box *boxes, const uint32_t *items,
                        const struct load_key *keys, size_t count);
static void level_fill(struct rtree *t, unsigned level, uint32_t first, uint32_t count);
static void node_finish(struct rtree *t, uint32_t node);

enum status rtree_bulk_load(struct index *ix, const struct index_box *boxes, const uint32_t *items,
                            size_t count) {
    struct rtree *t = (struct rtree *)(void *)ix;
    if (t->root != RTREE_NONE) return load_one_by_one(ix, boxes, items, count);
    if (count == 0) return STATUS_OK;

    struct load_key *keys = NULL;
    enum status st = load_sort(boxes, count, load_hilbert, &keys);
    if (st != STATUS_OK) return st;
    pool_clear(&t->nodes);
    st = pool_reserve(&t->nodes, nodes_for(count));
    if (st != STATUS_OK) {
        mem_free(keys);
        return st;
    }

    // The pool is empty: numbers come in order, so a level is a run of numbers.
    leaves_fill(t, boxes, items, keys, count);
    mem_free(keys);
    uint32_t first = 0;
    for (unsigned level = 1; t->nodes.used - first > 1; level++) {
        uint32_t below = t->nodes.used - first;
        level_fill(t, level, first, below);
        first += below;
    }
    t->root = first;
    return STATUS_OK;
}

static uint32_t nodes_for(size_t count) {
    uint64_t total = 0, level = count;
    do {
        level = (level + RTREE_FANOUT - 1) / RTREE_FANOUT;
        total += level;
    } while (level > 1);
    return (uint32_t)total;
}

static void leaves_fill(struct rtree *t, const struct index_box *boxes, const uint32_t *items,
                        const struct load_key *keys, size_t count) {
    for (size_t i = 0; i < count;) {
        uint32_t leaf = rtree_node_take(t, 0);
        for (unsigned k = 0; k < RTREE_FANOUT && i < count; k++, i++)
            rtree_entry_add(t, leaf, &(struct rtree_entry){boxes[keys[i].at], items[keys[i].at]});
        node_finish(t, leaf);
    }
}

static void level_fill(struct rtree *t, unsigned level, uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count;) {
        uint32_t node = rtree_node_take(t, level);
        for (unsigned k = 0; k < RTREE_FANOUT && i < count; k++, i++) {
            const struct rtree_node *child = rtree_node_at(t, first + i);
            rtree_entry_add(t, node, &(struct rtree_entry){child->box, first + i});
            rtree_node_at(t, node)->items += child->items;
        }
        node_finish(t, node);
    }
}

static void node_finish(struct rtree *t, uint32_t number) {
    struct rtree_node *n = rtree_node_at(t, number);
    n->box = rtree_node_bounds(n);
    if (n->level == 0) n->items = n->count;
}
