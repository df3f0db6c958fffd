// clip_box.h - lines and rings cut at the sides of a box, in any plane (degrees, or pixels of a tile).
//
// A ring comes out as one ring: where it left and came back it follows the box's sides (Sutherland and Hodgman,
// "Reentrant polygon clipping", 1974), so even-odd is the same as before everywhere inside the box.
// A point on a side is inside. Cut points lie on the side exactly.
// Owner: one thread; the room is used again and again.

#ifndef GEO_CLIP_BOX_H
#define GEO_CLIP_BOX_H

#include "base/status.h"
#include "geo/bbox.h"

struct clip_box {
    struct bbox box;
    struct point *rooms[2];
    size_t caps[2];
};

void clip_box_init(struct clip_box *c, const struct bbox *box);
void clip_box_deinit(struct clip_box *c);

/// `ring` is closed. `*out` is closed too, without equal neighbours, valid until the next call; `*out_count` is 0 when
/// less than a triangle is left.
MUST_USE enum status clip_box_ring(struct clip_box *c, const struct point *ring, size_t count,
                                   const struct point **out, size_t *out_count);
/// Does the ring made by clip_box_ring follow the sides more than once, or there and back? Then it may touch itself.
bool clip_box_ring_is_folded(const struct clip_box *c, const struct point *ring, size_t count);

typedef enum status (*clip_box_run)(void *ctx, const struct point *run, size_t count);
/// Calls `run` for each stretch inside, of two points or more. Stops at the first status that is not OK.
MUST_USE enum status clip_box_line(struct clip_box *c, const struct point *line, size_t count,
                                   clip_box_run run, void *ctx);

#endif
