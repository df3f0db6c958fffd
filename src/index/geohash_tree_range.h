// geohash_tree_range.h - what part of the world a range of keys is; for the geohash_tree*.c files only.
//
// A node holds a range of keys, which is the part of at most two cells: what lies below and above the
// first bit in which its ends differ. Those cells decide whether a search needs the node.

#ifndef INDEX_GEOHASH_TREE_RANGE_H
#define INDEX_GEOHASH_TREE_RANGE_H

#include "index/geohash_tree_node.h"

#define GEOHASH_TREE_X_BITS 0x5555555555555555u
#define GEOHASH_TREE_Y_BITS 0xaaaaaaaaaaaaaaaau

/// Keys, both ends included.
struct geohash_tree_range {
    uint64_t low, high;
};

/// A box with its coordinates spread as they lie in keys: comparable without untangling.
struct geohash_tree_spread {
    uint64_t west, east, south, north;
};

enum geohash_tree_relation {
    GEOHASH_TREE_APART,
    GEOHASH_TREE_TOUCHING,
    GEOHASH_TREE_INSIDE,
};

/// The keys of a box's corners; all keys of its points lie between.
static inline struct geohash_tree_range geohash_tree_box_range(const struct index_box *box) {
    return (struct geohash_tree_range){
        morton_of(morton_bias(box->min_lon), morton_bias(box->min_lat)),
        morton_of(morton_bias(box->max_lon), morton_bias(box->max_lat)),
    };
}
static inline struct geohash_tree_spread
geohash_tree_box_spread(struct geohash_tree_range corners) {
    return (struct geohash_tree_spread){
        corners.low & GEOHASH_TREE_X_BITS, corners.high & GEOHASH_TREE_X_BITS,
        corners.low & GEOHASH_TREE_Y_BITS, corners.high & GEOHASH_TREE_Y_BITS};
}

/// Of a child, within its parent's; neighbours share a key when its points lie in both.
static inline struct geohash_tree_range geohash_tree_child_range(const struct geohash_tree_node *n,
                                                                 unsigned slot,
                                                                 struct geohash_tree_range range) {
    if (slot > 0) range.low = n->inner.key[slot];
    if (slot + 1u < n->count) range.high = n->inner.key[slot + 1];
    return range;
}

/// The smallest cells around the halves of a range.
static inline unsigned geohash_tree_range_cells(struct geohash_tree_range range,
                                                struct geohash_tree_spread cells[2]) {
    struct geohash_tree_range halves[2] = {range, range};
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
        cells[i] = geohash_tree_box_spread(
            (struct geohash_tree_range){halves[i].low & ~loose, halves[i].high | loose});
    }
    return count;
}

static inline enum geohash_tree_relation
geohash_tree_relation_of(const struct geohash_tree_spread *box, struct geohash_tree_range range) {
    struct geohash_tree_spread cells[2];
    unsigned count = geohash_tree_range_cells(range, cells), inside = 0, apart = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct geohash_tree_spread *c = &cells[i];
        inside += c->west > box->west && c->east < box->east && c->south > box->south &&
                  c->north < box->north;
        apart += c->west > box->east || c->east < box->west || c->south > box->north ||
                 c->north < box->south;
    }
    return inside == count  ? GEOHASH_TREE_INSIDE
           : apart == count ? GEOHASH_TREE_APART
                            : GEOHASH_TREE_TOUCHING;
}

#endif
