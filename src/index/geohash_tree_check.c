// geohash_tree_check.c - the invariants of the B+-tree over Z order.

#include "index/geohash_tree_node.h"

/// What has been seen so far, in order.
struct walk {
    const struct geohash_tree *tree;
    uint32_t nodes;
    bool any;
    uint64_t key;
    uint32_t item;
};

static bool node_check(struct walk *w, uint32_t node, bool is_root);
static bool leaf_check(struct walk *w, const struct geohash_tree_node *leaf);

bool geohash_tree_check(const struct index *ix) {
    struct walk w = {.tree = geohash_tree_of(ix)};
    return node_check(&w, w.tree->root, true) && w.nodes == pool_count(&w.tree->nodes);
}

/// Entries ascend over the whole tree, separators stand between, and counts add up.
static bool node_check(struct walk *w, uint32_t number, bool is_root) {
    const struct geohash_tree_node *n = geohash_tree_at(w->tree, number);
    w->nodes++;
    if (n->count == 0 && !(is_root && n->level == 0)) return false;
    if (n->level == 0) return leaf_check(w, n);
    if (n->count > GEOHASH_TREE_INNER || (is_root && n->count < 2)) return false;
    uint32_t total = 0;
    for (unsigned i = 0; i < n->count; i++) {
        uint64_t key = n->inner.key[i];
        uint32_t item = n->inner.item[i];
        const struct geohash_tree_node *child = geohash_tree_at(w->tree, n->inner.child[i]);
        if (child->level + 1 != n->level) return false;
        if (i > 0) {
            if (!geohash_tree_before(w->key, w->item, key, item)) return false;
            w->key = key;
            w->item = item;
            w->any = false; // the first entry may equal the separator
        }
        if (!node_check(w, n->inner.child[i], false)) return false;
        total += child->items;
    }
    return total == n->items;
}

static bool leaf_check(struct walk *w, const struct geohash_tree_node *leaf) {
    const struct index_box *e = &w->tree->extent;
    if (leaf->count > GEOHASH_TREE_LEAF || leaf->items != leaf->count) return false;
    for (unsigned i = 0; i < leaf->count; i++) {
        uint64_t key = leaf->leaf.key[i];
        uint32_t item = leaf->leaf.item[i];
        if (geohash_tree_before(key, item, w->key, w->item)) return false;
        if (w->any && key == w->key && item == w->item) return false;
        int32_t lon = morton_unbias(morton_x(key)), lat = morton_unbias(morton_y(key));
        if (lon < e->min_lon || lon > e->max_lon || lat < e->min_lat || lat > e->max_lat)
            return false;
        w->any = true;
        w->key = key;
        w->item = item;
    }
    return true;
}
