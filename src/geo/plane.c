#include "geo/plane.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "geo/edges.h"
#include "geo/orient.h"

#define CROSSINGS_PER_EDGE 4
#define CROSSINGS_FREE 10000
#define LOOKS_MAX 20000000 // at pairs of edges: some tenths of a second

struct survey {
    struct edge edge;
    uint64_t crossings, crossings_max, looks;
};

static bool survey_edges(const struct geometry *of, const struct geometry *in, struct survey *s);
static bool look(void *ctx, const struct edge *e);
static bool crosses(const struct edge *a, const struct edge *b);
static GEOSGeometry *make_valid(const struct plane *p, const struct geometry *g, double shift);
static GEOSGeometry *faces_inside(const struct plane *p, const GEOSGeometry *faces,
                                  const struct geometry *g, double shift);
static bool is_odd_around(const struct geometry *g, struct point p);
static GEOSGeometry *take_in_lines(const struct plane *p, const struct geometry *g, double shift);
static GEOSGeometry *take_in_polygons(const struct plane *p, const struct geometry *g,
                                      double shift);
static GEOSGeometry *take_in_polygon(const struct plane *p, const struct geometry *g, size_t first,
                                     size_t last, double shift);
static GEOSCoordSequence *sequence(const struct plane *p, const struct point *points, size_t count,
                                   double shift);
static GEOSGeometry *collect(const struct plane *p, int type, GEOSGeometry **items_take,
                             size_t count);
static enum status give_out_polygon(const struct plane *p, const GEOSGeometry *g, struct shape *s,
                                    struct reason *why);
static enum status give_out_run(const struct plane *p, const GEOSGeometry *line, double shift,
                                struct shape *s, struct reason *why);
static double west_of(const struct plane *p, const GEOSGeometry *g);

enum status plane_open(struct plane *p, size_t vertices) {
    size_t charge = (vertices + 64) * PLANE_VERTEX_BYTES;
    if (!mem_charge(charge)) return STATUS_NO_MEMORY;
    p->geos = GEOS_init_r(); // without handlers: silent
    p->charged = charge;
    if (p->geos) return STATUS_OK;
    mem_discharge(charge);
    return STATUS_NO_MEMORY;
}

void plane_close(struct plane *p) {
    GEOS_finish_r(p->geos);
    mem_discharge(p->charged);
}

bool plane_is_tame(const struct geometry *g) {
    size_t edges = geometry_point_count(g);
    struct survey s = {.crossings_max = 2 * (CROSSINGS_PER_EDGE * edges + CROSSINGS_FREE)};
    geometry_prepare(g);
    return survey_edges(g, g, &s); // which meets each crossing twice
}

bool plane_is_tame_pair(const struct geometry *a, const struct geometry *b) {
    size_t edges = geometry_point_count(a) + geometry_point_count(b);
    struct survey s = {.crossings_max = CROSSINGS_PER_EDGE * edges + CROSSINGS_FREE};
    geometry_prepare(b);
    return survey_edges(a, b, &s);
}

static bool survey_edges(const struct geometry *of, const struct geometry *in, struct survey *s) {
    for (size_t part = 0; part < geometry_part_count(of); part++) {
        size_t count;
        const struct point *p = geometry_part(of, part, &count, NULL);
        for (size_t i = 1; i < count; i++) {
            s->edge = (struct edge){p[i - 1], p[i]};
            struct bbox box = edges_box(p[i - 1], p[i]);
            if (!edges_visit_images(in, &box, look, s)) return false;
        }
    }
    return true;
}

static bool look(void *ctx, const struct edge *e) {
    struct survey *s = ctx;
    s->crossings += crosses(&s->edge, e);
    return ++s->looks <= LOOKS_MAX && s->crossings <= s->crossings_max;
}

// Properly, or along each other. Neighbours in a ring only meet.
static bool crosses(const struct edge *a, const struct edge *b) {
    int c = orient_turn(a->a, a->b, b->a), d = orient_turn(a->a, a->b, b->b);
    if (c == 0 && d == 0) return memcmp(a, b, sizeof *a) != 0;
    return c * d < 0 && orient_turn(b->a, b->b, a->a) * orient_turn(b->a, b->b, a->b) <= 0;
}

GEOSGeometry *plane_take_in(const struct plane *p, const struct geometry *g, int turns) {
    double shift = 360.0 * turns;
    if (!edges_is_area(g)) return take_in_lines(p, g, shift);
    GEOSGeometry *raw = take_in_polygons(p, g, shift);
    if (!raw || GEOSisValid_r(p->geos, raw) == 1) return raw;
    GEOSGeom_destroy_r(p->geos, raw);
    return make_valid(p, g, shift);
}

// The faces between all edges, each once, of which those are taken that even-odd finds inside. (GEOSMakeValid looks at
// edges once as well, and so takes an area laid over another with a common edge for their union.)
static GEOSGeometry *make_valid(const struct plane *p, const struct geometry *g, double shift) {
    GEOSContextHandle_t geos = p->geos;
    GEOSGeometry *edges = take_in_lines(p, g, shift);
    GEOSGeometry *apart = edges ? GEOSUnaryUnion_r(geos, edges) : NULL;
    const GEOSGeometry *const one = apart;
    GEOSGeometry *faces = apart ? GEOSPolygonize_r(geos, &one, 1) : NULL;
    GEOSGeometry *inside = faces ? faces_inside(p, faces, g, shift) : NULL;
    GEOSGeometry *out = inside ? GEOSUnaryUnion_r(geos, inside) : NULL;
    if (edges) GEOSGeom_destroy_r(geos, edges);
    if (apart) GEOSGeom_destroy_r(geos, apart);
    if (faces) GEOSGeom_destroy_r(geos, faces);
    if (inside) GEOSGeom_destroy_r(geos, inside);
    return out;
}

// Of a point within a face. An edge that parts nothing, as one that is walked there and back, may run through it.
static bool is_odd_around(const struct geometry *g, struct point p) {
    int at = edges_locate(g, p);
    return at ? at > 0 : edges_is_odd_left(g, p, (struct point){p.lon + 1, p.lat});
}

static GEOSGeometry *faces_inside(const struct plane *p, const GEOSGeometry *faces,
                                  const struct geometry *g, double shift) {
    int n = GEOSGetNumGeometries_r(p->geos, faces);
    GEOSGeometry **kept = mem_alloc(((size_t)n + 1) * sizeof *kept);
    if (!kept) return NULL;
    size_t count = 0;
    for (int i = 0; i < n; i++) {
        const GEOSGeometry *face = GEOSGetGeometryN_r(p->geos, faces, i);
        GEOSGeometry *mid = GEOSPointOnSurface_r(p->geos, face);
        struct point at = {0, 0};
        bool known = mid && GEOSGeomGetX_r(p->geos, mid, &at.lon) == 1 &&
                     GEOSGeomGetY_r(p->geos, mid, &at.lat) == 1;
        if (mid) GEOSGeom_destroy_r(p->geos, mid);
        at.lon -= shift;
        if (!known || !is_odd_around(g, at)) continue;
        kept[count] = GEOSGeom_clone_r(p->geos, face);
        count += kept[count] != NULL;
    }
    GEOSGeometry *out = collect(p, GEOS_MULTIPOLYGON, kept, count);
    mem_free(kept);
    return out;
}

static GEOSGeometry *take_in_lines(const struct plane *p, const struct geometry *g, double shift) {
    size_t n = geometry_part_count(g), made = 0;
    GEOSGeometry **lines = mem_alloc((n + 1) * sizeof *lines);
    if (!lines) return NULL;
    for (; made < n; made++) {
        size_t count;
        const struct point *points = geometry_part(g, made, &count, NULL);
        GEOSCoordSequence *seq = sequence(p, points, count, shift);
        lines[made] = seq ? GEOSGeom_createLineString_r(p->geos, seq) : NULL;
        if (!lines[made]) break;
    }
    GEOSGeometry *out = NULL;
    if (made == n) {
        out = collect(p, GEOS_MULTILINESTRING, lines, n);
    } else {
        for (size_t i = 0; i < made; i++) {
            GEOSGeom_destroy_r(p->geos, lines[i]);
        }
    }
    mem_free(lines);
    return out;
}

static GEOSGeometry *take_in_polygons(const struct plane *p, const struct geometry *g,
                                      double shift) {
    size_t parts = geometry_part_count(g), made = 0, first = 0;
    GEOSGeometry **polygons = mem_alloc((parts + 1) * sizeof *polygons);
    if (!polygons) return NULL;
    bool ok = true;
    while (ok && first < parts) {
        size_t last = first + 1;
        while (last < parts && !geometry_part_is_exterior(g, last)) {
            last++;
        }
        polygons[made] = take_in_polygon(p, g, first, last, shift);
        ok = polygons[made] != NULL;
        made += ok;
        first = last;
    }
    GEOSGeometry *out = NULL;
    if (ok) {
        out = collect(p, GEOS_MULTIPOLYGON, polygons, made);
    } else {
        for (size_t i = 0; i < made; i++) {
            GEOSGeom_destroy_r(p->geos, polygons[i]);
        }
    }
    mem_free(polygons);
    return out;
}

static GEOSGeometry *take_in_polygon(const struct plane *p, const struct geometry *g, size_t first,
                                     size_t last, double shift) {
    GEOSGeometry **rings = mem_alloc((last - first) * sizeof *rings);
    if (!rings) return NULL;
    size_t made = 0;
    for (size_t part = first; part < last; part++, made++) {
        size_t count;
        const struct point *points = geometry_part(g, part, &count, NULL);
        GEOSCoordSequence *seq = sequence(p, points, count, shift);
        rings[made] = seq ? GEOSGeom_createLinearRing_r(p->geos, seq) : NULL;
        if (!rings[made]) break;
    }
    GEOSGeometry *out = NULL;
    if (made == last - first) {
        out = GEOSGeom_createPolygon_r(p->geos, rings[0], rings + 1, (unsigned)(made - 1));
    } else {
        for (size_t i = 0; i < made; i++) {
            GEOSGeom_destroy_r(p->geos, rings[i]);
        }
    }
    mem_free(rings);
    return out;
}

GEOSGeometry *plane_ring(const struct plane *p, const struct point *ring, size_t count) {
    GEOSCoordSequence *seq = sequence(p, ring, count, 0);
    GEOSGeometry *shell = seq ? GEOSGeom_createLinearRing_r(p->geos, seq) : NULL;
    return shell ? GEOSGeom_createPolygon_r(p->geos, shell, NULL, 0) : NULL;
}

// Moved point by point: a shift of 0 must not cost a copy of ours.
static GEOSCoordSequence *sequence(const struct plane *p, const struct point *points, size_t count,
                                   double shift) {
    static_assert(sizeof(struct point) == 2 * sizeof(double), "x and y, one after another");
    GEOSCoordSequence *seq =
        GEOSCoordSeq_copyFromBuffer_r(p->geos, &points->lon, (unsigned)count, 0, 0);
    for (size_t i = 0; seq && shift != 0 && i < count; i++) {
        GEOSCoordSeq_setX_r(p->geos, seq, (unsigned)i, points[i].lon + shift);
    }
    return seq;
}

static GEOSGeometry *collect(const struct plane *p, int type, GEOSGeometry **items_take,
                             size_t count) {
    return GEOSGeom_createCollection_r(p->geos, type, items_take, (unsigned)count);
}

enum status plane_give_out(const struct plane *p, const GEOSGeometry *g, struct shape *s,
                           struct reason *why) {
    int type = GEOSGeomTypeId_r(p->geos, g);
    if (GEOSisEmpty_r(p->geos, g)) return STATUS_OK;
    bool areas = s->type == GEOMETRY_MULTIPOLYGON;
    if (type == GEOS_POLYGON) return areas ? give_out_polygon(p, g, s, why) : STATUS_OK;
    if (type == GEOS_LINESTRING || type == GEOS_LINEARRING) {
        if (areas) return STATUS_OK;
        enum status st = give_out_run(p, g, plane_shift(west_of(p, g)), s, why);
        return st == STATUS_OK ? shape_end_part(s, false, why) : st;
    }
    if (type == GEOS_POINT) return STATUS_OK;
    int n = GEOSGetNumGeometries_r(p->geos, g);
    for (int i = 0; i < n; i++) {
        enum status st = plane_give_out(p, GEOSGetGeometryN_r(p->geos, g, i), s, why);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static enum status give_out_polygon(const struct plane *p, const GEOSGeometry *g, struct shape *s,
                                    struct reason *why) {
    double shift = plane_shift(west_of(p, g));
    int holes = GEOSGetNumInteriorRings_r(p->geos, g);
    for (int i = -1; i < holes; i++) {
        const GEOSGeometry *ring =
            i < 0 ? GEOSGetExteriorRing_r(p->geos, g) : GEOSGetInteriorRingN_r(p->geos, g, i);
        enum status st = give_out_run(p, ring, shift, s, why);
        if (st == STATUS_OK) st = shape_end_part(s, i < 0, why);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static enum status give_out_run(const struct plane *p, const GEOSGeometry *line, double shift,
                                struct shape *s, struct reason *why) {
    const GEOSCoordSequence *seq = GEOSGeom_getCoordSeq_r(p->geos, line);
    unsigned count = 0;
    GEOSCoordSeq_getSize_r(p->geos, seq, &count);
    for (unsigned i = 0; i < count; i++) {
        struct point at = {0, 0};
        GEOSCoordSeq_getXY_r(p->geos, seq, i, &at.lon, &at.lat);
        at.lon = fmax(-180.0, fmin(at.lon + shift, 540.0));
        at.lat = fmax(-90.0, fmin(at.lat, 90.0));
        enum status st = shape_add(s, at, NAN, why);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static double west_of(const struct plane *p, const GEOSGeometry *g) {
    double west = 0;
    GEOSGeom_getXMin_r(p->geos, g, &west);
    return west;
}

double plane_shift(double west) {
    return -360.0 * floor((west + 180.0) / 360.0);
}
