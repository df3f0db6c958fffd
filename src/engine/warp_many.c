// warp_many.c - many reads of the embeddable library in one call.

#include "engine/warp_state.h"

/// One search's hits on their way to the visitor of many.
struct many {
    warp_visit_many_fn *visit;
    void *ctx;
    size_t query;
};

static bool pass_on(void *ctx, const struct warp_hit *hit) {
    const struct many *m = ctx;
    return m->visit(m->ctx, m->query, hit);
}

enum warp_status warp_bbox_many(struct warp_session *s, const char *collection,
                                const struct warp_box *boxes, size_t count,
                                warp_visit_many_fn *visit, void *ctx) {
    struct many m = {visit, ctx, 0};
    enum warp_status st = WARP_OK;
    for (; st == WARP_OK && m.query < count; m.query++) {
        const struct warp_box *b = &boxes[m.query];
        st = warp_bbox(s, collection, b->west, b->south, b->east, b->north, pass_on, &m);
    }
    return st;
}

enum warp_status warp_nearby_many(struct warp_session *s, const char *collection,
                                  const struct warp_place *centres, size_t count, double radius_m,
                                  uint32_t limit, warp_visit_many_fn *visit, void *ctx) {
    struct many m = {visit, ctx, 0};
    enum warp_status st = WARP_OK;
    for (; st == WARP_OK && m.query < count; m.query++) {
        const struct warp_place *p = &centres[m.query];
        st = warp_nearby(s, collection, p->lon, p->lat, radius_m, limit, pass_on, &m);
    }
    return st;
}

enum warp_status warp_nearest_many(struct warp_session *s, const char *collection,
                                   const struct warp_place *centres, size_t count, uint32_t k,
                                   warp_visit_many_fn *visit, void *ctx) {
    struct many m = {visit, ctx, 0};
    enum warp_status st = WARP_OK;
    for (; st == WARP_OK && m.query < count; m.query++) {
        const struct warp_place *p = &centres[m.query];
        st = warp_nearest(s, collection, p->lon, p->lat, k, pass_on, &m);
    }
    return st;
}

// What touches the box that is but the point covers the point.
enum warp_status warp_covering_many(struct warp_session *s, const char *collection,
                                    const struct warp_place *points, size_t count,
                                    warp_visit_many_fn *visit, void *ctx) {
    struct many m = {visit, ctx, 0};
    enum warp_status st = WARP_OK;
    for (; st == WARP_OK && m.query < count; m.query++) {
        const struct warp_place *p = &points[m.query];
        st = warp_bbox(s, collection, p->lon, p->lat, p->lon, p->lat, pass_on, &m);
    }
    return st;
}
