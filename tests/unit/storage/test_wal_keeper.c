// test_wal_keeper.c - snapshots and backups beside writers in several threads.

#include <pthread.h>

#include "unit/storage/kit.h"

#define WRITERS 3

struct shared {
    struct storage *st;
    struct kit_model model;
    pthread_mutex_t lock[WRITERS]; // each writer's shard: append and apply
    _Atomic bool stop;
    _Atomic uint64_t batches;
};

struct writer {
    struct shared *shared;
    unsigned number;
    pthread_t thread;
};

/// Writer w owns keys w, w + WRITERS, ...; a batch puts one value to four of them.
static void *write_on(void *arg) {
    struct writer *w = arg;
    struct shared *s = w->shared;
    struct reason why;
    for (uint64_t n = 1; !s->stop; n++) {
        struct buf batch;
        buf_init(&batch);
        unsigned keys[4];
        for (unsigned i = 0; i < 4; i++) {
            keys[i] = w->number + WRITERS * (unsigned)((n * 4 + i) % (KIT_KEYS / WRITERS));
            kit_put(&batch, keys[i], n, 60);
        }
        while (storage_ready(s->st, &why) != STATUS_OK)
            usleep(500);
        uint64_t lsn;
        pthread_mutex_lock(&s->lock[w->number]);
        assert_int_equal(storage_append(s->st, buf_str(&batch), &lsn), STATUS_OK);
        for (unsigned i = 0; i < 4; i++)
            s->model.value[keys[i]] = n;
        pthread_mutex_unlock(&s->lock[w->number]);
        buf_deinit(&batch);
        s->batches++;
        if (n % 16 == 0) usleep(200);
    }
    return NULL;
}

static enum status source(void *ctx, uint64_t lsn, storage_emit_fn *emit, void *emit_ctx) {
    struct shared *s = ctx;
    for (int i = 0; i < WRITERS; i++) {
        pthread_mutex_lock(&s->lock[i]);
        pthread_mutex_unlock(&s->lock[i]);
    }
    return kit_source(&s->model, lsn, emit, emit_ctx);
}

/// Four keys of a batch always agree.
static void check_whole(const struct kit_model *m) {
    for (unsigned w = 0; w < WRITERS; w++) {
        for (unsigned k = 0; k + 3 < KIT_KEYS / WRITERS; k++) {
            // Batch n covers slots 4n .. 4n + 3 modulo 21: neighbours differ by the age of their batch only.
            uint64_t v = m->value[w + WRITERS * k];
            if (!v) continue;
            for (unsigned i = 0; i < 4; i++) {
                unsigned slot = (unsigned)((v * 4 + i) % (KIT_KEYS / WRITERS));
                assert_true(m->value[w + WRITERS * slot] >= v);
            }
        }
    }
}

static void snapshots_and_backups_beside_writers(void **state) {
    (void)state;
    for (int mode = 0; mode < 3; mode++) {
        char dir[64], copy[80];
        kit_dir_make(dir);
        snprintf(copy, sizeof copy, "%s-backup", dir);
        static struct shared s;
        memset(&s, 0, sizeof s);
        s.model.body_bytes = 60;
        struct writer w[WRITERS];
        struct storage_options o = kit_options(dir, (enum storage_mode)mode);
        o.segment_bytes = 60000;
        o.backlog_bytes = 20000;
        o.snapshot_after_bytes = 300000;
        o.source = source;
        o.source_ctx = &s;
        struct kit_model got = {0};
        s.st = kit_open(&o, &got);
        for (unsigned i = 0; i < WRITERS; i++) {
            pthread_mutex_init(&s.lock[i], NULL);
            w[i] = (struct writer){&s, i, 0};
        }
        for (unsigned i = 0; i < WRITERS; i++)
            assert_int_equal(pthread_create(&w[i].thread, NULL, write_on, &w[i]), 0);
        struct reason why = {0};
        for (int turn = 0; turn < 12; turn++) {
            usleep(20000);
            enum status st = storage_snapshot(s.st, &why);
            if (st != STATUS_OK) fail_msg("snapshot: %s", why.text);
            struct kit_model before;
            for (int i = 0; i < KIT_KEYS; i++)
                before.value[i] = s.model.value[i];
            kit_dir_remove(copy);
            st = storage_backup(s.st, copy, &why);
            if (st != STATUS_OK) fail_msg("backup: %s", why.text);
            struct storage_options c = kit_options(copy, STORAGE_ALWAYS);
            struct storage *other = kit_open(&c, &got);
            assert_false(got.strange);
            check_whole(&got);
            for (int i = 0; i < KIT_KEYS; i++)
                assert_true(got.value[i] >= before.value[i]);
            storage_close(other);
        }
        s.stop = true;
        for (unsigned i = 0; i < WRITERS; i++)
            pthread_join(w[i].thread, NULL);
        struct storage_stats stats;
        storage_stats(s.st, &stats);
        assert_true(stats.snapshots > 3 && stats.snapshot_lsn > 1);
        assert_int_equal(stats.last_lsn, s.batches);
        storage_close(s.st);
        struct kit_model end;
        for (int i = 0; i < KIT_KEYS; i++)
            end.value[i] = s.model.value[i];
        s.st = kit_open(&o, &got);
        assert_true(kit_model_equal(&end, &got));
        storage_stats(s.st, &stats);
        assert_int_equal(stats.last_lsn, s.batches);
        uint64_t bytes = 0;
        char path[600];
        for (size_t i = 0; kit_file(dir, "wal-", i, path); i++)
            bytes += kit_file_size(path);
        for (size_t i = 0; kit_file(dir, "snapshot-", i, path); i++)
            bytes += kit_file_size(path);
        assert_int_equal(stats.bytes_on_disk, bytes);
        assert_int_equal(kit_file_count(dir, "snapshot-"), 1);
        storage_close(s.st);
        kit_dir_remove(copy);
        kit_dir_remove(dir);
    }
}

static void a_snapshot_starts_by_itself(void **state) {
    (void)state;
    char dir[64];
    kit_dir_make(dir);
    struct kit_model model = {.body_bytes = 60}, got = {0};
    struct storage_options o = kit_options(dir, STORAGE_INTERVAL);
    o.segment_bytes = 5000;
    o.snapshot_after_bytes = 20000;
    o.source = kit_source;
    o.source_ctx = &model;
    struct storage *st = kit_open(&o, &got);
    for (uint64_t i = 1; i <= 400; i++)
        kit_write(st, &model, (unsigned)i, 2, i, 60);
    struct storage_stats stats;
    for (int i = 0; i < 5000; i++) {
        storage_stats(st, &stats);
        if (stats.snapshots) break;
        usleep(1000);
    }
    assert_int_equal(stats.snapshots, 1);
    storage_close(st);
    assert_int_equal(kit_file_count(dir, "snapshot-"), 1);
    assert_int_equal(kit_file_count(dir, "wal-"), 0);
    st = kit_open(&o, &got);
    assert_true(kit_model_equal(&model, &got));
    assert_true(got.records <= KIT_KEYS);
    storage_close(st);
    kit_dir_remove(dir);
}

static void backup_refuses_what_it_cannot_do(void **state) {
    (void)state;
    char dir[64], copy[80], path[600];
    kit_dir_make(dir);
    snprintf(copy, sizeof copy, "%s-backup", dir);
    struct kit_model got = {0};
    struct storage_options o = kit_options(dir, STORAGE_ALWAYS);
    struct storage *st = kit_open(&o, &got);
    struct reason why = {0};
    assert_int_equal(storage_snapshot(st, &why), STATUS_UNAVAILABLE); // no source
    assert_int_equal(storage_backup(st, copy, &why), STATUS_OK);      // an empty store is a store
    assert_int_equal(kit_file_count(copy, "wal-"), 0);
    for (uint64_t i = 1; i <= 3; i++)
        kit_write(st, NULL, 0, 1, i, 8);
    assert_int_equal(storage_backup(st, dir, &why), STATUS_EXISTS);
    assert_int_equal(storage_backup(st, "/proc/nowhere", &why) == STATUS_OK, 0);
    assert_non_null(strstr(why.text, "/proc/nowhere"));
    // A damaged store is not copied silently.
    kit_sync(st);
    assert_true(kit_file(dir, "wal-", 0, path));
    kit_flip(path, 80, 1);
    assert_int_equal(storage_backup(st, copy, &why), STATUS_CORRUPT);
    assert_int_equal(kit_file_count(copy, "wal-"), 0);
    storage_close(st);
    kit_dir_remove(copy);
    kit_dir_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_and_backups_beside_writers),
        cmocka_unit_test(a_snapshot_starts_by_itself),
        cmocka_unit_test(backup_refuses_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
