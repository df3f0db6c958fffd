// area.h - the areas of Tile38's commands: where a search looks, what a fence watches, what TEST compares.
//
//   BOUNDS minlat minlon maxlat maxlon · CIRCLE lat lon metres · POINT lat lon · HASH geohash · QUADKEY key
//   TILE x y z · MVT x y z · OBJECT geojson · SECTOR lat lon metres bearing bearing · GET key id
//
// Boxes and circles stay what they are, for exact and quick tests; all else is a geometry. A box whose west lies east
// of its east crosses the antimeridian (Tile38: finds nothing).

#ifndef COMMAND_AREA_H
#define COMMAND_AREA_H

#include "command/args.h"
#include "engine/object.h"
#include "geo/geometry.h"

enum area_kind {
    AREA_NOTHING, // an empty box, a GET of what has no position: nothing is in it
    AREA_BOX,
    AREA_CIRCLE,
    AREA_GEOMETRY,
};

struct area {
    enum area_kind kind;
    struct bbox box;           // AREA_BOX, unwrapped
    struct point center;       // AREA_CIRCLE
    double radius_m;           // AREA_CIRCLE
    struct geometry *geometry; // AREA_GEOMETRY: one reference, the area's own; see area_release
};

/// Which kinds the caller takes; others are "invalid argument 'TYPE'".
enum area_flag {
    AREA_TAKES_MVT = 1,
    AREA_TAKES_RECT_ONLY = 2, // BOUNDS HASH QUADKEY TILE
};

/// Take one area, its type first. Tile38's errors: "invalid argument 'x'", "wrong number of arguments ...",
/// "key not found", "id not found". INVALID geometries say why.
MUST_USE enum status area_parse(struct args *a, unsigned flags, struct area *out);
/// The rest of one whose type was taken already.
MUST_USE enum status area_parse_rest(struct args *a, struct str type, struct area *out);
/// True when `word` is the name of an area, in any case.
bool area_is_type(struct str word);
void area_release(struct area *area);

/// The object touches the area; all of it lies in the area. Boundaries are inside.
bool area_intersects(const struct area *area, const struct object *o);
bool area_within(const struct area *area, const struct object *o);
/// A box around all of it, unwrapped; empty for AREA_NOTHING.
struct bbox area_bbox(const struct area *area);
/// The area as a geometry, one reference; a circle becomes a polygon of 64 corners. NULL for AREA_NOTHING.
MUST_USE enum status area_geometry(const struct area *area, struct geometry **out);
/// The area cut to a box; the area itself stays on failure.
MUST_USE enum status area_clip(struct area *area, const struct bbox *box, struct reason *why);
/// The area and everything within `metres` of it.
MUST_USE enum status area_buffer(struct area *area, double metres, struct reason *why);

#endif
