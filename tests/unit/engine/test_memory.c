// The memory limit: changes are refused above it, deletes and reads never; a store that does not fit says so.

#include "engine_support.h"

#include "base/clock.h"
#include "storage/wal_store.h"

#define MIB ((size_t)1 << 20)
#define BIG (MIB / 16) // of properties

static char big[BIG + 64];

static int setup(void **state) {
    (void)state;
    memset(big, 'x', sizeof big);
    memcpy(big, "{\"a\":\"", 6);
    memcpy(big + BIG, "\"}", 3);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mem_set_limit(0);
    return 0;
}

static struct engine *limited(size_t more, unsigned *reader) {
    struct engine *e;
    struct engine_options options = {.shard_count = 2,
                                     .memory_limit_bytes = mem_used() + more,
                                     .memory_limit_name = "the.setting"};
    assert_int_equal(engine_new(&options, &e), STATUS_OK);
    assert_int_equal(engine_reader_open(e, reader), STATUS_OK);
    assert_true(mem_limit() >= options.memory_limit_bytes + 16 * MIB);
    return e;
}

static enum status put(struct engine *e, unsigned r, int n) {
    char id[16];
    snprintf(id, sizeof id, "%d", n);
    return apply_one(e, r, change_point(CHANGE_PUT, "c", id, n % 90, n % 90, big));
}

static int fill(struct engine *e, unsigned r) {
    int n = 0;
    while (n < 200 && put(e, r, n) == STATUS_OK) {
        n++;
    }
    assert_in_range(n, 60, 199);
    return n;
}

static enum status apply_two(struct engine *e, unsigned r, struct change a, struct change b,
                             struct reason *why) {
    struct change changes[2] = {a, b};
    struct change_result results[2];
    uint64_t lsn;
    engine_enter(e, r);
    enum status st = engine_apply(e, r, changes, 2, results, &lsn, why);
    engine_leave(e, r);
    return st;
}

static void changes_are_refused_and_deletes_are_not(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = limited(8 * MIB, &r);
    int n = fill(e, r);
    assert_true(engine_memory_full(e));

    struct reason why = {0};
    struct change move = change_point(CHANGE_PATCH, "c", "0", 5, 5, NULL);
    move.patch_position = true;
    assert_int_equal(apply_one(e, r, move), STATUS_NO_MEMORY);
    assert_int_equal(apply_two(e, r, change_delete("c", "0"), move, &why), STATUS_NO_MEMORY);
    char limit[64];
    snprintf(limit, sizeof limit, "the.setting is %zu bytes", e->memory_limit);
    assert_non_null(strstr(why.text, limit));
    assert_non_null(strstr(why.text, "raise it"));
    engine_enter(e, r);
    assert_non_null(get(e, r, "c", "0")); // the refused batch did nothing
    struct arena arena;
    struct hits hits;
    struct query all = {.collection = STR("c"), .shape = QUERY_ALL, .limit = 10000};
    arena_init(&arena, 0);
    assert_int_equal(engine_search(e, r, &all, &arena, &hits, NULL), STATUS_OK);
    assert_int_equal(hits.count, n);
    arena_deinit(&arena);
    engine_leave(e, r);

    assert_int_equal(apply_two(e, r, change_delete("c", "0"), change_delete("c", "1"), NULL),
                     STATUS_OK);
    int tries = 1;
    while (put(e, r, 0) != STATUS_OK) { // what was deleted is freed by and by
        assert_in_range(++tries, 1, 3);
    }
    while (put(e, r, ++n) == STATUS_OK) {
        assert_in_range(n, 1, 300);
    }
    uint64_t lsn;
    engine_enter(e, r);
    assert_int_equal(engine_drop(e, r, STR("c"), &lsn, NULL), STATUS_OK);
    engine_leave(e, r);
    engine_tick(e, clock_wall_ms());
    assert_int_equal(put(e, r, 0), STATUS_OK);
    engine_end(e, r);
}

// Replacing frees what it replaces, so it can go on for ever below the limit.
static void replacing_never_fills(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = limited(16 * MIB, &r);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(put(e, r, i % 120), STATUS_OK);
    }
    engine_end(e, r);
}

static enum status open_at(const char *dir, struct engine *e, struct storage **st,
                           struct reason *why) {
    struct storage_options options = {
        .dir = dir, .mode = STORAGE_OFF, .source = engine_emit_all, .source_ctx = e};
    assert_int_equal(wal_store_open(&options, st, why), STATUS_OK);
    return engine_attach(e, *st, why);
}

static void a_store_too_large_names_the_limit(void **state) {
    (void)state;
    enum { COUNT = 400 };
    char dir[600];
    snprintf(dir, sizeof dir, "%s/store", test_tmpdir());
    unsigned r;
    struct storage *st;
    struct reason why = {0};
    mem_set_limit(0);
    struct engine *e = engine_make(INDEX_QUADTREE, 2, &r);
    assert_int_equal(open_at(dir, e, &st, &why), STATUS_OK);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(put(e, r, i), STATUS_OK);
    }
    for (int snapshot = 0; snapshot < 2; snapshot++) {
        if (snapshot) {
            mem_set_limit(0);
            e = engine_make(INDEX_QUADTREE, 2, &r);
            assert_int_equal(open_at(dir, e, &st, &why), STATUS_OK);
            assert_int_equal(storage_snapshot(st, &why), STATUS_OK);
        }
        storage_close(st);
        engine_end(e, r);

        e = limited(MIB, &r);
        assert_int_equal(open_at(dir, e, &st, &why), STATUS_NO_MEMORY);
        assert_non_null(strstr(why.text, "does not fit into memory: the.setting is "));
        assert_non_null(strstr(why.text, "raise it"));
        storage_close(st);
        engine_end(e, r);
    }
}

static size_t kept_by(const struct engine *e, unsigned r) {
    const struct engine_reader *reader = engine_reader_state(e, r);
    return reader->batch.cap + reader->body.cap + reader->merged.cap;
}

// The records of a large batch do not stay with the reader that wrote it.
static void a_large_batch_leaves_little(void **state) {
    (void)state;
    enum { COUNT = 40000 };
    static struct change changes[COUNT];
    static struct change_result results[COUNT];
    static struct move moves[COUNT];
    static enum status statuses[COUNT];
    static char ids[COUNT][16];
    char dir[600];
    snprintf(dir, sizeof dir, "%s/large", test_tmpdir());
    unsigned r;
    uint64_t lsn;
    struct storage *st;
    struct engine *e = engine_make(INDEX_QUADTREE, 2, &r);
    assert_int_equal(open_at(dir, e, &st, NULL), STATUS_OK);
    for (int i = 0; i < COUNT; i++) {
        snprintf(ids[i], sizeof ids[i], "%d", i);
        changes[i] = change_point(CHANGE_PUT, "c", ids[i], i % 180, 1, "{}");
        moves[i] = (struct move){.id = str_of(ids[i]), .to = {i % 180, 2}};
    }
    engine_enter(e, r);
    assert_int_equal(engine_apply(e, r, changes, COUNT, results, &lsn, NULL), STATUS_OK);
    assert_in_range(kept_by(e, r), 0, 3 * ENGINE_READER_KEEPS);
    assert_int_equal(engine_move(e, r, STR("c"), moves, COUNT, statuses, &lsn, NULL), STATUS_OK);
    assert_in_range(kept_by(e, r), 0, 3 * ENGINE_READER_KEEPS);
    assert_true(get(e, r, "c", "7")->point.lat == 2);
    engine_leave(e, r);
    storage_close(st);
    engine_end(e, r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(changes_are_refused_and_deletes_are_not, teardown),
        cmocka_unit_test_teardown(replacing_never_fills, teardown),
        cmocka_unit_test_teardown(a_store_too_large_names_the_limit, teardown),
        cmocka_unit_test_teardown(a_large_batch_leaves_little, teardown),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
