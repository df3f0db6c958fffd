#include "geo/extent.h"

#include <string.h>

#define LOCAL_WIDTH 180 // only boxes up to this width are worth shifting for

static int longest_inner_gap(const bool occupied[360], int *end);

void extent_init(struct extent *e) {
    memset(e, 0, sizeof *e);
    e->plain = BBOX_EMPTY;
}

void extent_add(struct extent *e, const struct bbox *box) {
    if (bbox_is_empty(box)) return;
    bbox_add(&e->plain, box);
    int first = (int)floor(box->min_lon) + 180;
    int last = (int)floor(box->max_lon) + 180;
    if (last - first >= 360) last = first + 359;
    for (int i = first; i <= last; i++) {
        e->occupied[((i % 360) + 360) % 360] = true;
    }
}

double extent_cut(const struct extent *e) {
    if (bbox_is_empty(&e->plain) || e->plain.max_lon - e->plain.min_lon <= LOCAL_WIDTH) {
        return -INFINITY;
    }
    int end = 0;
    int gap = longest_inner_gap(e->occupied, &end);
    if (gap < 360 - LOCAL_WIDTH) return -INFINITY;
    return (double)(end - 180);
}

void extent_join(struct bbox *sum, const struct bbox *box, double cut) {
    struct bbox b = *box;
    if (b.min_lon < cut) {
        b.min_lon += 360.0;
        b.max_lon += 360.0;
    }
    bbox_add(sum, &b);
}

// The longest run of free buckets that does not reach around the antimeridian.
static int longest_inner_gap(const bool occupied[360], int *end) {
    int best = 0, run = 0;
    for (int i = 0; i < 360; i++) {
        run = occupied[i] ? 0 : run + 1;
        if (run > best) {
            best = run;
            *end = i + 1;
        }
    }
    return *end == 360 ? 0 : best;
}
