// rtree_check.c - the invariants of the R-tree.

#include "index/rtree_node.h"

static bool node_check(const struct rtree *t, uint32_t node, uint32_t *nodes);
static bool entry_check(const struct rtree *t, uint32_t node, unsigned slot, uint32_t *nodes);

bool rtree_check(const struct index *ix) {
    const struct rtree *t = rtree_of(ix);
    if (t->root == RTREE_NONE) return pool_count(&t->nodes) == 0;
    const struct rtree_node *root = rtree_node_at(t, t->root);
    uint32_t nodes = 0;
    if (root->parent != RTREE_NONE || (root->level > 0 && root->count < 2)) return false;
    return node_check(t, t->root, &nodes) && nodes == pool_count(&t->nodes);
}

static bool node_check(const struct rtree *t, uint32_t number, uint32_t *nodes) {
    const struct rtree_node *n = rtree_node_at(t, number);
    ++*nodes;
    if (n->count == 0 || n->count > RTREE_FANOUT) return false;
    uint32_t total = 0;
    for (unsigned i = 0; i < n->count; i++) {
        if (!entry_check(t, number, i, nodes)) return false;
        total += n->level ? rtree_node_at(t, n->child[i])->items : 1;
    }
    return total == n->items;
}

static bool entry_check(const struct rtree *t, uint32_t number, unsigned slot, uint32_t *nodes) {
    const struct rtree_node *n = rtree_node_at(t, number);
    struct index_box box = rtree_entry_box(n, slot);
    if (!rtree_box_holds(&n->box, &box)) return false;
    if (n->level == 0)
        return *places_at(t->places, n->child[slot]) == (number << RTREE_SLOT_BITS | slot);
    const struct rtree_node *child = rtree_node_at(t, n->child[slot]);
    return child->parent == number && child->slot == slot && child->level + 1 == n->level &&
           rtree_box_equal(&child->box, &box) && node_check(t, n->child[slot], nodes);
}
