// test_rand.c - the reference sequence, ranges without bias, UUIDs.

#include "support/support.h"

#include <math.h>

#include "base/clock.h"
#include "base/rand.h"

// First values of xoshiro256** from the state 1, 2, 3, 4.
static void the_sequence_is_xoshiro256(void **state) {
    (void)state;
    struct rand r = {{1, 2, 3, 4}};
    static const uint64_t want[] = {11520u, 0u, 1509978240u, 1215971899390074240u};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_true(rand_u64(&r) == want[i]);
    }
    struct rand a, b;
    rand_init(&a, 7);
    rand_init(&b, 7);
    assert_true(rand_u64(&a) == rand_u64(&b));
}

static void below_is_even(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    unsigned counts[7] = {0};
    enum { N = 70000 };
    for (int i = 0; i < N; i++) {
        uint64_t v = rand_below(&r, 7);
        assert_true(v < 7);
        counts[v]++;
    }
    for (int i = 0; i < 7; i++) {
        assert_true(fabs(counts[i] - N / 7.0) < 7 * sqrt(N / 7.0));
    }
    unsigned upper = 0; // without rejection the upper third would be hit half as often
    for (int i = 0; i < 30000; i++) {
        upper += rand_below(&r, 3ull << 62) >= 2ull << 62;
    }
    assert_true(fabs(upper - 10000.0) < 7 * sqrt(10000));
    assert_true(rand_below(&r, 1) == 0);
}

static void units_and_ranges(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    double sum = 0;
    for (int i = 0; i < 10000; i++) {
        double v = rand_unit(&r);
        assert_true(v >= 0 && v < 1);
        sum += v;
        v = rand_range(&r, -180, 180);
        assert_true(v >= -180 && v <= 180);
    }
    assert_true(fabs(sum / 10000 - 0.5) < 0.03);
}

static void uuids_are_of_version_7(void **state) {
    (void)state;
    char a[37], b[37];
    int64_t before = clock_wall_ms();
    assert_int_equal(rand_uuid7(a), STATUS_OK);
    assert_int_equal(rand_uuid7(b), STATUS_OK);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(a[14], '7');
    assert_non_null(strchr("89ab", a[19]));
    assert_true(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-');
    char time[13] = {0};
    memcpy(time, a, 8);
    memcpy(time + 8, a + 9, 4);
    int64_t ms = (int64_t)strtoull(time, NULL, 16);
    assert_true(ms >= before && ms <= clock_wall_ms());
    unsigned char x[300] = {0}, zeros[300] = {0};
    assert_int_equal(rand_secure(x, sizeof x), STATUS_OK);
    assert_memory_not_equal(x, zeros, sizeof x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sequence_is_xoshiro256),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(units_and_ranges),
        cmocka_unit_test(uuids_are_of_version_7),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
