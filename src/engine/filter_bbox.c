// filter_bbox.c - where a filter can match at all: the box the planner searches instead of
// looking at every object.

#include "engine/filter_node.h"
#include "engine/spatial.h"

static bool node_bbox(const struct filter_node *node, enum earth earth, struct bbox *out);

static double width(const struct bbox *b) {
    return b->max_lon - b->min_lon;
}

static double area(const struct bbox *b) {
    return bbox_is_empty(b) ? 0 : width(b) * (b->max_lat - b->min_lat);
}

/// Both must hold: the smaller box is enough.
static void narrow(bool *found, struct bbox *best, const struct bbox *box) {
    if (!*found || area(box) < area(best)) {
        *best = *box;
    }
    *found = true;
}

bool filter_bbox(const struct filter *filter, enum earth earth, struct bbox *out) {
    bool found = false;
    const struct filter_conjunct *link = filter ? filter->conjuncts : NULL;
    for (; link; link = link->next) {
        struct bbox box;
        if (node_bbox(link->node, earth, &box)) {
            narrow(&found, out, &box);
        }
    }
    return found;
}

static bool and_bbox(const struct filter_node *node, enum earth earth, struct bbox *out) {
    bool found = false;
    for (uint32_t i = 0; i < node->count; i++) {
        struct bbox box;
        if (node_bbox(node->children[i], earth, &box)) {
            narrow(&found, out, &box);
        }
    }
    return found;
}

static bool or_bbox(const struct filter_node *node, enum earth earth, struct bbox *out) {
    *out = BBOX_EMPTY;
    for (uint32_t i = 0; i < node->count; i++) {
        struct bbox box;
        if (!node_bbox(node->children[i], earth, &box)) {
            return false;
        }
        bbox_add(out, &box);
    }
    if (width(out) >= 360.0) {
        out->min_lon = -180.0;
        out->max_lon = 180.0;
    }
    return true;
}

static bool node_bbox(const struct filter_node *node, enum earth earth, struct bbox *out) {
    switch (node->op) {
    case FILTER_AND: return and_bbox(node, earth, out);
    case FILTER_OR: return or_bbox(node, earth, out);
    case FILTER_CONST:
        *out = BBOX_EMPTY; // what is never true matches nowhere
        return node->constant != FILTER_TRUE;
    case FILTER_S_INTERSECTS:
    case FILTER_S_WITHIN:
    case FILTER_S_CONTAINS: *out = *geometry_bbox(node->geometry); return true;
    case FILTER_S_DWITHIN:
        *out = *geometry_bbox(node->geometry);
        if (!bbox_is_empty(out)) {
            double slack = earth == EARTH_ELLIPSOID ? 1.0 - DISTANCE_ELLIPSOID_SLACK : 1.0;
            *out = distance_widen_bbox(out, node->metres / slack);
        }
        return true;
    default: return false;
    }
}
