// fence.h - a rule about places: which objects, what area, what is told.
//
//   spec --fence_new--> fence, in the engine's sets (engine/fences.h)
//   (previous, next) state of an object --> triggers --> events
//
// A fence never changes: changing one is putting another of its id. It knows nothing of how objects are kept, so what
// it is asked to accept goes to a callback.
//
// Ownership: fence_new copies texts and takes references; `ctx` becomes the fence's with success. Counted: ref, unref.
// Threads: all functions from any; the last unref may be any thread's, `free_ctx` is called there.

#ifndef FENCE_FENCE_H
#define FENCE_FENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/reason.h"
#include "base/str.h"
#include "geo/distance.h"
#include "geo/geometry.h"

struct epoch;
struct object;

/// Who keeps it; ids are unique within a kind. What RESP calls fences tell what Tile38's tell.
enum fence_kind { FENCE_GEOFENCE, FENCE_HOOK, FENCE_CHANNEL, FENCE_LIVE };
#define FENCE_KINDS 4

enum fence_shape {
    FENCE_AREA, // `geometry`: an area; or with radius_m a Point (circle) or a line (corridor)
    FENCE_ROAM, // whatever of `roam_collection` is within radius_m
    FENCE_SET,  // every area of the collection `set_collection`
};
/// NEARBY is INTERSECTS as Tile38 spells it of circles.
enum fence_relation { FENCE_INTERSECTS, FENCE_WITHIN, FENCE_NEARBY };

/// What can be told, one bit each. An event of RESP fences without any is told of what went away.
enum fence_trigger {
    FENCE_ENTER = 1,
    FENCE_EXIT = 2,
    FENCE_INSIDE = 4,
    FENCE_OUTSIDE = 8,
    FENCE_CROSS = 16,
    FENCE_NEAR = 32,
    FENCE_FARAWAY = 64,
    FENCE_DWELL = 128, // reserved
};
#define FENCE_TRIGGERS_ALL (FENCE_ENTER | FENCE_EXIT | FENCE_INSIDE | FENCE_OUTSIDE | FENCE_CROSS)
#define FENCE_TRIGGERS_ROAM (FENCE_NEAR | FENCE_FARAWAY)

/// What was done to the object, one bit each.
enum fence_command {
    FENCE_SET_OBJECT = 1, // its position was written, whether it changed or not
    FENCE_SET_FIELDS = 2, // all else was
    FENCE_DELETE = 4,
    FENCE_DROP = 8, // the collection: of GEOFENCE, of each object in it
    FENCE_EXPIRE = 16,
};
#define FENCE_COMMANDS_ALL                                                                         \
    (FENCE_SET_OBJECT | FENCE_SET_FIELDS | FENCE_DELETE | FENCE_DROP | FENCE_EXPIRE)

enum fence_verdict {
    FENCE_UNCONCERNED, // not about it: as if it were not there (MATCH of RESP, filters of geofences)
    FENCE_NEVER_IN,    // wherever it is, it is not inside (WHERE of RESP)
    FENCE_ACCEPTED,
};
/// What the fence says of an object, its position apart. Called under the lock of the object's id, for its state before
/// and after; the same answer for the same state and command. Must not call the engine.
typedef enum fence_verdict fence_accept_fn(const void *ctx, const struct object *o,
                                           unsigned command);

/// All borrowed, but for `ctx`.
struct fence_spec {
    enum fence_kind kind;
    struct str id;         // 1 to 1,024 bytes
    struct str collection; // watched; empty: all
    enum fence_shape shape;
    enum fence_relation relation;
    const struct geometry *geometry;     // AREA
    double radius_m;                     // AREA with Point or line, ROAM; else 0
    struct str roam_collection, roam_id; // roam_id: a glob, empty: all
    bool nodwell;                        // ROAM: who stays near is not told of again
    struct str set_collection;
    unsigned triggers;       // enum fence_trigger
    unsigned commands;       // enum fence_command
    fence_accept_fn *accept; // NULL: all
    void *ctx;
    void (*free_ctx)(void *ctx); // may be NULL
    bool durable;                // its events go into the log, with the change that caused them
    bool silent;                 // until fence_listen says that somebody listens
    int64_t expires_ms;          // 0: never
    uint64_t version;
};

struct fence;

#define FENCE_ID_MAX 1024

/// INVALID with the reason: no area, a radius that is none, no triggers... NO_MEMORY. `ctx` stays the caller's then.
MUST_USE enum status fence_new(const struct fence_spec *spec, struct fence **out,
                               struct reason *why);
struct fence *fence_ref(const struct fence *f);
/// Give a reference back when the readers that are inside have left. Once in the life of a fence.
void fence_retire(struct fence *f, struct epoch *epoch);
/// NULL is allowed.
void fence_unref(struct fence *f);

/// As it was made, texts and geometry borrowed for the life of the fence.
const struct fence_spec *fence_spec(const struct fence *f);
/// A box around all it can be touched by (unwrapped); empty of ROAM and SET.
const struct bbox *fence_bbox(const struct fence *f);
/// Somebody more (+1) or less (-1) listens to a fence made silent; while nobody does it costs nothing.
void fence_listen(const struct fence *f, int by);
bool fence_is_heard(const struct fence *f);

/// `p` is in it or on its edge: what searches say of such an area. AREA only.
bool fence_holds_point(const struct fence *f, struct point p);
/// The same of a geometry, by the relation.
bool fence_holds_geometry(const struct fence *f, const struct geometry *g);
/// A way, a LineString, touches it; the relation does not matter.
bool fence_is_crossed(const struct fence *f, const struct geometry *way);
/// Metres from `p` to it, 0 inside; AREA only.
double fence_distance_m(const struct fence *f, struct point p);

const char *fence_trigger_name(enum fence_trigger trigger); // "enter", ... "nearby", "faraway"
/// 0: none of them.
unsigned fence_trigger_parse(struct str name);

#endif
