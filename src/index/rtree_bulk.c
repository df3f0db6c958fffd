// rtree_bulk.c - a packed tree: full nodes, tiled from the top down.
//
// A set is cut in two across its wider side until it fits a node, at a multiple of what a child holds, so that only
// the last node of a level is not full (as in OMT: Lee and Lee, "OMT: Overlap minimizing top-down bulk
// loading", 2003). Items much larger than a leaf's tile are tiled on their own: one of them makes its
// leaf's box as large as itself, for every search to look into.

#include "base/mem.h"
#include "index/load.h"
#include "index/rtree_node.h"

#define LARGE 8.0 // sides of an average leaf's tile

struct tile {
    int32_t x, y; // the middle
    uint32_t at;  // position in the caller's arrays
};

static void tiles_make(struct tile *tiles, const struct index_box *boxes, size_t count);
static void tiles_order(struct tile *tiles, size_t count, size_t child);
static void tiles_cut(struct tile *tiles, size_t count, size_t at, bool by_x);
static uint32_t nodes_for(size_t count);
static void leaves_fill(struct rtree *t, const struct index_box *boxes, const uint32_t *items,
                        const struct tile *tiles, size_t count);
static void level_fill(struct rtree *t, unsigned level, uint32_t first, uint32_t count);
static void node_finish(struct rtree *t, uint32_t node);

enum status rtree_bulk_load(struct index *ix, const struct index_box *boxes, const uint32_t *items,
                            size_t count) {
    struct rtree *t = (struct rtree *)(void *)ix;
    if (t->root != RTREE_NONE) return load_one_by_one(ix, boxes, items, count);
    if (count == 0) return STATUS_OK;
    if (count >= UINT32_MAX) return STATUS_TOO_LARGE;

    struct tile *tiles = mem_alloc(count * sizeof *tiles);
    if (!tiles) return STATUS_NO_MEMORY;
    pool_clear(&t->nodes);
    enum status st = pool_reserve(&t->nodes, nodes_for(count));
    if (st != STATUS_OK) {
        mem_free(tiles);
        return st;
    }
    tiles_make(tiles, boxes, count);

    // The pool is empty: numbers come in order, so a level is a run of numbers.
    leaves_fill(t, boxes, items, tiles, count);
    mem_free(tiles);
    uint32_t first = 0;
    for (unsigned level = 1; t->nodes.used - first > 1; level++) {
        uint32_t below = t->nodes.used - first;
        level_fill(t, level, first, below);
        first += below;
    }
    t->root = first;
    return STATUS_OK;
}

/// In the order of the leaves: the large ones, then the others.
static void tiles_make(struct tile *tiles, const struct index_box *boxes, size_t count) {
    struct index_box all = RTREE_BOX_EMPTY;
    for (size_t i = 0; i < count; i++)
        all = rtree_box_join(&all, &boxes[i]);
    double leaves = (double)count / RTREE_FANOUT, share = LARGE * LARGE / (leaves > 1 ? leaves : 1);
    double wide = (double)all.max_lon - all.min_lon, high = (double)all.max_lat - all.min_lat;
    size_t large = 0, small = count;
    for (size_t i = 0; i < count; i++) {
        const struct index_box *b = &boxes[i];
        double width = (double)b->max_lon - b->min_lon, height = (double)b->max_lat - b->min_lat;
        bool is_large =
            width * width > share * wide * wide || height * height > share * high * high;
        tiles[is_large ? large++ : --small] = (struct tile){
            .x = (int32_t)(((int64_t)b->min_lon + b->max_lon) / 2),
            .y = (int32_t)(((int64_t)b->min_lat + b->max_lat) / 2),
            .at = (uint32_t)i,
        };
    }
    tiles_order(tiles, large, RTREE_FANOUT);
    tiles_order(tiles + large, count - large, RTREE_FANOUT);
}

/// `child`: how many a child of the node to be holds, at least a leaf.
static void tiles_order(struct tile *tiles, size_t count, size_t child) {
    while (count > child * RTREE_FANOUT)
        child *= RTREE_FANOUT;
    while (count > RTREE_FANOUT) {
        if (count <= child) {
            child /= RTREE_FANOUT;
            continue;
        }
        int32_t west = INT32_MAX, east = INT32_MIN, south = INT32_MAX, north = INT32_MIN;
        for (size_t i = 0; i < count; i++) {
            west = tiles[i].x < west ? tiles[i].x : west;
            east = tiles[i].x > east ? tiles[i].x : east;
            south = tiles[i].y < south ? tiles[i].y : south;
            north = tiles[i].y > north ? tiles[i].y : north;
        }
        size_t children = (count + child - 1) / child, at = children / 2 * child;
        tiles_cut(tiles, count, at, (int64_t)east - west > (int64_t)north - south);
        tiles_order(tiles + at, count - at, child);
        count = at;
    }
}

/// Put the `at` least in front (Hoare's selection; the pivot wanders, so no order of the data is a bad one).
static void tiles_cut(struct tile *tiles, size_t count, size_t at, bool by_x) {
    size_t low = 0, high = count - 1, wander = 1;
    while (low < high) {
        wander = wander * 6364136223846793005u + 1442695040888963407u;
        const struct tile *middle = &tiles[low + (wander >> 33) % (high - low + 1)];
        int32_t pivot = by_x ? middle->x : middle->y;
        size_t i = low, j = high;
        for (;;) {
            while ((by_x ? tiles[i].x : tiles[i].y) < pivot)
                i++;
            while ((by_x ? tiles[j].x : tiles[j].y) > pivot)
                j--;
            if (i >= j) break;
            struct tile swapped = tiles[i];
            tiles[i++] = tiles[j];
            tiles[j--] = swapped;
        }
        // All before i are at most the pivot, all after j at least; at i = j it stands itself.
        if (i == j && at == i) return;
        if (at < i && at > j) return;
        if (at <= j) {
            high = i == j ? j - 1 : j;
        } else {
            low = i == j ? i + 1 : i;
        }
    }
}

static uint32_t nodes_for(size_t count) {
    uint64_t total = 0, level = count;
    do {
        level = (level + RTREE_FANOUT - 1) / RTREE_FANOUT;
        total += level;
    } while (level > 1);
    return (uint32_t)total;
}

static void leaves_fill(struct rtree *t, const struct index_box *boxes, const uint32_t *items,
                        const struct tile *tiles, size_t count) {
    for (size_t i = 0; i < count;) {
        uint32_t leaf = rtree_node_take(t, 0);
        for (unsigned k = 0; k < RTREE_FANOUT && i < count; k++, i++)
            rtree_entry_add(t, leaf, &(struct rtree_entry){boxes[tiles[i].at], items[tiles[i].at]});
        node_finish(t, leaf);
    }
}

static void level_fill(struct rtree *t, unsigned level, uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count;) {
        uint32_t node = rtree_node_take(t, level);
        for (unsigned k = 0; k < RTREE_FANOUT && i < count; k++, i++) {
            const struct rtree_node *child = rtree_node_at(t, first + i);
            rtree_entry_add(t, node, &(struct rtree_entry){child->box, first + i});
            rtree_node_at(t, node)->items += child->items;
        }
        node_finish(t, node);
    }
}

static void node_finish(struct rtree *t, uint32_t number) {
    struct rtree_node *n = rtree_node_at(t, number);
    n->box = rtree_node_bounds(n);
    if (n->level == 0) n->items = n->count;
}
