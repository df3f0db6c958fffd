// search_state.h - one search on its way, shared by the files search*.c.
//
//   search.c       plan, order, answer
//   search_parts.c which parts are asked, as of one moment
//   search_scan.c  candidates in the order of slots: from the index, or every slot
//   search_near.c  candidates in the order of distance
//   search_exact.c the test on the doubles of the very object that is given out
//
// Lives on the stack of the thread that asks.

#ifndef ENGINE_SEARCH_STATE_H
#define ENGINE_SEARCH_STATE_H

#include "engine/cursor.h"
#include "engine/engine_state.h"
#include "engine/search_near.h"
#include "engine/search_parts.h"
#include "engine/search_test.h"
#include "engine/search_top.h"

struct search;

/// engine_search without a look at the clock: hits.ns stays 0.
MUST_USE enum status search_run(struct engine *e, unsigned reader, const struct query *query,
                                struct arena *arena, struct hits *out, struct reason *why);

/// The exact test; `*distance_m` where the shape has one.
typedef bool search_exact_fn(const struct search *s, const struct object *o, double *distance_m);
/// What becomes of a match; false stops the search.
typedef bool search_take_fn(struct search *s, const struct object *o, double distance_m);

struct search {
    struct engine *engine;
    struct collection *collection;
    const struct query *query;
    struct arena *arena;
    unsigned reader;
    bool failed; // out of memory

    bool whole;                // look at every slot, else
    struct search_where where; // there

    search_exact_fn *exact;
    search_take_fn *take;
    int64_t now_ms; // for expiry; INT64_MIN when nothing in the collection expires
    const struct geometry *area;
    struct geometry *area_owned;
    struct search_round round;

    // The order of the answer.
    enum query_sort sort;
    bool by_distance, descending;
    bool has_cursor;
    struct cursor cursor;
    uint32_t first_slot; // answers in the order of slots start here

    // The answer.
    struct hit *items;
    bool ordered; // items are in order, `top` is unused
    size_t count, cap, expected;
    uint64_t matched, stepped;
    struct search_top top;
    struct buf scratch;

    struct index_cost cost;
    uint64_t refinements;
    uint64_t shards; // a bit for each that was asked
};

/// Its object may be stale or due: decide on it and take it. False stops.
bool search_look(struct search *s, const struct row *row);

/// Every candidate in the order of slots. With `few` it gives up (false) when there are many more candidates
/// than could be answered.
bool search_scan(struct search *s, bool few);
/// The number of points in the box from the index alone; false when it cannot tell.
bool search_count(struct search *s);

/// Choose `exact`; the area must be set.
search_exact_fn *search_exact_for(const struct query *q);

#endif
