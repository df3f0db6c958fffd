// quadtree_check.c - the invariants of the trie.

#include "index/quadtree_node.h"

static bool node_check(const struct quadtree *qt, uint32_t node, unsigned depth, uint64_t corner,
                       uint32_t *nodes, uint32_t *leaves);
static bool leaf_check(const struct quadtree *qt, uint32_t leaf, uint64_t corner, unsigned bits,
                       uint32_t *points, uint32_t *leaves);
static bool in_extent(const struct quadtree *qt, uint64_t pair);

bool quadtree_check(const struct index *ix) {
    const struct quadtree *qt = quadtree_of(ix);
    uint32_t nodes = 0, leaves = 0;
    if (!node_check(qt, QUADTREE_ROOT, 0, 0, &nodes, &leaves)) return false;
    return nodes == pool_count(&qt->nodes) && leaves == pool_count(&qt->leaves);
}

/// Counts add up, leaves stand in whole aligned runs, and only the root may be empty.
static bool node_check(const struct quadtree *qt, uint32_t node, unsigned depth, uint64_t corner,
                       uint32_t *nodes, uint32_t *leaves) {
    const _Atomic uint32_t *children = quadtree_children(qt, node);
    uint32_t total = 0;
    ++*nodes;
    for (unsigned child = 0; child < 16;) {
        uint32_t ref = quadtree_child(children, child);
        uint64_t here = corner | (uint64_t)child << (60 - 4 * depth);
        unsigned span = 0;
        if (quadtree_ref_is_leaf(ref)) {
            uint32_t points = 0;
            span =
                quadtree_span(quadtree_head_of(quadtree_leaf_at(qt, quadtree_ref_leaf(ref))).bits);
            if (span > 4 || child % (1u << span) != 0) return false;
            for (unsigned i = 0; i < 1u << span; i++)
                if (quadtree_child(children, child + i) != ref) return false;
            if (!leaf_check(qt, quadtree_ref_leaf(ref), here, 4 * (depth + 1) - span, &points,
                            leaves))
                return false;
            total += points;
        } else if (ref != QUADTREE_EMPTY) {
            if (depth + 1 >= QUADTREE_DEPTH) return false;
            if (!node_check(qt, ref, depth + 1, here, nodes, leaves)) return false;
            total += quadtree_items_of(qt, ref);
        }
        child += 1u << span;
    }
    return total == quadtree_items_of(qt, node) && (total > 0 || depth == 0);
}

/// The points lie in the cell and in the extent, and their places lead here.
static bool leaf_check(const struct quadtree *qt, uint32_t number, uint64_t corner, unsigned bits,
                       uint32_t *points, uint32_t *leaves) {
    uint64_t mask = bits ? ~(uint64_t)0 << (64 - bits) : 0;
    for (bool front = true; number != QUADTREE_NO_LEAF; front = false) {
        const struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
        struct quadtree_head head = quadtree_head_of(leaf);
        if (head.count == 0 || head.count > QUADTREE_LEAF_POINTS || head.bits != bits ||
            qt->bits[number] != bits)
            return false;
        if (!front && head.count != QUADTREE_LEAF_POINTS) return false;
        if (head.next != QUADTREE_NO_LEAF && bits != 64) return false;
        for (unsigned slot = 1; slot <= head.count; slot++) {
            uint64_t pair = quadtree_pair(leaf, slot);
            if ((quadtree_morton(pair) & mask) != corner || !in_extent(qt, pair)) return false;
            if (*places_at(qt->places, quadtree_item(leaf, slot)) !=
                (number << QUADTREE_SLOT_BITS | slot))
                return false;
        }
        *points += head.count;
        ++*leaves;
        number = head.next;
    }
    return true;
}

static bool in_extent(const struct quadtree *qt, uint64_t pair) {
    struct index_box e;
    int32_t lon = scan_lon(pair), lat = scan_lat(pair);
    return index_extent(&qt->base, &e) && lon >= e.min_lon && lon <= e.max_lon &&
           lat >= e.min_lat && lat <= e.max_lat;
}
