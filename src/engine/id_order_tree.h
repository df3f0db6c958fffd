// id_order_tree.h - the B+tree of id_order.h: slots in leaves, the first slot below each child in inner nodes.
//
// It holds slots only and reads keys from the rows that stand in them: a slot goes out before that key changes.
//
// Owner: id_order.c. Threads: one writer or many readers; its lock is the owner's. Bytes may be read at any time.

#ifndef ENGINE_ID_ORDER_TREE_H
#define ENGINE_ID_ORDER_TREE_H

#include "engine/id_order_key.h"
#include "engine/slots.h"

struct id_order_node;

/// All zero but for `slots` and `kind`: empty.
struct id_order_tree {
    const struct slots *slots;
    enum id_order_kind kind;
    unsigned height;            // inner levels
    struct id_order_node *root; // NULL: empty
    _Atomic size_t bytes;
};

void id_order_tree_clear(struct id_order_tree *t);
/// What is in it already stays once. False when memory runs out: the tree is of no use any more but to be cleared.
MUST_USE bool id_order_tree_insert(struct id_order_tree *t, uint32_t slot);
void id_order_tree_remove(struct id_order_tree *t, const struct id_order_key *key);
/// As id_order_collect; adds to `*count`.
void id_order_tree_collect(const struct id_order_tree *t, const struct id_order_key *after, bool at,
                           bool descending, const struct row **rows, size_t limit, size_t *count);
/// For tests: in order, every slot once.
bool id_order_tree_check(const struct id_order_tree *t, size_t expected);

#endif
