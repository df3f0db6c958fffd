// search_group.h - the candidates of a few boxes, collected together.
//
//   index walks of all --> slots of all --> rows of all, each step bringing near what the next one reads
//
// Lives on the stack of the thread that asks, inside the epoch.

#ifndef ENGINE_SEARCH_GROUP_H
#define ENGINE_SEARCH_GROUP_H

#include "engine/engine_state.h"
#include "engine/search_parts.h"
#include "engine/search_test.h"

#define SEARCH_GROUP 16         // searches
#define SEARCH_GROUP_ROWS 1024u // candidates of all of them

struct search_group {
    struct engine *engine;
    struct collection *collection;
    uint64_t incarnation; // of the collection
    unsigned reader;
    int64_t now_ms; // for expiry; INT64_MIN when nothing in the collection expires
    struct search_where where[SEARCH_GROUP];
    struct search_parts parts;
    uint32_t used, ends[SEARCH_GROUP]; // candidates of q: from ends[q - 1] up to ends[q]
    bool over;
    uint32_t slots[SEARCH_GROUP_ROWS];
    const struct row *rows[SEARCH_GROUP_ROWS]; // NULL: gone meanwhile
};

/// NOT_FOUND, and why, when there is no collection of this name.
MUST_USE enum status search_group_init(struct search_group *g, struct engine *e, unsigned reader,
                                       struct str collection, struct reason *why);
static inline void search_group_set(struct search_group *g, size_t q, const struct bbox *box) {
    search_where_set(&g->where[q], box, &g->engine->shards);
}
/// Bring near what the searches 0 to count-1 will read of the index.
void search_group_approach(struct search_group *g, size_t count);
/// The candidates of the first `count`. Gives how many searches have theirs, each object once; the next one
/// found too many, or may meet one twice.
size_t search_group_gather(struct search_group *g, size_t count);
static inline uint32_t search_group_begin(const struct search_group *g, size_t q) {
    return q ? g->ends[q - 1] : 0;
}
/// The object of a candidate as it stands now; false when it is gone or due.
static inline bool search_group_read(const struct search_group *g, const struct row *row,
                                     struct object *out) {
    if (!row) {
        return false;
    }
    row_read(row, out);
    return !object_is_due(out, g->now_ms);
}
static inline void search_group_near(const struct row *row) {
    if (row) { // the numbers may lie on two lines, the id follows them
        __builtin_prefetch(row);
        __builtin_prefetch((const char *)row + 63);
    }
}

#endif
