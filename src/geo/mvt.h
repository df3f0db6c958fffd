// mvt.h - Mapbox vector tiles 2.1: one layer of one tile, features as they come.
//
//   mvt_init -> for each feature: mvt_tag ... mvt_add -> mvt_finish
//
// Coordinates are whole numbers, MVT_EXTENT for the tile's side, from its north-western corner, y to the south; what lies
// more than MVT_BUFFER outside is cut off. Rings are wound as the format asks, holes follow their exterior, what
// shrinks to nothing is left out, no segment has length zero. Positions are moved by whole turns, so a geometry over the
// antimeridian is whole on both sides.
// Owner: one thread.

#ifndef GEO_MVT_H
#define GEO_MVT_H

#include "base/buf.h"
#include "geo/clip_box.h"
#include "geo/geometry.h"
#include "geo/tile.h"

#define MVT_EXTENT 4096
#define MVT_BUFFER 64
#define MVT_MARGIN ((double)MVT_BUFFER / MVT_EXTENT) // of the tile's side, for tile_bbox_margin

enum mvt_kind { MVT_STRING, MVT_DOUBLE, MVT_INTEGER, MVT_BOOL };
struct mvt_value {
    enum mvt_kind kind;
    struct str text;
    double number;
    int64_t integer;
    bool boolean;
};

struct mvt_table {
    struct buf bytes;  // the entries as they will stand in the layer
    uint32_t *slots;   // index of an entry + 1, by hash of its bytes
    uint32_t *offsets; // of the entries
    uint32_t count, cap;
};

struct mvt {
    struct tile tile;
    struct str layer;
    struct clip_box cutter;
    struct buf features, tags, geometry, scratch;
    struct mvt_table keys, values;
    struct point *flat; // a part in the tile's coordinates
    size_t flat_cap;
    int64_t at_x, at_y; // the cursor
    size_t feature_count;
    bool failed;
};

/// `layer` is borrowed.
void mvt_init(struct mvt *m, const struct tile *tile, struct str layer);
void mvt_deinit(struct mvt *m);

/// A property of the feature that will be added next. Each name once.
void mvt_tag(struct mvt *m, struct str name, const struct mvt_value *value);
/// Ends the feature; nothing is added when no part of it shows. `id` 0: none. A GeometryCollection becomes a feature for each of
/// its kinds of members.
void mvt_add(struct mvt *m, const struct geometry *g, uint64_t id);
void mvt_add_point(struct mvt *m, struct point p, uint64_t id);
/// Append the tile: nothing at all without features. NO_MEMORY when anything failed on the way.
MUST_USE enum status mvt_finish(struct mvt *m, struct buf *out);

#endif
