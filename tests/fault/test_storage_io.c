// test_storage_io.c - the n-th write, sync, open, rename, removal or read fails, for every n of a small scenario; the disk
// fills up; memory runs out. Whatever was acknowledged is there afterwards.

#include <pthread.h>

#include "unit/storage/kit.h"

static const enum storage_mode modes[] = {STORAGE_ALWAYS, STORAGE_INTERVAL, STORAGE_OFF};

static void wait_ready(struct storage *st) {
    struct reason why = {0};
    enum status s = STATUS_OK;
    for (int i = 0; i < 5000; i++) {
        s = storage_ready(st, &why);
        if (s == STATUS_OK) return;
        usleep(1000);
    }
    fail_msg("not ready: %s: %s", status_name(s), why.text);
}

static void sync_until_ok(struct storage *st) {
    struct reason why = {0};
    for (int i = 0; i < 5000; i++) {
        if (storage_sync(st, &why) == STATUS_OK) return;
        usleep(1000);
    }
    fail_msg("not synced: %s", why.text);
}

/// Write, snapshot, write, back up, close on calls of which one fails. False when the start already failed.
static bool scenario(const char *dir, enum storage_mode mode, struct kit_io *k,
                     struct kit_model *want) {
    struct storage_options o = kit_options(dir, mode);
    o.segment_bytes = 700;
    o.sync_interval_ms = 2;
    o.source = kit_source;
    o.source_ctx = want;
    memset(want, 0, sizeof *want);
    struct kit_model got = {0};
    struct storage *st;
    struct reason why;
    char copy[80];
    snprintf(copy, sizeof copy, "%s-backup", dir);
    if (kit_open_with(&o, &k->io, &got, &st, &why) != STATUS_OK) {
        assert_true(why.text[0] != 0);
        return false;
    }
    for (uint64_t i = 1; i <= 12; i++) {
        kit_write(st, want, (unsigned)i, 3, i, 30);
        if (i % 4 == 0) sync_until_ok(st);
    }
    enum status snapped = storage_snapshot(st, &why);
    for (uint64_t i = 13; i <= 20; i++)
        kit_write(st, want, (unsigned)i, 3, i, 30);
    struct kit_model before;
    memcpy(&before, want, sizeof before);
    enum status backed = storage_backup(st, copy, &why);
    if (backed != STATUS_OK) assert_true(why.text[0] != 0);
    for (uint64_t i = 21; i <= 24; i++)
        kit_write(st, want, (unsigned)i, 3, i, 30);
    wait_ready(st);
    sync_until_ok(st);
    storage_close(st);
    if (k->count[KIT_OPEN] && backed == STATUS_OK) { // the copy is a store, with all of the moment
        struct storage_options c = kit_options(copy, mode);
        st = kit_open(&c, &got);
        assert_true(kit_model_equal(&before, &got));
        storage_close(st);
    }
    (void)snapped;
    kit_dir_remove(copy);
    return true;
}

static void expect_all(const char *dir, const struct kit_model *want, const char *what,
                       unsigned long long n) {
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    struct kit_model got = {0};
    struct storage *st;
    struct reason why;
    enum status s = kit_open_with(&o, io_system(), &got, &st, &why);
    if (s != STATUS_OK) fail_msg("%s %llu: %s", what, n, why.text);
    if (!kit_model_equal(want, &got) || got.strange) fail_msg("%s %llu: lost", what, n);
    storage_close(st);
}

static void every_call_fails_once(void **state) {
    (void)state;
    static const char *names[KIT_CALLS] = {"open",     "read",   "write", "sync",
                                           "truncate", "rename", "unlink"};
    for (size_t m = 0; m < 3; m++) {
        for (int call = 0; call < KIT_CALLS; call++) {
            for (uint64_t n = 1;; n++) {
                char dir[64];
                kit_dir_make(dir);
                struct kit_io k;
                kit_io_init(&k);
                k.fail_at[call] = n;
                struct kit_model want;
                if (scenario(dir, modes[m], &k, &want)) expect_all(dir, &want, names[call], n);
                kit_dir_remove(dir);
                if (k.count[call] < n) break;
                assert_true(n < 400);
            }
        }
    }
}

static void three_in_a_row_fail(void **state) {
    (void)state;
    for (int call = KIT_WRITE; call <= KIT_SYNC; call++) {
        for (uint64_t n = 1;; n++) {
            char dir[64];
            kit_dir_make(dir);
            struct kit_io k;
            kit_io_init(&k);
            k.fail_at[call] = n;
            k.fail_for = 2;
            struct kit_model want;
            if (scenario(dir, STORAGE_INTERVAL, &k, &want)) expect_all(dir, &want, "three", n);
            kit_dir_remove(dir);
            if (k.count[call] < n) break;
        }
    }
}

// --- a failed sync drops what was written since the last good one ---

#define FDS 64

struct lossy {
    struct io io;
    pthread_mutex_t lock;
    uint64_t synced_size[FDS]; // of the file behind a descriptor
    int fail_in;               // syncs until one fails
    unsigned failed;
};

static int lossy_open(void *ctx, const char *path, int flags, mode_t mode) {
    struct lossy *l = ctx;
    int fd = open(path, flags, mode);
    struct stat info;
    if (fd < 0 || fd >= FDS || fstat(fd, &info) != 0) return fd;
    pthread_mutex_lock(&l->lock);
    l->synced_size[fd] = (uint64_t)info.st_size;
    pthread_mutex_unlock(&l->lock);
    return fd;
}

static int lossy_sync(void *ctx, int fd) {
    struct lossy *l = ctx;
    struct stat info;
    pthread_mutex_lock(&l->lock);
    int rc = 0;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && fd < FDS) {
        if (l->fail_in > 0 && --l->fail_in == 0) {
            // The pages are gone, the length is not.
            if (ftruncate(fd, (off_t)l->synced_size[fd]) != 0) abort();
            if (ftruncate(fd, info.st_size) != 0) abort();
            l->failed++;
            rc = -1;
        } else {
            l->synced_size[fd] = (uint64_t)info.st_size;
        }
    }
    pthread_mutex_unlock(&l->lock);
    if (rc) errno = EIO;
    return rc;
}

static void what_a_failed_sync_drops_is_written_again(void **state) {
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        unsigned failures = 0;
        for (int n = 1; n < 40; n++) {
            char dir[64];
            kit_dir_make(dir);
            struct kit_io k;
            kit_io_init(&k);
            struct lossy l = {.io = *io_system(), .lock = PTHREAD_MUTEX_INITIALIZER, .fail_in = n};
            l.io.ctx = &l;
            l.io.open = lossy_open;
            l.io.sync = lossy_sync;
            struct storage_options o = kit_options(dir, modes[m]);
            o.segment_bytes = 3000;
            struct kit_model want = {0}, got = {0};
            struct storage *st;
            struct reason why;
            assert_int_equal(kit_open_with(&o, &l.io, &got, &st, &why), STATUS_OK);
            for (uint64_t i = 1; i <= 60; i++) {
                kit_write(st, &want, (unsigned)i, 3, i, 30);
                if (i % 5 == 0) sync_until_ok(st);
                if (i % 20 == 0) usleep(m == 1 ? 30000 : 0);
            }
            wait_ready(st);
            storage_close(st);
            expect_all(dir, &want, "lossy sync", (unsigned long long)n);
            kit_dir_remove(dir);
            failures += l.failed;
        }
        assert_true(failures >= 10);
    }
}

// --- a full disk ---

static void a_full_disk_refuses_and_heals(void **state) {
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        for (uint64_t room = 0; room < 3000; room += 37) {
            char dir[64];
            kit_dir_make(dir);
            struct kit_io k;
            kit_io_init(&k);
            struct storage_options o = kit_options(dir, modes[m]);
            o.segment_bytes = 1000;
            struct kit_model want = {0}, got = {0};
            struct storage *st;
            struct reason why;
            assert_int_equal(kit_open_with(&o, &k.io, &got, &st, &why), STATUS_OK);
            k.room = room;
            k.limited = true;
            uint64_t acked = 0;
            for (uint64_t i = 1; i <= 30; i++)
                kit_write(st, &want, (unsigned)i, 3, i, 30);
            enum status s = STATUS_OK;
            for (int i = 0; i < 5000 && s == STATUS_OK; i++) {
                s = storage_ready(st, &why);
                if (s == STATUS_OK) usleep(1000);
            }
            assert_int_equal(s, STATUS_DISK_FULL);
            assert_non_null(strstr(why.text, dir));
            struct storage_stats stats;
            storage_stats(st, &stats);
            assert_true(stats.read_only);
            assert_true(stats.problem[0] != 0);
            assert_int_equal(storage_sync(st, &why), STATUS_DISK_FULL);
            acked = storage_durable_lsn(st);
            if (room % 2) { // room again: it goes on by itself
                k.limited = false;
                wait_ready(st);
                storage_close(st);
                expect_all(dir, &want, "room", room);
            } else { // closed while full: what was acknowledged is there
                storage_close(st);
                o.mode = STORAGE_ALWAYS;
                st = kit_open(&o, &got);
                assert_true(got.last_lsn >= acked);
                assert_int_equal(got.records, 3 * got.last_lsn);
                storage_close(st);
            }
            kit_dir_remove(dir);
        }
    }
}

// --- memory ---

static void every_allocation_fails(void **state) {
    (void)state;
    for (uint64_t n = 1;; n++) {
        char dir[64], copy[80];
        kit_dir_make(dir);
        snprintf(copy, sizeof copy, "%s-backup", dir);
        struct kit_model want = {0}, got = {0};
        want.body_bytes = 30;
        struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
        o.source = kit_source;
        o.source_ctx = &want;
        struct storage *st = kit_open(&o, &got);
        for (uint64_t i = 1; i <= 5; i++)
            kit_write(st, &want, (unsigned)i, 3, i, 30);
        storage_close(st);

        struct buf batch;
        buf_init(&batch);
        kit_put(&batch, 9, 99, 30);
        struct reason why;
        mem_fail_at(n, false);
        enum status s = kit_open_with(&o, io_system(), &got, &st, &why);
        if (s == STATUS_OK) {
            uint64_t lsn = 0;
            s = storage_append(st, buf_str(&batch), &lsn);
            assert_true(s == STATUS_OK || s == STATUS_NO_MEMORY);
            assert_int_equal(lsn, s == STATUS_OK ? 6 : 0);
            if (s == STATUS_OK) want.value[9] = 99;
            s = storage_snapshot(st, &why);
            assert_true(s == STATUS_OK || s == STATUS_NO_MEMORY);
            s = storage_backup(st, copy, &why);
            assert_true(s == STATUS_OK || s == STATUS_NO_MEMORY);
            storage_close(st);
        } else {
            assert_int_equal(s, STATUS_NO_MEMORY);
        }
        uint64_t made = mem_alloc_count();
        mem_fail_at(0, false);
        buf_deinit(&batch);
        expect_all(dir, &want, "allocation", n);
        kit_dir_remove(copy);
        kit_dir_remove(dir);
        if (made < n) break;
        assert_true(n < 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_fails_once),
        cmocka_unit_test(three_in_a_row_fail),
        cmocka_unit_test(what_a_failed_sync_drops_is_written_again),
        cmocka_unit_test(a_full_disk_refuses_and_heals),
        cmocka_unit_test(every_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
