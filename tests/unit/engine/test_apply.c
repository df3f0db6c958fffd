// Changes one by one and in batches: versions, conditions, order, failure of one among many.

#include "engine_support.h"

static void put_makes_and_replaces(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = engine_make(INDEX_QUADTREE, 4, &r);
    struct change change = change_point(CHANGE_PUT, "", "a", 10, 20, "{\"n\":1}");
    struct change_result result;
    uint64_t lsn;
    engine_enter(e, r);
    assert_int_equal(engine_apply(e, r, &change, 1, &result, &lsn, NULL), STATUS_OK);
    assert_int_equal(result.status, STATUS_OK);
    assert_true(result.created);
    assert_int_equal(result.object->version, 1);
    const struct object *first = get(e, r, "default", "a");
    assert_ptr_equal(first->bytes, result.object->bytes);

    change = change_point(CHANGE_PUT, "", "a", -10, -20, "{\"n\":2}");
    assert_int_equal(engine_apply(e, r, &change, 1, &result, &lsn, NULL), STATUS_OK);
    assert_false(result.created);
    assert_int_equal(result.object->version, 2);
    assert_int_equal(result.object->created_ms, first->created_ms);
    assert_true(result.object->updated_ms >= first->updated_ms);
    assert_true(engine_etag(result.object) != engine_etag(first));
    assert_true(str_eq(object_properties(first), STR("{\"n\":1}"))); // still whole
    check_engine(e);
    engine_leave(e, r);
    engine_end(e, r);
}

static void kinds_and_conditions(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = engine_make(INDEX_RTREE, 4, &r);
    struct change create = change_point(CHANGE_CREATE, "c", "a", 1, 2, "{}");
    struct change put = change_point(CHANGE_PUT, "c", "a", 1, 2, "{}");
    struct change patch = change_point(CHANGE_PATCH, "c", "a", 3, 4, NULL);
    patch.patch_position = true;

    assert_int_equal(apply_one(e, r, change_delete("c", "a")), STATUS_NOT_FOUND);
    assert_int_equal(apply_one(e, r, patch), STATUS_NOT_FOUND);
    put.if_present = true;
    assert_int_equal(apply_one(e, r, put), STATUS_PRECONDITION);
    engine_enter(e, r);
    assert_null(collection_lookup(e, STR("c"))); // nothing of this made the collection
    engine_leave(e, r);
    put.if_present = false;

    assert_int_equal(apply_one(e, r, create), STATUS_OK);
    assert_int_equal(apply_one(e, r, create), STATUS_EXISTS);
    put.if_absent = true;
    assert_int_equal(apply_one(e, r, put), STATUS_PRECONDITION);
    put.if_absent = false;

    engine_enter(e, r);
    uint64_t etags[2] = {1, engine_etag(get(e, r, "c", "a"))};
    engine_leave(e, r);
    put.if_etags = etags;
    put.if_etag_count = 1;
    assert_int_equal(apply_one(e, r, put), STATUS_PRECONDITION);
    put.if_etag_count = 2;
    assert_int_equal(apply_one(e, r, put), STATUS_OK);
    assert_int_equal(apply_one(e, r, put), STATUS_PRECONDITION); // that state is gone

    assert_int_equal(apply_one(e, r, patch), STATUS_OK);
    engine_enter(e, r);
    const struct object *o = get(e, r, "c", "a");
    assert_true(o->point.lon == 3 && o->point.lat == 4 && o->version == 3);
    engine_leave(e, r);
    assert_int_equal(apply_one(e, r, change_delete("c", "a")), STATUS_OK);
    engine_enter(e, r);
    assert_null(get(e, r, "c", "a"));
    engine_leave(e, r);
    check_engine(e);
    engine_end(e, r);
}

static void one_id_many_times_in_a_batch(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = engine_make(INDEX_QUADTREE, 8, &r);
    struct change changes[] = {
        change_point(CHANGE_CREATE, "c", "a", 1, 1, "{\"n\":1}"),
        change_point(CHANGE_CREATE, "c", "a", 2, 2, "{\"n\":2}"), // EXISTS
        change_point(CHANGE_PUT, "c", "a", -100, 3, "{\"n\":3}"),
        change_delete("c", "a"),
        change_delete("c", "a"), // NOT_FOUND
        change_point(CHANGE_PUT, "c", "a", 100, -4, "{\"n\":4}"),
        change_point(CHANGE_PUT, "c", "b", 5, 5, "{}"),
        change_delete("c", "b"),
        change_point(CHANGE_PUT, "d", "a", 6, 6, "{}"),
        change_point(CHANGE_PUT, "c", "", 6, 6, "{}"),    // INVALID
        change_point(CHANGE_PUT, "c", "x", 181, 6, "{}"), // INVALID
    };
    enum status want[] = {STATUS_OK,        STATUS_EXISTS,  STATUS_OK,     STATUS_OK,
                          STATUS_NOT_FOUND, STATUS_OK,      STATUS_OK,     STATUS_OK,
                          STATUS_OK,        STATUS_INVALID, STATUS_INVALID};
    enum { COUNT = sizeof changes / sizeof changes[0] };
    struct change_result results[COUNT];
    uint64_t lsn;
    engine_enter(e, r);
    assert_int_equal(engine_apply(e, r, changes, COUNT, results, &lsn, NULL), STATUS_OK);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(results[i].status, want[i]);
        assert_true((results[i].status == STATUS_OK) == (results[i].object != NULL));
    }
    assert_int_equal(results[2].object->version, 2);
    assert_ptr_equal(results[3].object->bytes, results[2].object->bytes);
    assert_int_equal(results[5].object->version, 1);
    assert_true(results[5].created);
    assert_true(engine_etag(results[5].object) != engine_etag(results[0].object));
    assert_ptr_equal(get(e, r, "c", "a")->bytes, results[5].object->bytes);
    assert_null(get(e, r, "c", "b"));
    assert_non_null(get(e, r, "d", "a"));
    engine_leave(e, r);
    struct engine_stats stats;
    engine_stats(e, &stats);
    assert_int_equal(stats.objects, 2);
    assert_int_equal(stats.collections, 2);
    check_engine(e);
    engine_end(e, r);
}

static void no_state_comes_back(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = engine_make(INDEX_QUADTREE, 1, &r);
    enum { ROUNDS = 3000 };
    uint64_t *etags = calloc(ROUNDS, sizeof *etags);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(apply_one(e, r, change_point(CHANGE_PUT, "c", "a", 1, 1, "{}")),
                         STATUS_OK);
        engine_enter(e, r);
        etags[i] = engine_etag(get(e, r, "c", "a"));
        uint64_t lsn;
        if (i % 3 == 0) {
            assert_int_equal(engine_drop(e, r, STR("c"), &lsn, NULL), STATUS_OK);
        }
        engine_leave(e, r);
        if (i % 3 == 1) {
            assert_int_equal(apply_one(e, r, change_delete("c", "a")), STATUS_OK);
        }
        for (int j = 0; j < i; j++) {
            assert_true(etags[j] != etags[i]);
        }
    }
    free(etags);
    engine_end(e, r);
}

static void drop_forgets_all(void **state) {
    (void)state;
    unsigned r;
    struct engine *e = engine_make(INDEX_GEOHASH, 4, &r);
    uint64_t lsn;
    engine_enter(e, r);
    assert_int_equal(engine_drop(e, r, STR("c"), &lsn, NULL), STATUS_NOT_FOUND);
    engine_leave(e, r);
    for (int i = 0; i < 100; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        struct change change = change_point(CHANGE_PUT, "c", id, i, i / 2, "{}");
        change.draft.has_expiry = true;
        change.draft.expires_ms = INT64_MAX - 1;
        assert_int_equal(apply_one(e, r, change), STATUS_OK);
    }
    engine_enter(e, r);
    assert_int_equal(engine_drop(e, r, STR("c"), &lsn, NULL), STATUS_OK);
    assert_null(get(e, r, "c", "5"));
    engine_leave(e, r);
    assert_int_equal(e->expiry.count, 0);
    struct engine_stats stats;
    engine_stats(e, &stats);
    assert_int_equal(stats.objects, 0);
    assert_int_equal(stats.shard_objects[0] + stats.shard_objects[1] + stats.shard_objects[2], 0);
    engine_end(e, r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_makes_and_replaces),
        cmocka_unit_test(kinds_and_conditions),
        cmocka_unit_test(one_id_many_times_in_a_batch),
        cmocka_unit_test(no_state_comes_back),
        cmocka_unit_test(drop_forgets_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
