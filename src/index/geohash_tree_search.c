// geohash_tree_search.c - boxes along the Z curve.

#include "index/geohash_tree_range.h"

struct query {
    const struct geohash_tree *tree;
    struct geohash_tree_spread box;
    struct geohash_tree_range keys; // of the box's corners
    index_visit_fn *visit;
    void *ctx;
    bool counting; // sure points are added up, only unsure ones visited
    uint64_t counted, nodes, candidates;
};

static bool run(struct query *q, const struct index_box *box, struct index_cost *cost);
static bool node_visit(struct query *q, uint32_t node, struct geohash_tree_range range);
static bool node_visit_all(struct query *q, uint32_t node);
static bool leaf_visit(struct query *q, const struct geohash_tree_node *leaf);
static bool give(struct query *q, const uint32_t *items, size_t count, bool sure);

bool geohash_tree_search(const struct index *ix, const struct index_box *box, index_visit_fn *visit,
                         void *ctx, struct index_cost *cost) {
    struct query q = {.tree = geohash_tree_of(ix), .visit = visit, .ctx = ctx};
    return run(&q, box, cost);
}

uint64_t geohash_tree_count(const struct index *ix, const struct index_box *box,
                            index_visit_fn *unsure, void *ctx, struct index_cost *cost) {
    struct query q = {.tree = geohash_tree_of(ix), .visit = unsure, .ctx = ctx, .counting = true};
    run(&q, box, cost);
    return q.counted;
}

static bool run(struct query *q, const struct index_box *box, struct index_cost *cost) {
    if (box->min_lon > box->max_lon || box->min_lat > box->max_lat) return true;
    q->keys = geohash_tree_box_range(box);
    q->box = geohash_tree_box_spread(q->keys);
    bool finished = node_visit(q, q->tree->root, (struct geohash_tree_range){0, UINT64_MAX});
    if (cost) {
        cost->nodes += q->nodes;
        cost->candidates += q->candidates;
    }
    return finished;
}

static bool node_visit(struct query *q, uint32_t number, struct geohash_tree_range range) {
    const struct geohash_tree_node *n = geohash_tree_at(q->tree, number);
    if (n->level == 0) return leaf_visit(q, n);
    q->nodes++;
    for (unsigned i = 0; i < n->count; i++) {
        struct geohash_tree_range child = geohash_tree_child_range(n, i, range);
        if (child.high < q->keys.low) continue;
        if (child.low > q->keys.high) break;
        enum geohash_tree_relation relation = geohash_tree_relation_of(&q->box, child);
        if (relation == GEOHASH_TREE_APART) continue;
        bool go_on = relation == GEOHASH_TREE_INSIDE ? node_visit_all(q, n->inner.child[i])
                                                     : node_visit(q, n->inner.child[i], child);
        if (!go_on) return false;
    }
    return true;
}

static bool node_visit_all(struct query *q, uint32_t number) {
    const struct geohash_tree_node *n = geohash_tree_at(q->tree, number);
    q->nodes++;
    if (q->counting) {
        q->counted += n->items;
        return true;
    }
    if (n->level == 0) return give(q, n->leaf.item, n->count, true);
    for (unsigned i = 0; i < n->count; i++)
        if (!node_visit_all(q, n->inner.child[i])) return false;
    return true;
}

static bool leaf_visit(struct query *q, const struct geohash_tree_node *leaf) {
    const struct geohash_tree_spread *b = &q->box;
    uint32_t sure[GEOHASH_TREE_LEAF], unsure[GEOHASH_TREE_LEAF];
    unsigned sure_count = 0, unsure_count = 0;
    q->nodes++;
    for (unsigned i = 0; i < leaf->count; i++) {
        uint64_t x = leaf->leaf.key[i] & GEOHASH_TREE_X_BITS,
                 y = leaf->leaf.key[i] & GEOHASH_TREE_Y_BITS;
        if (x < b->west || x > b->east || y < b->south || y > b->north) continue;
        if (x > b->west && x < b->east && y > b->south && y < b->north) {
            sure[sure_count++] = leaf->leaf.item[i];
        } else {
            unsure[unsure_count++] = leaf->leaf.item[i];
        }
    }
    if (q->counting) {
        q->counted += sure_count;
    } else if (sure_count && !give(q, sure, sure_count, true)) {
        return false;
    }
    return !unsure_count || give(q, unsure, unsure_count, false);
}

static bool give(struct query *q, const uint32_t *items, size_t count, bool sure) {
    q->candidates += count;
    return q->visit(q->ctx, items, count, sure);
}
