// quadtree.c - inserting, moving and removing points in the trie (quadtree_node.h draws it).
//
// Memory is reserved before anything changes, so a failed insert or move leaves no trace.

#include "index/quadtree.h"

#include <assert.h>
#include <stddef.h>

#include "base/mem.h"
#include "index/quadtree_node.h"

// Leaves with fewer points after a removal look for a neighbour to join, and join when both
// together leave half a leaf free: no point pays for joining and splitting in turn.
#define JOIN_BELOW 16
#define JOIN_INTO 32

#define SLOT_MASK ((1u << QUADTREE_SLOT_BITS) - 1)

/// The nodes from the root to a leaf.
struct path {
    uint64_t morton;
    unsigned depth; // of node[depth], the last one
    uint32_t node[QUADTREE_DEPTH];
    uint32_t ref; // what that node has for the point
};

static enum status insert(struct index *ix, const struct index_box *box, uint32_t item);
static void remove_item(struct index *ix, const struct index_box *box, uint32_t item);
static enum status move(struct index *ix, const struct index_box *from, const struct index_box *to,
                        uint32_t item);
static enum status move_away(struct quadtree *qt, const struct index_box *from,
                             const struct index_box *to, uint32_t item);
static void approach_items(const struct index *ix, const uint32_t *which, size_t count);
static bool extent(const struct index *ix, struct index_box *out);
static size_t items(const struct index *ix);
static size_t bytes(const struct index *ix);
static const struct index *itself(const struct index *ix);
static void free_index(struct index *ix);
static enum status add(struct quadtree *qt, const struct index_box *point, uint32_t item);
static void take_out(struct quadtree *qt, const struct index_box *point, uint32_t place);
static void path_find(const struct quadtree *qt, const struct index_box *point, struct path *path);
static void path_extend(const struct quadtree *qt, struct path *path);
static enum status leaf_place_new(struct quadtree *qt, struct path *path);
static enum status leaf_make_room(struct quadtree *qt, struct path *path);
static enum status leaf_chain(struct quadtree *qt, struct path *path);
static void leaf_split(struct quadtree *qt, uint32_t leaf, struct path *path, unsigned common);
static uint32_t leaf_divide(struct quadtree *qt, uint32_t number, unsigned common);
static uint64_t leaf_differences(const struct quadtree_leaf *leaf, uint64_t morton);
static void leaf_drop_slot(struct quadtree *qt, uint32_t front, uint32_t leaf, unsigned slot);
static void leaf_slot_set(struct quadtree *qt, uint32_t leaf, unsigned slot, uint64_t pair,
                          uint32_t item);
static void head_store(struct quadtree_leaf *leaf, struct quadtree_head head);
static void cell_store(struct quadtree *qt, uint32_t number, struct quadtree_head head);
static bool in_one_cell(uint64_t a, uint64_t b, unsigned bits);
static void leaf_emptied(struct quadtree *qt, struct path *path, uint32_t leaf);
static void leaf_join(struct quadtree *qt, struct path *path, uint32_t leaf);
static bool leaf_join_once(struct quadtree *qt, const struct path *path, unsigned span,
                           uint32_t leaf);
static struct quadtree_head head_of(const struct quadtree *qt, uint32_t ref);
static void items_add(struct quadtree *qt, uint32_t node, uint32_t count);
static void child_set(struct quadtree *qt, const struct path *path, uint32_t ref);
static void run_set(_Atomic uint32_t *children, unsigned child, unsigned span, uint32_t ref);
static bool run_is(const _Atomic uint32_t *children, unsigned child, unsigned span, uint32_t ref);

const struct index_ops quadtree_ops = {
    .name = "quadtree",
    .insert = insert,
    .remove = remove_item,
    .move = move,
    .bulk_load = quadtree_bulk_load,
    .search = quadtree_search,
    .count = quadtree_count,
    .nearest = quadtree_nearest,
    .approach = quadtree_approach,
    .approach_items = approach_items,
    .unlocked = itself,
    .extent = extent,
    .items = items,
    .bytes = bytes,
    .check = quadtree_check,
    .free = free_index,
};

enum status quadtree_new(struct places *places, struct index **out) {
    struct quadtree *qt = mem_zalloc(1, sizeof *qt);
    if (!qt) return STATUS_NO_MEMORY;
    qt->base.ops = &quadtree_ops;
    qt->places = places;
    qt->scan = scan_kernels();
    pool_init(&qt->nodes, QUADTREE_NODE_SHIFT, sizeof(uint32_t[16]), sizeof(struct quadtree_nodes),
              QUADTREE_LEAF_BIT - 1);
    pool_init(&qt->leaves, QUADTREE_LEAF_SHIFT, sizeof(struct quadtree_leaf),
              sizeof(struct quadtree_leaf) << QUADTREE_LEAF_SHIFT,
              (UINT32_MAX >> QUADTREE_SLOT_BITS) - 1);
    pool_readers_beside(&qt->nodes, offsetof(struct quadtree_nodes, items), sizeof(uint32_t));
    pool_readers_beside(&qt->leaves, offsetof(struct quadtree_leaf, item),
                        sizeof(struct quadtree_leaf));
    if (pool_reserve(&qt->nodes, 1) != STATUS_OK) {
        free_index(&qt->base);
        return STATUS_NO_MEMORY;
    }
    quadtree_clear(qt);
    *out = &qt->base;
    return STATUS_OK;
}

static struct quadtree *writable(struct index *ix) {
    return (struct quadtree *)(void *)ix;
}

static enum status insert(struct index *ix, const struct index_box *box, uint32_t item) {
    assert(index_box_is_point(box));
    index_places_begin(ix);
    enum status st = add(writable(ix), box, item);
    index_places_end(ix);
    return st;
}

static void remove_item(struct index *ix, const struct index_box *box, uint32_t item) {
    struct quadtree *qt = writable(ix);
    uint32_t *place = places_at(qt->places, item);
    index_places_begin(ix);
    take_out(qt, box, *place);
    index_places_end(ix);
    *place = PLACES_NONE;
}

static enum status move(struct index *ix, const struct index_box *from, const struct index_box *to,
                        uint32_t item) {
    struct quadtree *qt = writable(ix);
    uint32_t place = *places_at(qt->places, item), leaf = place >> QUADTREE_SLOT_BITS;
    uint64_t pair = quadtree_pair_of(to);
    if (!in_one_cell(quadtree_pair_of(from), pair, qt->bits[leaf]))
        return move_away(qt, from, to, item);
    quadtree_extent_add(qt, pair);
    scan_store(&quadtree_leaf_at(qt, leaf)->at, place & SLOT_MASK, pair);
    return STATUS_OK;
}

/// To another cell: adding may split the other leaf, never this one, so the place stays true.
static __attribute__((noinline)) enum status move_away(struct quadtree *qt,
                                                       const struct index_box *from,
                                                       const struct index_box *to, uint32_t item) {
    uint32_t place = *places_at(qt->places, item);
    index_places_begin(&qt->base);
    enum status st = add(qt, to, item);
    if (st == STATUS_OK) take_out(qt, from, place);
    index_places_end(&qt->base);
    return st;
}

/// Places, then the lines of their slots.
static void approach_items(const struct index *ix, const uint32_t *which, size_t count) {
    const struct quadtree *qt = quadtree_of(ix);
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(places_at(qt->places, which[i]));
    for (size_t i = 0; i < count; i++) {
        uint32_t place = *places_at(qt->places, which[i]);
        if (place >> QUADTREE_SLOT_BITS >= qt->leaves.used) continue; // not of this index
        struct quadtree_leaf *leaf = quadtree_leaf_at(qt, place >> QUADTREE_SLOT_BITS);
        __builtin_prefetch(&leaf->at.at[place & SLOT_MASK], 1);
    }
}

static const struct index *itself(const struct index *ix) {
    return ix;
}

static bool extent(const struct index *ix, struct index_box *out) {
    const struct quadtree_extent *e = &quadtree_of(ix)->extent;
    out->min_lon = atomic_load_explicit(&e->min_lon, memory_order_relaxed);
    out->min_lat = atomic_load_explicit(&e->min_lat, memory_order_relaxed);
    out->max_lon = atomic_load_explicit(&e->max_lon, memory_order_relaxed);
    out->max_lat = atomic_load_explicit(&e->max_lat, memory_order_relaxed);
    return items(ix) > 0;
}

static size_t items(const struct index *ix) {
    return quadtree_items_of(quadtree_of(ix), QUADTREE_ROOT);
}

static size_t bytes(const struct index *ix) {
    const struct quadtree *qt = quadtree_of(ix);
    return sizeof *qt + qt->bits_cap + pool_bytes(&qt->nodes) + pool_bytes(&qt->leaves);
}

static void free_index(struct index *ix) {
    struct quadtree *qt = writable(ix);
    pool_deinit(&qt->nodes);
    pool_deinit(&qt->leaves);
    mem_free(qt->bits);
    mem_free(qt);
}

void quadtree_clear(struct quadtree *qt) {
    pool_clear(&qt->nodes);
    pool_clear(&qt->leaves);
    uint32_t root = quadtree_node_take(qt);
    assert(root == QUADTREE_ROOT);
    (void)root;
    struct quadtree_extent *e = &qt->extent;
    atomic_store_explicit(&e->min_lon, INT32_MAX, memory_order_relaxed);
    atomic_store_explicit(&e->min_lat, INT32_MAX, memory_order_relaxed);
    atomic_store_explicit(&e->max_lon, INT32_MIN, memory_order_relaxed);
    atomic_store_explicit(&e->max_lat, INT32_MIN, memory_order_relaxed);
}

static void widen_down(_Atomic int32_t *edge, int32_t to) {
    if (to < atomic_load_explicit(edge, memory_order_relaxed))
        atomic_store_explicit(edge, to, memory_order_relaxed);
}
static void widen_up(_Atomic int32_t *edge, int32_t to) {
    if (to > atomic_load_explicit(edge, memory_order_relaxed))
        atomic_store_explicit(edge, to, memory_order_relaxed);
}

void quadtree_extent_widen(struct quadtree *qt, int32_t lon, int32_t lat) {
    widen_down(&qt->extent.min_lon, lon);
    widen_down(&qt->extent.min_lat, lat);
    widen_up(&qt->extent.max_lon, lon);
    widen_up(&qt->extent.max_lat, lat);
}

uint32_t quadtree_node_take(struct quadtree *qt) {
    uint32_t node = pool_take(&qt->nodes);
    run_set(quadtree_children(qt, node), 0, 4, QUADTREE_EMPTY);
    atomic_store_explicit(quadtree_items(qt, node), 0, memory_order_release);
    return node;
}

enum status quadtree_leaves_reserve(struct quadtree *qt, uint32_t count) {
    if (qt->bits_cap < qt->leaves.used + count) {
        uint32_t cap = 2 * qt->leaves.used + 16;
        uint8_t *bits = mem_realloc(qt->bits, cap);
        if (!bits) return STATUS_NO_MEMORY;
        qt->bits = bits;
        qt->bits_cap = cap;
    }
    return pool_reserve(&qt->leaves, count);
}

uint32_t quadtree_leaf_take(struct quadtree *qt, unsigned bits, uint32_t next) {
    uint32_t number = pool_take(&qt->leaves);
    cell_store(qt, number, (struct quadtree_head){next, 0, bits});
    return number;
}

void quadtree_leaf_add(struct quadtree *qt, uint32_t number, uint64_t pair, uint32_t item) {
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    struct quadtree_head head = quadtree_head_of(leaf);
    assert(head.count < QUADTREE_LEAF_POINTS);
    leaf_slot_set(qt, number, ++head.count, pair, item);
    head_store(leaf, head);
}

/// Put a point where it belongs and count it. Changes nothing when memory runs out.
static enum status add(struct quadtree *qt, const struct index_box *point, uint32_t item) {
    struct path path;
    path_find(qt, point, &path);

    enum status st = STATUS_OK;
    if (path.ref == QUADTREE_EMPTY) {
        st = leaf_place_new(qt, &path);
    } else if (head_of(qt, path.ref).count == QUADTREE_LEAF_POINTS) {
        st = leaf_make_room(qt, &path);
    }
    if (st != STATUS_OK) return st;

    for (unsigned i = 0; i <= path.depth; i++)
        items_add(qt, path.node[i], 1);
    quadtree_leaf_add(qt, quadtree_ref_leaf(path.ref), quadtree_pair_of(point), item);
    quadtree_extent_add(qt, quadtree_pair_of(point));
    return STATUS_OK;
}

/// Take the point in `place` away; the place table of its item is the caller's.
static void take_out(struct quadtree *qt, const struct index_box *point, uint32_t place) {
    struct path path;
    path_find(qt, point, &path);
    assert(quadtree_ref_is_leaf(path.ref));
    for (unsigned i = 0; i <= path.depth; i++)
        items_add(qt, path.node[i], UINT32_MAX);

    uint32_t front = quadtree_ref_leaf(path.ref);
    leaf_drop_slot(qt, front, place >> QUADTREE_SLOT_BITS, place & SLOT_MASK);
    struct quadtree_head head = head_of(qt, path.ref);
    if (head.count == 0) {
        leaf_emptied(qt, &path, front);
    } else if (head.count < JOIN_BELOW && head.next == QUADTREE_NO_LEAF) {
        leaf_join(qt, &path, front);
    }
    if (quadtree_items_of(qt, QUADTREE_ROOT) == 0) quadtree_clear(qt);
}

static void path_find(const struct quadtree *qt, const struct index_box *point, struct path *path) {
    path->morton = morton_of(morton_bias(point->min_lon), morton_bias(point->min_lat));
    path->depth = 0;
    path->node[0] = QUADTREE_ROOT;
    path_extend(qt, path);
}

/// Go on from the last node of the path until something else than a node is met.
static void path_extend(const struct quadtree *qt, struct path *path) {
    for (;;) {
        uint32_t node = path->node[path->depth];
        path->ref = quadtree_child(quadtree_children(qt, node),
                                   quadtree_child_of(path->morton, path->depth));
        if (path->ref == QUADTREE_EMPTY || quadtree_ref_is_leaf(path->ref)) return;
        path->node[++path->depth] = path->ref;
    }
}

/// A leaf in the largest empty run around the point.
static enum status leaf_place_new(struct quadtree *qt, struct path *path) {
    enum status st = quadtree_leaves_reserve(qt, 1);
    if (st != STATUS_OK) return st;

    _Atomic uint32_t *children = quadtree_children(qt, path->node[path->depth]);
    unsigned child = quadtree_child_of(path->morton, path->depth), span = 0;
    while (span < 4 && run_is(children, child ^ (1u << span), span, QUADTREE_EMPTY))
        span++;
    uint32_t leaf = quadtree_leaf_take(qt, 4 * (path->depth + 1) - span, QUADTREE_NO_LEAF);
    path->ref = leaf | QUADTREE_LEAF_BIT;
    run_set(children, child, span, path->ref);
    return STATUS_OK;
}

/// The leaf of the path is full: split it, or chain another to it. Leaves the path at a leaf with room.
static enum status leaf_make_room(struct quadtree *qt, struct path *path) {
    uint32_t number = quadtree_ref_leaf(path->ref);
    uint64_t differences = leaf_differences(quadtree_leaf_at(qt, number), path->morton);
    if (differences == 0) return leaf_chain(qt, path);

    unsigned common = (unsigned)__builtin_clzll(differences);
    enum status st = pool_reserve(&qt->nodes, common / 4 - path->depth);
    if (st == STATUS_OK) st = quadtree_leaves_reserve(qt, 2);
    if (st != STATUS_OK) return st;

    leaf_split(qt, number, path, common);
    path_extend(qt, path);
    return path->ref == QUADTREE_EMPTY ? leaf_place_new(qt, path) : STATUS_OK;
}

/// All points and the new one are on one spot: shrink the cell to the spot, then put an empty leaf in front.
static enum status leaf_chain(struct quadtree *qt, struct path *path) {
    enum status st = pool_reserve(&qt->nodes, QUADTREE_DEPTH - 1 - path->depth);
    if (st == STATUS_OK) st = quadtree_leaves_reserve(qt, 1);
    if (st != STATUS_OK) return st;

    uint32_t number = quadtree_ref_leaf(path->ref);
    leaf_split(qt, number, path, 64);
    path->ref = quadtree_leaf_take(qt, 64, number) | QUADTREE_LEAF_BIT;
    child_set(qt, path, path->ref);
    return STATUS_OK;
}

/// Push a leaf down to the node that tells its points apart: bit `common` (from the top) is the first in
/// which they differ; 64: they do not. The path grows by the new nodes. Memory is reserved.
static void leaf_split(struct quadtree *qt, uint32_t number, struct path *path, unsigned common) {
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    struct quadtree_head head = quadtree_head_of(leaf);
    unsigned target = common == 64 ? QUADTREE_DEPTH - 1 : common / 4;
    unsigned span = quadtree_span(head.bits);
    while (path->depth < target) {
        _Atomic uint32_t *children = quadtree_children(qt, path->node[path->depth]);
        unsigned child = quadtree_child_of(path->morton, path->depth);
        run_set(children, child, span, QUADTREE_EMPTY);
        uint32_t node = quadtree_node_take(qt);
        items_add(qt, node, head.count);
        child_set(qt, path, node);
        path->node[++path->depth] = node;
        span = 4;
    }
    _Atomic uint32_t *children = quadtree_children(qt, path->node[path->depth]);
    run_set(children, quadtree_child_of(path->morton, path->depth), span, QUADTREE_EMPTY);
    if (common == 64) {
        head.bits = 64;
        cell_store(qt, number, head);
        child_set(qt, path, number | QUADTREE_LEAF_BIT);
        return;
    }

    uint64_t bit = (uint64_t)1 << (63 - common);
    unsigned half = 3 - common % 4;
    uint32_t other = leaf_divide(qt, number, common);
    if (quadtree_head_of(leaf).count) {
        run_set(children, quadtree_child_of(path->morton & ~bit, path->depth), half,
                number | QUADTREE_LEAF_BIT);
    } else {
        pool_give(&qt->leaves, number);
    }
    if (other != POOL_NONE)
        run_set(children, quadtree_child_of(path->morton | bit, path->depth), half,
                other | QUADTREE_LEAF_BIT);
}

/// Points with bit `common` set go to a leaf of their own; POOL_NONE when there are none. Those that stay keep
/// their slots where they can: each place written is a cache miss.
static uint32_t leaf_divide(struct quadtree *qt, uint32_t number, unsigned common) {
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    struct quadtree_head head = quadtree_head_of(leaf), other_head = {QUADTREE_NO_LEAF, 0, 0};
    unsigned shift = (common % 2 == 0 ? 63 : 31) - common / 2; // of the bit in a pair
    uint64_t bit = (uint64_t)1 << shift;
    uint64_t set = common < 2 ? 0 : bit; // the top bits are biased
    uint32_t other = POOL_NONE;
    head.bits = other_head.bits = common + 1;
    for (unsigned slot = head.count; slot >= 1; slot--) {
        uint64_t pair = quadtree_pair(leaf, slot);
        if ((pair & bit) != set) continue;
        if (other == POOL_NONE) other = pool_take(&qt->leaves);
        leaf_slot_set(qt, other, ++other_head.count, pair, quadtree_item(leaf, slot));
        unsigned last = head.count--;
        if (slot != last)
            leaf_slot_set(qt, number, slot, quadtree_pair(leaf, last), quadtree_item(leaf, last));
    }
    cell_store(qt, number, head);
    if (other != POOL_NONE) cell_store(qt, other, other_head);
    return other;
}

/// The Morton bits in which the points of a leaf differ from each other or from `morton`.
static uint64_t leaf_differences(const struct quadtree_leaf *leaf, uint64_t morton) {
    uint64_t pair = scan_pair(morton_unbias(morton_x(morton)), morton_unbias(morton_y(morton)));
    uint64_t differences = 0;
    for (unsigned slot = quadtree_head_of(leaf).count; slot >= 1; slot--)
        differences |= quadtree_pair(leaf, slot) ^ pair;
    return morton_of((uint32_t)differences, (uint32_t)(differences >> 32));
}

/// Fill the hole with the last point of the chain's first leaf; the others of a chain are full.
static void leaf_drop_slot(struct quadtree *qt, uint32_t front_number, uint32_t number,
                           unsigned slot) {
    struct quadtree_leaf *front = quadtree_leaf_at(qt, front_number);
    struct quadtree_head head = quadtree_head_of(front);
    unsigned last = head.count--;
    if (front_number != number || slot != last)
        leaf_slot_set(qt, number, slot, quadtree_pair(front, last), quadtree_item(front, last));
    head_store(front, head);
}

static void leaf_slot_set(struct quadtree *qt, uint32_t number, unsigned slot, uint64_t pair,
                          uint32_t item) {
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    scan_store(&leaf->at, slot, pair);
    atomic_store_explicit(&leaf->item[slot], item, memory_order_release);
    *places_at(qt->places, item) = number << QUADTREE_SLOT_BITS | slot;
}

static void head_store(struct quadtree_leaf *leaf, struct quadtree_head head) {
    scan_store(&leaf->at, 0, head.next | (uint64_t)head.count << 32 | (uint64_t)head.bits << 40);
}

/// A head with other bits than before.
static void cell_store(struct quadtree *qt, uint32_t number, struct quadtree_head head) {
    qt->bits[number] = (uint8_t)head.bits;
    head_store(quadtree_leaf_at(qt, number), head);
}

/// The first leaf of a cell has no points left: the next one takes over, or the cell becomes empty and
/// nodes without children go.
static void leaf_emptied(struct quadtree *qt, struct path *path, uint32_t number) {
    struct quadtree_head head = quadtree_head_of(quadtree_leaf_at(qt, number));
    run_set(quadtree_children(qt, path->node[path->depth]),
            quadtree_child_of(path->morton, path->depth), quadtree_span(head.bits),
            head.next == QUADTREE_NO_LEAF ? QUADTREE_EMPTY : head.next | QUADTREE_LEAF_BIT);
    pool_give(&qt->leaves, number);

    while (path->depth > 0 && quadtree_items_of(qt, path->node[path->depth]) == 0) {
        uint32_t node = path->node[path->depth--];
        child_set(qt, path, QUADTREE_EMPTY);
        pool_give(&qt->nodes, node);
    }
}

/// Widen a thin leaf over empty cells and thin neighbours, up the trie as far as it goes.
static void leaf_join(struct quadtree *qt, struct path *path, uint32_t number) {
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    unsigned span = quadtree_span(quadtree_head_of(leaf).bits);
    while (leaf_join_once(qt, path, span, number)) {
        span++;
        if (span < 4 || path->depth == 0) continue;
        // Alone in its node: it takes the node's place.
        uint32_t node = path->node[path->depth--];
        span = 0;
        child_set(qt, path, number | QUADTREE_LEAF_BIT);
        pool_give(&qt->nodes, node);
    }
    struct quadtree_head head = quadtree_head_of(leaf);
    head.bits = 4 * (path->depth + 1) - span;
    cell_store(qt, number, head);
}

static bool leaf_join_once(struct quadtree *qt, const struct path *path, unsigned span,
                           uint32_t number) {
    if (span == 4) return false;
    unsigned child = quadtree_child_of(path->morton, path->depth);
    unsigned buddy = (child ^ (1u << span)) & ~((1u << span) - 1);
    _Atomic uint32_t *children = quadtree_children(qt, path->node[path->depth]);
    uint32_t ref = quadtree_child(children, buddy);
    if (quadtree_ref_is_leaf(ref)) {
        const struct quadtree_leaf *other = quadtree_leaf_at(qt, quadtree_ref_leaf(ref));
        struct quadtree_head gone = quadtree_head_of(other);
        if (quadtree_span(gone.bits) != span || gone.next != QUADTREE_NO_LEAF ||
            gone.count + head_of(qt, number).count > JOIN_INTO)
            return false;
        for (unsigned slot = 1; slot <= gone.count; slot++)
            quadtree_leaf_add(qt, number, quadtree_pair(other, slot), quadtree_item(other, slot));
        run_set(children, child, span + 1, number | QUADTREE_LEAF_BIT);
        pool_give(&qt->leaves, quadtree_ref_leaf(ref));
        return true;
    }
    if (!run_is(children, buddy, span, QUADTREE_EMPTY)) return false;
    run_set(children, child, span + 1, number | QUADTREE_LEAF_BIT);
    return true;
}

static struct quadtree_head head_of(const struct quadtree *qt, uint32_t ref) {
    return quadtree_head_of(quadtree_leaf_at(qt, quadtree_ref_leaf(ref)));
}

static void items_add(struct quadtree *qt, uint32_t node, uint32_t count) {
    _Atomic uint32_t *items_of = quadtree_items(qt, node);
    uint32_t before = atomic_load_explicit(items_of, memory_order_relaxed);
    atomic_store_explicit(items_of, before + count, memory_order_release);
}

/// Of the last node of the path, the child that holds the point.
static void child_set(struct quadtree *qt, const struct path *path, uint32_t ref) {
    run_set(quadtree_children(qt, path->node[path->depth]),
            quadtree_child_of(path->morton, path->depth), 0, ref);
}

static void run_set(_Atomic uint32_t *children, unsigned child, unsigned span, uint32_t ref) {
    unsigned first = child & ~((1u << span) - 1);
    for (unsigned i = 0; i < 1u << span; i++)
        atomic_store_explicit(&children[first + i], ref, memory_order_release);
}

static bool run_is(const _Atomic uint32_t *children, unsigned child, unsigned span, uint32_t ref) {
    unsigned first = child & ~((1u << span) - 1);
    for (unsigned i = 0; i < 1u << span; i++)
        if (quadtree_child(children, first + i) != ref) return false;
    return true;
}

/// Whether two points agree in the leading Morton bits, of which latitude has the first.
static bool in_one_cell(uint64_t a, uint64_t b, unsigned bits) {
    uint64_t x = (uint32_t)(a ^ b), y = (a ^ b) >> 32;
    return (x >> (32 - bits / 2) | y >> (32 - (bits + 1) / 2)) == 0;
}
