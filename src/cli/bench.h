// bench.h - the suites of warpengine bench and how they say what they measured.
//
//   name            ops      ops/s     CPU us/op    p50 us    p99 us
//
// Owner: main's thread.

#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reason.h"

struct bench {
    const char *suite;
    bool json;
    size_t objects;
    uint64_t seed;
    const char *dir; // a new directory for stores, removed afterwards
    size_t cases;    // told so far
};

/// One case being measured. An op is what is counted; a step is what is timed: a batch, or one op.
struct bench_case {
    struct bench *bench;
    const char *name;
    uint32_t *step_ns;
    size_t steps, step_cap;
    uint64_t ops;
    uint64_t began_ns, cpu_ns, step_began_ns;
    uint64_t pause_ns, pause_cpu_ns; // when the present pause began
};

/// At most `steps` will be timed.
MUST_USE enum status bench_case_begin(struct bench *b, const char *name, size_t steps,
                                      struct bench_case *c);
void bench_step_begin(struct bench_case *c);
void bench_step_end(struct bench_case *c, size_t ops);
/// What is done between the two does not count: making the input.
void bench_pause(struct bench_case *c);
void bench_resume(struct bench_case *c);
/// Tell it and free it.
void bench_case_end(struct bench_case *c);
/// A single figure: "memory", 96.5, "bytes per object".
void bench_figure(struct bench *b, const char *name, double value, const char *unit);

#endif
