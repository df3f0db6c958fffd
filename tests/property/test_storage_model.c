// test_storage_model.c - random batches, snapshots, backups, reopens, cuts and flips against a model in memory.

#include "unit/storage/kit.h"

#include <time.h>

static uint64_t seed_of(void) {
    const char *given = getenv("WARP_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("WARP_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/// The states after each batch, to compare a cut store with.
struct history {
    struct kit_model *states;
    uint64_t count; // states[lsn], 0 .. count - 1
    uint64_t cap;
};

static void history_add(struct history *h, const struct kit_model *m) {
    if (h->count == h->cap) {
        h->cap = h->cap ? 2 * h->cap : 64;
        h->states = realloc(h->states, h->cap * sizeof *h->states);
        assert_non_null(h->states);
    }
    memcpy(&h->states[h->count++], m, sizeof *m);
}

static void random_batch(struct storage *st, struct kit_model *m, struct rand *r, uint64_t value) {
    struct buf batch;
    buf_init(&batch);
    uint64_t n = rand_below(r, 12);
    for (uint64_t i = 0; i < n; i++) {
        unsigned key = (unsigned)rand_below(r, KIT_KEYS);
        if (rand_below(r, 4) == 0) {
            kit_delete(&batch, key);
            m->value[key] = 0;
        } else {
            kit_put(&batch, key, value, rand_below(r, 40) ? rand_below(r, 90) : 4000);
            m->value[key] = value;
        }
    }
    uint64_t lsn;
    assert_int_equal(storage_append(st, buf_str(&batch), &lsn), STATUS_OK);
    buf_deinit(&batch);
}

static void check_equal(struct storage *st, const struct kit_model *want,
                        const struct kit_model *got, uint64_t lsn) {
    struct storage_stats stats;
    storage_stats(st, &stats);
    assert_int_equal(stats.last_lsn, lsn);
    assert_false(got->strange);
    assert_true(kit_model_equal(want, got));
}

static void random_lives(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, seed_of());
    for (int life = 0; life < 25; life++) {
        char dir[64], copy[80];
        kit_dir_make(dir);
        snprintf(copy, sizeof copy, "%s-copy", dir);
        struct kit_model m = {.body_bytes = 40}, got = {0};
        struct storage_options o = kit_options(dir, (enum storage_mode)rand_below(&r, 3));
        o.segment_bytes = 300 + rand_below(&r, 8000);
        o.sync_interval_ms = 1 + (uint32_t)rand_below(&r, 10);
        o.source = kit_source;
        o.source_ctx = &m;
        struct reason why;
        struct storage *st = kit_open(&o, &got);
        uint64_t lsn = 0;
        for (int step = 0; step < 400; step++) {
            switch (rand_below(&r, 40)) {
            case 0: assert_int_equal(storage_snapshot(st, &why), STATUS_OK); break;
            case 1: kit_sync(st); break;
            case 2: {
                kit_dir_remove(copy);
                assert_int_equal(storage_backup(st, copy, &why), STATUS_OK);
                struct storage_options c = kit_options(copy, STORAGE_ALWAYS);
                struct storage *other = kit_open(&c, &got);
                check_equal(other, &m, &got, lsn);
                storage_close(other);
                break;
            }
            case 3:
                storage_close(st);
                o.mode = (enum storage_mode)rand_below(&r, 3);
                o.source = NULL;
                st = kit_open(&o, &got);
                check_equal(st, &m, &got, lsn);
                storage_close(st);
                o.source = kit_source;
                st = kit_open(&o, &got);
                check_equal(st, &m, &got, lsn);
                break;
            default: random_batch(st, &m, &r, ++lsn);
            }
        }
        storage_close(st);
        struct wal_check_report report;
        assert_int_equal(wal_store_check(dir, &report, NULL, NULL), STATUS_OK);
        assert_int_equal(report.surviving_lsn, lsn);
        kit_dir_remove(copy);
        kit_dir_remove(dir);
    }
}

/// Copies taken while the store lives, cut or flipped at random: opening gives CORRUPT, or a state that once was, with
/// the cut told; below what was known to be on the disk nothing is cut.
static void random_damage(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, seed_of() + 1);
    for (int life = 0; life < 12; life++) {
        char dir[64], copy[80];
        kit_dir_make(dir);
        snprintf(copy, sizeof copy, "%s-copy", dir);
        struct kit_model m = {.body_bytes = 40}, got = {0};
        struct storage_options o = kit_options(dir, (enum storage_mode)rand_below(&r, 3));
        o.segment_bytes = 2000 + rand_below(&r, 8000);
        o.source = kit_source;
        o.source_ctx = &m;
        struct history h = {0};
        struct storage *st = kit_open(&o, &got);
        history_add(&h, &m);
        struct reason why;
        for (uint64_t lsn = 1; lsn <= 150; lsn++) {
            random_batch(st, &m, &r, lsn);
            history_add(&h, &m);
            if (rand_below(&r, 10) == 0) kit_sync(st);
            if (rand_below(&r, 60) == 0) assert_int_equal(storage_snapshot(st, &why), STATUS_OK);
        }
        kit_sync(st);
        bool closed = rand_below(&r, 2);
        if (closed) storage_close(st);
        for (int trial = 0; trial < 60; trial++) {
            kit_dir_copy(dir, copy);
            char path[600];
            size_t files = kit_file_count(copy, "");
            do
                assert_true(kit_file(copy, "", rand_below(&r, files), path));
            while (strrchr(path, '/')[1] == '.');
            uint64_t size = kit_file_size(path);
            bool cut = rand_below(&r, 2);
            uint64_t at = rand_below(&r, size);
            if (cut)
                assert_int_equal(truncate(path, (off_t)at), 0);
            else
                kit_flip(path, at, (unsigned char)(1 + rand_below(&r, 255)));
            struct storage_options c = kit_options(copy, STORAGE_ALWAYS);
            struct storage *other;
            enum status s = kit_open_with(&c, io_system(), &got, &other, &why);
            if (s == STATUS_CORRUPT) continue;
            assert_int_equal(s, STATUS_OK);
            struct storage_stats stats;
            storage_stats(other, &stats);
            storage_close(other);
            assert_true(stats.last_lsn < h.count);
            assert_true(kit_model_equal(&got, &h.states[stats.last_lsn]));
            // A cut that falls between two frames of the last segment leaves nothing to see; a flip always does.
            if (!cut) assert_true(stats.cut_bytes > 0);
            assert_true(!closed || cut || stats.last_lsn == 150);
        }
        if (!closed) storage_close(st);
        free(h.states);
        kit_dir_remove(copy);
        kit_dir_remove(dir);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_lives),
        cmocka_unit_test(random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
