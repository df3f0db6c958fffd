// test_wal_dir.c - names in the data directory.

#include "unit/storage/kit.h"

#include "storage/wal_dir.h"

static void touch(const char *dir, const char *name) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void names_are_listed_in_order(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    static const char *names[] = {
        "wal-00000000000000ff.log",
        "wal-0000000000000001.log",
        "wal-ffffffffffffffff.log",
        "snapshot-0000000000000100.snap",
        "snapshot-0000000000000001.snap",
        "snapshot-0000000000000002.tmp",
        // strangers are let be:
        "wal-00000000000000FF.log",
        "wal-1.log",
        "wal-00000000000000ff.log.gz",
        "wal-0000000000000001",
        "notes.txt",
        "wal-000000000000000g.log",
        "LOCK",
        "snapshot-.snap",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        touch(dir, names[i]);
    struct wal_dir_list list;
    assert_int_equal(wal_dir_list(dir, &list, NULL), STATUS_OK);
    assert_int_equal(list.segment_count, 3);
    assert_true(list.segments[0] == 1 && list.segments[1] == 255 && list.segments[2] == UINT64_MAX);
    assert_int_equal(list.snapshot_count, 2);
    assert_true(list.snapshots[0] == 1 && list.snapshots[1] == 256);
    assert_int_equal(list.leftovers, 1);
    wal_dir_list_deinit(&list);

    uint64_t segments, bytes;
    wal_dir_drop_before(dir, io_system(), 256, &segments, &bytes);
    wal_dir_remove_leftovers(dir, io_system());
    assert_int_equal(segments, 2);
    assert_int_equal(wal_dir_list(dir, &list, NULL), STATUS_OK);
    assert_true(list.segment_count == 1 && list.snapshot_count == 1 && list.leftovers == 0);
    wal_dir_list_deinit(&list);
    bool empty;
    assert_int_equal(wal_dir_is_empty(dir, &empty, NULL), STATUS_OK);
    assert_false(empty);
    kit_dir_remove(dir);
}

static void many_names(void **state) {
    (void)state;
    char dir[64], path[WAL_DIR_PATH_MAX];
    kit_dir_make(dir);
    for (uint64_t i = 0; i < 300; i++) {
        assert_true(wal_dir_path(path, dir, WAL_FILE_SEGMENT, i * 7919 % 300));
        touch(dir, strrchr(path, '/') + 1);
    }
    struct wal_dir_list list;
    assert_int_equal(wal_dir_list(dir, &list, NULL), STATUS_OK);
    assert_int_equal(list.segment_count, 300);
    for (uint64_t i = 0; i < 300; i++)
        assert_int_equal(list.segments[i], i);
    wal_dir_list_deinit(&list);
    kit_dir_remove(dir);
}

static void long_names_are_refused(void **state) {
    (void)state;
    static char dir[WAL_DIR_PATH_MAX + 10];
    memset(dir, 'a', sizeof dir - 1);
    dir[0] = '/';
    char path[WAL_DIR_PATH_MAX];
    struct reason why = {0};
    assert_false(wal_dir_path(path, dir, WAL_FILE_SEGMENT, 1));
    assert_false(wal_dir_path_tmp(path, dir, 1));
    assert_int_equal(wal_dir_make(dir, &why), STATUS_INVALID);
    assert_int_equal(wal_dir_make("", &why), STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_listed_in_order),
        cmocka_unit_test(many_names),
        cmocka_unit_test(long_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
