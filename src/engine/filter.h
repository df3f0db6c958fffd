// filter.h - a condition on an object, compiled once: CQL2-JSON (OGC 21-065) and equality parameters.
//
// Operators: and or not; = <> < <= > >= ; like, between, in, isNull; s_intersects, s_within,
// s_contains, s_disjoint, s_dwithin (ours: {"op":"s_dwithin","args":[{"property":"geometry"},geometry,metres]});
// t_after, t_before, t_during, t_intersects on instants ({"timestamp":...}, {"date":...}) and intervals ({"interval":[a,b]}).
// Properties: names of `properties` members ("a.b" and "a/b" reach into objects), and "id",
// "geometry", "time", "created_at", "updated_at", "version", "distance" is not one.
// Three-valued: a comparison with a missing property or of different types is unknown; unknown is not a match;
// not(unknown) is unknown. A string that is a timestamp or a date can stand for a time; a date is a whole day.
// `like`: % any run, _ one character, \ quotes; time O(text * pattern).
//
// Lives in the arena it was parsed into; immutable, used by any thread meanwhile.

#ifndef ENGINE_FILTER_H
#define ENGINE_FILTER_H

#include <yyjson.h>

#include "base/arena.h"
#include "engine/object.h"
#include "geo/distance.h"

#define FILTER_DEPTH 32
#define FILTER_NODES 1024

struct filter;

/// BAD_REQUEST with a pointer into the filter for unknown operators and wrong shapes; INVALID for bad geometries.
/// Geometries get references held until filter_release.
MUST_USE enum status filter_parse(yyjson_val *json, const struct geometry_limits *limits,
                                  struct arena *arena, struct filter **out, struct reason *why);
/// name = value as it stands in a query string: equal to a string, or to a number or true/false of the same text.
/// Joined by AND to `*filter` (which may be NULL).
MUST_USE enum status filter_and_equal(struct filter **filter, struct str name, struct str value,
                                      struct arena *arena);
/// Drops the references to geometries. NULL is allowed.
void filter_release(struct filter *filter);
/// `filter` NULL matches all.
bool filter_matches(const struct filter *filter, const struct object *o);
/// A box outside of which nothing matches (from s_ conditions that must hold); false when there is none.
bool filter_bbox(const struct filter *filter, enum earth earth, struct bbox *out);

#endif
