/* warp.h - WarpEngine inside your program: objects that move, searched while they do.
 *
 *     struct warp *db;
 *     struct warp_session *s;
 *     warp_open(&(struct warp_options){.data_dir = "fleet.db"}, &db, NULL, 0);
 *     warp_session_open(db, &s);
 *     warp_put_point(s, "fleet", "truck-7", -122.4194, 37.7749, "{\"speed\":12.5}");
 *     warp_move(s, "fleet", "truck-7", -122.4190, 37.7751);
 *     warp_nearby(s, "fleet", -122.42, 37.77, 500.0, 10, on_hit, NULL);
 *     warp_session_close(s);
 *     warp_close(db);
 *
 * Shapes   A database holds collections, a collection holds objects by id. An object is a GeoJSON
 *          geometry (RFC 7946, all seven types) and a JSON object of properties. A collection
 *          comes to be with its first object; NULL means the one called "default".
 * Units    Degrees (WGS 84), longitude before latitude as in GeoJSON; metres; milliseconds.
 * Text     NUL-terminated UTF-8. An id or a collection's name has 1 to 256 bytes and no control
 *          characters.
 * Threads  A session belongs to one thread at a time: open one per thread (at most 250 at once).
 *          Sessions of one database run beside each other; searches never wait for the disk.
 * Owner    What you pass in is borrowed for the call. What you are given is the session's: text
 *          of warp_get lasts until the session's next call, a hit lasts for its visit.
 * Errors   Every function that can fail returns a status; warp_error(session) says more in words.
 *          A call that fails has changed nothing (warp_put_points says how much it did).
 *          Running out of memory is a status too.
 */

#ifndef WARP_H
#define WARP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WARP_API __attribute__((visibility("default")))

enum warp_status {
    WARP_OK = 0,
    WARP_NOT_FOUND,   /* no such object or collection */
    WARP_MALFORMED,   /* the text is not JSON, or not GeoJSON */
    WARP_INVALID,     /* well-formed, but outside the earth, an unclosed ring, a bad id ... */
    WARP_TOO_LARGE,   /* over a limit */
    WARP_NO_MEMORY,   /* over the memory limit, or the system's */
    WARP_BUSY,        /* too many sessions, or the disk is behind: try again */
    WARP_UNAVAILABLE, /* disk full, read only, failing; reads go on */
    WARP_LOCKED,      /* another process has the data directory */
    WARP_CORRUPT,     /* stored data is damaged; the error text names file and place */
    WARP_FAILED       /* anything else */
};

/** What a change survives once the call returned. But for WARP_ALWAYS the call does not wait for the file: a thread
 *  of the library writes behind it, as a rule within a millisecond. A process that is killed loses what that
 *  thread has not written yet, never half a batch, and nothing that was there when warp_sync or warp_close returned. */
enum warp_durability {
    WARP_INTERVAL = 0, /* a power cut: but for the last sync_interval_ms */
    WARP_ALWAYS,       /* a power cut, a kill; the call waits for the disk */
    WARP_OFF           /* of a power cut, what the operating system has written by then */
};

enum warp_index {
    WARP_QUADTREE = 0, /* the quickest for points that move */
    WARP_RTREE,
    WARP_GEOHASH
};

enum warp_relation { WARP_INTERSECTS = 0, WARP_WITHIN, WARP_CONTAINS, WARP_DISJOINT };

/** Zero is the default of every member. */
struct warp_options {
    const char *data_dir; /* made when missing; NULL keeps everything in memory only */
    enum warp_durability durability;
    uint32_t sync_interval_ms; /* 0: 1000 */
    enum warp_index index;     /* of new collections */
    size_t memory_limit_bytes; /* of the process' use of this library: above it changes are refused,
                                  except deletes; reads go on, with up to an eighth (at least
                                  16 MiB) more; 0: none */
};

struct warp;
struct warp_session;

/** "0.1.0" */
WARP_API const char *warp_version(void);
/** A few words for a status; never NULL. */
WARP_API const char *warp_status_text(enum warp_status status);

/** Open or make a database. `error` (may be NULL) gets a sentence when it fails. */
WARP_API enum warp_status warp_open(const struct warp_options *options, struct warp **out,
                                    char *error, size_t error_size);
/** Writes what is not on the disk yet. All its sessions are closed before. NULL is allowed. */
WARP_API void warp_close(struct warp *db);
/** Wait until every change so far is on the disk. */
WARP_API enum warp_status warp_sync(struct warp *db);

WARP_API enum warp_status warp_session_open(struct warp *db, struct warp_session **out);
WARP_API void warp_session_close(struct warp_session *s);
/** Why this session's last call failed; empty when it did not. */
WARP_API const char *warp_error(const struct warp_session *s);

/* --- changes --- */

/** Make or replace an object: a GeoJSON Feature (its geometry and properties are taken) or geometry. */
WARP_API enum warp_status warp_put(struct warp_session *s, const char *collection, const char *id,
                                   const char *geojson);
/** The same for a point; `properties` is a JSON object, NULL for none. */
WARP_API enum warp_status warp_put_point(struct warp_session *s, const char *collection,
                                         const char *id, double lon, double lat,
                                         const char *properties);
/** A new position for an object that is there; its properties stay. About a microsecond. */
WARP_API enum warp_status warp_move(struct warp_session *s, const char *collection, const char *id,
                                    double lon, double lat);
WARP_API enum warp_status warp_delete(struct warp_session *s, const char *collection,
                                      const char *id);
/** Remove a collection with all in it. */
WARP_API enum warp_status warp_drop(struct warp_session *s, const char *collection);

struct warp_point {
    const char *id;
    double lon, lat;
    const char *properties; /* as for warp_put_point */
};
/** Many points at once, all in one durable batch: several times quicker than one by one. Points that
 *  are refused do not stop the others: `*done` (may be NULL) counts those that were stored, and the
 *  status is that of the first that was not. */
WARP_API enum warp_status warp_put_points(struct warp_session *s, const char *collection,
                                          const struct warp_point *points, size_t count,
                                          size_t *done);

struct warp_position {
    const char *id;
    double lon, lat;
};
/** New positions of many objects that are there, in order, all in one durable batch; an id may come twice. What
 *  is refused does not stop the others: `*done` (may be NULL) counts those that moved, `statuses` (may be
 *  NULL; `count` of them) says how each ended, and the status is that of the first that did not move. */
WARP_API enum warp_status warp_move_many(struct warp_session *s, const char *collection,
                                         const struct warp_position *positions, size_t count,
                                         enum warp_status *statuses, size_t *done);

/* --- reads --- */

/** The object as a GeoJSON Feature. */
WARP_API enum warp_status warp_get(struct warp_session *s, const char *collection, const char *id,
                                   const char **feature);

struct warp_hit {
    const char *id;
    double lon, lat;        /* the point, or the middle of the geometry's box */
    double distance_m;      /* nearby and nearest; else 0 */
    const char *properties; /* JSON */
};
/** An object without making JSON of it; `hit` and its texts last until the session's next call. */
WARP_API enum warp_status warp_find(struct warp_session *s, const char *collection, const char *id,
                                    struct warp_hit *hit);
/** Called for each hit; false ends the search, which is no failure. It must not use the session. */
typedef bool warp_visit_fn(void *ctx, const struct warp_hit *hit);

/** Objects within `radius_m`, nearest first, at most `limit` (1 to 10,000). Distances are great
 *  circles on a sphere of 6,371,008.8 m, to the nearest point of the geometry. */
WARP_API enum warp_status warp_nearby(struct warp_session *s, const char *collection, double lon,
                                      double lat, double radius_m, uint32_t limit,
                                      warp_visit_fn *visit, void *ctx);
/** The `k` nearest objects (1 to 10,000), nearest first. */
WARP_API enum warp_status warp_nearest(struct warp_session *s, const char *collection, double lon,
                                       double lat, uint32_t k, warp_visit_fn *visit, void *ctx);
/** Objects whose geometry touches the box; west > east crosses the antimeridian. In no certain order,
 *  all of them: end the search from the visit. */
WARP_API enum warp_status warp_bbox(struct warp_session *s, const char *collection, double west,
                                    double south, double east, double north, warp_visit_fn *visit,
                                    void *ctx);
/** How many objects warp_bbox would visit, without visiting them where the index can tell. */
WARP_API enum warp_status warp_bbox_count(struct warp_session *s, const char *collection,
                                          double west, double south, double east, double north,
                                          uint64_t *count);
/** Objects that stand in `relation` to a GeoJSON geometry. What touches a boundary is inside. */
WARP_API enum warp_status warp_polygon(struct warp_session *s, const char *collection,
                                       const char *geojson, enum warp_relation relation,
                                       warp_visit_fn *visit, void *ctx);
/** Objects in a collection; 0 when there is none of this name. */
WARP_API uint64_t warp_count(struct warp_session *s, const char *collection);

/* --- many reads at once ---
 *
 * The same answers as one by one, several times quicker when there is much data: what one search waits for in memory
 * comes while others are worked on. Each search sees the database of its own moment. */

struct warp_box {
    double west, south, east, north;
};
struct warp_place {
    double lon, lat;
};
/** A hit of the search numbered `query`; false ends that search, not the others. */
typedef bool warp_visit_many_fn(void *ctx, size_t query, const struct warp_hit *hit);

WARP_API enum warp_status warp_bbox_many(struct warp_session *s, const char *collection,
                                         const struct warp_box *boxes, size_t count,
                                         warp_visit_many_fn *visit, void *ctx);
/** At most `limit` for each, nearest first. */
WARP_API enum warp_status warp_nearby_many(struct warp_session *s, const char *collection,
                                           const struct warp_place *centres, size_t count,
                                           double radius_m, uint32_t limit,
                                           warp_visit_many_fn *visit, void *ctx);
WARP_API enum warp_status warp_nearest_many(struct warp_session *s, const char *collection,
                                            const struct warp_place *centres, size_t count,
                                            uint32_t k, warp_visit_many_fn *visit, void *ctx);
/** The objects whose geometry covers each of the points: with fences as objects, which fences a position is in. */
WARP_API enum warp_status warp_covering_many(struct warp_session *s, const char *collection,
                                             const struct warp_place *points, size_t count,
                                             warp_visit_many_fn *visit, void *ctx);

/* --- fences --- */

/** An area: GeoJSON, and with `radius_m` above 0 all within so many metres of it (a point becomes a circle, a line a
 *  corridor). */
struct warp_geofence {
    const char *geojson;
    double radius_m;
};
/** The place numbered `place` is in the fence numbered `fence`, or on its edge; false ends the check. It must not use
 *  the session. */
typedef bool warp_geofence_fn(void *ctx, size_t place, size_t fence);
/** Every place against every fence, in the order of places, then of fences. Costs what is found and a look per place,
 *  not places times fences. What is wrong with a fence or place is told before anything is visited. */
WARP_API enum warp_status warp_batch_geofence_check(struct warp_session *s,
                                                    const struct warp_place *places, size_t count,
                                                    const struct warp_geofence *fences,
                                                    size_t fence_count, warp_geofence_fn *visit,
                                                    void *ctx);

#ifdef __cplusplus
}
#endif

#endif
