// cover.h - is every point of a line or area in or on another geometry?
//
// An edge of A is followed from its start; the parts of it that B covers are joined end to end, exactly,
// whichever members of B they come from. For areas the sides of the edges are followed in the same way:
// when no edge of A has an uncovered inner side, and no edge of B inside A has an uncovered side,
// nothing inside A is uncovered, for the boundary of an uncovered region would have to consist of such edges.
// No memory is taken. Pure functions.

#ifndef GEO_COVER_H
#define GEO_COVER_H

#include "geo/geometry.h"

/// `a` is a line or an area; `b` anything.
bool cover_holds(const struct geometry *b, const struct geometry *a);

#endif
