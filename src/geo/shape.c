#include "geo/shape.h"

#include "base/mem.h"

static enum status grow_points(struct shape *s, struct reason *why);
static enum status grow_parts(struct shape *s, struct reason *why);
static enum status start_z(struct shape *s, struct reason *why);

void shape_init(struct shape *s, enum geometry_type type, const struct geometry_limits *limits) {
    *s = (struct shape){.type = type, .limits = limits};
}

void shape_deinit(struct shape *s) {
    mem_free(s->points);
    mem_free(s->z);
    mem_free(s->part_ends);
    mem_free(s->polygon_start);
}

enum status shape_add(struct shape *s, struct point p, double z, struct reason *why) {
    if (s->count >= s->limits->total_vertices) {
        return reason_set(why, STATUS_TOO_LARGE, "more than %u positions",
                          s->limits->total_vertices);
    }
    if (s->count == s->cap) {
        enum status st = grow_points(s, why);
        if (st != STATUS_OK) return st;
    }
    if (!isnan(z) && !s->has_z) {
        enum status st = start_z(s, why);
        if (st != STATUS_OK) return st;
    }
    if (s->has_z) s->z[s->count] = z;
    s->points[s->count++] = p;
    return STATUS_OK;
}

enum status shape_end_part(struct shape *s, bool starts_polygon, struct reason *why) {
    if (s->part_count == s->part_cap) {
        enum status st = grow_parts(s, why);
        if (st != STATUS_OK) return st;
    }
    s->part_ends[s->part_count] = (uint32_t)s->count;
    s->polygon_start[s->part_count++] = starts_polygon;
    return STATUS_OK;
}

enum status shape_finish(const struct shape *s, struct geometry **out, struct reason *why) {
    struct geometry_parts parts = {.type = s->type,
                                   .points = s->points,
                                   .z = s->has_z ? s->z : NULL,
                                   .point_count = s->count,
                                   .part_ends = s->part_ends,
                                   .polygon_start = s->polygon_start,
                                   .part_count = s->part_count,
                                   .literal = s->literal};
    return geometry_new(&parts, s->limits, out, why);
}

static enum status no_memory(struct reason *why) {
    return reason_set(why, STATUS_NO_MEMORY, "no memory for a geometry");
}

static enum status grow_points(struct shape *s, struct reason *why) {
    size_t cap = s->cap ? s->cap * 2 : 8;
    struct point *points = mem_realloc(s->points, cap * sizeof *points);
    if (!points) return no_memory(why);
    s->points = points;
    if (s->has_z) {
        double *z = mem_realloc(s->z, cap * sizeof *z);
        if (!z) return no_memory(why);
        s->z = z;
    }
    s->cap = cap;
    return STATUS_OK;
}

static enum status grow_parts(struct shape *s, struct reason *why) {
    size_t cap = s->part_cap ? s->part_cap * 2 : 4;
    uint32_t *ends = mem_realloc(s->part_ends, cap * sizeof *ends);
    if (!ends) return no_memory(why);
    s->part_ends = ends;
    uint8_t *start = mem_realloc(s->polygon_start, cap);
    if (!start) return no_memory(why);
    s->polygon_start = start;
    s->part_cap = cap;
    return STATUS_OK;
}

static enum status start_z(struct shape *s, struct reason *why) {
    s->z = mem_alloc(s->cap * sizeof *s->z);
    if (!s->z) return no_memory(why);
    for (size_t i = 0; i < s->count; i++) {
        s->z[i] = NAN;
    }
    s->has_z = true;
    return STATUS_OK;
}
