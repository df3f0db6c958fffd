#include "geo/clip.h"

#include "base/mem.h"
#include "geo/relate.h"
#include "support.h"

static void assert_clip(const char *json, struct bbox box, const char *wanted) {
    struct geometry *g = from_json(json), *out = NULL;
    struct reason why = {"", ""};
    assert_int_equal(clip_bbox(g, &box, &out, &why), STATUS_OK);
    struct buf text;
    buf_init(&text);
    geojson_write(out, &text);
    buf_append_char(&text, '\0');
    for (char *c = text.data; *c; c++) {
        if (*c == '"') *c = '\'';
    }
    assert_string_equal(text.data, wanted);
    buf_deinit(&text);
    geometry_unref(out);
    geometry_unref(g);
}

#define NOTHING "{'type':'GeometryCollection','geometries':[]}"
#define TEN ((struct bbox){0, 0, 10, 10})

static void test_points(void **state) {
    (void)state;
    assert_clip("{'type':'Point','coordinates':[10,5]}", TEN,
                "{'type':'Point','coordinates':[10,5]}");
    assert_clip("{'type':'Point','coordinates':[10.5,5]}", TEN, NOTHING);
    assert_clip("{'type':'MultiPoint','coordinates':[[1,1],[20,1],[2,2]]}", TEN,
                "{'type':'MultiPoint','coordinates':[[1,1],[2,2]]}");
    assert_clip("{'type':'MultiPoint','coordinates':[[180,1],[-180,1],[0,2]]}",
                (struct bbox){179, 0, 181, 10},
                "{'type':'MultiPoint','coordinates':[[180,1],[-180,1]]}");
}

static void test_lines(void **state) {
    (void)state;
    assert_clip("{'type':'LineString','coordinates':[[-5,5],[15,5]]}", TEN,
                "{'type':'LineString','coordinates':[[0,5],[10,5]]}");
    assert_clip(
        "{'type':'LineString','coordinates':[[-5,5],[5,5],[5,15],[7,15],[7,5],[8,5]]}", TEN,
        "{'type':'MultiLineString','coordinates':[[[0,5],[5,5],[5,10]],[[7,10],[7,5],[8,5]]]}");
    assert_clip("{'type':'LineString','coordinates':[[-1,9],[1,11]]}", TEN, NOTHING); // a corner
    assert_clip("{'type':'LineString','coordinates':[[0,-5],[0,15]]}", TEN,
                "{'type':'LineString','coordinates':[[0,0],[0,10]]}"); // along a side
    assert_clip("{'type':'LineString','coordinates':[[170,0],[-170,0]]}",
                (struct bbox){175, -1, 185, 1},
                "{'type':'LineString','coordinates':[[175,0],[-175,0]]}");
    // The same box said from the west.
    assert_clip("{'type':'LineString','coordinates':[[170,0],[-170,0]]}",
                (struct bbox){-180, -1, -175, 1},
                "{'type':'LineString','coordinates':[[-180,0],[-175,0]]}");
}

static void test_polygons(void **state) {
    (void)state;
    assert_clip("{'type':'Polygon','coordinates':[[[-5,-5],[5,-5],[5,5],[-5,5],[-5,-5]]]}", TEN,
                "{'type':'Polygon','coordinates':[[[5,5],[0,5],[0,0],[5,0],[5,5]]]}");
    // Around the box.
    assert_clip("{'type':'Polygon','coordinates':[[[-5,-5],[50,-5],[50,50],[-5,50],[-5,-5]]]}", TEN,
                "{'type':'Polygon','coordinates':[[[10,10],[0,10],[0,0],[10,0],[10,10]]]}");
    // Touching by a side only, and by a corner.
    assert_clip("{'type':'Polygon','coordinates':[[[10,0],[20,0],[20,10],[10,10],[10,0]]]}", TEN,
                NOTHING);
    assert_clip("{'type':'Polygon','coordinates':[[[10,10],[20,10],[20,20],[10,20],[10,10]]]}", TEN,
                NOTHING);
    // A hole that holds the box.
    assert_clip("{'type':'Polygon','coordinates':[[[-9,-9],[19,-9],[19,19],[-9,19],[-9,-9]],"
                "[[-1,-1],[-1,11],[11,11],[11,-1],[-1,-1]]]}",
                TEN, NOTHING);
}

// A comb whose back lies outside falls apart into its teeth, without edges along the side.
static void test_comb(void **state) {
    (void)state;
    struct geometry *g =
        from_json("{'type':'Polygon','coordinates':[[[1,5],[2,5],[2,12],[4,12],[4,5],"
                  "[5,5],[5,14],[1,14],[1,5]]]}");
    struct geometry *out = NULL;
    struct bbox box = TEN;
    assert_int_equal(clip_bbox(g, &box, &out, NULL), STATUS_OK);
    assert_int_equal(geometry_type(out), GEOMETRY_MULTIPOLYGON);
    assert_int_equal(geometry_part_count(out), 2);
    assert_true(relate_intersects_point(out, (struct point){1.5, 10}));
    assert_false(relate_intersects_point(out, (struct point){3, 10}));
    geometry_unref(out);
    geometry_unref(g);
}

static void test_all_inside_is_the_same(void **state) {
    (void)state;
    struct geometry *g = from_json("{'type':'LineString','coordinates':[[1,1],[2,2]]}"),
                    *out = NULL;
    struct bbox box = TEN;
    assert_int_equal(clip_bbox(g, &box, &out, NULL), STATUS_OK);
    assert_ptr_equal(out, g);
    geometry_unref(out);
    geometry_unref(g);
}

static void test_collections(void **state) {
    (void)state;
    assert_clip("{'type':'GeometryCollection','geometries':[{'type':'Point','coordinates':[1,1]},"
                "{'type':'Point','coordinates':[50,1]},"
                "{'type':'LineString','coordinates':[[5,5],[50,5]]}]}",
                TEN,
                "{'type':'GeometryCollection','geometries':[{'type':'Point','coordinates':[1,1]},"
                "{'type':'LineString','coordinates':[[5,5],[10,5]]}]}");
}

static void test_wide_boxes_cut_latitudes(void **state) {
    (void)state;
    assert_clip("{'type':'LineString','coordinates':[[170,-5],[-170,5]]}",
                (struct bbox){-270, 0, 270, 10},
                "{'type':'LineString','coordinates':[[-180,0],[-170,5]]}");
}

static void test_area(void **state) {
    (void)state;
    struct geometry *g =
        from_json("{'type':'Polygon','coordinates':[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}");
    struct geometry *by =
        from_json("{'type':'Polygon','coordinates':[[[5,-5],[20,5],[5,15],[5,-5]]]}");
    struct geometry *line = from_json("{'type':'LineString','coordinates':[[0,5],[50,5]]}");
    struct geometry *point = from_json("{'type':'Point','coordinates':[5,0]}");
    struct geometry *out = NULL;
    assert_int_equal(clip_area(g, by, &out, NULL), STATUS_OK);
    assert_true(relate_within(out, g) && relate_intersects_point(out, (struct point){7, 5}));
    assert_false(relate_intersects_point(out, (struct point){4.9, 5}));
    geometry_unref(out);
    assert_int_equal(clip_area(line, by, &out, NULL), STATUS_OK);
    assert_true(geometry_bbox(out)->min_lon == 5 && geometry_bbox(out)->max_lon == 20);
    geometry_unref(out);
    assert_int_equal(clip_area(point, by, &out, NULL), STATUS_OK); // on the edge is inside
    assert_int_equal(geometry_type(out), GEOMETRY_POINT);
    geometry_unref(out);
    struct reason why;
    assert_int_equal(clip_area(g, line, &out, &why), STATUS_INVALID);
    geometry_unref(g);
    geometry_unref(by);
    geometry_unref(line);
    geometry_unref(point);
}

// Every edge crosses most others: GEOS would have some hundred million crossings to hold.
static struct geometry *tangle(size_t n) {
    struct point *ring = mem_alloc((n + 1) * sizeof *ring);
    struct rand r;
    rand_init(&r, 3);
    for (size_t i = 0; i < n; i++) {
        ring[i] = (struct point){i % 2 ? rand_range(&r, 0, 10) : rand_range(&r, -10, 0),
                                 rand_range(&r, -10, 10)};
    }
    ring[n] = ring[0];
    uint32_t end = (uint32_t)n + 1;
    uint8_t start = 1;
    struct geometry_parts parts = {GEOMETRY_POLYGON, ring, NULL, n + 1, &end, &start, 1, false};
    struct geometry *g = NULL;
    assert_int_equal(geometry_new(&parts, &GEOMETRY_LIMITS_IMPORT, &g, NULL), STATUS_OK);
    mem_free(ring);
    return g;
}

static void test_tangles_end_soon(void **state) {
    (void)state;
    struct geometry *g = tangle(9999), *out = NULL;
    struct bbox box = {-5, -5, 5, 5};
    struct reason why = {"", ""};
    assert_int_equal(clip_bbox(g, &box, &out, &why), STATUS_OK); // as it is
    struct rand r;
    rand_init(&r, 4);
    for (int i = 0; i < 300; i++) {
        struct point p = {rand_range(&r, -5, 5), rand_range(&r, -5, 5)};
        assert_int_equal(relate_locate(g, p), relate_locate(out, p));
    }
    geometry_unref(out);
    struct geometry *by = NULL;
    assert_int_equal(geometry_new_bbox(&box, &by), STATUS_OK);
    assert_int_equal(clip_area(g, by, &out, &why), STATUS_TOO_LARGE);
    assert_string_equal(why.text, "its edges cross too often");
    geometry_unref(by);
    geometry_unref(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_polygons),
        cmocka_unit_test(test_comb),
        cmocka_unit_test(test_all_inside_is_the_same),
        cmocka_unit_test(test_collections),
        cmocka_unit_test(test_wide_boxes_cut_latitudes),
        cmocka_unit_test(test_area),
        cmocka_unit_test(test_tangles_end_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
