// search_near.c - the nearest first, over all shards that can hold them.
//
// First the shard of the point alone. What it answers bounds how far the rest can be, and that circle says which
// other shards matter; mostly none does. Those are then asked again together, as of one moment
// (search_parts.h), so that an object between two shards is neither lost nor doubled.

#include "engine/search_state.h"

#define WIDEST_M 2.1e7 // nothing is farther

static uint64_t circle_shards(const struct search *s, double radius_m);
static uint64_t needed_shards(const struct search *s);
static void ask(struct search *s, const struct search_parts *parts, unsigned home);
static index_nearest_fn visit;

void search_near(struct search *s) {
    unsigned home = shard_of_point(&s->engine->shards, s->round.from.p);
    uint64_t shards = (uint64_t)1 << home, within = search_all_shards(s);
    double start_hav = s->round.cutoff_hav;
    if (s->round.radius_m < WIDEST_M) {
        within = circle_shards(s, s->round.radius_m);
    }
    if ((within & (within - 1)) == 0) {
        shards |= within;
    }
    struct search_parts parts;
    search_parts_init(&parts, &s->engine->shards, s->collection, s->reader);
    for (;;) {
        s->top.count = 0;
        s->round.cutoff_hav = start_hav;
        search_parts_begin(&parts, shards);
        ask(s, &parts, home);
        uint64_t asked = parts.shards;
        if (!search_parts_end(&parts)) {
            s->failed = false;
            continue;
        }
        s->shards |= asked;
        uint64_t needed = needed_shards(s) & within;
        if (s->failed || (needed & ~asked) == 0) {
            return;
        }
        shards = asked | needed;
    }
}

/// Those that could hold something better than the worst found.
static uint64_t needed_shards(const struct search *s) {
    if (!search_top_full(&s->top)) {
        return UINT64_MAX;
    }
    return circle_shards(s, s->top.entries[0].key.number);
}

static uint64_t circle_shards(const struct search *s, double radius_m) {
    if (s->query->earth == EARTH_ELLIPSOID) {
        radius_m /= 1.0 - DISTANCE_ELLIPSOID_SLACK;
    }
    radius_m = radius_m * (1 + 1e-9) + 1e-3;
    struct bbox circle = distance_circle_bbox(s->round.from.p, fmin(radius_m, WIDEST_M)), pieces[3];
    size_t count = bbox_split(&circle, pieces);
    uint64_t mask = 0;
    for (size_t i = 0; i < count; i++) {
        mask |= shard_mask(&s->engine->shards, &pieces[i]);
    }
    return mask;
}

static void ask_one(struct search *s, const struct index *part) {
    if (part && !s->failed) {
        index_nearest(part, &s->round.from, s->query->limit, s->round.cutoff_hav, visit, s,
                      &s->cost);
    }
}

static void ask(struct search *s, const struct search_parts *parts, unsigned home) {
    ask_one(s, search_parts_index(parts, home)); // the likeliest to bring the cut-off down
    for (uint64_t left = parts->shards & ~((uint64_t)1 << home); left; left &= left - 1) {
        ask_one(s, search_parts_index(parts, (unsigned)__builtin_ctzll(left)));
    }
}

/// Perhaps under read locks, perhaps in vain: nothing but loads, arithmetic and the heap of the best.
static double visit(void *ctx, const uint32_t *items, size_t count, double bound) {
    struct search *s = ctx;
    const struct row *run[16];
    for (size_t i = 0; i < count && bound <= s->round.cutoff_hav; i += 16) {
        size_t n = count - i < 16 ? count - i : 16;
        for (size_t j = 0; j < n; j++) {
            run[j] = slots_load(&s->collection->slots, items[i + j]);
            if (run[j]) {
                __builtin_prefetch(run[j]);
                __builtin_prefetch(&run[j]->flags);
            }
        }
        for (size_t j = 0; j < n; j++) {
            if (run[j] && !search_look(s, run[j])) {
                return -1;
            }
        }
    }
    return s->round.cutoff_hav;
}
