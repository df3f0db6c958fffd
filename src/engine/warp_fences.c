// warp_fences.c - places against fences that are nobody's but the call's.

#include <stdlib.h>

#include "base/mem.h"
#include "engine/warp_state.h"
#include "fence/fence_set.h"

/// The fences of a call, and those found around one place.
struct check {
    struct warp_session *session;
    struct fence_set *set;
    struct fence **fences;
    size_t *numbers; // of `fences`, by way of the context of each
    size_t count;
    size_t *found;
    size_t found_count;
    struct point at;
};

static enum status begin(struct check *c, const struct warp_geofence *fences, size_t count);
static enum status make(struct check *c, const struct warp_geofence *from);
static void end(struct check *c);
static void check_place(struct check *c, struct point p);
static fence_set_visit_fn note;
static int compare_numbers(const void *a, const void *b);

enum warp_status warp_batch_geofence_check(struct warp_session *s, const struct warp_place *places,
                                           size_t count, const struct warp_geofence *fences,
                                           size_t fence_count, warp_geofence_fn *visit, void *ctx) {
    struct check c = {.session = s};
    warp_session_begin(s);
    enum status st = STATUS_OK;
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        st = warp_check_place(s, places[i].lon, places[i].lat);
    }
    if (st == STATUS_OK) {
        st = begin(&c, fences, fence_count);
    }
    bool more = true;
    for (size_t i = 0; st == STATUS_OK && more && i < count; i++) {
        check_place(&c, (struct point){places[i].lon, places[i].lat});
        for (size_t n = 0; n < c.found_count && more; n++) {
            more = visit(ctx, i, c.found[n]);
        }
    }
    end(&c);
    return warp_session_end(s, st);
}

static enum status begin(struct check *c, const struct warp_geofence *fences, size_t count) {
    c->fences = mem_zalloc(count, sizeof c->fences[0]);
    c->numbers = mem_zalloc(count, sizeof c->numbers[0]);
    c->found =
        mem_zalloc(count, sizeof c->found[0] * 3); // an area lies in the index in three pieces
    enum status st = fence_set_new(&c->set);
    if (!c->fences || !c->numbers || !c->found) {
        st = STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        st = make(c, &fences[i]);
        if (st != STATUS_OK) {
            reason_prefix(&c->session->why, "/%zu", i);
        }
    }
    return st;
}

static enum status make(struct check *c, const struct warp_geofence *from) {
    struct warp_session *s = c->session;
    yyjson_doc *doc = NULL;
    struct geometry *g = NULL;
    enum status st = warp_geometry_parse(s, from->geojson, &doc, &g, NULL);
    yyjson_doc_free(doc);
    if (st != STATUS_OK) {
        return st;
    }
    size_t number = c->count;
    c->numbers[number] = number;
    struct fence_spec spec = {.id = STR("fence"),
                              .geometry = g,
                              .radius_m = from->radius_m,
                              .triggers = FENCE_INSIDE,
                              .commands = FENCE_COMMANDS_ALL,
                              .ctx = &c->numbers[number]};
    st = fence_new(&spec, &c->fences[number], &s->why);
    geometry_unref(g);
    if (st != STATUS_OK) {
        return st;
    }
    c->count++;
    return fence_set_add(c->set, c->fences[number]);
}

static void end(struct check *c) {
    fence_set_free(c->set);
    for (size_t i = 0; i < c->count; i++) {
        fence_unref(c->fences[i]);
    }
    mem_free(c->fences);
    mem_free(c->numbers);
    mem_free(c->found);
}

// Fills `found`, in order, each once. A place has no width, so one box is enough: areas that touch 180 lie on both
// sides of it in the set.
static void check_place(struct check *c, struct point p) {
    struct bbox box = {p.lon, p.lat, p.lon, p.lat};
    struct index_box at = index_box_of(&box);
    size_t kept = 0;
    c->at = p;
    c->found_count = 0;
    (void)fence_set_search(c->set, &at, note, c);
    if (c->found_count > 1) {
        qsort(c->found, c->found_count, sizeof c->found[0], compare_numbers);
    }
    for (size_t i = 0; i < c->found_count; i++) {
        if (kept == 0 || c->found[kept - 1] != c->found[i]) {
            c->found[kept++] = c->found[i];
        }
    }
    c->found_count = kept;
}

static bool note(void *ctx, struct fence *const *fences, size_t count) {
    struct check *c = ctx;
    for (size_t i = 0; i < count; i++) {
        if (fence_holds_point(fences[i], c->at)) {
            c->found[c->found_count++] = *(const size_t *)fence_spec(fences[i])->ctx;
        }
    }
    return true;
}

static int compare_numbers(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}
