// test_text.c - the text that Prometheus reads, byte by byte, by promtool where there is one, and
// while others count.

#include "support/support.h"

#include <math.h>
#include <pthread.h>

#include "base/mem.h"
#include "metrics/text.h"

static double read_context(void *context) {
    return *(double *)context;
}

static void the_text_byte_by_byte(void **state) {
    (void)state;
    struct registry *r;
    assert_int_equal(registry_new(&r), STATUS_OK);
    const struct metric_label labels[] = {{"path", "a\"b\\c\nd"}, {"op", "x"}, {0}};
    struct counter *c;
    struct gauge *g;
    double value = INFINITY;
    assert_int_equal(
        registry_counter(r, &(struct metric_spec){"warp_a_total", "Two\nlines \\.", labels}, &c),
        STATUS_OK);
    assert_int_equal(registry_gauge(r, &(struct metric_spec){"warp_b", "B.", NULL}, &g), STATUS_OK);
    assert_int_equal(registry_callback(r, METRIC_GAUGE, &(struct metric_spec){"warp_c", "C.", NULL},
                                       read_context, &value),
                     STATUS_OK);
    counter_add(c, 18446744073709551615u);
    gauge_set(g, -0.25);
    struct buf b;
    buf_init(&b);
    metrics_write(r, &b);
    buf_append_char(&b, '\0');
    assert_string_equal(b.data, "# HELP warp_a_total Two\\nlines \\\\.\n"
                                "# TYPE warp_a_total counter\n"
                                "warp_a_total{path=\"a\\\"b\\\\c\\nd\",op=\"x\"} "
                                "18446744073709551615\n"
                                "# HELP warp_b B.\n# TYPE warp_b gauge\nwarp_b -0.25\n"
                                "# HELP warp_c C.\n# TYPE warp_c gauge\nwarp_c +Inf\n");
    buf_clear(&b);
    value = NAN;
    metrics_write(r, &b);
    buf_append_char(&b, '\0');
    assert_non_null(strstr(b.data, "\nwarp_c NaN\n"));
    buf_deinit(&b);
    registry_free(r);
}

static void a_histogram_in_text(void **state) {
    (void)state;
    struct registry *r;
    struct histogram *h;
    assert_int_equal(registry_new(&r), STATUS_OK);
    const struct metric_label labels[] = {{"operation", "nearby"}, {0}};
    struct metric_spec spec = {"warp_search_seconds", "Time of a search.", labels};
    assert_int_equal(registry_histogram(r, &spec, &h), STATUS_OK);
    histogram_observe_ns(h, 900);
    histogram_observe_ns(h, 2500);
    histogram_observe_ns(h, 30000000000);
    struct buf b;
    buf_init(&b);
    metrics_write(r, &b);
    buf_append_char(&b, '\0');
    static const char *const lines[] = {
        "# TYPE warp_search_seconds histogram\n",
        "\nwarp_search_seconds_bucket{operation=\"nearby\",le=\"1e-06\"} 1\n",
        "\nwarp_search_seconds_bucket{operation=\"nearby\",le=\"2.5e-06\"} 2\n",
        "\nwarp_search_seconds_bucket{operation=\"nearby\",le=\"0.001\"} 2\n",
        "\nwarp_search_seconds_bucket{operation=\"nearby\",le=\"10\"} 2\n",
        "\nwarp_search_seconds_bucket{operation=\"nearby\",le=\"+Inf\"} 3\n",
        "\nwarp_search_seconds_sum{operation=\"nearby\"} 30.000003400\n",
        "\nwarp_search_seconds_count{operation=\"nearby\"} 3\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (!strstr(b.data, lines[i])) {
            fail_msg("missing: %s", lines[i]);
        }
    }
    buf_deinit(&b);
    registry_free(r);
}

// A registry with one of everything, as a server has.
static struct registry *everything(double *value) {
    struct registry *r;
    struct counter *c;
    struct gauge *g;
    struct histogram *h;
    assert_int_equal(registry_new(&r), STATUS_OK);
    static const char *const operations[] = {"nearby", "bbox"};
    for (int i = 0; i < 2; i++) {
        const struct metric_label labels[] = {{"operation", operations[i]}, {0}};
        struct metric_spec spec = {"warp_operation_seconds", "Time of an operation.", labels};
        assert_int_equal(registry_histogram(r, &spec, &h), STATUS_OK);
        histogram_observe_ns(h, 12345);
        spec = (struct metric_spec){"warp_operations_total", "Operations done.", labels};
        assert_int_equal(registry_counter(r, &spec, &c), STATUS_OK);
        counter_inc(c);
    }
    const struct metric_label build[] = {{"version", "0.1.0"}, {0}};
    struct metric_spec info = {"warp_build_info", "The build; always 1.", build};
    assert_int_equal(registry_gauge(r, &info, &g), STATUS_OK);
    gauge_set(g, 1);
    struct metric_spec memory = {"warp_memory_bytes", "Heap in use.", NULL};
    struct metric_spec cpu = {"warp_cpu_seconds_total", "Processor time used.", NULL};
    assert_int_equal(registry_callback(r, METRIC_GAUGE, &memory, read_context, value), STATUS_OK);
    assert_int_equal(registry_callback(r, METRIC_COUNTER, &cpu, read_context, value), STATUS_OK);
    return r;
}

static const char *find_promtool(char *path, size_t size) {
    const char *source = getenv("WARP_SOURCE_DIR");
    snprintf(path, size, "%s/build/deps/usr/bin/promtool", source ? source : ".");
    if (access(path, X_OK) == 0) {
        return path;
    }
    return access("/usr/bin/promtool", X_OK) == 0 ? "/usr/bin/promtool" : NULL;
}

static void promtool_finds_nothing_wrong(void **state) {
    (void)state;
    char path[512], command[600];
    const char *promtool = find_promtool(path, sizeof path);
    if (!promtool) {
        skip();
    }
    double value = 12.5;
    struct registry *r = everything(&value);
    struct buf b;
    buf_init(&b);
    metrics_write(r, &b);
    assert_int_equal(buf_status(&b), STATUS_OK);
    snprintf(command, sizeof command, "'%s' check metrics", promtool);
    FILE *pipe = popen(command, "w");
    assert_non_null(pipe);
    assert_int_equal(fwrite(b.data, 1, b.len, pipe), b.len);
    assert_int_equal(pclose(pipe), 0);
    buf_deinit(&b);
    registry_free(r);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    double value = 1;
    struct registry *r = everything(&value);
    for (uint64_t n = 1;; n++) {
        struct buf b;
        buf_init(&b);
        mem_fail_at(n, false);
        metrics_write(r, &b);
        bool reached = mem_alloc_count() >= n;
        mem_fail_at(0, false);
        assert_int_equal(b.failed, reached);
        buf_deinit(&b);
        if (!reached) {
            assert_true(n > 3);
            break;
        }
    }
    registry_free(r);
}

struct load {
    struct counter *counter;
    struct histogram *histogram;
};

static void *count(void *arg) {
    struct load *load = arg;
    for (int i = 0; i < 50000; i++) {
        counter_inc(load->counter);
        histogram_observe_ns(load->histogram, (uint64_t)i * 100);
    }
    return NULL;
}

static void scrapes_while_others_count(void **state) {
    (void)state;
    struct registry *r;
    struct load load;
    assert_int_equal(registry_new(&r), STATUS_OK);
    struct metric_spec total = {"warp_x_total", "X.", NULL}, time = {"warp_x_seconds", "X.", NULL};
    assert_int_equal(registry_counter(r, &total, &load.counter), STATUS_OK);
    assert_int_equal(registry_histogram(r, &time, &load.histogram), STATUS_OK);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count, &load), 0);
    }
    uint64_t last = 0;
    struct buf b;
    buf_init(&b);
    while (last < 200000) {
        buf_clear(&b);
        metrics_write(r, &b);
        assert_int_equal(buf_status(&b), STATUS_OK);
        uint64_t now = counter_value(load.counter);
        assert_true(now >= last);
        last = now;
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    struct histogram_values values;
    histogram_read(load.histogram, &values);
    assert_int_equal(values.cumulative[HISTOGRAM_BOUNDS], 200000);
    assert_int_equal(counter_value(load.counter), 200000);
    buf_deinit(&b);
    registry_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_byte_by_byte),        cmocka_unit_test(a_histogram_in_text),
        cmocka_unit_test(promtool_finds_nothing_wrong), cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(scrapes_while_others_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
