// geometry.h - a GeoJSON geometry: immutable, counted, in one block of memory.
//
//   geometry ── parts ── points
//     Point, MultiPoint             one part
//     LineString, MultiLineString   a part per line
//     Polygon, MultiPolygon         a part per ring; polygon_start marks the exterior rings
//     GeometryCollection            members are geometries of their own (nesting limit GEOMETRY_DEPTH)
//
// A geometry that crosses the antimeridian is kept unwrapped: each part is continuous, its
// longitudes may leave -180..180 (uncut input is recognised by jumps of more than 180 degrees
// between neighbours and unwrapped to its first vertex). Writers bring longitudes back.
// Edges are straight in longitude/latitude (RFC 7946 section 3.1.1). A ring may be wound either
// way and may cross itself: inside is even-odd over all rings of all polygons of the geometry.
//
// Prepared structures (y strips of rings) are built on first need or by geometry_prepare, kept inside.
// Ownership: geometry_new*/parse give one reference; ref/unref count. Threads: all const functions
// from any thread; prepare publishes atomically.

#ifndef GEO_GEOMETRY_H
#define GEO_GEOMETRY_H

#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/status.h"
#include "geo/bbox.h"

#define GEOMETRY_DEPTH 8 // GeometryCollections inside each other

enum geometry_type {
    GEOMETRY_POINT = 1, // the WKB numbers
    GEOMETRY_LINESTRING,
    GEOMETRY_POLYGON,
    GEOMETRY_MULTIPOINT,
    GEOMETRY_MULTILINESTRING,
    GEOMETRY_MULTIPOLYGON,
    GEOMETRY_COLLECTION,
};

struct geometry;

/// What a geometry from outside may be; checked while parsing.
struct geometry_limits {
    uint32_t ring_vertices;  // per ring or line
    uint32_t total_vertices; // per geometry
};
#define GEOMETRY_LIMITS_REST ((struct geometry_limits){10000, 1000000})
#define GEOMETRY_LIMITS_IMPORT ((struct geometry_limits){1000000, 16000000})

/// From parts, as above. `z` is NULL or a height in metres for each point. `part_ends[i]` is one past the last
/// point of part i; `polygon_start[i]` is nonzero where part i begins a polygon (NULL for other types).
/// Checks ranges, lengths, closedness, limits; copies.
struct geometry_parts {
    enum geometry_type type;
    const struct point *points;
    const double *z;
    size_t point_count;
    const uint32_t *part_ends;
    const uint8_t *polygon_start;
    size_t part_count;
    /// Longitudes are as they shall be kept (-180..540): nothing is unwrapped. For stored forms and boxes.
    bool literal;
};
MUST_USE enum status geometry_new(const struct geometry_parts *parts,
                                  const struct geometry_limits *limits, struct geometry **out,
                                  struct reason *why);
MUST_USE enum status geometry_new_point(struct point p, struct geometry **out);
/// A box as a Polygon (unwrapped boxes allowed), for searches.
MUST_USE enum status geometry_new_bbox(const struct bbox *box, struct geometry **out);
/// Takes a reference to each member.
MUST_USE enum status geometry_new_collection(struct geometry *const *members, size_t count,
                                             struct geometry **out, struct reason *why);

struct geometry *geometry_ref(const struct geometry *g);
/// NULL is allowed.
void geometry_unref(struct geometry *g);

enum geometry_type geometry_type(const struct geometry *g);
const char *geometry_type_name(enum geometry_type type);
/// Unwrapped. Empty (bbox_is_empty) for geometries without coordinates.
const struct bbox *geometry_bbox(const struct geometry *g);
bool geometry_is_empty(const struct geometry *g);
/// True when it crosses the antimeridian (its bbox leaves -180..180).
bool geometry_is_wrapped(const struct geometry *g);
size_t geometry_point_count(const struct geometry *g);
size_t geometry_part_count(const struct geometry *g);
/// Points of one part; `z` may be NULL, else *z is NULL when there is no altitude.
const struct point *geometry_part(const struct geometry *g, size_t part, size_t *count,
                                  const double **z);
/// For polygons: part i is an exterior ring.
bool geometry_part_is_exterior(const struct geometry *g, size_t part);
size_t geometry_member_count(const struct geometry *g);
const struct geometry *geometry_member(const struct geometry *g, size_t i);
/// Bytes of heap it holds (itself, members and prepared structures).
size_t geometry_bytes(const struct geometry *g);

/// Build what makes later tests fast (strips, segment boxes). Failing to leaves it correct and slower.
void geometry_prepare(const struct geometry *g);
/// The strips over all edges of `g` (its points are those of the parts, one after another); NULL when
/// they are not built, or not worth building.
const struct strips *geometry_strips(const struct geometry *g);
/// The same of an area; NULL for all else.
const struct strips *geometry_area_strips(const struct geometry *g);
/// All points, part after part, and where each part ends.
const struct point *geometry_points(const struct geometry *g);
size_t geometry_part_end(const struct geometry *g, size_t part);
/// The longitudes of the points as they are stored: the bbox may hold them shifted by 360 degrees.
void geometry_raw_lons(const struct geometry *g, double *min_lon, double *max_lon);

#endif
