// geohash_tree.c - inserting, moving and removing points in Z order (geohash_tree_node.h draws the tree).
//
// Memory is reserved before anything changes, so a failed insert or move leaves no trace.

#include "index/geohash_tree.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "index/geohash_tree_node.h"
#include "index/load.h"

// A node that falls below a quarter joins a neighbour when both fill no more than three quarters.
#define THIN(n) ((n)->count < ((n)->level ? GEOHASH_TREE_INNER : GEOHASH_TREE_LEAF) / 4)
#define ROOMY(n) (((n)->level ? GEOHASH_TREE_INNER : GEOHASH_TREE_LEAF) / 4 * 3)

// How many eighths of a node stay when it splits.
#define HALF 4
#define MOST 7

/// The nodes from the root (0) to a leaf, and which child was taken.
struct path {
    uint64_t key;
    uint32_t item;
    unsigned depth;
    uint32_t node[GEOHASH_TREE_LEVELS];
    uint8_t slot[GEOHASH_TREE_LEVELS];
};

static enum status insert(struct index *ix, const struct index_box *box, uint32_t item);
static void remove_item(struct index *ix, const struct index_box *box, uint32_t item);
static enum status move(struct index *ix, const struct index_box *from, const struct index_box *to,
                        uint32_t item);
static enum status bulk_load(struct index *ix, const struct index_box *boxes, const uint32_t *items,
                             size_t count);
static bool extent(const struct index *ix, struct index_box *out);
static size_t items(const struct index *ix);
static size_t bytes(const struct index *ix);
static void free_index(struct index *ix);
static void clear(struct geohash_tree *t);
static enum status reserve(struct geohash_tree *t);
static void add(struct geohash_tree *t, const struct index_box *point, uint32_t item,
                unsigned eighths);
static void extent_add(struct geohash_tree *t, const struct index_box *point);
static void take_out(struct geohash_tree *t, const struct index_box *point, uint32_t item);
static uint32_t node_take(struct geohash_tree *t, unsigned level);
static void path_find(const struct geohash_tree *t, uint64_t key, uint32_t item, struct path *path);
static unsigned child_for(const struct geohash_tree_node *n, uint64_t key, uint32_t item);
static unsigned leaf_slot(const struct geohash_tree_node *n, uint64_t key, uint32_t item);
static void leaf_open(struct geohash_tree_node *n, unsigned slot, uint64_t key, uint32_t item);
static void inner_open(struct geohash_tree_node *n, unsigned slot, uint64_t key, uint32_t item,
                       uint32_t child);
static void inner_close(struct geohash_tree_node *n, unsigned slot);
static bool node_full(const struct geohash_tree_node *n);
static void root_grow(struct geohash_tree *t);
static void child_split(struct geohash_tree *t, struct geohash_tree_node *parent, unsigned slot,
                        unsigned eighths);
static uint32_t split(struct geohash_tree *t, uint32_t node, unsigned eighths, uint64_t *key,
                      uint32_t *item);
static void shrink_path(struct geohash_tree *t, const struct path *path);
static bool join(struct geohash_tree *t, struct geohash_tree_node *parent, unsigned left);

static const struct index_ops geohash_tree_ops = {
    .name = "geohash",
    .insert = insert,
    .remove = remove_item,
    .move = move,
    .bulk_load = bulk_load,
    .search = geohash_tree_search,
    .count = geohash_tree_count,
    .nearest = geohash_tree_nearest,
    .extent = extent,
    .items = items,
    .bytes = bytes,
    .check = geohash_tree_check,
    .free = free_index,
};

enum status geohash_tree_new(struct index **out) {
    struct geohash_tree *t = mem_zalloc(1, sizeof *t);
    if (!t) return STATUS_NO_MEMORY;
    t->base.ops = &geohash_tree_ops;
    pool_init(&t->nodes, GEOHASH_TREE_SHIFT, sizeof(struct geohash_tree_node),
              sizeof(struct geohash_tree_node) << GEOHASH_TREE_SHIFT, POOL_NONE - 1);
    if (pool_reserve(&t->nodes, 1) != STATUS_OK) {
        free_index(&t->base);
        return STATUS_NO_MEMORY;
    }
    clear(t);
    *out = &t->base;
    return STATUS_OK;
}

static struct geohash_tree *writable(struct index *ix) {
    return (struct geohash_tree *)(void *)ix;
}

static enum status insert(struct index *ix, const struct index_box *box, uint32_t item) {
    assert(index_box_is_point(box));
    struct geohash_tree *t = writable(ix);
    enum status st = reserve(t);
    if (st == STATUS_OK) add(t, box, item, HALF);
    return st;
}

static void remove_item(struct index *ix, const struct index_box *box, uint32_t item) {
    struct geohash_tree *t = writable(ix);
    take_out(t, box, item);
    if (items(ix) == 0) clear(t);
}

static enum status move(struct index *ix, const struct index_box *from, const struct index_box *to,
                        uint32_t item) {
    struct geohash_tree *t = writable(ix);
    enum status st = reserve(t);
    if (st != STATUS_OK) return st;
    take_out(t, from, item);
    add(t, to, item, HALF);
    return STATUS_OK;
}

/// In ascending order, so that only the last leaf splits: most of it stays behind.
static enum status bulk_load(struct index *ix, const struct index_box *boxes, const uint32_t *all,
                             size_t count) {
    struct load_key *keys = NULL;
    if (items(ix) > 0) return load_one_by_one(ix, boxes, all, count);
    enum status st = load_sort(boxes, count, load_morton, &keys);
    if (st != STATUS_OK) return st;
    struct geohash_tree *t = writable(ix);
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        st = reserve(t);
        if (st == STATUS_OK) add(t, &boxes[keys[i].at], all[keys[i].at], MOST);
    }
    mem_free(keys);
    if (st != STATUS_OK) clear(t);
    return st;
}

static bool extent(const struct index *ix, struct index_box *out) {
    *out = geohash_tree_of(ix)->extent;
    return items(ix) > 0;
}

static size_t items(const struct index *ix) {
    const struct geohash_tree *t = geohash_tree_of(ix);
    return geohash_tree_at(t, t->root)->items;
}

static size_t bytes(const struct index *ix) {
    const struct geohash_tree *t = geohash_tree_of(ix);
    return sizeof *t + pool_bytes(&t->nodes);
}

static void free_index(struct index *ix) {
    struct geohash_tree *t = writable(ix);
    pool_deinit(&t->nodes);
    mem_free(t);
}

static void clear(struct geohash_tree *t) {
    pool_clear(&t->nodes);
    t->root = node_take(t, 0);
    t->extent = (struct index_box){INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};
}

/// A node a level and two for a new root.
static enum status reserve(struct geohash_tree *t) {
    unsigned levels = geohash_tree_at(t, t->root)->level + 1u;
    if (levels >= GEOHASH_TREE_LEVELS) return STATUS_NO_MEMORY;
    return pool_reserve(&t->nodes, levels + 2);
}

/// Full nodes on the way down are split before they are entered, so that a parent always has room.
static void add(struct geohash_tree *t, const struct index_box *point, uint32_t item,
                unsigned eighths) {
    uint64_t key = geohash_tree_key(point);
    if (node_full(geohash_tree_at(t, t->root))) root_grow(t);
    struct geohash_tree_node *n = geohash_tree_at(t, t->root);
    while (n->level > 0) {
        unsigned slot = child_for(n, key, item);
        if (node_full(geohash_tree_at(t, n->inner.child[slot]))) {
            child_split(t, n, slot, eighths);
            slot = child_for(n, key, item);
        }
        n->items++;
        n = geohash_tree_at(t, n->inner.child[slot]);
    }
    n->items++;
    leaf_open(n, leaf_slot(n, key, item), key, item);
    extent_add(t, point);
}

static void extent_add(struct geohash_tree *t, const struct index_box *point) {
    struct index_box *e = &t->extent;
    if (point->min_lon < e->min_lon) e->min_lon = point->min_lon;
    if (point->min_lon > e->max_lon) e->max_lon = point->min_lon;
    if (point->min_lat < e->min_lat) e->min_lat = point->min_lat;
    if (point->min_lat > e->max_lat) e->max_lat = point->min_lat;
}

static void take_out(struct geohash_tree *t, const struct index_box *point, uint32_t item) {
    struct path path;
    path_find(t, geohash_tree_key(point), item, &path);
    struct geohash_tree_node *leaf = geohash_tree_at(t, path.node[path.depth]);
    unsigned slot = leaf_slot(leaf, path.key, item);
    assert(slot < leaf->count && leaf->leaf.item[slot] == item);
    unsigned behind = --leaf->count - slot;
    memmove(leaf->leaf.key + slot, leaf->leaf.key + slot + 1, behind * sizeof(uint64_t));
    memmove(leaf->leaf.item + slot, leaf->leaf.item + slot + 1, behind * sizeof(uint32_t));
    for (unsigned i = 0; i <= path.depth; i++)
        geohash_tree_at(t, path.node[i])->items--;
    shrink_path(t, &path);
}

static uint32_t node_take(struct geohash_tree *t, unsigned level) {
    uint32_t number = pool_take(&t->nodes);
    struct geohash_tree_node *n = geohash_tree_at(t, number);
    n->items = 0;
    n->level = (uint8_t)level;
    n->count = 0;
    return number;
}

static void path_find(const struct geohash_tree *t, uint64_t key, uint32_t item,
                      struct path *path) {
    path->key = key;
    path->item = item;
    path->depth = 0;
    path->node[0] = t->root;
    for (;;) {
        const struct geohash_tree_node *n = geohash_tree_at(t, path->node[path->depth]);
        if (n->level == 0) return;
        unsigned slot = child_for(n, key, item);
        path->slot[path->depth++] = (uint8_t)slot;
        path->node[path->depth] = n->inner.child[slot];
    }
}

/// The last child whose least entry is not behind (key, item).
static unsigned child_for(const struct geohash_tree_node *n, uint64_t key, uint32_t item) {
    unsigned low = 1, high = n->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (geohash_tree_before(key, item, n->inner.key[middle], n->inner.item[middle])) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low - 1;
}

/// The first entry that is not before (key, item).
static unsigned leaf_slot(const struct geohash_tree_node *n, uint64_t key, uint32_t item) {
    unsigned low = 0, high = n->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (geohash_tree_before(n->leaf.key[middle], n->leaf.item[middle], key, item)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void leaf_open(struct geohash_tree_node *n, unsigned slot, uint64_t key, uint32_t item) {
    unsigned behind = n->count++ - slot;
    memmove(n->leaf.key + slot + 1, n->leaf.key + slot, behind * sizeof(uint64_t));
    memmove(n->leaf.item + slot + 1, n->leaf.item + slot, behind * sizeof(uint32_t));
    n->leaf.key[slot] = key;
    n->leaf.item[slot] = item;
}

static void inner_open(struct geohash_tree_node *n, unsigned slot, uint64_t key, uint32_t item,
                       uint32_t child) {
    unsigned behind = n->count++ - slot;
    memmove(n->inner.key + slot + 1, n->inner.key + slot, behind * sizeof(uint64_t));
    memmove(n->inner.item + slot + 1, n->inner.item + slot, behind * sizeof(uint32_t));
    memmove(n->inner.child + slot + 1, n->inner.child + slot, behind * sizeof(uint32_t));
    n->inner.key[slot] = key;
    n->inner.item[slot] = item;
    n->inner.child[slot] = child;
}

static void inner_close(struct geohash_tree_node *n, unsigned slot) {
    unsigned behind = --n->count - slot;
    memmove(n->inner.key + slot, n->inner.key + slot + 1, behind * sizeof(uint64_t));
    memmove(n->inner.item + slot, n->inner.item + slot + 1, behind * sizeof(uint32_t));
    memmove(n->inner.child + slot, n->inner.child + slot + 1, behind * sizeof(uint32_t));
}

static bool node_full(const struct geohash_tree_node *n) {
    return n->count == (n->level ? GEOHASH_TREE_INNER : GEOHASH_TREE_LEAF);
}

static void root_grow(struct geohash_tree *t) {
    const struct geohash_tree_node *old = geohash_tree_at(t, t->root);
    uint32_t root = node_take(t, old->level + 1u);
    geohash_tree_at(t, root)->items = old->items;
    inner_open(geohash_tree_at(t, root), 0, 0, 0, t->root);
    t->root = root;
}

/// The parent has room.
static void child_split(struct geohash_tree *t, struct geohash_tree_node *parent, unsigned slot,
                        unsigned eighths) {
    uint64_t key;
    uint32_t item, right = split(t, parent->inner.child[slot], eighths, &key, &item);
    inner_open(parent, slot + 1, key, item, right);
}

/// What is behind the first `eighths` of a full node goes to a new one, whose least entry is given back.
static uint32_t split(struct geohash_tree *t, uint32_t number, unsigned eighths, uint64_t *key,
                      uint32_t *item) {
    struct geohash_tree_node *n = geohash_tree_at(t, number);
    uint32_t fresh = node_take(t, n->level);
    struct geohash_tree_node *right = geohash_tree_at(t, fresh);
    unsigned stay = n->count * eighths / 8;
    right->count = (uint8_t)(n->count - stay);
    n->count = (uint8_t)stay;
    if (n->level == 0) {
        memcpy(right->leaf.key, n->leaf.key + stay, right->count * sizeof(uint64_t));
        memcpy(right->leaf.item, n->leaf.item + stay, right->count * sizeof(uint32_t));
        *key = right->leaf.key[0];
        *item = right->leaf.item[0];
        right->items = right->count;
        n->items = n->count;
        return fresh;
    }
    memcpy(right->inner.key, n->inner.key + stay, right->count * sizeof(uint64_t));
    memcpy(right->inner.item, n->inner.item + stay, right->count * sizeof(uint32_t));
    memcpy(right->inner.child, n->inner.child + stay, right->count * sizeof(uint32_t));
    *key = right->inner.key[0];
    *item = right->inner.item[0];
    for (unsigned i = 0; i < right->count; i++)
        right->items += geohash_tree_at(t, right->inner.child[i])->items;
    n->items -= right->items;
    return fresh;
}

/// Drop an empty leaf, join thin nodes with a neighbour, from the leaf up; the root gives way to an only child.
static void shrink_path(struct geohash_tree *t, const struct path *path) {
    for (unsigned i = path->depth; i > 0; i--) {
        const struct geohash_tree_node *n = geohash_tree_at(t, path->node[i]);
        struct geohash_tree_node *parent = geohash_tree_at(t, path->node[i - 1]);
        unsigned slot = path->slot[i - 1];
        if (!THIN(n)) break;
        if (n->count == 0) {
            pool_give(&t->nodes, path->node[i]);
            inner_close(parent, slot);
        } else if (!(slot + 1u < parent->count && join(t, parent, slot)) && slot > 0) {
            join(t, parent, slot - 1);
        }
    }
    for (;;) {
        const struct geohash_tree_node *root = geohash_tree_at(t, t->root);
        if (root->level == 0 || root->count > 1) return;
        uint32_t child = root->count ? root->inner.child[0] : POOL_NONE;
        pool_give(&t->nodes, t->root);
        if (child == POOL_NONE)
            child = node_take(t, 0); // all gone: what was given serves as a leaf
        t->root = child;
    }
}

/// Child left + 1 moves into child left, if both are roomy together.
static bool join(struct geohash_tree *t, struct geohash_tree_node *parent, unsigned left) {
    uint32_t gone = parent->inner.child[left + 1];
    struct geohash_tree_node *a = geohash_tree_at(t, parent->inner.child[left]);
    struct geohash_tree_node *b = geohash_tree_at(t, gone);
    if (a->count + b->count > ROOMY(a)) return false;
    if (a->level == 0) {
        memcpy(a->leaf.key + a->count, b->leaf.key, b->count * sizeof(uint64_t));
        memcpy(a->leaf.item + a->count, b->leaf.item, b->count * sizeof(uint32_t));
    } else {
        b->inner.key[0] = parent->inner.key[left + 1]; // not kept true while it was the first
        b->inner.item[0] = parent->inner.item[left + 1];
        memcpy(a->inner.key + a->count, b->inner.key, b->count * sizeof(uint64_t));
        memcpy(a->inner.item + a->count, b->inner.item, b->count * sizeof(uint32_t));
        memcpy(a->inner.child + a->count, b->inner.child, b->count * sizeof(uint32_t));
    }
    a->count = (uint8_t)(a->count + b->count);
    a->items += b->items;
    pool_give(&t->nodes, gone);
    inner_close(parent, left + 1);
    return true;
}
