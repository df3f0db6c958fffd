// search_near.c - first the shard of the point alone, then those that matter.
//
// What the shard of the point answers bounds how far the rest can be, and that circle says which
// other shards matter; mostly none does. Those are then asked again together, as of one moment
// (search_parts.h), so that an object between two shards is neither lost nor doubled.
//
// The index gives runs of about the nearest first. Of each run those within the cut-off are sorted and merged
// into the best so far.

#include "engine/search_near.h"

#include "engine/search_parts.h"
#include "index/bound.h"

#define RUN 32u        // rows on their way at once
#define FEW 32         // room at first
#define ROUNDING 1e-12 // of hav, far more than its errors
#define QUANTUM 1e-7

/// What of a run is within the cut-off.
struct run {
    size_t count;
    struct search_found found[RUN];
    struct object objects[RUN];
};

static void ask(struct search_near *n, const struct search_parts *parts, unsigned home);
static uint64_t circle_shards(const struct search_near *n);
static bool look_at(struct search_near *n, const uint32_t *items, size_t count);
static bool merge(struct search_near *n, struct run *run);
static double cutoff_of(const struct search_near *n, const struct search_found *worst);
static index_nearest_fn visit;

enum status search_near_find(struct search_near *n) {
    const struct shard_map *map = &n->engine->shards;
    unsigned home = shard_of_point(map, n->round.from.p);
    uint64_t shards = (uint64_t)1 << home;
    double start_hav = n->round.cutoff_hav;
    struct search_parts parts;
    search_parts_init(&parts, map, n->collection, n->reader);
    for (;;) {
        n->count = 0;
        n->failed = false;
        n->round.cutoff_hav = start_hav;
        search_parts_begin(&parts, shards);
        ask(n, &parts, home);
        uint64_t asked = parts.shards;
        if (!search_parts_end(&parts)) {
            continue;
        }
        n->shards |= asked;
        uint64_t needed = circle_shards(n);
        if (n->failed || (needed & ~asked) == 0) {
            return n->failed ? STATUS_NO_MEMORY : STATUS_OK;
        }
        shards = asked | needed;
    }
}

static void ask_one(struct search_near *n, const struct index *part) {
    if (part && !n->failed) {
        index_nearest(part, &n->round.from, n->limit, n->round.cutoff_hav, visit, n, &n->cost);
    }
}

static void ask(struct search_near *n, const struct search_parts *parts, unsigned home) {
    ask_one(n, search_parts_index(parts, home)); // the likeliest to bring the cut-off down
    for (uint64_t left = parts->shards & ~((uint64_t)1 << home); left; left &= left - 1) {
        ask_one(n, search_parts_index(parts, (unsigned)__builtin_ctzll(left)));
    }
}

/// Those that could hold something better than the worst found.
static uint64_t circle_shards(const struct search_near *n) {
    const struct shard_map *map = &n->engine->shards;
    double hav = n->round.cutoff_hav;
    struct bound_from from = bound_from(&n->round.from);
    struct index_box box = bound_circle(&from, hav);
    struct bbox circle, pieces[3];
    if (box.min_lon != INT32_MIN) { // nowhere near the poles and the antimeridian
        circle = (struct bbox){(box.min_lon - 1.0) * QUANTUM, (box.min_lat - 1.0) * QUANTUM,
                               (box.max_lon + 2.0) * QUANTUM, (box.max_lat + 2.0) * QUANTUM};
        return shard_mask(map, &circle);
    }
    if (hav >= 1) {
        return UINT64_MAX >> (SHARD_MAX - map->count);
    }
    circle = distance_circle_bbox(n->round.from.p, distance_hav_to_m(hav) * (1 + 1e-9) + 1e-3);
    size_t count = bbox_split(&circle, pieces);
    uint64_t mask = 0;
    for (size_t i = 0; i < count; i++) {
        mask |= shard_mask(map, &pieces[i]);
    }
    return mask;
}

static double visit(void *ctx, const uint32_t *items, size_t count, double bound) {
    struct search_near *n = ctx;
    for (size_t i = 0; i < count && bound <= n->round.cutoff_hav; i += RUN) {
        if (!look_at(n, items + i, count - i < RUN ? count - i : RUN)) {
            return -1;
        }
    }
    return n->round.cutoff_hav;
}

/// Perhaps under read locks, perhaps in vain: nothing but loads, arithmetic and the best so far.
static bool look_at(struct search_near *n, const uint32_t *items, size_t count) {
    const struct row *rows[RUN];
    struct run run;
    run.count = 0;
    for (size_t i = 0; i < count; i++) {
        rows[i] = slots_load(&n->collection->slots, items[i]);
        if (rows[i]) { // the numbers may lie on two lines, the id follows them
            __builtin_prefetch(rows[i]);
            __builtin_prefetch((const char *)rows[i] + 63);
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct object *o = &run.objects[run.count];
        struct search_found *f = &run.found[run.count];
        if (!rows[i]) {
            continue;
        }
        row_read(rows[i], o);
        if (object_is_due(o, n->now_ms)) {
            continue;
        }
        n->refinements++;
        f->slot = o->slot;
        f->at = (uint32_t)run.count;
        run.count += search_round_has(&n->round, o, &f->distance_m) &&
                     filter_matches(n->filter, o) &&
                     !(n->after && !search_found_before(n->after, f));
    }
    return run.count == 0 || merge(n, &run);
}

static bool make_room(struct search_near *n, size_t count) {
    if (count <= n->cap) {
        return true;
    }
    size_t cap = n->cap ? n->cap * 4 : FEW;
    cap = cap < n->limit ? cap : n->limit;
    struct search_found *found = arena_alloc(n->arena, cap * sizeof *found);
    struct object *objects = arena_alloc(n->arena, cap * sizeof *objects);
    if (!found || !objects) {
        n->failed = true;
        return false;
    }
    if (n->count) {
        memcpy(found, n->found, n->count * sizeof *found);
        memcpy(objects, n->objects, n->count * sizeof *objects);
    }
    n->found = found;
    n->objects = objects;
    n->cap = cap;
    return true;
}

/// From the back, where both end with their worst; those that fall out leave the room of their objects.
static bool merge(struct search_near *n, struct run *run) {
    uint32_t left[RUN];
    size_t kept = n->count, taken = run->count, left_count = 0;
    search_found_sort(run->found, taken);
    while (kept + taken > n->limit) {
        if (kept && search_found_before(&run->found[taken - 1], &n->found[kept - 1])) {
            left[left_count++] = n->found[--kept].at;
        } else {
            taken--;
        }
    }
    if (!make_room(n, kept + taken)) {
        return false;
    }
    for (size_t i = 0; i < taken; i++) {
        struct search_found *f = &run->found[i];
        uint32_t at = i < left_count ? left[i] : (uint32_t)(kept + i);
        n->objects[at] = run->objects[f->at];
        f->at = at;
    }
    n->count = kept + taken;
    for (size_t to = n->count; taken; to--) {
        bool keep = kept && search_found_before(&run->found[taken - 1], &n->found[kept - 1]);
        n->found[to - 1] = keep ? n->found[--kept] : run->found[--taken];
    }
    if (n->count == n->limit) {
        n->round.cutoff_hav = fmin(n->round.cutoff_hav, cutoff_of(n, &n->found[n->limit - 1]));
    }
    return true;
}

static double cutoff_of(const struct search_near *n, const struct search_found *worst) {
    const struct object *o = &n->objects[worst->at];
    if (n->round.earth == EARTH_SPHERE && !(o->flags & OBJECT_HAS_GEOMETRY)) {
        return distance_hav(&n->round.from, o->point) * (1 + ROUNDING);
    }
    return search_hav_bound(n->round.earth, worst->distance_m);
}
