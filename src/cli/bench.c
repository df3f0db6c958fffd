#include "cli/bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

enum status bench_case_begin(struct bench *b, const char *name, size_t steps,
                             struct bench_case *c) {
    *c = (struct bench_case){.bench = b, .name = name, .step_cap = steps};
    c->step_ns = mem_zalloc(steps ? steps : 1, sizeof *c->step_ns);
    if (!c->step_ns) return STATUS_NO_MEMORY;
    c->cpu_ns = clock_process_cpu_ns();
    c->began_ns = clock_mono_ns();
    return STATUS_OK;
}

void bench_step_begin(struct bench_case *c) {
    c->step_began_ns = clock_mono_ns();
}

void bench_step_end(struct bench_case *c, size_t ops) {
    uint64_t ns = clock_mono_ns() - c->step_began_ns;
    if (c->steps < c->step_cap)
        c->step_ns[c->steps++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
    c->ops += ops;
}

void bench_pause(struct bench_case *c) {
    c->pause_ns = clock_mono_ns();
    c->pause_cpu_ns = clock_process_cpu_ns();
}

void bench_resume(struct bench_case *c) {
    c->began_ns += clock_mono_ns() - c->pause_ns;
    c->cpu_ns += clock_process_cpu_ns() - c->pause_cpu_ns;
}

void bench_case_end(struct bench_case *c) {
    double cpu = (double)(clock_process_cpu_ns() - c->cpu_ns);
    double wall = (double)(clock_mono_ns() - c->began_ns);
    double ops = c->ops ? (double)c->ops : 1;
    qsort(c->step_ns, c->steps, sizeof *c->step_ns, compare);
    double p50 = c->steps ? (double)c->step_ns[c->steps / 2] / 1e3 : 0;
    double p99 = c->steps ? (double)c->step_ns[c->steps * 99 / 100] / 1e3 : 0;
    struct bench *b = c->bench;
    if (b->json) {
        printf("%s\n  {\"case\":\"%s\",\"ops\":%" PRIu64 ",\"ops_per_second\":%.1f,"
               "\"cpu_us_per_op\":%.4f,\"p50_us\":%.3f,\"p99_us\":%.3f}",
               b->cases++ ? "," : "", c->name, c->ops, ops * 1e9 / wall, cpu / 1e3 / ops, p50, p99);
    } else {
        if (!b->cases++) {
            printf("%-32s %10s %12s %12s %10s %10s\n", "case", "ops", "ops/s", "CPU us/op",
                   "p50 us", "p99 us");
        }
        printf("%-32s %10" PRIu64 " %12.0f %12.3f %10.1f %10.1f\n", c->name, c->ops,
               ops * 1e9 / wall, cpu / 1e3 / ops, p50, p99);
    }
    fflush(stdout);
    mem_free(c->step_ns);
    *c = (struct bench_case){0};
}

void bench_figure(struct bench *b, const char *name, double value, const char *unit) {
    if (b->json) {
        printf("%s\n  {\"case\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}", b->cases++ ? "," : "",
               name, value, unit);
    } else {
        printf("%-32s %10.1f %s\n", name, value, unit);
    }
    fflush(stdout);
}
