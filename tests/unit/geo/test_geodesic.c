#include "geo/geodesic.h"

#include "support.h"

static void expect_m(double lat1, double lon1, double lat2, double lon2, double want, double tol) {
    double got = geodesic_inverse_m((struct point){lon1, lat1}, (struct point){lon2, lat2});
    if (!(fabs(got - want) <= tol)) {
        print_message("%g %g %g %g: %.9f, expected %.9f\n", lat1, lon1, lat2, lon2, got, want);
    }
    assert_true(fabs(got - want) <= tol);
}

// Karney's paper (section 4, tables) and the published test values of GeographicLib for WGS 84.
static void test_published_values(void **state) {
    (void)state;
    expect_m(-30.12345, 0, -30.12344, 0.00005, 4.944208, 1e-6); // paper, table 3
    expect_m(-30, 0, 29.9, 179.8, 19989832.827610, 1e-6);       // paper, table 4
    expect_m(40.6, -73.8, 51.6, -0.5, 5551759.400, 1e-3);       // JFK to LHR
    expect_m(36.493349428792, 0, 36.49334942879201, .0000008, 0.072, 0.5e-3);
    expect_m(88.202499451857, 0, -88.202499451857, 179.981022032992859592, 20003898.214, 0.5e-3);
    expect_m(89.262080389218, 0, -89.262080389218, 179.992207982775375662, 20003925.854, 0.5e-3);
    expect_m(89.333123580033, 0, -89.333123580032997687, 179.99295812360148422, 20003926.881,
             0.5e-3);
    expect_m(56.320923501171, 0, -56.320923501171, 179.664747671772880215, 19993558.287, 0.5e-3);
    expect_m(52.784459512564, 0, -52.784459512563990912, 179.634407464943777557, 19991596.095,
             0.5e-3);
    expect_m(48.522876735459, 0, -48.52287673545898293, 179.599720456223079643, 19989144.774,
             0.5e-3);
    expect_m(0, 0, 0, 90, M_PI / 2 * GEODESIC_EQUATOR_M, 1e-6);
    expect_m(0, 0, 90, 33, 10001965.729313, 1e-6);     // the quarter meridian
    expect_m(0, 0, 0, 180, 20003931.458625, 1e-6);     // over a pole
    expect_m(0, 0, 0.5, 179.5, 19936288.578965, 1e-6); // Vincenty's formula fails here
    expect_m(90, 0, -90, 50, 20003931.458625, 1e-6);
}

static struct point random_point(struct rand *r) {
    struct point p = {rand_range(r, -180, 180), rand_range(r, -90, 90)};
    switch (rand_below(r, 6)) {
    case 0: p.lat = 0; break;
    case 1: p.lat = rand_below(r, 2) ? 90 : -90; break;
    case 2: p.lat = rand_range(r, -1e-6, 1e-6); break;
    default: break;
    }
    return p;
}

static void test_symmetries(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 21);
    for (int i = 0; i < 50000; i++) {
        struct point a = random_point(&r), b = random_point(&r);
        if (i % 3 == 0) { // near the antipode
            b = (struct point){remainder(a.lon + 180 + rand_range(&r, -0.7, 0.7), 360),
                               fmax(-90, fmin(90, -a.lat + rand_range(&r, -0.7, 0.7)))};
        }
        double m = geodesic_inverse_m(a, b);
        assert_true(m >= 0 && m < 20003931.46);
        assert_true(fabs(geodesic_inverse_m(b, a) - m) < 1e-7);
        struct point na = {-a.lon, -a.lat}, nb = {-b.lon, -b.lat};
        assert_true(fabs(geodesic_inverse_m(na, nb) - m) < 1e-7);
        struct point ta = {remainder(a.lon + 128, 360), a.lat};
        struct point tb = {remainder(b.lon + 128, 360), b.lat};
        assert_true(fabs(geodesic_inverse_m(ta, tb) - m) < 1e-6);
        struct point c = random_point(&r);
        assert_true(m <= geodesic_inverse_m(a, c) + geodesic_inverse_m(c, b) + 1e-6);
    }
}

// Short geodesics against the metric itself: sqrt((rho dlat)^2 + (nu cos(lat) dlon)^2).
static void test_short_lines_follow_the_metric(void **state) {
    (void)state;
    const double a = GEODESIC_EQUATOR_M, f = GEODESIC_FLATTENING, e2 = f * (2 - f);
    struct rand r;
    rand_init(&r, 22);
    for (int i = 0; i < 50000; i++) {
        double lat = rand_range(&r, -89, 89), scale = pow(10, rand_range(&r, -8, -3));
        double dlat = rand_range(&r, -1, 1) * scale, dlon = rand_range(&r, -1, 1) * scale;
        struct point p = {10, lat - dlat / 2}, q = {10 + dlon, lat + dlat / 2};
        double rad = M_PI / 180, s = sin(lat * rad), w = 1 - e2 * s * s;
        double north = a * (1 - e2) / (w * sqrt(w)) * (q.lat - p.lat) * rad;
        double east = a / sqrt(w) * cos(lat * rad) * (q.lon - p.lon) * rad;
        double want = hypot(north, east);
        double got = geodesic_inverse_m(p, q);
        assert_true(fabs(got - want) < 2e-8 + want * 1e-7);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_values),
        cmocka_unit_test(test_symmetries),
        cmocka_unit_test(test_short_lines_follow_the_metric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
