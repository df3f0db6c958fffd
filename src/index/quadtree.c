// quadtree.c - inserting, moving and removing points in the trie (quadtree_node.h draws it).
//
// Memory is reserved before anything changes, so a failed insert or move leaves no trace.

#include "index/quadtree.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "index/quadtree_node.h"

// Leaves with fewer points after a removal look for a neighbour to join, and join when both
// together leave half a leaf free: no point pays for joining and splitting in turn.
#define JOIN_BELOW 16
#define JOIN_INTO 32

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
static bool extent(const struct index *ix, struct index_box *out);
static size_t items(const struct index *ix);
static size_t bytes(const struct index *ix);
static void free_index(struct index *ix);
static enum status add(struct quadtree *qt, const struct index_box *point, uint32_t item);
static void take_out(struct quadtree *qt, const struct index_box *point, uint32_t place);
static void path_find(const struct quadtree *qt, const struct index_box *point, struct path *path);
static void path_extend(const struct quadtree *qt, struct path *path);
static enum status leaf_place_new(struct quadtree *qt, struct path *path);
static enum status leaf_make_room(struct quadtree *qt, struct path *path);
static enum status leaf_chain(struct quadtree *qt, struct path *path);
static void leaf_split(struct quadtree *qt, uint32_t leaf, struct path *path, unsigned common);
static uint32_t leaf_divide(struct quadtree *qt, uint32_t number, uint64_t morton, unsigned common);
static uint64_t leaf_differences(const struct quadtree_leaf *leaf, uint64_t morton);
static void leaf_set_cell(struct quadtree_leaf *leaf, uint64_t morton, unsigned bits);
static void leaf_drop_slot(struct quadtree *qt, uint32_t head, uint32_t leaf, unsigned slot);
static void leaf_emptied(struct quadtree *qt, struct path *path, uint32_t leaf);
static void leaf_join(struct quadtree *qt, struct path *path, uint32_t leaf);
static bool leaf_join_once(struct quadtree *qt, uint32_t node, unsigned child, uint32_t leaf);
static void run_set(uint32_t *children, unsigned child, unsigned span, uint32_t ref);
static bool run_is(const uint32_t *children, unsigned child, unsigned span, uint32_t ref);

const struct index_ops quadtree_ops = {
    .name = "quadtree",
    .insert = insert,
    .remove = remove_item,
    .move = move,
    .bulk_load = quadtree_bulk_load,
    .search = quadtree_search,
    .count = quadtree_count,
    .nearest = quadtree_nearest,
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
    return add(writable(ix), box, item);
}

static void remove_item(struct index *ix, const struct index_box *box, uint32_t item) {
    struct quadtree *qt = writable(ix);
    uint32_t *place = places_at(qt->places, item);
    take_out(qt, box, *place);
    *place = PLACES_NONE;
}

static enum status move(struct index *ix, const struct index_box *from, const struct index_box *to,
                        uint32_t item) {
    struct quadtree *qt = writable(ix);
    uint32_t place = *places_at(qt->places, item);
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, place >> QUADTREE_SLOT_BITS);
    uint32_t x = morton_bias(to->min_lon), y = morton_bias(to->min_lat);
    if ((((x ^ leaf->x) & leaf->x_mask) | ((y ^ leaf->y) & leaf->y_mask)) == 0) {
        unsigned slot = place & (QUADTREE_LEAF_POINTS - 1);
        leaf->at.lon[slot] = to->min_lon;
        leaf->at.lat[slot] = to->min_lat;
        quadtree_extent_add(qt, to);
        return STATUS_OK;
    }
    // Another cell: adding may split the other leaf, never this one, so `place` stays true.
    enum status st = add(qt, to, item);
    if (st == STATUS_OK) take_out(qt, from, place);
    return st;
}

static bool extent(const struct index *ix, struct index_box *out) {
    if (items(ix) == 0) return false;
    *out = quadtree_of(ix)->extent;
    return true;
}

static size_t items(const struct index *ix) {
    return *quadtree_items(quadtree_of(ix), QUADTREE_ROOT);
}

static size_t bytes(const struct index *ix) {
    const struct quadtree *qt = quadtree_of(ix);
    return sizeof *qt + pool_bytes(&qt->nodes) + pool_bytes(&qt->leaves);
}

static void free_index(struct index *ix) {
    struct quadtree *qt = writable(ix);
    pool_deinit(&qt->nodes);
    pool_deinit(&qt->leaves);
    mem_free(qt);
}

void quadtree_clear(struct quadtree *qt) {
    pool_clear(&qt->nodes);
    pool_clear(&qt->leaves);
    uint32_t root = quadtree_node_take(qt);
    assert(root == QUADTREE_ROOT);
    (void)root;
    qt->extent = (struct index_box){INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};
}

void quadtree_extent_add(struct quadtree *qt, const struct index_box *point) {
    struct index_box *e = &qt->extent;
    if (point->min_lon < e->min_lon) e->min_lon = point->min_lon;
    if (point->min_lon > e->max_lon) e->max_lon = point->min_lon;
    if (point->min_lat < e->min_lat) e->min_lat = point->min_lat;
    if (point->min_lat > e->max_lat) e->max_lat = point->min_lat;
}

uint32_t quadtree_node_take(struct quadtree *qt) {
    uint32_t node = pool_take(&qt->nodes);
    memset(quadtree_children(qt, node), 0, sizeof(uint32_t[16]));
    *quadtree_items(qt, node) = 0;
    return node;
}

uint32_t quadtree_leaf_take(struct quadtree *qt, uint64_t morton, unsigned bits) {
    uint32_t number = pool_take(&qt->leaves);
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    leaf_set_cell(leaf, morton, bits);
    leaf->next = QUADTREE_NO_LEAF;
    leaf->count = 0;
    return number;
}

void quadtree_leaf_add(struct quadtree *qt, uint32_t number, const struct index_box *point,
                       uint32_t item) {
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    unsigned slot = leaf->count++;
    assert(slot < QUADTREE_LEAF_POINTS);
    leaf->at.lon[slot] = point->min_lon;
    leaf->at.lat[slot] = point->min_lat;
    leaf->item[slot] = item;
    *places_at(qt->places, item) = number << QUADTREE_SLOT_BITS | slot;
}

/// Put a point where it belongs and count it. Changes nothing when memory runs out.
static enum status add(struct quadtree *qt, const struct index_box *point, uint32_t item) {
    struct path path;
    path_find(qt, point, &path);

    enum status st = STATUS_OK;
    if (path.ref == QUADTREE_EMPTY) {
        st = leaf_place_new(qt, &path);
    } else if (quadtree_leaf_at(qt, quadtree_ref_leaf(path.ref))->count == QUADTREE_LEAF_POINTS) {
        st = leaf_make_room(qt, &path);
    }
    if (st != STATUS_OK) return st;

    for (unsigned i = 0; i <= path.depth; i++)
        ++*quadtree_items(qt, path.node[i]);
    quadtree_leaf_add(qt, quadtree_ref_leaf(path.ref), point, item);
    quadtree_extent_add(qt, point);
    return STATUS_OK;
}

/// Take the point in `place` away; the place table of its item is the caller's.
static void take_out(struct quadtree *qt, const struct index_box *point, uint32_t place) {
    struct path path;
    path_find(qt, point, &path);
    assert(quadtree_ref_is_leaf(path.ref));
    for (unsigned i = 0; i <= path.depth; i++)
        --*quadtree_items(qt, path.node[i]);

    uint32_t head = quadtree_ref_leaf(path.ref);
    leaf_drop_slot(qt, head, place >> QUADTREE_SLOT_BITS, place & (QUADTREE_LEAF_POINTS - 1));
    const struct quadtree_leaf *leaf = quadtree_leaf_at(qt, head);
    if (leaf->count == 0) {
        leaf_emptied(qt, &path, head);
    } else if (leaf->count < JOIN_BELOW && leaf->next == QUADTREE_NO_LEAF) {
        leaf_join(qt, &path, head);
    }
    if (*quadtree_items(qt, QUADTREE_ROOT) == 0) quadtree_clear(qt);
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
        uint32_t ref = quadtree_children(qt, node)[quadtree_child_of(path->morton, path->depth)];
        path->ref = ref;
        if (ref == QUADTREE_EMPTY || quadtree_ref_is_leaf(ref)) return;
        path->node[++path->depth] = ref;
    }
}

/// A leaf in the largest empty run around the point.
static enum status leaf_place_new(struct quadtree *qt, struct path *path) {
    enum status st = pool_reserve(&qt->leaves, 1);
    if (st != STATUS_OK) return st;

    uint32_t *children = quadtree_children(qt, path->node[path->depth]);
    unsigned child = quadtree_child_of(path->morton, path->depth), span = 0;
    while (span < 4 && run_is(children, child ^ (1u << span), span, QUADTREE_EMPTY))
        span++;
    uint32_t leaf = quadtree_leaf_take(qt, path->morton, 4 * (path->depth + 1) - span);
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
    if (st == STATUS_OK) st = pool_reserve(&qt->leaves, 2);
    if (st != STATUS_OK) return st;

    leaf_split(qt, number, path, common);
    path_extend(qt, path);
    return path->ref == QUADTREE_EMPTY ? leaf_place_new(qt, path) : STATUS_OK;
}

/// All 64 points and the new one are on one spot: shrink the cell to the spot, then put an empty leaf in front.
static enum status leaf_chain(struct quadtree *qt, struct path *path) {
    enum status st = pool_reserve(&qt->nodes, QUADTREE_DEPTH - 1 - path->depth);
    if (st == STATUS_OK) st = pool_reserve(&qt->leaves, 1);
    if (st != STATUS_OK) return st;

    uint32_t number = quadtree_ref_leaf(path->ref);
    leaf_split(qt, number, path, 64);
    uint32_t front = quadtree_leaf_take(qt, path->morton, 64);
    quadtree_leaf_at(qt, front)->next = number;
    path->ref = front | QUADTREE_LEAF_BIT;
    run_set(quadtree_children(qt, path->node[path->depth]),
            quadtree_child_of(path->morton, path->depth), 0, path->ref);
    return STATUS_OK;
}

/// Push a leaf down to the node that tells its points apart: bit `common` (from the top) is the first in
/// which they differ; 64: they do not. The path grows by the new nodes. Memory is reserved.
static void leaf_split(struct quadtree *qt, uint32_t number, struct path *path, unsigned common) {
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    unsigned target = common == 64 ? QUADTREE_DEPTH - 1 : common / 4;
    unsigned span = leaf->span;
    while (path->depth < target) {
        uint32_t *children = quadtree_children(qt, path->node[path->depth]);
        unsigned child = quadtree_child_of(path->morton, path->depth);
        run_set(children, child, span, QUADTREE_EMPTY);
        uint32_t node = quadtree_node_take(qt);
        *quadtree_items(qt, node) = leaf->count;
        children[child] = node;
        path->node[++path->depth] = node;
        span = 4;
    }
    uint32_t *children = quadtree_children(qt, path->node[path->depth]);
    run_set(children, quadtree_child_of(path->morton, path->depth), span, QUADTREE_EMPTY);
    if (common == 64) {
        leaf_set_cell(leaf, path->morton, 64);
        run_set(children, quadtree_child_of(path->morton, path->depth), 0,
                number | QUADTREE_LEAF_BIT);
        return;
    }

    uint64_t bit = (uint64_t)1 << (63 - common);
    unsigned half = 3 - common % 4;
    uint32_t other = leaf_divide(qt, number, path->morton, common);
    leaf_set_cell(leaf, path->morton & ~bit, common + 1);
    if (leaf->count) {
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
static uint32_t leaf_divide(struct quadtree *qt, uint32_t number, uint64_t morton,
                            unsigned common) {
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    const int32_t *decides = common % 2 == 0 ? leaf->at.lat : leaf->at.lon;
    unsigned shift = 31 - common / 2;
    uint32_t other = POOL_NONE;
    bool filled = false; // slot i was a hole
    for (unsigned i = 0; i < leaf->count;) {
        if (morton_bias(decides[i]) >> shift & 1) {
            uint64_t bit = (uint64_t)1 << (63 - common);
            if (other == POOL_NONE) other = quadtree_leaf_take(qt, morton | bit, common + 1);
            struct index_box point = {leaf->at.lon[i], leaf->at.lat[i], 0, 0};
            quadtree_leaf_add(qt, other, &point, leaf->item[i]);
            unsigned last = --leaf->count;
            leaf->at.lon[i] = leaf->at.lon[last];
            leaf->at.lat[i] = leaf->at.lat[last];
            leaf->item[i] = leaf->item[last];
            filled = true;
            continue;
        }
        if (filled) *places_at(qt->places, leaf->item[i]) = number << QUADTREE_SLOT_BITS | i;
        filled = false;
        i++;
    }
    return other;
}

/// The Morton bits in which the points of a leaf differ from each other or from `morton`.
static uint64_t leaf_differences(const struct quadtree_leaf *leaf, uint64_t morton) {
    int32_t lon = morton_unbias(morton_x(morton)), lat = morton_unbias(morton_y(morton));
    int32_t dx = 0, dy = 0;
    for (unsigned i = 0; i < leaf->count; i++) {
        dx |= leaf->at.lon[i] ^ lon;
        dy |= leaf->at.lat[i] ^ lat;
    }
    return morton_of((uint32_t)dx, (uint32_t)dy);
}

static void leaf_set_cell(struct quadtree_leaf *leaf, uint64_t morton, unsigned bits) {
    uint64_t mask = bits ? ~(uint64_t)0 << (64 - bits) : 0;
    leaf->x_mask = morton_x(mask);
    leaf->y_mask = morton_y(mask);
    leaf->x = morton_x(morton & mask);
    leaf->y = morton_y(morton & mask);
    leaf->span = (uint8_t)(3 - (bits - 1) % 4);
    if (bits == 0) leaf->span = 4;
}

/// Fill the hole with the last point of the chain's first leaf; the others of a chain are full.
static void leaf_drop_slot(struct quadtree *qt, uint32_t head, uint32_t number, unsigned slot) {
    struct quadtree_leaf *front = quadtree_leaf_at(qt, head);
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    unsigned last = --front->count;
    if (head == number && slot == last) return;
    leaf->at.lon[slot] = front->at.lon[last];
    leaf->at.lat[slot] = front->at.lat[last];
    leaf->item[slot] = front->item[last];
    *places_at(qt->places, leaf->item[slot]) = number << QUADTREE_SLOT_BITS | slot;
}

/// The first leaf of a cell has no points left: the next one takes over, or the cell becomes empty and
/// nodes without children go.
static void leaf_emptied(struct quadtree *qt, struct path *path, uint32_t number) {
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    uint32_t *children = quadtree_children(qt, path->node[path->depth]);
    unsigned child = quadtree_child_of(path->morton, path->depth);
    uint32_t next = leaf->next;
    unsigned span = leaf->span;
    pool_give(&qt->leaves, number);
    run_set(children, child, span,
            next == QUADTREE_NO_LEAF ? QUADTREE_EMPTY : next | QUADTREE_LEAF_BIT);

    while (path->depth > 0 && *quadtree_items(qt, path->node[path->depth]) == 0) {
        pool_give(&qt->nodes, path->node[path->depth--]);
        quadtree_children(qt,
                          path->node[path->depth])[quadtree_child_of(path->morton, path->depth)] =
            QUADTREE_EMPTY;
    }
}

/// Widen a thin leaf over empty cells and thin neighbours, up the trie as far as it goes.
static void leaf_join(struct quadtree *qt, struct path *path, uint32_t number) {
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    while (leaf_join_once(qt, path->node[path->depth], quadtree_child_of(path->morton, path->depth),
                          number)) {
        if (leaf->span < 4 || path->depth == 0) continue;
        // Alone in its node: it takes the node's place.
        pool_give(&qt->nodes, path->node[path->depth--]);
        leaf->span = 0;
        quadtree_children(qt,
                          path->node[path->depth])[quadtree_child_of(path->morton, path->depth)] =
            number | QUADTREE_LEAF_BIT;
    }
    leaf_set_cell(leaf, path->morton, 4 * (path->depth + 1) - leaf->span);
}

static bool leaf_join_once(struct quadtree *qt, uint32_t node, unsigned child, uint32_t number) {
    struct quadtree_leaf *leaf = quadtree_leaf_at(qt, number);
    if (leaf->span == 4) return false;
    uint32_t *children = quadtree_children(qt, node);
    unsigned buddy = (child ^ (1u << leaf->span)) & ~((1u << leaf->span) - 1);
    uint32_t ref = children[buddy];
    if (quadtree_ref_is_leaf(ref)) {
        struct quadtree_leaf *other = quadtree_leaf_at(qt, quadtree_ref_leaf(ref));
        if (other->span != leaf->span || other->next != QUADTREE_NO_LEAF ||
            other->count + leaf->count > JOIN_INTO)
            return false;
        for (unsigned i = 0; i < other->count; i++) {
            struct index_box point = {other->at.lon[i], other->at.lat[i], 0, 0};
            quadtree_leaf_add(qt, number, &point, other->item[i]);
        }
        pool_give(&qt->leaves, quadtree_ref_leaf(ref));
    } else if (!run_is(children, buddy, leaf->span, QUADTREE_EMPTY)) {
        return false;
    }
    leaf->span++;
    run_set(children, child, leaf->span, number | QUADTREE_LEAF_BIT);
    return true;
}

static void run_set(uint32_t *children, unsigned child, unsigned span, uint32_t ref) {
    unsigned first = child & ~((1u << span) - 1);
    for (unsigned i = 0; i < 1u << span; i++)
        children[first + i] = ref;
}

static bool run_is(const uint32_t *children, unsigned child, unsigned span, uint32_t ref) {
    unsigned first = child & ~((1u << span) - 1);
    for (unsigned i = 0; i < 1u << span; i++)
        if (children[first + i] != ref) return false;
    return true;
}
