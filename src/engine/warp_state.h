// warp_state.h - what stands behind the opaque types of warp.h.

#ifndef ENGINE_WARP_STATE_H
#define ENGINE_WARP_STATE_H

#include <yyjson.h>

#include "engine/engine.h"
#include "engine/query.h"
#include "engine/search_direct.h"
#include "warp.h"

struct warp {
    struct engine *engine;
    struct storage *store; // NULL: in memory
    bool always;           // changes wait for the disk
};

/// One thread's at a time.
struct warp_session {
    struct warp *db;
    unsigned reader;
    struct arena arena; // of one call
    struct buf text;    // properties going in, features coming out
    struct reason why;
};

enum warp_status warp_status_of(enum status st);
/// Begin a call: nothing is wrong yet, memory of the last call goes.
void warp_session_begin(struct warp_session *s);
/// End it: when only the status is known, its text is the reason.
enum warp_status warp_session_end(struct warp_session *s, enum status st);
/// Whom the hits of a search go to: one of the two.
struct warp_visitor {
    warp_visit_fn *one;
    warp_visit_many_fn *many;
    void *ctx;
};
/// Begin a call that searches.
struct search_direct warp_search_begin(struct warp_session *s, const char *collection,
                                       struct warp_visitor *visitor);
/// INVALID, and why.
MUST_USE enum status warp_check_place(struct warp_session *s, double lon, double lat);
MUST_USE enum status warp_check_limit(struct warp_session *s, uint32_t limit);
MUST_USE enum status warp_check_radius(struct warp_session *s, double radius_m);
MUST_USE enum status warp_check_box(struct warp_session *s, const struct warp_box *box);
/// A geometry, of itself or of a Feature; `*properties` (may be NULL) are those of the Feature.
/// The geometry belongs to the caller, the document too (free it after the properties).
MUST_USE enum status warp_geometry_parse(struct warp_session *s, const char *text, yyjson_doc **doc,
                                         struct geometry **geometry, yyjson_val **properties);

#endif
