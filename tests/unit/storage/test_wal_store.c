// test_wal_store.c - the store as its user sees it: what was appended comes back, whole and in order.

#include "unit/storage/kit.h"

static const enum storage_mode modes[] = {STORAGE_ALWAYS, STORAGE_INTERVAL, STORAGE_OFF};

static void appended_comes_back(void **state) {
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        char dir[64];
        kit_dir_make(dir);
        struct storage_options o = kit_options(dir, modes[m]);
        o.segment_bytes = 4096;
        struct kit_model want = {0}, got = {0};
        struct storage *st = kit_open(&o, &got);
        assert_int_equal(got.records, 0);
        for (uint64_t i = 1; i <= 500; i++)
            assert_int_equal(kit_write(st, &want, (unsigned)(i * 7), 3, i, 20), i);
        storage_close(st);
        assert_true(kit_file_count(dir, "wal-") > 5);

        st = kit_open(&o, &got);
        assert_true(kit_model_equal(&want, &got));
        assert_false(got.strange);
        assert_int_equal(got.records, 1500);
        struct storage_stats stats;
        storage_stats(st, &stats);
        assert_int_equal(stats.last_lsn, 500);
        assert_int_equal(stats.durable_lsn, 500);
        assert_int_equal(stats.cut_bytes, 0);
        assert_int_equal(stats.segments, kit_file_count(dir, "wal-"));
        assert_int_equal(kit_write(st, &want, 0, 1, 501, 20), 501);
        storage_close(st);
        st = kit_open(&o, &got);
        assert_true(kit_model_equal(&want, &got));
        storage_close(st);
        kit_dir_remove(dir);
    }
}

static void opening_without_writing_changes_nothing(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    struct storage_options o = kit_options(dir, STORAGE_INTERVAL);
    struct kit_model got = {0};
    for (int i = 0; i < 3; i++)
        storage_close(kit_open(&o, &got));
    assert_int_equal(kit_file_count(dir, "wal-"), 0);
    struct storage *st = kit_open(&o, &got);
    kit_write(st, NULL, 1, 1, 1, 8);
    storage_close(st);
    for (int i = 0; i < 3; i++)
        storage_close(kit_open(&o, &got));
    assert_int_equal(kit_file_count(dir, "wal-"), 1);
    kit_dir_remove(dir);
}

static void large_and_empty_batches(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    struct kit_model want = {0}, got = {0};
    struct storage *st = kit_open(&o, &got);
    struct buf batch;
    buf_init(&batch);
    for (unsigned i = 0; i < 5000; i++)
        kit_put(&batch, i % KIT_KEYS, i + 1, 4096); // 20 MB: far beyond a chunk
    uint64_t lsn;
    assert_int_equal(storage_append(st, buf_str(&batch), &lsn), STATUS_OK);
    for (unsigned i = 0; i < 5000; i++)
        want.value[i % KIT_KEYS] = i + 1;
    assert_int_equal(storage_append(st, STR_NONE, &lsn), STATUS_OK);
    assert_int_equal(lsn, 2);
    kit_write(st, &want, 0, 1, 77, 8);
    struct str huge = {batch.data, (size_t)1 << 31};
    assert_int_equal(storage_append(st, huge, &lsn), STATUS_TOO_LARGE);
    buf_deinit(&batch);
    storage_close(st);
    st = kit_open(&o, &got);
    assert_int_equal(got.records, 5001);
    assert_true(kit_model_equal(&want, &got));
    assert_false(got.strange);
    struct storage_stats stats;
    storage_stats(st, &stats);
    assert_int_equal(stats.last_lsn, 3);
    storage_close(st);
    kit_dir_remove(dir);
}

struct told {
    _Atomic uint64_t lsn, calls;
    _Atomic bool backwards;
};

static void on_durable(void *ctx, uint64_t lsn) {
    struct told *t = ctx;
    if (lsn < t->lsn) t->backwards = true;
    t->lsn = lsn;
    t->calls++;
}

static void durable_is_told(void **state) {
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        char dir[64];
        kit_dir_make(dir);
        struct storage_options o = kit_options(dir, modes[m]);
        struct told told = {0};
        o.on_durable = on_durable;
        o.durable_ctx = &told;
        struct kit_model got = {0};
        struct storage *st = kit_open(&o, &got);
        for (uint64_t i = 1; i <= 50; i++)
            kit_write(st, NULL, 0, 1, i, 8);
        for (int i = 0; i < 5000 && told.lsn < 50; i++)
            usleep(1000);
        assert_int_equal(told.lsn, 50);
        assert_false(told.backwards);
        assert_int_equal(storage_durable_lsn(st), 50);
        kit_sync(st);
        storage_close(st);
        kit_dir_remove(dir);
    }
}

static void second_server_is_refused(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    struct storage_options o = kit_options(dir, STORAGE_INTERVAL);
    struct kit_model got = {0};
    struct storage *st = kit_open(&o, &got), *second;
    struct reason why = {0};
    assert_int_equal(wal_store_open(&o, &second, &why), STATUS_LOCKED);
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_non_null(strstr(why.text, dir));
    assert_non_null(strstr(why.text, pid));
    o.read_only = true;
    assert_int_equal(wal_store_open(&o, &second, &why), STATUS_LOCKED);
    storage_close(st);
    st = kit_open(&o, &got);
    struct storage *reader = kit_open(&o, &got); // readers share
    o.read_only = false;
    assert_int_equal(wal_store_open(&o, &second, &why), STATUS_LOCKED);
    storage_close(reader);
    storage_close(st);
    storage_close(kit_open(&o, &got));
    kit_dir_remove(dir);
}

static void read_only_changes_nothing(void **state) {
    (void)state;
    char dir[64], path[600];
    kit_dir_make(dir);
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    struct kit_model want = {0}, got = {0};
    struct storage *st = kit_open(&o, &got);
    kit_write(st, &want, 0, 5, 9, 8);
    storage_close(st);
    assert_true(kit_file(dir, "wal-", 0, path));
    uint64_t size = kit_file_size(path) - 7;
    assert_int_equal(truncate(path, (off_t)size), 0); // tear the seal
    o.read_only = true;
    st = kit_open(&o, &got);
    assert_true(kit_model_equal(&want, &got));
    struct reason why;
    assert_int_equal(storage_ready(st, &why), STATUS_READ_ONLY);
    assert_int_equal(storage_snapshot(st, &why), STATUS_READ_ONLY);
    struct storage_stats stats;
    storage_stats(st, &stats);
    assert_int_equal(stats.cut_bytes, 25);
    assert_true(stats.read_only);
    storage_close(st);
    assert_int_equal(kit_file_size(path), size);
    kit_dir_remove(dir);
}

static void bad_directories_are_named(void **state) {
    (void)state;
    struct storage_options o = kit_options("/proc/nothing/here", STORAGE_ALWAYS);
    struct storage *st;
    struct reason why = {0};
    assert_int_not_equal(wal_store_open(&o, &st, &why), STATUS_OK);
    assert_non_null(strstr(why.text, "/proc/nothing"));
    o.dir = "/dev/null";
    assert_int_not_equal(wal_store_open(&o, &st, &why), STATUS_OK);
    assert_non_null(strstr(why.text, "/dev/null"));
    char dir[64], deep[128];
    kit_dir_make(dir);
    snprintf(deep, sizeof deep, "%s/a/b/", dir);
    o.dir = deep;
    assert_int_equal(wal_store_open(&o, &st, &why), STATUS_OK); // parents are made
    storage_close(st);
    kit_dir_remove(deep);
    snprintf(deep, sizeof deep, "%s/a", dir);
    rmdir(deep);
    kit_dir_remove(dir);
}

static void use_before_replay_is_refused(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    struct storage *st;
    struct reason why = {0};
    assert_int_equal(wal_store_open(&o, &st, &why), STATUS_OK);
    assert_int_equal(storage_ready(st, &why), STATUS_UNAVAILABLE);
    assert_int_equal(storage_sync(st, &why), STATUS_UNAVAILABLE);
    storage_close(st);
    storage_close(NULL);
    kit_dir_remove(dir);
}

static void backlog_makes_busy(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    o.backlog_bytes = 1000;
    struct kit_io k;
    kit_io_init(&k);
    struct kit_model got = {0};
    struct storage *st;
    struct reason why;
    assert_int_equal(kit_open_with(&o, &k.io, &got, &st, &why), STATUS_OK);
    k.limited = true; // no room
    for (uint64_t i = 1; i <= 20; i++)
        kit_write(st, NULL, 0, 1, i, 100);
    enum status ready = storage_ready(st, &why);
    assert_true(ready == STATUS_BUSY || ready == STATUS_DISK_FULL);
    k.limited = false;
    for (int i = 0; i < 3000 && storage_ready(st, &why) != STATUS_OK; i++)
        usleep(1000);
    assert_int_equal(storage_ready(st, &why), STATUS_OK);
    kit_sync(st);
    storage_close(st);
    kit_dir_remove(dir);
}

static enum status refuse(void *ctx, uint64_t lsn, const struct record *r) {
    (void)ctx, (void)lsn, (void)r;
    return STATUS_NO_MEMORY;
}

static void refusal_of_a_record_ends_the_replay(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    struct kit_model want = {0}, got = {0};
    struct storage *st = kit_open(&o, &got);
    kit_write(st, &want, 0, 5, 9, 8);
    storage_close(st);
    struct reason why = {0};
    assert_int_equal(wal_store_open(&o, &st, &why), STATUS_OK);
    assert_int_equal(storage_replay(st, refuse, NULL, &why), STATUS_NO_MEMORY);
    storage_close(st);
    st = kit_open(&o, &got); // and nothing was harmed
    assert_true(kit_model_equal(&want, &got));
    storage_close(st);
    kit_dir_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appended_comes_back),
        cmocka_unit_test(opening_without_writing_changes_nothing),
        cmocka_unit_test(large_and_empty_batches),
        cmocka_unit_test(durable_is_told),
        cmocka_unit_test(second_server_is_refused),
        cmocka_unit_test(read_only_changes_nothing),
        cmocka_unit_test(bad_directories_are_named),
        cmocka_unit_test(use_before_replay_is_refused),
        cmocka_unit_test(backlog_makes_busy),
        cmocka_unit_test(refusal_of_a_record_ends_the_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
