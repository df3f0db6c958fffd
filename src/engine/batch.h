// batch.h - the changes of one engine_apply on their way through the locks.
//
//   change --> item --> chain (all items of one id, in order) --> touched (all of one collection)
//
// A chain knows what stands in its slot before the batch and what will stand there after, so that ids
// that come up several times cost the index one operation.
// Lives in the scratch arena of its reader; one thread.

#ifndef ENGINE_BATCH_H
#define ENGINE_BATCH_H

#include "engine/relocation.h"

#define BATCH_NONE UINT32_MAX

#define BATCH_SPARE 64 // slots taken at a time

/// One change.
struct batch_item {
    uint32_t chain;      // BATCH_NONE: it failed before
    uint32_t record_len; // its record in the batch, 0: none
    size_t record_at;
    struct row *row; // the new state while it is not visible, NULL: none
    bool decided;    // it holds: part of its chain
};

/// One id.
struct batch_chain {
    struct str id;
    uint64_t hash;
    struct row *before;      // stands in the slot, or NULL
    struct row *after;       // will stand there, or NULL
    struct relocation place; // between both, set by placing.c
    uint32_t touched;
    uint32_t slot;  // BATCH_NONE: none yet
    uint32_t next;  // in the list of a shard
    bool fresh;     // the slot was taken and the id entered by this batch
    bool looked_up; // `before` is known
    bool failed;    // no memory in the index: stays as it was
};

/// One collection.
struct batch_touched {
    struct collection *collection;
    struct str name;
    uint16_t stripes;     // bit i: to be locked
    bool described;       // its RECORD_META is in the batch
    int64_t count, bytes; // what the batch adds
};

/// What readers may still look at, handed to the epoch in one piece.
struct batch_retired {
    struct epoch_node node;
    size_t count, cap;
    size_t bytes; // of the rows
    struct row *rows[];
};

/// All that a batch of one change needs.
struct batch_single {
    struct batch_item item;
    struct batch_chain chain;
    struct batch_touched touched;
    uint32_t order, chain_table, touched_table;
};

struct batch {
    struct engine *engine;
    struct engine_reader *reader;
    int64_t now_ms;
    bool expiring; // by upkeep: deletes what is due and nothing else
    bool watched;  // there are fences: changes are matched
    const struct change *changes;
    struct change_result *results;
    size_t count;
    struct batch_item *items;
    struct batch_chain *chains;
    size_t chain_count;
    struct batch_touched *touched;
    size_t touched_count;
    uint32_t *order;                       // of locking: numbers of touched, by incarnation
    uint32_t *chain_table, *touched_table; // by hash, open addressing
    size_t table_mask;
    struct batch_single *single; // borrowed; for a batch of one
    uint32_t *spare;             // borrowed; slots taken from spare_of and not used yet
    size_t spare_count;
    struct collection *spare_of;
    struct batch_retired *retired; // the reader's, with room for one row per change
    size_t expiry_promised;
    size_t puts, deletes, failed; // changes; failed: chains
};

/// Sort the changes into chains, make missing collections, build the objects. Takes no locks.
MUST_USE enum status batch_prepare(struct batch *b);
/// Lock the stripes of all ids. A collection that was dropped meanwhile is found or made anew.
MUST_USE enum status batch_lock(struct batch *b);
void batch_unlock(struct batch *b);
/// Free what was built and did not become visible. Stripes unlocked.
void batch_discard(struct batch *b);
/// A row that is no longer to be found, into room made by batch_prepare.
void batch_retire(struct batch *b, struct row *row);

/// Whether a change is well-formed, whatever stands in the collection: INVALID, TOO_LARGE.
MUST_USE enum status batch_check(const struct change *change, struct reason *why);

#endif
