// quadtree_check.c - the invariants of the trie.

#include "index/quadtree_node.h"

static bool node_check(const struct quadtree *qt, uint32_t node, unsigned depth, uint64_t corner,
                       uint32_t *nodes, uint32_t *leaves);
static bool leaf_check(const struct quadtree *qt, uint32_t leaf, uint64_t corner, unsigned bits,
                       uint32_t *points, uint32_t *leaves);

bool quadtree_check(const struct index *ix) {
    const struct quadtree *qt = quadtree_of(ix);
    uint32_t nodes = 0, leaves = 0;
    if (!node_check(qt, QUADTREE_ROOT, 0, 0, &nodes, &leaves)) return false;
    return nodes == pool_count(&qt->nodes) && leaves == pool_count(&qt->leaves);
}

/// Counts add up, leaves stand in whole aligned runs, and only the root may be empty.
static bool node_check(const struct quadtree *qt, uint32_t node, unsigned depth, uint64_t corner,
                       uint32_t *nodes, uint32_t *leaves) {
    const uint32_t *children = quadtree_children(qt, node);
    uint32_t total = 0;
    ++*nodes;
    for (unsigned child = 0; child < 16;) {
        uint32_t ref = children[child];
        uint64_t here = corner | (uint64_t)child << (60 - 4 * depth);
        unsigned span = 0;
        if (quadtree_ref_is_leaf(ref)) {
            uint32_t points = 0;
            span = quadtree_leaf_at(qt, quadtree_ref_leaf(ref))->span;
            if (span > 4 || child % (1u << span) != 0) return false;
            for (unsigned i = 0; i < 1u << span; i++)
                if (children[child + i] != ref) return false;
            if (!leaf_check(qt, quadtree_ref_leaf(ref), here, 4 * (depth + 1) - span, &points,
                            leaves))
                return false;
            total += points;
        } else if (ref != QUADTREE_EMPTY) {
            if (depth + 1 >= QUADTREE_DEPTH) return false;
            if (!node_check(qt, ref, depth + 1, here, nodes, leaves)) return false;
            total += *quadtree_items(qt, ref);
        }
        child += 1u << span;
    }
    return total == *quadtree_items(qt, node) && (total > 0 || depth == 0);
}

/// The points lie in the cell and in the extent, and their places lead here.
static bool leaf_check(const struct quadtree *qt, uint32_t number, uint64_t corner, unsigned bits,
                       uint32_t *points, uint32_t *leaves) {
    uint64_t mask = bits ? ~(uint64_t)0 << (64 - bits) : 0;
    for (bool front = true; number != QUADTREE_NO_LEAF; front = false) {
        const struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
        if (leaf->count == 0 || leaf->count > QUADTREE_LEAF_POINTS) return false;
        if (!front && leaf->count != QUADTREE_LEAF_POINTS) return false;
        if (leaf->next != QUADTREE_NO_LEAF && bits != 64) return false;
        if (leaf->x_mask != morton_x(mask) || leaf->y_mask != morton_y(mask)) return false;
        if (leaf->x != morton_x(corner) || leaf->y != morton_y(corner)) return false;
        for (unsigned i = 0; i < leaf->count; i++) {
            int32_t lon = leaf->at.lon[i], lat = leaf->at.lat[i];
            if ((morton_of(morton_bias(lon), morton_bias(lat)) & mask) != corner) return false;
            if (lon < qt->extent.min_lon || lon > qt->extent.max_lon) return false;
            if (lat < qt->extent.min_lat || lat > qt->extent.max_lat) return false;
            if (*places_at(qt->places, leaf->item[i]) != (number << QUADTREE_SLOT_BITS | i))
                return false;
        }
        *points += leaf->count;
        ++*leaves;
        number = leaf->next;
    }
    return true;
}
