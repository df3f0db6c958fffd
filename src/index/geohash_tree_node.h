// geohash_tree_node.h - how the tree lies in memory; for the geohash_tree*.c files only.
//
//   leaf    64 (key, item) in order of key, then item: points on one spot stay findable
//   inner   48 children, each with the least (key, item) it may hold; that of child 0 is not used
//
// A key is the point's Morton number, a geohash of 64 bits.

#ifndef INDEX_GEOHASH_TREE_NODE_H
#define INDEX_GEOHASH_TREE_NODE_H

#include <stdalign.h>

#include "index/index.h"
#include "index/morton.h"
#include "index/pool.h"

#define GEOHASH_TREE_LEAF 64
#define GEOHASH_TREE_INNER 48
#define GEOHASH_TREE_SHIFT 3
#define GEOHASH_TREE_LEVELS 24 // nodes are at least a quarter full, so this never ends

struct geohash_tree_node {
    alignas(64) uint32_t items; // in the subtree; the pool's link when free
    uint8_t level;              // 0: leaf
    uint8_t count;
    union {
        struct {
            alignas(64) uint64_t key[GEOHASH_TREE_LEAF];
            uint32_t item[GEOHASH_TREE_LEAF];
        } leaf;
        struct {
            alignas(64) uint64_t key[GEOHASH_TREE_INNER];
            uint32_t item[GEOHASH_TREE_INNER];
            uint32_t child[GEOHASH_TREE_INNER];
        } inner;
    };
};

struct geohash_tree {
    struct index base;
    struct pool nodes;
    uint32_t root; // a leaf at least
    struct index_box extent;
};

static inline const struct geohash_tree *geohash_tree_of(const struct index *ix) {
    return (const struct geohash_tree *)(const void *)ix;
}
static inline struct geohash_tree_node *geohash_tree_at(const struct geohash_tree *t,
                                                        uint32_t node) {
    return (struct geohash_tree_node *)(void *)pool_chunk(&t->nodes, node) +
           (node & ((1u << GEOHASH_TREE_SHIFT) - 1));
}
static inline uint64_t geohash_tree_key(const struct index_box *point) {
    return morton_of(morton_bias(point->min_lon), morton_bias(point->min_lat));
}
static inline bool geohash_tree_before(uint64_t key_a, uint32_t item_a, uint64_t key_b,
                                       uint32_t item_b) {
    return key_a < key_b || (key_a == key_b && item_a < item_b);
}

bool geohash_tree_search(const struct index *ix, const struct index_box *box, index_visit_fn *visit,
                         void *ctx, struct index_cost *cost);
uint64_t geohash_tree_count(const struct index *ix, const struct index_box *box,
                            index_visit_fn *unsure, void *ctx, struct index_cost *cost);
double geohash_tree_nearest(const struct index *ix, const struct distance_from *from, size_t wanted,
                            double cutoff, index_nearest_fn *visit, void *ctx,
                            struct index_cost *cost);
bool geohash_tree_check(const struct index *ix);

#endif
