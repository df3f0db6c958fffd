#include "geo/relate_point.h"

#include "geo/relate.h"
#include "support.h"
#include "support/support.h"

#define SHAPES 12
#define PAIRS_MAX 200

static struct geometry *make_ring(struct rand *r, size_t count, double lon) {
    struct point ring[600];
    for (size_t i = 0; i < count; i++) {
        double t = 2 * M_PI * (double)i / (double)count, radius = rand_range(r, 3, 8);
        ring[i] = (struct point){lon + radius * cos(t), radius * sin(t)};
        if (ring[i].lon > 180) ring[i].lon -= 360;
    }
    ring[count] = ring[0];
    uint32_t end = (uint32_t)count + 1;
    uint8_t start = 1;
    struct geometry_parts parts = {.type = GEOMETRY_POLYGON,
                                   .points = ring,
                                   .point_count = end,
                                   .part_ends = &end,
                                   .polygon_start = &start,
                                   .part_count = 1};
    struct geometry *g = NULL;
    assert_int_equal(geometry_new(&parts, &GEOMETRY_LIMITS_REST, &g, NULL), STATUS_OK);
    return g;
}

// Large and small rings, prepared or not, over the antimeridian or not, and what has no area.
static void make_shapes(struct rand *r, struct geometry **shapes) {
    static const char *const plain[] = {
        "{'type':'LineString','coordinates':[[170,0],[178,3]]}",
        "{'type':'Point','coordinates':[178,3]}",
        ("{'type':'GeometryCollection','geometries':[{'type':'Polygon','coordinates':"
         "[[[170,-5],[179,-5],[179,5],[170,5],[170,-5]]]},{'type':'Point','coordinates':[0,0]}]}"),
        "{'type':'Polygon','coordinates':[[[-180,-90],[180,-90],[180,90],[-180,90],[-180,-90]]]}"};
    for (size_t i = 0; i < SHAPES; i++) {
        size_t count = rand_below(r, 2) ? 3 + rand_below(r, 20) : 40 + rand_below(r, 500);
        shapes[i] = i < 4 ? from_json(plain[i]) : make_ring(r, count, i % 2 ? 177 : 172);
        if (rand_below(r, 2)) geometry_prepare(shapes[i]);
    }
}

static struct point make_point(struct rand *r, const struct geometry *g) {
    struct point p = {rand_range(r, 163, 186), rand_range(r, -8, 8)};
    if (rand_below(r, 4) == 0 && geometry_member_count(g) == 0) {
        p = geometry_points(g)[rand_below(r, geometry_point_count(g))];
    }
    if (p.lon > 180) p.lon -= 360;
    return p;
}

static void test_pairs_are_as_one_by_one(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    struct geometry *shapes[SHAPES];
    struct relate_point_pair pairs[PAIRS_MAX];
    enum relate_point_location at[PAIRS_MAX + 1];
    size_t seen[3] = {0};
    for (int round = 0; round < 300; round++) {
        make_shapes(&r, shapes);
        size_t count = round < 40 ? (size_t)round : rand_below(&r, PAIRS_MAX + 1);
        for (size_t i = 0; i < count; i++) {
            pairs[i].g = shapes[rand_below(&r, SHAPES)];
            pairs[i].p = make_point(&r, pairs[i].g);
        }
        at[count] = (enum relate_point_location)77;
        relate_point_locate_pairs(pairs, count, at);
        assert_int_equal(at[count], 77);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(at[i], relate_point_locate(pairs[i].g, pairs[i].p));
            if (at[i] != RELATE_POINT_OUTSIDE) {
                assert_true(relate_point_touches(pairs[i].g, pairs[i].p));
            }
            seen[at[i]]++;
        }
        for (size_t i = 0; i < SHAPES; i++) {
            geometry_unref(shapes[i]);
        }
    }
    assert_true(seen[0] > 100 && seen[1] > 100 && seen[2] > 100);
}

// Few edges are asked one by one, many by strips: the answers are one.
static void test_prepared_is_as_unprepared(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    for (int round = 0; round < 400; round++) {
        double lon = rand_below(&r, 2) ? 177 : 10;
        struct geometry *plain = make_ring(&r, 35 + rand_below(&r, 25), lon);
        struct geometry *prepared = geometry_ref(plain);
        struct point points[100];
        enum relate_point_location first[100];
        for (int i = 0; i < 100; i++) {
            points[i] = make_point(&r, plain);
            if (lon < 100) points[i].lon = rand_range(&r, 1, 19);
            first[i] = relate_point_locate(plain, points[i]);
        }
        assert_null(geometry_strips(plain));
        geometry_prepare(prepared);
        assert_non_null(geometry_strips(prepared));
        for (int i = 0; i < 100; i++) {
            assert_int_equal(relate_point_locate(prepared, points[i]), first[i]);
        }
        geometry_unref(plain);
        geometry_unref(prepared);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs_are_as_one_by_one),
        cmocka_unit_test(test_prepared_is_as_unprepared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
