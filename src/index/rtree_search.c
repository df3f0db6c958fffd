// rtree_search.c - boxes and the nearest in the R-tree.

#include "index/nearest.h"
#include "index/rtree_node.h"

struct query {
    const struct rtree *tree;
    const struct index_box *box;
    index_visit_fn *visit;
    void *ctx;
    bool counting; // sure items are added up, only unsure ones visited
    uint64_t counted, nodes, candidates;
};

static bool run(struct query *q, struct index_cost *cost);
static bool node_visit(struct query *q, uint32_t node);
static bool node_visit_all(struct query *q, uint32_t node);
static bool leaf_visit(struct query *q, const struct rtree_node *leaf);
static bool give(struct query *q, const uint32_t *items, size_t count, bool sure);
static void look_at(struct nearest *n, const struct rtree *t, uint32_t node);

bool rtree_search(const struct index *ix, const struct index_box *box, index_visit_fn *visit,
                  void *ctx, struct index_cost *cost) {
    struct query q = {.tree = rtree_of(ix), .box = box, .visit = visit, .ctx = ctx};
    return run(&q, cost);
}

uint64_t rtree_count(const struct index *ix, const struct index_box *box, index_visit_fn *unsure,
                     void *ctx, struct index_cost *cost) {
    struct query q = {
        .tree = rtree_of(ix), .box = box, .visit = unsure, .ctx = ctx, .counting = true};
    run(&q, cost);
    return q.counted;
}

static bool run(struct query *q, struct index_cost *cost) {
    if (q->tree->root == RTREE_NONE) return true;
    if (q->box->min_lon > q->box->max_lon || q->box->min_lat > q->box->max_lat) return true;
    bool finished = node_visit(q, q->tree->root);
    if (cost) {
        cost->nodes += q->nodes;
        cost->candidates += q->candidates;
    }
    return finished;
}

static bool node_visit(struct query *q, uint32_t number) {
    const struct rtree_node *n = rtree_node_at(q->tree, number);
    if (n->level == 0) return leaf_visit(q, n);
    q->nodes++;
    uint32_t in = (uint32_t)q->tree->scan->boxes(&n->boxes, n->count, q->box).in;
    uint32_t within = in ? q->tree->scan->within(&n->boxes, n->count, q->box) : 0;
    for (; in; in &= in - 1) {
        unsigned i = (unsigned)__builtin_ctz(in);
        bool go_on = within >> i & 1 ? node_visit_all(q, n->child[i]) : node_visit(q, n->child[i]);
        if (!go_on) return false;
    }
    return true;
}

static bool node_visit_all(struct query *q, uint32_t number) {
    const struct rtree_node *n = rtree_node_at(q->tree, number);
    q->nodes++;
    if (q->counting) {
        q->counted += n->items;
        return true;
    }
    if (n->level == 0) return give(q, n->child, n->count, true);
    for (unsigned i = 0; i < n->count; i++)
        if (!node_visit_all(q, n->child[i])) return false;
    return true;
}

static bool leaf_visit(struct query *q, const struct rtree_node *leaf) {
    q->nodes++;
    struct scan_hits hits = q->tree->scan->boxes(&leaf->boxes, leaf->count, q->box);
    uint32_t found[RTREE_FANOUT];
    if (hits.sure) {
        if (q->counting) {
            q->counted += (unsigned)__builtin_popcountll(hits.sure);
        } else if (!give(q, found, scan_collect(leaf->child, hits.sure, found), true)) {
            return false;
        }
    }
    uint64_t unsure = hits.in & ~hits.sure;
    return !unsure || give(q, found, scan_collect(leaf->child, unsure, found), false);
}

static bool give(struct query *q, const uint32_t *items, size_t count, bool sure) {
    q->candidates += count;
    return q->visit(q->ctx, items, count, sure);
}

double rtree_nearest(const struct index *ix, const struct distance_from *from, size_t wanted,
                     double cutoff, index_nearest_fn *visit, void *ctx, struct index_cost *cost) {
    const struct rtree *t = rtree_of(ix);
    if (t->root == RTREE_NONE) return cutoff;
    struct nearest n;
    nearest_init(&n, from, wanted, cutoff, visit, ctx);
    struct nearest_entry at = {.ref = t->root};
    look_at(&n, t, at.ref);
    while (nearest_pop(&n, &at))
        look_at(&n, t, at.ref);
    nearest_deinit(&n, cost);
    return n.cutoff;
}

static void look_at(struct nearest *n, const struct rtree *t, uint32_t number) {
    const struct rtree_node *node = rtree_node_at(t, number);
    n->nodes++;
    double bounds[RTREE_FANOUT];
    const struct scan_boxes *b = &node->boxes;
    t->bounds(&n->from, &(struct bound_arrays){b->min_lon, b->max_lon, b->min_lat, b->max_lat},
              node->count, bounds);
    float below[RTREE_FANOUT];
    for (unsigned i = 0; i < node->count; i++)
        below[i] = nearest_below(bounds[i]);
    if (node->level == 0) {
        nearest_add(n, node->child, below, node->count);
        return;
    }
    for (unsigned i = 0; i < node->count; i++) {
        if (bounds[i] > n->cutoff) continue;
        struct nearest_entry entry = {.bound = below[i], .ref = node->child[i]};
        if (!nearest_push(n, &entry)) look_at(n, t, entry.ref);
    }
}
