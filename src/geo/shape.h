// shape.h - positions and parts as a parser meets them, until they become a geometry.
//
// Owner: the one parser that fills it.

#ifndef GEO_SHAPE_H
#define GEO_SHAPE_H

#include "geo/geometry.h"

struct shape {
    enum geometry_type type;
    const struct geometry_limits *limits;
    bool literal; // as in struct geometry_parts
    bool has_z;
    struct point *points;
    double *z; // NAN where a position had none
    size_t count, cap;
    uint32_t *part_ends;
    uint8_t *polygon_start;
    size_t part_count, part_cap;
};

void shape_init(struct shape *s, enum geometry_type type, const struct geometry_limits *limits);
void shape_deinit(struct shape *s);
/// `z` NAN: none. TOO_LARGE past the limit of all vertices.
MUST_USE enum status shape_add(struct shape *s, struct point p, double z, struct reason *why);
/// The positions since the last call are a part.
MUST_USE enum status shape_end_part(struct shape *s, bool starts_polygon, struct reason *why);
MUST_USE enum status shape_finish(const struct shape *s, struct geometry **out, struct reason *why);

#endif
