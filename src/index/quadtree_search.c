// quadtree_search.c - boxes and counts in the trie: cells are arithmetic, leaves are compared by SIMD.

#include "index/quadtree_node.h"

/// One search or count on its way through the trie. Coordinates are biased.
struct query {
    const struct quadtree *qt;
    struct index_box box; // as asked, for the leaves
    uint32_t min_x, min_y, max_x, max_y;
    index_visit_fn *visit; // NULL never
    void *ctx;
    bool counting;             // sure points are added up, only unsure ones visited
    quadtree_leaf_fn *leaf_fn; // instead of all that: whole leaves
    uint64_t counted, nodes, candidates;
};

/// The sets of children in columns (rows) lo..hi.
static const uint16_t columns[4][4] = {
    {0x0505, 0x0f0f, 0x5f5f, 0xffff},
    {0, 0x0a0a, 0x5a5a, 0xfafa},
    {0, 0, 0x5050, 0xf0f0},
    {0, 0, 0, 0xa0a0},
};
static const uint16_t rows[4][4] = {
    {0x0033, 0x00ff, 0x33ff, 0xffff},
    {0, 0x00cc, 0x33cc, 0xffcc},
    {0, 0, 0x3300, 0xff00},
    {0, 0, 0, 0xcc00},
};

static bool run(struct query *q, struct index_cost *cost);
static bool node_visit(struct query *q, uint32_t node, unsigned depth, uint32_t x, uint32_t y);
static bool node_visit_all(struct query *q, uint32_t node);
static void leaves_prefetch(const struct quadtree *qt, const uint32_t *children, uint32_t touched);
static bool leaf_visit(struct query *q, uint32_t leaf);
static bool leaf_visit_all(struct query *q, uint32_t leaf);
static bool give(struct query *q, const uint32_t *items, size_t count, bool sure);

bool quadtree_search(const struct index *ix, const struct index_box *box, index_visit_fn *visit,
                     void *ctx, struct index_cost *cost) {
    struct query q = {.qt = quadtree_of(ix), .box = *box, .visit = visit, .ctx = ctx};
    return run(&q, cost);
}

uint64_t quadtree_count(const struct index *ix, const struct index_box *box, index_visit_fn *unsure,
                        void *ctx, struct index_cost *cost) {
    struct query q = {
        .qt = quadtree_of(ix), .box = *box, .visit = unsure, .ctx = ctx, .counting = true};
    run(&q, cost);
    return q.counted;
}

void quadtree_search_leaves(const struct quadtree *qt, const struct index_box *box,
                            quadtree_leaf_fn *leaf_fn, void *ctx) {
    struct query q = {.qt = qt, .box = *box, .leaf_fn = leaf_fn, .ctx = ctx};
    run(&q, NULL);
}

static bool run(struct query *q, struct index_cost *cost) {
    if (q->box.min_lon > q->box.max_lon || q->box.min_lat > q->box.max_lat) return true;
    q->min_x = morton_bias(q->box.min_lon);
    q->min_y = morton_bias(q->box.min_lat);
    q->max_x = morton_bias(q->box.max_lon);
    q->max_y = morton_bias(q->box.max_lat);

    // Straight down to the smallest cell that covers the box.
    uint64_t low = morton_of(q->min_x, q->min_y), high = morton_of(q->max_x, q->max_y);
    unsigned shared = low == high ? QUADTREE_DEPTH : (unsigned)__builtin_clzll(low ^ high) / 4;
    uint32_t ref = QUADTREE_ROOT;
    unsigned depth = 0;
    while (depth < shared) {
        q->nodes++;
        ref = quadtree_children(q->qt, ref)[quadtree_child_of(low, depth)];
        if (ref == QUADTREE_EMPTY || quadtree_ref_is_leaf(ref)) break;
        depth++;
    }

    bool finished = true;
    if (quadtree_ref_is_leaf(ref)) {
        finished = leaf_visit(q, quadtree_ref_leaf(ref));
    } else if (ref != QUADTREE_EMPTY || depth == shared) {
        uint64_t corner = depth ? low & ~(uint64_t)0 << (64 - 4 * depth) : 0;
        finished = node_visit(q, ref, depth, morton_x(corner), morton_y(corner));
    }
    if (cost) {
        cost->nodes += q->nodes;
        cost->candidates += q->candidates;
    }
    return finished;
}

/// The children of a node with its corner at x, y that touch the box; those inside as a whole.
static bool node_visit(struct query *q, uint32_t node, unsigned depth, uint32_t x, uint32_t y) {
    unsigned side = 30 - 2 * depth; // a child is 1 << side wide
    uint32_t rest = UINT32_MAX >> (2 * depth);
    bool from_west = q->min_x<x, to_east = q->max_x>(x | rest);
    bool from_south = q->min_y<y, to_north = q->max_y>(y | rest);
    unsigned west = q->min_x <= x ? 0 : (q->min_x - x) >> side;
    unsigned south = q->min_y <= y ? 0 : (q->min_y - y) >> side;
    unsigned east = q->max_x >= (x | rest) ? 3 : (q->max_x - x) >> side;
    unsigned north = q->max_y >= (y | rest) ? 3 : (q->max_y - y) >> side;
    uint32_t touched = columns[west][east] & rows[south][north];

    // A column that holds an edge of the box may have points on that edge, so it is not inside.
    unsigned west_in = west + !from_west, east_end = east + to_east;
    unsigned south_in = south + !from_south, north_end = north + to_north;
    uint32_t inside = 0;
    if (!q->leaf_fn && west_in < east_end && south_in < north_end)
        inside = columns[west_in][east_end - 1] & rows[south_in][north_end - 1];

    q->nodes++;
    const uint32_t *children = quadtree_children(q->qt, node);
    leaves_prefetch(q->qt, children, touched);
    uint32_t before = QUADTREE_EMPTY;
    for (; touched; touched &= touched - 1) {
        unsigned child = (unsigned)__builtin_ctz(touched);
        uint32_t ref = children[child];
        if (ref == before || ref == QUADTREE_EMPTY) continue; // a leaf's run is met once
        before = ref;
        bool go_on;
        if (quadtree_ref_is_leaf(ref)) {
            uint32_t leaf = quadtree_ref_leaf(ref);
            uint32_t covered = quadtree_run(child, quadtree_leaf_at(q->qt, leaf)->span);
            go_on = (covered & ~inside) == 0 ? leaf_visit_all(q, leaf) : leaf_visit(q, leaf);
        } else if (inside >> child & 1) {
            go_on = node_visit_all(q, ref);
        } else {
            go_on = node_visit(q, ref, depth + 1, x + (quadtree_column(child) << side),
                               y + (quadtree_row(child) << side));
        }
        if (!go_on) return false;
    }
    return true;
}

/// The misses of all leaves touched happen at once, not one after the other.
static void leaves_prefetch(const struct quadtree *qt, const uint32_t *children, uint32_t touched) {
    uint32_t before = QUADTREE_EMPTY;
    for (; touched; touched &= touched - 1) {
        uint32_t ref = children[__builtin_ctz(touched)];
        if (!quadtree_ref_is_leaf(ref) || ref == before) continue;
        before = ref;
        const char *leaf = (const char *)quadtree_leaf_at(qt, quadtree_ref_leaf(ref));
        for (unsigned line = 0; line < 9; line++) // header, lon, lat
            __builtin_prefetch(leaf + 64 * line);
    }
}

static bool node_visit_all(struct query *q, uint32_t node) {
    q->nodes++;
    if (q->counting) {
        q->counted += *quadtree_items(q->qt, node);
        return true;
    }
    const uint32_t *children = quadtree_children(q->qt, node);
    uint32_t before = QUADTREE_EMPTY;
    for (unsigned child = 0; child < 16; child++) {
        uint32_t ref = children[child];
        if (ref == before || ref == QUADTREE_EMPTY) continue;
        before = ref;
        bool go_on = quadtree_ref_is_leaf(ref) ? leaf_visit_all(q, quadtree_ref_leaf(ref))
                                               : node_visit_all(q, ref);
        if (!go_on) return false;
    }
    return true;
}

static bool leaf_visit(struct query *q, uint32_t number) {
    for (; number != QUADTREE_NO_LEAF; number = quadtree_leaf_at(q->qt, number)->next) {
        const struct quadtree_leaf *leaf = quadtree_leaf_at(q->qt, number);
        q->nodes++;
        if (q->leaf_fn) {
            q->leaf_fn(q->ctx, leaf);
            continue;
        }
        struct scan_hits hits = q->qt->scan->points(&leaf->at, leaf->count, &q->box);
        if (hits.in == 0) continue;
        uint32_t found[QUADTREE_LEAF_POINTS];
        if (hits.sure) {
            if (q->counting) {
                q->counted += (unsigned)__builtin_popcountll(hits.sure);
            } else if (!give(q, found, scan_collect(leaf->item, hits.sure, found), true)) {
                return false;
            }
        }
        uint64_t unsure = hits.in & ~hits.sure;
        if (unsure && !give(q, found, scan_collect(leaf->item, unsure, found), false)) return false;
    }
    return true;
}

static bool leaf_visit_all(struct query *q, uint32_t number) {
    for (; number != QUADTREE_NO_LEAF; number = quadtree_leaf_at(q->qt, number)->next) {
        const struct quadtree_leaf *leaf = quadtree_leaf_at(q->qt, number);
        q->nodes++;
        if (q->counting) {
            q->counted += leaf->count;
        } else if (!give(q, leaf->item, leaf->count, true)) {
            return false;
        }
    }
    return true;
}

static bool give(struct query *q, const uint32_t *items, size_t count, bool sure) {
    q->candidates += count;
    return q->visit(q->ctx, items, count, sure);
}
