#include "geo/geohash.h"

#include "support.h"

static void test_known_hashes(void **state) {
    (void)state;
    char out[GEOHASH_MAX + 1];
    geohash_write((struct point){-5.6, 42.6}, 5, out); // Wikipedia's example
    assert_string_equal(out, "ezs42");
    geohash_write((struct point){10.40744, 57.64911}, 11, out);
    assert_string_equal(out, "u4pruydqqvj");
    geohash_write((struct point){180, 90}, 12, out);
    assert_string_equal(out, "zzzzzzzzzzzz");
    geohash_write((struct point){-180, -90}, 1, out);
    assert_string_equal(out, "0");
}

static void test_parse(void **state) {
    (void)state;
    struct bbox b;
    assert_int_equal(geohash_parse(STR("EZS42"), &b), STATUS_OK);
    assert_true(fabs(b.min_lon - -5.625) < 1e-12 && fabs(b.max_lon - -5.581054688) < 1e-9);
    assert_true(fabs(b.min_lat - 42.583007812) < 1e-9 && fabs(b.max_lat - 42.626953125) < 1e-9);
    assert_int_equal(geohash_parse(STR(""), &b), STATUS_INVALID);
    assert_int_equal(geohash_parse(STR("ezsa"), &b), STATUS_INVALID);
    assert_int_equal(geohash_parse(STR("0123456789012"), &b), STATUS_INVALID);
}

static void test_cell_holds_its_points(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 11);
    for (int i = 0; i < 20000; i++) {
        struct point p = {rand_range(&r, -180, 180), rand_range(&r, -90, 90)};
        unsigned bits = 1 + (unsigned)rand_below(&r, 60);
        struct bbox cell = geohash_cell(geohash_encode(p, bits), bits);
        assert_true(bbox_contains_point(&cell, p));
        char text[GEOHASH_MAX + 1];
        size_t length = 1 + rand_below(&r, GEOHASH_MAX);
        geohash_write(p, length, text);
        struct bbox parsed;
        assert_int_equal(geohash_parse(str_of(text), &parsed), STATUS_OK);
        assert_true(bbox_contains_point(&parsed, p));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_hashes),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_cell_holds_its_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
