// search_test.h - where a search looks and what it takes: the one test of boxes and circles, on the doubles of the
// very object that is given out. Boundaries belong to the inside.

#ifndef ENGINE_SEARCH_TEST_H
#define ENGINE_SEARCH_TEST_H

#include "engine/object.h"
#include "engine/shard.h"
#include "geo/distance.h"
#include "geo/relate.h"

/// A box, cut at the antimeridian, and whose shards' cells each piece touches. No pieces, nothing to find.
struct search_where {
    struct bbox box; // unwrapped
    size_t count;
    uint64_t shards; // of all pieces
    uint64_t masks[3];
    struct bbox pieces[3];
    struct index_box boxes[3];
};
void search_where_set(struct search_where *w, const struct bbox *box, const struct shard_map *map);
static inline bool search_where_has(const struct search_where *w, const struct object *o) {
    if (o->flags & OBJECT_HAS_GEOMETRY) {
        return relate_intersects_bbox(o->geometry, &w->box);
    }
    for (size_t i = 0; i < w->count; i++) {
        if (bbox_contains_point(&w->pieces[i], o->point)) {
            return true;
        }
    }
    return false;
}

/// A circle.
struct search_round {
    struct distance_from from;
    enum earth earth;
    double radius_m;   // at most; the last word
    double cutoff_hav; // nothing farther can enter the answer; shrinks as the answer fills
};
struct search_round search_round_of(struct point p, double radius_m, enum earth earth);
/// What search_round_has does with geometries and on the ellipsoid.
bool search_round_reaches(const struct search_round *r, const struct object *o, double *distance_m);
/// `*distance_m` is set when it does.
static inline bool search_round_has(const struct search_round *r, const struct object *o,
                                    double *distance_m) {
    if (!(o->flags & OBJECT_HAS_GEOMETRY)) {
        double hav = distance_hav(&r->from, o->point);
        if (hav > r->cutoff_hav) {
            return false;
        }
        if (r->earth == EARTH_SPHERE) {
            *distance_m = distance_hav_to_m(hav);
            return *distance_m <= r->radius_m;
        }
    }
    return search_round_reaches(r, o, distance_m);
}
/// The bound in hav for a distance on that earth.
double search_hav_bound(enum earth earth, double metres);

#endif
