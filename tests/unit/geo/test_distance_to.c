#include "geo/distance.h"

#include "support.h"

static const enum earth earths[2] = {EARTH_SPHERE, EARTH_ELLIPSOID};

static struct geometry *line_of(const struct point *points, size_t count) {
    uint32_t end = (uint32_t)count;
    struct geometry_parts parts = {.type = GEOMETRY_LINESTRING,
                                   .points = points,
                                   .point_count = count,
                                   .part_ends = &end,
                                   .part_count = 1,
                                   .literal = true};
    struct geometry *g = NULL;
    assert_int_equal(geometry_new(&parts, &GEOMETRY_LIMITS_REST, &g, NULL), STATUS_OK);
    return g;
}

// The least of many points along the edges, then of many around the best of them.
static double dense_m(enum earth earth, struct point p, const struct point *v, size_t count,
                      int steps) {
    double best = INFINITY;
    for (size_t i = 0; i + 1 < count; i++) {
        double from = 0, to = 1;
        for (int round = 0; round < 4; round++) {
            double best_here = INFINITY, at = 0;
            for (int k = 0; k <= steps; k++) {
                double t = from + (to - from) * k / steps;
                struct point q = {v[i].lon + t * (v[i + 1].lon - v[i].lon),
                                  v[i].lat + t * (v[i + 1].lat - v[i].lat)};
                double m = distance_points_m(earth, p, q);
                if (m < best_here) {
                    best_here = m;
                    at = t;
                }
            }
            best = fmin(best, best_here);
            double width = (to - from) / steps;
            from = fmax(0, at - 2 * width);
            to = fmin(1, at + 2 * width);
        }
    }
    return best;
}

static void compare(enum earth earth, struct point p, const struct point *v, size_t count,
                    int steps) {
    struct geometry *g = line_of(v, count);
    double got = distance_to_geometry_m(earth, p, g);
    double want = dense_m(earth, p, v, count, steps);
    if (!(got <= want + 1e-3 && got >= want - 1e-3)) {
        print_message("from %.17g %.17g to %.17g %.17g, %.17g %.17g: %.6f, dense %.6f\n", p.lon,
                      p.lat, v[0].lon, v[0].lat, v[1].lon, v[1].lat, got, want);
        fail();
    }
    geometry_unref(g);
}

static void test_against_dense_sampling(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 31);
    for (int i = 0; i < 1200; i++) {
        struct point p = {rand_range(&r, -180, 180), rand_range(&r, -90, 90)};
        double size = pow(10, rand_range(&r, -4, 2));
        struct point v[3];
        for (int k = 0; k < 3; k++) {
            v[k].lon = fmin(540, fmax(-180, p.lon + rand_range(&r, -1.5, 1.5) * size));
            v[k].lat = fmin(90, fmax(-90, p.lat + rand_range(&r, -1, 1) * size));
        }
        if (i % 5 == 0) { // long edges near a pole, where they bend most
            v[0] = (struct point){rand_range(&r, -180, 0), rand_range(&r, 80, 90)};
            v[1] = (struct point){rand_range(&r, 0, 180), rand_range(&r, 80, 90)};
            p.lat = rand_range(&r, 80, 90);
        }
        compare(EARTH_SPHERE, p, v, 3, 400);
        if (i % 8 == 0) compare(EARTH_ELLIPSOID, p, v, 3, 400);
    }
}

static void test_long_edges_have_two_minima(void **state) {
    (void)state;
    // Seen from north of it, a parallel bends away to the pole side: its ends are nearer than its middle.
    struct point parallel[2] = {{-80, 60}, {80, 60}};
    compare(EARTH_SPHERE, (struct point){180, 80}, parallel, 2, 1000);
    compare(EARTH_SPHERE, (struct point){1, 89.99}, parallel, 2, 1000);
    compare(EARTH_ELLIPSOID, (struct point){179, 85}, parallel, 2, 1000);
    struct point belt[2] = {{-180, 10}, {180, -10}};
    compare(EARTH_SPHERE, (struct point){20, 60}, belt, 2, 2000);
}

static void test_inside_is_zero(void **state) {
    (void)state;
    struct geometry *g = from_json("{'type':'Polygon','coordinates':[[[170,-5],[-170,-5],[-170,5],"
                                   "[170,5],[170,-5]],[[178,-1],[-178,-1],[-178,1],[178,1],"
                                   "[178,-1]]]}");
    for (int i = 0; i < 2; i++) {
        assert_true(distance_to_geometry_m(earths[i], (struct point){-175, 0}, g) == 0);
        assert_true(distance_to_geometry_m(earths[i], (struct point){180, 1}, g) == 0);
        // In the hole, 111 km from its upper and lower edge, which are nearer than the sides.
        double m = distance_to_geometry_m(earths[i], (struct point){180, 0}, g);
        assert_true(m > 110000 && m < 111300);
        double out = distance_to_geometry_m(earths[i], (struct point){-169, 0}, g);
        double want =
            distance_points_m(earths[i], (struct point){-169, 0}, (struct point){-170, 0});
        assert_true(fabs(out - want) < 1e-3);
    }
    geometry_unref(g);
}

static void test_points_collections_and_nothing(void **state) {
    (void)state;
    struct geometry *g = from_json("{'type':'GeometryCollection','geometries':[{'type':'Point',"
                                   "'coordinates':[10,0]},{'type':'MultiPoint','coordinates':"
                                   "[[-1,0],[3,0]]}]}");
    for (int i = 0; i < 2; i++) {
        double want = distance_points_m(earths[i], (struct point){0, 0}, (struct point){-1, 0});
        assert_true(distance_to_geometry_m(earths[i], (struct point){0, 0}, g) == want);
    }
    geometry_unref(g);
    struct geometry *none = NULL;
    assert_int_equal(geometry_new_collection(NULL, 0, &none, NULL), STATUS_OK);
    assert_true(isinf(distance_to_geometry_m(EARTH_SPHERE, (struct point){0, 0}, none)));
    geometry_unref(none);
}

// Many vertices, with strips and sampling: the same answer as edge by edge.
static void test_large_lines(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 32);
    struct point v[3000];
    for (int round = 0; round < 6; round++) {
        struct point at = {rand_range(&r, 100, 179), rand_range(&r, -60, 60)};
        for (size_t i = 0; i < 3000; i++) {
            at.lon += rand_range(&r, -0.05, 0.06);
            at.lat = fmax(-89, fmin(89, at.lat + rand_range(&r, -0.05, 0.05)));
            v[i] = at;
        }
        struct geometry *g = line_of(v, 3000);
        for (int k = 0; k < 10; k++) {
            struct point p = {remainder(v[0].lon + rand_range(&r, -60, 60), 360),
                              rand_range(&r, -80, 80)};
            double got = distance_to_geometry_m(EARTH_SPHERE, p, g), want = INFINITY;
            for (size_t i = 0; i + 1 < 3000; i++) {
                struct geometry *edge = line_of(v + i, 2);
                want = fmin(want, distance_to_geometry_m(EARTH_SPHERE, p, edge));
                geometry_unref(edge);
            }
            assert_true(fabs(got - want) < 1e-3);
        }
        geometry_unref(g);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_dense_sampling),
        cmocka_unit_test(test_long_edges_have_two_minima),
        cmocka_unit_test(test_inside_is_zero),
        cmocka_unit_test(test_points_collections_and_nothing),
        cmocka_unit_test(test_large_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
