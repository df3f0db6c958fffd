// Collections get other names: for readers and writers at one moment, in the log, beside snapshots.

#include "unit/engine/engine_support.h"

#include <pthread.h>

#include "storage/wal_store.h"

enum { OBJECTS = 400 };

/// Something that happens between the beginning of a snapshot and its look at the engine.
static struct {
    struct engine *engine;
    unsigned reader;
    void (*meanwhile)(struct engine *e, unsigned reader);
} hook;

static enum status source(void *ctx, uint64_t lsn, storage_emit_fn *emit, void *emit_ctx) {
    if (hook.meanwhile) {
        hook.meanwhile(hook.engine, hook.reader);
    }
    return engine_emit_all(ctx, lsn, emit, emit_ctx);
}

static struct engine *open_at(const char *dir, struct storage **st, unsigned *r) {
    struct engine *e = engine_make(INDEX_QUADTREE, 4, r);
    struct storage_options options = {
        .dir = dir, .mode = STORAGE_OFF, .source = source, .source_ctx = e};
    struct reason why = {0};
    if (wal_store_open(&options, st, &why) != STATUS_OK ||
        engine_attach(e, *st, &why) != STATUS_OK) {
        fail_msg("%s", why.text);
    }
    hook.engine = e;
    hook.reader = *r;
    hook.meanwhile = NULL;
    return e;
}

static void close_all(struct engine *e, struct storage *st, unsigned r) {
    assert_int_equal(storage_close(st), STATUS_OK);
    engine_end(e, r);
}

static enum status rename_to(struct engine *e, unsigned r, const char *from, const char *to) {
    bool renamed;
    uint64_t lsn;
    engine_enter(e, r);
    enum status st = engine_rename(e, r, str_of(from), str_of(to), false, &renamed, &lsn, NULL);
    engine_leave(e, r);
    return st;
}

static void fill(struct engine *e, unsigned r, const char *collection, unsigned count, double lon) {
    for (unsigned i = 0; i < count; i++) {
        char id[16];
        snprintf(id, sizeof id, "%u", i);
        assert_int_equal(apply_one(e, r, change_point(CHANGE_PUT, collection, id, lon, 2, "{}")),
                         STATUS_OK);
    }
}

static void check(struct engine *e, unsigned r, const char *collection, uint64_t count,
                  double lon) {
    engine_enter(e, r);
    assert_int_equal(engine_objects(e, r, str_of(collection)), count);
    const struct object *o = get(e, r, collection, "0");
    assert_int_equal(o != NULL, count > 0);
    assert_true(!o || o->point.lon == lon);
    struct collection *c = collection_lookup(e, str_of(collection));
    if (c) {
        check_collection(e, c);
    }
    engine_leave(e, r);
}

static void names(void **state) {
    (void)state;
    unsigned r;
    bool renamed;
    uint64_t lsn;
    struct engine *e = engine_make(INDEX_QUADTREE, 4, &r);
    fill(e, r, "a", 10, 1);
    fill(e, r, "b", 20, 2);
    assert_int_equal(rename_to(e, r, "none", "x"), STATUS_NOT_FOUND);
    assert_int_equal(rename_to(e, r, "a", "a"), STATUS_OK);
    assert_int_equal(rename_to(e, r, "a", "x\ny"), STATUS_INVALID);
    engine_enter(e, r);
    assert_int_equal(engine_rename(e, r, STR("a"), STR("b"), true, &renamed, &lsn, NULL),
                     STATUS_OK);
    engine_leave(e, r);
    assert_false(renamed);
    check(e, r, "a", 10, 1);
    assert_int_equal(rename_to(e, r, "a", "b"), STATUS_OK);
    check(e, r, "a", 0, 0);
    check(e, r, "b", 10, 1);
    fill(e, r, "a", 5, 3); // a new one of the old name
    check(e, r, "a", 5, 3);
    check(e, r, "b", 10, 1);
    assert_int_equal(rename_to(e, r, "b", ""), STATUS_OK);
    check(e, r, "default", 10, 1);
    struct engine_stats stats;
    engine_stats(e, &stats);
    assert_int_equal(stats.objects, 15);
    uint64_t in_shards = 0;
    for (unsigned s = 0; s < stats.shard_count; s++) {
        in_shards += stats.shard_objects[s];
    }
    assert_int_equal(in_shards, 15);
    engine_end(e, r);
}

static void without_memory(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = engine_make(INDEX_QUADTREE, 4, &r);
    fill(e, r, "a", 10, 1);
    fill(e, r, "b", 20, 2);
    enum status st = STATUS_NO_MEMORY;
    for (uint64_t fail = 1; st != STATUS_OK; fail++) {
        mem_fail_at(fail, true);
        st = rename_to(e, r, "a", "b");
        mem_fail_at(0, false);
        assert_true(st == STATUS_OK || st == STATUS_NO_MEMORY);
        check(e, r, "a", st == STATUS_OK ? 0 : 10, 1);
        check(e, r, "b", st == STATUS_OK ? 10 : 20, st == STATUS_OK ? 1 : 2);
    }
    engine_end(e, r);
}

static void it_lasts(void **state) {
    (void)state;
    const char *dir = test_tmpdir();
    struct storage *st;
    unsigned r;
    struct engine *e = open_at(dir, &st, &r);
    fill(e, r, "a", 10, 1);
    fill(e, r, "b", 20, 2);
    assert_int_equal(rename_to(e, r, "a", "b"), STATUS_OK);
    fill(e, r, "a", 3, 3);
    assert_int_equal(rename_to(e, r, "b", "c"), STATUS_OK);
    assert_int_equal(rename_to(e, r, "a", "b"), STATUS_OK);
    fill(e, r, "c", 12, 4);
    for (int round = 0; round < 3; round++) {
        close_all(e, st, r);
        e = open_at(dir, &st, &r);
        check(e, r, "a", 0, 0);
        check(e, r, "b", 3, 3);
        check(e, r, "c", 12, 4);
        struct reason why = {0};
        assert_int_equal(round ? storage_snapshot(st, &why) : STATUS_OK, STATUS_OK);
    }
    close_all(e, st, r);
}

static void rename_meanwhile(struct engine *e, unsigned r) {
    fill(e, r, "a", 11, 1);
    (void)rename_to(e, r, "a", "b");
    fill(e, r, "b", 12, 1);
}

static void rename_at_another_time(struct engine *e, unsigned r) {
    assert_int_equal(rename_to(e, r, "b", "a"), STATUS_OK); // it has not begun to look
}

// The log that goes on top of a snapshot has the old name: the snapshot is broken off, and taken later.
static void beside_a_snapshot(void **state) {
    (void)state;
    const char *dir = test_tmpdir();
    struct storage *st;
    unsigned r;
    struct engine *e = open_at(dir, &st, &r);
    struct reason why = {0};
    fill(e, r, "a", 10, 1);
    fill(e, r, "b", 20, 2);
    hook.meanwhile = rename_meanwhile;
    assert_int_equal(storage_snapshot(st, &why), STATUS_BUSY);
    hook.meanwhile = rename_at_another_time;
    assert_int_equal(storage_snapshot(st, &why), STATUS_BUSY);
    hook.meanwhile = NULL;
    assert_int_equal(storage_snapshot(st, &why), STATUS_OK);
    assert_int_equal(rename_to(e, r, "a", "c"), STATUS_OK);
    close_all(e, st, r);
    e = open_at(dir, &st, &r);
    check(e, r, "a", 0, 0);
    check(e, r, "b", 0, 0);
    check(e, r, "c", 12, 1);
    close_all(e, st, r);
}

static void drop_meanwhile(struct engine *e, unsigned r) {
    uint64_t lsn;
    fill(e, r, "a", 11, 1);
    engine_enter(e, r);
    assert_int_equal(engine_drop(e, r, STR("a"), &lsn, NULL), STATUS_OK);
    engine_leave(e, r);
}

// The snapshot does not have it, the log before the drop has its objects.
static void a_drop_beside_a_snapshot(void **state) {
    (void)state;
    const char *dir = test_tmpdir();
    struct storage *st;
    unsigned r;
    struct engine *e = open_at(dir, &st, &r);
    struct reason why = {0};
    fill(e, r, "a", 10, 1);
    fill(e, r, "b", 5, 2);
    hook.meanwhile = drop_meanwhile;
    assert_int_equal(storage_snapshot(st, &why), STATUS_OK);
    close_all(e, st, r);
    e = open_at(dir, &st, &r);
    check(e, r, "a", 0, 0);
    check(e, r, "b", 5, 2);
    close_all(e, st, r);
}

struct crowd {
    struct engine *e;
    _Atomic bool stop;
    _Atomic unsigned wrong, seen;
};

// "live" is there at every moment, and whole.
static void *look_on(void *arg) {
    struct crowd *w = arg;
    unsigned r;
    assert_int_equal(engine_reader_open(w->e, &r), STATUS_OK);
    while (!atomic_load(&w->stop)) {
        engine_enter(w->e, r);
        w->wrong += engine_objects(w->e, r, STR("live")) != OBJECTS || !get(w->e, r, "live", "7");
        w->seen++;
        engine_leave(w->e, r);
    }
    engine_reader_close(w->e, r);
    return NULL;
}

static void *write_on(void *arg) {
    struct crowd *w = arg;
    unsigned r;
    assert_int_equal(engine_reader_open(w->e, &r), STATUS_OK);
    for (unsigned i = 0; !atomic_load(&w->stop); i++) {
        struct change change = change_point(CHANGE_PATCH, "live", "3", i % 90, 2, NULL);
        struct move move = {.id = STR("4"), .to = {i % 90, 3}};
        enum status moved;
        uint64_t lsn;
        change.patch_position = true;
        w->wrong += apply_one(w->e, r, change) != STATUS_OK;
        engine_enter(w->e, r);
        w->wrong += engine_move(w->e, r, STR("live"), &move, 1, &moved, &lsn, NULL) != STATUS_OK ||
                    moved != STATUS_OK;
        engine_leave(w->e, r);
    }
    engine_reader_close(w->e, r);
    return NULL;
}

static void at_one_moment(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = engine_make(INDEX_QUADTREE, 2, &r);
    fill(e, r, "live", OBJECTS, 1);
    struct crowd w = {.e = e};
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, look_on, &w);
    pthread_create(&threads[1], NULL, write_on, &w);
    for (int i = 0; i < 30 || w.seen < 1000; i++) {
        fill(e, r, "next", OBJECTS, 2);
        assert_int_equal(rename_to(e, r, "next", "live"), STATUS_OK);
    }
    atomic_store(&w.stop, true);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_int_equal(w.wrong, 0);
    check(e, r, "next", 0, 0);
    engine_end(e, r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(it_lasts),
        cmocka_unit_test(beside_a_snapshot),
        cmocka_unit_test(a_drop_beside_a_snapshot),
        cmocka_unit_test(at_one_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
