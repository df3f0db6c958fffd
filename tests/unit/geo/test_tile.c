#include "geo/tile.h"

#include "geo/quadkey.h"
#include "support.h"

static struct tile tile_of(int64_t x, int64_t y, int64_t z) {
    struct tile t;
    assert_int_equal(tile_make(x, y, z, &t), STATUS_OK);
    return t;
}

static void assert_near(double got, double wanted, double by) {
    if (fabs(got - wanted) > by) print_message("%.15g, not %.15g\n", got, wanted);
    assert_true(fabs(got - wanted) <= by);
}

static void test_range(void **state) {
    (void)state;
    struct tile t;
    assert_int_equal(tile_make(0, 0, 0, &t), STATUS_OK);
    assert_int_equal(tile_make(1, 0, 0, &t), STATUS_INVALID);
    assert_int_equal(tile_make(-1, 0, 3, &t), STATUS_INVALID);
    assert_int_equal(tile_make(0, 8, 3, &t), STATUS_INVALID);
    assert_int_equal(tile_make(7, 7, 3, &t), STATUS_OK);
    assert_int_equal(tile_make(0, 0, -1, &t), STATUS_INVALID);
    assert_int_equal(tile_make(0, 0, 31, &t), STATUS_INVALID);
    assert_int_equal(tile_make(INT64_MAX, INT64_MIN, INT64_MAX, &t), STATUS_INVALID);
    assert_int_equal(tile_make((1 << 30) - 1, (1 << 30) - 1, 30, &t), STATUS_OK);
}

static void test_edges(void **state) {
    (void)state;
    struct tile t = tile_of(0, 0, 0);
    struct bbox b = tile_bbox(&t);
    assert_true(b.min_lon == -180 && b.max_lon == 180);
    assert_true(b.min_lat == -TILE_LAT_MAX && b.max_lat == TILE_LAT_MAX);
    // Known values: tile 9/19/5, from the slippy map formulas of OpenStreetMap's wiki.
    t = tile_of(9, 19, 5);
    b = tile_bbox(&t);
    assert_near(b.min_lon, -78.75, 1e-12);
    assert_near(b.max_lon, -67.5, 1e-12);
    assert_near(b.max_lat, -31.952162238024954, 1e-9);
    assert_near(b.min_lat, -40.979898069620134, 1e-9);
}

static void test_neighbours_meet(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 5);
    for (int i = 0; i < 20000; i++) {
        unsigned z = 1 + (unsigned)rand_below(&r, TILE_ZOOM_MAX);
        struct point p = {rand_range(&r, -180, 180), rand_range(&r, -85, 85)};
        struct tile t = tile_at(p, z);
        struct bbox b = tile_bbox(&t);
        assert_true(bbox_contains_point(&b, p));
        struct bbox wide = tile_bbox_margin(&t, 0.25);
        assert_true(wide.min_lon < b.min_lon && wide.max_lat > b.max_lat);
        assert_true(wide.max_lon > b.max_lon && wide.min_lat < b.min_lat);
        if (t.x + 1 < 1u << z) {
            struct tile east = {t.x + 1, t.y, z};
            assert_true(tile_bbox(&east).min_lon == b.max_lon);
        }
        if (t.y + 1 < 1u << z) {
            struct tile south = {t.x, t.y + 1, z};
            assert_true(tile_bbox(&south).max_lat == b.min_lat);
        }
    }
}

static void test_projection(void **state) {
    (void)state;
    struct tile_xy at = tile_project((struct point){0, 0});
    assert_true(at.x == 0.5 && at.y == 0.5);
    assert_true(tile_project((struct point){0, 90}).y == -3);
    assert_true(tile_project((struct point){0, -90}).y == 3);
    assert_near(tile_project((struct point){180, TILE_LAT_MAX}).y, 0, 1e-9);
    struct rand r;
    rand_init(&r, 6);
    for (int i = 0; i < 1000; i++) {
        struct point p = {rand_range(&r, -180, 180), rand_range(&r, -85, 85)};
        struct point q = tile_unproject(tile_project(p));
        assert_near(q.lon, p.lon, 1e-9);
        assert_near(q.lat, p.lat, 1e-9);
    }
    struct tile t = tile_at((struct point){-540 + 10, 89.9}, 4); // any longitude, above the square
    assert_true(t.x == tile_at((struct point){-170, 0}, 4).x && t.y == 0);
}

static void test_quadkey(void **state) {
    (void)state;
    struct tile t;
    char text[TILE_ZOOM_MAX + 1];
    assert_int_equal(quadkey_parse(STR("213"), &t), STATUS_OK); // Bing's own example
    assert_true(t.x == 3 && t.y == 5 && t.z == 3);
    quadkey_write(&t, text);
    assert_string_equal(text, "213");
    assert_int_equal(quadkey_parse(STR(""), &t), STATUS_OK);
    assert_true(t.x == 0 && t.y == 0 && t.z == 0);
    assert_int_equal(quadkey_parse(STR("0124"), &t), STATUS_INVALID);
    assert_int_equal(quadkey_parse(STR("-1"), &t), STATUS_INVALID);
    assert_int_equal(quadkey_parse(STR("333333333333333333333333333333"), &t), STATUS_OK);
    assert_int_equal(quadkey_parse(STR("3333333333333333333333333333333"), &t), STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range),           cmocka_unit_test(test_edges),
        cmocka_unit_test(test_neighbours_meet), cmocka_unit_test(test_projection),
        cmocka_unit_test(test_quadkey),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
