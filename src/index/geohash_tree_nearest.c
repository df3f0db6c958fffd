// geohash_tree_nearest.c - the nearest points along the Z curve, from the leaf of the centre outwards.
//
// As in the trie (quadtree_nearest.c): rings first, by the density of the leaf at the centre, each leaf read once;
// where they are not enough a heap of ranges goes on.

#include "index/geohash_tree_range.h"
#include "index/nearest.h"

#define RINGS 3
#define RING_LEAVES 24 // a ring that touches more is left to the heap

/// A box that leaves are read for; touches nothing when it is empty.
struct ring {
    bool any;
    struct geohash_tree_range keys;
    struct geohash_tree_spread box;
};

struct search {
    struct nearest n;
    const struct geohash_tree *tree;
    struct ring ring, done; // leaves that touch these are read now, have been read
    unsigned leaf_count;
    uint32_t leaves[RING_LEAVES];
};

static bool rings(struct search *s);
static double ring_guess(const struct search *s);
static bool ring_collect(struct search *s, uint32_t node, struct geohash_tree_range range);
static bool ring_touches(const struct ring *ring, struct geohash_tree_range range);
static void look_at(struct search *s, const struct nearest_entry *at);
static void leaf_read(struct search *s, uint32_t leaf);
static double range_bound(const struct bound_from *from, struct geohash_tree_range range);

double geohash_tree_nearest(const struct index *ix, const struct distance_from *from, size_t wanted,
                            double cutoff, index_nearest_fn *visit, void *ctx,
                            struct index_cost *cost) {
    struct search s;
    s.tree = geohash_tree_of(ix);
    s.done.any = false;
    nearest_init(&s.n, from, wanted, cutoff, visit, ctx);
    if (!rings(&s)) {
        struct nearest_entry at = {.ref = s.tree->root, .low = 0, .high = UINT64_MAX};
        if (!nearest_push(&s.n, &at)) look_at(&s, &at);
        while (nearest_pop(&s.n, &at))
            look_at(&s, &at);
    }
    nearest_deinit(&s.n, cost);
    return s.n.cutoff;
}

/// True when the search is over.
static bool rings(struct search *s) {
    double hav = ring_guess(s);
    for (int i = 0; i < RINGS; i++) {
        hav = bound_smaller(hav, s->n.cutoff);
        struct index_box circle = bound_circle(&s->n.from, hav);
        if (circle.min_lon == INT32_MIN) return false;
        s->ring.any = true;
        s->ring.keys = geohash_tree_box_range(&circle);
        s->ring.box = geohash_tree_box_spread(s->ring.keys);
        s->leaf_count = 0;
        if (!ring_collect(s, s->tree->root, (struct geohash_tree_range){0, UINT64_MAX}))
            return false;
        for (unsigned leaf = 0; leaf < s->leaf_count; leaf++)
            leaf_read(s, s->leaves[leaf]);
        s->done = s->ring;
        nearest_give(&s->n, (float)hav);
        if (s->n.cutoff <= hav) return true;
        hav *= 4;
    }
    return false;
}

/// The hav of a circle that holds the points wanted and some to spare: area = 4 pi hav. The area of a range of keys
/// is its length.
static double ring_guess(const struct search *s) {
    uint64_t key = morton_of(morton_bias(s->n.from.lon), morton_bias(s->n.from.lat));
    const struct geohash_tree_node *n = geohash_tree_at(s->tree, s->tree->root);
    while (n->level > 0) {
        unsigned slot = 1;
        while (slot < n->count && n->inner.key[slot] <= key)
            slot++;
        n = geohash_tree_at(s->tree, n->inner.child[slot - 1]);
    }
    if (n->count == 0) return INFINITY;
    double aim = s->n.wanted + 2 * sqrt(s->n.wanted);
    double area = (double)(n->leaf.key[n->count - 1] - n->leaf.key[0]) + 1;
    area *= BOUND_RAD * BOUND_RAD * s->n.from.cos_lat;
    return aim / n->count * area / (4 * 3.14159265358979323846);
}

/// The leaves that touch the ring and were not read. False when they are too many.
static bool ring_collect(struct search *s, uint32_t number, struct geohash_tree_range range) {
    const struct geohash_tree_node *n = geohash_tree_at(s->tree, number);
    s->n.nodes++;
    if (n->level == 0) {
        if (ring_touches(&s->done, range)) return true;
        if (s->leaf_count == RING_LEAVES) return false;
        s->leaves[s->leaf_count++] = number;
        return true;
    }
    for (unsigned i = 0; i < n->count; i++) {
        struct geohash_tree_range child = geohash_tree_child_range(n, i, range);
        if (child.low > s->ring.keys.high) break;
        if (ring_touches(&s->ring, child) && !ring_collect(s, n->inner.child[i], child))
            return false;
    }
    return true;
}

static bool ring_touches(const struct ring *ring, struct geohash_tree_range range) {
    return ring->any && range.high >= ring->keys.low && range.low <= ring->keys.high &&
           geohash_tree_relation_of(&ring->box, range) != GEOHASH_TREE_APART;
}

/// An entry's low and high are its node's range.
static void look_at(struct search *s, const struct nearest_entry *at) {
    const struct geohash_tree_node *node = geohash_tree_at(s->tree, at->ref);
    struct geohash_tree_range own = {at->low, at->high};
    s->n.nodes++;
    if (node->level == 0) {
        if (!ring_touches(&s->done, own)) leaf_read(s, at->ref);
        return;
    }
    for (unsigned i = 0; i < node->count; i++) {
        struct geohash_tree_range range = geohash_tree_child_range(node, i, own);
        struct nearest_entry entry = {
            .ref = node->inner.child[i],
            .low = range.low,
            .high = range.high,
            .bound = nearest_below(range_bound(&s->n.from, range)),
        };
        if (entry.bound > s->n.cutoff) continue;
        if (!nearest_push(&s->n, &entry)) look_at(s, &entry);
    }
}

static void leaf_read(struct search *s, uint32_t number) {
    const struct geohash_tree_node *leaf = geohash_tree_at(s->tree, number);
    float bounds[GEOHASH_TREE_LEAF];
    for (unsigned i = 0; i < leaf->count; i++) {
        uint64_t key = leaf->leaf.key[i];
        bounds[i] =
            bound_point(&s->n.from, morton_unbias(morton_x(key)), morton_unbias(morton_y(key)));
    }
    nearest_add(&s->n, leaf->leaf.item, bounds, leaf->count);
}

static double range_bound(const struct bound_from *from, struct geohash_tree_range range) {
    struct geohash_tree_spread cells[2];
    unsigned count = geohash_tree_range_cells(range, cells);
    double least = INFINITY;
    for (unsigned i = 0; i < count; i++) {
        struct index_box box = {
            morton_unbias(morton_x(cells[i].west)), morton_unbias(morton_y(cells[i].south)),
            morton_unbias(morton_x(cells[i].east)), morton_unbias(morton_y(cells[i].north))};
        least = bound_smaller(least, bound_to_box(from, &box));
    }
    return least;
}
