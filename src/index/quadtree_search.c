// quadtree_search.c - boxes and counts in the trie: cells are arithmetic, leaves are compared by SIMD.
//
// Leaves found on the way wait until many are known, so that their misses overlap; what is found
// is given in runs.

#include "index/quadtree_node.h"

#define WAITING 32
#define RUN 64        // items given at once, about
#define PREFETCHED 48 // slots of a leaf, before its count is known: most have fewer points

/// A leaf that touches the box, met as `child` of its node; `inside`: that node's children inside the box.
struct waiting {
    uint32_t leaf;
    uint16_t inside;
    uint8_t child;
};

/// One search or count on its way through the trie. Coordinates are biased.
struct query {
    const struct quadtree *qt;
    struct index_box box; // as asked, for the leaves
    uint32_t min_x, min_y, max_x, max_y;
    index_visit_fn *visit; // NULL never
    void *ctx;
    bool counting;             // sure points are added up, only unsure ones visited
    quadtree_leaf_fn *leaf_fn; // instead of all that: whole leaves
    uint64_t begun;            // the version
    uint64_t counted, nodes, candidates;
    unsigned waiting_count, found_count;
    struct waiting waiting[WAITING];
    uint32_t found[RUN + SCAN_POINTS]; // sure ones
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

static void approach_few(const struct quadtree *qt, const struct index_box *boxes, size_t count);
static void leaf_prefetch(const struct quadtree_leaf *leaf);
static void items_prefetch(const struct quadtree_leaf *leaf);
static bool run(struct query *q, const struct index_box *box, struct index_cost *cost);
static bool walk(struct query *q);
static bool node_visit(struct query *q, uint32_t node, unsigned depth, uint32_t x, uint32_t y);
static bool node_visit_all(struct query *q, uint32_t node, unsigned depth);
static bool leaf_wait(struct query *q, uint32_t leaf, unsigned child, uint32_t inside);
static bool waiting_look(struct query *q);
static bool leaf_look(struct query *q, uint32_t leaf, unsigned child, uint32_t inside);
static bool leaf_scan(struct query *q, const struct quadtree_leaf *leaf, unsigned count);
static bool leaf_take_all(struct query *q, const struct quadtree_leaf *leaf, unsigned count);
static bool found_give(struct query *q);
static bool give(struct query *q, const uint32_t *items, size_t count, bool sure);

bool quadtree_search(const struct index *ix, const struct index_box *box, index_visit_fn *visit,
                     void *ctx, struct index_cost *cost) {
    struct query q;
    q.qt = quadtree_of(ix);
    q.visit = visit;
    q.ctx = ctx;
    q.counting = false;
    q.leaf_fn = NULL;
    return run(&q, box, cost);
}

uint64_t quadtree_count(const struct index *ix, const struct index_box *box, index_visit_fn *unsure,
                        void *ctx, struct index_cost *cost) {
    struct query q;
    q.qt = quadtree_of(ix);
    q.visit = unsure;
    q.ctx = ctx;
    q.counting = true;
    q.leaf_fn = NULL;
    run(&q, box, cost);
    return q.counted;
}

void quadtree_search_leaves(const struct quadtree *qt, const struct index_box *box,
                            quadtree_leaf_fn *leaf_fn, void *ctx) {
    struct query q;
    q.qt = qt;
    q.ctx = ctx;
    q.counting = false;
    q.leaf_fn = leaf_fn;
    run(&q, box, NULL);
}

#define APPROACH 16 // boxes brought near together

/// Level by level, all boxes a step each, to the leaves of their south-west corners.
void quadtree_approach(const struct index *ix, const struct index_box *boxes, size_t count) {
    for (; count > APPROACH; boxes += APPROACH, count -= APPROACH)
        approach_few(quadtree_of(ix), boxes, APPROACH);
    approach_few(quadtree_of(ix), boxes, count);
}

static void approach_few(const struct quadtree *qt, const struct index_box *boxes, size_t count) {
    uint64_t morton[APPROACH];
    uint32_t ref[APPROACH];
    unsigned way[APPROACH]; // boxes still in nodes
    unsigned left = 0;
    for (size_t i = 0; i < count; i++) {
        morton[i] = quadtree_morton(quadtree_pair_of(&boxes[i]));
        ref[i] = QUADTREE_ROOT;
        way[left++] = (unsigned)i;
    }
    for (unsigned depth = 0; left && depth < QUADTREE_DEPTH; depth++) {
        unsigned still = 0;
        for (unsigned k = 0; k < left; k++) {
            unsigned i = way[k];
            ref[i] =
                quadtree_child(quadtree_children(qt, ref[i]), quadtree_child_of(morton[i], depth));
            if (ref[i] == QUADTREE_EMPTY) continue;
            if (quadtree_ref_is_leaf(ref[i])) {
                leaf_prefetch(quadtree_leaf_at(qt, quadtree_ref_leaf(ref[i])));
                items_prefetch(quadtree_leaf_at(qt, quadtree_ref_leaf(ref[i])));
            } else {
                __builtin_prefetch(quadtree_children(qt, ref[i]));
                way[still++] = i;
            }
        }
        left = still;
    }
}

static void leaf_prefetch(const struct quadtree_leaf *leaf) {
    for (unsigned slot = 0; slot < PREFETCHED; slot += 8)
        __builtin_prefetch(&leaf->at.at[slot]);
}
static void items_prefetch(const struct quadtree_leaf *leaf) {
    for (unsigned slot = 0; slot < PREFETCHED; slot += 16)
        __builtin_prefetch(&leaf->item[slot]);
}

static bool run(struct query *q, const struct index_box *box, struct index_cost *cost) {
    q->counted = q->nodes = q->candidates = 0;
    q->waiting_count = q->found_count = 0;
    q->box = *box;
    q->begun = index_read_begin(&q->qt->base);
    if (box->min_lon > box->max_lon || box->min_lat > box->max_lat || (q->begun & INDEX_CHANGING))
        return true;
    bool finished = walk(q) && waiting_look(q) && found_give(q);
    if (cost) {
        cost->nodes += q->nodes;
        cost->candidates += q->candidates;
    }
    return finished;
}

/// Straight down to the smallest cell that covers the box.
static bool walk(struct query *q) {
    q->min_x = morton_bias(q->box.min_lon);
    q->min_y = morton_bias(q->box.min_lat);
    q->max_x = morton_bias(q->box.max_lon);
    q->max_y = morton_bias(q->box.max_lat);
    uint64_t low = morton_of(q->min_x, q->min_y);
    uint32_t differ = (q->min_x ^ q->max_x) | (q->min_y ^ q->max_y);
    unsigned shared = differ ? (unsigned)__builtin_clz(differ) / 2 : QUADTREE_DEPTH;
    uint32_t ref = QUADTREE_ROOT;
    unsigned depth = 0;
    for (; depth < shared; depth++) {
        ref = quadtree_child(quadtree_children(q->qt, ref), quadtree_child_of(low, depth));
        if (ref == QUADTREE_EMPTY) return true;
        if (quadtree_ref_is_leaf(ref)) break;
    }
    q->nodes += depth;
    if (quadtree_ref_is_leaf(ref)) {
        leaf_prefetch(quadtree_leaf_at(q->qt, quadtree_ref_leaf(ref)));
        items_prefetch(quadtree_leaf_at(q->qt, quadtree_ref_leaf(ref)));
        return leaf_look(q, quadtree_ref_leaf(ref), 0, 0);
    }
    if (depth == QUADTREE_DEPTH) return true; // the writer was here
    uint64_t corner = depth ? low & ~(uint64_t)0 << (64 - 4 * depth) : 0;
    return node_visit(q, ref, depth, morton_x(corner), morton_y(corner));
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
    if (quadtree_changed(q->qt, q->begun)) return true;
    const _Atomic uint32_t *children = quadtree_children(q->qt, node);
    uint32_t before = QUADTREE_EMPTY;
    for (; touched; touched &= touched - 1) {
        unsigned child = (unsigned)__builtin_ctz(touched);
        uint32_t ref = quadtree_child(children, child);
        if (ref == before || ref == QUADTREE_EMPTY) continue; // a leaf's run is met once
        before = ref;
        bool go_on = true;
        if (quadtree_ref_is_leaf(ref)) {
            go_on = leaf_wait(q, quadtree_ref_leaf(ref), child, inside);
        } else if (depth + 1 == QUADTREE_DEPTH) {
            return true; // the writer was here
        } else if (inside >> child & 1) {
            go_on = node_visit_all(q, ref, depth + 1);
        } else {
            go_on = node_visit(q, ref, depth + 1, x + (quadtree_column(child) << side),
                               y + (quadtree_row(child) << side));
        }
        if (!go_on) return false;
    }
    return true;
}

static bool node_visit_all(struct query *q, uint32_t node, unsigned depth) {
    q->nodes++;
    if (q->counting) {
        q->counted += quadtree_items_of(q->qt, node);
        return true;
    }
    if (depth == QUADTREE_DEPTH || quadtree_changed(q->qt, q->begun)) return true;
    const _Atomic uint32_t *children = quadtree_children(q->qt, node);
    uint32_t before = QUADTREE_EMPTY;
    for (unsigned child = 0; child < 16; child++) {
        uint32_t ref = quadtree_child(children, child);
        if (ref == before || ref == QUADTREE_EMPTY) continue;
        before = ref;
        bool go_on = quadtree_ref_is_leaf(ref)
                         ? leaf_wait(q, quadtree_ref_leaf(ref), child, UINT16_MAX)
                         : node_visit_all(q, ref, depth + 1);
        if (!go_on) return false;
    }
    return true;
}

static bool leaf_wait(struct query *q, uint32_t leaf, unsigned child, uint32_t inside) {
    leaf_prefetch(quadtree_leaf_at(q->qt, leaf));
    q->waiting[q->waiting_count++] = (struct waiting){leaf, (uint16_t)inside, (uint8_t)child};
    return q->waiting_count < WAITING || waiting_look(q);
}

static bool waiting_look(struct query *q) {
    for (unsigned i = 0; i < q->waiting_count; i++)
        if (!leaf_look(q, q->waiting[i].leaf, q->waiting[i].child, q->waiting[i].inside))
            return false;
    q->waiting_count = 0;
    return true;
}

/// A leaf and those chained to it.
static bool leaf_look(struct query *q, uint32_t number, unsigned child, uint32_t inside) {
    for (;;) {
        const struct quadtree_leaf *leaf = quadtree_leaf_at(q->qt, number);
        struct quadtree_head head = quadtree_head_of(leaf);
        q->nodes++;
        bool go_on = true;
        if (q->leaf_fn) {
            q->leaf_fn(q->ctx, leaf, head.count);
        } else if (inside && (quadtree_run(child, quadtree_span(head.bits)) & ~inside) == 0) {
            go_on = leaf_take_all(q, leaf, head.count);
        } else {
            go_on = leaf_scan(q, leaf, head.count);
        }
        if (!go_on) return false;
        if (head.next == QUADTREE_NO_LEAF || quadtree_changed(q->qt, q->begun)) return true;
        number = head.next;
    }
}

static bool leaf_scan(struct query *q, const struct quadtree_leaf *leaf, unsigned count) {
    struct scan_hits hits = q->qt->scan->points(&leaf->at, count, &q->box);
    if (hits.in == 0) return true;
    if (q->counting) {
        q->counted += (unsigned)__builtin_popcountll(hits.sure);
    } else {
        for (uint64_t sure = hits.sure; sure; sure &= sure - 1)
            q->found[q->found_count++] = quadtree_item(leaf, (unsigned)__builtin_ctzll(sure));
        if (q->found_count >= RUN && !found_give(q)) return false;
    }
    uint64_t unsure = hits.in & ~hits.sure;
    if (unsure == 0) return true;
    uint32_t items[QUADTREE_LEAF_POINTS];
    unsigned n = 0;
    for (; unsure; unsure &= unsure - 1)
        items[n++] = quadtree_item(leaf, (unsigned)__builtin_ctzll(unsure));
    return give(q, items, n, false);
}

static bool leaf_take_all(struct query *q, const struct quadtree_leaf *leaf, unsigned count) {
    if (q->counting) {
        q->counted += count;
        return true;
    }
    q->qt->scan->copy(&leaf->item[1], count, q->found + q->found_count);
    q->found_count += count;
    return q->found_count < RUN || found_give(q);
}

static bool found_give(struct query *q) {
    unsigned count = q->found_count;
    q->found_count = 0;
    return count == 0 || give(q, q->found, count, true);
}

static bool give(struct query *q, const uint32_t *items, size_t count, bool sure) {
    q->candidates += count;
    return q->visit(q->ctx, items, count, sure);
}
