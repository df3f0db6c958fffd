// test_storage_kill.c - a writer is killed (SIGKILL) at random moments, fifty rounds on one store: nothing that it was told
// is durable is lost, in any mode, and every batch is there whole or not at all.
//
// Batch n puts the value n to four keys of one of sixteen groups. The child reports durable LSNs through a pipe.

#include "unit/storage/kit.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define ROUNDS 50
#define GROUPS (KIT_KEYS / 4)

static int report_fd;
// Held while a batch gets its LSN and is applied, as an engine's writer does.
static pthread_mutex_t writer = PTHREAD_MUTEX_INITIALIZER;

static void report(void *ctx, uint64_t lsn) {
    (void)ctx;
    if (write(report_fd, &lsn, sizeof lsn) != sizeof lsn) _exit(3);
}

/// What was appended before the call is applied once the lock has been ours; the rest may go on.
static enum status child_source(void *ctx, storage_emit_fn *emit, void *emit_ctx) {
    pthread_mutex_lock(&writer);
    pthread_mutex_unlock(&writer);
    return kit_source(ctx, emit, emit_ctx);
}

/// The child: recover, then write for ever, with snapshots now and then.
static void child_run(const char *dir, enum storage_mode mode, uint64_t seed) {
    struct rand r;
    rand_init(&r, seed);
    struct kit_model model = {.body_bytes = 100};
    struct storage_options o = kit_options(dir, mode);
    o.segment_bytes = 20000;
    o.snapshot_after_bytes = 60000;
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
        if (rand_below(&r, 64) == 0) usleep((useconds_t)rand_below(&r, 300));
        if (rand_below(&r, 3000) == 0 && storage_snapshot(st, &why) == STATUS_IO) _exit(5);
        while (storage_ready(st, &why) == STATUS_BUSY)
            usleep(100);
    }
}

static uint64_t round_run(const char *dir, enum storage_mode mode, uint64_t seed, uint64_t run_us) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        report_fd = ends[1];
        child_run(dir, mode, seed);
    }
    close(ends[1]);
    uint64_t durable = 0, lsn, waited = 0;
    // The time runs from the first report, so that each round writes something.
    bool killed = false;
    while (read(ends[0], &lsn, sizeof lsn) == sizeof lsn) {
        durable = lsn;
        if (killed) continue;
        if (waited == 0) usleep((useconds_t)run_us);
        waited = 1;
        kill(pid, SIGKILL);
        killed = true;
    }
    close(ends[0]);
    int result;
    assert_int_equal(waitpid(pid, &result, 0), pid);
    if (!WIFSIGNALED(result)) fail_msg("the child ended by itself: %d", WEXITSTATUS(result));
    return durable;
}

static void verify(const char *dir, uint64_t durable, const char *mode) {
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
}

static void rounds(enum storage_mode mode, const char *name) {
    uint64_t seed = (uint64_t)getpid() * 31 + (uint64_t)mode;
    print_message("%s: seed %llu\n", name, (unsigned long long)seed);
    struct rand r;
    rand_init(&r, seed);
    char dir[64];
    kit_dir_make(dir);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t durable = round_run(dir, mode, rand_u64(&r), rand_below(&r, 25000));
        verify(dir, durable, name);
    }
    kit_dir_remove(dir);
}

static void killed_in_always(void **state) {
    (void)state;
    rounds(STORAGE_ALWAYS, "always");
}

static void killed_in_interval(void **state) {
    (void)state;
    rounds(STORAGE_INTERVAL, "interval");
}

static void killed_in_off(void **state) {
    (void)state;
    rounds(STORAGE_OFF, "off");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_in_always),
        cmocka_unit_test(killed_in_interval),
        cmocka_unit_test(killed_in_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
