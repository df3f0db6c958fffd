// geohash_tree.h - points in sorted cells: a B+-tree over Z order, the order of geohashes.

#ifndef INDEX_GEOHASH_TREE_H
#define INDEX_GEOHASH_TREE_H

#include "index/index.h"

/// Holds point boxes only (index_box_is_point); needs no places: a point is found by its key.
MUST_USE enum status geohash_tree_new(struct index **out);

#endif
