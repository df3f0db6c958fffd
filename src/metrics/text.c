// text.c - writing families as Prometheus reads them.

#include "metrics/text.h"

#include <math.h>

static void write_family(const struct metric_family *family, void *out);

void metrics_write(struct registry *r, struct buf *out) {
    registry_each(r, write_family, out);
}

static void write_help(struct buf *b, const char *help) {
    for (; *help; help++) {
        if (*help == '\n') {
            buf_append_str(b, STR("\\n"));
        } else if (*help == '\\') {
            buf_append_str(b, STR("\\\\"));
        } else {
            buf_append_char(b, *help);
        }
    }
}

static void write_double(struct buf *b, double v) {
    if (isfinite(v)) {
        buf_append_double(b, v);
    } else {
        buf_append_str(b, isnan(v) ? STR("NaN") : v > 0 ? STR("+Inf") : STR("-Inf"));
    }
}

// `name_suffix{labels} `
static void write_series(struct buf *b, const char *name, const char *suffix, const char *labels) {
    buf_append_str(b, str_of(name));
    buf_append_str(b, str_of(suffix));
    if (labels[0]) {
        buf_append_char(b, '{');
        buf_append_str(b, str_of(labels));
        buf_append_char(b, '}');
    }
    buf_append_char(b, ' ');
}

static void write_bucket(struct buf *b, const char *name, const char *labels, unsigned bucket) {
    buf_append_str(b, str_of(name));
    buf_append_str(b, STR("_bucket{"));
    buf_append_str(b, str_of(labels));
    buf_append_str(b, labels[0] ? STR(",le=\"") : STR("le=\""));
    if (bucket < HISTOGRAM_BOUNDS) {
        buf_append_double(b, (double)histogram_bound_ns(bucket) / 1e9);
    } else {
        buf_append_str(b, STR("+Inf"));
    }
    buf_append_str(b, STR("\"} "));
}

// Nanoseconds as exact decimal seconds.
static void write_seconds(struct buf *b, uint64_t ns) {
    buf_append_u64(b, ns / 1000000000);
    unsigned rest = (unsigned)(ns % 1000000000);
    if (rest) {
        buf_printf(b, ".%09u", rest);
    }
}

static void write_histogram(struct buf *b, const char *name, const struct metric *metric) {
    struct histogram_values values;
    histogram_read(&metric->histogram, &values);
    for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        write_bucket(b, name, metric->labels, i);
        buf_append_u64(b, values.cumulative[i]);
        buf_append_char(b, '\n');
    }
    write_series(b, name, "_sum", metric->labels);
    write_seconds(b, values.sum_ns);
    buf_append_char(b, '\n');
    write_series(b, name, "_count", metric->labels);
    buf_append_u64(b, values.cumulative[HISTOGRAM_BOUNDS]);
    buf_append_char(b, '\n');
}

static void write_metric(struct buf *b, const struct metric_family *family,
                         const struct metric *metric) {
    if (family->kind == METRIC_HISTOGRAM) {
        write_histogram(b, family->name, metric);
        return;
    }
    write_series(b, family->name, "", metric->labels);
    if (metric->read) {
        write_double(b, metric->read(metric->context));
    } else if (family->kind == METRIC_COUNTER) {
        buf_append_u64(b, counter_value(&metric->counter));
    } else {
        write_double(b, gauge_value(&metric->gauge));
    }
    buf_append_char(b, '\n');
}

static void write_family(const struct metric_family *family, void *out) {
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    struct buf *b = out;
    buf_printf(b, "# HELP %s ", family->name);
    write_help(b, family->help);
    buf_printf(b, "\n# TYPE %s %s\n", family->name, kinds[family->kind]);
    for (const struct metric *metric = family->first; metric; metric = metric->next) {
        write_metric(b, family, metric);
    }
}
