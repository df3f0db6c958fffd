// bench_peers.h - the workload of bench/peers put to this engine: to its indices, its polygons, its public API.
//
// The method is the peers': CPU time of the one thread, the least of three passes over the same queries; what changes
// the index (bulk, insert, move) once. The parts know nothing of each other.

#ifndef CLI_BENCH_PEERS_H
#define CLI_BENCH_PEERS_H

#include "cli/bench_lines.h"
#include "cli/bench_workload.h"
#include "index/index_make.h"

enum { BENCH_PEERS_NEAREST = 10 };
#define BENCH_PEERS_RADIUS_M 1000.0

/// warp-trie, warp-rtree or warp-geohash and the same with -grown: loaded at once, and put in one by one.
MUST_USE enum status bench_peers_index(struct bench_lines *lines, enum index_kind kind,
                                       const struct bench_cloud *cloud, struct reason *why);
MUST_USE enum status bench_peers_rects(struct bench_lines *lines, const struct bench_boxes *items,
                                       const struct bench_boxes *queries);
MUST_USE enum status bench_peers_polygons(struct bench_lines *lines,
                                          const struct bench_rings *rings,
                                          const struct bench_moves *asked, struct reason *why);
MUST_USE enum status bench_peers_fences(struct bench_lines *lines, const struct bench_rings *rings,
                                        const struct bench_moves *moves, struct reason *why);
/// warp-api: objects with ids of 11 characters and no properties, kept in memory.
MUST_USE enum status bench_peers_api(struct bench_lines *lines, const struct bench_cloud *cloud,
                                     struct reason *why);
/// The same by the calls for many at once, a thousand a call.
MUST_USE enum status bench_peers_batch(struct bench_lines *lines, const struct bench_cloud *cloud,
                                       struct reason *why);
MUST_USE enum status bench_peers_batch_fences(struct bench_lines *lines,
                                              const struct bench_rings *rings,
                                              const struct bench_moves *moves, struct reason *why);
MUST_USE enum status bench_peers_api_rects(struct bench_lines *lines,
                                           const struct bench_boxes *items,
                                           const struct bench_boxes *queries, struct reason *why);

#endif
