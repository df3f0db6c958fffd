// batch_run.h - objects of a batch, gathered and stored in runs.
//
//   add ... add --> run full (BATCH_RUN_OBJECTS or BATCH_RUN_BYTES) --> engine_apply: one durable batch
//
// So a request within those bounds is all or nothing, and a larger one is that run by run.
// Between runs the engine is left for a moment, that it may free what was replaced.
// Owner: one call.

#ifndef API_BATCH_RUN_H
#define API_BATCH_RUN_H

#include "api/api_state.h"
#include "api/batch_report.h"
#include "api/json.h"

#define BATCH_RUN_OBJECTS 1000
#define BATCH_RUN_BYTES (8u << 20)

struct batch_run_item;

struct batch_run {
    struct api *api;
    struct call *call;
    struct str collection; // of the URL; STR_NONE: each object says its own
    const char
        *path; // of the array the objects stand in, for pointers; NULL: each is a text of its own
    const struct geometry_limits *limits;
    int64_t now_ms;
    struct batch_report report;
    uint64_t lsn;
    // The present run:
    struct arena texts;
    struct buf scratch;
    struct change *changes;
    struct change_result *results;
    struct batch_run_item *items;
    size_t count, cap;
    size_t bytes;
};

/// `body_bytes` bounds how many objects may come.
MUST_USE enum status batch_run_open(struct api *api, struct call *call, struct str collection,
                                    const struct geometry_limits *limits, size_t body_bytes,
                                    struct batch_run *run);
/// Take the object `root`, which lies in `bytes` of text and is borrowed for the call, or note why not. `number` is its line
/// or its place in the array, from 1. Not OK when the whole batch has to stop.
MUST_USE enum status batch_run_add(struct batch_run *run, yyjson_val *root, size_t bytes,
                                   uint64_t number);
/// Note an object that could not even be read.
void batch_run_refuse(struct batch_run *run, uint64_t number, enum status st,
                      const struct reason *why);
/// Store what is gathered.
MUST_USE enum status batch_run_flush(struct batch_run *run);
void batch_run_close(struct batch_run *run);

#endif
