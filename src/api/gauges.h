// gauges.h - what /metrics shows of engine and store, and the counters and times of the api itself.
//
// Numbers of the engine are taken once per scrape, not once per metric. Owner: the apis of one registry together. Threads: any.

#ifndef API_GAUGES_H
#define API_GAUGES_H

#include "base/buf.h"
#include "engine/engine.h"
#include "metrics/registry.h"

enum gauges_query {
    GAUGES_LIST,
    GAUGES_NEARBY,
    GAUGES_NEAREST,
    GAUGES_BBOX,
    GAUGES_POLYGON,
    GAUGES_COMPLEX,
    GAUGES_QUERY_COUNT,
};

struct gauges;

/// `registry` NULL: nothing is counted. Both are borrowed; the registry must not be written after gauges_free.
MUST_USE enum status gauges_new(struct engine *engine, struct registry *registry,
                                struct gauges **out);
/// Another holder of the same gauges; the last gauges_free frees.
struct gauges *gauges_ref(struct gauges *g);
void gauges_free(struct gauges *g);
/// Append everything of the registry as Prometheus text.
void gauges_write(struct gauges *g, struct buf *out);
void gauges_count_query(struct gauges *g, enum gauges_query kind, uint64_t ns);
/// Lines of a batch.
void gauges_count_lines(struct gauges *g, uint64_t stored, uint64_t refused);

#endif
