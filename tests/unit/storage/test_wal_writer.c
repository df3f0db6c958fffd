// test_wal_writer.c - what the writer and the syncer leave in the files, and when.

#include "unit/storage/kit.h"

#include "storage/wal_scan.h"

/// Frames of the only segment by kind, and the highest synced LSN that they tell.
static uint64_t scan(const char *dir, unsigned kinds[8]) {
    char path[600];
    assert_true(kit_file(dir, "wal-", 0, path));
    struct wal_scan s;
    assert_int_equal(wal_scan_open(io_system(), path, WAL_FILE_SEGMENT, &s, NULL), STATUS_OK);
    assert_true(s.has_header);
    memset(kinds, 0, 8 * sizeof *kinds);
    uint64_t synced = 0;
    enum wal_scan_step step;
    struct wal_frame f;
    for (;;) {
        assert_int_equal(wal_scan_next(&s, &f, &step), STATUS_OK);
        if (step != WAL_SCAN_FRAME) break;
        kinds[f.kind]++;
        if (f.synced_lsn > synced) synced = f.synced_lsn;
    }
    assert_int_equal(step, WAL_SCAN_EOF);
    wal_scan_close(&s);
    return synced;
}

static void a_mark_tells_what_is_synced(void **state) {
    (void)state;
    for (int mode = STORAGE_ALWAYS; mode <= STORAGE_INTERVAL; mode++) {
        char dir[64];
        kit_dir_make(dir);
        struct storage_options o = kit_options(dir, (enum storage_mode)mode);
        struct kit_model got = {0};
        struct storage *st = kit_open(&o, &got);
        kit_write(st, NULL, 0, 1, 1, 8);
        kit_write(st, NULL, 0, 1, 2, 8);
        unsigned kinds[8];
        uint64_t synced = 0;
        for (int i = 0; i < 3000 && synced < 2; i++) {
            usleep(2000);
            synced = kit_file_count(dir, "wal-") ? scan(dir, kinds) : 0;
        }
        assert_int_equal(synced, 2);
        assert_true(kinds[WAL_FRAME_BATCH] == 2 && kinds[WAL_FRAME_MARK] == 1);
        usleep(400000);
        (void)scan(dir, kinds);
        assert_int_equal(kinds[WAL_FRAME_MARK], 1); // an idle store writes no more
        // What the mark vouches for is damage when it is damaged, even though nothing was sealed.
        char copy[80], path[600];
        snprintf(copy, sizeof copy, "%s-copy", dir);
        kit_dir_copy(dir, copy);
        assert_true(kit_file(copy, "wal-", 0, path));
        kit_flip(path, 64 + 48 + 40, 1); // the second batch
        struct storage_options c = kit_options(copy, STORAGE_ALWAYS);
        struct storage *other;
        struct reason why;
        assert_int_equal(kit_open_with(&c, io_system(), &got, &other, &why), STATUS_CORRUPT);
        kit_write(st, NULL, 0, 1, 3, 8); // and on behind the mark
        storage_close(st);
        (void)scan(dir, kinds);
        assert_true(kinds[WAL_FRAME_BATCH] == 3 && kinds[WAL_FRAME_SEAL] == 1);
        st = kit_open(&o, &got);
        assert_int_equal(got.value[0], 3);
        storage_close(st);
        kit_dir_remove(copy);
        kit_dir_remove(dir);
    }
}

static void the_modes_sync_as_they_say(void **state) {
    (void)state;
    for (int mode = 0; mode < 3; mode++) {
        char dir[64];
        kit_dir_make(dir);
        struct kit_io k;
        kit_io_init(&k);
        struct storage_options o = kit_options(dir, (enum storage_mode)mode);
        o.sync_interval_ms = 100;
        struct kit_model got = {0};
        struct storage *st;
        struct reason why;
        assert_int_equal(kit_open_with(&o, &k.io, &got, &st, &why), STATUS_OK);
        kit_write(st, NULL, 0, 1, 1, 8);
        while (storage_durable_lsn(st) < 1)
            usleep(100);
        uint64_t before = k.count[KIT_SYNC];
        for (uint64_t i = 2; i <= 11; i++) {
            kit_write(st, NULL, 0, 1, i, 8);
            while (storage_durable_lsn(st) < i)
                usleep(100);
        }
        uint64_t syncs = k.count[KIT_SYNC] - before;
        if (mode == STORAGE_ALWAYS) assert_int_equal(syncs, 10);
        if (mode == STORAGE_OFF) {
            usleep(250000);
            assert_int_equal(k.count[KIT_SYNC] - before, 0);
        }
        if (mode == STORAGE_INTERVAL) {
            for (int i = 0; i < 3000 && k.count[KIT_SYNC] == before; i++)
                usleep(1000);
            assert_true(k.count[KIT_SYNC] > before);
        }
        kit_sync(st); // on demand, whatever the mode
        struct storage_stats stats;
        storage_stats(st, &stats);
        assert_true(stats.syncs >= 1);
        storage_close(st);
        kit_dir_remove(dir);
    }
}

static void off_syncs_by_bytes(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    struct storage_options o = kit_options(dir, STORAGE_OFF);
    o.segment_bytes = 1u << 30;
    struct kit_model got = {0};
    struct storage *st = kit_open(&o, &got);
    struct reason why;
    for (uint64_t i = 1; i <= 600; i++) { // 150 MB
        kit_write(st, NULL, 0, KIT_KEYS, i, 4000);
        while (storage_ready(st, &why) == STATUS_BUSY)
            usleep(1000);
    }
    struct storage_stats stats;
    storage_stats(st, &stats);
    assert_true(stats.syncs >= 1);
    assert_true(mem_used() < (200u << 20)); // what waits for a sync is bounded
    storage_close(st);
    kit_dir_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_tells_what_is_synced),
        cmocka_unit_test(the_modes_sync_as_they_say),
        cmocka_unit_test(off_syncs_by_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
