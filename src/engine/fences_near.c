#include "engine/fences_near.h"

#include <stdlib.h>

#include "engine/query.h"
#include "fence/transition.h"

#define PAGE 10000 // found at a time

// --- roaming ---

struct near {
    struct hit *hits; // by distance, then slot; in the arena
    size_t count;
};

static int compare_hits(const void *a, const void *b) {
    const struct hit *x = a, *y = b;
    if (x->distance_m != y->distance_m) {
        return x->distance_m < y->distance_m ? -1 : 1;
    }
    return str_compare(object_id(x->object), object_id(y->object));
}

static int compare_ids(const void *a, const void *b) {
    const struct hit *x = a, *y = b;
    return str_compare(object_id(x->object), object_id(y->object));
}

static void sort_by_id(struct near *near) {
    if (near->count > 1) {
        qsort(near->hits, near->count, sizeof near->hits[0], compare_ids);
    }
}

// Whom the fence means: not itself.
static bool is_meant(const struct fences_asking *m, const struct fence_spec *spec,
                     const struct object *o) {
    const struct object *self = m->now ? m->now : m->previous;
    if (str_eq(spec->roam_collection, m->change->collection) &&
        str_eq(object_id(o), object_id(self))) {
        return false;
    }
    return !spec->roam_id.len || str_glob(spec->roam_id, object_id(o));
}

static enum status add_page(struct fences_asking *m, const struct fence_spec *spec,
                            const struct hits *page, struct near *out) {
    struct hit *all = arena_alloc(&m->work->arena, (out->count + page->count) * sizeof *all);
    if (!all) {
        return STATUS_NO_MEMORY;
    }
    if (out->count) {
        memcpy(all, out->hits, out->count * sizeof *all);
    }
    out->hits = all;
    for (size_t i = 0; i < page->count; i++) {
        if (is_meant(m, spec, page->items[i].object)) {
            all[out->count++] = page->items[i];
        }
    }
    return STATUS_OK;
}

static enum status find_near(struct fences_asking *m, const struct fence_spec *spec,
                             const struct object *o, struct near *out) {
    *out = (struct near){0};
    if (!o) {
        return STATUS_OK;
    }
    struct query query = {.collection = spec->roam_collection,
                          .shape = QUERY_RADIUS,
                          .point = object_center(o),
                          .radius_m = spec->radius_m,
                          .limit = PAGE};
    for (;;) {
        struct hits page;
        enum status st =
            engine_search(m->engine, m->reader->id, &query, &m->work->arena, &page, NULL);
        if (st == STATUS_OK) {
            st = add_page(m, spec, &page, out);
        }
        if (st != STATUS_OK || !page.next.len) {
            return st == STATUS_NOT_FOUND ? STATUS_OK : st;
        }
        query.cursor = page.next;
    }
}

static const struct hit *find_hit(const struct near *sorted, const struct hit *like) {
    return sorted->count ? bsearch(like, sorted->hits, sorted->count, sizeof *like, compare_ids)
                         : NULL;
}

// Those of `all` that stand in `others` too are taken out; both by id.
static struct near without(struct fences_asking *m, const struct near *all,
                           const struct near *others) {
    struct near left = {arena_alloc(&m->work->arena, all->count * sizeof(struct hit)), 0};
    m->work->failed |= !left.hits;
    for (size_t i = 0; left.hits && i < all->count; i++) {
        if (!find_hit(others, &all->hits[i])) {
            left.hits[left.count++] = all->hits[i];
        }
    }
    return left;
}

static void tell_near(struct fences_asking *m, const struct fence *f, struct near *near,
                      enum fence_trigger trigger) {
    if (near->count > 1) {
        qsort(near->hits, near->count, sizeof near->hits[0], compare_hits);
    }
    for (size_t i = 0; i < near->count; i++) {
        if (fence_spec(f)->triggers & trigger) {
            fences_asking_tell(m, f, trigger, near->hits[i].object, near->hits[i].distance_m);
        }
    }
}

// From where it is now, or was last.
static double metres_to(const struct fences_asking *m, const struct object *other) {
    struct point p = object_center(m->now ? m->now : m->previous);
    return other->flags & OBJECT_HAS_GEOMETRY
               ? distance_to_geometry_m(EARTH_SPHERE, p, other->geometry)
               : distance_points_m(EARTH_SPHERE, p, other->point);
}

enum status fences_near_roam(struct fences_asking *m, const struct fence *f) {
    const struct fence_spec *spec = fence_spec(f);
    if (fences_asking_is_removal(m, f)) {
        fences_asking_removal(m, f);
        return STATUS_OK;
    }
    if (m->change->command == FENCE_SET_FIELDS) {
        return STATUS_OK;
    }
    bool was = fences_asking_verdict(m, f, m->previous) == FENCE_ACCEPTED;
    bool is = fences_asking_verdict(m, f, m->now) == FENCE_ACCEPTED;
    struct near before, after;
    enum status st = find_near(m, spec, was ? m->previous : NULL, &before);
    if (st == STATUS_OK) {
        st = find_near(m, spec, is ? m->now : NULL, &after);
    }
    if (st != STATUS_OK) {
        return st;
    }
    sort_by_id(&before);
    sort_by_id(&after);
    struct near left = without(m, &before, &after);
    for (size_t i = 0; i < left.count; i++) {
        left.hits[i].distance_m = metres_to(m, left.hits[i].object);
    }
    struct near come = spec->nodwell ? without(m, &after, &before) : after;
    tell_near(m, f, &come, FENCE_NEAR);
    tell_near(m, f, &left, FENCE_FARAWAY);
    return STATUS_OK;
}

// --- every area of a collection ---

// The areas that hold the object, by id.
static enum status find_areas(struct fences_asking *m, const struct fence_spec *spec,
                              const struct object *o, struct near *out) {
    *out = (struct near){0};
    if (!o) {
        return STATUS_OK;
    }
    struct query query = {.collection = spec->set_collection,
                          .relation =
                              spec->relation == FENCE_WITHIN ? QUERY_CONTAINS : QUERY_INTERSECTS,
                          .limit = PAGE};
    if (fences_asking_is_point(o)) {
        query.shape = QUERY_BBOX;
        query.relation = QUERY_INTERSECTS;
        query.box = object_bbox(o);
    } else {
        query.shape = QUERY_AREA;
        query.area = o->geometry;
    }
    for (;;) {
        struct hits page;
        struct fence_spec any = *spec;
        any.roam_collection = spec->set_collection;
        any.roam_id = STR_NONE;
        enum status st =
            engine_search(m->engine, m->reader->id, &query, &m->work->arena, &page, NULL);
        if (st == STATUS_OK) {
            st = add_page(m, &any, &page, out);
        }
        if (st != STATUS_OK || !page.next.len) {
            return st == STATUS_NOT_FOUND ? STATUS_OK : st;
        }
        query.cursor = page.next;
    }
}

static void tell_areas(struct fences_asking *m, const struct fence *f, const struct near *areas,
                       bool was, bool is) {
    struct transition t = {.kind = fence_spec(f)->kind,
                           .command = m->change->command,
                           .existed = m->previous,
                           .exists = m->now,
                           .was = was,
                           .is = is};
    for (size_t i = 0; i < areas->count; i++) {
        for (unsigned left = transition_triggers(&t) & fence_spec(f)->triggers; left;
             left &= left - 1) {
            fences_asking_tell(m, f, left & -left, areas->hits[i].object, 0);
        }
    }
}

// What stays out of an area is told of none: there is no end of areas it is outside of.
enum status fences_near_areas(struct fences_asking *m, const struct fence *f) {
    const struct fence_spec *spec = fence_spec(f);
    if (fences_asking_is_removal(m, f)) {
        fences_asking_removal(m, f);
        return STATUS_OK;
    }
    bool was = fences_asking_verdict(m, f, m->previous) == FENCE_ACCEPTED;
    bool is = fences_asking_verdict(m, f, m->now) == FENCE_ACCEPTED;
    struct near before, after;
    enum status st = find_areas(m, spec, was ? m->previous : NULL, &before);
    if (st == STATUS_OK) {
        st = find_areas(m, spec, is ? m->now : NULL, &after);
    }
    if (st != STATUS_OK) {
        return st;
    }
    sort_by_id(&before);
    sort_by_id(&after);
    struct near left = without(m, &before, &after), come = without(m, &after, &before);
    struct near stay = without(m, &after, &come);
    tell_areas(m, f, &left, true, false);
    tell_areas(m, f, &come, false, true);
    tell_areas(m, f, &stay, true, true);
    return STATUS_OK;
}
