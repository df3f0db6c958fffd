// test_wal_recover.c - damage: what is torn is cut and told, what was whole is never passed over.

#include "unit/storage/kit.h"

#include "storage/wal_frame.h"

/// A store of `batches` batches of 2 records in mode always, each synced before the next; closed.
static void store_make(const char *dir, uint64_t batches, uint64_t segment_bytes,
                       struct kit_model *want) {
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    o.segment_bytes = segment_bytes;
    struct kit_model got = {0};
    memset(want, 0, sizeof *want);
    struct storage *st = kit_open(&o, &got);
    for (uint64_t i = 1; i <= batches; i++) {
        kit_write(st, want, (unsigned)i, 2, i, 8);
        kit_sync(st);
    }
    storage_close(st);
}

static enum status open_copy(const char *dir, struct kit_model *got, uint64_t *cut,
                             struct reason *why) {
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    struct storage *st;
    enum status s = kit_open_with(&o, io_system(), got, &st, why);
    *cut = 0;
    if (s != STATUS_OK) return s;
    struct storage_stats stats;
    storage_stats(st, &stats);
    *cut = stats.cut_bytes;
    storage_close(st);
    return s;
}

static void silence(void *ctx, const char *line) {
    (void)ctx, (void)line;
}

/// Every byte of every file of `dir`, flipped one at a time: the start stops, or it tells a cut and
/// gives a run of batches from the beginning.
static void flip_each(const char *dir, uint64_t last_lsn) {
    char copy[80], file[600], original[600];
    snprintf(copy, sizeof copy, "%s-copy", dir);
    unsigned stopped = 0, cut_told = 0;
    for (size_t n = 0; kit_file(dir, "", n, original); n++) {
        const char *name = strrchr(original, '/') + 1;
        if (name[0] == '.' || strcmp(name, "LOCK") == 0) continue;
        uint64_t size = kit_file_size(original);
        for (uint64_t at = 0; at < size; at++) {
            kit_dir_copy(dir, copy);
            snprintf(file, sizeof file, "%s/%s", copy, name);
            kit_flip(file, at, (unsigned char)(1u << at % 8));
            struct wal_check_report report;
            enum status checked = wal_store_check(copy, &report, silence, NULL);
            struct kit_model got = {0};
            struct reason why;
            uint64_t cut;
            enum status s = open_copy(copy, &got, &cut, &why);
            if (s == STATUS_CORRUPT) {
                stopped++;
                assert_non_null(strstr(why.text, copy));
                assert_int_equal(checked, STATUS_CORRUPT);
                continue;
            }
            if (s != STATUS_OK)
                fail_msg("%s byte %llu: %s", name, (unsigned long long)at, why.text);
            // A torn end: told by both, and what is there is the beginning of what was written.
            if (cut == 0) fail_msg("%s byte %llu: not noticed", name, (unsigned long long)at);
            assert_int_equal(checked, STATUS_OK);
            assert_int_equal(report.torn_bytes, cut);
            assert_int_equal(report.surviving_lsn, got.last_lsn);
            assert_true(got.last_lsn + 1 >= last_lsn); // at most the last batch
            for (uint64_t lsn = 1; lsn <= got.last_lsn; lsn++)
                if (lsn + KIT_KEYS > got.last_lsn + 1)
                    assert_true(got.value[lsn % KIT_KEYS] >= lsn);
            cut_told++;
        }
    }
    print_message("%u stopped the start, %u were cut and told\n", stopped, cut_told);
    assert_true(stopped > 0);
    kit_dir_remove(copy);
}

static void every_flipped_byte_is_noticed_after_a_clean_close(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    struct kit_model want;
    store_make(dir, 14, 500, &want);
    assert_true(kit_file_count(dir, "wal-") >= 2);
    flip_each(dir, 14);
    kit_dir_remove(dir);
}

static void every_flipped_byte_is_noticed_after_a_kill(void **state) {
    (void)state;
    char dir[64], killed[80];
    kit_dir_make(dir);
    snprintf(killed, sizeof killed, "%s-killed", dir);
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    struct kit_model got = {0};
    struct storage *st = kit_open(&o, &got);
    for (uint64_t i = 1; i <= 6; i++) {
        kit_write(st, NULL, (unsigned)i, 2, i, 8);
        kit_sync(st);
    }
    kit_dir_copy(dir, killed); // as a dead process leaves it: no mark, no seal
    flip_each(killed, 6);
    kit_dir_remove(killed);
    storage_close(st);
    kit_dir_remove(dir);
}

static void every_flipped_byte_of_a_snapshot_is_noticed(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    struct kit_model want = {0}, got = {0};
    want.body_bytes = 8;
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    o.source = kit_source;
    o.source_ctx = &want;
    struct storage *st = kit_open(&o, &got);
    struct reason why;
    for (uint64_t i = 1; i <= 5; i++)
        kit_write(st, &want, (unsigned)i, 1, i, 8);
    assert_int_equal(storage_snapshot(st, &why), STATUS_OK);
    storage_close(st);
    char path[600], copy[80], file[600];
    assert_int_equal(kit_file_count(dir, "wal-"), 0);
    assert_true(kit_file(dir, "snapshot-", 0, path));
    snprintf(copy, sizeof copy, "%s-copy", dir);
    for (uint64_t at = 0; at < kit_file_size(path); at++) {
        kit_dir_copy(dir, copy);
        assert_true(kit_file(copy, "snapshot-", 0, file));
        kit_flip(file, at, 0x10);
        uint64_t cut;
        assert_int_equal(open_copy(copy, &got, &cut, &why), STATUS_CORRUPT);
        assert_non_null(strstr(why.text, "snapshot-"));
    }
    kit_dir_remove(copy);
    kit_dir_remove(dir);
}

static void every_truncation_of_the_last_segment(void **state) {
    (void)state;
    char dir[64], copy[80], path[600];
    kit_dir_make(dir);
    struct kit_model want;
    store_make(dir, 8, 1 << 20, &want);
    snprintf(copy, sizeof copy, "%s-copy", dir);
    assert_true(kit_file(dir, "wal-", 0, path));
    uint64_t size = kit_file_size(path), before = 0;
    for (uint64_t len = 0; len < size; len++) {
        kit_dir_copy(dir, copy);
        assert_true(kit_file(copy, "wal-", 0, path));
        assert_int_equal(truncate(path, (off_t)len), 0);
        struct kit_model got = {0};
        struct reason why;
        uint64_t cut;
        assert_int_equal(open_copy(copy, &got, &cut, &why), STATUS_OK);
        assert_true(got.last_lsn >= before && got.last_lsn <= before + 1);
        assert_int_equal(got.records, 2 * got.last_lsn);
        before = got.last_lsn;
        // Clean now, and the next open says so.
        assert_int_equal(open_copy(copy, &got, &cut, &why), STATUS_OK);
        assert_int_equal(cut, 0);
        assert_int_equal(got.last_lsn, before);
    }
    assert_int_equal(before, 8);
    kit_dir_remove(copy);
    kit_dir_remove(dir);
}

static void truncation_of_a_sealed_segment_stops_the_start(void **state) {
    (void)state;
    char dir[64], copy[80], path[600];
    kit_dir_make(dir);
    struct kit_model want, got = {0};
    store_make(dir, 14, 500, &want);
    snprintf(copy, sizeof copy, "%s-copy", dir);
    assert_true(kit_file(dir, "wal-", 0, path));
    uint64_t size = kit_file_size(path);
    for (uint64_t len = 0; len < size; len++) {
        kit_dir_copy(dir, copy);
        assert_true(kit_file(copy, "wal-", 0, path));
        assert_int_equal(truncate(path, (off_t)len), 0);
        struct reason why;
        uint64_t cut;
        assert_int_equal(open_copy(copy, &got, &cut, &why), STATUS_CORRUPT);
    }
    kit_dir_remove(copy);
    kit_dir_remove(dir);
}

static void a_missing_segment_is_noticed(void **state) {
    (void)state;
    char dir[64], copy[80], path[600];
    kit_dir_make(dir);
    struct kit_model want, got = {0};
    store_make(dir, 30, 500, &want);
    snprintf(copy, sizeof copy, "%s-copy", dir);
    size_t count = kit_file_count(dir, "wal-");
    assert_true(count >= 4);
    for (size_t n = 0; n + 1 < count; n++) {
        kit_dir_copy(dir, copy);
        assert_true(kit_file(copy, "wal-", n, path));
        unlink(path);
        struct reason why;
        uint64_t cut;
        assert_int_equal(open_copy(copy, &got, &cut, &why), STATUS_CORRUPT);
        assert_non_null(strstr(why.text, "missing"));
        struct wal_check_report report;
        assert_int_equal(wal_store_check(copy, &report, silence, NULL), STATUS_CORRUPT);
        assert_true(report.damaged >= 1);
    }
    kit_dir_remove(copy);
    kit_dir_remove(dir);
}

static void segments_of_another_store_are_refused(void **state) {
    (void)state;
    char a[64], b[64], from[600], to[600];
    kit_dir_make(a);
    kit_dir_make(b);
    struct kit_model want, got = {0};
    store_make(a, 30, 500, &want);
    store_make(b, 30, 500, &want);
    assert_true(kit_file(a, "wal-", 1, from));
    assert_true(kit_file(b, "wal-", 1, to));
    assert_string_equal(strrchr(from, '/'), strrchr(to, '/'));
    assert_int_equal(rename(from, to), 0);
    struct reason why;
    uint64_t cut;
    assert_int_equal(open_copy(b, &got, &cut, &why), STATUS_CORRUPT);
    assert_non_null(strstr(why.text, "another store"));
    // A frame of another segment of the same store, at a place where it would fit.
    kit_dir_remove(a);
    kit_dir_remove(b);
}

static void garbage_behind_the_end_is_cut(void **state) {
    (void)state;
    char dir[64], killed[80], path[600];
    kit_dir_make(dir);
    snprintf(killed, sizeof killed, "%s-killed", dir);
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    struct kit_model want = {0}, got = {0};
    struct storage *st = kit_open(&o, &got);
    for (uint64_t i = 1; i <= 6; i++)
        kit_write(st, &want, (unsigned)i, 2, i, 8);
    kit_sync(st);
    static const char zeros[5000];
    static char noise[5000];
    memset(noise, 0x5a, sizeof noise);
    const char *tails[2] = {zeros, noise};
    for (int t = 0; t < 2; t++) {
        kit_dir_copy(dir, killed);
        assert_true(kit_file(killed, "wal-", 0, path));
        int fd = open(path, O_WRONLY | O_APPEND);
        assert_int_equal(write(fd, tails[t], sizeof zeros), sizeof zeros);
        close(fd);
        struct reason why;
        uint64_t cut;
        assert_int_equal(open_copy(killed, &got, &cut, &why), STATUS_OK);
        assert_true(cut == sizeof zeros);
        assert_true(kit_model_equal(&want, &got));
    }
    storage_close(st);
    kit_dir_remove(killed);
    kit_dir_remove(dir);
}

/// A magic number every 8 bytes, each with a long length: the search behind a bad place must end.
static void hostile_lengths_cost_little(void **state) {
    (void)state;
    char dir[64], path[600];
    kit_dir_make(dir);
    struct kit_model want, got = {0};
    store_make(dir, 2, 1 << 20, &want);
    assert_true(kit_file(dir, "wal-", 0, path));
    int fd = open(path, O_RDWR);
    assert_int_equal(ftruncate(fd, 64), 0);
    static uint32_t words[1 << 20];
    for (size_t i = 0; i < 1 << 20; i += 2) {
        words[i] = WAL_FRAME_MAGIC;
        words[i + 1] = i % 8 == 0 ? 2u << 20 : 1;
    }
    assert_int_equal(pwrite(fd, words, sizeof words, 64), sizeof words);
    close(fd);
    struct reason why;
    uint64_t cut;
    enum status s = open_copy(dir, &got, &cut, &why);
    assert_true(s == STATUS_CORRUPT || (s == STATUS_OK && cut > 0));
    kit_dir_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_byte_is_noticed_after_a_clean_close),
        cmocka_unit_test(every_flipped_byte_is_noticed_after_a_kill),
        cmocka_unit_test(every_flipped_byte_of_a_snapshot_is_noticed),
        cmocka_unit_test(every_truncation_of_the_last_segment),
        cmocka_unit_test(truncation_of_a_sealed_segment_stops_the_start),
        cmocka_unit_test(a_missing_segment_is_noticed),
        cmocka_unit_test(segments_of_another_store_are_refused),
        cmocka_unit_test(garbage_behind_the_end_is_cut),
        cmocka_unit_test(hostile_lengths_cost_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
