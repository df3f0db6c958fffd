// rtree_node.h - how the tree lies in memory; for the rtree*.c files only.
//
//   node   a header line with its own box, then the boxes of its entries, coordinate by
//          coordinate so that sixteen are compared at once, then what they refer to
//
// An entry's box in a node is always equal to the box in the header of the child it refers to, and
// holds all boxes below (it may be larger after moves within a leaf). The place of an item is
// leaf << 4 | slot; a node knows its parent and the slot there, so removal starts from below.

#ifndef INDEX_RTREE_NODE_H
#define INDEX_RTREE_NODE_H

#include <stdalign.h>

#include "index/bound.h"
#include "index/places.h"
#include "index/pool.h"
#include "index/scan.h"

#define RTREE_FANOUT SCAN_BOXES
#define RTREE_SLOT_BITS 4
#define RTREE_NODE_SHIFT 4
#define RTREE_NONE UINT32_MAX

struct rtree_node {
    alignas(64) uint32_t parent; // the pool's link when free; RTREE_NONE for the root
    struct index_box box;
    uint32_t items; // in the subtree
    uint8_t level;  // 0: leaf
    uint8_t count;
    uint8_t slot; // in the parent
    alignas(64) struct scan_boxes boxes;
    uint32_t child[RTREE_FANOUT]; // nodes, or items in a leaf
};

struct rtree {
    struct index base;
    struct places *places;
    const struct scan_kernels *scan;
    bound_boxes_fn *bounds;
    struct pool nodes;
    uint32_t root; // RTREE_NONE when empty
};

struct rtree_entry {
    struct index_box box;
    uint32_t child;
};

static inline const struct rtree *rtree_of(const struct index *ix) {
    return (const struct rtree *)(const void *)ix;
}
static inline struct rtree_node *rtree_node_at(const struct rtree *t, uint32_t node) {
    return (struct rtree_node *)(void *)pool_chunk(&t->nodes, node) +
           (node & ((1u << RTREE_NODE_SHIFT) - 1));
}
static inline struct index_box rtree_entry_box(const struct rtree_node *n, unsigned slot) {
    return (struct index_box){n->boxes.min_lon[slot], n->boxes.min_lat[slot],
                              n->boxes.max_lon[slot], n->boxes.max_lat[slot]};
}
static inline void rtree_entry_set_box(struct rtree_node *n, unsigned slot,
                                       const struct index_box *box) {
    n->boxes.min_lon[slot] = box->min_lon;
    n->boxes.min_lat[slot] = box->min_lat;
    n->boxes.max_lon[slot] = box->max_lon;
    n->boxes.max_lat[slot] = box->max_lat;
}
static inline struct index_box rtree_box_join(const struct index_box *a,
                                              const struct index_box *b) {
    return (struct index_box){
        a->min_lon < b->min_lon ? a->min_lon : b->min_lon,
        a->min_lat < b->min_lat ? a->min_lat : b->min_lat,
        a->max_lon > b->max_lon ? a->max_lon : b->max_lon,
        a->max_lat > b->max_lat ? a->max_lat : b->max_lat,
    };
}
static inline bool rtree_box_holds(const struct index_box *a, const struct index_box *b) {
    return a->min_lon <= b->min_lon && a->max_lon >= b->max_lon && a->min_lat <= b->min_lat &&
           a->max_lat >= b->max_lat;
}
static inline bool rtree_box_equal(const struct index_box *a, const struct index_box *b) {
    return a->min_lon == b->min_lon && a->max_lon == b->max_lon && a->min_lat == b->min_lat &&
           a->max_lat == b->max_lat;
}
/// In quanta, each side at least one long: boxes on a line still compare by length.
static inline double rtree_box_area(const struct index_box *b) {
    return ((double)b->max_lon - b->min_lon + 1) * ((double)b->max_lat - b->min_lat + 1);
}

/// Contains nothing.
#define RTREE_BOX_EMPTY ((struct index_box){INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN})

bool rtree_search(const struct index *ix, const struct index_box *box, index_visit_fn *visit,
                  void *ctx, struct index_cost *cost);
uint64_t rtree_count(const struct index *ix, const struct index_box *box, index_visit_fn *unsure,
                     void *ctx, struct index_cost *cost);
double rtree_nearest(const struct index *ix, const struct distance_from *from, size_t wanted,
                     double cutoff, index_nearest_fn *visit, void *ctx, struct index_cost *cost);
enum status rtree_bulk_load(struct index *ix, const struct index_box *boxes, const uint32_t *items,
                            size_t count);
bool rtree_check(const struct index *ix);

/// Building blocks of rtree.c that bulk loading uses too.
uint32_t rtree_node_take(struct rtree *t, unsigned level);
/// Put an entry in a node with room: links it (place or parent), does not touch the node's box or items.
void rtree_entry_add(struct rtree *t, uint32_t node, const struct rtree_entry *entry);
struct index_box rtree_node_bounds(const struct rtree_node *n);

/// Which child of `n` should take a new box (rtree_choose.c).
unsigned rtree_choose_child(const struct rtree *t, const struct rtree_node *n,
                            const struct index_box *box);
/// Divide a full node's entries and one more: order[0 .. return) stay, the rest go (rtree_split.c).
unsigned rtree_split_order(const struct rtree_entry entries[RTREE_FANOUT + 1],
                           uint8_t order[RTREE_FANOUT + 1]);

#endif
