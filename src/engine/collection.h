// collection.h - a named set of objects: slots, ids, and one index per shard.
//
//   id --(id_map stripe)--> row, which knows its slot
//   box --(shard table)--> shards --> index part --> slots --> objects
//
// Where a point belongs is arithmetic: shard_map (shard.h) deals quadtree cells to shards. An
// object with extent lives in the shard of its centre; a search asks every shard whose cells or
// whose part's extent its box touches. Objects without a position (empty geometries) are in no index.
//
// Locks, always taken in this order: id stripes (by incarnation, then ascending), shards
// (ascending), the table of collections, then the small mutexes of slots, expiry and store. Readers of ids
// take none (id_map.h); readers of an index take none either where it allows that (search_parts.h), else the
// shard's brlock for the time of one index_search.
// Lifetime: engine's table holds it; dropping retires it to the epoch.

#ifndef ENGINE_COLLECTION_H
#define ENGINE_COLLECTION_H

#include "engine/id_map.h"
#include "engine/id_order.h"
#include "engine/shard.h"
#include "engine/slots.h"
#include "index/index_make.h"

/// When something was made: unique and growing per stripe, so that no state of an id ever comes back.
struct collection_stamp {
    int64_t ms;
    uint8_t generation; // tells apart what was made in one millisecond
    bool used_up;       // something of this stamp was deleted: the next one must differ
};

struct collection_name {
    struct epoch_node retired; // first, for epoch_retire_node
    uint64_t hash;
    size_t len;
    char text[]; // and a NUL
};

struct collection {
    struct epoch_node retired;               // first, for epoch_retire_node
    _Atomic(struct collection_name *) named; // changes by collections_rename only
    uint64_t incarnation; // differs after drop and re-creation, grows with time; part of cursors
    int64_t created_ms;
    enum index_kind index_kind;
    unsigned shard_count;
    struct id_map *ids;
    _Atomic(struct id_order *) order; // NULL until somebody walks the collection
    _Atomic bool live;    // a first change was made: before it, readers do not see the collection
    _Atomic bool dropped; // written under all stripes; decides under any of them
    _Atomic bool
        renamed; // once at least: whoever holds a stripe looks at the name again. Written under all stripes
    _Atomic bool expires; // some object has had an expiry
    _Atomic uint64_t
        extended;   // bit i: part i has held things with extent, so it may reach beyond its cells
    char apart[64]; // what follows is written often, what stands above is read by every search
    struct collection_stamp stamps[ID_MAP_STRIPES];    // under the stripe
    _Atomic uint64_t count, bytes;                     // objects, and what they take (row_weight)
    _Atomic uint64_t crossings_begun, crossings_ended; // collection_crossing_begin
    char apart_too[64];
    struct slots slots;
    char apart_again[64];
    _Atomic(struct index *) parts[]; // one per shard, made on first use under the shard's lock
};

/// What the collection has in a shard; NULL: nothing yet. Searched under the shard's lock, or without (index_unlocked).
static inline struct index *collection_part(const struct collection *c, unsigned shard) {
    return atomic_load_explicit(&c->parts[shard], memory_order_acquire);
}

struct collection_options {
    struct str name;
    enum index_kind index_kind;
    unsigned shard_count;
    struct epoch *epoch; // borrowed for its life
    uint64_t seed;       // of id hashes
    uint64_t hash;       // of the name
    uint64_t incarnation;
    int64_t created_ms;
};
MUST_USE enum status collection_new(const struct collection_options *options,
                                    struct collection **out);
/// Frees all objects in it. NULL is allowed.
void collection_free(struct collection *c);
/// Freed when the readers inside have left.
void collection_retire(struct collection *c, struct epoch *epoch);

/// Borrowed until epoch_leave; NULL when there is none. May be due (object_is_due).
const struct row *collection_find(const struct collection *c, struct str id);
static inline struct str collection_name(const struct collection *c) {
    const struct collection_name *n = atomic_load_explicit(&c->named, memory_order_acquire);
    return (struct str){n->text, n->len};
}
/// Under a stripe: is this still the collection of the name by which it was found?
static inline bool collection_is(const struct collection *c, struct str name) {
    return !atomic_load_explicit(&c->dropped, memory_order_relaxed) &&
           (!atomic_load_explicit(&c->renamed, memory_order_relaxed) ||
            str_eq(collection_name(c), name));
}
MUST_USE enum status collection_name_new(struct str name, uint64_t hash,
                                         struct collection_name **out);
void collection_name_free(struct collection_name *name);
/// The box the index keeps for an object: full width when it crosses the antimeridian. False for
/// an empty geometry, which no index holds.
bool collection_index_box(const struct object *o, struct index_box *box);
/// Before `box` goes into part `shard`, whose lock is held: searches look there from now on even when they touch
/// none of its cells.
static inline void collection_note_box(struct collection *c, unsigned shard,
                                       const struct index_box *box) {
    uint64_t bit = (uint64_t)1 << shard;
    if (!index_box_is_point(box) &&
        !(atomic_load_explicit(&c->extended, memory_order_relaxed) & bit)) {
        atomic_fetch_or(&c->extended, bit);
    }
}
/// Around a move from one part to another, which both hold meanwhile: whoever reads several parts without
/// their locks finds as many begun after as had ended before, or reads again.
static inline void collection_crossing_begin(struct collection *c) {
    atomic_fetch_add(&c->crossings_begun, 1);
}
static inline void collection_crossing_end(struct collection *c) {
    atomic_fetch_add(&c->crossings_ended, 1);
}
/// The stamp for an object made now in this stripe, whose lock is held.
struct collection_stamp collection_stamp_next(struct collection *c, unsigned stripe,
                                              int64_t now_ms);
/// A collection's settings in the store: RECORD_META with this id.
#define COLLECTION_META_ID STR("collection")
void collection_write_meta(const struct collection *c, struct buf *out);
struct collection_meta {
    enum index_kind index_kind;
    uint64_t incarnation;
    int64_t created_ms;
};
/// False when the bytes are not one.
bool collection_parse_meta(struct str body, struct collection_meta *out);
/// Bytes of the tables: slots, places, ids, the parts left out.
size_t collection_table_bytes(const struct collection *c);

#endif
