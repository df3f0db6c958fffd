// test_registry.c - what is refused, what is a family, and running out of memory anywhere.

#include "support/support.h"

#include "base/mem.h"
#include "metrics/registry.h"

static struct metric_spec spec(const char *name, const struct metric_label *labels) {
    return (struct metric_spec){name, "Help.", labels};
}

static double read_nothing(void *context) {
    (void)context;
    return 0;
}

static void names_are_checked(void **state) {
    (void)state;
    struct registry *r;
    struct counter *c = NULL;
    struct gauge *g;
    assert_int_equal(registry_new(&r), STATUS_OK);
    static const char *const bad[] = {
        "", "1a_total", "a-b_total", "a b_total", "warp_requests", "_total", "\xc3\xa9_total"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(registry_counter(r, &(struct metric_spec){bad[i], "Help.", NULL}, &c),
                         STATUS_INVALID);
    }
    assert_int_equal(registry_gauge(r, &(struct metric_spec){"warp_x_total", "Help.", NULL}, &g),
                     STATUS_INVALID);
    assert_int_equal(registry_counter(r, &(struct metric_spec){"warp_x_total", "", NULL}, &c),
                     STATUS_INVALID);
    static const struct metric_label labels[][2] = {{{"le", "1"}, {0}},  {{"__x", "1"}, {0}},
                                                    {{"a:b", "1"}, {0}}, {{"a", "\xff"}, {0}},
                                                    {{"a", NULL}, {0}},  {{"", "x"}, {0}}};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        struct metric_spec s = spec("warp_x_total", labels[i]);
        assert_int_equal(registry_counter(r, &s, &c), STATUS_INVALID);
    }
    assert_null(c);
    registry_free(r);
}

static void count_families(const struct metric_family *family, void *counts) {
    int *n = counts;
    n[0]++;
    for (const struct metric *m = family->first; m; m = m->next) {
        n[1]++;
    }
}

static void families(void **state) {
    (void)state;
    struct registry *r;
    assert_int_equal(registry_new(&r), STATUS_OK);
    const struct metric_label near[] = {{"operation", "nearby"}, {0}};
    const struct metric_label bbox[] = {{"operation", "bbox"}, {0}};
    struct metric_spec a = spec("warp_searches_total", near), b = spec("warp_searches_total", bbox);
    struct metric_spec other = spec("warp_bytes_total", NULL);
    struct counter *first, *second, *third, *none = NULL;
    assert_int_equal(registry_counter(r, &a, &first), STATUS_OK);
    assert_int_equal(registry_counter(r, &other, &third), STATUS_OK);
    assert_int_equal(registry_counter(r, &b, &second), STATUS_OK);
    assert_int_equal(registry_counter(r, &a, &none), STATUS_EXISTS);
    b.help = "Another help.";
    b.labels = NULL;
    assert_int_equal(registry_counter(r, &b, &none), STATUS_INVALID);
    assert_null(none);
    int counts[2] = {0};
    registry_each(r, count_families, counts);
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], 3);
    counter_add(first, 5);
    counter_inc(second);
    assert_int_equal(counter_value(first), 5);
    assert_int_equal(counter_value(second), 1);
    assert_int_equal(counter_value(third), 0);
    registry_free(r);
}

static void null_metrics_count_nothing(void **state) {
    (void)state;
    counter_add(NULL, 1);
    gauge_set(NULL, 1);
    gauge_add(NULL, 1);
    histogram_observe_ns(NULL, 1);
    assert_int_equal(counter_value(NULL), 0);
    assert_true(gauge_value(NULL) == 0);
    registry_free(NULL);
}

static void gauges_go_up_and_down(void **state) {
    (void)state;
    struct registry *r;
    struct gauge *g;
    assert_int_equal(registry_new(&r), STATUS_OK);
    struct metric_spec s = spec("warp_connections", NULL);
    assert_int_equal(registry_gauge(r, &s, &g), STATUS_OK);
    gauge_set(g, 10);
    gauge_add(g, -2.5);
    assert_true(gauge_value(g) == 7.5);
    registry_free(r);
}

static void the_cells_run_out(void **state) {
    (void)state;
    struct registry *r;
    assert_int_equal(registry_new(&r), STATUS_OK);
    enum status st = STATUS_OK;
    int made = 0;
    struct counter *last = NULL;
    for (; st == STATUS_OK; made += st == STATUS_OK) {
        char value[16];
        snprintf(value, sizeof value, "%d", made);
        const struct metric_label labels[] = {{"n", value}, {0}};
        struct metric_spec s = spec("warp_x_total", labels);
        st = registry_counter(r, &s, &last);
    }
    assert_int_equal(st, STATUS_TOO_MANY);
    assert_int_equal(made, REGISTRY_CELLS);
    counter_inc(last); // the last cell is one, too
    assert_int_equal(counter_value(last), 1);
    registry_free(r);
}

static enum status register_all(struct registry *r) {
    const struct metric_label labels[] = {{"operation", "nearby"}, {0}};
    struct metric_spec specs[] = {spec("warp_a_total", labels), spec("warp_b", NULL),
                                  spec("warp_c_seconds", labels), spec("warp_d_bytes", NULL)};
    struct counter *c;
    struct gauge *g;
    struct histogram *h;
    enum status st = registry_counter(r, &specs[0], &c);
    st = st == STATUS_OK ? registry_gauge(r, &specs[1], &g) : st;
    st = st == STATUS_OK ? registry_histogram(r, &specs[2], &h) : st;
    return st == STATUS_OK ? registry_callback(r, METRIC_GAUGE, &specs[3], read_nothing, NULL) : st;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    size_t before = mem_used();
    for (uint64_t n = 1;; n++) {
        struct registry *r = NULL;
        mem_fail_at(n, false);
        enum status st = registry_new(&r);
        if (st == STATUS_OK) {
            st = register_all(r);
        }
        bool reached = mem_alloc_count() >= n;
        mem_fail_at(0, false);
        assert_int_equal(st, reached ? STATUS_NO_MEMORY : STATUS_OK);
        registry_free(r);
        assert_int_equal(mem_used(), before);
        if (!reached) {
            assert_true(n > 5);
            return;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_checked),          cmocka_unit_test(families),
        cmocka_unit_test(null_metrics_count_nothing), cmocka_unit_test(gauges_go_up_and_down),
        cmocka_unit_test(the_cells_run_out),          cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
