// test_wal_check.c - what a check says of whole, torn and damaged stores, and that it changes nothing.

#include "unit/storage/kit.h"

struct lines {
    char text[8000];
};

static void say(void *ctx, const char *line) {
    struct lines *l = ctx;
    size_t len = strlen(l->text);
    snprintf(l->text + len, sizeof l->text - len, "%s\n", line);
}

static void store_make(const char *dir, bool snapshot) {
    struct kit_model m = {.body_bytes = 20}, got = {0};
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    o.segment_bytes = 400;
    o.source = snapshot ? kit_source : NULL;
    o.source_ctx = &m;
    struct storage *st = kit_open(&o, &got);
    struct reason why;
    for (uint64_t i = 1; i <= 20; i++) {
        kit_write(st, &m, (unsigned)i, 2, i, 20);
        kit_sync(st);
        if (snapshot && i == 10) assert_int_equal(storage_snapshot(st, &why), STATUS_OK);
    }
    storage_close(st);
}

static void a_whole_store(void **state) {
    (void)state;
    for (int snapshot = 0; snapshot < 2; snapshot++) {
        char dir[64];
        kit_dir_make(dir);
        store_make(dir, snapshot);
        struct wal_check_report report;
        struct lines lines = {0};
        assert_int_equal(wal_store_check(dir, &report, say, &lines), STATUS_OK);
        assert_int_equal(report.damaged, 0);
        assert_int_equal(report.torn_bytes, 0);
        assert_int_equal(report.surviving_lsn, 20);
        assert_int_equal(report.snapshots, snapshot);
        assert_int_equal(report.segments, kit_file_count(dir, "wal-"));
        assert_int_equal(report.records, snapshot ? 11 + 20 : 40);
        kit_dir_remove(dir);
    }
}

static void damage_is_named_and_survivors_counted(void **state) {
    (void)state;
    char dir[64], path[600], place[700];
    kit_dir_make(dir);
    store_make(dir, false);
    assert_true(kit_file(dir, "wal-", 2, path)); // the third
    kit_flip(path, 64 + 40, 1);                  // in its first batch
    struct wal_check_report report;
    struct lines lines = {0};
    assert_int_equal(wal_store_check(dir, &report, say, &lines), STATUS_CORRUPT);
    assert_int_equal(report.damaged, 1);
    snprintf(place, sizeof place, "%s is damaged at byte 64", path);
    assert_non_null(strstr(lines.text, place));
    unsigned long long first;
    assert_int_equal(sscanf(strrchr(path, '-'), "-%llx", &first), 1);
    assert_int_equal(report.surviving_lsn, first - 1);
    kit_dir_remove(dir);
}

static void a_store_in_use_is_not_read(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    struct kit_model got = {0};
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    struct storage *st = kit_open(&o, &got);
    struct wal_check_report report;
    struct lines lines = {0};
    assert_int_equal(wal_store_check(dir, &report, say, &lines), STATUS_LOCKED);
    assert_non_null(strstr(lines.text, dir));
    storage_close(st);
    kit_dir_remove(dir);
    assert_int_not_equal(wal_store_check(dir, &report, say, &lines), STATUS_OK);
    assert_int_not_equal(wal_store_check(dir, &report, NULL, NULL), STATUS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_store),
        cmocka_unit_test(damage_is_named_and_survivors_counted),
        cmocka_unit_test(a_store_in_use_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
