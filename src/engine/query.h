// query.h - a search, and what it found.

#ifndef ENGINE_QUERY_H
#define ENGINE_QUERY_H

#include "base/arena.h"
#include "engine/filter.h"
#include "engine/object.h"
#include "geo/distance.h"

enum query_shape {
    QUERY_ALL,     // every object of the collection
    QUERY_BBOX,    // geometry touches the box
    QUERY_AREA,    // geometry stands in `relation` to `area`
    QUERY_RADIUS,  // within radius_m of `point`, nearest first
    QUERY_NEAREST, // the k nearest, nearest first
    QUERY_CIRCLE,  // geometry stands in `relation` (intersects or within) to the circle; sphere
};
enum query_relation { QUERY_INTERSECTS, QUERY_WITHIN, QUERY_CONTAINS, QUERY_DISJOINT };

enum query_sort {
    QUERY_SORT_NONE,
    QUERY_SORT_ID,
    QUERY_SORT_PROPERTY,
    QUERY_SORT_UPDATED,
    QUERY_SORT_CREATED,
    QUERY_SORT_TIME
};

enum query_verdict { QUERY_LEAVE, QUERY_TAKE, QUERY_STOP };
/// The last word on a match. On the thread that asks, inside the epoch, outside of all locks; once for an object.
typedef enum query_verdict query_accept_fn(void *ctx, const struct object *o);

struct query {
    struct str collection;
    enum query_shape shape;
    struct bbox box;             // QUERY_BBOX, unwrapped
    const struct geometry *area; // QUERY_AREA, borrowed
    enum query_relation relation;
    struct point point;
    double radius_m; // INFINITY allowed for QUERY_NEAREST
    enum earth earth;
    const struct filter *filter; // NULL: all
    enum query_sort sort;
    struct str sort_property;
    bool sort_descending;
    uint32_t limit;    // 1..10,000, more when `numbered`; k of QUERY_NEAREST
    struct str cursor; // as an earlier answer gave it, or empty; none with QUERY_NEAREST
    bool count_only;   // fills hits.matched only, without limit or cursor
    bool count_reads;  // note the read on each object given out
    // Pages by number, for answers in the order of slots: any limit, no `next`, and the first `skip` that stand where
    // they are asked for are stepped over, before filter and accept.
    bool numbered;
    uint64_t skip;
    bool untimed;            // hits.ns is not asked for
    query_accept_fn *accept; // NULL: all; for answers in the order of slots
    void *accept_ctx;
};

struct hit {
    const struct object *object; // borrowed until epoch_leave
    double distance_m;           // RADIUS and NEAREST
};

struct hits {
    struct hit *items; // in the arena
    size_t count;
    uint64_t matched; // with count_only
    uint64_t stepped; // with numbered: how many stood there, up to the last one given out
    struct str next;  // cursor (URL-safe text, in the arena) when there may be more, else empty;
                      // never of QUERY_NEAREST: k is all that was asked for
    // How it was answered:
    const char *index;
    uint64_t nodes, candidates, refinements; // refinements: exact tests on doubles or geometries
    unsigned shards;
    uint64_t ns;
};

const char *query_relation_name(enum query_relation r);
bool query_relation_parse(struct str name, enum query_relation *out);

#endif
