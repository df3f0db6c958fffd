// bench_suites.h - what can be measured.

#ifndef CLI_BENCH_SUITES_H
#define CLI_BENCH_SUITES_H

#include "cli/bench.h"
#include "cli/bench_lines.h"

/// In-process puts, moves, reads and searches, without a store.
MUST_USE enum status bench_spatial(struct bench *b, struct reason *why);
/// Updates among fences and far from them; places against fences.
MUST_USE enum status bench_geofence(struct bench *b, struct reason *why);
/// Writes in each mode of the store, restart, snapshot.
MUST_USE enum status bench_storage(struct bench *b, struct reason *why);
/// The workload files of bench/peers in `dir`: indices, polygons and public API beside Boost, GEOS and the others.
MUST_USE enum status bench_peers(struct bench_lines *lines, const char *dir, struct reason *why);

#endif
