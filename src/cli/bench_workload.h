// bench_workload.h - the workload files that bench/peers/generate makes: plain arrays of numbers, host byte order.
//
//   SET.pts     lon, lat                           SET = uniform, city
//   SET.q1 .q100 .q10k   west, south, east, north  boxes that hold about so many points
//   SET.kq      lon, lat                           centres of circles and of the ten nearest
//   SET.moves   point number (u64), lon, lat       steps of about 100 m
//   tracks      text: sets of recorded tracks, one a line; they have .pts and .moves alone. May be missing
//   rects.box rects.q    west, south, east, north
//   polys.* fences.*     .off: u64 where each ring begins in .xy, and the end; one ring is one polygon
//   polys.q     polygon number (u64), lon, lat
//
// Every file is checked for what would make an answer meaningless; a reason names the file.
// Owner: one thread.

#ifndef CLI_BENCH_WORKLOAD_H
#define CLI_BENCH_WORKLOAD_H

#include <stdint.h>

#include "base/reason.h"
#include "geo/bbox.h"

struct bench_move {
    uint64_t id;
    struct point to;
};

struct bench_points {
    struct point *at;
    size_t count;
};
struct bench_boxes {
    struct bbox *at;
    size_t count;
};
struct bench_moves {
    struct bench_move *at;
    size_t count;
};

/// Recorded tracks have no queries: near.count is 0.
struct bench_cloud {
    const char *name;
    struct bench_points points, near;
    struct bench_boxes q1, q100, q10k; // cut to the earth: the peers' plane goes on beyond
    struct bench_moves moves;
};

struct bench_rings {
    uint64_t *begins; // count + 1
    size_t count;
    struct bench_points points;
};

enum { BENCH_WORKLOAD_MOVES = 200000 }; // of the moves of points, as the peers have it

struct bench_track_sets {
    char names[16][64];
    size_t count;
};
MUST_USE enum status bench_workload_track_sets(const char *dir, struct bench_track_sets *out,
                                               struct reason *why);
/// On failure nothing is held, here and below.
MUST_USE enum status bench_workload_cloud(const char *dir, const char *set, struct bench_cloud *out,
                                          struct reason *why);
MUST_USE enum status bench_workload_tracks(const char *dir, const char *set,
                                           struct bench_cloud *out, struct reason *why);
void bench_workload_cloud_free(struct bench_cloud *cloud);
/// From the file SET.KIND.
MUST_USE enum status bench_workload_boxes(const char *dir, const char *set, const char *kind,
                                          struct bench_boxes *out, struct reason *why);
/// `ids`: how many things there are.
MUST_USE enum status bench_workload_moves(const char *dir, const char *set, const char *kind,
                                          size_t ids, struct bench_moves *out, struct reason *why);
MUST_USE enum status bench_workload_rings(const char *dir, const char *set, struct bench_rings *out,
                                          struct reason *why);
void bench_workload_rings_free(struct bench_rings *rings);

#endif
