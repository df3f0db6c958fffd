#include "index/scan.h"

static unsigned find_plain(const struct scan_points *p, unsigned count, const struct index_box *box,
                           const _Atomic uint32_t *items, uint32_t *found, uint64_t *unsure) {
    unsigned sure = 0;
    *unsure = 0;
    for (unsigned i = 1; i <= count; i++) {
        uint64_t pair = scan_load(p, i);
        int32_t lon = scan_lon(pair), lat = scan_lat(pair);
        if (lon < box->min_lon || lon > box->max_lon || lat < box->min_lat || lat > box->max_lat)
            continue;
        if (lon == box->min_lon || lon == box->max_lon || lat == box->min_lat ||
            lat == box->max_lat) {
            *unsure |= (uint64_t)1 << i;
            continue;
        }
        if (found) found[sure] = atomic_load_explicit(&items[i], memory_order_acquire);
        sure++;
    }
    return sure;
}

static struct scan_hits boxes_plain(const struct scan_boxes *b, unsigned count,
                                    const struct index_box *box) {
    struct scan_hits hits = {0, 0};
    for (unsigned i = 0; i < count; i++) {
        uint64_t in = b->min_lon[i] <= box->max_lon && b->max_lon[i] >= box->min_lon &&
                      b->min_lat[i] <= box->max_lat && b->max_lat[i] >= box->min_lat;
        uint64_t sure = b->min_lon[i] < box->max_lon && b->max_lon[i] > box->min_lon &&
                        b->min_lat[i] < box->max_lat && b->max_lat[i] > box->min_lat;
        hits.in |= in << i;
        hits.sure |= sure << i;
    }
    return hits;
}

static uint32_t holders_plain(const struct scan_boxes *b, unsigned count,
                              const struct index_box *box) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < count; i++) {
        bool holds = b->min_lon[i] <= box->min_lon && b->max_lon[i] >= box->max_lon &&
                     b->min_lat[i] <= box->min_lat && b->max_lat[i] >= box->max_lat;
        bits |= (uint32_t)holds << i;
    }
    return bits;
}

static uint32_t within_plain(const struct scan_boxes *b, unsigned count,
                             const struct index_box *box) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < count; i++) {
        bool within = b->min_lon[i] > box->min_lon && b->max_lon[i] < box->max_lon &&
                      b->min_lat[i] > box->min_lat && b->max_lat[i] < box->max_lat;
        bits |= (uint32_t)within << i;
    }
    return bits;
}

static void copy_plain(const _Atomic uint32_t *from, unsigned count, uint32_t *to) {
    for (unsigned i = 0; i < count; i++)
        to[i] = atomic_load_explicit(&from[i], memory_order_acquire);
}

static const struct scan_kernels plain_kernels = {find_plain, boxes_plain, holders_plain,
                                                  within_plain, copy_plain};

const struct scan_kernels *scan_kernels_plain(void) {
    return &plain_kernels;
}
