#include "geo/bbox.h"

#include "support.h"

static void test_wsen_over_the_antimeridian_is_unwrapped(void **state) {
    (void)state;
    struct bbox b = bbox_from_wsen(177, -20, -178, -16);
    assert_true(b.min_lon == 177 && b.max_lon == 182 && b.min_lat == -20 && b.max_lat == -16);
    b = bbox_from_wsen(-10, 0, 10, 5);
    assert_true(b.min_lon == -10 && b.max_lon == 10);
    struct point c = bbox_center(&(struct bbox){177, -20, 187, -16});
    assert_true(c.lon == -178 && c.lat == -18);
}

static void test_empty(void **state) {
    (void)state;
    struct bbox b = BBOX_EMPTY;
    assert_true(bbox_is_empty(&b));
    struct bbox world = BBOX_WORLD;
    assert_false(bbox_intersects(&b, &world));
    assert_false(bbox_intersects_globe(&b, &world));
    bbox_add_point(&b, (struct point){3, 4});
    assert_false(bbox_is_empty(&b));
    assert_true(b.min_lon == 3 && b.max_lon == 3 && b.min_lat == 4 && b.max_lat == 4);
}

static void test_globe_knows_one_meridian(void **state) {
    (void)state;
    struct bbox pacific = {170, -10, 190, 10};
    assert_true(bbox_contains_point_globe(&pacific, (struct point){-175, 0}));
    assert_true(bbox_contains_point_globe(&pacific, (struct point){175, 0}));
    assert_true(bbox_contains_point_globe(&pacific, (struct point){-170, 10}));
    assert_false(bbox_contains_point_globe(&pacific, (struct point){-169.999, 0}));
    assert_false(bbox_contains_point_globe(&pacific, (struct point){175, 11}));
    struct bbox west = {-180, 0, -179, 1}, east = {179, 0, 180, 1};
    assert_true(bbox_intersects_globe(&west, &east));
    assert_true(bbox_intersects_globe(&east, &west));
}

static bool pieces_hold(const struct bbox *b, struct point p) {
    struct bbox pieces[3];
    size_t n = bbox_split(b, pieces);
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        assert_true(pieces[i].min_lon >= -180 && pieces[i].max_lon <= 180);
        assert_true(pieces[i].min_lon <= pieces[i].max_lon);
        found = found || bbox_contains_point(&pieces[i], p);
    }
    return found;
}

static void test_split_covers_both_sides(void **state) {
    (void)state;
    assert_true(pieces_hold(&(struct bbox){170, 0, 190, 1}, (struct point){-171, 0}));
    assert_true(pieces_hold(&(struct bbox){170, 0, 190, 1}, (struct point){180, 0}));
    assert_true(pieces_hold(&(struct bbox){170, 0, 190, 1}, (struct point){-180, 0}));
    assert_false(pieces_hold(&(struct bbox){170, 0, 190, 1}, (struct point){-169, 0}));
    assert_true(pieces_hold(&(struct bbox){170, 0, 180, 1}, (struct point){-180, 0}));
    assert_true(pieces_hold(&(struct bbox){-180, 0, -170, 1}, (struct point){180, 0}));
    assert_false(pieces_hold(&(struct bbox){-180, 0, -170, 1}, (struct point){179, 0}));
    assert_true(pieces_hold(&(struct bbox){180, 0, 180, 1}, (struct point){-180, 0}));
    struct bbox pieces[3];
    assert_int_equal(bbox_split(&(struct bbox){-10, 0, 10, 1}, pieces), 1);
    assert_int_equal(bbox_split(&(struct bbox){-100, 0, 270, 1}, pieces), 1);
    assert_true(pieces[0].min_lon == -180 && pieces[0].max_lon == 180);
}

// A piece brought back by 360 must still hold every longitude whose shifted form lies in the box.
static void test_split_keeps_what_rounding_moves(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 7);
    for (int i = 0; i < 10000; i++) {
        double lon = rand_range(&r, -179, 100);
        struct bbox b = {150, 0, lon + 360.0, 1};
        assert_true(pieces_hold(&b, (struct point){lon, 0.5}));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wsen_over_the_antimeridian_is_unwrapped),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_globe_knows_one_meridian),
        cmocka_unit_test(test_split_covers_both_sides),
        cmocka_unit_test(test_split_keeps_what_rounding_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
