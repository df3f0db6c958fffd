#include "geo/sector.h"

#include "geo/circle_polygon.h"
#include "geo/distance.h"
#include "geo/relate.h"
#include "support.h"

#define BERLIN ((struct point){13.37, 52.25})

static struct geometry *sector(struct point p, double radius, double b1, double b2) {
    struct geometry *g = NULL;
    struct reason why = {"", ""};
    assert_int_equal(sector_new(p, radius, b1, b2, &g, &why), STATUS_OK);
    return g;
}

// The ring that the library behind Tile38's SECTOR shows for this slice.
static void test_known_ring(void **state) {
    (void)state;
    static const double known[][2] = {
        {13.37, 52.25},           {13.37, 52.25089932},       {13.37012803, 52.2508959},
        {13.3702803, 52.2508828}, {13.37040491, 52.25086448}, {13.37055029, 52.25083383},
    };
    struct geometry *g = sector(BERLIN, 100, 0, 90);
    size_t count;
    const struct point *ring = geometry_part(g, 0, &count, NULL);
    assert_int_equal(count, 19);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_true(fabs(ring[i].lon - known[i][0]) < 1.1e-8);
        assert_true(fabs(ring[i].lat - known[i][1]) < 1.1e-8);
    }
    assert_true(fabs(ring[17].lon - 13.37146896) < 1.1e-8 && ring[18].lon == 13.37);
    geometry_unref(g);
}

static void test_slices(void **state) {
    (void)state;
    struct point north = circle_polygon_destination(BERLIN, 50, 1);
    struct point south = circle_polygon_destination(BERLIN, 50, 180);
    struct geometry *g = sector(BERLIN, 100, 350, 10); // through north
    assert_true(relate_intersects_point(g, north) && !relate_intersects_point(g, south));
    geometry_unref(g);
    g = sector(BERLIN, 100, -10, 370); // the same, by other turns
    assert_true(relate_intersects_point(g, north) && !relate_intersects_point(g, south));
    geometry_unref(g);
    g = sector(BERLIN, 100, 10, 350); // the rest
    assert_true(!relate_intersects_point(g, north) && relate_intersects_point(g, south));
    geometry_unref(g);
    g = sector(BERLIN, 100, 45, 45); // all of it
    assert_true(relate_intersects_point(g, north) && relate_intersects_point(g, south));
    geometry_unref(g);
    g = sector((struct point){179.9999, 0}, 100, 0, 180); // over the antimeridian
    assert_true(relate_intersects_point(g, (struct point){-179.9995, 0}));
    assert_true(!relate_intersects_point(g, (struct point){179.9995, 0}));
    geometry_unref(g);
}

static void test_sector_refuses(void **state) {
    (void)state;
    struct geometry *g = NULL;
    struct reason why;
    assert_int_equal(sector_new((struct point){181, 0}, 1, 0, 1, &g, &why), STATUS_INVALID);
    assert_int_equal(sector_new((struct point){NAN, 0}, 1, 0, 1, &g, &why), STATUS_INVALID);
    assert_int_equal(sector_new(BERLIN, -1, 0, 1, &g, &why), STATUS_INVALID);
    assert_int_equal(sector_new(BERLIN, 1e12, 0, 1, &g, &why), STATUS_INVALID);
    assert_int_equal(sector_new(BERLIN, 1, INFINITY, 1, &g, &why), STATUS_INVALID);
    assert_int_equal(sector_new(BERLIN, 1, 0, NAN, &g, &why), STATUS_INVALID);
    assert_null(g);
}

static void test_circle(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 8);
    for (int i = 0; i < 2000; i++) {
        struct point c = {rand_range(&r, -180, 180), rand_range(&r, -90, 90)};
        double radius = pow(10, rand_range(&r, 0, 6));
        struct geometry *g = NULL;
        assert_int_equal(circle_polygon_new(c, radius, 64, &g, NULL), STATUS_OK);
        size_t count;
        const struct point *ring = geometry_part(g, 0, &count, NULL);
        for (size_t k = 0; k < 65; k++) {
            double d = distance_haversine_m(c, ring[k]);
            bool pole = fabs(ring[k].lat) == 90;
            assert_true(pole || fabs(d - radius) < 1e-6 * radius + 1e-3);
        }
        assert_true(relate_intersects_point(g, c));
        geometry_unref(g);
    }
    struct geometry *g = NULL;
    assert_int_equal(circle_polygon_new((struct point){0, 89}, 300000, 64, &g, NULL), STATUS_OK);
    assert_true(relate_intersects_point(g, (struct point){180, 90})); // over the pole
    assert_true(relate_intersects_point(g, (struct point){180, 89.5}));
    assert_false(relate_intersects_point(g, (struct point){0, 86}));
    geometry_unref(g);
    assert_int_equal(circle_polygon_new(BERLIN, 0, 64, &g, NULL), STATUS_OK);
    assert_int_equal(geometry_type(g), GEOMETRY_POINT);
    geometry_unref(g);
    assert_int_equal(circle_polygon_new(BERLIN, NAN, 64, &g, NULL), STATUS_INVALID);
    assert_int_equal(circle_polygon_new(BERLIN, 2e7, 64, &g, NULL), STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_ring),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_sector_refuses),
        cmocka_unit_test(test_circle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
