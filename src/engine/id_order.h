// id_order.h - a collection's slots in the order of ids, and those of its strings in the order of their values.
//
//   tree --> inner nodes (the first slot of each child) --> leaves of slots --> rows, which hold the keys
//
// A B+tree holds slots only: keys are read from the rows. So a slot goes out before its row's key changes or the row
// goes, and in after the new row stands in the slot. Each tree is made when first asked for and from then on follows every
// change; one that finds no memory to follow is given up, and made anew at its next use.
//
// Threads: id_order_collect and id_order_make from any thread inside the epoch; leave and enter by the holder of the id's
//          stripe, inside the epoch. A lock for each tree, the last in the order of locks but mutexes of memory.

#ifndef ENGINE_ID_ORDER_H
#define ENGINE_ID_ORDER_H

#include "engine/id_map.h"
#include "engine/id_order_key.h"
#include "engine/slots.h"

struct id_order;

/// Both are borrowed for its life: the collection's.
MUST_USE enum status id_order_new(const struct slots *slots, struct id_map *ids,
                                  struct id_order **out);
/// NULL is allowed.
void id_order_free(struct id_order *o);
/// Around the moment in which `after` (NULL: nothing) takes the place of `before` (NULL: nothing) in the slot.
void id_order_leave(struct id_order *o, const struct row *before, const struct row *after);
void id_order_enter(struct id_order *o, const struct row *before, const struct row *after);

/// Make the tree, when it is not there. Everybody who changes the collection sees `o` from before the call on.
/// NO_MEMORY.
MUST_USE enum status id_order_make(struct id_order *o, enum id_order_kind kind);
/// The first rows behind `after` (NULL: from the end that comes first), at most `limit`; with `at`, that key's own too.
/// False when the tree is not there (any more).
bool id_order_collect(struct id_order *o, enum id_order_kind kind, const struct id_order_key *after,
                      bool at, bool descending, const struct row **rows, size_t limit,
                      size_t *count);
size_t id_order_bytes(const struct id_order *o);
/// For tests: in order, every slot once, counts right.
bool id_order_check(struct id_order *o, enum id_order_kind kind, size_t expected);

#endif
