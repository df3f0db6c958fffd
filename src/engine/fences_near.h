// fences_near.h - fences that look for others: what roams, and the areas of a collection.

#ifndef ENGINE_FENCES_NEAR_H
#define ENGINE_FENCES_NEAR_H

#include "engine/fences_asking.h"

/// NO_MEMORY.
MUST_USE enum status fences_near_roam(struct fences_asking *m, const struct fence *f);
MUST_USE enum status fences_near_areas(struct fences_asking *m, const struct fence *f);

#endif
