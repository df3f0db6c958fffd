// quadtree_nearest.c - the nearest points, from the cell of the centre outwards.
//
// First rings: the density of the deepest cell around the centre says how far a dozen points reach, and
// a search of the box around that circle finds them without any order to keep. One or two rings are enough
// for most searches. Where they are not (large k, filters, poles, the antimeridian), a heap goes on.
//
// It begins in the deepest node around the centre. What lies outside a node's cell is one
// entry of the heap, bounded by the way to the cell's nearest side; when it comes up, the
// parent is opened. So a search that is satisfied nearby never sees the upper levels.

#include "index/nearest.h"
#include "index/quadtree_node.h"

struct search {
    struct nearest n;
    const struct quadtree *qt;
    uint64_t begun; // the version
    bound_boxes_fn *bounds;
    uint32_t path[QUADTREE_DEPTH]; // nodes around the centre, from the root
    uint64_t morton;               // of the centre
    double ring;                   // what is looked for now: bounds from n.done to this
    struct index_box circle;       // around it
};

#define RINGS 3
#define RING_AIM 16.0 // points in the first

/// In an entry: everything outside of path[depth].
#define OUTSIDE QUADTREE_EMPTY

static bool rings(struct search *s, unsigned depth);
static double ring_guess(const struct search *s, unsigned depth);
static void ring_leaf(void *ctx, const struct quadtree_leaf *leaf, unsigned count);
static unsigned descend(struct search *s, const struct distance_from *from);
static void look_at(struct search *s, const struct nearest_entry *at);
static void path_open(struct search *s, unsigned depth, unsigned except);
static void node_open(struct search *s, const struct nearest_entry *at, unsigned except);
static void leaf_open(struct search *s, uint32_t leaf);
static void push(struct search *s, const struct nearest_entry *entry);
static unsigned run_length(const _Atomic uint32_t *children, unsigned child);
static double outside_bound(const struct bound_from *from, uint32_t x, uint32_t y, uint32_t side);
static struct index_box cell_of(uint32_t x, uint32_t y, uint32_t width, uint32_t height);

double quadtree_nearest(const struct index *ix, const struct distance_from *from, size_t wanted,
                        double cutoff, index_nearest_fn *visit, void *ctx,
                        struct index_cost *cost) {
    struct search s;
    s.qt = quadtree_of(ix);
    s.begun = index_read_begin(ix);
    if (s.begun & INDEX_CHANGING) return cutoff;
    s.bounds = bound_boxes();
    nearest_init(&s.n, from, wanted, cutoff, visit, ctx);
    unsigned depth = descend(&s, from);
    if (!rings(&s, depth)) {
        path_open(&s, depth, 16);
        struct nearest_entry at;
        while (!quadtree_changed(s.qt, s.begun) && nearest_pop(&s.n, &at))
            look_at(&s, &at);
    }
    nearest_deinit(&s.n, cost);
    return s.n.cutoff;
}

/// True when the search is over.
static bool rings(struct search *s, unsigned depth) {
    s->ring = ring_guess(s, depth);
    for (int i = 0; i < RINGS; i++) {
        s->ring = bound_smaller(s->ring, s->n.cutoff);
        s->circle = bound_circle(&s->n.from, s->ring);
        if (s->circle.min_lon == INT32_MIN) return false;
        quadtree_search_leaves(s->qt, &s->circle, ring_leaf, s);
        nearest_give(&s->n, s->ring / 4);
        nearest_give(&s->n, s->ring);
        s->n.done = s->ring;
        if (s->n.cutoff <= s->ring) return true;
        s->ring = bound_smaller(s->ring * 4, s->n.cutoff);
    }
    return false;
}

/// The hav of a circle that holds about RING_AIM points, by the density of the leaf at the centre or, when that
/// has few, of its node: area = 4 pi hav.
static double ring_guess(const struct search *s, unsigned depth) {
    double count = quadtree_items_of(s->qt, s->path[depth]);
    double area = (double)(UINT32_MAX >> (2 * depth)) * (UINT32_MAX >> (2 * depth));
    uint32_t ref = quadtree_child(quadtree_children(s->qt, s->path[depth]),
                                  quadtree_child_of(s->morton, depth));
    if (quadtree_ref_is_leaf(ref)) {
        struct quadtree_head head =
            quadtree_head_of(quadtree_leaf_at(s->qt, quadtree_ref_leaf(ref)));
        if (head.count >= RING_AIM) {
            count = head.count;
            area = (double)((uint64_t)1 << (32 - head.bits / 2)) *
                   (double)((uint64_t)1 << (32 - (head.bits + 1) / 2));
        }
    }
    area *= BOUND_RAD * BOUND_RAD * s->n.from.cos_lat;
    return RING_AIM / (count > 0 ? count : 1) * area / (4 * 3.14159265358979323846);
}

/// Bounds of the points in slots 1 to `count`; bounds[0] means nothing.
static void leaf_bounds(const struct search *s, const struct quadtree_leaf *leaf, unsigned count,
                        double bounds[NEAREST_LEAF]) {
    alignas(64) int32_t lon[NEAREST_LEAF], lat[NEAREST_LEAF];
    lon[0] = lat[0] = 0;
    for (unsigned slot = 1; slot <= count; slot++) {
        uint64_t pair = quadtree_pair(leaf, slot);
        lon[slot] = scan_lon(pair);
        lat[slot] = scan_lat(pair);
    }
    const struct bound_arrays points = {lon, lon, lat, lat};
    s->bounds(&s->n.from, &points, count + 1, bounds);
}

static void ring_leaf(void *ctx, const struct quadtree_leaf *leaf, unsigned count) {
    struct search *s = ctx;
    s->n.nodes++;
    uint64_t in = s->qt->scan->points(&leaf->at, count, &s->circle).in;
    if (in == 0) return;
    for (unsigned i = 0; i < SCAN_POINTS; i += 16) // a line of items each
        if (in >> i & 0xffff) __builtin_prefetch(&leaf->item[i]);
    double bounds[NEAREST_LEAF];
    leaf_bounds(s, leaf, count, bounds);
    for (; in; in &= in - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(in);
        if (bounds[slot] > s->n.done && bounds[slot] <= s->ring)
            nearest_wait(&s->n, quadtree_item(leaf, slot), bounds[slot]);
    }
}

/// To the deepest node whose cell holds the centre.
static unsigned descend(struct search *s, const struct distance_from *from) {
    s->morton = morton_of(morton_bias(index_quantise(from->p.lon)),
                          morton_bias(index_quantise(from->p.lat)));
    s->path[0] = QUADTREE_ROOT;
    for (unsigned depth = 0;; depth++) {
        uint32_t ref = quadtree_child(quadtree_children(s->qt, s->path[depth]),
                                      quadtree_child_of(s->morton, depth));
        bool last = depth + 1 == QUADTREE_DEPTH; // a node below it is the writer's doing
        if (ref == QUADTREE_EMPTY || quadtree_ref_is_leaf(ref) || last) return depth;
        s->path[depth + 1] = ref;
    }
}

static void look_at(struct search *s, const struct nearest_entry *at) {
    if (at->ref == OUTSIDE) {
        path_open(s, at->depth - 1, quadtree_child_of(s->morton, at->depth - 1));
    } else if (quadtree_ref_is_leaf(at->ref)) {
        leaf_open(s, quadtree_ref_leaf(at->ref));
    } else {
        node_open(s, at, 16);
    }
}

/// The children of a node of the path but one, and what lies outside.
static void path_open(struct search *s, unsigned depth, unsigned except) {
    uint64_t corner = depth ? s->morton & ~(uint64_t)0 << (64 - 4 * depth) : 0;
    uint32_t x = morton_x(corner), y = morton_y(corner);
    node_open(s,
              &(struct nearest_entry){.ref = s->path[depth], .depth = depth, .low = x, .high = y},
              except);
    if (depth == 0) return;
    push(s, &(struct nearest_entry){
                .ref = OUTSIDE,
                .depth = depth,
                .bound = outside_bound(&s->n.from, x, y, UINT32_MAX >> (2 * depth)),
            });
}

/// An entry's low and high are the x and y of its cell's corner.
static void node_open(struct search *s, const struct nearest_entry *at, unsigned except) {
    if (at->depth == QUADTREE_DEPTH) return; // the writer's doing
    s->n.nodes++;
    unsigned side = 30 - 2 * at->depth;
    uint32_t last = (1u << side) - 1;
    const _Atomic uint32_t *children = quadtree_children(s->qt, at->ref);
    unsigned length;
    for (unsigned child = 0; child < 16; child += length) {
        length = run_length(children, child);
        uint32_t ref = quadtree_child(children, child);
        if (ref == QUADTREE_EMPTY || child == except) continue;
        // A run of 2 or 8 children is twice as wide as high.
        uint32_t width = length >= 8 ? 4 : length >= 2 ? 2 : 1, height = length / width;
        struct nearest_entry entry = {
            .ref = ref,
            .depth = at->depth + 1,
            .low = at->low + (quadtree_column(child) << side),
            .high = at->high + (quadtree_row(child) << side),
        };
        struct index_box cell =
            cell_of((uint32_t)entry.low, (uint32_t)entry.high, ((width - 1) << side) + last,
                    ((height - 1) << side) + last);
        entry.bound = bound_to_box(&s->n.from, &cell);
        if (entry.bound <= s->n.cutoff) push(s, &entry);
    }
}

static void leaf_open(struct search *s, uint32_t number) {
    for (struct quadtree_head head; number != QUADTREE_NO_LEAF; number = head.next) {
        const struct quadtree_leaf *leaf = quadtree_leaf_at(s->qt, number);
        head = quadtree_head_of(leaf);
        if (quadtree_changed(s->qt, s->begun)) return;
        s->n.nodes++;
        struct index_box circle = bound_circle(&s->n.from, s->n.cutoff);
        if (s->qt->scan->points(&leaf->at, head.count, &circle).in == 0) continue;
        double bounds[NEAREST_LEAF];
        leaf_bounds(s, leaf, head.count, bounds);
        uint32_t items[NEAREST_LEAF];
        for (unsigned slot = 1; slot <= head.count; slot++)
            items[slot] = quadtree_item(leaf, slot);
        nearest_add(&s->n, items + 1, bounds + 1, head.count);
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
    struct index_box cell = cell_of(x, y, side, side);
    double west = bound_larger(cell.min_lon, -BOUND_TURN / 2) + 2;
    double east = bound_smaller(cell.max_lon, BOUND_TURN / 2) - 1;
    double dx = bound_smaller(from->x - west, east - from->x);
    double dy = bound_smaller(from->y - (cell.min_lat + 2.0), cell.max_lat - 1.0 - from->y);
    dx = bound_smaller(bound_larger(0, dx) * BOUND_RAD, 1.5);
    dy = bound_larger(0, dy) * BOUND_RAD;
    double half = bound_sin2_half(dx * dx);
    double over_meridian = from->cos_lat * from->cos_lat * half * (1 - half);
    return bound_smaller(bound_sin2_half(dy * dy), over_meridian) * (1 - 1e-9);
}

static struct index_box cell_of(uint32_t x, uint32_t y, uint32_t width, uint32_t height) {
    return (struct index_box){morton_unbias(x), morton_unbias(y), morton_unbias(x + width),
                              morton_unbias(y + height)};
}
