// test_histogram.c - observations fall into the first bucket whose bound holds them.

#include "support/support.h"

#include "base/rand.h"
#include "metrics/registry.h"

static struct histogram *histogram_make(struct registry **r) {
    struct histogram *h;
    struct metric_spec spec = {"warp_x_seconds", "Help.", NULL};
    assert_int_equal(registry_new(r), STATUS_OK);
    assert_int_equal(registry_histogram(*r, &spec, &h), STATUS_OK);
    return h;
}

static void bounds_are_inclusive(void **state) {
    (void)state;
    assert_int_equal(histogram_bound_ns(0), 1000);
    assert_int_equal(histogram_bound_ns(HISTOGRAM_BOUNDS - 1), 10000000000u);
    for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
        struct registry *r;
        struct histogram *h = histogram_make(&r);
        histogram_observe_ns(h, histogram_bound_ns(i));
        histogram_observe_ns(h, histogram_bound_ns(i) + 1);
        struct histogram_values values;
        histogram_read(h, &values);
        for (unsigned k = 0; k <= HISTOGRAM_BOUNDS; k++) {
            assert_int_equal(values.cumulative[k], k < i ? 0 : k == i ? 1 : 2);
        }
        registry_free(r);
    }
}

static void random_observations_against_a_plain_count(void **state) {
    (void)state;
    struct rand rand;
    rand_init(&rand, test_seed());
    struct registry *r;
    struct histogram *h = histogram_make(&r);
    uint64_t want[HISTOGRAM_BOUNDS + 1] = {0}, sum = 0;
    for (int i = 0; i < 20000; i++) {
        uint64_t ns = rand_u64(&rand) >> (28 + rand_below(&rand, 36));
        histogram_observe_ns(h, ns);
        sum += ns;
        for (unsigned k = 0; k <= HISTOGRAM_BOUNDS; k++) {
            want[k] += k == HISTOGRAM_BOUNDS || ns <= histogram_bound_ns(k);
        }
    }
    struct histogram_values values;
    histogram_read(h, &values);
    assert_memory_equal(values.cumulative, want, sizeof want);
    assert_true(values.sum_ns == sum);
    registry_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_are_inclusive),
        cmocka_unit_test(random_observations_against_a_plain_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
