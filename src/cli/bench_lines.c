#include "cli/bench_lines.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { PASSES = 3 };

static bool listed(const char *list, const char *name) {
    if (!list) return true;
    size_t len = strlen(name);
    while (*list) {
        size_t word = strcspn(list, ",");
        if (word == len && memcmp(list, name, len) == 0) return true;
        list += word + (list[word] == ',');
    }
    return false;
}

bool bench_lines_wants(const struct bench_lines *lines, const char *name, const char *set) {
    return listed(lines->only, name) && listed(lines->sets, set);
}

bool bench_lines_wants_set(const struct bench_lines *lines, const char *set) {
    return listed(lines->sets, set);
}

void bench_lines_add(struct bench_lines *lines, const char *name, const char *set, const char *op,
                     double value, size_t count, double check) {
    if (lines->tsv) {
        printf("%s\t%s\t%s\t%.1f\t%zu\t%.6g\n", name, set, op, value, count, check);
    } else {
        const char *unit = strncmp(op, "bytes", 5) == 0 ? "bytes" : "ns";
        if (lines->told == 0) {
            printf("%-10s %-20s %-14s %12s %-5s %10s %12s\n", "set", "name", "operation", "each",
                   "", "operations", "check");
        }
        printf("%-10s %-20s %-14s %12.1f %-5s %10zu %12.6g\n", set, name, op, value, unit, count,
               check);
    }
    lines->told++;
    fflush(stdout);
}

double bench_lines_best_ns(bench_pass_fn *pass, void *ctx) {
    double best = 0;
    for (int i = 0; i < PASSES; i++) {
        uint64_t began = clock_thread_cpu_ns();
        pass(ctx);
        double ns = (double)(clock_thread_cpu_ns() - began);
        if (i == 0 || ns < best) best = ns;
    }
    return best;
}
