// The n-th allocation fails, for every n, while changes are matched and fences come and go: a change that
// is refused tells nothing and leaves no event in the log; one that is done tells all.

#include "../unit/engine/fence_support.h"

#include "storage/wal_store.h"

#define N_MAX 3000
#define COUNT 8

static struct engine *open_at(const char *dir, struct heard *h, struct storage **st, unsigned *r) {
    struct engine *e;
    struct engine_options options = {.shard_count = 4, .events = heard_events(h)};
    assert_int_equal(engine_new(&options, &e), STATUS_OK);
    assert_int_equal(engine_reader_open(e, r), STATUS_OK);
    struct storage_options store = {
        .dir = dir, .mode = STORAGE_OFF, .source = engine_emit_all, .source_ctx = e};
    assert_int_equal(wal_store_open(&store, st, NULL), STATUS_OK);
    assert_int_equal(engine_attach(e, *st, NULL), STATUS_OK);
    h->last_lsn = 0;
    return e;
}

static void close_all(struct engine *e, struct storage *st, unsigned r) {
    assert_int_equal(storage_close(st), STATUS_OK);
    engine_end(e, r);
}

// In and out and away, with one that roams.
static enum status change_all(struct engine *e, unsigned r, struct change_result *results,
                              enum status *statuses, bool moving) {
    static const char *const ids[COUNT] = {"0", "1", "2", "3", "4", "0", "new", "new"};
    struct change changes[COUNT];
    struct move moves[COUNT];
    uint64_t lsn;
    for (int i = 0; i < COUNT; i++) {
        double lon = i % 2 ? 50.0 + i : i;
        changes[i] = change_point(CHANGE_PUT, "c", ids[i], lon, 0, "{}");
        moves[i] = (struct move){str_of(ids[i]), {lon, 0}};
    }
    changes[3] = change_delete("c", "3");
    return moving ? engine_move(e, r, STR("c"), moves, COUNT - 2, statuses, &lsn, NULL)
                  : engine_apply(e, r, changes, COUNT, results, &lsn, NULL);
}

static bool one_fault(const char *dir, uint64_t n, bool and_after, bool moving) {
    struct heard h = {.log = {0}}, again = {.log = {0}};
    struct storage *st;
    struct change_result results[COUNT];
    enum status statuses[COUNT];
    unsigned r;
    struct engine *e = open_at(dir, &h, &st, &r);
    for (int i = 0; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        put_at(e, r, id, i % 2 ? 0 : 60, 0);
    }
    put_fence(e, fence_of((struct fence_spec){.durable = true}, "g", SQUARE));
    put_fence(e, fence_of((struct fence_spec){.shape = FENCE_ROAM,
                                              .durable = true,
                                              .roam_collection = STR("c"),
                                              .radius_m = 500000},
                          "roam", NULL));
    struct fence *more = fence_of((struct fence_spec){.durable = true}, "more", SQUARE);
    buf_reserve(&h.log, 1 << 16);
    engine_enter(e, r);
    mem_fail_at(n, and_after);
    enum status put = engine_fence_put(e, more, NULL);
    enum status done = change_all(e, r, results, statuses, moving);
    uint64_t allocations = mem_alloc_count();
    mem_fail_at(0, false);
    check_engine(e);
    engine_leave(e, r);
    assert_true(put == STATUS_OK || put == STATUS_NO_MEMORY);
    assert_true(done == STATUS_OK || done == STATUS_NO_MEMORY);
    assert_int_equal(engine_fence_count(e, FENCE_GEOFENCE), put == STATUS_OK ? 3 : 2);
    for (int i = 0; done == STATUS_OK && i < COUNT - 2; i++) { // each that is done was told of
        enum status one = moving ? statuses[i] : results[i].status;
        const char *const told[COUNT] = {
            "g enter set 0\n", "g exit set 1\n",
            "g enter set 2\n", moving ? "g exit set 3\n" : "g exit del 3\n",
            "g enter set 4\n", "g exit set 0\n"};
        buf_append_char(&h.log, '\0');
        assert_int_equal(strstr(h.log.data, told[i]) != NULL, one == STATUS_OK);
        h.log.len--;
    }
    assert_true(done == STATUS_OK || h.log.len == 0);
    if (done == STATUS_OK && allocations < n) {
        assert_true(h.events > 10);
    }
    fence_unref(more);
    close_all(e, st, r);

    e = open_at(dir, &again, &st, &r); // the log says what the listener heard
    assert_int_equal(again.last_seq, h.last_seq);
    assert_true(str_eq(buf_str(&again.log), buf_str(&h.log)));
    close_all(e, st, r);
    buf_deinit(&h.log);
    buf_deinit(&again.log);
    return allocations >= n;
}

static void run(bool and_after, bool moving) {
    const char *root = test_tmpdir();
    char dir[600];
    for (uint64_t n = 1; n < N_MAX; n++) {
        snprintf(dir, sizeof dir, "%s/%u", root, (unsigned)n);
        if (!one_fault(dir, n, and_after, moving)) {
            assert_true(n > 10);
            return;
        }
    }
    fail_msg("the scenario allocates more than %d times", N_MAX);
}

static void applying(void **state) {
    (void)state;
    run(false, false);
    run(true, false);
}

static void moving(void **state) {
    (void)state;
    run(false, true);
    run(true, true);
}

// Keeping is all or nothing.
static bool count_text(void *ctx, struct str name, struct str body) {
    (void)name;
    *(size_t *)ctx += body.len;
    return true;
}

static void keeping(void **state) {
    (void)state;
    for (uint64_t n = 1; n < N_MAX; n++) {
        struct heard h;
        unsigned r;
        uint64_t lsn;
        size_t bytes = 0;
        struct engine *e = engine_hearing(&h, &r);
        const struct engine_keep all[] = {
            {STR("a"), STR("12")}, {STR("b"), STR("3")}, {STR("old"), STR_NONE}};
        assert_int_equal(engine_keep_put(e, STR("old"), STR("123456"), &lsn, NULL), STATUS_OK);
        mem_fail_at(n, true);
        enum status st = engine_keep(e, all, 3, &lsn, NULL);
        uint64_t allocations = mem_alloc_count();
        mem_fail_at(0, false);
        assert_int_equal(engine_keep_each(e, STR(""), count_text, &bytes), STATUS_OK);
        assert_int_equal(bytes, st == STATUS_OK ? 3 : 6);
        engine_end(e, r);
        buf_deinit(&h.log);
        if (allocations < n) {
            assert_int_equal(st, STATUS_OK);
            return;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(applying), cmocka_unit_test(moving),
                                       cmocka_unit_test(keeping)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
