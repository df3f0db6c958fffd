// mixed.h - points in one index, things with extent in another: one index for both.

#ifndef INDEX_MIXED_H
#define INDEX_MIXED_H

#include "index/index.h"
#include "index/places.h"

/// Takes both indices, also when it fails; `points` gives it its name. `places` is borrowed.
MUST_USE enum status mixed_new_take(struct places *places, struct index *points,
                                    struct index *others, struct index **out);

#endif
