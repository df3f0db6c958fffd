// rtree.c - inserting, moving and removing boxes (rtree_node.h draws the tree).
//
// Memory is reserved before anything changes, so a failed insert or move leaves no trace.

#include "index/rtree.h"

#include <assert.h>

#include "base/mem.h"
#include "index/rtree_node.h"

#define FEW 4 // a node with no more entries moves in with a sibling that has room

static enum status insert(struct index *ix, const struct index_box *box, uint32_t item);
static void remove_item(struct index *ix, const struct index_box *box, uint32_t item);
static enum status move(struct index *ix, const struct index_box *from, const struct index_box *to,
                        uint32_t item);
static bool extent(const struct index *ix, struct index_box *out);
static size_t items(const struct index *ix);
static size_t bytes(const struct index *ix);
static void free_index(struct index *ix);
static enum status reserve(struct rtree *t);
static void add(struct rtree *t, const struct index_box *box, uint32_t item);
static void take_out(struct rtree *t, uint32_t place);
static uint32_t descend(struct rtree *t, const struct index_box *box);
static void split_upwards(struct rtree *t, uint32_t node, const struct rtree_entry *entry);
static uint32_t split(struct rtree *t, uint32_t node, const struct rtree_entry *entry);
static void root_grow(struct rtree *t, uint32_t left, uint32_t right);
static void root_shrink(struct rtree *t);
static void entry_link(struct rtree *t, uint32_t node, unsigned slot);
static void entry_remove(struct rtree *t, uint32_t node, unsigned slot);
static void node_refresh(struct rtree *t, uint32_t node);
static void node_set_box(struct rtree *t, struct rtree_node *n, const struct index_box *box);
static void tighten_upwards(struct rtree *t, uint32_t node);
static void shrink_upwards(struct rtree *t, uint32_t node);
static bool merge_into_sibling(struct rtree *t, uint32_t node);

static const struct index_ops rtree_ops = {
    .name = "rtree",
    .insert = insert,
    .remove = remove_item,
    .move = move,
    .bulk_load = rtree_bulk_load,
    .search = rtree_search,
    .count = rtree_count,
    .nearest = rtree_nearest,
    .extent = extent,
    .items = items,
    .bytes = bytes,
    .check = rtree_check,
    .free = free_index,
};

enum status rtree_new(struct places *places, struct index **out) {
    struct rtree *t = mem_zalloc(1, sizeof *t);
    if (!t) return STATUS_NO_MEMORY;
    t->base.ops = &rtree_ops;
    t->places = places;
    t->scan = scan_kernels();
    t->bounds = bound_boxes();
    t->root = RTREE_NONE;
    pool_init(&t->nodes, RTREE_NODE_SHIFT, sizeof(struct rtree_node),
              sizeof(struct rtree_node) << RTREE_NODE_SHIFT, (UINT32_MAX >> RTREE_SLOT_BITS) - 1);
    *out = &t->base;
    return STATUS_OK;
}

static struct rtree *writable(struct index *ix) {
    return (struct rtree *)(void *)ix;
}

static enum status insert(struct index *ix, const struct index_box *box, uint32_t item) {
    struct rtree *t = writable(ix);
    enum status st = reserve(t);
    if (st == STATUS_OK) add(t, box, item);
    return st;
}

static void remove_item(struct index *ix, const struct index_box *box, uint32_t item) {
    (void)box;
    struct rtree *t = writable(ix);
    uint32_t *place = places_at(t->places, item);
    take_out(t, *place);
    *place = PLACES_NONE;
}

static enum status move(struct index *ix, const struct index_box *from, const struct index_box *to,
                        uint32_t item) {
    (void)from;
    struct rtree *t = writable(ix);
    uint32_t place = *places_at(t->places, item);
    struct rtree_node *leaf = rtree_node_at(t, place >> RTREE_SLOT_BITS);
    if (rtree_box_holds(&leaf->box, to)) {
        rtree_entry_set_box(leaf, place & (RTREE_FANOUT - 1), to);
        return STATUS_OK;
    }
    enum status st = reserve(t);
    if (st != STATUS_OK) return st;
    take_out(t, place);
    add(t, to, item);
    return STATUS_OK;
}

static bool extent(const struct index *ix, struct index_box *out) {
    const struct rtree *t = rtree_of(ix);
    if (t->root == RTREE_NONE) return false;
    *out = rtree_node_at(t, t->root)->box;
    return true;
}

static size_t items(const struct index *ix) {
    const struct rtree *t = rtree_of(ix);
    return t->root == RTREE_NONE ? 0 : rtree_node_at(t, t->root)->items;
}

static size_t bytes(const struct index *ix) {
    const struct rtree *t = rtree_of(ix);
    return sizeof *t + pool_bytes(&t->nodes);
}

static void free_index(struct index *ix) {
    struct rtree *t = writable(ix);
    pool_deinit(&t->nodes);
    mem_free(t);
}

/// Room for the longest row of splits: one node a level, a new root, and a first leaf.
static enum status reserve(struct rtree *t) {
    uint32_t levels = t->root == RTREE_NONE ? 0 : rtree_node_at(t, t->root)->level + 1u;
    if (levels >= UINT8_MAX) return STATUS_NO_MEMORY;
    return pool_reserve(&t->nodes, levels + 2);
}

static void add(struct rtree *t, const struct index_box *box, uint32_t item) {
    if (t->root == RTREE_NONE) t->root = rtree_node_take(t, 0);
    struct rtree_entry entry = {*box, item};
    uint32_t leaf = descend(t, box);
    if (rtree_node_at(t, leaf)->count < RTREE_FANOUT) {
        rtree_entry_add(t, leaf, &entry);
    } else {
        split_upwards(t, leaf, &entry);
    }
}

static void take_out(struct rtree *t, uint32_t place) {
    uint32_t leaf = place >> RTREE_SLOT_BITS;
    entry_remove(t, leaf, place & (RTREE_FANOUT - 1));
    for (uint32_t n = leaf; n != RTREE_NONE; n = rtree_node_at(t, n)->parent)
        rtree_node_at(t, n)->items--;
    tighten_upwards(t, leaf);
    shrink_upwards(t, leaf);
    root_shrink(t);
}

/// To the leaf for a box, which is counted and enclosed by every node on the way.
static uint32_t descend(struct rtree *t, const struct index_box *box) {
    uint32_t number = t->root;
    for (;;) {
        struct rtree_node *n = rtree_node_at(t, number);
        n->items++;
        if (!rtree_box_holds(&n->box, box)) {
            struct index_box wider = rtree_box_join(&n->box, box);
            node_set_box(t, n, &wider);
        }
        if (n->level == 0) return number;
        number = n->child[rtree_choose_child(t, n, box)];
    }
}

/// An entry for a full node: split it, and its parents as far as they are full.
static void split_upwards(struct rtree *t, uint32_t number, const struct rtree_entry *entry) {
    struct rtree_entry adding = *entry;
    for (;;) {
        uint32_t parent = rtree_node_at(t, number)->parent;
        uint32_t fresh = split(t, number, &adding);
        if (parent == RTREE_NONE) {
            root_grow(t, number, fresh);
            return;
        }
        adding = (struct rtree_entry){rtree_node_at(t, fresh)->box, fresh};
        if (rtree_node_at(t, parent)->count < RTREE_FANOUT) {
            rtree_entry_add(t, parent, &adding);
            return;
        }
        number = parent;
    }
}

/// Divide a full node and one more entry between it and a new one.
static uint32_t split(struct rtree *t, uint32_t number, const struct rtree_entry *entry) {
    struct rtree_node *n = rtree_node_at(t, number);
    struct rtree_entry all[RTREE_FANOUT + 1];
    for (unsigned i = 0; i < RTREE_FANOUT; i++)
        all[i] = (struct rtree_entry){rtree_entry_box(n, i), n->child[i]};
    all[RTREE_FANOUT] = *entry;

    uint8_t order[RTREE_FANOUT + 1];
    unsigned stay = rtree_split_order(all, order);
    uint32_t fresh = rtree_node_take(t, n->level);
    n->count = 0;
    for (unsigned i = 0; i <= RTREE_FANOUT; i++)
        rtree_entry_add(t, i < stay ? number : fresh, &all[order[i]]);
    node_refresh(t, number);
    node_refresh(t, fresh);
    return fresh;
}

static void root_grow(struct rtree *t, uint32_t left, uint32_t right) {
    uint32_t root = rtree_node_take(t, rtree_node_at(t, left)->level + 1u);
    rtree_entry_add(t, root, &(struct rtree_entry){rtree_node_at(t, left)->box, left});
    rtree_entry_add(t, root, &(struct rtree_entry){rtree_node_at(t, right)->box, right});
    node_refresh(t, root);
    t->root = root;
}

static void root_shrink(struct rtree *t) {
    while (t->root != RTREE_NONE) {
        struct rtree_node *root = rtree_node_at(t, t->root);
        if (root->count > 1 || (root->level == 0 && root->count == 1)) return;
        uint32_t next = root->count == 0 ? RTREE_NONE : root->child[0];
        pool_give(&t->nodes, t->root);
        t->root = next;
        if (next != RTREE_NONE) rtree_node_at(t, next)->parent = RTREE_NONE;
    }
    pool_clear(&t->nodes);
}

uint32_t rtree_node_take(struct rtree *t, unsigned level) {
    uint32_t number = pool_take(&t->nodes);
    struct rtree_node *n = rtree_node_at(t, number);
    n->parent = RTREE_NONE;
    n->box = RTREE_BOX_EMPTY;
    n->items = 0;
    n->level = (uint8_t)level;
    n->count = 0;
    n->slot = 0;
    return number;
}

void rtree_entry_add(struct rtree *t, uint32_t node, const struct rtree_entry *entry) {
    struct rtree_node *n = rtree_node_at(t, node);
    assert(n->count < RTREE_FANOUT);
    unsigned slot = n->count++;
    rtree_entry_set_box(n, slot, &entry->box);
    n->child[slot] = entry->child;
    entry_link(t, node, slot);
}

/// Tell what an entry refers to where it is.
static void entry_link(struct rtree *t, uint32_t node, unsigned slot) {
    const struct rtree_node *n = rtree_node_at(t, node);
    if (n->level == 0) {
        *places_at(t->places, n->child[slot]) = node << RTREE_SLOT_BITS | slot;
        return;
    }
    struct rtree_node *child = rtree_node_at(t, n->child[slot]);
    child->parent = node;
    child->slot = (uint8_t)slot;
}

static void entry_remove(struct rtree *t, uint32_t node, unsigned slot) {
    struct rtree_node *n = rtree_node_at(t, node);
    unsigned last = --n->count;
    if (slot == last) return;
    struct index_box box = rtree_entry_box(n, last);
    rtree_entry_set_box(n, slot, &box);
    n->child[slot] = n->child[last];
    entry_link(t, node, slot);
}

struct index_box rtree_node_bounds(const struct rtree_node *n) {
    struct index_box box = RTREE_BOX_EMPTY;
    for (unsigned i = 0; i < n->count; i++) {
        struct index_box entry = rtree_entry_box(n, i);
        box = rtree_box_join(&box, &entry);
    }
    return box;
}

/// Work out box and items of a node whose entries are right.
static void node_refresh(struct rtree *t, uint32_t number) {
    struct rtree_node *n = rtree_node_at(t, number);
    n->items = n->count;
    if (n->level > 0) {
        n->items = 0;
        for (unsigned i = 0; i < n->count; i++)
            n->items += rtree_node_at(t, n->child[i])->items;
    }
    struct index_box box = rtree_node_bounds(n);
    node_set_box(t, n, &box);
}

/// In the node and in its parent's entry.
static void node_set_box(struct rtree *t, struct rtree_node *n, const struct index_box *box) {
    n->box = *box;
    if (n->parent != RTREE_NONE) rtree_entry_set_box(rtree_node_at(t, n->parent), n->slot, box);
}

static void tighten_upwards(struct rtree *t, uint32_t number) {
    while (number != RTREE_NONE) {
        struct rtree_node *n = rtree_node_at(t, number);
        struct index_box box = rtree_node_bounds(n);
        if (rtree_box_equal(&box, &n->box)) return;
        node_set_box(t, n, &box);
        number = n->parent;
    }
}

/// Drop empty nodes and merge thin ones from a leaf up to the root.
static void shrink_upwards(struct rtree *t, uint32_t number) {
    for (;;) {
        struct rtree_node *n = rtree_node_at(t, number);
        uint32_t parent = n->parent;
        if (parent == RTREE_NONE) return;
        if (n->count > FEW || (n->count > 0 && !merge_into_sibling(t, number))) return;
        unsigned slot = n->slot;
        pool_give(&t->nodes, number);
        entry_remove(t, parent, slot);
        tighten_upwards(t, parent);
        number = parent;
    }
}

/// All entries to the sibling with room that grows least; false when none has room.
static bool merge_into_sibling(struct rtree *t, uint32_t number) {
    struct rtree_node *n = rtree_node_at(t, number);
    const struct rtree_node *parent = rtree_node_at(t, n->parent);
    uint32_t best = RTREE_NONE;
    double least = 0;
    for (unsigned i = 0; i < parent->count; i++) {
        if (i == n->slot || rtree_node_at(t, parent->child[i])->count + n->count > RTREE_FANOUT)
            continue;
        struct index_box own = rtree_entry_box(parent, i);
        struct index_box joined = rtree_box_join(&own, &n->box);
        double enlargement = rtree_box_area(&joined) - rtree_box_area(&own);
        if (best != RTREE_NONE && enlargement >= least) continue;
        best = parent->child[i];
        least = enlargement;
    }
    if (best == RTREE_NONE) return false;

    struct rtree_node *sibling = rtree_node_at(t, best);
    for (unsigned i = 0; i < n->count; i++)
        rtree_entry_add(t, best, &(struct rtree_entry){rtree_entry_box(n, i), n->child[i]});
    sibling->items += n->items;
    struct index_box joined = rtree_box_join(&sibling->box, &n->box);
    node_set_box(t, sibling, &joined);
    n->count = 0;
    n->items = 0;
    return true;
}
