// rtree_choose.c - which subtree a new box goes down (Beckmann et al. 1990, section 4.1).

#include "index/rtree_node.h"

#define CANDIDATES 4 // of least enlargement, whose overlap is worked out

static unsigned smallest_of(const struct rtree_node *n, uint32_t among);
static unsigned least_overlap(const struct rtree_node *n, const struct index_box *box,
                              const unsigned *candidates, unsigned count);
static double overlap_area(const struct index_box *a, const struct index_box *b);

unsigned rtree_choose_child(const struct rtree *t, const struct rtree_node *n,
                            const struct index_box *box) {
    uint32_t holders = t->scan->holders(&n->boxes, n->count, box);
    if (holders) return smallest_of(n, holders);

    unsigned best[CANDIDATES] = {0};
    double cost[CANDIDATES];
    unsigned found = 0;
    unsigned wanted = n->level == 1 ? CANDIDATES : 1; // overlap matters just above the leaves
    for (unsigned i = 0; i < n->count; i++) {
        struct index_box own = rtree_entry_box(n, i);
        struct index_box joined = rtree_box_join(&own, box);
        double enlargement = rtree_box_area(&joined) - rtree_box_area(&own);
        if (found == wanted && enlargement >= cost[found - 1]) continue;
        unsigned at = found < wanted ? found++ : found - 1;
        for (; at > 0 && cost[at - 1] > enlargement; at--) {
            cost[at] = cost[at - 1];
            best[at] = best[at - 1];
        }
        cost[at] = enlargement;
        best[at] = i;
    }
    return found == 1 ? best[0] : least_overlap(n, box, best, found);
}

static unsigned smallest_of(const struct rtree_node *n, uint32_t among) {
    unsigned best = (unsigned)__builtin_ctz(among);
    among &= among - 1;
    if (!among) return best;
    struct index_box box = rtree_entry_box(n, best);
    double least = rtree_box_area(&box);
    for (; among; among &= among - 1) {
        unsigned i = (unsigned)__builtin_ctz(among);
        box = rtree_entry_box(n, i);
        double area = rtree_box_area(&box);
        if (area < least) {
            least = area;
            best = i;
        }
    }
    return best;
}

/// The candidate whose growth adds least overlap with its neighbours; candidates come by enlargement.
static unsigned least_overlap(const struct rtree_node *n, const struct index_box *box,
                              const unsigned *candidates, unsigned count) {
    unsigned best = candidates[0];
    double least = 0;
    for (unsigned c = 0; c < count; c++) {
        struct index_box own = rtree_entry_box(n, candidates[c]);
        struct index_box joined = rtree_box_join(&own, box);
        double added = 0;
        for (unsigned i = 0; i < n->count; i++) {
            if (i == candidates[c]) continue;
            struct index_box other = rtree_entry_box(n, i);
            double after = overlap_area(&joined, &other);
            if (after > 0) added += after - overlap_area(&own, &other);
        }
        if (c == 0 || added < least) {
            least = added;
            best = candidates[c];
        }
        if (least <= 0) break;
    }
    return best;
}

static double overlap_area(const struct index_box *a, const struct index_box *b) {
    int32_t west = a->min_lon > b->min_lon ? a->min_lon : b->min_lon;
    int32_t east = a->max_lon < b->max_lon ? a->max_lon : b->max_lon;
    int32_t south = a->min_lat > b->min_lat ? a->min_lat : b->min_lat;
    int32_t north = a->max_lat < b->max_lat ? a->max_lat : b->max_lat;
    if (west > east || south > north) return 0;
    return ((double)east - west + 1) * ((double)north - south + 1);
}
