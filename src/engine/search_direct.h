// search_direct.h - plain searches, many at once: no filter, order by property, cursor or count of reads. What
// warp.h asks.
//
// A group of searches goes through memory together, first all through the index, then to the rows, so
// that what one waits for comes while others are worked on. One search is a group of one. The tests
// are those of engine_search (search_test.h).
//
// Called outside engine_enter, which is entered for a group at a time: a slow visitor keeps memory from being given
// back for no longer than that.

#ifndef ENGINE_SEARCH_DIRECT_H
#define ENGINE_SEARCH_DIRECT_H

#include "engine/engine.h"

/// A hit of the search `query`; false ends that search, not the others.
typedef bool search_direct_fn(void *ctx, size_t query, const struct object *o, double distance_m);

struct search_direct {
    struct engine *engine;
    unsigned reader;
    struct arena *arena; // reset between groups
    struct str collection;
    struct reason *why;
    search_direct_fn *visit;
    void *ctx;
    size_t query; // number of the first search of a call
};

/// Everything that touches each box (unwrapped), in no certain order. NOT_FOUND without the collection; NO_MEMORY.
MUST_USE enum status search_direct_boxes(struct search_direct *d, const struct bbox *boxes,
                                         size_t count);
/// Everything that covers each point.
MUST_USE enum status search_direct_covering(struct search_direct *d, const struct point *points,
                                            size_t count);
/// The `limit` nearest within the radius of each centre (sphere), nearest first.
MUST_USE enum status search_direct_circles(struct search_direct *d, const struct point *centres,
                                           size_t count, double radius_m, uint32_t limit);
/// The `k` nearest to each centre, nearest first.
MUST_USE enum status search_direct_nearest(struct search_direct *d, const struct point *centres,
                                           size_t count, uint32_t k);

#endif
