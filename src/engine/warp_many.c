// warp_many.c - many reads of the embeddable library in one call.
//
// What is asked is checked and handed on a few at a time, so that those before a wrong one are answered, as they are
// one by one.

#include <math.h>

#include "engine/warp_state.h"

#define FEW 64

enum warp_status warp_bbox_many(struct warp_session *s, const char *collection,
                                const struct warp_box *boxes, size_t count,
                                warp_visit_many_fn *visit, void *ctx) {
    struct warp_visitor visitor = {.many = visit, .ctx = ctx};
    struct search_direct d = warp_search_begin(s, collection, &visitor);
    struct bbox few[FEW];
    enum status st = STATUS_OK, wrong = STATUS_OK;
    for (; d.query < count && st == STATUS_OK && wrong == STATUS_OK; d.query += FEW) {
        size_t n = 0;
        for (; n < FEW && d.query + n < count; n++) {
            const struct warp_box *b = &boxes[d.query + n];
            if ((wrong = warp_check_box(s, b)) != STATUS_OK) {
                break;
            }
            few[n] = bbox_from_wsen(b->west, b->south, b->east, b->north);
        }
        st = search_direct_boxes(&d, few, n);
    }
    return warp_session_end(s, st == STATUS_OK ? wrong : st);
}

/// From `*d`'s query on; gives how many of them are places.
static size_t take_places(struct warp_session *s, const struct search_direct *d,
                          const struct warp_place *places, size_t count, struct point few[FEW],
                          enum status *wrong) {
    size_t n = 0;
    for (; n < FEW && d->query + n < count; n++) {
        const struct warp_place *p = &places[d->query + n];
        if ((*wrong = warp_check_place(s, p->lon, p->lat)) != STATUS_OK) {
            break;
        }
        few[n] = (struct point){p->lon, p->lat};
    }
    return n;
}

enum warp_status warp_nearby_many(struct warp_session *s, const char *collection,
                                  const struct warp_place *centres, size_t count, double radius_m,
                                  uint32_t limit, warp_visit_many_fn *visit, void *ctx) {
    struct warp_visitor visitor = {.many = visit, .ctx = ctx};
    struct search_direct d = warp_search_begin(s, collection, &visitor);
    struct point few[FEW];
    enum status st = STATUS_OK, wrong = count ? warp_check_limit(s, limit) : STATUS_OK;
    wrong = count && wrong == STATUS_OK ? warp_check_radius(s, radius_m) : wrong;
    for (; d.query < count && st == STATUS_OK && wrong == STATUS_OK; d.query += FEW) {
        size_t n = take_places(s, &d, centres, count, few, &wrong);
        st = search_direct_circles(&d, few, n, radius_m, limit);
    }
    return warp_session_end(s, st == STATUS_OK ? wrong : st);
}

enum warp_status warp_nearest_many(struct warp_session *s, const char *collection,
                                   const struct warp_place *centres, size_t count, uint32_t k,
                                   warp_visit_many_fn *visit, void *ctx) {
    struct warp_visitor visitor = {.many = visit, .ctx = ctx};
    struct search_direct d = warp_search_begin(s, collection, &visitor);
    struct point few[FEW];
    enum status st = STATUS_OK, wrong = count ? warp_check_limit(s, k) : STATUS_OK;
    for (; d.query < count && st == STATUS_OK && wrong == STATUS_OK; d.query += FEW) {
        size_t n = take_places(s, &d, centres, count, few, &wrong);
        st = search_direct_nearest(&d, few, n, k);
    }
    return warp_session_end(s, st == STATUS_OK ? wrong : st);
}

enum warp_status warp_covering_many(struct warp_session *s, const char *collection,
                                    const struct warp_place *points, size_t count,
                                    warp_visit_many_fn *visit, void *ctx) {
    struct warp_visitor visitor = {.many = visit, .ctx = ctx};
    struct search_direct d = warp_search_begin(s, collection, &visitor);
    struct point few[FEW];
    enum status st = STATUS_OK, wrong = STATUS_OK;
    for (; d.query < count && st == STATUS_OK && wrong == STATUS_OK; d.query += FEW) {
        size_t n = take_places(s, &d, points, count, few, &wrong);
        st = search_direct_covering(&d, few, n);
    }
    return warp_session_end(s, st == STATUS_OK ? wrong : st);
}
