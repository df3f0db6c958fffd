#include "geo/geojson.h"

#include "base/mem.h"
#include "support.h"

static void expect_round_trip(const char *in, const char *want) {
    struct geometry *g = from_json(in);
    struct buf b;
    buf_init(&b);
    geojson_write(g, &b);
    buf_append_char(&b, '\0');
    assert_false(b.failed);
    for (char *c = b.data; *c; c++) {
        if (*c == '"') *c = '\'';
    }
    assert_string_equal(b.data, want ? want : in);
    buf_deinit(&b);
    geometry_unref(g);
}

static void test_every_type(void **state) {
    (void)state;
    expect_round_trip("{'type':'Point','coordinates':[-122.4194,37.7749]}", NULL);
    expect_round_trip("{'type':'Point','coordinates':[1,2,30.5]}", NULL);
    expect_round_trip("{'type':'MultiPoint','coordinates':[[1,2],[3,4]]}", NULL);
    expect_round_trip("{'type':'LineString','coordinates':[[1,2],[3,4],[5,6]]}", NULL);
    expect_round_trip("{'type':'MultiLineString','coordinates':[[[1,2],[3,4]],[[5,6],[7,8]]]}",
                      NULL);
    expect_round_trip("{'type':'Polygon','coordinates':[[[0,0],[4,0],[4,4],[0,4],[0,0]],"
                      "[[1,1],[1,2],[2,2],[2,1],[1,1]]]}",
                      NULL);
    expect_round_trip("{'type':'MultiPolygon','coordinates':[[[[0,0],[1,0],[1,1],[0,0]]],"
                      "[[[5,5],[9,5],[9,9],[5,5]],[[7,6],[8,7],[8,6],[7,6]]]]}",
                      NULL);
    expect_round_trip("{'type':'GeometryCollection','geometries':[{'type':'Point','coordinates':"
                      "[1,2]},{'type':'LineString','coordinates':[[0,0],[1,1,5]]}]}",
                      NULL);
}

static void test_winding_is_corrected(void **state) {
    (void)state;
    expect_round_trip("{'type':'Polygon','coordinates':[[[0,0],[0,4],[4,4],[4,0],[0,0]],"
                      "[[1,1],[2,1],[2,2],[1,2],[1,1]]]}",
                      "{'type':'Polygon','coordinates':[[[0,0],[4,0],[4,4],[0,4],[0,0]],"
                      "[[1,1],[1,2],[2,2],[2,1],[1,1]]]}");
}

static void test_longitudes_are_brought_back(void **state) {
    (void)state;
    expect_round_trip("{'type':'LineString','coordinates':[[179,0],[-179,1]]}", NULL);
    expect_round_trip(
        "{'type':'Polygon','coordinates':[[[170,0],[-170,0],[-170,10],[170,10],[170,0]]]}", NULL);
}

static void expect_refused(const char *in, enum status want, const char *pointer) {
    enum status st;
    struct reason why = {"", ""};
    struct geometry *g = try_json(in, &st, &why);
    assert_null(g);
    if (st != want || strcmp(why.pointer, pointer)) print_message("%s: %s\n", in, why.text);
    assert_int_equal(st, want);
    assert_string_equal(why.pointer, pointer);
    assert_true(why.text[0] != '\0');
}

static void test_refusals_name_the_place(void **state) {
    (void)state;
    expect_refused("[1,2]", STATUS_BAD_REQUEST, "");
    expect_refused("null", STATUS_BAD_REQUEST, "");
    expect_refused("{}", STATUS_BAD_REQUEST, "");
    expect_refused("{'type':'Circle','coordinates':[1,2]}", STATUS_BAD_REQUEST, "/type");
    expect_refused("{'type':'Feature','geometry':null}", STATUS_BAD_REQUEST, "/type");
    expect_refused("{'type':'Point'}", STATUS_BAD_REQUEST, "");
    expect_refused("{'type':'Point','coordinates':[1,2],'coordinates':[3,4]}", STATUS_BAD_REQUEST,
                   "");
    expect_refused("{'type':'Point','coordinates':[]}", STATUS_INVALID, "/coordinates");
    expect_refused("{'type':'Point','coordinates':[1]}", STATUS_INVALID, "/coordinates");
    expect_refused("{'type':'Point','coordinates':[1,2,3,4]}", STATUS_INVALID, "/coordinates");
    expect_refused("{'type':'Point','coordinates':['1',2]}", STATUS_BAD_REQUEST, "/coordinates");
    expect_refused("{'type':'Point','coordinates':[1,91]}", STATUS_INVALID, "/coordinates");
    expect_refused("{'type':'Point','coordinates':[-180.001,0]}", STATUS_INVALID, "/coordinates");
    expect_refused("{'type':'LineString','coordinates':[[1,2]]}", STATUS_INVALID, "/coordinates");
    expect_refused("{'type':'LineString','coordinates':[[1,2],[3,95]]}", STATUS_INVALID,
                   "/coordinates/1");
    expect_refused("{'type':'LineString','coordinates':[[1,2],3]}", STATUS_BAD_REQUEST,
                   "/coordinates/1");
    expect_refused("{'type':'Polygon','coordinates':[]}", STATUS_INVALID, "/coordinates");
    expect_refused("{'type':'Polygon','coordinates':[[[0,0],[1,0],[1,1],[0,1]]]}", STATUS_INVALID,
                   "/coordinates/0");
    expect_refused("{'type':'Polygon','coordinates':[[[0,0],[1,0],[0,0]]]}", STATUS_INVALID,
                   "/coordinates/0");
    expect_refused("{'type':'MultiPolygon','coordinates':[[[[0,0],[1,0],[1,1],[0,0]],[[0,0]]]]}",
                   STATUS_INVALID, "/coordinates/0/1");
    expect_refused("{'type':'GeometryCollection','geometries':[{'type':'Point','coordinates':[1,2]}"
                   ",{'type':'Point','coordinates':[1,200]}]}",
                   STATUS_INVALID, "/geometries/1/coordinates");
    expect_refused("{'type':'GeometryCollection','geometries':[]}", STATUS_INVALID, "/geometries");
}

static void nested(int depth, char *out) {
    *out = '\0';
    for (int i = 0; i < depth; i++) {
        strcat(out, "{'type':'GeometryCollection','geometries':[");
    }
    strcat(out, "{'type':'Point','coordinates':[1,2]}");
    for (int i = 0; i < depth; i++) {
        strcat(out, "]}");
    }
}

static void test_depth_is_bounded(void **state) {
    (void)state;
    static char text[8192];
    enum status st;
    nested(GEOMETRY_DEPTH, text);
    geometry_unref(from_json(text));
    nested(GEOMETRY_DEPTH + 1, text);
    assert_null(try_json(text, &st, NULL));
    assert_int_equal(st, STATUS_INVALID);
    nested(100, text);
    assert_null(try_json(text, &st, NULL));
    assert_int_equal(st, STATUS_INVALID);
}

static void test_limits(void **state) {
    (void)state;
    yyjson_doc *doc =
        yyjson_read("{\"type\":\"LineString\",\"coordinates\":[[1,2],[2,3],[3,4]]}", 55, 0);
    struct geometry *g = NULL;
    struct geometry_limits limits = {2, 100};
    assert_int_equal(geojson_parse(yyjson_doc_get_root(doc), &limits, &g, NULL), STATUS_TOO_LARGE);
    limits = (struct geometry_limits){100, 2};
    assert_int_equal(geojson_parse(yyjson_doc_get_root(doc), &limits, &g, NULL), STATUS_TOO_LARGE);
    limits = (struct geometry_limits){3, 3};
    assert_int_equal(geojson_parse(yyjson_doc_get_root(doc), &limits, &g, NULL), STATUS_OK);
    geometry_unref(g);
    yyjson_doc_free(doc);
}

static bool quick(const char *text, struct point *p, double *z, bool *has_z) {
    yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
    bool ok = geojson_parse_point(yyjson_doc_get_root(doc), p, z, has_z);
    yyjson_doc_free(doc);
    return ok;
}

static void test_quick_point(void **state) {
    (void)state;
    struct point p;
    double z;
    bool has_z;
    assert_true(quick("{\"type\":\"Point\",\"coordinates\":[1.5,-2]}", &p, &z, &has_z));
    assert_true(p.lon == 1.5 && p.lat == -2 && !has_z);
    assert_true(quick("{\"coordinates\":[1,2,3],\"type\":\"Point\"}", &p, &z, &has_z));
    assert_true(has_z && z == 3);
    assert_false(quick("{\"type\":\"Point\",\"coordinates\":[1]}", &p, &z, &has_z));
    assert_false(quick("{\"type\":\"Point\",\"coordinates\":[1,\"2\"]}", &p, &z, &has_z));
    assert_false(quick("{\"type\":\"Point\",\"coordinates\":[1,91]}", &p, &z, &has_z));
    assert_false(quick("{\"type\":\"LineString\",\"coordinates\":[1,2]}", &p, &z, &has_z));
    assert_false(quick("{\"type\":\"Point\"}", &p, &z, &has_z));
    assert_false(quick("[]", &p, &z, &has_z));
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    const char *text = "{'type':'GeometryCollection','geometries':[{'type':'Point','coordinates':"
                       "[1,2,3]},{'type':'MultiPolygon','coordinates':[[[[0,0],[1,0],[1,1],[0,0]]],"
                       "[[[5,5],[9,5],[9,9],[5,5]],[[7,6,1],[8,7],[8,6],[7,6]]]]}]}";
    for (uint64_t n = 1;; n++) {
        enum status st;
        mem_fail_at(n, false);
        struct geometry *g = try_json(text, &st, NULL);
        uint64_t made = mem_alloc_count();
        mem_fail_at(0, false);
        geometry_unref(g);
        if (made < n) break;
        assert_int_equal(st, STATUS_NO_MEMORY);
        assert_true(n < 1000);
    }
}

// What an answer shows is what is stored: 8 decimals, no sign on a zero.
static void test_positions_are_rounded(void **state) {
    (void)state;
    struct geometry *g = from_json("{'type':'LineString','coordinates':[[0.123456789012,-1e-12],"
                                   "[179.999999999,89.9999999999]]}");
    const struct point *p = geometry_points(g);
    assert_true(p[0].lon == 0.12345679 && p[0].lat == 0 && !signbit(p[0].lat));
    assert_true(p[1].lon == 180 && p[1].lat == 90);
    geometry_unref(g);
}

static void test_foreign_members(void **state) {
    (void)state;
    expect_round_trip("{'type':'Point','coordinates':[1,2],'bbox':[1,2,1,2],'crs':{'type':'name',"
                      "'properties':{'name':'urn:ogc:def:crs:OGC:1.3:CRS84'}}}",
                      "{'type':'Point','coordinates':[1,2]}");
    expect_refused("{'type':'Point','coordinates':[1,2],'foo':1}", STATUS_BAD_REQUEST, "");
    expect_refused("{'type':'Point','coordinates':[1,2],'crs':{'type':'name','properties':"
                   "{'name':'EPSG:3857'}}}",
                   STATUS_BAD_REQUEST, "/crs");
    expect_refused("{'type':'GeometryCollection','geometries':[{'type':'Point','coordinates':"
                   "[1,2]}],'coordinates':[5,6]}",
                   STATUS_BAD_REQUEST, "");
    expect_refused("{'type':'Point','coordinates':[1,2],'geometries':[]}", STATUS_BAD_REQUEST, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_winding_is_corrected),
        cmocka_unit_test(test_longitudes_are_brought_back),
        cmocka_unit_test(test_refusals_name_the_place),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_quick_point),
        cmocka_unit_test(test_positions_are_rounded),
        cmocka_unit_test(test_foreign_members),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
