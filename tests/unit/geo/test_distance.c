#include "geo/distance.h"

#include "support.h"
#include "support/support.h"

static double hav_by_vectors(struct point a, struct point b) {
    const double rad = M_PI / 180;
    double x = cos(a.lat * rad) * cos(a.lon * rad) - cos(b.lat * rad) * cos(b.lon * rad);
    double y = cos(a.lat * rad) * sin(a.lon * rad) - cos(b.lat * rad) * sin(b.lon * rad);
    double z = sin(a.lat * rad) - sin(b.lat * rad);
    return (x * x + y * y + z * z) / 4;
}

static struct point random_point(struct rand *r) {
    switch (rand_below(r, 4)) {
    case 0: return (struct point){rand_range(r, -180, 180), rand_range(r, 85, 90)};
    case 1: return (struct point){rand_range(r, 170, 180), rand_range(r, -90, 90)};
    case 2: return (struct point){rand_range(r, -180, -170), rand_range(r, -10, 10)};
    default: return (struct point){rand_range(r, -180, 180), rand_range(r, -90, 90)};
    }
}

static void test_known_distances(void **state) {
    (void)state;
    double quarter = M_PI / 2 * DISTANCE_EARTH_RADIUS_M;
    assert_true(fabs(distance_haversine_m((struct point){0, 0}, (struct point){90, 0}) - quarter) <
                1e-6);
    assert_true(fabs(distance_haversine_m((struct point){0, 0}, (struct point){50, 90}) - quarter) <
                1e-6);
    assert_true(fabs(distance_haversine_m((struct point){0, 0}, (struct point){180, 0}) -
                     2 * quarter) < 1e-6);
    assert_true(distance_haversine_m((struct point){180, 5}, (struct point){-180, 5}) == 0);
    // A metre of latitude, by hand: no digits are lost.
    double step = 1 / (DISTANCE_EARTH_RADIUS_M * M_PI / 180);
    double m = distance_haversine_m((struct point){10, 45}, (struct point){10, 45 + step});
    assert_true(fabs(m - 1) < 1e-8);
}

static void test_hav_agrees_with_vectors(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 3);
    for (int i = 0; i < 100000; i++) {
        struct point a = random_point(&r), b = random_point(&r);
        struct distance_from from = distance_from(a);
        double h = distance_hav(&from, b);
        assert_true(fabs(h - hav_by_vectors(a, b)) < 1e-14);
        double m = distance_hav_to_m(h);
        assert_true(fabs(distance_m_to_hav(m) - h) < 1e-14);
        assert_true(fabs(distance_haversine_m(b, a) - m) < 1e-6);
    }
}

static void test_bbox_bound_is_below_and_tight(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 4);
    for (int i = 0; i < 5000; i++) {
        struct point p = random_point(&r), a = random_point(&r);
        double width = rand_below(&r, 3) ? rand_range(&r, 0, 5) : rand_range(&r, 0, 300);
        struct bbox box = {a.lon, a.lat, a.lon + width, fmin(90, a.lat + rand_range(&r, 0, 9))};
        struct distance_from from = distance_from(p);
        double bound = distance_hav_to_bbox(&from, &box), least = INFINITY;
        for (int k = 0; k < 400; k++) {
            double s = k % 20 / 19.0, t = k / 20 / 19.0;
            struct point q = {box.min_lon + s * (box.max_lon - box.min_lon),
                              box.min_lat + t * (box.max_lat - box.min_lat)};
            double h = distance_hav(&from, q);
            assert_true(bound <= h);
            least = fmin(least, h);
        }
        // The samples lie on a net; the true minimum is not far below the best of them.
        double net = distance_hav_to_m(least) - distance_hav_to_m(bound);
        double spacing = (box.max_lon - box.min_lon + box.max_lat - box.min_lat) / 19 * 111200;
        assert_true(net <= spacing);
    }
}

static void test_circle_box_holds_the_circle(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 5);
    for (int i = 0; i < 3000; i++) {
        struct point p = random_point(&r);
        double radius = pow(10, rand_range(&r, 0, 7));
        struct bbox box = distance_circle_bbox(p, radius);
        assert_true(box.min_lon >= -180 && box.min_lon < 180 && box.min_lon <= box.max_lon);
        for (int k = 0; k < 50; k++) { // on the circle, by the direct problem on the sphere
            double angle = fmin(radius / DISTANCE_EARTH_RADIUS_M, M_PI) * (1 - 1e-12);
            double course = k * M_PI / 25, lat1 = p.lat * M_PI / 180;
            double lat2 = asin(
                fmax(-1, fmin(1, sin(lat1) * cos(angle) + cos(lat1) * sin(angle) * cos(course))));
            double dlon =
                atan2(sin(course) * sin(angle) * cos(lat1), cos(angle) - sin(lat1) * sin(lat2));
            struct point q = {remainder(p.lon + dlon * 180 / M_PI, 360), lat2 * 180 / M_PI};
            assert_true(bbox_contains_point_globe(&box, q));
        }
    }
    struct bbox pole = distance_circle_bbox((struct point){10, 89.9}, 20000);
    assert_true(pole.min_lon == -180 && pole.max_lon == 180 && pole.max_lat == 90);
    struct bbox none = distance_circle_bbox((struct point){10, 20}, 0);
    assert_true(bbox_contains_point(&none, (struct point){10, 20}));
}

static void test_ellipsoid_slack(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 6);
    double worst = 0;
    for (int i = 0; i < 200000; i++) {
        struct point a = random_point(&r), b = random_point(&r);
        if (i % 2) { // near and in every direction
            b = (struct point){a.lon, fmax(-90, fmin(90, a.lat + rand_range(&r, -1, 1)))};
            if (i % 4 == 1) b.lon = remainder(a.lon + rand_range(&r, -1, 1), 360);
        }
        double s = distance_haversine_m(a, b), e = distance_geodesic_m(a, b);
        if (s > 1) worst = fmax(worst, fabs(e - s) / fmin(s, e));
    }
    assert_true(worst < DISTANCE_ELLIPSOID_SLACK);
    assert_true(worst > 0.005); // the sample does reach the hard places
}

// All longitudes are one point there, to the last bit.
static void test_poles_are_points(void **state) {
    (void)state;
    for (double lat = -90; lat <= 90; lat += 180) {
        struct distance_from from = distance_from((struct point){123, lat});
        assert_true(distance_hav(&from, (struct point){-7, lat}) == 0);
        struct bbox box = {-8, fmin(lat, 80 * lat / 90), -7, fmax(lat, 80 * lat / 90)};
        assert_true(distance_hav_to_bbox(&from, &box) == 0);
    }
}

/// What reaches the pole is no farther than the pole, though its way there is another calculation.
static void test_boxes_at_poles(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    for (int i = 0; i < 20000; i++) {
        double side = rand_below(&r, 2) ? 1 : -1, low = rand_range(&r, 0, 90);
        double lat = side * (90 - pow(10, rand_range(&r, -7, 1)));
        struct distance_from from = distance_from((struct point){rand_range(&r, -180, 180), lat});
        double west = rand_range(&r, -180, 180), width = rand_range(&r, 0, 20);
        struct bbox box = {west, side > 0 ? low : -90, west + width, side > 0 ? 90 : -low};
        double pole = distance_hav(&from, (struct point){0, side * 90});
        assert_true(distance_hav_to_bbox(&from, &box) <= pole);
        struct point corner = {remainder(west, 360), side * low};
        assert_true(distance_hav_to_bbox(&from, &box) <= distance_hav(&from, corner));
    }
}

static void test_series_are_what_trigonometry_says(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    double worst = 0, worst_m = 0;
    long near = 0;
    for (int i = 0; i < 300000; i++) {
        struct point p = {rand_range(&r, -180, 180), rand_range(&r, -90, 90)};
        struct distance_from from = distance_from(p);
        double reach = pow(10, rand_range(&r, -9, 0.8));
        struct point q = {p.lon + rand_range(&r, -reach, reach), p.lat};
        if (rand_below(&r, 8)) q.lat = p.lat + rand_range(&r, -reach, reach);
        if (rand_below(&r, 8) == 0) q.lon = p.lon;
        if (fabs(q.lat) > 90 || fabs(q.lon) > 180) continue;
        double far = distance_hav_far(&from, q), hav = distance_hav(&from, q);
        if (far == 0) {
            assert_true(hav == 0);
            continue;
        }
        near += hav != far;
        worst = fmax(worst, fabs(hav - far) / far);
        double metres = distance_hav_to_m_far(hav);
        worst_m = fmax(worst_m, fabs(distance_hav_to_m(hav) - metres) / metres);
    }
    print_message("the series are off by %.3g (hav) and %.3g (metres) at most\n", worst, worst_m);
    assert_true(worst < 1e-14);
    assert_true(worst_m < 1e-15);
    assert_true(near > 10000);
}

/// What is sorted by hav is sorted by metres.
static void test_metres_rise_with_hav(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    assert_true(distance_hav_to_m(0) == 0);
    for (int i = 0; i < 300000; i++) {
        double low = pow(10, rand_range(&r, -30, -3));
        double high = rand_below(&r, 2) ? nextafter(low, 1) : low * (1 + rand_range(&r, 0, 1e-15));
        if (high > DISTANCE_NEAR_HAV) continue;
        assert_true(distance_hav_to_m(low) <= distance_hav_to_m(high));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_distances),
        cmocka_unit_test(test_hav_agrees_with_vectors),
        cmocka_unit_test(test_bbox_bound_is_below_and_tight),
        cmocka_unit_test(test_circle_box_holds_the_circle),
        cmocka_unit_test(test_ellipsoid_slack),
        cmocka_unit_test(test_poles_are_points),
        cmocka_unit_test(test_boxes_at_poles),
        cmocka_unit_test(test_series_are_what_trigonometry_says),
        cmocka_unit_test(test_metres_rise_with_hav),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
