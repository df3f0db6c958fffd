#include "geo/geometry.h"

#include "base/mem.h"
#include "geo/relate.h"
#include "support.h"

static struct geometry *from_points(enum geometry_type type, const struct point *p, size_t n) {
    uint32_t end = (uint32_t)n;
    uint8_t start = 1;
    struct geometry_parts parts = {.type = type,
                                   .points = p,
                                   .point_count = n,
                                   .part_ends = &end,
                                   .polygon_start = &start,
                                   .part_count = 1};
    struct geometry *g = NULL;
    struct reason why = {"", ""};
    enum status st = geometry_new(&parts, &GEOMETRY_LIMITS_REST, &g, &why);
    if (st != STATUS_OK) print_message("%s\n", why.text);
    assert_int_equal(st, STATUS_OK);
    return g;
}

static void expect_bbox(const struct geometry *g, double w, double s, double e, double n) {
    const struct bbox *b = geometry_bbox(g);
    if (b->min_lon != w || b->min_lat != s || b->max_lon != e || b->max_lat != n) {
        print_message("%g %g %g %g\n", b->min_lon, b->min_lat, b->max_lon, b->max_lat);
        fail();
    }
}

static bool holds(const struct geometry *g, double lon, double lat) {
    return relate_intersects_point(g, (struct point){lon, lat});
}

static void test_parts_and_members(void **state) {
    (void)state;
    struct geometry *g = from_json("{'type':'MultiPolygon','coordinates':[[[[0,0],[4,0],[4,4],[0,0]"
                                   "],[[1,0.5],[2,0.5],[2,1],[1,0.5]]],[[[10,10],[11,10],[11,11],"
                                   "[10,10]]]]}");
    assert_int_equal(geometry_type(g), GEOMETRY_MULTIPOLYGON);
    assert_int_equal(geometry_part_count(g), 3);
    assert_int_equal(geometry_point_count(g), 12);
    assert_true(geometry_part_is_exterior(g, 0) && geometry_part_is_exterior(g, 2));
    assert_false(geometry_part_is_exterior(g, 1));
    size_t n;
    const double *z;
    const struct point *p = geometry_part(g, 2, &n, &z);
    assert_true(n == 4 && p[1].lon == 11 && p[1].lat == 10 && z == NULL);
    assert_false(geometry_is_wrapped(g));
    geometry_unref(g);

    g = from_json("{'type':'LineString','coordinates':[[0,0,5],[1,1],[2,2,7]]}");
    p = geometry_part(g, 0, &n, &z);
    assert_true(z && z[0] == 5 && isnan(z[1]) && z[2] == 7);
    struct geometry *members[2] = {g, g}, *both = NULL;
    assert_int_equal(geometry_new_collection(members, 2, &both, NULL), STATUS_OK);
    geometry_unref(g);
    assert_int_equal(geometry_member_count(both), 2);
    assert_int_equal(geometry_point_count(both), 6);
    assert_ptr_equal(geometry_member(both, 1), g);
    struct geometry *again = geometry_ref(both);
    geometry_unref(both);
    assert_int_equal(geometry_member_count(again), 2);
    assert_true(geometry_bytes(again) > 2 * 3 * 24);
    geometry_unref(again);
    geometry_unref(NULL);
}

static void test_crossing_the_antimeridian_unwraps(void **state) {
    (void)state;
    struct geometry *g =
        from_points(GEOMETRY_POLYGON,
                    (struct point[]){{170, 0}, {-170, 0}, {-170, 10}, {170, 10}, {170, 0}}, 5);
    expect_bbox(g, 170, 0, 190, 10);
    assert_true(geometry_is_wrapped(g));
    assert_true(holds(g, 175, 5) && holds(g, -175, 5) && holds(g, 180, 5) && holds(g, -180, 5));
    assert_false(holds(g, 0, 5) || holds(g, 169, 5) || holds(g, -169, 5));
    geometry_unref(g);
    // The same, beginning on the other side.
    g = from_points(GEOMETRY_POLYGON,
                    (struct point[]){{-170, 0}, {-170, 10}, {170, 10}, {170, 0}, {-170, 0}}, 5);
    expect_bbox(g, 170, 0, 190, 10);
    geometry_unref(g);
    g = from_points(GEOMETRY_LINESTRING, (struct point[]){{179, 0}, {-179, 2}, {178, 3}}, 3);
    expect_bbox(g, 178, 0, 181, 3);
    assert_true(holds(g, 180, 1) && holds(g, -180, 1) && !holds(g, 0, 1));
    geometry_unref(g);
    // A ring may close on the other name of the meridian.
    g = from_points(GEOMETRY_POLYGON,
                    (struct point[]){{180, 0}, {-170, 0}, {-170, 5}, {-180, 5}, {-180, 0}}, 5);
    expect_bbox(g, -180, 0, -170, 5);
    geometry_unref(g);
}

static void test_a_hole_follows_its_ring(void **state) {
    (void)state;
    struct geometry *g =
        from_json("{'type':'Polygon','coordinates':[[[170,-5],[-170,-5],[-170,5],[170,5],[170,-5]],"
                  "[[-179,-1],[-178,-1],[-178,1],[-179,1],[-179,-1]]]}");
    expect_bbox(g, 170, -5, 190, 5);
    assert_false(holds(g, -178.5, 0));
    assert_true(holds(g, -177.5, 0) && holds(g, 179, 0));
    geometry_unref(g);
}

static void test_the_whole_world_is_not_a_sliver(void **state) {
    (void)state;
    struct geometry *g = from_points(
        GEOMETRY_POLYGON,
        (struct point[]){{-180, -90}, {180, -90}, {180, 90}, {-180, 90}, {-180, -90}}, 5);
    expect_bbox(g, -180, -90, 180, 90);
    assert_true(holds(g, 0, 0) && holds(g, 180, 0) && holds(g, -180, 90));
    assert_false(geometry_is_wrapped(g));
    geometry_unref(g);
    // A polar area cut by hand, RFC 7946 style: the seam edges stay.
    g = from_points(
        GEOMETRY_POLYGON,
        (struct point[]){{-180, -60}, {0, -70}, {180, -60}, {180, -90}, {-180, -90}, {-180, -60}},
        6);
    expect_bbox(g, -180, -90, 180, -60);
    assert_true(holds(g, 0, -80) && holds(g, 180, -65) && !holds(g, 0, -65));
    geometry_unref(g);
}

static void test_a_ring_round_the_pole_is_closed_over_it(void **state) {
    (void)state;
    struct geometry *g =
        from_points(GEOMETRY_POLYGON,
                    (struct point[]){{0, -70}, {90, -75}, {179, -70}, {-90, -75}, {0, -70}}, 5);
    assert_true(geometry_bbox(g)->min_lat == -90);
    assert_true(holds(g, 10, -89) && holds(g, -135, -85) && holds(g, 180, -80) &&
                holds(g, 45, -90));
    assert_false(holds(g, 45, -60) || holds(g, -179, -60));
    geometry_unref(g);
    g = from_points(GEOMETRY_POLYGON, (struct point[]){{0, 80}, {-120, 80}, {120, 80}, {0, 80}}, 4);
    assert_true(geometry_bbox(g)->max_lat == 90);
    assert_true(holds(g, 77, 85) && !holds(g, 77, 75));
    geometry_unref(g);
}

static void test_cut_parts_have_a_narrow_box(void **state) {
    (void)state;
    struct geometry *g = from_json(
        "{'type':'MultiPolygon','coordinates':[[[[170,0],[180,0],[180,5],[170,5],[170,0]]],"
        "[[[-180,0],[-170,0],[-170,5],[-180,5],[-180,0]]]]}");
    expect_bbox(g, 170, 0, 190, 5);
    size_t n;
    assert_true(geometry_part(g, 1, &n, NULL)[0].lon == -180); // kept as given
    assert_true(holds(g, -175, 1) && holds(g, 175, 1) && holds(g, 180, 1) && !holds(g, 0, 1));
    struct geometry *uncut = from_points(
        GEOMETRY_POLYGON, (struct point[]){{170, 0}, {-170, 0}, {-170, 5}, {170, 5}, {170, 0}}, 5);
    assert_true(relate_within(uncut, g) && relate_within(g, uncut));
    struct geometry *line =
        from_points(GEOMETRY_LINESTRING, (struct point[]){{175, 1}, {-175, 4}}, 2);
    assert_true(relate_within(line, g) && relate_within(line, uncut));
    assert_true(relate_intersects(line, g));
    geometry_unref(line);
    geometry_unref(uncut);
    geometry_unref(g);
    g = from_json("{'type':'MultiPoint','coordinates':[[-179,1],[179,2]]}");
    expect_bbox(g, 179, 1, 181, 2);
    geometry_unref(g);
    g = from_json("{'type':'MultiPoint','coordinates':[[-100,1],[100,2],[0,0]]}");
    expect_bbox(g, -100, 0, 100, 2);
    geometry_unref(g);
}

static void test_boxes_are_literal(void **state) {
    (void)state;
    struct geometry *g = NULL;
    assert_int_equal(geometry_new_bbox(&(struct bbox){-150, 0, 150, 5}, &g), STATUS_OK);
    expect_bbox(g, -150, 0, 150, 5);
    assert_true(holds(g, 0, 1) && !holds(g, 160, 1));
    geometry_unref(g);
    assert_int_equal(geometry_new_bbox(&(struct bbox){170, 0, 200, 5}, &g), STATUS_OK);
    assert_true(holds(g, -165, 1) && !holds(g, -155, 1));
    geometry_unref(g);
}

static void test_refusals(void **state) {
    (void)state;
    struct geometry *g = NULL;
    assert_int_equal(geometry_new_point((struct point){0, 91}, &g), STATUS_INVALID);
    assert_int_equal(geometry_new_point((struct point){NAN, 0}, &g), STATUS_INVALID);
    // Twice round the earth.
    struct point spiral[13];
    for (int i = 0; i < 13; i++) {
        spiral[i] = (struct point){remainder(i * 100, 360), i};
    }
    uint32_t end = 13;
    struct geometry_parts parts = {.type = GEOMETRY_LINESTRING,
                                   .points = spiral,
                                   .point_count = 13,
                                   .part_ends = &end,
                                   .part_count = 1};
    assert_int_equal(geometry_new(&parts, &GEOMETRY_LIMITS_REST, &g, NULL), STATUS_INVALID);
    assert_null(g);
}

static void test_preparing_changes_no_answer(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 61);
    struct point ring[201];
    for (int i = 0; i < 200; i++) {
        double radius = rand_range(&r, 2, 5), t = i * M_PI / 100;
        double lon = 178 + radius * cos(t);
        ring[i] = (struct point){lon > 180 ? lon - 360 : lon, radius * sin(t)};
    }
    ring[200] = ring[0];
    struct geometry *plain = from_points(GEOMETRY_POLYGON, ring, 201);
    struct geometry *prepared = from_points(GEOMETRY_POLYGON, ring, 201);
    size_t before = geometry_bytes(prepared);
    geometry_prepare(prepared);
    geometry_prepare(prepared);
    assert_true(geometry_bytes(prepared) > before);
    mem_fail_at(1, true); // without memory for strips the answers stay
    for (int i = 0; i < 5000; i++) {
        struct point p = {rand_range(&r, 172, 184), rand_range(&r, -6, 6)};
        if (p.lon > 180) p.lon -= 360;
        assert_int_equal(relate_locate(plain, p), relate_locate(prepared, p));
    }
    assert_true(relate_within(plain, prepared) && relate_within(prepared, plain));
    mem_fail_at(0, false);
    assert_null(geometry_strips(plain));
    geometry_unref(plain);
    geometry_unref(prepared);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_and_members),
        cmocka_unit_test(test_crossing_the_antimeridian_unwraps),
        cmocka_unit_test(test_a_hole_follows_its_ring),
        cmocka_unit_test(test_the_whole_world_is_not_a_sliver),
        cmocka_unit_test(test_a_ring_round_the_pole_is_closed_over_it),
        cmocka_unit_test(test_cut_parts_have_a_narrow_box),
        cmocka_unit_test(test_boxes_are_literal),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_preparing_changes_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
