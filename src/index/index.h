// index.h - one question, several answers: "which items touch this box?"
//
// Every spatial index here (quadtree: the Morton trie; rtree; geohash: sorted cells) fills this
// table, so engine/ changes index without changing a line of its own. An index keeps boxes as
// int32 (1e-7 degree) and item numbers; it prunes, it never decides alone: the quantisation is
// monotone, so integers that differ prove that the doubles differ the same way ("sure"), and
// integers that are equal leave it to the caller, who has the doubles.
//
//   engine --index_search(box)--> items, sure or not --> engine checks the unsure ones
//
// Longitudes are -180..180 here: callers cut boxes with bbox_split and give an item that crosses
// the antimeridian as a box of full width.
//
// Ownership: the index copies boxes and keeps item numbers. `places` (places.h) is a table shared by
//            the indices of one collection: place[item] is private to the index that holds the item.
// Threads:   one writer at a time: the caller holds the shard's lock for it. Readers hold it shared, or
//            read without it what index_unlocked gives:
//
//              v = index_read_begin(ix); search...; index_read_end(ix, v)? yes: as good as under the lock
//
//            A search beside the writer always ends, touches no freed memory and hands out only items that
//            were in the index; but while items change places it may lose or double some, and then
//            index_read_end says no: forget what was found and search again.

#ifndef INDEX_INDEX_H
#define INDEX_INDEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "geo/bbox.h"
#include "geo/distance.h"

struct index_box {
    int32_t min_lon, min_lat, max_lon, max_lat;
};

/// floor(degrees * 1e7): monotone, so a > b in integers proves a > b in doubles.
int32_t index_quantise(double degrees);
struct index_box index_box_of(const struct bbox *b);
static inline bool index_box_is_point(const struct index_box *b) {
    return b->min_lon == b->max_lon && b->min_lat == b->max_lat;
}

/// A run of hits; `sure` when the integers prove that each item's box intersects the searched one.
/// Return false to stop the search.
typedef bool index_visit_fn(void *ctx, const uint32_t *items, size_t count, bool sure);

/// A run of candidates for the nearest, `bound` a lower bound of their distance (hav, distance.h).
/// Returns the new cut-off: items and nodes farther than it need not be visited any more.
typedef double index_nearest_fn(void *ctx, const uint32_t *items, size_t count, double bound);

/// What a search cost; added to, never cleared, by the functions that take it (NULL: nobody asks).
struct index_cost {
    uint64_t nodes;      // inner nodes and leaves looked at
    uint64_t candidates; // items handed to the visitor
};

struct index;

struct index_ops {
    const char *name; // "quadtree", "rtree", "geohash"
    enum status (*insert)(struct index *ix, const struct index_box *box, uint32_t item);
    void (*remove)(struct index *ix, const struct index_box *box, uint32_t item);
    enum status (*move)(struct index *ix, const struct index_box *from, const struct index_box *to,
                        uint32_t item);
    enum status (*bulk_load)(struct index *ix, const struct index_box *boxes, const uint32_t *items,
                             size_t count);
    bool (*search)(const struct index *ix, const struct index_box *box, index_visit_fn *visit,
                   void *ctx, struct index_cost *cost);
    uint64_t (*count)(const struct index *ix, const struct index_box *box, index_visit_fn *unsure,
                      void *ctx, struct index_cost *cost);
    double (*nearest)(const struct index *ix, const struct distance_from *from, size_t wanted,
                      double cutoff, index_nearest_fn *visit, void *ctx, struct index_cost *cost);
    void (*approach)(const struct index *ix, const struct index_box *boxes, size_t count);
    void (*approach_items)(const struct index *ix, const uint32_t *items, size_t count);
    const struct index *(*unlocked)(const struct index *ix);
    bool (*extent)(const struct index *ix, struct index_box *out);
    size_t (*items)(const struct index *ix);
    size_t (*bytes)(const struct index *ix);
    bool (*check)(const struct index *ix);
    void (*free)(struct index *ix);
};

/// Every index begins with this.
struct index {
    const struct index_ops *ops;
    _Atomic uint64_t version; // of which item is where, and two bits:
};
#define INDEX_CHANGING 1u // items change places (index_places_begin)
#define INDEX_SHUT 2u     // it does not hold all that its user means (index_shut)
#define INDEX_VERSION 4u  // one step of the version

/// Add `item` (not in it yet) under `box`. NO_MEMORY leaves the index unchanged.
static inline MUST_USE enum status index_insert(struct index *ix, const struct index_box *box,
                                                uint32_t item) {
    return ix->ops->insert(ix, box, item);
}
/// Take out `item`, which is in it under `box`. Needs no memory.
static inline void index_remove(struct index *ix, const struct index_box *box, uint32_t item) {
    ix->ops->remove(ix, box, item);
}
/// Remove and insert in one; a short move stays in its leaf. NO_MEMORY leaves the index unchanged.
static inline MUST_USE enum status index_move(struct index *ix, const struct index_box *from,
                                              const struct index_box *to, uint32_t item) {
    return ix->ops->move(ix, from, to, item);
}
/// Fill an empty index at once, neighbours beside neighbours in memory.
static inline MUST_USE enum status index_bulk_load(struct index *ix, const struct index_box *boxes,
                                                   const uint32_t *items, size_t count) {
    return ix->ops->bulk_load(ix, boxes, items, count);
}
/// Each item whose box may intersect `box`, once. False when the visitor stopped it.
static inline bool index_search(const struct index *ix, const struct index_box *box,
                                index_visit_fn *visit, void *ctx, struct index_cost *cost) {
    return ix->ops->search(ix, box, visit, ctx, cost);
}
/// The number of sure hits, without visiting them where the structure allows; unsure ones go to `unsure`.
static inline uint64_t index_count(const struct index *ix, const struct index_box *box,
                                   index_visit_fn *unsure, void *ctx, struct index_cost *cost) {
    return ix->ops->count(ix, box, unsure, ctx, cost);
}
/// Candidates in about the order of their distance from a point, over poles and antimeridian, best
/// first, until the cut-off the visitor returns is passed (start: `cutoff`, INFINITY for none). Every item nearer than
/// the final cut-off has been visited. `wanted` hints how many items the visitor hopes for (0: all up to the
/// cut-off): runs aim at that many. Returns the final cut-off.
static inline double index_nearest(const struct index *ix, const struct distance_from *from,
                                   size_t wanted, double cutoff, index_nearest_fn *visit, void *ctx,
                                   struct index_cost *cost) {
    return ix->ops->nearest(ix, from, wanted, cutoff, visit, ctx, cost);
}
/// Bring near what searches for these few boxes (moves of these items) will read, the misses of one
/// overlapping those of the others. Changes nothing; as good as nothing where there is nothing to gain.
static inline void index_approach(const struct index *ix, const struct index_box *boxes,
                                  size_t count) {
    if (ix->ops->approach) ix->ops->approach(ix, boxes, count);
}
static inline void index_approach_items(const struct index *ix, const uint32_t *items,
                                        size_t count) {
    if (ix->ops->approach_items) ix->ops->approach_items(ix, items, count);
}

/// The index to search without the lock, which holds all that `ix` holds; NULL: none does at present.
static inline const struct index *index_unlocked(const struct index *ix) {
    return ix->ops->unlocked ? ix->ops->unlocked(ix) : NULL;
}
static inline uint64_t index_read_begin(const struct index *ix) {
    return atomic_load_explicit(&ix->version, memory_order_acquire);
}
/// Whether no item changed its place since `begun`. What a reader loads in between is loaded with acquire (or
/// by vector loads, on machines that keep loads in order) and stored with release.
static inline bool index_read_end(const struct index *ix, uint64_t begun) {
    atomic_signal_fence(memory_order_seq_cst); // vector loads stay above
    return begun % INDEX_VERSION == 0 &&
           atomic_load_explicit(&ix->version, memory_order_acquire) == begun;
}
/// For the writer of an index with `unlocked`: around every change of an item's place (insert, remove, a
/// move that leaves its leaf). A point that moves within its leaf is one store and needs neither.
static inline void index_places_begin(struct index *ix) {
    uint64_t v = atomic_load_explicit(&ix->version, memory_order_relaxed);
    atomic_store_explicit(&ix->version, v | INDEX_CHANGING, memory_order_release);
}
static inline void index_places_end(struct index *ix) {
    uint64_t v = atomic_load_explicit(&ix->version, memory_order_relaxed) - INDEX_CHANGING;
    atomic_store_explicit(&ix->version, v + INDEX_VERSION, memory_order_release);
}
/// For the writer of an index that is a part of another: from now on, until it is opened, index_read_end says no,
/// also to those who asked index_unlocked before.
static inline void index_shut(struct index *ix) {
    uint64_t v = atomic_load_explicit(&ix->version, memory_order_relaxed);
    atomic_store_explicit(&ix->version, v | INDEX_SHUT, memory_order_release);
}
static inline void index_open(struct index *ix) {
    uint64_t v = atomic_load_explicit(&ix->version, memory_order_relaxed) & ~(uint64_t)INDEX_SHUT;
    atomic_store_explicit(&ix->version, v + INDEX_VERSION, memory_order_release);
}
static inline bool index_is_shut(const struct index *ix) {
    return (atomic_load_explicit(&ix->version, memory_order_acquire) & INDEX_SHUT) != 0;
}

/// A box around all items (may be larger than needed after removals); false when empty.
static inline bool index_extent(const struct index *ix, struct index_box *out) {
    return ix->ops->extent(ix, out);
}
static inline size_t index_items(const struct index *ix) {
    return ix->ops->items(ix);
}
static inline size_t index_bytes(const struct index *ix) {
    return ix->ops->bytes(ix);
}
/// Walks everything and checks the invariants; for tests.
static inline bool index_check(const struct index *ix) {
    return ix->ops->check(ix);
}
static inline void index_free(struct index *ix) {
    if (ix) ix->ops->free(ix);
}

#endif
