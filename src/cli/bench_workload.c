#include "cli/bench_workload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

#define EAST_MAX 540.0 // rings over the antimeridian go on to the east

static enum status points(const char *dir, const char *set, const char *kind, double east_max,
                          struct bench_points *out, struct reason *why);
static enum status load(const char *dir, const char *set, const char *kind, size_t record,
                        void **out, size_t *count, struct reason *why);
static enum status damaged(const char *set, const char *kind, size_t record, struct reason *why);
static bool ring_ok(const struct bench_rings *rings, size_t i);

enum status bench_workload_cloud(const char *dir, const char *set, struct bench_cloud *out,
                                 struct reason *why) {
    *out = (struct bench_cloud){.name = set};
    enum status st = points(dir, set, "pts", 180, &out->points, why);
    if (st == STATUS_OK) st = points(dir, set, "kq", 180, &out->near, why);
    if (st == STATUS_OK) st = bench_workload_boxes(dir, set, "q1", &out->q1, why);
    if (st == STATUS_OK) st = bench_workload_boxes(dir, set, "q100", &out->q100, why);
    if (st == STATUS_OK) st = bench_workload_boxes(dir, set, "q10k", &out->q10k, why);
    if (st == STATUS_OK)
        st = bench_workload_moves(dir, set, "moves", out->points.count, &out->moves, why);
    if (st != STATUS_OK) bench_workload_cloud_free(out);
    if (out->moves.count > BENCH_WORKLOAD_MOVES) out->moves.count = BENCH_WORKLOAD_MOVES;
    return st;
}

enum status bench_workload_tracks(const char *dir, const char *set, struct bench_cloud *out,
                                  struct reason *why) {
    *out = (struct bench_cloud){.name = set};
    enum status st = points(dir, set, "pts", 180, &out->points, why);
    if (st == STATUS_OK)
        st = bench_workload_moves(dir, set, "moves", out->points.count, &out->moves, why);
    if (st != STATUS_OK) bench_workload_cloud_free(out);
    return st;
}

enum status bench_workload_track_sets(const char *dir, struct bench_track_sets *out,
                                      struct reason *why) {
    enum { MOST = sizeof out->names / sizeof *out->names, SIZE = sizeof *out->names };
    char path[4200];
    out->count = 0;
    snprintf(path, sizeof path, "%.4000s/tracks", dir);
    FILE *file = fopen(path, "r");
    if (!file) return STATUS_OK;
    enum status st = STATUS_OK;
    while (st == STATUS_OK && out->count < MOST && fgets(out->names[out->count], SIZE, file)) {
        char *name = out->names[out->count++];
        size_t len = strcspn(name, "\n");
        if (len == 0 || name[len] != '\n' || memchr(name, '/', len))
            st = reason_set(why, STATUS_CORRUPT, "tracks: line %zu is no name", out->count);
        name[len] = '\0';
    }
    fclose(file);
    return st;
}

void bench_workload_cloud_free(struct bench_cloud *cloud) {
    mem_free(cloud->points.at);
    mem_free(cloud->near.at);
    mem_free(cloud->q1.at);
    mem_free(cloud->q100.at);
    mem_free(cloud->q10k.at);
    mem_free(cloud->moves.at);
    *cloud = (struct bench_cloud){0};
}

enum status bench_workload_boxes(const char *dir, const char *set, const char *kind,
                                 struct bench_boxes *out, struct reason *why) {
    void *read;
    enum status st = load(dir, set, kind, sizeof *out->at, &read, &out->count, why);
    if (st != STATUS_OK) return st;
    out->at = read;
    for (size_t i = 0; i < out->count; i++) {
        struct bbox *b = &out->at[i];
        if (!(b->min_lon <= b->max_lon && b->min_lat <= b->max_lat &&
              fabs(b->min_lon) <= EAST_MAX && fabs(b->max_lon) <= EAST_MAX &&
              fabs(b->min_lat) <= 360 && fabs(b->max_lat) <= 360)) {
            mem_free(out->at);
            *out = (struct bench_boxes){0};
            return damaged(set, kind, i, why);
        }
        *b = (struct bbox){fmax(b->min_lon, -180), fmax(b->min_lat, -90), fmin(b->max_lon, 180),
                           fmin(b->max_lat, 90)};
    }
    return STATUS_OK;
}

enum status bench_workload_moves(const char *dir, const char *set, const char *kind, size_t ids,
                                 struct bench_moves *out, struct reason *why) {
    void *read;
    enum status st = load(dir, set, kind, sizeof *out->at, &read, &out->count, why);
    if (st != STATUS_OK) return st;
    out->at = read;
    for (size_t i = 0; i < out->count; i++) {
        const struct bench_move *m = &out->at[i];
        if (m->id < ids && fabs(m->to.lat) <= 90 && m->to.lon >= -180 && m->to.lon <= EAST_MAX)
            continue;
        mem_free(out->at);
        *out = (struct bench_moves){0};
        return damaged(set, kind, i, why);
    }
    return STATUS_OK;
}

enum status bench_workload_rings(const char *dir, const char *set, struct bench_rings *out,
                                 struct reason *why) {
    void *read;
    size_t count;
    *out = (struct bench_rings){0};
    enum status st = load(dir, set, "off", sizeof *out->begins, &read, &count, why);
    if (st != STATUS_OK) return st;
    out->begins = read;
    out->count = count - 1;
    st = points(dir, set, "xy", EAST_MAX, &out->points, why);
    if (st == STATUS_OK && (out->begins[0] != 0 || out->begins[out->count] != out->points.count)) {
        st = reason_set(why, STATUS_CORRUPT, "%s.off and %s.xy do not belong together", set, set);
    }
    for (size_t i = 0; st == STATUS_OK && i < out->count; i++) {
        if (!ring_ok(out, i)) st = damaged(set, "off", i, why);
    }
    if (st != STATUS_OK) bench_workload_rings_free(out);
    return st;
}

void bench_workload_rings_free(struct bench_rings *rings) {
    mem_free(rings->begins);
    mem_free(rings->points.at);
    *rings = (struct bench_rings){0};
}

static bool ring_ok(const struct bench_rings *rings, size_t i) {
    uint64_t begin = rings->begins[i], end = rings->begins[i + 1];
    if (end > rings->points.count || begin > end || end - begin < 4) return false;
    struct point first = rings->points.at[begin], last = rings->points.at[end - 1];
    return first.lon == last.lon && first.lat == last.lat;
}

static enum status points(const char *dir, const char *set, const char *kind, double east_max,
                          struct bench_points *out, struct reason *why) {
    void *read;
    enum status st = load(dir, set, kind, sizeof *out->at, &read, &out->count, why);
    if (st != STATUS_OK) return st;
    out->at = read;
    for (size_t i = 0; i < out->count; i++) {
        struct point p = out->at[i];
        if (p.lon >= -180 && p.lon <= east_max && fabs(p.lat) <= 90) continue;
        mem_free(out->at);
        *out = (struct bench_points){0};
        return damaged(set, kind, i, why);
    }
    return STATUS_OK;
}

static enum status damaged(const char *set, const char *kind, size_t record, struct reason *why) {
    return reason_set(why, STATUS_CORRUPT, "%s.%s: record %zu is no such thing", set, kind, record);
}

/// A whole file of `record` bytes each, one or more.
static enum status load(const char *dir, const char *set, const char *kind, size_t record,
                        void **out, size_t *count, struct reason *why) {
    char path[4200];
    struct stat info;
    void *data = NULL;
    *count = 0;
    snprintf(path, sizeof path, "%.4000s/%.90s.%.90s", dir, set, kind);
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &info) != 0) {
        enum status st = status_from_errno(errno);
        if (file) fclose(file);
        return reason_set(why, st, "cannot read %.200s: %s", path, strerror(errno));
    }
    size_t size = (size_t)info.st_size;
    enum status st = STATUS_OK;
    if (!S_ISREG(info.st_mode) || size == 0 || size % record != 0) {
        st = reason_set(why, STATUS_CORRUPT, "%.180s: %zu bytes are not records of %zu", path, size,
                        record);
    } else if (!(data = mem_alloc(size))) {
        st = STATUS_NO_MEMORY;
    } else if (fread(data, 1, size, file) != size) {
        st = reason_set(why, STATUS_IO, "%.200s: it could not be read whole", path);
    }
    fclose(file);
    if (st != STATUS_OK) {
        mem_free(data);
        return st;
    }
    *out = data;
    *count = size / record;
    return STATUS_OK;
}
