#include "geo/buffer.h"

#include "base/mem.h"
#include "geo/distance.h"
#include "geo/edges.h"
#include "geo/plane.h"
#include "geo/unwrap.h"

#define RAD (M_PI / 180)
#define RUN_POINTS 64     // of an outline that are widened at once
#define QUARTER_STEPS 16  // corners of a quarter of a circle: 0.12 % of the distance
#define STRETCH_MAX 0.005 // of a straight map: how far its east-west scale may be wrong
#define SPAN_MAX_DEG 2.0  // of latitude on a straight map
#define SAG 0.001      // of the distance: how far an edge may lie from the great circle beside it
#define RUN_REACH 0.25 // of the distance: how long a run on a round map may be
#define RUNS_MAX 20000
#define PIECE_BYTES 256 // of GEOS's memory, for each corner of a piece

// A map around `mid`, in metres. Straight: longitudes and latitudes stretched, so that edges stay straight. Round:
// azimuthal equidistant; distances between two points r from the middle are wrong by less than (r / R)^2 / 6.
struct map {
    bool straight;
    struct point mid;
    double sin_lat, cos_lat;
};

// How the outline is walked at some latitude.
struct gait {
    bool straight;
    double span_deg; // straight: latitudes that a run may take up
    double step_m;   // round: what an edge is divided into
};

struct widening {
    struct plane plane;
    double metres;
    double window_west; // pieces lie within a turn from here, or reach out of it
    GEOSGeometry **pieces;
    size_t count, cap;
    struct point run[RUN_POINTS];
    size_t run_count;
    struct bbox run_box;
    bool run_straight;
    struct reason *why;
};

static enum status check(const struct geometry *g, double metres, struct reason *why);
static enum status widen(struct widening *w, const struct geometry *g);
static enum status widen_part(struct widening *w, const struct point *points, size_t count);
static enum status add_edge(struct widening *w, struct point a, struct point b);
static struct gait gait_of(const struct widening *w, struct point a, struct point b);
static enum status add_point(struct widening *w, const struct gait *gait, struct point p);
static enum status end_run(struct widening *w);
static enum status add_area(struct widening *w, const struct geometry *g);
static enum status add_piece(struct widening *w, GEOSGeometry *piece_take);
static GEOSGeometry *widen_run(struct widening *w, const struct map *m);
static GEOSGeometry *bring_back(struct widening *w, const struct map *m, const GEOSGeometry *flat);
static GEOSGeometry *bring_back_ring(struct widening *w, const struct map *m,
                                     const GEOSGeometry *ring);
static struct map map_of(const struct widening *w);
static struct point map_in(const struct map *m, struct point p);
static struct point map_out(const struct map *m, struct point at);
static enum status unite(struct widening *w, struct geometry **out);
static GEOSGeometry *fold(struct widening *w, GEOSGeometry *sum_take);
static GEOSGeometry *in_window(struct widening *w, const GEOSGeometry *sum, int turns);

enum status buffer_new(const struct geometry *g, double metres, struct geometry **out,
                       struct reason *why) {
    enum status st = check(g, metres, why);
    if (st != STATUS_OK) return st;
    if (metres == 0 || geometry_is_empty(g)) {
        *out = geometry_ref(g);
        return STATUS_OK;
    }
    const struct bbox *box = geometry_bbox(g);
    struct widening w = {
        .metres = metres, .window_west = (box->min_lon + box->max_lon) / 2 - 180, .why = why};
    st = plane_open(&w.plane, geometry_point_count(g));
    if (st != STATUS_OK) return reason_set(why, st, "no memory for a buffer");
    st = widen(&w, g);
    if (st == STATUS_OK) st = unite(&w, out);
    for (size_t i = 0; i < w.count; i++) {
        GEOSGeom_destroy_r(w.plane.geos, w.pieces[i]);
    }
    mem_free(w.pieces);
    plane_close(&w.plane);
    return st;
}

static enum status check(const struct geometry *g, double metres, struct reason *why) {
    if (!(metres >= 0 && metres <= BUFFER_MAX_M)) {
        return reason_set(why, STATUS_INVALID, "a buffer is 0 to %.0f metres", BUFFER_MAX_M);
    }
    if (geometry_point_count(g) > BUFFER_MAX_VERTICES) {
        return reason_set(why, STATUS_TOO_LARGE, "a buffer takes at most %d positions",
                          BUFFER_MAX_VERTICES);
    }
    return STATUS_OK;
}

static enum status widen(struct widening *w, const struct geometry *g) {
    enum status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < geometry_member_count(g); i++) {
        st = widen(w, geometry_member(g, i));
    }
    if (st == STATUS_OK && edges_is_area(g)) st = add_area(w, g);
    bool points = !edges_is_area(g) && !edges_is_line(g);
    for (size_t part = 0; st == STATUS_OK && part < geometry_part_count(g); part++) {
        size_t count;
        const struct point *p = geometry_part(g, part, &count, NULL);
        if (!points) {
            st = widen_part(w, p, count);
            continue;
        }
        for (size_t i = 0; st == STATUS_OK && i < count; i++) {
            st = widen_part(w, &p[i], 1);
        }
    }
    return st;
}

static enum status add_area(struct widening *w, const struct geometry *g) {
    if (!plane_is_tame(g)) {
        return reason_set(w->why, STATUS_TOO_LARGE, "its edges cross too often for a buffer");
    }
    return add_piece(w, plane_take_in(&w->plane, g, 0));
}

static enum status widen_part(struct widening *w, const struct point *points, size_t count) {
    enum status st = STATUS_OK;
    if (count == 1) {
        struct gait gait = gait_of(w, points[0], points[0]);
        st = add_point(w, &gait, points[0]);
    }
    for (size_t i = 1; st == STATUS_OK && i < count; i++) {
        st = add_edge(w, points[i - 1], points[i]);
    }
    return st == STATUS_OK ? end_run(w) : st;
}

static enum status add_edge(struct widening *w, struct point a, struct point b) {
    struct gait gait = gait_of(w, a, b);
    double n = gait.straight ? fabs(b.lat - a.lat) / gait.span_deg
                             : hypot(b.lon - a.lon, b.lat - a.lat) * RAD * DISTANCE_EARTH_RADIUS_M /
                                   gait.step_m;
    if (n > RUNS_MAX) return reason_set(w->why, STATUS_TOO_LARGE, "an edge is too long to widen");
    unsigned steps = n > 1 ? (unsigned)ceil(n) : 1;
    enum status st = w->run_count ? STATUS_OK : add_point(w, &gait, a);
    if (st == STATUS_OK && w->run_straight != gait.straight) {
        st = end_run(w);
        if (st == STATUS_OK) st = add_point(w, &gait, a);
    }
    for (unsigned i = 1; st == STATUS_OK && i <= steps; i++) {
        double t = (double)i / steps;
        struct point p = {a.lon + (b.lon - a.lon) * t, a.lat + (b.lat - a.lat) * t};
        st = add_point(w, &gait, i < steps ? p : b);
    }
    return st;
}

static struct gait gait_of(const struct widening *w, struct point a, struct point b) {
    double angle = w->metres / DISTANCE_EARTH_RADIUS_M;
    double lat = fmin(fmax(fabs(a.lat), fabs(b.lat)) * RAD + angle, 89.999 * RAD);
    double slope = fmax(tan(lat), 0.02);
    struct gait g = {.straight = angle * slope <= STRETCH_MAX / 2};
    g.span_deg = fmin(2 * (STRETCH_MAX / slope - angle) / RAD, SPAN_MAX_DEG);
    double sag = sqrt(8 * DISTANCE_EARTH_RADIUS_M * SAG * w->metres / slope);
    g.step_m = fmin(sag, RUN_REACH * w->metres);
    return g;
}

static enum status add_point(struct widening *w, const struct gait *gait, struct point p) {
    struct bbox box = w->run_count ? w->run_box : BBOX_EMPTY;
    bbox_add_point(&box, p);
    double reach_m =
        hypot(box.max_lon - box.min_lon, box.max_lat - box.min_lat) * RAD * DISTANCE_EARTH_RADIUS_M;
    bool far = gait->straight ? box.max_lat - box.min_lat > 1.5 * gait->span_deg
                              : reach_m > 2 * RUN_REACH * w->metres;
    if (w->run_count == RUN_POINTS || (w->run_count > 1 && far)) {
        struct point last = w->run[w->run_count - 1];
        enum status st = end_run(w);
        if (st != STATUS_OK) return st;
        w->run[w->run_count++] = last;
        box = BBOX_EMPTY;
        bbox_add_point(&box, last);
        bbox_add_point(&box, p);
    }
    w->run_straight = gait->straight;
    w->run_box = box;
    w->run[w->run_count++] = p;
    return STATUS_OK;
}

static enum status end_run(struct widening *w) {
    if (w->run_count == 0) return STATUS_OK;
    struct map m = map_of(w);
    GEOSGeometry *piece = widen_run(w, &m);
    w->run_count = 0;
    return add_piece(w, piece);
}

static enum status add_piece(struct widening *w, GEOSGeometry *piece_take) {
    if (!piece_take) return reason_set(w->why, STATUS_INVALID, "it cannot be widened");
    enum status st = STATUS_OK;
    if (w->count == RUNS_MAX) st = STATUS_TOO_LARGE;
    if (st == STATUS_OK && w->count == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 16;
        GEOSGeometry **more = mem_realloc(w->pieces, cap * sizeof *more);
        if (!more) st = STATUS_NO_MEMORY;
        if (more) w->pieces = more;
        if (more) w->cap = cap;
    }
    int corners = GEOSGetNumCoordinates_r(w->plane.geos, piece_take);
    size_t charge = corners > 0 ? (size_t)corners * PIECE_BYTES : 0;
    if (st == STATUS_OK && !mem_charge(charge)) st = STATUS_NO_MEMORY;
    if (st != STATUS_OK) {
        GEOSGeom_destroy_r(w->plane.geos, piece_take);
        return reason_set(w->why, st,
                          st == STATUS_TOO_LARGE ? "it is too large for such a buffer"
                                                 : "no memory for a buffer");
    }
    w->plane.charged += charge;
    w->pieces[w->count++] = piece_take;
    return STATUS_OK;
}

static GEOSGeometry *widen_run(struct widening *w, const struct map *m) {
    GEOSContextHandle_t geos = w->plane.geos;
    struct point flat[RUN_POINTS];
    flat[0] = map_in(m, w->run[0]);
    size_t n = 1;
    for (size_t i = 1; i < w->run_count; i++) {
        struct point p = map_in(m, w->run[i]);
        if (p.lon == flat[n - 1].lon && p.lat == flat[n - 1].lat) continue;
        flat[n++] = p;
    }
    GEOSCoordSequence *seq = GEOSCoordSeq_copyFromBuffer_r(geos, &flat->lon, (unsigned)n, 0, 0);
    if (!seq) return NULL;
    GEOSGeometry *line =
        n == 1 ? GEOSGeom_createPoint_r(geos, seq) : GEOSGeom_createLineString_r(geos, seq);
    GEOSGeometry *wide = line ? GEOSBuffer_r(geos, line, w->metres, QUARTER_STEPS) : NULL;
    GEOSGeometry *out = wide ? bring_back(w, m, wide) : NULL;
    if (line) GEOSGeom_destroy_r(geos, line);
    if (wide) GEOSGeom_destroy_r(geos, wide);
    return out;
}

// A run that closes leaves holes; a hole may go round a pole as the outside may.
static GEOSGeometry *bring_back(struct widening *w, const struct map *m, const GEOSGeometry *flat) {
    GEOSContextHandle_t geos = w->plane.geos;
    if (GEOSGeomTypeId_r(geos, flat) != GEOS_POLYGON) return NULL;
    GEOSGeometry *sum = bring_back_ring(w, m, GEOSGetExteriorRing_r(geos, flat));
    int holes = GEOSGetNumInteriorRings_r(geos, flat);
    for (int i = 0; sum && i < holes; i++) {
        GEOSGeometry *hole = bring_back_ring(w, m, GEOSGetInteriorRingN_r(geos, flat, i));
        GEOSGeometry *rest = hole ? GEOSDifference_r(geos, sum, hole) : NULL;
        if (hole) GEOSGeom_destroy_r(geos, hole);
        GEOSGeom_destroy_r(geos, sum);
        sum = rest;
    }
    return sum;
}

static GEOSGeometry *bring_back_ring(struct widening *w, const struct map *m,
                                     const GEOSGeometry *ring) {
    GEOSContextHandle_t geos = w->plane.geos;
    const GEOSCoordSequence *seq = GEOSGeom_getCoordSeq_r(geos, ring);
    unsigned count = 0;
    if (!seq || !GEOSCoordSeq_getSize_r(geos, seq, &count) || count < 4) return NULL;
    struct point *round = mem_alloc((2 * (size_t)count + UNWRAP_EXTRA_MAX) * sizeof *round);
    if (!round) return NULL;
    struct point *out = round + count;
    for (unsigned i = 0; i < count; i++) {
        struct point at = {0, 0};
        GEOSCoordSeq_getXY_r(geos, seq, i, &at.lon, &at.lat);
        round[i] = map_out(m, at);
    }
    round[count - 1] = round[0];
    struct unwrap_plan plan = unwrap_plan(round, count, true);
    unwrap_apply(&plan, round, count, out);
    size_t n = unwrap_count(&plan, count);
    double turn = 360 * nearbyint((w->window_west + 180 - (plan.min_lon + plan.max_lon) / 2) / 360);
    for (size_t i = 0; i < n; i++) {
        out[i].lon += turn;
    }
    GEOSGeometry *raw = plane_ring(&w->plane, out, n);
    mem_free(round);
    if (!raw || GEOSisValid_r(geos, raw) == 1) return raw;
    GEOSGeometry *valid = GEOSMakeValid_r(geos, raw);
    GEOSGeom_destroy_r(geos, raw);
    return valid;
}

static struct map map_of(const struct widening *w) {
    struct point mid = {(w->run_box.min_lon + w->run_box.max_lon) / 2,
                        (w->run_box.min_lat + w->run_box.max_lat) / 2};
    return (struct map){w->run_straight, mid, sin(mid.lat * RAD), cos(mid.lat * RAD)};
}

static struct point map_in(const struct map *m, struct point p) {
    double turn = (p.lon - m->mid.lon) * RAD;
    if (m->straight) {
        double rise = (p.lat - m->mid.lat) * RAD;
        return (struct point){DISTANCE_EARTH_RADIUS_M * turn * m->cos_lat,
                              DISTANCE_EARTH_RADIUS_M * rise};
    }
    double s = sin(p.lat * RAD), c = cos(p.lat * RAD);
    double x = c * sin(turn), y = m->cos_lat * s - m->sin_lat * c * cos(turn);
    double far = hypot(x, y);
    if (far == 0) return (struct point){0, 0};
    double angle = atan2(far, m->sin_lat * s + m->cos_lat * c * cos(turn));
    double k = DISTANCE_EARTH_RADIUS_M * angle / far;
    return (struct point){k * x, k * y};
}

// Longitudes within -180..180.
static struct point map_out(const struct map *m, struct point at) {
    double x = at.lon / DISTANCE_EARTH_RADIUS_M, y = at.lat / DISTANCE_EARTH_RADIUS_M;
    double lon, lat;
    if (m->straight) {
        lon = m->mid.lon + x / m->cos_lat / RAD;
        lat = m->mid.lat + y / RAD;
    } else {
        double angle = hypot(x, y), s = sin(angle), c = cos(angle);
        double k = angle > 0 ? s / angle : 1;
        lat = asin(fmax(-1, fmin(c * m->sin_lat + y * k * m->cos_lat, 1))) / RAD;
        lon = m->mid.lon + atan2(x * k, m->cos_lat * c - y * k * m->sin_lat) / RAD;
    }
    if (lon > 180 || lon < -180) lon = remainder(lon, 360);
    return (struct point){lon, lat};
}

static enum status unite(struct widening *w, struct geometry **out) {
    GEOSContextHandle_t geos = w->plane.geos;
    GEOSGeometry *all =
        GEOSGeom_createCollection_r(geos, GEOS_GEOMETRYCOLLECTION, w->pieces, (unsigned)w->count);
    w->count = 0; // they are the collection's now
    GEOSGeometry *sum = all ? GEOSUnaryUnion_r(geos, all) : NULL;
    if (all) GEOSGeom_destroy_r(geos, all);
    if (sum) sum = fold(w, sum);
    if (!sum) return reason_set(w->why, STATUS_INVALID, "it cannot be widened");
    struct shape shape;
    shape_init(&shape, GEOMETRY_MULTIPOLYGON, &GEOMETRY_LIMITS_IMPORT);
    shape.literal = true;
    enum status st = plane_give_out(&w->plane, sum, &shape, w->why);
    GEOSGeom_destroy_r(geos, sum);
    size_t polygons = 0;
    for (size_t i = 0; i < shape.part_count; i++) {
        polygons += shape.polygon_start[i];
    }
    if (polygons == 1) shape.type = GEOMETRY_POLYGON;
    if (st == STATUS_OK) st = shape_finish(&shape, out, w->why);
    shape_deinit(&shape);
    return st;
}

// What reaches out of the window comes in on the other side, where it may meet others.
static GEOSGeometry *fold(struct widening *w, GEOSGeometry *sum_take) {
    double west = 0, east = 0, first = w->window_west;
    GEOSGeom_getXMin_r(w->plane.geos, sum_take, &west);
    GEOSGeom_getXMax_r(w->plane.geos, sum_take, &east);
    if (west >= first && east <= first + 360) return sum_take;
    GEOSGeometry *parts[5], *all = NULL, *out = NULL;
    unsigned n = 0;
    for (int turns = -2; turns <= 2; turns++) {
        if (east + 360 * turns <= first || west + 360 * turns >= first + 360) continue;
        parts[n] = in_window(w, sum_take, turns);
        if (parts[n]) n++;
    }
    GEOSGeom_destroy_r(w->plane.geos, sum_take);
    if (n) all = GEOSGeom_createCollection_r(w->plane.geos, GEOS_GEOMETRYCOLLECTION, parts, n);
    if (all) out = GEOSUnaryUnion_r(w->plane.geos, all);
    if (all) GEOSGeom_destroy_r(w->plane.geos, all);
    return out;
}

static int move_east(double *x, double *y, void *degrees) {
    (void)y;
    *x += *(const double *)degrees;
    return 1;
}

static GEOSGeometry *in_window(struct widening *w, const GEOSGeometry *sum, int turns) {
    double degrees = 360.0 * turns, west = w->window_west;
    struct point ring[5] = {
        {west, -90}, {west + 360, -90}, {west + 360, 90}, {west, 90}, {west, -90}};
    GEOSGeometry *moved = GEOSGeom_transformXY_r(w->plane.geos, sum, move_east, &degrees);
    GEOSGeometry *window = plane_ring(&w->plane, ring, 5);
    GEOSGeometry *out = moved && window ? GEOSIntersection_r(w->plane.geos, moved, window) : NULL;
    if (moved) GEOSGeom_destroy_r(w->plane.geos, moved);
    if (window) GEOSGeom_destroy_r(w->plane.geos, window);
    return out;
}
