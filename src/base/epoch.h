// epoch.h - readers never wait, memory is freed when the last one that could see it has left.
//
//   reader:  epoch_enter(e, id) ... load pointers, use what they point to ... epoch_leave(e, id)
//   writer:  unlink, then epoch_retire(e, ptr, free_fn): freed once every reader that was
//            inside at that moment has left.
//
// Fraser, "Practical lock-freedom" (2004), with three epochs. A reader id is one thread's at a
// time; enter/leave nest (a depth is kept) and touch one cache line of the reader's own.
// Retired memory waits in lists of the epoch (one mutex, held for pushes and for taking a
// list off, never while freeing). A reader that never leaves keeps memory from being freed, so
// workers leave at least once per turn of their loop.

#ifndef BASE_EPOCH_H
#define BASE_EPOCH_H

#include <stddef.h>

#include "base/status.h"

struct epoch;

#define EPOCH_MAX_READERS 256

MUST_USE enum status epoch_new(struct epoch **out);
/// Frees all that was retired. No reader may be inside.
void epoch_free(struct epoch *e);

/// Take a reader id (0 .. EPOCH_MAX_READERS-1). BUSY when all are taken.
MUST_USE enum status epoch_register(struct epoch *e, unsigned *reader);
void epoch_unregister(struct epoch *e, unsigned reader);
/// One more than the highest id ever registered.
unsigned epoch_reader_count(const struct epoch *e);

void epoch_enter(struct epoch *e, unsigned reader);
void epoch_leave(struct epoch *e, unsigned reader);

/// Hand `ptr` over to be freed by `free_fn` when it is safe. Never fails: without memory to note it
/// down, it waits for the readers to leave and frees at once (so: not from inside enter/leave).
void epoch_retire(struct epoch *e, void *ptr, void (*free_fn)(void *));
/// The same with the note brought along: `node` stands first in what is to be freed. Never allocates,
/// never waits: for use inside enter/leave and under locks.
struct epoch_node {
    struct epoch_node *next;
    void (*free_fn)(struct epoch_node *node);
};
void epoch_retire_node(struct epoch *e, struct epoch_node *node);
/// Free what can be freed now; call it now and then from a writer or a loop's idle turn.
void epoch_collect(struct epoch *e);

#endif
