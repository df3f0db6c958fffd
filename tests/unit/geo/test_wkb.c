#include "geo/wkb.h"

#include "base/mem.h"
#include "support.h"

static const char *const texts[] = {
    "{'type':'Point','coordinates':[1.5,-2]}",
    "{'type':'Point','coordinates':[1,2,3]}",
    "{'type':'MultiPoint','coordinates':[[1,2],[3,4,5]]}",
    "{'type':'LineString','coordinates':[[179,2],[-179,4]]}",
    "{'type':'MultiLineString','coordinates':[[[1,2],[3,4]],[[5,6],[7,8],[9,9]]]}",
    "{'type':'Polygon','coordinates':[[[170,0],[-170,0],[-170,9],[170,0]],[[179,1],[-179,1],[179,2]"
    ",[179,1]]]}",
    "{'type':'MultiPolygon','coordinates':[[[[0,0],[1,0],[1,1],[0,0]]],[[[5,5],[9,5],[9,9],[5,5]],"
    "[[7,6],[8,7],[8,6],[7,6]]]]}",
    "{'type':'GeometryCollection','geometries':[{'type':'Point','coordinates':[1,2]},{'type':"
    "'GeometryCollection','geometries':[{'type':'LineString','coordinates':[[0,0],[1,1,5]]}]}]}",
};
#define TEXTS (sizeof texts / sizeof texts[0])

static void write_text(const char *json, struct buf *b) {
    struct geometry *g = from_json(json);
    wkb_write(g, b);
    assert_false(b->failed);
    geometry_unref(g);
}

static void test_round_trip_is_exact(void **state) {
    (void)state;
    for (size_t i = 0; i < TEXTS; i++) {
        struct buf b, again;
        buf_init(&b);
        buf_init(&again);
        write_text(texts[i], &b);
        struct geometry *g = NULL;
        assert_int_equal(wkb_parse(buf_str(&b), &GEOMETRY_LIMITS_REST, &g, NULL), STATUS_OK);
        wkb_write(g, &again);
        assert_int_equal(again.len, b.len);
        assert_memory_equal(again.data, b.data, b.len);
        geometry_unref(g);
        buf_deinit(&b);
        buf_deinit(&again);
    }
}

static void test_world_stays_the_world(void **state) {
    (void)state;
    struct geometry *g = NULL, *back = NULL;
    assert_int_equal(geometry_new_bbox(&(struct bbox){-150, -80, 150, 80}, &g), STATUS_OK);
    struct buf b;
    buf_init(&b);
    wkb_write(g, &b);
    assert_int_equal(wkb_parse(buf_str(&b), &GEOMETRY_LIMITS_REST, &back, NULL), STATUS_OK);
    assert_memory_equal(geometry_bbox(g), geometry_bbox(back), sizeof(struct bbox));
    geometry_unref(g);
    geometry_unref(back);
    buf_deinit(&b);
}

static size_t unhex(const char *hex, char *out) {
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        unsigned v;
        sscanf(hex + 2 * i, "%2x", &v);
        out[i] = (char)v;
    }
    return n;
}

static enum status parse_hex(const char *hex, struct geometry **g) {
    char bytes[256];
    size_t n = unhex(hex, bytes);
    *g = NULL;
    return wkb_parse((struct str){bytes, n}, &GEOMETRY_LIMITS_REST, g, NULL);
}

static void test_other_writers(void **state) {
    (void)state;
    struct geometry *g;
    size_t n;
    const double *z;
    // Big endian POINT (2 4).
    assert_int_equal(parse_hex("000000000140000000000000004010000000000000", &g), STATUS_OK);
    const struct point *p = geometry_part(g, 0, &n, &z);
    assert_true(p[0].lon == 2 && p[0].lat == 4 && !z);
    geometry_unref(g);
    // EWKB SRID=4326;POINT Z (1 2 3).
    assert_int_equal(
        parse_hex("01010000A0E6100000000000000000F03F00000000000000400000000000000840", &g),
        STATUS_OK);
    p = geometry_part(g, 0, &n, &z);
    assert_true(p[0].lon == 1 && p[0].lat == 2 && z && z[0] == 3);
    geometry_unref(g);
    // SRID 3857 and measures are refused; POINT EMPTY is empty.
    assert_int_equal(parse_hex("0101000020110F0000000000000000F03F0000000000000040", &g),
                     STATUS_INVALID);
    assert_int_equal(parse_hex("0101000040000000000000F03F00000000000000400000000000000840", &g),
                     STATUS_INVALID);
    assert_int_equal(parse_hex("0101000000000000000000F87F000000000000F87F", &g), STATUS_OK);
    assert_true(geometry_is_empty(g));
    geometry_unref(g);
}

static void test_every_cut_is_noticed(void **state) {
    (void)state;
    for (size_t i = 0; i < TEXTS; i++) {
        struct buf b;
        buf_init(&b);
        write_text(texts[i], &b);
        for (size_t len = 0; len < b.len; len++) {
            char *exact = malloc(len ? len : 1);
            memcpy(exact, b.data, len);
            struct geometry *g = NULL;
            assert_int_not_equal(
                wkb_parse((struct str){exact, len}, &GEOMETRY_LIMITS_REST, &g, NULL), STATUS_OK);
            free(exact);
        }
        buf_append_char(&b, 0);
        struct geometry *g = NULL;
        assert_int_equal(wkb_parse(buf_str(&b), &GEOMETRY_LIMITS_REST, &g, NULL), STATUS_CORRUPT);
        buf_deinit(&b);
    }
}

static void test_huge_counts_reserve_nothing(void **state) {
    (void)state;
    struct geometry *g;
    assert_int_equal(parse_hex("0102000000FFFFFFFF", &g), STATUS_CORRUPT);
    assert_int_equal(parse_hex("0107000000FFFFFF0F", &g), STATUS_CORRUPT);
    assert_int_equal(parse_hex("0106000000FFFFFF7F0103000000", &g), STATUS_CORRUPT);
    assert_int_equal(parse_hex("02", &g), STATUS_CORRUPT);
    assert_int_equal(parse_hex("0109000000", &g), STATUS_CORRUPT);
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b);
    write_text(texts[TEXTS - 1], &b);
    for (uint64_t n = 1;; n++) {
        struct geometry *g = NULL;
        mem_fail_at(n, false);
        enum status st = wkb_parse(buf_str(&b), &GEOMETRY_LIMITS_REST, &g, NULL);
        uint64_t made = mem_alloc_count();
        mem_fail_at(0, false);
        geometry_unref(g);
        if (made < n) break;
        assert_int_equal(st, STATUS_NO_MEMORY);
        assert_true(n < 100);
    }
    buf_deinit(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_is_exact),
        cmocka_unit_test(test_world_stays_the_world),
        cmocka_unit_test(test_other_writers),
        cmocka_unit_test(test_every_cut_is_noticed),
        cmocka_unit_test(test_huge_counts_reserve_nothing),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
