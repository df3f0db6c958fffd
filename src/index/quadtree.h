// quadtree.h - points that move: a 16-ary Morton trie with leaves of 64 points.

#ifndef INDEX_QUADTREE_H
#define INDEX_QUADTREE_H

#include "index/index.h"
#include "index/places.h"

/// Holds point boxes only (index_box_is_point). `places` is borrowed.
MUST_USE enum status quadtree_new(struct places *places, struct index **out);

#endif
