// Clipping by boxes and by areas against GEOS: the same area, length and points, nothing outside, on either side of the
// antimeridian.

#include <math.h>

#include "geo/bbox.h"
#include "geo/clip.h"
#include "geo/edges.h"
#include "geo/plane.h"
#include "geo_shapes.h"

struct world {
    GEOSContextHandle_t geos;
    struct plane plane; // the same context, to read our results with
    struct rand r;
};

static GEOSGeometry *geos_of_draft(struct world *w, const struct draft *d) {
    struct geometry *g = draft_build(d, 0, 0, BUILD_LITERAL);
    GEOSGeometry *out;
    if (edges_is_area(g) || edges_is_line(g)) {
        out = plane_take_in(&w->plane, g, 0);
    } else {
        out = geos_from(w->geos, g);
    }
    geometry_unref(g);
    assert_non_null(out);
    return out;
}

struct measure {
    double area, length;
    size_t points;
};

static struct measure measure_geos(struct world *w, const GEOSGeometry *g,
                                   enum geometry_type type) {
    struct measure m = {0, 0, 0};
    bool areas = type == GEOMETRY_POLYGON || type == GEOMETRY_MULTIPOLYGON;
    bool lines = type == GEOMETRY_LINESTRING || type == GEOMETRY_MULTILINESTRING;
    int n = GEOSGetNumGeometries_r(w->geos, g);
    for (int i = 0; i < n; i++) {
        const GEOSGeometry *one = GEOSGetGeometryN_r(w->geos, g, i);
        int kind = GEOSGeomTypeId_r(w->geos, one);
        double v = 0;
        if (areas) GEOSArea_r(w->geos, one, &v);
        m.area += v;
        v = 0;
        if (lines && kind == GEOS_LINESTRING) GEOSLength_r(w->geos, one, &v);
        m.length += v;
    }
    return m;
}

static struct measure measure_ours(struct world *w, const struct geometry *g) {
    struct measure m = {0, 0, 0};
    if (edges_is_area(g)) {
        GEOSGeometry *valid = plane_take_in(&w->plane, g, 0);
        assert_non_null(valid);
        GEOSArea_r(w->geos, valid, &m.area);
        GEOSGeom_destroy_r(w->geos, valid);
    } else if (edges_is_line(g)) {
        for (size_t part = 0; part < geometry_part_count(g); part++) {
            size_t n;
            const struct point *p = geometry_part(g, part, &n, NULL);
            for (size_t i = 1; i < n; i++) {
                m.length += hypot(p[i].lon - p[i - 1].lon, p[i].lat - p[i - 1].lat);
            }
        }
    } else {
        m.points = geometry_point_count(g);
    }
    return m;
}

static void print_case(struct world *w, const struct draft *d, const GEOSGeometry *by,
                       const struct geometry *got, const char *what, double ours, double theirs) {
    print_message("%s: ours %.12g, GEOS %.12g\n", what, ours, theirs);
    GEOSGeometry *raw = geos_of_draft(w, d);
    print_geos(w->geos, "clipped", raw);
    for (size_t i = 0, part = 0; i < d->count; i++) {
        bool ends = part < d->parts && i + 1 == d->ends[part];
        print_message("%.17g %.17g%s", d->points[i].lon, d->points[i].lat, ends ? "\n" : ", ");
        part += ends;
    }
    print_geos(w->geos, "by", by);
    GEOSGeometry *out = geos_from(w->geos, got);
    print_geos(w->geos, "got", out);
    fail();
}

// `twice`: what a line covers twice counts twice; GEOS keeps it once, and so do we where it does the work.
static void compare(struct world *w, const struct draft *d, const GEOSGeometry *by,
                    const struct geometry *got, bool twice) {
    GEOSGeometry *whole = geos_of_draft(w, d);
    bool points = d->type == GEOMETRY_POINT || d->type == GEOMETRY_MULTIPOINT;
    struct measure ours = measure_ours(w, got), theirs = {0, 0, 0};
    if (points) {
        for (size_t i = 0; i < d->count; i++) {
            GEOSGeometry *p =
                GEOSGeom_createPointFromXY_r(w->geos, d->points[i].lon, d->points[i].lat);
            theirs.points += GEOSIntersects_r(w->geos, p, by) == 1;
            GEOSGeom_destroy_r(w->geos, p);
        }
    } else if (twice && (d->type == GEOMETRY_LINESTRING || d->type == GEOMETRY_MULTILINESTRING)) {
        for (size_t part = 0, i = 0; part < d->parts; part++, i++) {
            for (; i + 1 < d->ends[part]; i++) {
                struct draft edge = {.type = GEOMETRY_LINESTRING,
                                     .points = {d->points[i], d->points[i + 1]},
                                     .count = 2,
                                     .ends = {2},
                                     .parts = 1};
                GEOSGeometry *line = geos_of_draft(w, &edge);
                GEOSGeometry *common = GEOSIntersection_r(w->geos, line, by);
                theirs.length += measure_geos(w, common, edge.type).length;
                GEOSGeom_destroy_r(w->geos, common);
                GEOSGeom_destroy_r(w->geos, line);
            }
        }
    } else {
        GEOSGeometry *common = GEOSIntersection_r(w->geos, whole, by);
        theirs = measure_geos(w, common, d->type);
        GEOSGeom_destroy_r(w->geos, common);
    }
    if (fabs(ours.area - theirs.area) > 1e-8) {
        print_case(w, d, by, got, "area", ours.area, theirs.area);
    }
    if (fabs(ours.length - theirs.length) > 1e-8) {
        print_case(w, d, by, got, "length", ours.length, theirs.length);
    }
    if (ours.points != theirs.points) {
        print_case(w, d, by, got, "points", (double)ours.points, (double)theirs.points);
    }
    GEOSGeom_destroy_r(w->geos, whole);
}

static void assert_within(const struct geometry *got, const struct bbox *box) {
    if (geometry_is_empty(got)) return;
    const struct bbox *own = geometry_bbox(got);
    assert_true(own->min_lat >= box->min_lat && own->max_lat <= box->max_lat);
    bool inside = false;
    for (int turns = -1; turns <= 1; turns++) {
        double shift = 360.0 * turns;
        inside |= own->min_lon + shift >= box->min_lon - 1e-9 &&
                  own->max_lon + shift <= box->max_lon + 1e-9;
    }
    assert_true(inside);
}

// Whole degrees, so that moving by them rounds nothing on the grid. Rings that lie over each other stay where they
// are: their pieces may come out on different turns, where GEOS cannot see that they meet.
static double random_place(struct rand *r, const struct draft *d) {
    bool area = d->type == GEOMETRY_POLYGON || d->type == GEOMETRY_MULTIPOLYGON;
    if (area && d->parts > 1) return 0;
    static const double places[] = {0, 177, 174, -180, 100};
    return places[rand_below(r, 5)];
}

static void test_boxes(void **state) {
    struct world *w = *state;
    long rounds = test_rounds(4000);
    for (long i = 0; i < rounds; i++) {
        static struct draft d;
        enum grain grain = (enum grain)rand_below(&w->r, GRAIN_COUNT);
        draft_make(&d, &w->r, (enum geometry_type)(1 + rand_below(&w->r, 6)), grain);
        struct point a = shape_point(&w->r, grain, 6), b = shape_point(&w->r, grain, 6);
        struct bbox box = {fmin(a.lon, b.lon), fmin(a.lat, b.lat), fmax(a.lon, b.lon),
                           fmax(a.lat, b.lat)};
        bool exact = grain == GRAIN_GRID || grain == GRAIN_COLLINEAR;
        double place = exact ? random_place(&w->r, &d) : 0;
        struct geometry *g = draft_build(&d, place, 0, BUILD_WRAPPED), *out = NULL;
        struct bbox moved = box;
        moved.min_lon += place;
        moved.max_lon += place;
        if (moved.min_lon >= 180) {
            moved.min_lon -= 360;
            moved.max_lon -= 360;
        }
        assert_int_equal(clip_bbox(g, &moved, &out, NULL), STATUS_OK);
        if (place == 0) assert_within(out, &moved);
        struct geometry *rect = NULL;
        assert_int_equal(geometry_new_bbox(&box, &rect), STATUS_OK);
        if (box.min_lon < box.max_lon && box.min_lat < box.max_lat) {
            GEOSGeometry *by = plane_take_in(&w->plane, rect, 0);
            compare(w, &d, by, out, true);
            GEOSGeom_destroy_r(w->geos, by);
        }
        geometry_unref(rect);
        geometry_unref(out);
        geometry_unref(g);
    }
}

static void test_areas(void **state) {
    struct world *w = *state;
    long rounds = test_rounds(4000);
    for (long i = 0; i < rounds; i++) {
        static struct draft d, e;
        // Rings that lie along each other in long runs are where GEOS's own noding begins to guess.
        enum grain grain = (enum grain)rand_below(&w->r, GRAIN_COLLINEAR);
        draft_make(&d, &w->r, (enum geometry_type)(1 + rand_below(&w->r, 6)), grain);
        draft_make(&e, &w->r, rand_below(&w->r, 2) ? GEOMETRY_POLYGON : GEOMETRY_MULTIPOLYGON,
                   grain);
        bool exact = grain == GRAIN_GRID;
        bool points = d.type == GEOMETRY_POINT || d.type == GEOMETRY_MULTIPOINT;
        if (d.type == GEOMETRY_LINESTRING || d.type == GEOMETRY_MULTILINESTRING) {
            // One edge: whether GEOS sees that two lie on each other depends on how they are rounded.
            d.type = GEOMETRY_LINESTRING;
            d.count = d.ends[0] = 2;
            d.parts = 1;
        }
        double place = exact && e.parts == 1 ? random_place(&w->r, &d) : 0;
        struct geometry *g = draft_build(&d, place, 0, BUILD_WRAPPED), *out = NULL;
        struct geometry *area = draft_build(&e, place, 0, BUILD_WRAPPED);
        struct reason why = {"", ""};
        enum status st = clip_area(g, area, &out, &why);
        if (st != STATUS_OK) print_message("%s\n", why.text);
        assert_int_equal(st, STATUS_OK);
        GEOSGeometry *by = geos_of_draft(w, &e);
        double size = 0;
        GEOSArea_r(w->geos, by, &size);
        if (!points || size > 0) {
            if (!points || grain == GRAIN_RANDOM) compare(w, &d, by, out, false);
        }
        GEOSGeom_destroy_r(w->geos, by);
        geometry_unref(out);
        geometry_unref(area);
        geometry_unref(g);
    }
}

static int setup(void **state) {
    static struct world w;
    rand_init(&w.r, test_seed());
    assert_int_equal(plane_open(&w.plane, 0), STATUS_OK);
    w.geos = w.plane.geos;
    *state = &w;
    return 0;
}

static int teardown(void **state) {
    plane_close(&((struct world *)*state)->plane);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_areas),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
