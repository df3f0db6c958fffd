// bench_lines.h - the lines of warpengine bench peers: who, data set, operation, figure, count, check.
//
// As tab-separated values they are what the programs of bench/peers print, so that one table takes all. `check` is what
// the operation found on average (or in sum, for distances): whoever answers the same question has the same.
//
// Owner: main's thread.

#ifndef CLI_BENCH_LINES_H
#define CLI_BENCH_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct bench_lines {
    bool tsv;
    const char *only, *sets; // comma-separated names to keep; NULL: all
    size_t told;
};

bool bench_lines_wants(const struct bench_lines *lines, const char *name, const char *set);
/// Whether `set` was asked for, by whatever name.
bool bench_lines_wants_set(const struct bench_lines *lines, const char *set);
void bench_lines_add(struct bench_lines *lines, const char *name, const char *set, const char *op,
                     double value, size_t count, double check);

/// All queries of one file, once.
typedef void bench_pass_fn(void *ctx);
/// CPU time of this thread for one pass: the least of three, caches and branch predictors warm.
double bench_lines_best_ns(bench_pass_fn *pass, void *ctx);

#endif
