// extent.h - the narrowest box on the globe around several boxes.
//
// Parts on both sides of the antimeridian (Fiji, cut as RFC 7946 section 3.1.9 asks) get one narrow box over
// it and not a belt around the earth. Longitudes are sorted into 360 buckets, so any number of
// parts costs one pass and no memory.

#ifndef GEO_EXTENT_H
#define GEO_EXTENT_H

#include "geo/bbox.h"

struct extent {
    struct bbox plain;  // of the numbers as they are
    bool occupied[360]; // by whole degrees from -180
};

void extent_init(struct extent *e);
void extent_add(struct extent *e, const struct bbox *box);
/// Longitude below which boxes are to be shifted by 360 for the narrowest box; -INFINITY: none.
double extent_cut(const struct extent *e);
/// Add `box` to `sum`, shifted when it lies below the cut.
void extent_join(struct bbox *sum, const struct bbox *box, double cut);

#endif
