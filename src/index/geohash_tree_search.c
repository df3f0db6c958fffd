// geohash_tree_search.c - boxes and the nearest along the Z curve.
//
// A node holds a range of keys, which is the part of at most two cells: what lies below and above the
// first bit in which its ends differ. Those cells decide whether a search needs the node.

#include "index/geohash_tree_node.h"
#include "index/nearest.h"

#define X_BITS 0x5555555555555555u
#define Y_BITS 0xaaaaaaaaaaaaaaaau

/// Keys, both ends included.
struct range {
    uint64_t low, high;
};

/// A box with its coordinates spread as they lie in keys: comparable without untangling.
struct spread {
    uint64_t west, east, south, north;
};

enum relation { APART, TOUCHING, INSIDE };

struct query {
    const struct geohash_tree *tree;
    struct spread box;
    struct range keys; // of the box's corners
    index_visit_fn *visit;
    void *ctx;
    bool counting; // sure points are added up, only unsure ones visited
    uint64_t counted, nodes, candidates;
};

static bool run(struct query *q, const struct index_box *box, struct index_cost *cost);
static bool node_visit(struct query *q, uint32_t node, struct range range);
static bool node_visit_all(struct query *q, uint32_t node);
static bool leaf_visit(struct query *q, const struct geohash_tree_node *leaf);
static bool give(struct query *q, const uint32_t *items, size_t count, bool sure);
static struct range child_range(const struct geohash_tree_node *n, unsigned slot,
                                struct range range);
static unsigned range_cells(struct range range, struct spread cells[2]);
static enum relation relation_of(const struct spread *box, struct range range);
static double range_bound(const struct bound_from *from, struct range range);
static void look_at(struct nearest *n, const struct geohash_tree *t,
                    const struct nearest_entry *at);

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
    q->keys.low = morton_of(morton_bias(box->min_lon), morton_bias(box->min_lat));
    q->keys.high = morton_of(morton_bias(box->max_lon), morton_bias(box->max_lat));
    q->box = (struct spread){q->keys.low & X_BITS, q->keys.high & X_BITS, q->keys.low & Y_BITS,
                             q->keys.high & Y_BITS};
    bool finished = node_visit(q, q->tree->root, (struct range){0, UINT64_MAX});
    if (cost) {
        cost->nodes += q->nodes;
        cost->candidates += q->candidates;
    }
    return finished;
}

static bool node_visit(struct query *q, uint32_t number, struct range range) {
    const struct geohash_tree_node *n = geohash_tree_at(q->tree, number);
    if (n->level == 0) return leaf_visit(q, n);
    q->nodes++;
    for (unsigned i = 0; i < n->count; i++) {
        struct range child = child_range(n, i, range);
        if (child.high < q->keys.low) continue;
        if (child.low > q->keys.high) break;
        enum relation relation = relation_of(&q->box, child);
        if (relation == APART) continue;
        bool go_on = relation == INSIDE ? node_visit_all(q, n->inner.child[i])
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
    const struct spread *b = &q->box;
    uint32_t sure[GEOHASH_TREE_LEAF], unsure[GEOHASH_TREE_LEAF];
    unsigned sure_count = 0, unsure_count = 0;
    q->nodes++;
    for (unsigned i = 0; i < leaf->count; i++) {
        uint64_t x = leaf->leaf.key[i] & X_BITS, y = leaf->leaf.key[i] & Y_BITS;
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

/// Of a child, within its parent's; neighbours share a key when its points lie in both.
static struct range child_range(const struct geohash_tree_node *n, unsigned slot,
                                struct range range) {
    if (slot > 0) range.low = n->inner.key[slot];
    if (slot + 1u < n->count) range.high = n->inner.key[slot + 1];
    return range;
}

/// The smallest cells around the halves of a range.
static unsigned range_cells(struct range range, struct spread cells[2]) {
    struct range halves[2] = {range, range};
    unsigned count = 1;
    if (range.low != range.high) {
        unsigned common = (unsigned)__builtin_clzll(range.low ^ range.high);
        uint64_t middle = range.high & ~(UINT64_MAX >> 1 >> common);
        halves[0].high = middle - 1;
        halves[1].low = middle;
        count = 2;
    }
    for (unsigned i = 0; i < count; i++) {
        uint64_t differ = halves[i].low ^ halves[i].high;
        uint64_t loose = differ ? UINT64_MAX >> __builtin_clzll(differ) : 0;
        uint64_t low = halves[i].low & ~loose, high = halves[i].high | loose;
        cells[i] = (struct spread){low & X_BITS, high & X_BITS, low & Y_BITS, high & Y_BITS};
    }
    return count;
}

static enum relation relation_of(const struct spread *box, struct range range) {
    struct spread cells[2];
    unsigned count = range_cells(range, cells), inside = 0, apart = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct spread *c = &cells[i];
        inside += c->west > box->west && c->east < box->east && c->south > box->south &&
                  c->north < box->north;
        apart += c->west > box->east || c->east < box->west || c->south > box->north ||
                 c->north < box->south;
    }
    return inside == count ? INSIDE : apart == count ? APART : TOUCHING;
}

static double range_bound(const struct bound_from *from, struct range range) {
    struct spread cells[2];
    unsigned count = range_cells(range, cells);
    double least = INFINITY;
    for (unsigned i = 0; i < count; i++) {
        struct index_box box = {
            morton_unbias(morton_x(cells[i].west)), morton_unbias(morton_y(cells[i].south)),
            morton_unbias(morton_x(cells[i].east)), morton_unbias(morton_y(cells[i].north))};
        least = bound_smaller(least, bound_to_box(from, &box));
    }
    return least;
}

double geohash_tree_nearest(const struct index *ix, const struct distance_from *from, size_t wanted,
                            double cutoff, index_nearest_fn *visit, void *ctx,
                            struct index_cost *cost) {
    const struct geohash_tree *t = geohash_tree_of(ix);
    struct nearest n;
    nearest_init(&n, from, wanted, cutoff, visit, ctx);
    struct nearest_entry at = {.ref = t->root, .low = 0, .high = UINT64_MAX};
    look_at(&n, t, &at);
    while (nearest_pop(&n, &at))
        look_at(&n, t, &at);
    nearest_deinit(&n, cost);
    return n.cutoff;
}

/// An entry's low and high are its node's range.
static void look_at(struct nearest *n, const struct geohash_tree *t,
                    const struct nearest_entry *at) {
    const struct geohash_tree_node *node = geohash_tree_at(t, at->ref);
    n->nodes++;
    if (node->level == 0) {
        float bounds[GEOHASH_TREE_LEAF];
        for (unsigned i = 0; i < node->count; i++) {
            int32_t lon = morton_unbias(morton_x(node->leaf.key[i]));
            int32_t lat = morton_unbias(morton_y(node->leaf.key[i]));
            bounds[i] = bound_point(&n->from, lon, lat);
        }
        nearest_add(n, node->leaf.item, bounds, node->count);
        return;
    }
    for (unsigned i = 0; i < node->count; i++) {
        struct range range = child_range(node, i, (struct range){at->low, at->high});
        struct nearest_entry entry = {
            .ref = node->inner.child[i],
            .low = range.low,
            .high = range.high,
            .bound = nearest_below(range_bound(&n->from, range)),
        };
        if (entry.bound > n->cutoff) continue;
        if (!nearest_push(n, &entry)) look_at(n, t, &entry);
    }
}
