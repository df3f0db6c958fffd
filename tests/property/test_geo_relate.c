// Every predicate against GEOS, for every pair of types, on data that touches, crosses and coincides.

#include "geo_shapes.h"

#include "geo/relate.h"

struct sample {
    struct draft draft;
    struct geometry *g;
    GEOSGeometry *geos;
};

static GEOSContextHandle_t geos;

// What GEOS calls invalid (rings that cross, parts that overlap, lines without length) means something else there.
static void make_sample(struct sample *s, struct rand *r, enum geometry_type type,
                        enum grain grain) {
    for (;;) {
        draft_make(&s->draft, r, type, grain);
        s->g = draft_build(&s->draft, 0, 0, BUILD_LITERAL);
        s->geos = geos_from(geos, s->g);
        if (GEOSisValid_r(geos, s->geos) == 1) return;
        GEOSGeom_destroy_r(geos, s->geos);
        geometry_unref(s->g);
    }
}

static void free_sample(struct sample *s) {
    GEOSGeom_destroy_r(geos, s->geos);
    geometry_unref(s->g);
}

static void expect(bool got, char want, const char *what, const struct sample *a,
                   const struct sample *b) {
    if (want == 2 || got == want) return; // 2: GEOS gave up
    print_geos(geos, "A", a->geos);
    print_geos(geos, "B", b->geos);
    fail_msg("%s: %d, GEOS says %d", what, got, want);
}

static void compare_pair(const struct sample *a, const struct sample *b) {
    char intersects = GEOSIntersects_r(geos, a->geos, b->geos);
    char covered = GEOSCoveredBy_r(geos, a->geos, b->geos);
    char covers = GEOSCovers_r(geos, a->geos, b->geos);
    expect(relate_intersects(a->g, b->g), intersects, "intersects", a, b);
    expect(relate_intersects(b->g, a->g), intersects, "intersects, turned round", a, b);
    expect(!relate_disjoint(a->g, b->g), intersects, "not disjoint", a, b);
    expect(relate_within(a->g, b->g), covered, "within", a, b);
    expect(relate_contains(a->g, b->g), covers, "contains", a, b);
}

// GEOS sees the pair at 177..185 as plain numbers, we see it wrapped to -180..180.
static void compare_over_180(const struct sample *a, const struct sample *b) {
    struct sample wa, wb;
    wa.g = draft_build(&a->draft, 177, 80, BUILD_LITERAL);
    wb.g = draft_build(&b->draft, 177, 80, BUILD_LITERAL);
    wa.geos = geos_from(geos, wa.g);
    wb.geos = geos_from(geos, wb.g);
    geometry_unref(wa.g);
    geometry_unref(wb.g);
    wa.g = draft_build(&a->draft, 177, 80, BUILD_WRAPPED);
    wb.g = draft_build(&b->draft, 177, 80, BUILD_WRAPPED);
    if (GEOSisValid_r(geos, wa.geos) == 1 && GEOSisValid_r(geos, wb.geos) == 1) {
        compare_pair(&wa, &wb);
    }
    free_sample(&wa);
    free_sample(&wb);
}

static void compare_boxes(const struct sample *a, struct rand *r, enum grain grain) {
    struct point p = shape_point(r, grain, 8), q = shape_point(r, grain, 8);
    struct bbox box = BBOX_EMPTY;
    bbox_add_point(&box, p);
    bbox_add_point(&box, q);
    struct sample b;
    assert_int_equal(geometry_new_bbox(&box, &b.g), STATUS_OK);
    b.geos = geos_from(geos, b.g);
    char valid = GEOSisValid_r(geos, b.geos);
    if (valid == 1) {
        expect(relate_intersects_bbox(a->g, &box), GEOSIntersects_r(geos, a->geos, b.geos),
               "intersects_bbox", a, &b);
        expect(relate_within_bbox(a->g, &box), GEOSCoveredBy_r(geos, a->geos, b.geos),
               "within_bbox", a, &b);
    }
    free_sample(&b);
}

static void test_every_pair(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    long rounds = test_rounds(400);
    for (int grain = 0; grain < GRAIN_COUNT; grain++) {
        for (int ta = GEOMETRY_POINT; ta < GEOMETRY_COLLECTION; ta++) {
            for (int tb = GEOMETRY_POINT; tb < GEOMETRY_COLLECTION; tb++) {
                for (long i = 0; i < rounds; i++) {
                    struct sample a, b;
                    make_sample(&a, &r, (enum geometry_type)ta, (enum grain)grain);
                    make_sample(&b, &r, (enum geometry_type)tb, (enum grain)grain);
                    compare_pair(&a, &b);
                    compare_over_180(&a, &b);
                    compare_boxes(&a, &r, (enum grain)grain);
                    free_sample(&a);
                    free_sample(&b);
                }
            }
        }
    }
}

static void test_same_is_within_itself(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    for (long i = 0; i < test_rounds(400) * 4; i++) {
        struct sample a;
        enum geometry_type type = (enum geometry_type)(1 + rand_below(&r, 6));
        make_sample(&a, &r, type, (enum grain)rand_below(&r, GRAIN_COUNT));
        compare_pair(&a, &a);
        assert_true(relate_within(a.g, a.g));
        free_sample(&a);
    }
}

int main(void) {
    geos = GEOS_init_r();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_same_is_within_itself),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    GEOS_finish_r(geos);
    return failed;
}
