// quadtree_search.c - boxes and counts in the trie: cells are arithmetic, leaves are compared by SIMD.
//
// Leaves found on the way wait until many are known, so that their misses overlap; what is found
// is given in runs.

#include "index/quadtree_node.h"

#define WAITING 32
#define BIAS 0x8000000080000000u // of a pair, as morton_bias
#define RUN 64                   // items given at once, about
#define PREFETCHED 48 // slots of a leaf, before its count is known: most have fewer points

/// A leaf that touches the box, met as `child` of its node; `inside`: that node's children inside the box.
struct waiting {
    const struct quadtree_leaf *leaf;
    uint16_t inside;
    uint8_t child;
};

/// One search or count on its way through the trie. Coordinates are biased.
struct query {
    const struct quadtree *qt;
    const struct index_box *box; // as asked, for the leaves
    uint32_t min_x, min_y, max_x, max_y;
    index_visit_fn *visit;
    void *ctx;
    bool counting;  // sure points are added up, only unsure ones visited
    uint64_t begun; // the version
    uint64_t counted, nodes, candidates;
    unsigned waiting_count, found_count;
    struct waiting waiting[WAITING];
    uint32_t found[RUN + SCAN_POINTS + SCAN_SLACK]; // sure ones
};

static void approach_few(const struct quadtree *qt, const struct index_box *boxes, size_t count);
static void points_prefetch(const struct quadtree_leaf *leaf);
static void items_prefetch(const struct quadtree_leaf *leaf);
static bool run(struct query *q, const struct index_box *box, struct index_cost *cost);
static bool walk(struct query *q);
static bool node_visit(struct query *q, uint32_t node, unsigned depth, uint32_t x, uint32_t y);
static bool node_visit_all(struct query *q, uint32_t node, unsigned depth);
static bool leaf_wait(struct query *q, uint32_t leaf, unsigned child, uint32_t inside);
static bool waiting_look(struct query *q);
static bool leaf_look(struct query *q, const struct quadtree_leaf *leaf, unsigned child,
                      uint32_t inside);
static bool leaf_scan(struct query *q, const struct quadtree_leaf *leaf, unsigned count);
static bool leaf_take_all(struct query *q, const struct quadtree_leaf *leaf, unsigned count);
static bool unsure_give(struct query *q, const struct quadtree_leaf *leaf, uint64_t unsure);
static bool found_give(struct query *q);
static bool give(struct query *q, const uint32_t *items, size_t count, bool sure);

bool quadtree_search(const struct index *ix, const struct index_box *box, index_visit_fn *visit,
                     void *ctx, struct index_cost *cost) {
    struct query q;
    q.qt = quadtree_of(ix);
    q.visit = visit;
    q.ctx = ctx;
    q.counting = false;
    return run(&q, box, cost);
}

uint64_t quadtree_count(const struct index *ix, const struct index_box *box, index_visit_fn *unsure,
                        void *ctx, struct index_cost *cost) {
    struct query q;
    q.qt = quadtree_of(ix);
    q.visit = unsure;
    q.ctx = ctx;
    q.counting = true;
    run(&q, box, cost);
    return q.counted;
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
                points_prefetch(quadtree_leaf_at(qt, quadtree_ref_leaf(ref[i])));
                items_prefetch(quadtree_leaf_at(qt, quadtree_ref_leaf(ref[i])));
            } else {
                __builtin_prefetch(quadtree_children(qt, ref[i]));
                way[still++] = i;
            }
        }
        left = still;
    }
}

static void points_prefetch(const struct quadtree_leaf *leaf) {
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
    q->box = box;
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
    // Two by two, as the box was likely written a moment ago.
    uint64_t low = scan_pair(q->box->min_lon, q->box->min_lat) ^ BIAS;
    uint64_t high = scan_pair(q->box->max_lon, q->box->max_lat) ^ BIAS;
    uint32_t differ = (uint32_t)(low ^ high) | (uint32_t)((low ^ high) >> 32);
    unsigned shared = differ ? (unsigned)__builtin_clz(differ) / 2 : QUADTREE_DEPTH;
    q->min_x = (uint32_t)low;
    q->min_y = (uint32_t)(low >> 32);
    q->max_x = (uint32_t)high;
    q->max_y = (uint32_t)(high >> 32);
    uint32_t ref = QUADTREE_ROOT;
    unsigned depth = 0;
    for (uint32_t x = q->min_x, y = q->min_y; depth < shared; depth++, x <<= 2, y <<= 2) {
        ref = quadtree_child(quadtree_children(q->qt, ref), quadtree_child_at(x >> 30, y >> 30));
        if (ref == QUADTREE_EMPTY) return true;
        if (quadtree_ref_is_leaf(ref)) break;
    }
    q->nodes += depth;
    if (quadtree_ref_is_leaf(ref)) {
        const struct quadtree_leaf *leaf = quadtree_leaf_at(q->qt, quadtree_ref_leaf(ref));
        points_prefetch(leaf);
        if (!q->counting) items_prefetch(leaf);
        return leaf_look(q, leaf, 0, 0);
    }
    if (depth == QUADTREE_DEPTH) return true; // the writer was here
    uint32_t rest = UINT32_MAX >> (2 * depth);
    return node_visit(q, ref, depth, q->min_x & ~rest, q->min_y & ~rest);
}

/// The children of a node with its corner at x, y that touch the box; those inside as a whole.
static bool node_visit(struct query *q, uint32_t node, unsigned depth, uint32_t x, uint32_t y) {
    unsigned side = 30 - 2 * depth; // a child is 1 << side wide
    uint32_t rest = UINT32_MAX >> (2 * depth), end_x = x | rest, end_y = y | rest;
    bool from_west = q->min_x<x, to_east = q->max_x> end_x;
    bool from_south = q->min_y<y, to_north = q->max_y> end_y;
    unsigned west = (from_west ? 0 : q->min_x - x) >> side;
    unsigned south = (from_south ? 0 : q->min_y - y) >> side;
    unsigned east = ((to_east ? end_x : q->max_x) - x) >> side;
    unsigned north = ((to_north ? end_y : q->max_y) - y) >> side;
    uint32_t touched = quadtree_columns(west, east + 1) & quadtree_rows(south, north + 1);
    // A column that holds an edge of the box may have points on that edge, so it is not inside.
    uint32_t inside = quadtree_columns(west + !from_west, east + to_east) &
                      quadtree_rows(south + !from_south, north + to_north);

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

static bool leaf_wait(struct query *q, uint32_t number, unsigned child, uint32_t inside) {
    const struct quadtree_leaf *leaf = quadtree_leaf_at(q->qt, number);
    if (inside >> child & 1) {
        __builtin_prefetch(leaf);
    } else {
        points_prefetch(leaf);
    }
    if (!q->counting) items_prefetch(leaf);
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
static bool leaf_look(struct query *q, const struct quadtree_leaf *leaf, unsigned child,
                      uint32_t inside) {
    for (;;) {
        struct quadtree_head head = quadtree_head_of(leaf);
        bool covered = inside && (quadtree_run(child, quadtree_span(head.bits)) & ~inside) == 0;
        q->nodes++;
        if (!(covered ? leaf_take_all(q, leaf, head.count) : leaf_scan(q, leaf, head.count)))
            return false;
        if (head.next == QUADTREE_NO_LEAF || quadtree_changed(q->qt, q->begun)) return true;
        leaf = quadtree_leaf_at(q->qt, head.next);
    }
}

static bool leaf_scan(struct query *q, const struct quadtree_leaf *leaf, unsigned count) {
    uint64_t unsure = 0;
    if (q->counting) {
        q->counted += q->qt->scan->find(&leaf->at, count, q->box, NULL, NULL, &unsure);
    } else {
        q->found_count += q->qt->scan->find(&leaf->at, count, q->box, leaf->item,
                                            q->found + q->found_count, &unsure);
        if (q->found_count >= RUN && !found_give(q)) return false;
    }
    return unsure == 0 || unsure_give(q, leaf, unsure);
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

static bool unsure_give(struct query *q, const struct quadtree_leaf *leaf, uint64_t unsure) {
    uint32_t items[QUADTREE_LEAF_POINTS];
    unsigned n = 0;
    for (; unsure; unsure &= unsure - 1)
        items[n++] = quadtree_item(leaf, (unsigned)__builtin_ctzll(unsure));
    return give(q, items, n, false);
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
