// quadtree_node.h - how the trie lies in memory; for the quadtree*.c files only.
//
//   node   16 child references on one 64-byte line: two quadtree levels, Morton order
//   leaf   a head of one word and up to 63 points of one word each (scan.h), then their items
//
// Nothing has a box: the cell of a child follows from the path. A leaf may stand in an aligned run of
// 1, 2, 4, 8 or 16 children of its node (all refer to it), so that a full leaf splits in two,
// not in sixteen, and leaves stay about two thirds full (as buckets of extendible hashing do:
// Fagin et al., ACM TODS 4(3), 1979). Coordinates are biased uint32 (morton.h); 16 levels of
// nodes reach a cell of one quantum, where leaves are chained: all points on one spot.
//
// Counts of subtrees lie beside the nodes of a chunk, so that counting does not visit.
//
// Readers walk beside the writer (index.h). A point that moves within its leaf's cell is one store, at any time: who
// looks at a leaf twice may see a point in two places. Every other change happens between
// index_places_begin and _end. Nodes and leaves keep their memory (pool_readers_beside), and every number
// ever stored in one is that of a node or leaf, so a reader may follow what it finds; it stops when it sees that
// the version has changed (quadtree_changed), so its walk ends. What readers load is stored
// with release and loaded with acquire.

#ifndef INDEX_QUADTREE_NODE_H
#define INDEX_QUADTREE_NODE_H

#include <stdalign.h>

#include "index/morton.h"
#include "index/places.h"
#include "index/pool.h"
#include "index/scan.h"

#define QUADTREE_LEAF_POINTS (SCAN_POINTS - 1u) // slots 1 to 63: 0 is the head
#define QUADTREE_SLOT_BITS 6
#define QUADTREE_DEPTH 16u // nodes on the longest path
#define QUADTREE_ROOT 0u

#define QUADTREE_NODE_SHIFT 5 // nodes in a chunk, as a power of two
#define QUADTREE_LEAF_SHIFT 3

/// A child: 0 nothing (the root is nobody's child), a node's number, or a leaf's with the top bit.
#define QUADTREE_EMPTY 0u
#define QUADTREE_LEAF_BIT 0x80000000u
#define QUADTREE_NO_LEAF UINT32_MAX

struct quadtree_leaf {
    struct scan_points at;              // the first word is the head
    _Atomic uint32_t item[SCAN_POINTS]; // the first is the pool's
};

/// What the first word of a leaf says.
struct quadtree_head {
    uint32_t next;  // further leaf of the same spot
    unsigned count; // of the points
    unsigned bits;  // leading Morton bits that all points of the cell share
};

struct quadtree_nodes { // a chunk
    alignas(64) _Atomic uint32_t child[1 << QUADTREE_NODE_SHIFT][16];
    _Atomic uint32_t items[1 << QUADTREE_NODE_SHIFT];
};

struct quadtree {
    struct index base;
    struct places *places;
    const struct scan_kernels *scan;
    struct pool nodes, leaves;
    uint8_t *
        bits; // of each leaf's cell, beside its head for the writer: dense, so that a move seldom waits for it
    uint32_t bits_cap;
    struct quadtree_extent {
        _Atomic int32_t min_lon, min_lat, max_lon, max_lat;
    } extent; // grows only, until empty
};

static inline const struct quadtree *quadtree_of(const struct index *ix) {
    return (const struct quadtree *)(const void *)ix;
}

// As pool_chunk, with a shift that the compiler knows.
static inline struct quadtree_leaf *quadtree_leaf_at(const struct quadtree *qt, uint32_t leaf) {
    char **chunks = atomic_load_explicit(&qt->leaves.chunks, memory_order_acquire);
    return (struct quadtree_leaf *)(void *)chunks[leaf >> QUADTREE_LEAF_SHIFT] +
           (leaf & ((1u << QUADTREE_LEAF_SHIFT) - 1));
}
static inline struct quadtree_nodes *quadtree_nodes_at(const struct quadtree *qt, uint32_t node) {
    char **chunks = atomic_load_explicit(&qt->nodes.chunks, memory_order_acquire);
    return (struct quadtree_nodes *)(void *)chunks[node >> QUADTREE_NODE_SHIFT];
}
static inline _Atomic uint32_t *quadtree_children(const struct quadtree *qt, uint32_t node) {
    return quadtree_nodes_at(qt, node)->child[node & ((1u << QUADTREE_NODE_SHIFT) - 1)];
}
static inline uint32_t quadtree_child(const _Atomic uint32_t *children, unsigned child) {
    return atomic_load_explicit(&children[child], memory_order_acquire);
}
static inline _Atomic uint32_t *quadtree_items(const struct quadtree *qt, uint32_t node) {
    return &quadtree_nodes_at(qt, node)->items[node & ((1u << QUADTREE_NODE_SHIFT) - 1)];
}
static inline uint32_t quadtree_items_of(const struct quadtree *qt, uint32_t node) {
    return atomic_load_explicit(quadtree_items(qt, node), memory_order_acquire);
}

static inline struct quadtree_head quadtree_head_of(const struct quadtree_leaf *leaf) {
    uint64_t word = scan_load(&leaf->at, 0);
    return (struct quadtree_head){(uint32_t)word, word >> 32 & 0xff, word >> 40 & 0xff};
}
static inline uint64_t quadtree_pair(const struct quadtree_leaf *leaf, unsigned slot) {
    return scan_load(&leaf->at, slot);
}
static inline uint32_t quadtree_item(const struct quadtree_leaf *leaf, unsigned slot) {
    return atomic_load_explicit(&leaf->item[slot], memory_order_acquire);
}
/// A leaf stands in 1 << span children.
static inline unsigned quadtree_span(unsigned bits) {
    return bits ? (64 - bits) % 4 : 4;
}

static inline bool quadtree_ref_is_leaf(uint32_t ref) {
    return (ref & QUADTREE_LEAF_BIT) != 0;
}
static inline uint32_t quadtree_ref_leaf(uint32_t ref) {
    return ref & ~QUADTREE_LEAF_BIT;
}

static inline uint64_t quadtree_pair_of(const struct index_box *point) {
    return scan_pair(point->min_lon, point->min_lat);
}
static inline uint64_t quadtree_morton(uint64_t pair) {
    return morton_of(morton_bias(scan_lon(pair)), morton_bias(scan_lat(pair)));
}
/// Which child of a node at `depth` holds the Morton number.
static inline unsigned quadtree_child_of(uint64_t morton, unsigned depth) {
    return (unsigned)(morton >> (60 - 4 * depth)) & 15;
}
/// Column and row (0..3) of a child.
static inline uint32_t quadtree_column(unsigned child) {
    return (child >> 1 & 2) | (child & 1);
}
static inline uint32_t quadtree_row(unsigned child) {
    return (child >> 2 & 2) | (child >> 1 & 1);
}
/// Of two bits each.
static inline unsigned quadtree_child_at(uint32_t column, uint32_t row) {
    static const uint8_t child[16] = {0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15};
    return child[row << 2 | column];
}
/// The sets of children in columns (rows) from..to - 1, 4 at most; none when there are none.
static inline uint32_t quadtree_columns(unsigned from, unsigned to) {
    static const uint16_t before[] = {0, 0x0505, 0x0f0f, 0x5f5f, 0xffff};
    return before[to] & ~(uint32_t)before[from];
}
static inline uint32_t quadtree_rows(unsigned from, unsigned to) {
    static const uint16_t before[] = {0, 0x0033, 0x00ff, 0x33ff, 0xffff};
    return before[to] & ~(uint32_t)before[from];
}
/// The set of children that an aligned run covers.
static inline uint32_t quadtree_run(unsigned child, unsigned span) {
    uint32_t first = child & ~((1u << span) - 1);
    return ((1u << (1u << span)) - 1) << first;
}

/// Whether a walk that began with the version `begun`, not amid a change, is better given up: index_read_end will
/// say no.
static inline bool quadtree_changed(const struct quadtree *qt, uint64_t begun) {
    return atomic_load_explicit(&qt->base.version, memory_order_relaxed) != begun;
}

extern const struct index_ops quadtree_ops;

bool quadtree_search(const struct index *ix, const struct index_box *box, index_visit_fn *visit,
                     void *ctx, struct index_cost *cost);
uint64_t quadtree_count(const struct index *ix, const struct index_box *box, index_visit_fn *unsure,
                        void *ctx, struct index_cost *cost);
double quadtree_nearest(const struct index *ix, const struct distance_from *from, size_t wanted,
                        double cutoff, index_nearest_fn *visit, void *ctx, struct index_cost *cost);
void quadtree_approach(const struct index *ix, const struct index_box *boxes, size_t count);
enum status quadtree_bulk_load(struct index *ix, const struct index_box *boxes,
                               const uint32_t *items, size_t count);
bool quadtree_check(const struct index *ix);

/// Building blocks of quadtree.c that bulk loading uses too.
void quadtree_clear(struct quadtree *qt);
uint32_t quadtree_node_take(struct quadtree *qt);
/// Makes room for so many leaves to take.
MUST_USE enum status quadtree_leaves_reserve(struct quadtree *qt, uint32_t count);
/// An empty leaf for a cell of `bits` leading Morton bits, in front of `next`.
uint32_t quadtree_leaf_take(struct quadtree *qt, unsigned bits, uint32_t next);
void quadtree_leaf_add(struct quadtree *qt, uint32_t leaf, uint64_t pair, uint32_t item);
void quadtree_extent_widen(struct quadtree *qt, int32_t lon, int32_t lat);
static inline void quadtree_extent_add(struct quadtree *qt, uint64_t pair) {
    const struct quadtree_extent *e = &qt->extent;
    int32_t lon = scan_lon(pair), lat = scan_lat(pair);
    if (lon < atomic_load_explicit(&e->min_lon, memory_order_relaxed) ||
        lon > atomic_load_explicit(&e->max_lon, memory_order_relaxed) ||
        lat < atomic_load_explicit(&e->min_lat, memory_order_relaxed) ||
        lat > atomic_load_explicit(&e->max_lat, memory_order_relaxed))
        quadtree_extent_widen(qt, lon, lat);
}

#endif
