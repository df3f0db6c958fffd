// quadtree_nearest.c - the nearest points, from the leaf of the centre outwards.
//
// First rings: the density around the centre says how far the points wanted reach, and the leaves whose cells touch
// the box around that circle hold them without any order to keep. One ring is enough for most searches. Where
// rings are not (large k, filters, poles, the antimeridian, a centre far from all points), a heap of cells goes on.
//
// Every leaf is read once in a search, so a point that moves within its cell meanwhile is met once; a cell that
// touches the box of the last ring has been read.
//
// The heap begins in the deepest node around the centre. What lies outside a node's cell is one
// entry of it, bounded by the way to the cell's nearest side; when it comes up, the parent is
// opened. So a search that is satisfied nearby never sees the upper levels.

#include "index/nearest.h"
#include "index/quadtree_node.h"

#define RINGS 3
#define LEAF_FEW 36.0
#define RING_LEAVES 24 // a ring that touches more is left to the heap

/// A closed box of biased coordinates; empty when min_x > max_x.
struct span {
    uint32_t min_x, min_y, max_x, max_y;
};

struct search {
    struct nearest n;
    const struct quadtree *qt;
    uint64_t begun;                // the version
    uint32_t path[QUADTREE_DEPTH]; // nodes around the centre, from the root
    unsigned depth;                // of the last
    uint64_t morton;               // of the centre
    struct span ring, done;        // leaves that touch these are read now, have been read
    unsigned leaf_count;
    uint32_t leaves[RING_LEAVES];
};

/// In an entry: everything outside of path[depth].
#define OUTSIDE QUADTREE_EMPTY

static bool rings(struct search *s);
static double ring_guess(const struct search *s);
static bool ring_read(struct search *s, const struct index_box *box);
static bool ring_collect(struct search *s, uint32_t node, unsigned depth, uint32_t x, uint32_t y);
static bool ring_take(struct search *s, uint32_t leaf, uint32_t x, uint32_t y);
static void descend(struct search *s);
static void look_at(struct search *s, const struct nearest_entry *at);
static void path_open(struct search *s, unsigned depth, unsigned except);
static void node_open(struct search *s, const struct nearest_entry *at, unsigned except);
static void leaf_read(struct search *s, uint32_t leaf);
static void push(struct search *s, const struct nearest_entry *entry);
static unsigned run_length(const _Atomic uint32_t *children, unsigned child);
static uint32_t cell_width(unsigned bits);
static uint32_t cell_height(unsigned bits);
static double outside_bound(const struct bound_from *from, uint32_t x, uint32_t y, uint32_t side);
static bool touches(const struct span *span, uint32_t x, uint32_t y, uint32_t width,
                    uint32_t height);

double quadtree_nearest(const struct index *ix, const struct distance_from *from, size_t wanted,
                        double cutoff, index_nearest_fn *visit, void *ctx,
                        struct index_cost *cost) {
    struct search s;
    s.qt = quadtree_of(ix);
    s.begun = index_read_begin(ix);
    if (s.begun & INDEX_CHANGING) return cutoff;
    s.done = (struct span){1, 1, 0, 0};
    nearest_init(&s.n, from, wanted, cutoff, visit, ctx);
    descend(&s);
    if (!rings(&s)) {
        path_open(&s, s.depth, 16);
        struct nearest_entry at;
        while (!quadtree_changed(s.qt, s.begun) && nearest_pop(&s.n, &at))
            look_at(&s, &at);
    }
    nearest_deinit(&s.n, cost);
    return s.n.cutoff;
}

/// True when the search is over.
static bool rings(struct search *s) {
    double ring = ring_guess(s);
    for (int i = 0; i < RINGS; i++) {
        ring = bound_smaller(ring, s->n.cutoff);
        struct index_box circle = bound_circle(&s->n.from, ring);
        if (circle.min_lon == INT32_MIN || !ring_read(s, &circle)) return false;
        nearest_give(&s->n, (float)ring);
        if (s->n.cutoff <= ring) return true;
        ring *= 4;
    }
    return false;
}

/// The hav of a circle that holds the points wanted and some to spare (twice the deviation of such a count), by the
/// density around the centre: area = 4 pi hav. A leaf is taken to hold LEAF_FEW points: to read how many it
/// does would be a miss before the misses of its neighbours, which come together so.
static double ring_guess(const struct search *s) {
    const _Atomic uint32_t *children = quadtree_children(s->qt, s->path[s->depth]);
    unsigned child = quadtree_child_of(s->morton, s->depth);
    uint32_t ref = quadtree_child(children, child);
    double side = UINT32_MAX >> (2 * s->depth), area = side * side, count;
    if (quadtree_ref_is_leaf(ref)) {
        uint32_t run = 0;
        for (unsigned i = 0; i < 16; i++)
            run += quadtree_child(children, i) == ref;
        area *= run / 16.0;
        count = LEAF_FEW;
    } else {
        count = quadtree_items_of(s->qt, s->path[s->depth]) + 1.0;
    }
    double aim = s->n.wanted + 2 * sqrt(s->n.wanted);
    area *= BOUND_RAD * BOUND_RAD * s->n.from.cos_lat;
    return aim / count * area / (4 * 3.14159265358979323846);
}

/// Read the leaves that touch the box and were not read. False when they are too many: then none was.
static bool ring_read(struct search *s, const struct index_box *box) {
    s->ring = (struct span){morton_bias(box->min_lon), morton_bias(box->min_lat),
                            morton_bias(box->max_lon), morton_bias(box->max_lat)};
    uint32_t differ = (s->ring.min_x ^ s->ring.max_x) | (s->ring.min_y ^ s->ring.max_y);
    unsigned depth = differ ? (unsigned)__builtin_clz(differ) / 2 : s->depth;
    if (depth > s->depth) depth = s->depth;
    uint64_t corner = depth ? s->morton & ~(uint64_t)0 << (64 - 4 * depth) : 0;
    s->leaf_count = 0;
    if (!ring_collect(s, s->path[depth], depth, morton_x(corner), morton_y(corner))) return false;
    for (unsigned i = 0; i < s->leaf_count; i++)
        leaf_read(s, s->leaves[i]);
    s->done = s->ring;
    return true;
}

/// Below a node with its corner at x, y.
static bool ring_collect(struct search *s, uint32_t node, unsigned depth, uint32_t x, uint32_t y) {
    static const uint16_t columns_to[] = {0, 0x0505, 0x0f0f, 0x5f5f, 0xffff};
    static const uint16_t rows_to[] = {0, 0x0033, 0x00ff, 0x33ff, 0xffff};
    const struct span *ring = &s->ring;
    unsigned side = 30 - 2 * depth; // a child is 1 << side wide
    uint32_t rest = UINT32_MAX >> (2 * depth);
    unsigned west = ring->min_x <= x ? 0 : (ring->min_x - x) >> side;
    unsigned south = ring->min_y <= y ? 0 : (ring->min_y - y) >> side;
    unsigned east = ring->max_x >= (x | rest) ? 4 : ((ring->max_x - x) >> side) + 1;
    unsigned north = ring->max_y >= (y | rest) ? 4 : ((ring->max_y - y) >> side) + 1;
    uint32_t touched = (columns_to[east] & ~columns_to[west]) & (rows_to[north] & ~rows_to[south]);

    s->n.nodes++;
    const _Atomic uint32_t *children = quadtree_children(s->qt, node);
    for (uint32_t left = touched; left; left &= left - 1) {
        uint32_t ref = quadtree_child(children, (unsigned)__builtin_ctz(left));
        if (!quadtree_ref_is_leaf(ref)) __builtin_prefetch(quadtree_children(s->qt, ref));
    }
    uint32_t before = QUADTREE_EMPTY;
    for (; touched; touched &= touched - 1) {
        unsigned child = (unsigned)__builtin_ctz(touched);
        uint32_t ref = quadtree_child(children, child);
        if (ref == before || ref == QUADTREE_EMPTY) continue; // a leaf's run is met once
        before = ref;
        uint32_t child_x = x + (quadtree_column(child) << side);
        uint32_t child_y = y + (quadtree_row(child) << side);
        if (quadtree_ref_is_leaf(ref)) {
            if (!ring_take(s, quadtree_ref_leaf(ref), child_x, child_y)) return false;
        } else {
            if (depth + 1 == QUADTREE_DEPTH) return false; // the writer's doing
            if (!ring_collect(s, ref, depth + 1, child_x, child_y)) return false;
        }
    }
    return true;
}

/// A leaf with a point of its cell.
static bool ring_take(struct search *s, uint32_t number, uint32_t x, uint32_t y) {
    const struct quadtree_leaf *leaf = quadtree_leaf_at(s->qt, number);
    const char *at = (const char *)leaf;
    for (unsigned line = 0; line < sizeof *leaf / 64; line++)
        __builtin_prefetch(at + 64 * line);
    if (s->done.min_x <= s->done.max_x) {
        unsigned bits = quadtree_head_of(leaf).bits;
        uint32_t width = cell_width(bits), height = cell_height(bits);
        if (touches(&s->done, x & ~width, y & ~height, width, height)) return true;
    }
    if (s->leaf_count == RING_LEAVES) return false;
    s->leaves[s->leaf_count++] = number;
    return true;
}

static void descend(struct search *s) {
    s->morton = morton_of(morton_bias(s->n.from.lon), morton_bias(s->n.from.lat));
    uint32_t node = QUADTREE_ROOT;
    for (unsigned depth = 0; depth < QUADTREE_DEPTH; depth++) {
        s->depth = depth;
        s->path[depth] = node;
        uint32_t ref =
            quadtree_child(quadtree_children(s->qt, node), quadtree_child_of(s->morton, depth));
        if (ref == QUADTREE_EMPTY || quadtree_ref_is_leaf(ref)) return;
        node = ref;
    }
}

/// An entry's low is the corner of its cell, x and y << 32, its high the depth.
static uint64_t corner_of(uint32_t x, uint32_t y) {
    return x | (uint64_t)y << 32;
}

static void look_at(struct search *s, const struct nearest_entry *at) {
    if (at->ref == OUTSIDE) {
        unsigned depth = (unsigned)at->high;
        path_open(s, depth - 1, quadtree_child_of(s->morton, depth - 1));
    } else if (quadtree_ref_is_leaf(at->ref)) {
        leaf_read(s, quadtree_ref_leaf(at->ref));
    } else {
        node_open(s, at, 16);
    }
}

/// The children of a node of the path but one, and what lies outside.
static void path_open(struct search *s, unsigned depth, unsigned except) {
    uint64_t corner = depth ? s->morton & ~(uint64_t)0 << (64 - 4 * depth) : 0;
    uint32_t x = morton_x(corner), y = morton_y(corner);
    node_open(s,
              &(struct nearest_entry){.ref = s->path[depth], .low = corner_of(x, y), .high = depth},
              except);
    if (depth == 0) return;
    double bound = outside_bound(&s->n.from, x, y, UINT32_MAX >> (2 * depth));
    push(s, &(struct nearest_entry){.bound = nearest_below(bound), .ref = OUTSIDE, .high = depth});
}

static void node_open(struct search *s, const struct nearest_entry *at, unsigned except) {
    if (at->high == QUADTREE_DEPTH) return; // the writer's doing
    s->n.nodes++;
    uint32_t x = (uint32_t)at->low, y = (uint32_t)(at->low >> 32);
    unsigned side = 30 - 2 * (unsigned)at->high;
    uint32_t last = (1u << side) - 1;
    const _Atomic uint32_t *children = quadtree_children(s->qt, at->ref);
    unsigned length;
    for (unsigned child = 0; child < 16; child += length) {
        length = run_length(children, child);
        uint32_t ref = quadtree_child(children, child);
        if (ref == QUADTREE_EMPTY || child == except) continue;
        // A run of 2 or 8 children is twice as wide as high.
        uint32_t columns = length >= 8 ? 4 : length >= 2 ? 2 : 1, rows = length / columns;
        uint32_t west = x + (quadtree_column(child) << side);
        uint32_t south = y + (quadtree_row(child) << side);
        uint32_t width = ((columns - 1) << side) + last, height = ((rows - 1) << side) + last;
        if (quadtree_ref_is_leaf(ref) && touches(&s->done, west, south, width, height)) continue;
        struct index_box cell = {morton_unbias(west), morton_unbias(south),
                                 morton_unbias(west + width), morton_unbias(south + height)};
        struct nearest_entry entry = {
            .bound = nearest_below(bound_to_box(&s->n.from, &cell)),
            .ref = ref,
            .low = corner_of(west, south),
            .high = at->high + 1,
        };
        if (entry.bound <= s->n.cutoff) push(s, &entry);
    }
}

static void leaf_read(struct search *s, uint32_t number) {
    for (struct quadtree_head head; number != QUADTREE_NO_LEAF; number = head.next) {
        const struct quadtree_leaf *leaf = quadtree_leaf_at(s->qt, number);
        head = quadtree_head_of(leaf);
        if (quadtree_changed(s->qt, s->begun)) return;
        s->n.nodes++;
        nearest_add_points(&s->n, &leaf->at, leaf->item, head.count);
    }
}

static void push(struct search *s, const struct nearest_entry *entry) {
    if (!nearest_push(&s->n, entry)) look_at(s, entry);
}

/// How many children from an aligned one on belong together: the run of a leaf, or one.
static unsigned run_length(const _Atomic uint32_t *children, unsigned child) {
    unsigned length = 1;
    uint32_t ref = quadtree_child(children, child);
    if (!quadtree_ref_is_leaf(ref)) return 1;
    while (child + length < 16 && quadtree_child(children, child + length) == ref)
        length++;
    return length;
}

/// A lower bound of the way out of a cell that holds the centre. Over a side in the north or south it is
/// the latitude between; over one in the east or west sin d = cos(lat) sin(dlon) leads to the meridian,
/// and sin^2(d/2) >= sin^2(d)/4. The antimeridian is a side of the cells that reach it.
static double outside_bound(const struct bound_from *from, uint32_t x, uint32_t y, uint32_t side) {
    double west = bound_larger(morton_unbias(x), -BOUND_TURN / 2) + 2;
    double east = bound_smaller(morton_unbias(x + side), BOUND_TURN / 2) - 1;
    double south = morton_unbias(y) + 2.0, north = morton_unbias(y + side) - 1.0;
    double dx = bound_smaller(from->x - west, east - from->x);
    double dy = bound_smaller(from->y - south, north - from->y);
    dx = bound_smaller(bound_larger(0, dx) * BOUND_RAD, 1.5);
    dy = bound_larger(0, dy) * BOUND_RAD;
    double half = bound_sin2_half(dx * dx);
    double over_meridian = from->cos_lat * from->cos_lat * half * (1 - half);
    return bound_smaller(bound_sin2_half(dy * dy), over_meridian) * (1 - 1e-9);
}

/// From the first to the last coordinate of a cell of so many leading Morton bits, the first of which is
/// latitude's.
static uint32_t cell_width(unsigned bits) {
    return (uint32_t)(((uint64_t)1 << (32 - bits / 2)) - 1);
}
static uint32_t cell_height(unsigned bits) {
    return (uint32_t)(((uint64_t)1 << (32 - (bits + 1) / 2)) - 1);
}

static bool touches(const struct span *span, uint32_t x, uint32_t y, uint32_t width,
                    uint32_t height) {
    return span->min_x <= span->max_x && span->min_x <= x + width && span->max_x >= x &&
           span->min_y <= y + height && span->max_y >= y;
}
