#include "geo/orient.h"

#include "support.h"

// Whole numbers below 2^60 in units of 2^-50, multiplied in 128 bits: exact without any cleverness.
static int sign_of(__int128 v) {
    return v > 0 ? 1 : v < 0 ? -1 : 0;
}

static __int128 whole(double v) {
    return (__int128)ldexp(v, 50);
}

static int exact_cross(struct point a, struct point b, struct point c, struct point d) {
    __int128 x1 = whole(b.lon) - whole(a.lon), y1 = whole(b.lat) - whole(a.lat);
    __int128 x2 = whole(d.lon) - whole(c.lon), y2 = whole(d.lat) - whole(c.lat);
    return sign_of(x1 * y2 - y1 * x2);
}

static double on_lattice(struct rand *r) {
    return ldexp((double)(int64_t)(rand_u64(r) >> 11) - 0x1p52, -46); // |v| <= 64, steps of 2^-46
}

static void test_nearly_collinear(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 51);
    int zeros = 0;
    for (int i = 0; i < 300000; i++) {
        struct point a = {on_lattice(&r), on_lattice(&r)}, b = {on_lattice(&r), on_lattice(&r)};
        double t = (double)rand_below(&r, 17) / 16;
        struct point c = {ldexp(round(ldexp(a.lon + t * (b.lon - a.lon), 46)), -46),
                          ldexp(round(ldexp(a.lat + t * (b.lat - a.lat), 46)), -46)};
        if (i % 2) c.lat += ldexp((double)rand_below(&r, 5) - 2, -46);
        int want = exact_cross(a, b, a, c);
        zeros += want == 0;
        assert_int_equal(orient_turn(a, b, c), want);
        assert_int_equal(orient_turn(b, c, a), want);
        assert_int_equal(orient_turn(b, a, c), -want);
        struct point d = {on_lattice(&r), on_lattice(&r)};
        assert_int_equal(orient_cross(a, b, c, d), exact_cross(a, b, c, d));
    }
    assert_true(zeros > 100);
}

static void test_far_apart_exponents(void **state) {
    (void)state;
    // One step of the smallest double beside a line through the origin.
    double tiny = 5e-324;
    struct point o = {0, 0}, q = {180, 90};
    assert_int_equal(orient_turn(o, q, (struct point){tiny, tiny}), 1);
    assert_int_equal(orient_turn(o, q, (struct point){2 * tiny, tiny}), 0);
    assert_int_equal(orient_turn(o, q, (struct point){3 * tiny, tiny}), -1);
    assert_int_equal(orient_turn(o, (struct point){1e-200, 1e-200}, (struct point){1e-180, 1e-180}),
                     0);
    struct point near_one = {1, nextafter(1, 2)};
    assert_int_equal(orient_turn(o, (struct point){1, 1}, near_one), 1);
    assert_int_equal(orient_turn((struct point){-tiny, 0}, (struct point){1, 1}, o), -1);
    assert_int_equal(orient_turn((struct point){tiny, 0}, (struct point){1, 1}, o), 1);
    assert_int_equal(orient_turn(o, o, q), 0);
    // 0.1 and its multiples are not collinear in binary; 0.1, 0.2, 0.4 are.
    assert_int_equal(
        orient_turn((struct point){0.1, 0.1}, (struct point){0.2, 0.2}, (struct point){0.4, 0.4}),
        0);
}

static void test_crossings_in_order(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 52);
    long equal = 0;
    for (int i = 0; i < 200000; i++) {
        // Vertical and slanted lines over a way along y = 0: crossings are known fractions.
        struct point p = {0, 0}, q = {64, 0};
        double x1 = (double)(1 + rand_below(&r, 8)), x2 = (double)(1 + rand_below(&r, 8));
        double s1 = (double)(1 + rand_below(&r, 7)), s2 = (double)(1 + rand_below(&r, 7));
        struct point a1 = {x1 - s1 * 3, -3}, b1 = {x1 + s1 * 7, 7};
        struct point a2 = {x2 + s2 * 5, 5}, b2 = {x2 - s2 * 2, -2};
        int want = x1 < x2 ? -1 : x1 > x2 ? 1 : 0;
        equal += want == 0;
        assert_int_equal(orient_compare_crossings(p, q, a1, b1, a2, b2), want);
        assert_int_equal(orient_compare_crossings(q, p, a1, b1, a2, b2), -want);
        struct point up = {b1.lon + 0x1p-44, b1.lat};
        assert_int_equal(orient_compare_crossings(p, q, a1, b1, a1, up), -1);
    }
    assert_true(equal > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearly_collinear),
        cmocka_unit_test(test_far_apart_exponents),
        cmocka_unit_test(test_crossings_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
