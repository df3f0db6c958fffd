// storage_child.h - a process that writes to a store until it is killed, and what must be there afterwards.
//
// Batch n puts the value n to the four keys of one of GROUPS groups. The child reports what it is told is durable
// through a pipe.

#ifndef TESTS_FAULT_STORAGE_CHILD_H
#define TESTS_FAULT_STORAGE_CHILD_H

#include <pthread.h>

#include "base/clock.h"
#include "unit/storage/kit.h"

#define GROUPS (KIT_KEYS / 4)

struct report {
    uint64_t lsn, mono_ns;
};

static int report_fd;
// Held while a batch gets its LSN and is applied, as an engine's writer does.
static pthread_mutex_t writer = PTHREAD_MUTEX_INITIALIZER;

static void report(void *ctx, uint64_t lsn) {
    (void)ctx;
    struct report r = {lsn, clock_mono_ns()};
    if (write(report_fd, &r, sizeof r) != sizeof r) _exit(3);
}

/// What was appended before the call is applied once the lock has been ours; the rest may go on.
static enum status child_source(void *ctx, uint64_t lsn, storage_emit_fn *emit, void *emit_ctx) {
    pthread_mutex_lock(&writer);
    pthread_mutex_unlock(&writer);
    return kit_source(ctx, lsn, emit, emit_ctx);
}

struct child_plan {
    const char *dir;
    enum storage_mode mode;
    uint32_t interval_ms;
    uint64_t segment_bytes, snapshot_bytes, seed;
    unsigned pause_us; // after each batch; 0: now and then
};

/// The child: recover, then write for ever, with snapshots now and then.
static void child_run(const struct child_plan *plan) {
    struct rand r;
    rand_init(&r, plan->seed);
    struct kit_model model = {.body_bytes = 100};
    struct storage_options o = kit_options(plan->dir, plan->mode);
    o.sync_interval_ms = plan->interval_ms;
    o.segment_bytes = plan->segment_bytes;
    o.snapshot_after_bytes = plan->snapshot_bytes;
    o.source = child_source;
    o.source_ctx = &model;
    o.on_durable = report;
    struct storage *st;
    struct reason why;
    if (kit_open_with(&o, io_system(), &model, &st, &why) != STATUS_OK) {
        fprintf(stderr, "%s\n", why.text);
        _exit(2);
    }
    struct storage_stats stats;
    storage_stats(st, &stats);
    for (uint64_t n = stats.last_lsn + 1;; n++) {
        unsigned group = (unsigned)(n % GROUPS);
        struct buf batch;
        buf_init(&batch);
        for (unsigned i = 0; i < 4; i++)
            kit_put(&batch, group * 4 + i, n, 100);
        uint64_t lsn;
        pthread_mutex_lock(&writer);
        if (storage_append(st, buf_str(&batch), &lsn) != STATUS_OK || lsn != n) _exit(4);
        for (unsigned i = 0; i < 4; i++)
            model.value[group * 4 + i] = n;
        pthread_mutex_unlock(&writer);
        buf_deinit(&batch);
        if (plan->pause_us)
            usleep(plan->pause_us);
        else if (rand_below(&r, 64) == 0)
            usleep((useconds_t)rand_below(&r, 300));
        if (rand_below(&r, 3000) == 0 && storage_snapshot(st, &why) == STATUS_CORRUPT) _exit(5);
        while (storage_ready(st, &why) == STATUS_BUSY)
            usleep(100);
    }
}

/// Gives the last LSN that is there; it must be `durable` or more.
static uint64_t verify(const char *dir, uint64_t durable, const char *mode) {
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    o.read_only = true; // leave the cutting to the next child
    struct kit_model got = {0};
    struct storage *st = kit_open(&o, &got);
    struct storage_stats stats;
    storage_stats(st, &stats);
    storage_close(st);
    assert_false(got.strange);
    if (stats.last_lsn < durable)
        fail_msg("%s: LSN %llu was acknowledged, the log ends at %llu", mode,
                 (unsigned long long)durable, (unsigned long long)stats.last_lsn);
    for (uint64_t g = 0; g < GROUPS; g++) {
        // The newest batch of this group.
        uint64_t want = stats.last_lsn - (stats.last_lsn + GROUPS - g) % GROUPS;
        if (stats.last_lsn < GROUPS) continue;
        for (unsigned i = 0; i < 4; i++)
            if (got.value[g * 4 + i] != want)
                fail_msg("%s: half a batch, or a wrong one: key %llu has %llu, not %llu", mode,
                         (unsigned long long)(g * 4 + i), (unsigned long long)got.value[g * 4 + i],
                         (unsigned long long)want);
    }
    return stats.last_lsn;
}

#endif
