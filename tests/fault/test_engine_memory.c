// The n-th allocation fails, for every n, alone or with all that follow: what a call says it did is
// what is found afterwards, in memory and after opening the store again; nothing in between.

#include "../unit/engine/engine_support.h"

#include <yyjson.h>

#include "geo/wkt.h"
#include "storage/wal_store.h"

#define N_MAX 4000 // more than any scenario here allocates

static char dir[600];
static struct storage *store;

static enum status open_store(struct engine *e) {
    struct storage_options so = {
        .dir = dir, .mode = STORAGE_OFF, .source = engine_emit_all, .source_ctx = e};
    return wal_store_open(&so, &store, NULL);
}

static struct engine *open_engine(enum index_kind kind, unsigned *reader) {
    struct engine *e = engine_make(kind, 4, reader);
    assert_int_equal(open_store(e), STATUS_OK);
    assert_int_equal(engine_attach(e, store, NULL), STATUS_OK);
    return e;
}

static void close_engine(struct engine *e, unsigned reader) {
    storage_close(store);
    store = NULL;
    engine_end(e, reader);
}

enum { COUNT = 12 };

static void seed(struct engine *e, unsigned r) {
    char id[16];
    for (int i = 0; i < 8; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_int_equal(
            apply_one(e, r, change_point(CHANGE_PUT, "c", id, i * 20 - 70, i * 10 - 40, "{}")),
            STATUS_OK);
    }
}

static yyjson_doc *patch;
static struct geometry *area;

static void make_changes(struct change changes[COUNT]) {
    static const char *const ids[COUNT] = {"0", "1", "2", "3", "4",   "5",
                                           "6", "n", "m", "n", "new", "area"};
    for (int i = 0; i < COUNT; i++) {
        changes[i] = change_point(CHANGE_PUT, i == 10 ? "d" : "c", ids[i], 100.0 - i * 17, i * 3.0,
                                  "{\"new\":1}");
    }
    changes[1] = change_delete("c", "1");
    changes[2].kind = CHANGE_PATCH;
    changes[2].patch_properties = yyjson_doc_get_root(patch);
    changes[3].draft.point = (struct point){-10.0001, -10}; // stays in its shard
    changes[4].draft.has_expiry = true;
    changes[4].draft.expires_ms = INT64_MAX / 2;
    changes[11].draft.geometry = area;
}

// The last result of each id decides what must be found.
static void check_outcome(struct engine *e, unsigned r, const struct change *changes,
                          const struct change_result *results, enum status st) {
    engine_enter(e, r);
    check_engine(e);
    for (int i = 0; i < COUNT; i++) {
        bool last = !(i == 7); // "n" comes again
        bool done = st == STATUS_OK && results[i].status == STATUS_OK;
        const char *id = changes[i].draft.id.p;
        const struct object *o = get(e, r, i == 10 ? "d" : "c", id);
        if (!last) {
            continue;
        }
        assert_true(st != STATUS_OK || done || results[i].status == STATUS_NO_MEMORY);
        if (i == 1) {
            assert_int_equal(o != NULL, !done);
        } else if (i >= 7) {
            assert_int_equal(o != NULL, done);
        } else {
            assert_non_null(o);
            assert_int_equal(o->version, done ? 2 : 1);
            assert_int_equal(str_eq(object_properties(o), STR("{\"new\":1}")), done);
        }
    }
    assert_non_null(get(e, r, "c", "7"));
    engine_leave(e, r);
}

static void apply_under_faults(enum index_kind kind, bool and_after) {
    const char *root = test_tmpdir();
    unsigned failed = 0;
    for (unsigned n = 1; n < N_MAX; n++) {
        snprintf(dir, sizeof dir, "%s/%u", root, n);
        unsigned r;
        struct engine *e = open_engine(kind, &r);
        seed(e, r);
        struct change changes[COUNT];
        struct change_result results[COUNT];
        make_changes(changes);
        uint64_t lsn;
        engine_enter(e, r);
        mem_fail_at(n, and_after);
        enum status st = engine_apply(e, r, changes, COUNT, results, &lsn, NULL);
        uint64_t allocations = mem_alloc_count();
        mem_fail_at(0, false);
        engine_leave(e, r);
        assert_true(st == STATUS_OK || st == STATUS_NO_MEMORY);
        failed += st != STATUS_OK;
        check_outcome(e, r, changes, results, st);
        close_engine(e, r);

        e = open_engine(kind, &r);
        check_outcome(e, r, changes, results, st);
        close_engine(e, r);
        if (allocations < n) {
            assert_int_equal(st, STATUS_OK);
            assert_true(failed > 10);
            return;
        }
    }
    fail_msg("the scenario allocates more than %d times", N_MAX);
}

static void applying(void **state) {
    (void)state;
    for (int kind = INDEX_QUADTREE; kind <= INDEX_GEOHASH; kind++) {
        apply_under_faults((enum index_kind)kind, false);
        apply_under_faults((enum index_kind)kind, true);
    }
}

// Moves within a shard and between shards, twice for one id; then with one that is no plain point.
static void move_under_faults(enum index_kind kind, bool mixed) {
    enum { MOVES = 10 };
    const char *root = test_tmpdir();
    struct move moves[MOVES];
    enum status statuses[MOVES];
    char ids[MOVES][4];
    for (unsigned n = 1; n < N_MAX; n++) {
        snprintf(dir, sizeof dir, "%s/%u", root, n);
        unsigned r;
        struct engine *e = open_engine(kind, &r);
        seed(e, r);
        if (mixed) {
            struct change shape = change_point(CHANGE_PUT, "c", "3", 0, 0, "{}");
            shape.draft.geometry = area;
            assert_int_equal(apply_one(e, r, shape), STATUS_OK);
        }
        for (int i = 0; i < MOVES; i++) {
            snprintf(ids[i], sizeof ids[i], "%d", i % 9); // there is no 8
            moves[i] = (struct move){str_of(ids[i]), {i * 30 - 150, i % 2 ? i - 40.0 : 60}};
        }
        uint64_t lsn;
        engine_enter(e, r);
        mem_fail_at(n, true);
        enum status st = engine_move(e, r, STR("c"), moves, MOVES, statuses, &lsn, NULL);
        uint64_t allocations = mem_alloc_count();
        mem_fail_at(0, false);
        engine_leave(e, r);
        assert_true(st == STATUS_OK || st == STATUS_NO_MEMORY);
        for (int opened = 0; opened < 2; opened++) {
            engine_enter(e, r);
            check_engine(e);
            for (int i = 1; i < 8; i++) {
                const struct object *o = get(e, r, "c", ids[i]);
                bool done = st == STATUS_OK && statuses[i] == STATUS_OK;
                assert_true(st != STATUS_OK || done || statuses[i] == STATUS_NO_MEMORY);
                assert_int_equal(o->version, (mixed && i == 3 ? 2 : 1) + done);
                if (done) {
                    assert_memory_equal(&o->point, &moves[i].to, sizeof o->point);
                }
            }
            bool twice = st == STATUS_OK && statuses[9] == STATUS_OK;
            assert_true(st != STATUS_OK || statuses[0] == statuses[9]);
            assert_int_equal(get(e, r, "c", "0")->version, twice ? 3 : 1);
            assert_true(st != STATUS_OK || statuses[8] == STATUS_NOT_FOUND);
            engine_leave(e, r);
            close_engine(e, r);
            e = opened ? NULL : open_engine(kind, &r);
        }
        if (allocations < n) {
            assert_int_equal(st, STATUS_OK);
            return;
        }
    }
    fail_msg("the scenario allocates more than %d times", N_MAX);
}

static void moving(void **state) {
    (void)state;
    for (int kind = INDEX_QUADTREE; kind <= INDEX_GEOHASH; kind++) {
        move_under_faults((enum index_kind)kind, false);
        move_under_faults((enum index_kind)kind, true);
    }
}

// Many inserts, so that the indices split while memory is short.
static void filling(void **state) {
    (void)state;
    enum { MANY = 400 };
    static struct change changes[MANY];
    static struct change_result results[MANY];
    static char ids[MANY][16];
    for (int kind = INDEX_QUADTREE; kind <= INDEX_GEOHASH; kind++) {
        unsigned partly = 0;
        for (unsigned n = 1; n < N_MAX; n++) {
            unsigned r;
            struct engine *e = engine_make((enum index_kind)kind, 2, &r);
            for (int i = 0; i < MANY; i++) {
                snprintf(ids[i], sizeof ids[i], "%d", i);
                changes[i] = change_point(CHANGE_PUT, "c", ids[i], (i * 37 % 360) - 180,
                                          (i * 71 % 180) - 90, "{}");
            }
            uint64_t lsn;
            engine_enter(e, r);
            mem_fail_at(n, true);
            enum status st = engine_apply(e, r, changes, MANY, results, &lsn, NULL);
            uint64_t allocations = mem_alloc_count();
            mem_fail_at(0, false);
            size_t done = 0;
            for (int i = 0; i < MANY; i++) {
                bool ok = st == STATUS_OK && results[i].status == STATUS_OK;
                assert_int_equal(get(e, r, "c", ids[i]) != NULL, ok);
                done += ok;
            }
            partly += done > 0 && done < MANY;
            check_engine(e);
            engine_leave(e, r);
            engine_end(e, r);
            if (allocations < n) {
                assert_int_equal(done, MANY);
                break;
            }
        }
        assert_true(partly > 0);
    }
}

static void opening(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "%s", test_tmpdir());
    unsigned r;
    struct engine *e = open_engine(INDEX_QUADTREE, &r);
    seed(e, r);
    struct change change = change_point(CHANGE_PUT, "c", "x", 1, 1, "{}");
    change.draft.has_expiry = true;
    change.draft.expires_ms = INT64_MAX / 2;
    assert_int_equal(apply_one(e, r, change), STATUS_OK);
    close_engine(e, r);
    for (unsigned n = 1; n < N_MAX; n++) {
        mem_fail_at(n, false);
        struct engine_options options = {.shard_count = 4};
        enum status st = engine_new(&options, &e);
        if (st == STATUS_OK) {
            st = open_store(e);
            if (st == STATUS_OK) {
                st = engine_attach(e, store, NULL);
                uint64_t allocations = mem_alloc_count();
                mem_fail_at(0, false);
                if (st == STATUS_OK) {
                    check_engine(e);
                }
                storage_close(store);
                if (allocations < n) {
                    assert_int_equal(st, STATUS_OK);
                    engine_free(e);
                    return;
                }
            }
            engine_free(e);
        }
        mem_fail_at(0, false);
        assert_true(st == STATUS_OK || st == STATUS_NO_MEMORY);
    }
    fail_msg("opening allocates more than %d times", N_MAX);
}

// Expired objects that cannot be removed stay unseen and are removed later.
static void expiring(void **state) {
    (void)state;
    for (unsigned n = 1; n < N_MAX; n++) {
        unsigned r;
        struct engine *e = engine_make(INDEX_QUADTREE, 4, &r);
        seed(e, r);
        struct change change = change_point(CHANGE_PUT, "c", "x", 1, 1, "{}");
        change.draft.has_expiry = true;
        change.draft.expires_ms = 5;
        assert_int_equal(apply_one(e, r, change), STATUS_OK);
        mem_fail_at(n, true);
        size_t removed = engine_tick(e, 10);
        uint64_t allocations = mem_alloc_count();
        mem_fail_at(0, false);
        check_engine(e);
        engine_enter(e, r);
        assert_null(get(e, r, "c", "x"));
        engine_leave(e, r);
        assert_int_equal(removed + engine_tick(e, 10), 1);
        check_engine(e);
        engine_end(e, r);
        if (allocations < n) {
            assert_int_equal(removed, 1);
            return;
        }
    }
}

int main(void) {
    patch = yyjson_read("{\"new\":1}", 9, 0);
    if (wkt_parse(STR("POLYGON((1 1,3 1,3 3,1 3,1 1))"), &GEOMETRY_LIMITS_REST, &area, NULL) !=
        STATUS_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(applying), cmocka_unit_test(moving),   cmocka_unit_test(filling),
        cmocka_unit_test(opening),  cmocka_unit_test(expiring),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    geometry_unref(area);
    yyjson_doc_free(patch);
    return failed;
}
