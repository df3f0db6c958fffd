// rtree.h - things with extent: an R*-tree of sixteen int32 boxes a node.
//
// Guttman (1984); choice of subtree and split of Beckmann et al., "The R*-tree" (1990), without
// forced reinsertion; bulk loading tiles from the top down (rtree_bulk.c).

#ifndef INDEX_RTREE_H
#define INDEX_RTREE_H

#include "index/index.h"
#include "index/places.h"

/// `places` is borrowed.
MUST_USE enum status rtree_new(struct places *places, struct index **out);

#endif
