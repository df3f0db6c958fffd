// rtree_split.c - the R* split: the axis of least margin, then the cut of least overlap
// (Beckmann et al. 1990, section 4.2).

#include <math.h>

#include "index/rtree_node.h"

#define ENTRIES (RTREE_FANOUT + 1)
#define MIN_FILL 6 // about 40 % of a node, their best value

enum { BY_MIN_LON, BY_MAX_LON, BY_MIN_LAT, BY_MAX_LAT, ORDERS };

/// The boxes around the first i + 1 and around the entries from i on.
struct sweep {
    struct index_box below[ENTRIES], above[ENTRIES];
};

static void sort_entries(const struct rtree_entry *entries, int by, uint8_t *order);
static void sweep_make(const struct rtree_entry *entries, const uint8_t *order, struct sweep *s);
static double sweep_margins(const struct sweep *s);
static double margin(const struct index_box *b);
static double overlap(const struct index_box *a, const struct index_box *b);

/// The cut of one order with least overlap, then least area, then most even.
struct cut {
    double overlap, area;
    unsigned at, skew;
};
static bool cut_better(const struct cut *a, const struct cut *b) {
    if (a->overlap != b->overlap) return a->overlap < b->overlap;
    if (a->area != b->area) return a->area < b->area;
    return a->skew < b->skew;
}
static struct cut sweep_cut(const struct sweep *s);

unsigned rtree_split_order(const struct rtree_entry entries[ENTRIES], uint8_t order[ENTRIES]) {
    uint8_t orders[ORDERS][ENTRIES];
    struct sweep sweeps[ORDERS];
    double margins[ORDERS];
    for (int by = 0; by < ORDERS; by++) {
        sort_entries(entries, by, orders[by]);
        sweep_make(entries, orders[by], &sweeps[by]);
        margins[by] = sweep_margins(&sweeps[by]);
    }
    int axis =
        margins[BY_MIN_LON] + margins[BY_MAX_LON] <= margins[BY_MIN_LAT] + margins[BY_MAX_LAT]
            ? BY_MIN_LON
            : BY_MIN_LAT;
    struct cut by_min = sweep_cut(&sweeps[axis]), by_max = sweep_cut(&sweeps[axis + 1]);
    bool use_max = cut_better(&by_max, &by_min);
    for (unsigned i = 0; i < ENTRIES; i++)
        order[i] = orders[use_max ? axis + 1 : axis][i];
    return use_max ? by_max.at : by_min.at;
}

static int32_t sort_value(const struct rtree_entry *e, int by) {
    switch (by) {
    case BY_MIN_LON: return e->box.min_lon;
    case BY_MAX_LON: return e->box.max_lon;
    case BY_MIN_LAT: return e->box.min_lat;
    default: return e->box.max_lat;
    }
}

static void sort_entries(const struct rtree_entry *entries, int by, uint8_t *order) {
    int32_t values[ENTRIES];
    for (unsigned i = 0; i < ENTRIES; i++) {
        int32_t value = sort_value(&entries[i], by);
        unsigned at = i;
        for (; at > 0 && values[at - 1] > value; at--) {
            values[at] = values[at - 1];
            order[at] = order[at - 1];
        }
        values[at] = value;
        order[at] = (uint8_t)i;
    }
}

static void sweep_make(const struct rtree_entry *entries, const uint8_t *order, struct sweep *s) {
    struct index_box box = RTREE_BOX_EMPTY;
    for (unsigned i = 0; i < ENTRIES; i++)
        s->below[i] = box = rtree_box_join(&box, &entries[order[i]].box);
    box = RTREE_BOX_EMPTY;
    for (unsigned i = ENTRIES; i-- > 0;)
        s->above[i] = box = rtree_box_join(&box, &entries[order[i]].box);
}

static double sweep_margins(const struct sweep *s) {
    double sum = 0;
    for (unsigned at = MIN_FILL; at <= ENTRIES - MIN_FILL; at++)
        sum += margin(&s->below[at - 1]) + margin(&s->above[at]);
    return sum;
}

static struct cut sweep_cut(const struct sweep *s) {
    struct cut best = {.overlap = INFINITY};
    for (unsigned at = MIN_FILL; at <= ENTRIES - MIN_FILL; at++) {
        const struct index_box *low = &s->below[at - 1], *high = &s->above[at];
        struct cut cut = {
            .overlap = overlap(low, high),
            .area = rtree_box_area(low) + rtree_box_area(high),
            .at = at,
            .skew = at > ENTRIES - at ? 2 * at - ENTRIES : ENTRIES - 2 * at,
        };
        if (cut_better(&cut, &best)) best = cut;
    }
    return best;
}

static double margin(const struct index_box *b) {
    return ((double)b->max_lon - b->min_lon) + ((double)b->max_lat - b->min_lat);
}

static double overlap(const struct index_box *a, const struct index_box *b) {
    double width = fmin(a->max_lon, b->max_lon) - fmax(a->min_lon, b->min_lon);
    double height = fmin(a->max_lat, b->max_lat) - fmax(a->min_lat, b->min_lat);
    return width < 0 || height < 0 ? 0 : (width + 1) * (height + 1);
}
