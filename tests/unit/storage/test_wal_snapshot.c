// test_wal_snapshot.c - the file of a snapshot: many blocks, big records, every cut noticed.

#include "unit/storage/kit.h"

#include "storage/wal_snapshot.h"

static const uint8_t id[16] = {1, 2, 3};

struct seen {
    uint64_t records, bytes;
};

static enum status see(void *ctx, uint64_t lsn, const struct record *r) {
    struct seen *s = ctx;
    assert_int_equal(lsn, 9);
    s->records++;
    s->bytes += r->body.len;
    return STATUS_OK;
}

static void write_file(const char *dir, unsigned count, size_t body_bytes, char path[600]) {
    struct wal_snapshot_writer w;
    assert_int_equal(wal_snapshot_begin(&w, io_system(), dir, id, 10), STATUS_OK);
    char *body = malloc(body_bytes + 1);
    memset(body, 'b', body_bytes);
    for (unsigned i = 0; i < count; i++) {
        struct record r = {RECORD_PUT, STR("c"), STR("id"), {body, body_bytes}};
        assert_int_equal(wal_snapshot_emit(&w, &r), STATUS_OK);
    }
    free(body);
    assert_int_equal(wal_snapshot_finish(&w, 12), STATUS_OK);
    assert_true(strlen(w.path) < 600);
    strcpy(path, w.path);
    wal_snapshot_close(&w);
}

static void blocks_and_big_records(void **state) {
    (void)state;
    static const struct {
        unsigned count;
        size_t body;
    } cases[] = {{0, 0}, {1, 0}, {1, 3}, {20000, 100}, {3, 5 << 20}, {2000, 4099}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char dir[64], path[600];
        kit_dir_make(dir);
        write_file(dir, cases[i].count, cases[i].body, path);
        struct wal_snapshot_info info;
        struct reason why;
        assert_int_equal(wal_snapshot_verify(io_system(), path, 10, &info, &why), STATUS_OK);
        assert_int_equal(info.records, cases[i].count);
        assert_int_equal(info.end_lsn, 12);
        assert_int_equal(info.bytes, kit_file_size(path));
        assert_memory_equal(info.store_id, id, 16);
        struct seen seen = {0};
        const struct storage_intake intake = {.on_record = see, .ctx = &seen};
        assert_int_equal(wal_snapshot_read(io_system(), path, 10, &intake, &info, &why), STATUS_OK);
        assert_int_equal(info.records, cases[i].count);
        assert_int_equal(seen.records, cases[i].count);
        assert_int_equal(seen.bytes, cases[i].count * cases[i].body);
        assert_int_equal(wal_snapshot_verify(io_system(), path, 11, &info, &why), STATUS_CORRUPT);
        kit_dir_remove(dir);
    }
}

static void every_cut_is_noticed(void **state) {
    (void)state;
    char dir[64], path[600];
    kit_dir_make(dir);
    write_file(dir, 3, 10, path);
    for (uint64_t size = kit_file_size(path); size-- > 0;) {
        assert_int_equal(truncate(path, (off_t)size), 0);
        struct wal_snapshot_info info;
        struct reason why;
        assert_int_equal(wal_snapshot_verify(io_system(), path, 10, &info, &why), STATUS_CORRUPT);
        assert_non_null(strstr(why.text, path));
    }
    kit_dir_remove(dir);
}

static void failures_stick(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    struct kit_io k;
    kit_io_init(&k);
    k.err = ENOSPC;
    k.fail_at[KIT_WRITE] = 2;
    struct wal_snapshot_writer w;
    assert_int_equal(wal_snapshot_begin(&w, &k.io, dir, id, 10), STATUS_OK);
    static char body[200000];
    struct record r = {RECORD_PUT, STR("c"), STR("id"), {body, sizeof body}};
    assert_int_equal(wal_snapshot_emit(&w, &r), STATUS_OK);
    assert_int_equal(wal_snapshot_emit(&w, &r), STATUS_DISK_FULL);
    assert_int_equal(wal_snapshot_emit(&w, &r), STATUS_DISK_FULL);
    assert_int_equal(wal_snapshot_finish(&w, 12), STATUS_DISK_FULL);
    assert_int_equal(w.err, ENOSPC);
    wal_snapshot_close(&w);
    kit_dir_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_and_big_records),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(failures_stick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
