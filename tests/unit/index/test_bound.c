// Bounds never exceed the truth, and are close enough to be of use.

#include "unit/index/index_model.h"

#include "index/bound_points.h"

static struct point any_point(struct rand *r) {
    struct point p = {rand_range(r, -180, 180), rand_range(r, -90, 90)};
    if (rand_below(r, 6) == 0) p.lon = rand_below(r, 2) ? 180 : -180;
    if (rand_below(r, 6) == 0) p.lat = rand_below(r, 2) ? 90 : -90;
    return p;
}

static struct point near(struct rand *r, struct point p) {
    double reach = pow(10, 1 - 9 * rand_unit(r));
    p.lon = model_clamp(p.lon + reach * (rand_unit(r) - 0.5), -180, 180);
    p.lat = model_clamp(p.lat + reach * (rand_unit(r) - 0.5), -90, 90);
    return p;
}

static void a_bound_is_below_the_distance(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 21);
    for (int i = 0; i < 300000; i++) {
        struct point p = any_point(&r), q = rand_below(&r, 2) ? any_point(&r) : near(&r, p);
        struct point corner = near(&r, q);
        struct bbox box = {fmin(q.lon, corner.lon), fmin(q.lat, corner.lat),
                           fmax(q.lon, corner.lon), fmax(q.lat, corner.lat)};
        struct distance_from from = distance_from(p);
        struct bound_from bf = bound_from(&from);
        struct index_box quantised = index_box_of(&box);
        double bound = bound_to_box(&bf, &quantised);
        assert_true(bound >= 0);
        assert_true(bound <= distance_hav(&from, q));
        assert_true(bound <= distance_hav(&from, corner));

        struct bbox spot = {q.lon, q.lat, q.lon, q.lat};
        quantised = index_box_of(&spot);
        double exact = distance_hav(&from, q);
        bound = bound_to_box(&bf, &quantised);
        assert_true(bound <= exact);
        // Tight for a point: a few centimetres and a thousandth, below a thousand kilometres.
        double metres = distance_hav_to_m(exact);
        if (metres < 1e6 && fabs(p.lat) < 80)
            assert_true(distance_hav_to_m(bound) >= metres * 0.999 - 0.2);
    }
}

static void a_circle_holds_what_is_nearer(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 22);
    int bounded = 0;
    for (int i = 0; i < 300000; i++) {
        struct point p = any_point(&r), q = near(&r, p);
        struct distance_from from = distance_from(p);
        struct bound_from bf = bound_from(&from);
        struct bbox spot = {q.lon, q.lat, q.lon, q.lat};
        struct index_box at = index_box_of(&spot), circle;
        circle = bound_circle(&bf, distance_hav(&from, q));
        assert_true(at.min_lon >= circle.min_lon && at.min_lon <= circle.max_lon);
        assert_true(at.min_lat >= circle.min_lat && at.min_lat <= circle.max_lat);
        // The same for what merely seems nearer: searches in rings rely on it.
        double seems[] = {bound_to_box(&bf, &at), bound_point(&bf, at.min_lon, at.min_lat)};
        for (int n = 0; n < 2; n++) {
            circle = bound_circle(&bf, seems[n]);
            assert_true(at.min_lon >= circle.min_lon && at.min_lon <= circle.max_lon);
            assert_true(at.min_lat >= circle.min_lat && at.min_lat <= circle.max_lat);
        }
        bounded += circle.min_lon != INT32_MIN;
    }
    assert_true(bounded > 100000);
    struct distance_from from = distance_from((struct point){10, 50});
    struct bound_from bf = bound_from(&from);
    assert_int_equal(bound_circle(&bf, INFINITY).min_lon, INT32_MIN);
    assert_int_equal(bound_circle(&bf, NAN).min_lon, INT32_MIN);
    assert_true(bound_circle(&bf, -1).min_lon > INT32_MIN);
}

static void boxes_at_once_are_boxes_one_by_one(void **state) {
    (void)state;
    bound_boxes_fn *fast = bound_boxes(), *plain = bound_boxes_plain();
    if (fast == plain) skip();
    struct rand r;
    rand_init(&r, 23);
    for (int round = 0; round < 20000; round++) {
        _Alignas(32) int32_t west[64], east[64], south[64], north[64];
        const struct bound_arrays boxes = {west, east, south, north};
        double a[64], b[64];
        struct point p = any_point(&r);
        struct distance_from from = distance_from(p);
        struct bound_from bf = bound_from(&from);
        for (int i = 0; i < 64; i++) {
            struct point q = rand_below(&r, 2) ? any_point(&r) : near(&r, p);
            west[i] = index_quantise(q.lon);
            south[i] = index_quantise(q.lat);
            east[i] = west[i] + (int32_t)rand_below(&r, 1000);
            north[i] = south[i] + (int32_t)rand_below(&r, 1000);
        }
        unsigned count = (unsigned)rand_below(&r, 65);
        fast(&bf, &boxes, count, a);
        plain(&bf, &boxes, count, b);
        assert_memory_equal(a, b, count * sizeof *a);
    }
}

static void a_point_in_float_is_below_the_distance(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 24);
    for (int i = 0; i < 1000000; i++) {
        struct point p = any_point(&r), q = rand_below(&r, 2) ? any_point(&r) : near(&r, p);
        struct distance_from from = distance_from(p);
        struct bound_from bf = bound_from(&from);
        double bound = bound_point(&bf, index_quantise(q.lon), index_quantise(q.lat));
        double exact = distance_hav(&from, q), metres = distance_hav_to_m(exact);
        assert_true(bound >= 0 && bound <= exact && bound <= BOUND_MOST);
        if (metres < 1e5 && fabs(p.lat) < 70) // tight where the order matters
            assert_true(distance_hav_to_m(bound) >= metres * 0.9995 - 0.5);
    }
}

static void random_points(struct rand *r, struct point p, struct scan_points *points,
                          _Atomic uint32_t *items) {
    for (unsigned i = 0; i < SCAN_POINTS; i++) {
        struct point q = rand_below(r, 2) ? any_point(r) : near(r, p);
        int32_t lon = index_quantise(q.lon), lat = index_quantise(q.lat);
        if (rand_below(r, 50) == 0) lon = rand_below(r, 2) ? INT32_MIN : INT32_MAX;
        if (rand_below(r, 50) == 0) lat = rand_below(r, 2) ? INT32_MIN : INT32_MAX;
        scan_store(points, i, scan_pair(lon, lat));
        items[i] = (uint32_t)rand_below(r, UINT32_MAX);
    }
}

static void points_at_once_are_points_one_by_one(void **state) {
    (void)state;
    const struct bound_kernels *fast = bound_kernels(), *plain = bound_kernels_plain();
    struct rand r;
    rand_init(&r, 25);
    for (int round = 0; round < 20000; round++) {
        struct point p = any_point(&r);
        struct distance_from from = distance_from(p);
        struct bound_from bf = bound_from(&from);
        struct scan_points points;
        alignas(64) _Atomic uint32_t items[SCAN_POINTS];
        random_points(&r, p, &points, items);
        enum { ROOM = SCAN_POINTS + BOUND_POINTS_SLACK };
        float a[ROOM], b[ROOM];
        uint32_t a_items[ROOM], b_items[ROOM];
        unsigned count = (unsigned)rand_below(&r, SCAN_POINTS);
        float least = fast->points(&bf, &points, items, count, a, a_items);
        assert_true(least == plain->points(&bf, &points, items, count, b, b_items));
        assert_memory_equal(a, b, count * sizeof *a);
        assert_memory_equal(a_items, b_items, count * sizeof *a_items);
        for (unsigned i = 0; i < count; i++)
            assert_true(a[i] >= 0 && a[i] <= BOUND_MOST && a[i] >= least);
    }
}

static void what_is_within_a_limit_is_chosen(void **state) {
    (void)state;
    const struct bound_kernels *fast = bound_kernels(), *plain = bound_kernels_plain();
    struct rand r;
    rand_init(&r, 26);
    enum { MOST = 300 };
    for (int round = 0; round < 20000; round++) {
        float bounds[MOST + BOUND_POINTS_SLACK];
        uint64_t a[MOST / 64 + 1], b[MOST / 64 + 1];
        unsigned count = (unsigned)rand_below(&r, MOST + 1), found = 0;
        for (unsigned i = 0; i < MOST + BOUND_POINTS_SLACK; i++)
            bounds[i] = rand_below(&r, 5) ? (float)rand_below(&r, 100) : NAN;
        float limit = (float)rand_below(&r, 120), least = INFINITY;
        assert_int_equal(fast->select(bounds, count, limit, a),
                         plain->select(bounds, count, limit, b));
        for (unsigned i = 0; i < count; i++) {
            bool in = bounds[i] <= limit;
            found += in;
            assert_int_equal(a[i / 64] >> i % 64 & 1, in);
            least = bounds[i] < least ? bounds[i] : least;
        }
        assert_memory_equal(a, b, (count + 63) / 64 * sizeof *a);
        assert_int_equal(fast->select(bounds, count, limit, a), found);
        assert_true(fast->least(bounds, count) == least);
        assert_true(plain->least(bounds, count) == least);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bound_is_below_the_distance),
        cmocka_unit_test(a_circle_holds_what_is_nearer),
        cmocka_unit_test(boxes_at_once_are_boxes_one_by_one),
        cmocka_unit_test(a_point_in_float_is_below_the_distance),
        cmocka_unit_test(points_at_once_are_points_one_by_one),
        cmocka_unit_test(what_is_within_a_limit_is_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
