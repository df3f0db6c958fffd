// mixed.c - see mixed.h. An item's box says which of the two holds it (index_box_is_point), so the place
// of an item means what its holder says, and nothing here is stored per item.
//
// While there are only points, readers search their index without the lock. It is shut before the first
// other thing goes in and opened after the last has gone.

#include "index/mixed.h"

#include "base/mem.h"

struct mixed {
    struct index base;
    struct index_ops ops; // its own copy: the name is that of the points' index
    struct places *places;
    struct index *points, *others;
};

static const struct index_ops mixed_ops;

static enum status move_across(struct index *ix, const struct index_box *from,
                               const struct index_box *to, uint32_t item);

enum status mixed_new_take(struct places *places, struct index *points, struct index *others,
                           struct index **out) {
    struct mixed *m = mem_zalloc(1, sizeof *m);
    if (!m) {
        index_free(points);
        index_free(others);
        return STATUS_NO_MEMORY;
    }
    m->ops = mixed_ops;
    m->ops.name = points->ops->name;
    m->base.ops = &m->ops;
    m->places = places;
    m->points = points;
    m->others = others;
    *out = &m->base;
    return STATUS_OK;
}

static struct mixed *mixed_of(const struct index *ix) {
    return (struct mixed *)(uintptr_t)ix;
}

static struct index *holder(const struct index *ix, const struct index_box *box) {
    struct mixed *m = mixed_of(ix);
    return index_box_is_point(box) ? m->points : m->others;
}

static void shut_for(struct mixed *m, const struct index *holder) {
    if (holder == m->others && !index_is_shut(m->points)) index_shut(m->points);
}
static void open_if_alone(struct mixed *m) {
    if (index_is_shut(m->points) && index_items(m->others) == 0) index_open(m->points);
}

static enum status insert(struct index *ix, const struct index_box *box, uint32_t item) {
    struct index *into = holder(ix, box);
    shut_for(mixed_of(ix), into);
    enum status st = index_insert(into, box, item);
    open_if_alone(mixed_of(ix)); // when that failed
    return st;
}

static void remove_item(struct index *ix, const struct index_box *box, uint32_t item) {
    index_remove(holder(ix, box), box, item);
    open_if_alone(mixed_of(ix));
}

static enum status move(struct index *ix, const struct index_box *from, const struct index_box *to,
                        uint32_t item) {
    struct index *old = holder(ix, from), *new = holder(ix, to);
    return old == new ? index_move(old, from, to, item) : move_across(ix, from, to, item);
}

/// Both hold it for a moment; the place is the new one's in the end.
static __attribute__((noinline)) enum status move_across(struct index *ix,
                                                         const struct index_box *from,
                                                         const struct index_box *to,
                                                         uint32_t item) {
    struct mixed *m = mixed_of(ix);
    struct index *old = holder(ix, from), *new = holder(ix, to);
    shut_for(m, new);
    uint32_t *place = places_at(m->places, item), before = *place;
    enum status st = index_insert(new, to, item);
    uint32_t after = *place;
    *place = before;
    if (st == STATUS_OK) {
        index_remove(old, from, item);
        *place = after;
    }
    open_if_alone(m);
    return st;
}

/// Points first, in place, then the rest.
static enum status bulk_load(struct index *ix, const struct index_box *boxes, const uint32_t *items,
                             size_t count) {
    struct mixed *m = mixed_of(ix);
    struct index_box *sorted_boxes = mem_alloc(count * sizeof *sorted_boxes);
    uint32_t *sorted_items = mem_alloc(count * sizeof *sorted_items);
    enum status st = STATUS_NO_MEMORY;
    if (!sorted_boxes || !sorted_items) goto fail;

    size_t points = 0, others = count;
    for (size_t i = 0; i < count; i++) {
        size_t at = index_box_is_point(&boxes[i]) ? points++ : --others;
        sorted_boxes[at] = boxes[i];
        sorted_items[at] = items[i];
    }
    if (points < count) shut_for(m, m->others);
    st = index_bulk_load(m->points, sorted_boxes, sorted_items, points);
    if (st != STATUS_OK) goto fail;
    st = index_bulk_load(m->others, sorted_boxes + points, sorted_items + points, count - points);
    if (st != STATUS_OK) {
        for (size_t i = 0; i < points; i++)
            index_remove(m->points, &sorted_boxes[i], sorted_items[i]);
    }
fail:
    open_if_alone(m);
    mem_free(sorted_boxes);
    mem_free(sorted_items);
    return st;
}

static bool search(const struct index *ix, const struct index_box *box, index_visit_fn *visit,
                   void *ctx, struct index_cost *cost) {
    const struct mixed *m = mixed_of(ix);
    if (!index_is_shut(m->points)) return index_search(m->points, box, visit, ctx, cost);
    return index_search(m->points, box, visit, ctx, cost) &&
           index_search(m->others, box, visit, ctx, cost);
}

static uint64_t count(const struct index *ix, const struct index_box *box, index_visit_fn *unsure,
                      void *ctx, struct index_cost *cost) {
    const struct mixed *m = mixed_of(ix);
    if (!index_is_shut(m->points)) return index_count(m->points, box, unsure, ctx, cost);
    return index_count(m->points, box, unsure, ctx, cost) +
           index_count(m->others, box, unsure, ctx, cost);
}

static double nearest(const struct index *ix, const struct distance_from *from, size_t wanted,
                      double cutoff, index_nearest_fn *visit, void *ctx, struct index_cost *cost) {
    const struct mixed *m = mixed_of(ix);
    cutoff = index_nearest(m->points, from, wanted, cutoff, visit, ctx, cost);
    return index_nearest(m->others, from, wanted, cutoff, visit, ctx, cost);
}

/// Places do not say whose they are: brought near only when all are the points'.
static void approach_items(const struct index *ix, const uint32_t *which, size_t n) {
    const struct mixed *m = mixed_of(ix);
    if (!index_is_shut(m->points)) index_approach_items(m->points, which, n);
}

static void approach(const struct index *ix, const struct index_box *boxes, size_t n) {
    const struct mixed *m = mixed_of(ix);
    index_approach(m->points, boxes, n);
    if (index_is_shut(m->points)) index_approach(m->others, boxes, n);
}

static const struct index *unlocked(const struct index *ix) {
    const struct mixed *m = mixed_of(ix);
    return index_is_shut(m->points) ? NULL : index_unlocked(m->points);
}

static bool extent(const struct index *ix, struct index_box *out) {
    const struct mixed *m = mixed_of(ix);
    struct index_box points, others;
    bool has_points = index_extent(m->points, &points);
    bool has_others = index_extent(m->others, &others);
    if (has_points) *out = points;
    if (has_others) *out = others;
    if (has_points && has_others) {
        if (points.min_lon < out->min_lon) out->min_lon = points.min_lon;
        if (points.min_lat < out->min_lat) out->min_lat = points.min_lat;
        if (points.max_lon > out->max_lon) out->max_lon = points.max_lon;
        if (points.max_lat > out->max_lat) out->max_lat = points.max_lat;
    }
    return has_points || has_others;
}

static size_t items(const struct index *ix) {
    const struct mixed *m = mixed_of(ix);
    return index_items(m->points) + index_items(m->others);
}

static size_t bytes(const struct index *ix) {
    const struct mixed *m = mixed_of(ix);
    return sizeof *m + index_bytes(m->points) + index_bytes(m->others);
}

static bool check(const struct index *ix) {
    const struct mixed *m = mixed_of(ix);
    return index_check(m->points) && index_check(m->others);
}

static void free_index(struct index *ix) {
    struct mixed *m = mixed_of(ix);
    index_free(m->points);
    index_free(m->others);
    mem_free(m);
}

static const struct index_ops mixed_ops = {
    .name = "mixed",
    .insert = insert,
    .remove = remove_item,
    .move = move,
    .bulk_load = bulk_load,
    .search = search,
    .count = count,
    .nearest = nearest,
    .approach = approach,
    .approach_items = approach_items,
    .unlocked = unlocked,
    .extent = extent,
    .items = items,
    .bytes = bytes,
    .check = check,
    .free = free_index,
};
