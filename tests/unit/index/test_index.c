#include <math.h>

#include "unit/index/index_model.h"

static void quantise_is_floor_and_monotone(void **state) {
    (void)state;
    assert_int_equal(index_quantise(0), 0);
    assert_int_equal(index_quantise(1.00000005), 10000000);
    assert_int_equal(index_quantise(-1e-9), -1);
    assert_int_equal(index_quantise(180), 1800000000);
    assert_int_equal(index_quantise(-180), -1800000000);
    struct rand r;
    rand_init(&r, 7);
    for (int i = 0; i < 100000; i++) {
        double a = rand_range(&r, -180, 180), b = a + 2e-7 * (rand_unit(&r) - 0.5);
        if (index_quantise(a) > index_quantise(b)) assert_true(a > b);
        if (index_quantise(a) < index_quantise(b)) assert_true(a < b);
    }
}

static void quantise_clamps_what_is_no_longitude(void **state) {
    (void)state;
    assert_int_equal(index_quantise(1e300), INT32_MAX);
    assert_int_equal(index_quantise(-1e300), INT32_MIN);
    assert_int_equal(index_quantise(INFINITY), INT32_MAX);
    assert_int_equal(index_quantise(-INFINITY), INT32_MIN);
    assert_int_equal(index_quantise(NAN), INT32_MIN);
}

static void kinds_are_known_by_name(void **state) {
    (void)state;
    enum index_kind kind;
    for (enum index_kind k = INDEX_QUADTREE; k <= INDEX_GEOHASH; k++) {
        assert_true(index_kind_parse(str_of(index_kind_name(k)), &kind));
        assert_int_equal(kind, k);
    }
    assert_true(index_kind_parse(STR("rtree_gpu"), &kind));
    assert_int_equal(kind, INDEX_RTREE);
    assert_false(index_kind_parse(STR("btree"), &kind));
    assert_false(index_kind_parse(STR(""), &kind));
}

static bool stop_at_once(void *ctx, const uint32_t *items, size_t count, bool sure) {
    (void)items;
    (void)count;
    (void)sure;
    ++*(int *)ctx;
    return false;
}

/// What each kind must do, on a thousand points and as many boxes.
static void check_kind(enum index_kind kind) {
    struct model m;
    model_init(&m, kind, MODEL_MIXED, 2000, 11);
    assert_string_equal(m.index->ops->name, index_kind_name(kind));
    model_check(&m);
    model_search(&m); // empty
    model_nearest(&m);
    assert_int_equal(index_bulk_load(m.index, NULL, NULL, 0), STATUS_OK);

    for (uint32_t i = 0; i < 1000; i++)
        model_insert(&m, i);
    model_check(&m);
    for (int i = 0; i < 20; i++) {
        model_search(&m);
        model_nearest(&m);
    }
    struct index_box world = index_box_of(&BBOX_WORLD);
    int calls = 0;
    assert_false(index_search(m.index, &world, stop_at_once, &calls, NULL));
    assert_int_equal(calls, 1);

    struct index_cost cost = {0, 0};
    memset(m.seen, 0, m.cap * sizeof *m.seen);
    assert_true(index_search(m.index, &world, model_see, &m, &cost));
    assert_true(cost.nodes > 0);
    assert_int_equal(cost.candidates, 1000);

    struct index_box upside_down = {10, 10, -10, -10};
    memset(m.seen, 0, m.cap * sizeof *m.seen);
    assert_true(index_search(m.index, &upside_down, model_see, &m, NULL));
    assert_int_equal(index_count(m.index, &upside_down, model_see, &m, NULL), 0);
    for (uint32_t i = 0; i < m.cap; i++)
        assert_int_equal(m.seen[i], 0);

    model_bulk(&m, 2000);
    model_check(&m);
    model_search(&m);
    model_empty(&m);
    model_deinit(&m);
}

static void every_kind_keeps_the_contract(void **state) {
    (void)state;
    check_kind(INDEX_QUADTREE);
    check_kind(INDEX_RTREE);
    check_kind(INDEX_GEOHASH);
}

/// An item that turns from point to box and back stays one item.
static void a_move_may_change_what_holds_the_item(void **state) {
    (void)state;
    for (enum index_kind kind = INDEX_QUADTREE; kind <= INDEX_GEOHASH; kind++) {
        struct model m;
        model_init(&m, kind, MODEL_UNIFORM, 300, 3);
        for (uint32_t i = 0; i < 300; i++)
            model_insert(&m, i);
        for (int round = 0; round < 4; round++) {
            m.data = round % 2 ? MODEL_UNIFORM : MODEL_RECTANGLES;
            for (uint32_t i = 0; i < 300; i++)
                model_move(&m, i);
            model_check(&m);
            model_search(&m);
            model_nearest(&m);
        }
        model_empty(&m);
        model_deinit(&m);
    }
}

/// The corners of the range of int32 are places like any other.
static void extreme_coordinates_are_held(void **state) {
    (void)state;
    static const int32_t ends[] = {INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX - 1, INT32_MAX};
    enum { N = sizeof ends / sizeof *ends };
    for (enum index_kind kind = INDEX_QUADTREE; kind <= INDEX_GEOHASH; kind++) {
        struct model m;
        model_init(&m, kind, MODEL_UNIFORM, N * N, 3);
        for (uint32_t i = 0; i < N * N; i++) {
            m.quantised[i] = (struct index_box){ends[i % N], ends[i / N], ends[i % N], ends[i / N]};
            assert_int_equal(index_insert(m.index, &m.quantised[i], i), STATUS_OK);
            m.present[i] = true;
            m.count++;
        }
        model_check(&m);
        struct index_box all = {INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX};
        memset(m.seen, 0, m.cap * sizeof *m.seen);
        assert_true(index_search(m.index, &all, model_see, &m, NULL));
        for (uint32_t i = 0; i < m.cap; i++)
            assert_int_not_equal(m.seen[i], 0);
        for (uint32_t i = 0; i < m.cap; i++)
            model_remove(&m, i);
        model_check(&m);
        model_deinit(&m);
    }
}

static bool count_only(void *ctx, const uint32_t *items, size_t count, bool sure) {
    (void)items;
    (void)sure;
    *(size_t *)ctx += count;
    return true;
}

static double stop_after_ten(void *ctx, const uint32_t *items, size_t count, double bound) {
    (void)items;
    (void)bound;
    *(size_t *)ctx += count;
    return *(size_t *)ctx < 10 ? INFINITY : -1;
}

/// Equal boxes, many of them: what took a step for each other one would take minutes here.
static void crowds_on_one_spot_stay_fast(void **state) {
    (void)state;
    enum { CROWD = 100000 };
    static const struct index_box boxes[] = {{5, 5, 5, 5}, {-7, -7, 9, 9}};
    struct places places;
    places_init(&places);
    for (uint32_t i = 0; i < CROWD; i++)
        assert_int_equal(places_grow(&places, i), STATUS_OK);
    for (int n = 0; n < 6; n++) {
        struct index *ix = NULL;
        const struct index_box *box = &boxes[n % 2];
        assert_int_equal(index_make((enum index_kind)(n / 2), &places, &ix), STATUS_OK);
        for (uint32_t i = 0; i < CROWD; i++)
            assert_int_equal(index_insert(ix, box, i), STATUS_OK);
        assert_true(index_check(ix));
        size_t found = 0, near = 0;
        assert_true(index_search(ix, box, count_only, &found, NULL));
        assert_int_equal(found, CROWD);
        struct distance_from from = distance_from((struct point){0, 0});
        index_nearest(ix, &from, 10, INFINITY, stop_after_ten, &near, NULL);
        assert_in_range(near, 10, 1000); // a visitor that has enough is left alone
        struct index_box aside = *box;
        aside.max_lon = aside.min_lon += 30;
        aside.max_lat = aside.min_lat;
        for (uint32_t i = 0; i < CROWD; i += 2)
            assert_int_equal(index_move(ix, box, &aside, i), STATUS_OK);
        for (uint32_t i = 0; i < CROWD; i++)
            index_remove(ix, i % 2 ? box : &aside, i);
        assert_int_equal(index_items(ix), 0);
        assert_true(index_check(ix));
        index_free(ix);
    }
    places_deinit(&places);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantise_is_floor_and_monotone),
        cmocka_unit_test(quantise_clamps_what_is_no_longitude),
        cmocka_unit_test(kinds_are_known_by_name),
        cmocka_unit_test(every_kind_keeps_the_contract),
        cmocka_unit_test(a_move_may_change_what_holds_the_item),
        cmocka_unit_test(extreme_coordinates_are_held),
        cmocka_unit_test(crowds_on_one_spot_stay_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
