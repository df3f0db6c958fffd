// Every predicate against GEOS, for every pair of types, on data that touches, crosses and coincides.

#include "geo_referee.h"

#include "geo/relate.h"

struct sample {
    struct draft draft;
    struct geometry *g;
    GEOSGeometry *geos;
};

static GEOSContextHandle_t geos;
static long disputes; // GEOS against the referee

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

// GEOS computes crossings in doubles and can lose a touch or an overlap there: then the referee decides.
static void expect(bool got, char want, bool within, const char *what, const struct sample *a,
                   const struct sample *b) {
    if (want == 2 || got == want) return; // 2: GEOS gave up
    struct figure fa = {&a->draft, 1}, fb = {&b->draft, 1};
    disputes++;
    if (got == (within ? referee_within(&fa, &fb) : referee_intersects(&fa, &fb))) return;
    print_geos(geos, "A", a->geos);
    print_geos(geos, "B", b->geos);
    fail_msg("%s: %d, GEOS and the referee say %d", what, got, want);
}

static void compare_pair(const struct sample *a, const struct sample *b) {
    char intersects = GEOSIntersects_r(geos, a->geos, b->geos);
    char covered = GEOSCoveredBy_r(geos, a->geos, b->geos);
    char covers = GEOSCovers_r(geos, a->geos, b->geos);
    expect(relate_intersects(a->g, b->g), intersects, false, "intersects", a, b);
    expect(relate_intersects(b->g, a->g), intersects, false, "intersects, turned round", a, b);
    expect(!relate_disjoint(a->g, b->g), intersects, false, "not disjoint", a, b);
    expect(relate_within(a->g, b->g), covered, true, "within", a, b);
    expect(relate_contains(a->g, b->g), covers, true, "contains", b, a);
}

// GEOS sees the pair at 177..185 as plain numbers, we see it wrapped to -180..180.
static void compare_over_180(const struct sample *a, const struct sample *b) {
    struct sample wa = *a, wb = *b;
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
    struct sample b = {.draft = {.type = GEOMETRY_POLYGON,
                                 .points = {{box.min_lon, box.min_lat},
                                            {box.max_lon, box.min_lat},
                                            {box.max_lon, box.max_lat},
                                            {box.min_lon, box.max_lat},
                                            {box.min_lon, box.min_lat}},
                                 .count = 5,
                                 .ends = {5},
                                 .starts = {1},
                                 .parts = 1}};
    b.g = draft_build(&b.draft, 0, 0, BUILD_LITERAL);
    b.geos = geos_from(geos, b.g);
    if (GEOSisValid_r(geos, b.geos) == 1) {
        expect(relate_intersects_bbox(a->g, &box), GEOSIntersects_r(geos, a->geos, b.geos), false,
               "intersects_bbox", a, &b);
        expect(relate_within_bbox(a->g, &box), GEOSCoveredBy_r(geos, a->geos, b.geos), true,
               "within_bbox", a, &b);
    }
    free_sample(&b);
}

static void test_every_pair(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    long rounds = test_rounds(150);
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
    for (long i = 0; i < test_rounds(150) * 4; i++) {
        struct sample a;
        enum geometry_type type = (enum geometry_type)(1 + rand_below(&r, 6));
        make_sample(&a, &r, type, (enum grain)rand_below(&r, GRAIN_COUNT));
        compare_pair(&a, &a);
        assert_true(relate_within(a.g, a.g));
        free_sample(&a);
    }
}

// --- polygons of hundreds of vertices: strips against GEOS's prepared geometries ---

// A star: any radius at rising angles is a simple ring.
static void make_star(struct draft *d, struct rand *r, struct point center, double size) {
    size_t n = 20 + rand_below(r, 900);
    d->type = GEOMETRY_POLYGON;
    for (size_t i = 0; i < n; i++) {
        double t = 2 * M_PI * (double)i / (double)n, radius = size * rand_range(r, 0.7, 1);
        d->points[i] = (struct point){center.lon + radius * cos(t), center.lat + radius * sin(t)};
    }
    d->points[n] = d->points[0];
    d->count = n + 1;
    d->ends[0] = (uint32_t)d->count;
    d->starts[0] = 1;
    d->parts = 1;
}

// Onto a coarse grid: collinear edges, shared vertices and touches by the dozen.
static void snap(struct draft *d, double unit) {
    for (size_t i = 0; i < d->count; i++) {
        d->points[i].lon = round(d->points[i].lon / unit) * unit;
        d->points[i].lat = round(d->points[i].lat / unit) * unit;
    }
}

static void make_small(struct draft *d, struct rand *r, const struct draft *star) {
    enum geometry_type type = (enum geometry_type)(1 + rand_below(r, 6));
    draft_make(d, r, type, GRAIN_RANDOM);
    struct point at = star->points[rand_below(r, star->count)];
    double scale = pow(10, rand_range(r, -4, 0)), inward = rand_range(r, 0, 1.2);
    for (size_t i = 0; i < d->count; i++) {
        d->points[i].lon = (at.lon + (d->points[i].lon - 4) * scale) * inward;
        d->points[i].lat = (at.lat + (d->points[i].lat - 4) * scale) * inward;
        if (rand_below(r, 20) == 0 && d->type <= GEOMETRY_LINESTRING) {
            d->points[i] = star->points[rand_below(r, star->count)]; // a shared vertex
        }
    }
}

static void expect_prepared(bool got, char want, const char *what, const struct sample *a,
                            const struct sample *b) {
    if (got == want) return;
    print_geos(geos, "A", a->geos);
    print_geos(geos, "B", b->geos);
    fail_msg("%s: %d, GEOS says %d", what, got, want);
}

static void compare_with_star(const struct sample *star, const GEOSPreparedGeometry *prepared,
                              const struct sample *b) {
    char intersects = GEOSPreparedIntersects_r(geos, prepared, b->geos);
    char covers = GEOSPreparedCovers_r(geos, prepared, b->geos);
    expect_prepared(relate_intersects(star->g, b->g), intersects, "intersects", star, b);
    expect_prepared(relate_contains(star->g, b->g), covers, "contains", star, b);
    struct geometry *ws = draft_build(&star->draft, 0, 0, BUILD_LITERAL);
    expect_prepared(relate_intersects(b->g, ws), intersects, "intersects, unprepared", star, b);
    expect_prepared(relate_within(b->g, ws), covers, "within, unprepared", star, b);
    geometry_unref(ws);
}

static void test_large_polygons(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    static struct sample star, small;
    for (long i = 0; i < test_rounds(150) / 8 + 1; i++) {
        make_star(&star.draft, &r, (struct point){0, 0}, 20);
        double unit = rand_below(&r, 2) ? 0 : pow(2, -rand_range(&r, 0, 8));
        if (unit > 0) snap(&star.draft, unit);
        star.g = draft_build(&star.draft, 0, 0, BUILD_LITERAL);
        star.geos = geos_from(geos, star.g);
        if (GEOSisValid_r(geos, star.geos) != 1) {
            free_sample(&star);
            continue;
        }
        const GEOSPreparedGeometry *prepared = GEOSPrepare_r(geos, star.geos);
        geometry_prepare(star.g);
        for (int k = 0; k < 100; k++) {
            if (k % 10 == 0) {
                struct point at = {rand_range(&r, -20, 20), rand_range(&r, -20, 20)};
                make_star(&small.draft, &r, at, rand_range(&r, 0.01, 15));
            } else {
                make_small(&small.draft, &r, &star.draft);
            }
            if (unit > 0 && k % 2) snap(&small.draft, unit);
            small.g = draft_build(&small.draft, 0, 0, BUILD_LITERAL);
            small.geos = geos_from(geos, small.g);
            if (GEOSisValid_r(geos, small.geos) == 1) compare_with_star(&star, prepared, &small);
            free_sample(&small);
        }
        assert_true(relate_within(star.g, star.g));
        GEOSPreparedGeom_destroy_r(geos, prepared);
        free_sample(&star);
    }
}

// --- what GEOS cannot judge: rings that cross themselves, parts that overlap, collections ---

static struct geometry *build_figure(const struct draft *drafts, size_t count, double lon,
                                     bool collection) {
    if (!collection) return draft_build(&drafts[0], lon, 0, BUILD_WRAPPED);
    struct geometry *members[4] = {NULL}, *out = NULL;
    for (size_t i = 0; i < count; i++) {
        members[i] = draft_build(&drafts[i], lon, 0, BUILD_WRAPPED);
    }
    assert_int_equal(geometry_new_collection(members, count, &out, NULL), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        geometry_unref(members[i]);
    }
    return out;
}

static void print_figure(const char *name, const struct figure *f) {
    for (size_t i = 0; i < f->count; i++) {
        struct geometry *g = draft_build(&f->drafts[i], 0, 0, BUILD_LITERAL);
        GEOSGeometry *s = geos_from(geos, g);
        print_geos(geos, name, s);
        GEOSGeom_destroy_r(geos, s);
        geometry_unref(g);
    }
}

static void judge(bool got, bool want, const char *what, const struct figure *a,
                  const struct figure *b) {
    if (got == want) return;
    print_figure("A", a);
    print_figure("B", b);
    fail_msg("%s: %d, the referee says %d", what, got, want);
}

static void compare_figures(const struct figure *a, const struct figure *b, double lon) {
    struct geometry *ga = build_figure(a->drafts, a->count, lon, a->count > 1);
    struct geometry *gb = build_figure(b->drafts, b->count, lon, b->count > 1);
    judge(relate_intersects(ga, gb), referee_intersects(a, b), "intersects", a, b);
    judge(relate_within(ga, gb), referee_within(a, b), "within", a, b);
    judge(relate_contains(ga, gb), referee_within(b, a), "contains", a, b);
    geometry_unref(ga);
    geometry_unref(gb);
}

static void make_figure(struct draft *drafts, struct figure *f, struct rand *r) {
    f->drafts = drafts;
    f->count = rand_below(r, 2) ? 1 : 1 + rand_below(r, 3);
    for (size_t i = 0; i < f->count; i++) {
        enum geometry_type type = (enum geometry_type)(1 + rand_below(r, 6));
        draft_make(&drafts[i], r, type, GRAIN_GRID);
        if (rand_below(r, 3) || !draft_is_area(&drafts[i])) continue;
        for (size_t k = 0, part = 0; part < drafts[i].parts; part++) { // any ring at all
            size_t begin = k;
            for (; k + 1 < drafts[i].ends[part]; k++) {
                drafts[i].points[k] = shape_point(r, GRAIN_GRID, 5);
            }
            drafts[i].points[k++] = drafts[i].points[begin];
        }
    }
}

static void test_anything_on_a_grid(void **state) {
    (void)state;
    static struct draft da[4], db[4];
    struct rand r;
    rand_init(&r, test_seed());
    for (long i = 0; i < test_rounds(150) * 20; i++) {
        struct figure a, b;
        make_figure(da, &a, &r);
        make_figure(db, &b, &r);
        compare_figures(&a, &b, rand_below(&r, 2) ? 0 : 177);
        compare_figures(&a, &a, 0);
    }
}

int main(void) {
    geos = GEOS_init_r();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_same_is_within_itself),
        cmocka_unit_test(test_large_polygons),
        cmocka_unit_test(test_anything_on_a_grid),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    print_message("%ld answers of GEOS overruled by the referee\n", disputes);
    GEOS_finish_r(geos);
    return failed;
}
