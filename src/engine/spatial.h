// spatial.h - an object against a geometry: the one place where searches and filters decide.

#ifndef ENGINE_SPATIAL_H
#define ENGINE_SPATIAL_H

#include "engine/object.h"
#include "geo/distance.h"

bool spatial_intersects(const struct object *o, const struct geometry *g);
bool spatial_within(const struct object *o, const struct geometry *g);
/// The object contains all of `g`.
bool spatial_contains(const struct object *o, const struct geometry *g);

bool spatial_intersects_bbox(const struct object *o, const struct bbox *box);
bool spatial_within_bbox(const struct object *o, const struct bbox *box);

/// From a point to the object.
double spatial_distance_m(enum earth earth, struct point p, const struct object *o);
/// Sphere. Exact when either side is a Point; else the least distance of a vertex of one to the other, 0 when they
/// touch.
bool spatial_dwithin(const struct object *o, const struct geometry *g, double metres);

#endif
