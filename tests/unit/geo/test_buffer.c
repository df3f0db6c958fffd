#include "geo/buffer.h"

#include "geo/distance.h"
#include "geo/relate.h"
#include "geo/relate_point.h"
#include "support.h"

// Points around it: inside to 98 % of the distance, outside from 102 %.
static void assert_widened(const struct geometry *g, double metres, struct rand *r, int rounds) {
    struct geometry *out = NULL;
    struct reason why = {"", ""};
    enum status st = buffer_new(g, metres, &out, &why);
    if (st != STATUS_OK) print_message("%s\n", why.text);
    assert_int_equal(st, STATUS_OK);
    struct bbox box = *geometry_bbox(g);
    double lat = 1.5 * metres / 111000, lon = fmin(lat / cos(box.max_lat * M_PI / 180 * 0.98), 180);
    int inside = 0, beside = 0;
    for (int i = 0; i < rounds; i++) {
        struct point p = {rand_range(r, box.min_lon - lon, box.max_lon + lon),
                          fmax(-90, fmin(rand_range(r, box.min_lat - lat, box.max_lat + lat), 90))};
        if (p.lon > 180) p.lon -= 360;
        if (p.lon > 180) p.lon -= 360;
        if (p.lon < -180) p.lon += 360;
        double d = distance_to_geometry_m(EARTH_SPHERE, p, g);
        bool in = relate_intersects_point(out, p);
        if (d < 0.98 * metres - 0.001 ? !in : d > 1.02 * metres + 0.001 && in) {
            struct buf b;
            buf_init(&b);
            geojson_write(g, &b);
            print_message("%.8f, %.8f: %g of %g m, %s\n%.*s\n", p.lon, p.lat, d, metres,
                          in ? "inside" : "outside", (int)(b.len < 2000 ? b.len : 2000), b.data);
            buf_deinit(&b);
            fail();
        }
        inside += in;
        beside += !in;
    }
    assert_true(rounds < 200 || inside + beside > 0);
    geometry_unref(out);
}

static void widen_json(const char *json, double metres) {
    struct rand r;
    rand_init(&r, 21);
    struct geometry *g = from_json(json);
    assert_widened(g, metres, &r, 3000);
    geometry_unref(g);
}

static void test_kinds(void **state) {
    (void)state;
    widen_json("{'type':'Point','coordinates':[13.4,52.5]}", 100);
    widen_json("{'type':'MultiPoint','coordinates':[[13.4,52.5],[13.41,52.5]]}", 500);
    widen_json("{'type':'LineString','coordinates':[[13.4,52.5],[13.5,52.6],[13.6,52.5]]}", 700);
    widen_json("{'type':'LineString','coordinates':[[13.4,52.5],[13.4,52.5]]}", 700);
    widen_json("{'type':'Polygon','coordinates':[[[0,0],[1,0],[1,1],[0,1],[0,0]],"
               "[[0.2,0.2],[0.2,0.8],[0.8,0.8],[0.8,0.2],[0.2,0.2]]]}",
               5000);
    widen_json("{'type':'GeometryCollection','geometries':[{'type':'Point','coordinates':[1,1]},"
               "{'type':'LineString','coordinates':[[1.1,1],[1.2,1.3]]}]}",
               4000);
    widen_json("{'type':'Polygon','coordinates':[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}", 3000); // a bow
}

static void test_sizes(void **state) {
    (void)state;
    static const double sizes[] = {0.5, 30, 2000, 9000, 30000, 200000, 900000, BUFFER_MAX_M};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        widen_json("{'type':'Point','coordinates':[13.4,52.5]}", sizes[i]);
        if (sizes[i] <= 500000) {
            widen_json("{'type':'LineString','coordinates':[[13.4,52.5],[14.1,52.6]]}", sizes[i]);
        }
    }
}

static void test_long_edges(void **state) {
    (void)state;
    widen_json("{'type':'LineString','coordinates':[[-60,40],[60,60]]}", 50000);
    widen_json("{'type':'LineString','coordinates':[[0,-80],[10,80]]}", 20000);
    widen_json("{'type':'LineString','coordinates':[[-100,70],[100,70]]}", 1000);
}

static void test_antimeridian(void **state) {
    (void)state;
    widen_json("{'type':'Point','coordinates':[179.99,10]}", 5000);
    widen_json("{'type':'LineString','coordinates':[[179,10],[-179,11]]}", 20000);
    widen_json("{'type':'MultiPoint','coordinates':[[179.99,10],[-179.99,10]]}", 5000);
    widen_json("{'type':'MultiPolygon','coordinates':[[[[179,0],[180,0],[180,1],[179,1],[179,0]]],"
               "[[[-180,0],[-179,0],[-179,1],[-180,1],[-180,0]]]]}",
               20000);
}

static void test_poles(void **state) {
    (void)state;
    widen_json("{'type':'Point','coordinates':[30,89.9]}", 50000);
    widen_json("{'type':'Point','coordinates':[0,90]}", 50000);
    widen_json("{'type':'Point','coordinates':[-170,-89]}", 500000);
    widen_json("{'type':'LineString','coordinates':[[0,89],[120,89],[-120,89],[0,89]]}", 30000);
}

static void test_the_rest(void **state) {
    (void)state;
    struct geometry *g = from_json("{'type':'Point','coordinates':[1,2]}"), *out = NULL;
    struct reason why;
    assert_int_equal(buffer_new(g, 0, &out, &why), STATUS_OK);
    assert_ptr_equal(out, g);
    geometry_unref(out);
    assert_int_equal(buffer_new(g, -1, &out, &why), STATUS_INVALID);
    assert_int_equal(buffer_new(g, NAN, &out, &why), STATUS_INVALID);
    assert_int_equal(buffer_new(g, 2 * BUFFER_MAX_M, &out, &why), STATUS_INVALID);
    geometry_unref(g);
    assert_int_equal(geometry_new_collection(NULL, 0, &g, NULL), STATUS_OK);
    assert_int_equal(buffer_new(g, 5, &out, &why), STATUS_OK);
    assert_true(geometry_is_empty(out));
    geometry_unref(out);
    geometry_unref(g);
}

static void test_random_walks(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 22);
    for (int round = 0; round < 40; round++) {
        struct point line[300], at = {rand_range(&r, -180, 180), rand_range(&r, -70, 70)};
        double metres = pow(10, rand_range(&r, 0, 4.5)),
               step = metres / 111000 * rand_range(&r, 0.1, 3);
        for (int i = 0; i < 300; i++) {
            line[i] = at;
            if (line[i].lon > 180) line[i].lon -= 360;
            if (line[i].lon < -180) line[i].lon += 360;
            at.lon += rand_range(&r, -step, step);
            at.lat = fmax(-75, fmin(at.lat + rand_range(&r, -step, step), 75));
        }
        uint32_t end = 300;
        struct geometry_parts parts = {GEOMETRY_LINESTRING, line, NULL, 300, &end, NULL, 1, false};
        struct geometry *g = NULL;
        assert_int_equal(geometry_new(&parts, &GEOMETRY_LIMITS_REST, &g, NULL), STATUS_OK);
        assert_widened(g, metres, &r, 200);
        geometry_unref(g);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_long_edges),   cmocka_unit_test(test_antimeridian),
        cmocka_unit_test(test_poles),        cmocka_unit_test(test_the_rest),
        cmocka_unit_test(test_random_walks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
