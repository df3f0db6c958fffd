// fences_match.c - candidates by box, then the exact test of each, then what is told, in order.
//
// The sets are read under their lock only while candidates are collected; fences stay alive for the epoch.

#include "engine/fences_match.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/fences_near.h"
#include "fence/transition.h"

#define STEP_DEG 0.02 // positions so near each other are looked up with one box

/// What a fence says of a position and of the object there.
struct side {
    bool there; // the fence is concerned
    bool inside;
};

static void collect(struct fences_asking *m);
static void collect_set(struct fences_asking *m, const struct fence_set *set);
static void collect_boxes(struct fences_asking *m, const struct fence_set *set);
static void collect_crossed(struct fences_asking *m, const struct fence_set *set);
static void add_list(struct fences_asking *m, struct fence *const *fences, size_t count);
static fence_set_visit_fn add_found, add_narrow;
static void add(struct fences_asking *m, struct fence *f);
static void sort_out(struct fences_work *w);
static enum status ask_all(struct fences_asking *m);
static enum status ask(struct fences_asking *m, const struct fence *f);
static enum status ask_area(struct fences_asking *m, const struct fence *f);
static enum status write_all(struct fences_asking *m);
static enum status write_one(struct fences_asking *m, const struct fences_told *told);

static bool has_position(const struct object *o) {
    return o && !object_is_empty(o);
}

static enum status run(struct fences_asking *m) {
    struct fences_work *w = m->work;
    w->found_count = w->told_count = 0;
    collect(m);
    if (w->failed) {
        return STATUS_NO_MEMORY;
    }
    if (!w->found_count) {
        return STATUS_OK;
    }
    if (m->repeats) {
        sort_out(w);
    }
    enum status st = ask_all(m);
    geometry_unref(m->way);
    return st == STATUS_OK && w->told_count ? write_all(m) : st;
}

enum status fences_match(struct engine *e, struct engine_reader *r,
                         const struct fences_change *change) {
    if (!e->fences.events.write) {
        return STATUS_OK;
    }
    struct fences_asking m = {.engine = e,
                              .reader = r,
                              .work = r->fences,
                              .change = change,
                              .previous = has_position(change->previous) ? change->previous : NULL,
                              .now = has_position(change->now) ? change->now : NULL,
                              .told_kinds =
                                  change->command == FENCE_DROP ? 1u << FENCE_GEOFENCE : ~0u};
    return m.previous || m.now ? run(&m) : STATUS_OK;
}

enum status fences_match_drop(struct engine *e, struct engine_reader *r, struct str collection,
                              int64_t now_ms) {
    const struct fences_change change = {
        .collection = collection, .command = FENCE_DROP, .now_ms = now_ms};
    struct fences_asking m = {.engine = e,
                              .reader = r,
                              .work = r->fences,
                              .change = &change,
                              .told_kinds = ~(1u << FENCE_GEOFENCE)};
    return e->fences.events.write ? run(&m) : STATUS_OK;
}

bool fences_match_objects(struct engine *e, const struct engine_reader *r, struct str collection) {
    struct fences *t = &e->fences;
    size_t count = 0;
    brlock_read_begin(t->matching, r->id);
    const struct fence_set *sets[] = {fence_sets_find(&t->sets, collection),
                                      fence_sets_find(&t->sets, STR_NONE)};
    for (unsigned i = 0; i < 2; i++) {
        count += sets[i] ? fence_set_geofences(sets[i]) : 0;
    }
    brlock_read_end(t->matching, r->id);
    return count && t->events.write;
}

bool fences_hold_name(struct engine *e, const struct engine_reader *r, struct str collection) {
    struct fences *t = &e->fences;
    brlock_read_begin(t->matching, r->id);
    const struct fence_set *own = fence_sets_find(&t->sets, collection);
    bool held = own && fence_set_hooks(own) > 0;
    brlock_read_end(t->matching, r->id);
    return held || fences_match_objects(e, r, collection);
}

// --- candidates ---

static void collect(struct fences_asking *m) {
    struct fences *t = &m->engine->fences;
    brlock_read_begin(t->matching, m->reader->id);
    const struct fence_set *own = fence_sets_find(&t->sets, m->change->collection);
    const struct fence_set *all = fence_sets_find(&t->sets, STR_NONE);
    if (own) {
        collect_set(m, own);
    }
    if (all) {
        collect_set(m, all);
    }
    brlock_read_end(t->matching, m->reader->id);
}

static void collect_set(struct fences_asking *m, const struct fence_set *set) {
    size_t count;
    if (m->change->command & (FENCE_DELETE | FENCE_EXPIRE | FENCE_DROP)) {
        struct fence *const *removal = fence_set_each_removal(set, &count);
        m->repeats |= count > 0;
        add_list(m, removal, count);
    }
    if (!m->previous && !m->now) {
        return;
    }
    struct fence *const *update = fence_set_each_update(set, &count);
    m->repeats |= count > 0;
    add_list(m, update, count);
    struct fence *const *roam = fence_set_each_roam(set, &count);
    add_list(m, roam, count);
    struct fence *const *areas = fence_set_each_areas(set, &count);
    add_list(m, areas, count);
    collect_boxes(m, set);
    if (m->previous && m->now && fence_set_has_crossed(set)) {
        collect_crossed(m, set);
    }
}

static void search_box(struct fences_asking *m, const struct fence_set *set,
                       const struct bbox *box) {
    struct bbox pieces[3];
    size_t count = bbox_split(box, pieces);
    m->repeats |= count > 1;
    for (size_t i = 0; i < count; i++) {
        struct index_box piece = index_box_of(&pieces[i]);
        (void)fence_set_search(set, &piece, add_found, m);
    }
}

static struct bbox box_of_points(struct point a, struct point b) {
    return (struct bbox){a.lon < b.lon ? a.lon : b.lon, a.lat < b.lat ? a.lat : b.lat,
                         a.lon > b.lon ? a.lon : b.lon, a.lat > b.lat ? a.lat : b.lat};
}

// Most updates are short steps of a point, or first sights.
static void collect_boxes(struct fences_asking *m, const struct fence_set *set) {
    const struct object *one = m->now ? m->now : m->previous, *other = m->previous;
    if (fences_asking_is_point(one) && (one == other || !other || fences_asking_is_point(other))) {
        struct point a = one->point, b = other ? other->point : a;
        if (fabs(a.lon - b.lon) <= STEP_DEG && fabs(a.lat - b.lat) <= STEP_DEG) {
            struct bbox box = box_of_points(a, b);
            struct index_box both = index_box_of(&box);
            (void)fence_set_search(set, &both, add_narrow, m);
            return;
        }
    }
    struct bbox box = object_bbox(one);
    search_box(m, set, &box);
    if (other && other != one) {
        box = object_bbox(other);
        search_box(m, set, &box);
        m->repeats = true;
    }
}

// Where it was and is, the short way round: one of them may lie beyond 180. False when it did not move.
static bool way_of(const struct fences_asking *m, struct point ends[2]) {
    ends[0] = object_center(m->previous);
    ends[1] = object_center(m->now);
    if (ends[1].lon - ends[0].lon > 180.0) {
        ends[0].lon += 360.0;
    } else if (ends[0].lon - ends[1].lon > 180.0) {
        ends[1].lon += 360.0;
    }
    return ends[0].lon != ends[1].lon || ends[0].lat != ends[1].lat;
}

static void collect_crossed(struct fences_asking *m, const struct fence_set *set) {
    struct point ends[2];
    if (!way_of(m, ends)) {
        return;
    }
    struct bbox box = box_of_points(ends[0], ends[1]), pieces[3];
    size_t count = bbox_split(&box, pieces);
    for (size_t i = 0; i < count; i++) {
        struct index_box piece = index_box_of(&pieces[i]);
        (void)fence_set_search_crossed(set, &piece, add_found, m);
    }
    m->repeats = true;
}

static void add_list(struct fences_asking *m, struct fence *const *fences, size_t count) {
    for (size_t i = 0; i < count && !m->work->failed; i++) {
        add(m, fences[i]);
    }
}

static bool add_found(void *ctx, struct fence *const *fences, size_t count) {
    struct fences_asking *m = ctx;
    add_list(m, fences, count);
    return !m->work->failed;
}

// Fences over the antimeridian stand in the index in pieces; one of a full turn may be found by two of them.
static bool add_narrow(void *ctx, struct fence *const *fences, size_t count) {
    struct fences_asking *m = ctx;
    for (size_t i = 0; i < count; i++) {
        const struct bbox *box = fence_bbox(fences[i]);
        m->repeats |= !(box->min_lon > -180.0 && box->max_lon < 180.0);
    }
    return add_found(ctx, fences, count);
}

static void add(struct fences_asking *m, struct fence *f) {
    struct fences_work *w = m->work;
    if (!fence_is_heard(f)) {
        return;
    }
    if (!fences_work_room(&w->found, &w->found_cap, w->found_count, sizeof w->found[0])) {
        w->failed = true;
        return;
    }
    w->found[w->found_count++] = f;
}

static int compare_addresses(const void *a, const void *b) {
    uintptr_t x = (uintptr_t) * (struct fence *const *)a,
              y = (uintptr_t) * (struct fence *const *)b;
    return x < y ? -1 : x > y;
}

static void sort_out(struct fences_work *w) {
    qsort(w->found, w->found_count, sizeof w->found[0], compare_addresses);
    size_t kept = 1;
    for (size_t i = 1; i < w->found_count; i++) {
        if (w->found[i] != w->found[i - 1]) {
            w->found[kept++] = w->found[i];
        }
    }
    w->found_count = kept;
}

// --- what each says ---

static enum status ask_all(struct fences_asking *m) {
    struct fences_work *w = m->work;
    enum status st = STATUS_OK;
    for (size_t i = 0; i < w->found_count && st == STATUS_OK; i++) {
        st = ask(m, w->found[i]);
    }
    return w->failed ? STATUS_NO_MEMORY : st;
}

static enum status ask(struct fences_asking *m, const struct fence *f) {
    const struct fence_spec *spec = fence_spec(f);
    if (!(m->told_kinds >> spec->kind & 1) || !(spec->commands & m->change->command) ||
        (spec->expires_ms && spec->expires_ms <= m->change->now_ms)) {
        return STATUS_OK;
    }
    switch (spec->shape) {
    case FENCE_AREA: return ask_area(m, f);
    case FENCE_ROAM: return fences_near_roam(m, f);
    case FENCE_SET: return fences_near_areas(m, f);
    }
    return STATUS_OK;
}

static bool holds(const struct fence *f, const struct object *o) {
    return o && (fences_asking_is_point(o) ? fence_holds_point(f, o->point)
                                           : fence_holds_geometry(f, o->geometry));
}

static struct side side_of(const struct fences_asking *m, const struct fence *f,
                           const struct object *o, bool inside) {
    enum fence_verdict verdict = fences_asking_verdict(m, f, o);
    return (struct side){.there = verdict != FENCE_UNCONCERNED,
                         .inside = inside && verdict == FENCE_ACCEPTED};
}

static enum status make_way(struct fences_asking *m) {
    struct point ends[2];
    const uint32_t end = 2;
    const struct geometry_parts parts = {.type = GEOMETRY_LINESTRING,
                                         .points = ends,
                                         .point_count = 2,
                                         .part_ends = &end,
                                         .part_count = 1,
                                         .literal = true};
    if (m->way_made) {
        return STATUS_OK;
    }
    m->way_made = true;
    return way_of(m, ends) ? geometry_new(&parts, &GEOMETRY_LIMITS_REST, &m->way, NULL) : STATUS_OK;
}

static enum status ask_area(struct fences_asking *m, const struct fence *f) {
    const struct fence_spec *spec = fence_spec(f);
    if (fences_asking_is_removal(m, f)) {
        fences_asking_removal(m, f);
        return STATUS_OK;
    }
    bool was = holds(f, m->previous), is = holds(f, m->now);
    if (!was && !is && !(spec->triggers & (FENCE_OUTSIDE | FENCE_CROSS))) {
        return STATUS_OK;
    }
    struct side before = side_of(m, f, m->previous, was), after = side_of(m, f, m->now, is);
    struct transition t = {.kind = spec->kind,
                           .command = m->change->command,
                           .existed = before.there,
                           .exists = after.there,
                           .was = before.inside,
                           .is = after.inside};
    if ((spec->triggers & FENCE_CROSS) && !was && !is && transition_may_cross(&t)) {
        enum status st = make_way(m);
        if (st != STATUS_OK) {
            return st;
        }
        t.crossed = m->way && fence_is_crossed(f, m->way);
    }
    for (unsigned left = transition_triggers(&t) & spec->triggers; left; left &= left - 1) {
        fences_asking_tell(m, f, left & -left, NULL, 0);
    }
    return STATUS_OK;
}

// --- telling ---

static int rank_of(const struct fences_told *t) {
    return (int)(fence_spec(t->fence)->kind * 8u + transition_rank(t->trigger));
}

// What one fence tells of others keeps the order in which it was found: by distance.
static int compare_told(const void *a, const void *b) {
    const struct fences_told *x = a, *y = b;
    int by = rank_of(x) - rank_of(y);
    if (by == 0) {
        by = str_compare(fence_spec(x->fence)->id, fence_spec(y->fence)->id);
    }
    if (by == 0 && x->trigger != y->trigger) {
        by = x->trigger < y->trigger ? -1 : 1;
    }
    if (by == 0 && x->distance_m != y->distance_m) {
        by = x->distance_m < y->distance_m ? -1 : 1;
    }
    return by == 0 && x->other && y->other ? str_compare(object_id(x->other), object_id(y->other))
                                           : by;
}

static enum status write_all(struct fences_asking *m) {
    struct fences_work *w = m->work;
    enum status st = STATUS_OK;
    if (w->told_count > 1) {
        qsort(w->told, w->told_count, sizeof w->told[0], compare_told);
    }
    for (size_t i = 0; i < w->told_count && st == STATUS_OK; i++) {
        st = write_one(m, &w->told[i]);
    }
    return st;
}

static enum status write_one(struct fences_asking *m, const struct fences_told *told) {
    struct fences_work *w = m->work;
    const struct fences_change *c = m->change;
    const struct object *o = c->now ? c->now : c->previous;
    const struct fence_event event = {.fence = told->fence,
                                      .trigger = told->trigger,
                                      .command = c->command,
                                      .collection = c->collection,
                                      .object = o,
                                      .previous = c->previous,
                                      .other = told->other,
                                      .distance_m = told->distance_m,
                                      .now_ms = c->now_ms};
    const struct engine_events *to = &m->engine->fences.events;
    size_t at = w->text.len;
    if (!fences_work_room(&w->pending, &w->pending_cap, w->pending_count, sizeof w->pending[0])) {
        return STATUS_NO_MEMORY;
    }
    enum status st = to->write(to->ctx, &event, &w->text);
    if (st == STATUS_OK) {
        st = buf_status(&w->text);
    }
    if (st != STATUS_OK || w->text.len == at) {
        return st;
    }
    w->pending[w->pending_count++] = (struct fences_pending){.fence = told->fence,
                                                             .collection = c->collection,
                                                             .id = o ? object_id(o) : STR_NONE,
                                                             .now_ms = c->now_ms,
                                                             .text_at = at,
                                                             .text_len = w->text.len - at,
                                                             .item = c->item,
                                                             .trigger = (uint16_t)told->trigger,
                                                             .command = (uint16_t)c->command};
    return STATUS_OK;
}
