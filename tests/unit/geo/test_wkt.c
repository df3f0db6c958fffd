#include "geo/wkt.h"

#include "base/mem.h"
#include "support.h"

static void expect(const char *in, const char *want) {
    struct geometry *g = NULL;
    struct reason why = {"", ""};
    enum status st = wkt_parse(str_of(in), &GEOMETRY_LIMITS_REST, &g, &why);
    if (st != STATUS_OK) print_message("%s: %s\n", in, why.text);
    assert_int_equal(st, STATUS_OK);
    struct buf b;
    buf_init(&b);
    wkt_write(g, &b);
    buf_append_char(&b, '\0');
    assert_string_equal(b.data, want ? want : in);
    buf_deinit(&b);
    geometry_unref(g);
}

static void test_every_type(void **state) {
    (void)state;
    expect("POINT (1.5 -2)", NULL);
    expect("POINT Z (1 2 3)", NULL);
    expect("MULTIPOINT (1 2, 3 4)", NULL);
    expect("LINESTRING (1 2, 3 4, 5 6)", NULL);
    expect("LINESTRING (179 0, -179 1)", NULL);
    expect("MULTILINESTRING ((1 2, 3 4), (5 6, 7 8))", NULL);
    expect("POLYGON ((0 0, 4 0, 4 4, 0 0), (1 0.5, 2 0.5, 2 1, 1 0.5))", NULL);
    expect("MULTIPOLYGON (((0 0, 4 0, 4 4, 0 0), (1 0.5, 2 0.5, 2 1, 1 0.5)), ((9 9, 10 9, 9 10, "
           "9 9)))",
           NULL);
    expect("GEOMETRYCOLLECTION (POINT (1 2), GEOMETRYCOLLECTION (LINESTRING (0 0, 1 1)))", NULL);
}

static void test_other_spellings(void **state) {
    (void)state;
    expect("SRID=4326;point(1 2)", "POINT (1 2)");
    expect(" srid=4326; PoinT Z(1 2 3) ", "POINT Z (1 2 3)");
    expect("POINTZ(1e1 +2 3)", "POINT Z (10 2 3)");
    expect("POINT(1 2 3)", "POINT Z (1 2 3)");
    expect("MULTIPOINT((1 2),(3 4))", "MULTIPOINT (1 2, 3 4)");
    expect("POINT EMPTY", NULL);
    expect("POLYGON Z EMPTY", "POLYGON EMPTY");
    expect("MULTIPOLYGON(EMPTY)", "MULTIPOLYGON EMPTY");
    expect("GEOMETRYCOLLECTION EMPTY", NULL);
    expect("MULTIPOINT(EMPTY, 1 2)", "MULTIPOINT (1 2)");
    expect("LINESTRING\t(1 2,\n3 4)", "LINESTRING (1 2, 3 4)");
}

static void refuse(const char *in, enum status want) {
    struct geometry *g = NULL;
    struct reason why = {"", ""};
    enum status st = wkt_parse(str_of(in), &GEOMETRY_LIMITS_REST, &g, &why);
    if (st != want) print_message("%s: %s\n", in, why.text);
    assert_int_equal(st, want);
    assert_null(g);
    assert_true(why.text[0] != '\0');
}

static void test_refusals(void **state) {
    (void)state;
    refuse("", STATUS_BAD_REQUEST);
    refuse("POINT", STATUS_BAD_REQUEST);
    refuse("POINT (", STATUS_BAD_REQUEST);
    refuse("POINT (1)", STATUS_BAD_REQUEST);
    refuse("POINT (1 2", STATUS_BAD_REQUEST);
    refuse("POINT (1 2) x", STATUS_BAD_REQUEST);
    refuse("POINT (1 2, 3 4)", STATUS_BAD_REQUEST);
    refuse("POINT (nan 2)", STATUS_BAD_REQUEST);
    refuse("POINT (1 2 3 4)", STATUS_BAD_REQUEST);
    refuse("POINT M (1 2 3)", STATUS_BAD_REQUEST);
    refuse("CIRCLE (1 2)", STATUS_BAD_REQUEST);
    refuse("SRID=3857;POINT (1 2)", STATUS_BAD_REQUEST);
    refuse("POINT (1 91)", STATUS_INVALID);
    refuse("LINESTRING (1 2)", STATUS_INVALID);
    refuse("POLYGON ((0 0, 1 0, 1 1, 0 1))", STATUS_INVALID);
    refuse("GEOMETRYCOLLECTION (POINT (1 2),)", STATUS_BAD_REQUEST);
    refuse("GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (GEOMETRYCOLLECTION "
           "(GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (GEOMETRYCOLLECTION "
           "(GEOMETRYCOLLECTION (POINT (1 2))))))))))",
           STATUS_INVALID);
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    struct str in = STR("GEOMETRYCOLLECTION (POINT Z (1 2 3), MULTIPOLYGON (((0 0, 4 0, 4 4, 0 0), "
                        "(1 0.5, 2 0.5, 2 1, 1 0.5)), ((9 9, 10 9, 9 10, 9 9))))");
    for (uint64_t n = 1;; n++) {
        struct geometry *g = NULL;
        mem_fail_at(n, false);
        enum status st = wkt_parse(in, &GEOMETRY_LIMITS_REST, &g, NULL);
        uint64_t made = mem_alloc_count();
        mem_fail_at(0, false);
        geometry_unref(g);
        if (made < n) break;
        assert_int_equal(st, STATUS_NO_MEMORY);
        assert_true(n < 100);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_other_spellings),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
