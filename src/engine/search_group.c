// search_group.c - see search_group.h.

#include "engine/search_group.h"

#include "base/clock.h"

static bool ask(struct search_group *g, size_t q);
static index_visit_fn visit;

enum status search_group_init(struct search_group *g, struct engine *e, unsigned reader,
                              struct str collection, struct reason *why) {
    g->engine = e;
    g->reader = reader;
    g->collection = collection_lookup_by(e, reader, collection);
    if (!g->collection) {
        return reason_set(why, STATUS_NOT_FOUND, "there is no collection \"%.*s\"",
                          STR_ARGS(collection_name_or_default(collection)));
    }
    g->incarnation = g->collection->incarnation;
    bool expires = atomic_load_explicit(&g->collection->expires, memory_order_acquire);
    g->now_ms = expires ? clock_wall_ms() : INT64_MIN;
    return STATUS_OK;
}

static size_t boxes_in(const struct search_group *g, size_t count, unsigned shard,
                       struct index_box *boxes) {
    size_t n = 0;
    for (size_t q = 0; q < count; q++) {
        const struct search_where *w = &g->where[q];
        for (size_t i = 0; i < w->count; i++) {
            if ((w->masks[i] | g->parts.extended) >> shard & 1) {
                boxes[n++] = w->boxes[i];
            }
        }
    }
    return n;
}

// Nothing is taken from the index here, so it does not matter whether it stands.
void search_group_approach(struct search_group *g, size_t count) {
    struct index_box boxes[SEARCH_GROUP * 3];
    uint64_t shards = 0;
    for (size_t q = 0; q < count; q++) {
        shards |= g->where[q].shards;
    }
    search_parts_init(&g->parts, &g->engine->shards, g->collection, g->reader);
    search_parts_begin(&g->parts, shards);
    for (uint64_t left = g->parts.shards; left; left &= left - 1) {
        unsigned shard = (unsigned)__builtin_ctzll(left);
        const struct index *part = search_parts_index(&g->parts, shard);
        size_t n = part ? boxes_in(g, count, shard, boxes) : 0;
        if (n) {
            index_approach(part, boxes, n);
        }
    }
    bool stands = search_parts_end(&g->parts);
    (void)stands;
}

size_t search_group_gather(struct search_group *g, size_t count) {
    size_t q = 0;
    g->used = 0;
    if (count > 1) {
        search_group_approach(g, count);
    }
    while (q < count && ask(g, q)) {
        q++;
    }
    for (uint32_t i = 0; i < g->used; i++) {
        g->rows[i] = slots_load(&g->collection->slots, g->slots[i]);
        search_group_near(g->rows[i]);
    }
    return q;
}

static bool ask(struct search_group *g, size_t q) {
    const struct search_where *w = &g->where[q];
    uint32_t first = g->used;
    search_parts_init(&g->parts, &g->engine->shards, g->collection, g->reader);
    do {
        g->used = first;
        g->over = false;
        search_parts_begin(&g->parts, w->shards);
        for (uint64_t left = g->parts.shards; left && !g->over; left &= left - 1) {
            unsigned shard = (unsigned)__builtin_ctzll(left);
            const struct index *part = search_parts_index(&g->parts, shard);
            for (size_t i = 0; part && i < w->count && !g->over; i++) {
                if ((w->masks[i] | g->parts.extended) >> shard & 1) {
                    index_search(part, &w->boxes[i], visit, g, NULL);
                }
            }
        }
    } while (!search_parts_end(&g->parts));
    if (g->over || (w->count > 1 && g->parts.extended)) {
        g->used = first;
        return false;
    }
    g->ends[q] = g->used;
    return true;
}

static bool visit(void *ctx, const uint32_t *items, size_t count, bool sure) {
    (void)sure; // of an index that may be older than the object
    struct search_group *g = ctx;
    if (count > SEARCH_GROUP_ROWS - g->used) {
        g->over = true;
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch((const void *)slots_cell(&g->collection->slots, items[i]));
        g->slots[g->used++] = items[i];
    }
    return true;
}
