#include "geo/geometry.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "geo/extent.h"
#include "geo/strips.h"
#include "geo/unwrap.h"

#define RING_MIN 4 // positions, the last one equal to the first
#define PREPARE_MIN_POINTS 32

// One block: this, then points, z, part ends, polygon starts; or this, then members.
struct geometry {
    _Atomic uint32_t refs;
    uint8_t type;
    bool has_z;
    bool shifted; // the bbox holds some parts 360 degrees east of where their points are
    uint8_t depth;
    struct strips
        *_Atomic strips; // on one line with the type: a point test reads nothing else here
    uint32_t point_count;
    uint32_t part_count; // or of members
    struct bbox bbox;
    struct point points[];
};

struct layout {
    size_t z, part_ends, polygon_start, bytes; // offsets from the block's start
};

static struct layout layout_of(size_t points, size_t parts, bool has_z, bool is_area);
static struct geometry *block_new(enum geometry_type type, size_t points, size_t parts, bool has_z);
static bool is_area(enum geometry_type type);
static enum status check_parts(const struct geometry_parts *in,
                               const struct geometry_limits *limits, size_t *points,
                               struct reason *why);
static enum status check_part(const struct geometry_parts *in, size_t part, size_t count,
                              struct reason *why);
static enum status check_ranges(const struct geometry_parts *in, struct reason *why);
static struct unwrap_plan part_plan(const struct geometry_parts *in, size_t part);
static size_t part_begin_in(const struct geometry_parts *in, size_t part);
static void copy_parts(struct geometry *g, const struct geometry_parts *in);
static void copy_z(double *out, const double *z, size_t count, size_t extra);
static void compute_bbox(struct geometry *g);
static struct bbox part_bbox(const struct geometry *g, size_t part);
static size_t box_count(const struct geometry *g);
static bool box_at(const struct geometry *g, size_t i, struct bbox *box);
static double *z_of(const struct geometry *g);
static uint32_t *part_ends_of(const struct geometry *g);
static uint8_t *polygon_start_of(const struct geometry *g);
static struct geometry **members_of(const struct geometry *g);
static bool is_worth_strips(const struct geometry *g);

enum status geometry_new(const struct geometry_parts *parts, const struct geometry_limits *limits,
                         struct geometry **out, struct reason *why) {
    assert(parts->type >= GEOMETRY_POINT && parts->type < GEOMETRY_COLLECTION);
    static const struct point none;
    struct geometry_parts in = *parts;
    if (!in.points) in.points = &none; // an empty list may come as NULL
    size_t points = 0;
    enum status st = check_parts(&in, limits, &points, why);
    if (st != STATUS_OK) return st;

    struct geometry *g = block_new(in.type, points, in.part_count, in.z != NULL);
    if (!g) return reason_set(why, STATUS_NO_MEMORY, "no memory for a geometry");
    copy_parts(g, &in);
    compute_bbox(g);
    *out = g;
    return STATUS_OK;
}

enum status geometry_new_point(struct point p, struct geometry **out) {
    if (!point_valid(p)) return STATUS_INVALID;
    struct geometry *g = block_new(GEOMETRY_POINT, 1, 1, false);
    if (!g) return STATUS_NO_MEMORY;
    g->points[0] = p;
    g->bbox = (struct bbox){p.lon, p.lat, p.lon, p.lat};
    *out = g;
    return STATUS_OK;
}

enum status geometry_new_bbox(const struct bbox *box, struct geometry **out) {
    struct point ring[5] = {{box->min_lon, box->min_lat},
                            {box->max_lon, box->min_lat},
                            {box->max_lon, box->max_lat},
                            {box->min_lon, box->max_lat},
                            {box->min_lon, box->min_lat}};
    uint32_t end = 5;
    uint8_t start = 1;
    struct geometry_parts parts = {.type = GEOMETRY_POLYGON,
                                   .points = ring,
                                   .point_count = 5,
                                   .part_ends = &end,
                                   .polygon_start = &start,
                                   .part_count = 1,
                                   .literal = true};
    return geometry_new(&parts, &GEOMETRY_LIMITS_REST, out, NULL);
}

enum status geometry_new_collection(struct geometry *const *members, size_t count,
                                    struct geometry **out, struct reason *why) {
    unsigned depth = 0;
    for (size_t i = 0; i < count; i++) {
        if (members[i]->depth > depth) depth = members[i]->depth;
    }
    if (depth + 1 > GEOMETRY_DEPTH) {
        return reason_set(why, STATUS_INVALID, "geometry collections nested deeper than %d",
                          GEOMETRY_DEPTH);
    }
    if (count > UINT32_MAX) return reason_set(why, STATUS_TOO_LARGE, "too many members");
    struct geometry *g = block_new(GEOMETRY_COLLECTION, 0, count, false);
    if (!g) return reason_set(why, STATUS_NO_MEMORY, "no memory for a geometry");
    g->depth = (uint8_t)(depth + 1);
    for (size_t i = 0; i < count; i++) {
        members_of(g)[i] = geometry_ref(members[i]);
    }
    compute_bbox(g);
    *out = g;
    return STATUS_OK;
}

struct geometry *geometry_ref(const struct geometry *g) {
    struct geometry *mine = (struct geometry *)(uintptr_t)g; // the count is all that changes
    atomic_fetch_add_explicit(&mine->refs, 1, memory_order_relaxed);
    return mine;
}

void geometry_unref(struct geometry *g) {
    if (!g || atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) != 1) return;
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        geometry_unref(members_of(g)[i]);
    }
    strips_free(atomic_load_explicit(&g->strips, memory_order_relaxed));
    mem_free(g);
}

enum geometry_type geometry_type(const struct geometry *g) {
    return (enum geometry_type)g->type;
}

const char *geometry_type_name(enum geometry_type type) {
    static const char *const names[] = {
        "",           "Point",           "LineString",   "Polygon",
        "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"};
    return names[type];
}

const struct bbox *geometry_bbox(const struct geometry *g) {
    return &g->bbox;
}

bool geometry_is_empty(const struct geometry *g) {
    return bbox_is_empty(&g->bbox);
}

bool geometry_is_wrapped(const struct geometry *g) {
    return g->bbox.max_lon > 180.0 && !bbox_is_empty(&g->bbox);
}

size_t geometry_point_count(const struct geometry *g) {
    size_t sum = g->point_count;
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        sum += geometry_point_count(geometry_member(g, i));
    }
    return sum;
}

size_t geometry_part_count(const struct geometry *g) {
    return g->type == GEOMETRY_COLLECTION ? 0 : g->part_count;
}

const struct point *geometry_part(const struct geometry *g, size_t part, size_t *count,
                                  const double **z) {
    size_t begin = part == 0 ? 0 : geometry_part_end(g, part - 1);
    *count = geometry_part_end(g, part) - begin;
    if (z) *z = g->has_z ? z_of(g) + begin : NULL;
    return g->points + begin;
}

bool geometry_part_is_exterior(const struct geometry *g, size_t part) {
    return is_area(geometry_type(g)) && polygon_start_of(g)[part];
}

size_t geometry_member_count(const struct geometry *g) {
    return g->type == GEOMETRY_COLLECTION ? g->part_count : 0;
}

const struct geometry *geometry_member(const struct geometry *g, size_t i) {
    assert(i < geometry_member_count(g));
    return members_of(g)[i];
}

size_t geometry_bytes(const struct geometry *g) {
    if (g->type == GEOMETRY_COLLECTION) {
        size_t sum = sizeof *g + g->part_count * sizeof(struct geometry *);
        for (size_t i = 0; i < g->part_count; i++) {
            sum += geometry_bytes(members_of(g)[i]);
        }
        return sum;
    }
    const struct strips *strips = geometry_strips(g);
    return layout_of(g->point_count, g->part_count, g->has_z, is_area(geometry_type(g))).bytes +
           (strips ? strips_bytes(strips) : 0);
}

void geometry_prepare(const struct geometry *g) {
    for (size_t i = 0; i < geometry_member_count(g); i++) {
        geometry_prepare(geometry_member(g, i));
    }
    if (!is_worth_strips(g) || geometry_strips(g)) return;
    struct strips *fresh = NULL;
    if (strips_new(g->points, part_ends_of(g), g->part_count, &fresh) != STATUS_OK) return;
    struct strips *none = NULL;
    struct geometry *mine = (struct geometry *)(uintptr_t)g; // published once, seen whole
    if (!atomic_compare_exchange_strong_explicit(&mine->strips, &none, fresh, memory_order_acq_rel,
                                                 memory_order_acquire)) {
        strips_free(fresh);
    }
}

const struct strips *geometry_strips(const struct geometry *g) {
    return atomic_load_explicit(&g->strips, memory_order_acquire);
}

const struct strips *geometry_area_strips(const struct geometry *g) {
    return is_area(geometry_type(g)) ? geometry_strips(g) : NULL;
}

const struct point *geometry_points(const struct geometry *g) {
    return g->points;
}

size_t geometry_part_end(const struct geometry *g, size_t part) {
    return part_ends_of(g)[part];
}

void geometry_raw_lons(const struct geometry *g, double *min_lon, double *max_lon) {
    *min_lon = g->shifted ? -180.0 : g->bbox.min_lon;
    *max_lon = g->shifted ? fmax(180.0, g->bbox.max_lon) : g->bbox.max_lon;
}

static bool is_worth_strips(const struct geometry *g) {
    switch (geometry_type(g)) {
    case GEOMETRY_LINESTRING:
    case GEOMETRY_MULTILINESTRING:
    case GEOMETRY_POLYGON:
    case GEOMETRY_MULTIPOLYGON: return g->point_count > PREPARE_MIN_POINTS;
    default: return false;
    }
}

static bool is_area(enum geometry_type type) {
    return type == GEOMETRY_POLYGON || type == GEOMETRY_MULTIPOLYGON;
}

// A Point, the commonest by far, keeps no table of parts: its one part ends at point_count.
static struct layout layout_of(size_t points, size_t parts, bool has_z, bool area) {
    struct layout l;
    l.z = sizeof(struct geometry) + points * sizeof(struct point);
    l.part_ends = l.z + (has_z ? points * sizeof(double) : 0);
    l.polygon_start = l.part_ends + (parts > 1 ? parts * sizeof(uint32_t) : 0);
    l.bytes = l.polygon_start + (area ? parts : 0);
    return l;
}

static struct geometry *block_new(enum geometry_type type, size_t points, size_t parts,
                                  bool has_z) {
    size_t bytes = type == GEOMETRY_COLLECTION
                       ? sizeof(struct geometry) + parts * sizeof(struct geometry *)
                       : layout_of(points, parts, has_z, is_area(type)).bytes;
    struct geometry *g = mem_alloc(bytes);
    if (!g) return NULL;
    atomic_init(&g->refs, 1);
    g->type = (uint8_t)type;
    g->has_z = has_z;
    g->shifted = false;
    g->depth = 0;
    g->point_count = (uint32_t)points;
    g->part_count = (uint32_t)parts;
    g->bbox = BBOX_EMPTY;
    atomic_init(&g->strips, NULL);
    return g;
}

static void *at(const struct geometry *g, size_t offset) {
    return (char *)(uintptr_t)g + offset;
}

static struct layout layout_now(const struct geometry *g) {
    return layout_of(g->point_count, g->part_count, g->has_z, is_area(geometry_type(g)));
}

static double *z_of(const struct geometry *g) {
    return at(g, layout_now(g).z);
}

static uint32_t *part_ends_of(const struct geometry *g) {
    struct geometry *mine = (struct geometry *)(uintptr_t)g;
    return g->part_count > 1 ? at(g, layout_now(g).part_ends) : &mine->point_count;
}

static uint8_t *polygon_start_of(const struct geometry *g) {
    return at(g, layout_now(g).polygon_start);
}

static struct geometry **members_of(const struct geometry *g) {
    return at(g, sizeof *g);
}

static enum status check_parts(const struct geometry_parts *in,
                               const struct geometry_limits *limits, size_t *points,
                               struct reason *why) {
    if (in->point_count > limits->total_vertices || in->point_count > UINT32_MAX / 4) {
        return reason_set(why, STATUS_TOO_LARGE, "%zu positions, the limit is %u", in->point_count,
                          limits->total_vertices);
    }
    enum status st = check_ranges(in, why);
    if (st != STATUS_OK) return st;
    *points = 0;
    for (size_t i = 0; i < in->part_count; i++) {
        size_t count = in->part_ends[i] - part_begin_in(in, i);
        if (in->type != GEOMETRY_MULTIPOINT && count > limits->ring_vertices) {
            return reason_set(why, STATUS_TOO_LARGE,
                              "a ring or line of %zu positions, the limit is %u", count,
                              limits->ring_vertices);
        }
        st = check_part(in, i, count, why);
        if (st != STATUS_OK) return st;
        struct unwrap_plan plan = part_plan(in, i);
        if (plan.max_lon > 540.0) {
            return reason_set(why, STATUS_INVALID, "part %zu goes round the earth more than once",
                              i);
        }
        *points += unwrap_count(&plan, count);
    }
    return STATUS_OK;
}

static enum status check_part(const struct geometry_parts *in, size_t part, size_t count,
                              struct reason *why) {
    const struct point *first = in->points + part_begin_in(in, part);
    switch (in->type) {
    case GEOMETRY_LINESTRING:
    case GEOMETRY_MULTILINESTRING:
        if (count >= 2) return STATUS_OK;
        return reason_set(why, STATUS_INVALID, "a line needs at least 2 positions");
    case GEOMETRY_POLYGON:
    case GEOMETRY_MULTIPOLYGON:
        if (count < RING_MIN) {
            return reason_set(why, STATUS_INVALID, "a ring needs at least %d positions", RING_MIN);
        }
        if (!point_same(first[0], first[count - 1])) {
            return reason_set(why, STATUS_INVALID, "a ring must end where it begins");
        }
        return STATUS_OK;
    default: return STATUS_OK;
    }
}

static enum status check_ranges(const struct geometry_parts *in, struct reason *why) {
    double max_lon = in->literal ? 540.0 : 180.0;
    for (size_t i = 0; i < in->point_count; i++) {
        struct point p = in->points[i];
        if (!(p.lon >= -180.0 && p.lon <= max_lon)) {
            return reason_set(why, STATUS_INVALID, "longitude %.9g is outside -180..180", p.lon);
        }
        if (!(p.lat >= -90.0 && p.lat <= 90.0)) {
            return reason_set(why, STATUS_INVALID, "latitude %.9g is outside -90..90", p.lat);
        }
    }
    return STATUS_OK;
}

static size_t part_begin_in(const struct geometry_parts *in, size_t part) {
    return part == 0 ? 0 : in->part_ends[part - 1];
}

// How part `part` is to be unwrapped. A hole follows its exterior ring, which may lie a turn further east.
static struct unwrap_plan part_plan(const struct geometry_parts *in, size_t part) {
    size_t begin = part_begin_in(in, part);
    const struct point *points = in->points + begin;
    size_t count = in->part_ends[part] - begin;
    if (in->literal || in->type == GEOMETRY_POINT || in->type == GEOMETRY_MULTIPOINT) {
        return (struct unwrap_plan){.min_lon = 0, .max_lon = 0};
    }
    return unwrap_plan(points, count, is_area(in->type));
}

static void follow_exterior(struct unwrap_plan *hole, const struct unwrap_plan *exterior) {
    bool fits_here = hole->min_lon >= exterior->min_lon && hole->max_lon <= exterior->max_lon;
    bool fits_east =
        hole->min_lon + 360.0 >= exterior->min_lon && hole->max_lon + 360.0 <= exterior->max_lon;
    if (fits_here || !fits_east) return;
    hole->active = true;
    hole->base += 1;
}

static void copy_parts(struct geometry *g, const struct geometry_parts *in) {
    struct unwrap_plan exterior = {0};
    size_t to = 0;
    for (size_t i = 0; i < in->part_count; i++) {
        size_t begin = part_begin_in(in, i), count = in->part_ends[i] - begin;
        struct unwrap_plan plan = part_plan(in, i);
        if (is_area(in->type)) {
            bool starts = i == 0 || in->polygon_start[i];
            polygon_start_of(g)[i] = starts;
            if (starts) {
                exterior = plan;
            } else {
                follow_exterior(&plan, &exterior);
            }
        }
        unwrap_apply(&plan, in->points + begin, count, g->points + to);
        size_t extra = unwrap_count(&plan, count) - count;
        if (in->z) copy_z(z_of(g) + to, in->z + begin, count, extra);
        to += count + extra;
        if (in->part_count > 1) part_ends_of(g)[i] = (uint32_t)to;
    }
}

static void copy_z(double *out, const double *z, size_t count, size_t extra) {
    memcpy(out, z, count * sizeof *z);
    for (size_t i = 0; i < extra; i++) {
        out[count + i] = z[0];
    }
}

// Boxes are taken of what can lie on its own: polygons, lines, points, members.
static void compute_bbox(struct geometry *g) {
    size_t n = box_count(g);
    struct extent e;
    extent_init(&e);
    struct bbox box;
    for (size_t i = 0; i < n; i++) {
        if (box_at(g, i, &box)) extent_add(&e, &box);
    }
    g->bbox = e.plain;
    double cut = n > 1 ? extent_cut(&e) : -INFINITY;
    if (cut == -INFINITY) return;
    g->bbox = BBOX_EMPTY;
    g->shifted = true;
    for (size_t i = 0; i < n; i++) {
        if (box_at(g, i, &box)) extent_join(&g->bbox, &box, cut);
    }
}

static size_t box_count(const struct geometry *g) {
    return g->type == GEOMETRY_MULTIPOINT ? g->point_count : g->part_count;
}

static bool box_at(const struct geometry *g, size_t i, struct bbox *box) {
    if (g->type == GEOMETRY_MULTIPOINT) {
        struct point p = g->points[i];
        *box = (struct bbox){p.lon, p.lat, p.lon, p.lat};
        return true;
    }
    if (g->type == GEOMETRY_COLLECTION) {
        *box = members_of(g)[i]->bbox;
        return !bbox_is_empty(box);
    }
    *box = part_bbox(g, i);
    return !bbox_is_empty(box);
}

static struct bbox part_bbox(const struct geometry *g, size_t part) {
    struct bbox b = BBOX_EMPTY;
    size_t count;
    const struct point *p = geometry_part(g, part, &count, NULL);
    for (size_t i = 0; i < count; i++) {
        bbox_add_point(&b, p[i]);
    }
    return b;
}
