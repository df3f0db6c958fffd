#include "index/nearest.h"
#include "index/quadtree_node.h"

static void look_at(struct nearest *n, const struct quadtree *qt, const struct nearest_entry *at);
static void node_expand(struct nearest *n, const struct quadtree *qt,
                        const struct nearest_entry *at);
static void leaf_give(struct nearest *n, const struct quadtree *qt, uint32_t leaf);
static struct index_box leaf_cell(const struct quadtree_leaf *leaf);
static struct index_box cell_of(uint32_t x, uint32_t y, uint32_t width, uint32_t height);

double quadtree_nearest(const struct index *ix, const struct distance_from *from, double cutoff,
                        index_nearest_fn *visit, void *ctx, struct index_cost *cost) {
    const struct quadtree *qt = quadtree_of(ix);
    struct nearest n;
    nearest_init(&n, from, cutoff, visit, ctx);
    struct nearest_entry at = {.ref = QUADTREE_ROOT};
    node_expand(&n, qt, &at);
    while (nearest_pop(&n, &at))
        look_at(&n, qt, &at);
    nearest_deinit(&n, cost);
    return n.cutoff;
}

static void look_at(struct nearest *n, const struct quadtree *qt, const struct nearest_entry *at) {
    if (quadtree_ref_is_leaf(at->ref)) {
        leaf_give(n, qt, quadtree_ref_leaf(at->ref));
    } else {
        node_expand(n, qt, at);
    }
}

/// An entry's low and high are the x and y of its cell's corner.
static void node_expand(struct nearest *n, const struct quadtree *qt,
                        const struct nearest_entry *at) {
    n->nodes++;
    unsigned side = 30 - 2 * at->depth;
    const uint32_t *children = quadtree_children(qt, at->ref);
    uint32_t before = QUADTREE_EMPTY;
    for (unsigned child = 0; child < 16; child++) {
        uint32_t ref = children[child];
        if (ref == before || ref == QUADTREE_EMPTY) continue;
        before = ref;
        struct nearest_entry entry = {.ref = ref, .depth = at->depth + 1};
        struct index_box cell;
        if (quadtree_ref_is_leaf(ref)) {
            cell = leaf_cell(quadtree_leaf_at(qt, quadtree_ref_leaf(ref)));
        } else {
            entry.low = at->low + (quadtree_column(child) << side);
            entry.high = at->high + (quadtree_row(child) << side);
            cell = cell_of((uint32_t)entry.low, (uint32_t)entry.high, (1u << side) - 1,
                           (1u << side) - 1);
        }
        entry.bound = bound_to_box(&n->from, &cell);
        if (entry.bound > n->cutoff) continue;
        if (!nearest_push(n, &entry)) look_at(n, qt, &entry);
    }
}

static void leaf_give(struct nearest *n, const struct quadtree *qt, uint32_t number) {
    for (; number != QUADTREE_NO_LEAF; number = quadtree_leaf_at(qt, number)->next) {
        const struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
        n->nodes++;
        struct index_box circle = bound_circle(&n->from, n->cutoff);
        uint64_t in = qt->scan->points(&leaf->at, leaf->count, &circle).in;
        uint32_t items[NEAREST_LEAF];
        double bounds[NEAREST_LEAF];
        unsigned count = 0;
        for (; in; in &= in - 1) {
            unsigned i = (unsigned)__builtin_ctzll(in);
            struct index_box point = {leaf->at.lon[i], leaf->at.lat[i], leaf->at.lon[i],
                                      leaf->at.lat[i]};
            items[count] = leaf->item[i];
            bounds[count++] = bound_to_box(&n->from, &point);
        }
        nearest_give(n, items, bounds, count);
    }
}

static struct index_box leaf_cell(const struct quadtree_leaf *leaf) {
    return cell_of(leaf->x, leaf->y, ~leaf->x_mask, ~leaf->y_mask);
}

static struct index_box cell_of(uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
    return (struct index_box){morton_unbias(x), morton_unbias(y), morton_unbias(x + width),
                              morton_unbias(y + height)};
}
