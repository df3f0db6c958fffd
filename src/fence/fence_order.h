// fence_order.h - fences of one kind by id: a skip list (Pugh, "Skip lists", 1990).
//
// Owner: the engine, under its lock of fences.

#ifndef FENCE_FENCE_ORDER_H
#define FENCE_FENCE_ORDER_H

#include "fence/fence.h"

#define FENCE_ORDER_LEVELS 16 // a quarter rises to each next one

struct fence_order_node {
    struct fence *fence;
    unsigned levels;
    struct fence_order_node *next[]; // one for each level
};

struct fence_order {
    struct fence_order_node *first[FENCE_ORDER_LEVELS];
    size_t count;
    uint64_t random; // of the levels; any start
};

void fence_order_deinit(struct fence_order *o);
/// The first whose id comes after `id` (with `or_equal`: or is it); NULL when there is none.
struct fence_order_node *fence_order_after(const struct fence_order *o, struct str id,
                                           bool or_equal);
static inline struct fence_order_node *fence_order_next(const struct fence_order_node *n) {
    return n->next[0];
}
/// NULL when there is none.
struct fence *fence_order_find(const struct fence_order *o, struct str id);
/// A node to be inserted later, so that inserting cannot fail. NULL: no memory.
struct fence_order_node *fence_order_node_new(struct fence_order *o, struct fence *f);
void fence_order_node_free(struct fence_order_node *n);
/// Its id is not in it.
void fence_order_insert(struct fence_order *o, struct fence_order_node *n);
/// Take it out and free the node. The fence, or NULL.
struct fence *fence_order_remove(struct fence_order *o, struct str id);

#endif
