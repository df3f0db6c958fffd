// index_make.h - chooses an index by name; apart from index.h, so that no index knows another.

#ifndef INDEX_INDEX_MAKE_H
#define INDEX_INDEX_MAKE_H

#include "base/str.h"
#include "index/index.h"
#include "index/places.h"

enum index_kind { INDEX_QUADTREE, INDEX_RTREE, INDEX_GEOHASH };

/// quadtree and geohash hold points themselves and things with extent in an R-tree of their own:
/// one index for a mixed collection. `places` is borrowed and outlives the index; every item is placed
/// (places_grow) before it is inserted.
MUST_USE enum status index_make(enum index_kind kind, struct places *places, struct index **out);
const char *index_kind_name(enum index_kind kind);
/// "quadtree", "rtree", "geohash", and the specification's "rtree_gpu" (an rtree).
bool index_kind_parse(struct str name, enum index_kind *out);

#endif
