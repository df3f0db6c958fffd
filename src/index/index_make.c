#include "index/index_make.h"

#include "index/geohash_tree.h"
#include "index/mixed.h"
#include "index/quadtree.h"
#include "index/rtree.h"

enum status index_make(enum index_kind kind, struct places *places, struct index **out) {
    struct index *others = NULL, *points = NULL;
    enum status st = rtree_new(places, &others);
    if (st != STATUS_OK) return st;
    if (kind == INDEX_RTREE) {
        *out = others;
        return STATUS_OK;
    }
    st = kind == INDEX_GEOHASH ? geohash_tree_new(&points) : quadtree_new(places, &points);
    if (st != STATUS_OK) {
        index_free(others);
        return st;
    }
    return mixed_new_take(places, points, others, out);
}

const char *index_kind_name(enum index_kind kind) {
    switch (kind) {
    case INDEX_QUADTREE: return "quadtree";
    case INDEX_RTREE: return "rtree";
    case INDEX_GEOHASH: return "geohash";
    }
    return "unknown";
}

bool index_kind_parse(struct str name, enum index_kind *out) {
    if (str_eq(name, STR("quadtree"))) {
        *out = INDEX_QUADTREE;
    } else if (str_eq(name, STR("rtree")) || str_eq(name, STR("rtree_gpu"))) {
        *out = INDEX_RTREE;
    } else if (str_eq(name, STR("geohash"))) {
        *out = INDEX_GEOHASH;
    } else {
        return false;
    }
    return true;
}
