#include "geo/relate.h"

#include "support.h"

#define SQUARE "{'type':'Polygon','coordinates':[[[0,0],[4,0],[4,4],[0,4],[0,0]]]}"
#define BOW "{'type':'Polygon','coordinates':[[[0,0],[4,4],[4,0],[0,4],[0,0]]]}"

static void expect(const char *a, const char *b, bool intersects, bool within, bool contains) {
    struct geometry *ga = from_json(a), *gb = from_json(b);
    bool good = relate_intersects(ga, gb) == intersects &&
                relate_intersects(gb, ga) == intersects && relate_disjoint(ga, gb) == !intersects &&
                relate_within(ga, gb) == within && relate_contains(gb, ga) == within &&
                relate_contains(ga, gb) == contains;
    if (!good) print_message("%s\n%s\n", a, b);
    assert_true(good);
    geometry_unref(ga);
    geometry_unref(gb);
}

static void test_a_boundary_is_inside(void **state) {
    (void)state;
    expect("{'type':'Point','coordinates':[4,2]}", SQUARE, true, true, false);
    expect("{'type':'Point','coordinates':[0,0]}", SQUARE, true, true, false);
    struct geometry *beside, *square = from_json(SQUARE); // by the last bit, which JSON would round
    assert_int_equal(geometry_new_point((struct point){nextafter(4, 5), 2}, &beside), STATUS_OK);
    assert_true(relate_disjoint(beside, square) && !relate_within(beside, square));
    geometry_unref(beside);
    geometry_unref(square);
    expect("{'type':'LineString','coordinates':[[1,0],[3,0]]}", SQUARE, true, true, false);
    expect("{'type':'LineString','coordinates':[[1,0],[5,0]]}", SQUARE, true, false, false);
    expect("{'type':'LineString','coordinates':[[4,4],[5,5]]}", SQUARE, true, false, false);
    expect(SQUARE, SQUARE, true, true, true);
    expect("{'type':'LineString','coordinates':[[0,0],[4,4]]}", BOW, true, true, false);
}

static void test_even_odd(void **state) {
    (void)state;
    expect("{'type':'Point','coordinates':[1,2]}", BOW, true, true, false);
    expect("{'type':'Point','coordinates':[2,3]}", BOW, false, false, false);
    expect(BOW, SQUARE, true, true, false);
    const char *overlap = "{'type':'MultiPolygon','coordinates':[[[[0,0],[3,0],[3,4],[0,4],[0,0]]],"
                          "[[[2,0],[5,0],[5,4],[2,4],[2,0]]]]}";
    expect("{'type':'Point','coordinates':[2.5,2]}", overlap, false, false, false);
    expect("{'type':'Point','coordinates':[1,2]}", overlap, true, true, false);
}

static void test_unions_cover(void **state) {
    (void)state;
    const char *halves = "{'type':'MultiPolygon','coordinates':[[[[0,0],[2,0],[2,4],[0,4],[0,0]]],"
                         "[[[2,0],[4,0],[4,4],[2,4],[2,0]]]]}";
    expect(SQUARE, halves, true, true, true);
    expect("{'type':'LineString','coordinates':[[1,1],[3,2]]}", halves, true, true, false);
    const char *overlapping =
        "{'type':'GeometryCollection','geometries':[{'type':'Polygon','coordinates':[[[0,0],[3,0],"
        "[3,4],[0,4],[0,0]]]},{'type':'Polygon','coordinates':[[[1,0],[4,0],[4,4],[1,4],[1,0]]]}]}";
    expect(SQUARE, overlapping, true, true, true);
    const char *lines = "{'type':'MultiLineString','coordinates':[[[0,0],[2,2]],[[4,4],[1,1]]]}";
    expect("{'type':'LineString','coordinates':[[0,0],[3,3]]}", lines, true, true, false);
    expect("{'type':'LineString','coordinates':[[0,0],[5,5]]}", lines, true, false, true);
}

static void test_rings_inside(void **state) {
    (void)state;
    const char *holed = "{'type':'Polygon','coordinates':[[[0,0],[4,0],[4,4],[0,4],[0,0]],"
                        "[[1,1],[3,1],[3,3],[1,3],[1,1]]]}";
    const char *filled = "{'type':'Polygon','coordinates':[[[1,1],[3,1],[3,3],[1,3],[1,1]]]}";
    expect(holed, SQUARE, true, true, false);
    expect(filled, holed, true, false, false); // they share the hole's edge only
    expect("{'type':'Polygon','coordinates':[[[1.5,1.5],[2,1.5],[2,2],[1.5,1.5]]]}", holed, false,
           false, false);
    expect("{'type':'Polygon','coordinates':[[[0.5,0.5],[3.5,0.5],[3.5,3.5],[0.5,3.5],[0.5,0.5]]]}",
           holed, true, false, false);
}

static void test_locate(void **state) {
    (void)state;
    struct geometry *g = from_json(SQUARE);
    assert_int_equal(relate_locate(g, (struct point){2, 2}), RELATE_INSIDE);
    assert_int_equal(relate_locate(g, (struct point){4, 2}), RELATE_BOUNDARY);
    assert_int_equal(relate_locate(g, (struct point){5, 2}), RELATE_OUTSIDE);
    geometry_unref(g);
    g = from_json("{'type':'LineString','coordinates':[[0,0],[4,4]]}");
    assert_int_equal(relate_locate(g, (struct point){2, 2}), RELATE_OUTSIDE);
    assert_true(relate_intersects_point(g, (struct point){2, 2}));
    geometry_unref(g);
}

static void test_boxes(void **state) {
    (void)state;
    struct geometry *g = from_json("{'type':'LineString','coordinates':[[0,0],[4,4]]}");
    assert_true(relate_intersects_bbox(g, &(struct bbox){1, 1, 2, 2}));
    assert_true(relate_intersects_bbox(g, &(struct bbox){1, 0, 2, 1})); // at a corner
    assert_false(relate_intersects_bbox(g, &(struct bbox){1.5, 0, 2, 1}));
    assert_true(relate_within_bbox(g, &(struct bbox){0, 0, 4, 4}));
    assert_false(relate_within_bbox(g, &(struct bbox){0, 0, 4, 3}));
    geometry_unref(g);
    g = from_json(SQUARE);
    assert_true(relate_intersects_bbox(g, &(struct bbox){1, 1, 2, 2})); // the box inside the area
    geometry_unref(g);
    g = from_json("{'type':'Point','coordinates':[-180,5]}");
    assert_true(relate_within_bbox(g, &(struct bbox){170, 0, 180, 10}));
    assert_true(relate_intersects_bbox(g, &(struct bbox){170, 0, 190, 10}));
    geometry_unref(g);
    g = from_json("{'type':'LineString','coordinates':[[179,0],[-179,4]]}");
    assert_true(relate_within_bbox(g, &(struct bbox){170, 0, 190, 10}));
    assert_true(relate_intersects_bbox(g, &(struct bbox){-180, 0, -170, 10}));
    assert_false(relate_within_bbox(g, &(struct bbox){-180, 0, 170, 10}));
    geometry_unref(g);
}

static void test_the_empty_set(void **state) {
    (void)state;
    struct geometry *none = NULL, *g = from_json(SQUARE);
    assert_int_equal(geometry_new_collection(NULL, 0, &none, NULL), STATUS_OK);
    assert_false(relate_intersects(none, g) || relate_within(none, g) || relate_contains(g, none));
    assert_false(relate_within(none, none));
    assert_true(relate_disjoint(none, g) && relate_disjoint(none, none));
    struct bbox world = BBOX_WORLD;
    assert_false(relate_intersects_bbox(none, &world) || relate_within_bbox(none, &world));
    assert_int_equal(relate_locate(none, (struct point){0, 0}), RELATE_OUTSIDE);
    geometry_unref(none);
    geometry_unref(g);
}

// A tooth-edged polygon that touches one long edge thousands of times stays quick and right.
static void test_many_touches_on_one_edge(void **state) {
    (void)state;
    enum { TEETH = 4000 };
    static struct point comb[2 * TEETH + 4];
    size_t n = 0;
    comb[n++] = (struct point){0, -1};
    for (int i = TEETH; i >= 0; i--) {
        comb[n++] = (struct point){i / (double)TEETH * 8, 0};
        if (i > 0) comb[n++] = (struct point){(i - 0.5) / (double)TEETH * 8, -0.5};
    }
    comb[n++] = comb[0];
    uint32_t end = (uint32_t)n;
    uint8_t start = 1;
    struct geometry_parts parts = {.type = GEOMETRY_POLYGON,
                                   .points = comb,
                                   .point_count = n,
                                   .part_ends = &end,
                                   .polygon_start = &start,
                                   .part_count = 1};
    struct geometry *g = NULL, *box = NULL;
    assert_int_equal(geometry_new(&parts, &GEOMETRY_LIMITS_REST, &g, NULL), STATUS_OK);
    assert_int_equal(geometry_new_bbox(&(struct bbox){0, -2, 8, 0}, &box), STATUS_OK);
    assert_true(relate_within(g, box) && !relate_within(box, g) && relate_intersects(g, box));
    geometry_unref(box);
    assert_int_equal(geometry_new_bbox(&(struct bbox){0, 0, 8, 1}, &box), STATUS_OK);
    assert_true(relate_intersects(g, box) && !relate_within(g, box));
    geometry_unref(box);
    geometry_unref(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_boundary_is_inside),
        cmocka_unit_test(test_even_odd),
        cmocka_unit_test(test_unions_cover),
        cmocka_unit_test(test_rings_inside),
        cmocka_unit_test(test_locate),
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_the_empty_set),
        cmocka_unit_test(test_many_touches_on_one_edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
