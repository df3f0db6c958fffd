// Tiles are read back here by a small reader of their own, and by @mapbox/vector-tile in tests/api/tiles.test.mjs.

#include "geo/mvt.h"

#include "support.h"

struct reader {
    const unsigned char *p, *end;
};

static uint64_t varint(struct reader *r) {
    uint64_t v = 0;
    for (unsigned shift = 0;; shift += 7) {
        assert_true(r->p < r->end && shift < 64);
        v |= (uint64_t)(*r->p & 127) << shift;
        if (*r->p++ < 128) return v;
    }
}

static bool field(struct reader *r, unsigned *number, uint64_t *value, struct reader *bytes) {
    if (r->p == r->end) return false;
    uint64_t key = varint(r);
    *number = (unsigned)(key >> 3);
    switch (key & 7) {
    case 0: *value = varint(r); break;
    case 1:
        assert_true(r->end - r->p >= 8);
        bytes->p = r->p;
        bytes->end = r->p += 8;
        break;
    case 2: {
        uint64_t len = varint(r);
        assert_true(len <= (uint64_t)(r->end - r->p));
        *bytes = (struct reader){r->p, r->p + len};
        r->p += len;
        break;
    }
    default: fail();
    }
    return true;
}

struct seen {
    size_t features, keys, values, points, rings, lines;
    uint64_t id, version, extent, type;
    double area; // twice, of exterior and interior rings together
    int64_t min_x, max_x, min_y, max_y;
};

static void read_geometry(struct reader r, struct seen *s) {
    int64_t x = 0, y = 0, first_x = 0, first_y = 0, sum = 0;
    size_t in_path = 0;
    while (r.p < r.end) {
        uint64_t command = varint(&r), count = command >> 3;
        if ((command & 7) == 7) {
            assert_int_equal(count, 1);
            assert_true(in_path >= 3);
            assert_true(x != first_x || y != first_y); // not said twice
            sum += x * first_y - first_x * y;
            assert_true(sum != 0);
            assert_true(s->rings || sum > 0); // an exterior comes first
            s->rings++;
            s->area += (double)sum;
            continue;
        }
        assert_true((command & 7) == 1 || (command & 7) == 2);
        if ((command & 7) == 1 && s->type != 1) {
            assert_int_equal(count, 1);
            in_path = 0;
            sum = 0;
            s->lines++;
        }
        for (uint64_t i = 0; i < count; i++) {
            uint64_t a = varint(&r), b = varint(&r);
            int64_t dx = (int64_t)(a >> 1) ^ -(int64_t)(a & 1);
            int64_t dy = (int64_t)(b >> 1) ^ -(int64_t)(b & 1);
            if ((command & 7) == 2) {
                assert_true(dx != 0 || dy != 0);
                sum += x * (y + dy) - (x + dx) * y;
            }
            x += dx;
            y += dy;
            if ((command & 7) == 1) {
                first_x = x;
                first_y = y;
            }
            if (x < s->min_x) s->min_x = x;
            if (x > s->max_x) s->max_x = x;
            if (y < s->min_y) s->min_y = y;
            if (y > s->max_y) s->max_y = y;
            in_path++;
            s->points++;
        }
    }
}

static struct seen read_tile(struct str tile) {
    struct seen s = {
        .min_x = INT64_MAX, .min_y = INT64_MAX, .max_x = INT64_MIN, .max_y = INT64_MIN};
    struct reader all = {(const unsigned char *)tile.p, (const unsigned char *)tile.p + tile.len};
    struct reader layer, bytes, inner;
    unsigned number;
    uint64_t v;
    if (tile.len == 0) return s;
    assert_true(field(&all, &number, &v, &layer));
    assert_int_equal(number, 3);
    assert_true(all.p == all.end);
    while (field(&layer, &number, &v, &bytes)) {
        if (number == 15) s.version = v;
        if (number == 5) s.extent = v;
        s.keys += number == 3;
        s.values += number == 4;
        if (number != 2) continue;
        s.features++;
        struct reader geometry = {0};
        while (field(&bytes, &number, &v, &inner)) {
            if (number == 1) s.id = v;
            if (number == 3) s.type = v;
            if (number == 4) geometry = inner;
        }
        s.rings = 0;
        read_geometry(geometry, &s);
    }
    assert_int_equal(s.version, 2);
    assert_int_equal(s.extent, 4096);
    return s;
}

static struct seen draw(const struct geometry *g, int64_t x, int64_t y, int64_t z) {
    struct tile tile;
    struct mvt m;
    struct buf out;
    assert_int_equal(tile_make(x, y, z, &tile), STATUS_OK);
    buf_init(&out);
    mvt_init(&m, &tile, STR("layer"));
    mvt_add(&m, g, 7);
    assert_int_equal(mvt_finish(&m, &out), STATUS_OK);
    struct seen s = read_tile(buf_str(&out));
    mvt_deinit(&m);
    buf_deinit(&out);
    return s;
}

static struct seen draw_json(const char *json, int64_t x, int64_t y, int64_t z) {
    struct geometry *g = from_json(json);
    struct seen s = draw(g, x, y, z);
    geometry_unref(g);
    return s;
}

static void test_points(void **state) {
    (void)state;
    struct seen s = draw_json("{'type':'Point','coordinates':[0,0]}", 0, 0, 0);
    assert_int_equal(s.features, 1);
    assert_int_equal(s.id, 7);
    assert_true(s.type == 1 && s.min_x == 2048 && s.min_y == 2048);
    s = draw_json("{'type':'MultiPoint','coordinates':[[10,10],[20,20],[-100,0]]}", 1, 0, 1);
    assert_int_equal(s.points, 2);
    assert_int_equal(draw_json("{'type':'Point','coordinates':[-100,-50]}", 1, 0, 1).features, 0);
    // In the margin, on both sides of the antimeridian.
    s = draw_json("{'type':'Point','coordinates':[-179.9,10]}", 1, 0, 1);
    assert_true(s.features == 1 && s.min_x > 4096 && s.min_x < 4096 + 64);
    s = draw_json("{'type':'Point','coordinates':[179.9,10]}", 0, 0, 1);
    assert_true(s.features == 1 && s.min_x < 0 && s.min_x > -64);
    assert_int_equal(draw_json("{'type':'Point','coordinates':[0,90]}", 0, 0, 0).features, 0);
}

static void test_lines(void **state) {
    (void)state;
    struct seen s = draw_json("{'type':'LineString','coordinates':[[-90,0],[90,0]]}", 0, 0, 1);
    assert_true(s.features == 1 && s.type == 2 && s.lines == 1 && s.max_x == 4096 + 64);
    // Shorter than a pixel: nothing.
    s = draw_json("{'type':'LineString','coordinates':[[1,1],[1.0000001,1]]}", 0, 0, 1);
    assert_int_equal(s.features, 0);
    s = draw_json("{'type':'LineString','coordinates':[[170,10],[-170,10]]}", 0, 0, 1);
    assert_true(s.features == 1 && s.min_x == -64);
    s = draw_json("{'type':'LineString','coordinates':[[170,10],[-170,10]]}", 1, 0, 1);
    assert_true(s.features == 1 && s.max_x == 4096 + 64);
}

static void test_polygons(void **state) {
    (void)state;
    // Either winding, with a hole of the same winding: outside with the clock on screen, the hole against it.
    static const char *const same[] = {
        "{'type':'Polygon','coordinates':[[[0,0],[40,0],[40,40],[0,40],[0,0]],"
        "[[10,10],[20,10],[20,20],[10,20],[10,10]]]}",
        "{'type':'Polygon','coordinates':[[[0,0],[0,40],[40,40],[40,0],[0,0]],"
        "[[10,10],[10,20],[20,20],[20,10],[10,10]]]}"};
    double area = 0;
    for (int i = 0; i < 2; i++) {
        struct seen s = draw_json(same[i], 0, 0, 0);
        assert_true(s.features == 1 && s.type == 3 && s.rings == 2 && s.area > 0);
        assert_true(i == 0 || s.area == area);
        area = s.area;
    }
    // All of the tile, and nothing of it.
    struct seen s = draw_json(
        "{'type':'Polygon','coordinates':[[[-60,-60],[60,-60],[60,60],[-60,60],[-60,-60]]]}", 8, 8,
        4);
    assert_true(s.rings == 1 && s.area == 2.0 * (4096 + 128) * (4096 + 128));
    s = draw_json(
        "{'type':'Polygon','coordinates':[[[-60,-60],[60,-60],[60,60],[-60,60],[-60,-60]]]}", 0, 0,
        4);
    assert_int_equal(s.features, 0);
    // A hole that holds the tile.
    s = draw_json(
        "{'type':'Polygon','coordinates':[[[-60,-60],[60,-60],[60,60],[-60,60],[-60,-60]],"
        "[[-50,-50],[50,-50],[50,50],[-50,50],[-50,-50]]]}",
        8, 8, 4);
    assert_true(s.features == 0 || s.area == 0);
    // A speck.
    s = draw_json("{'type':'Polygon','coordinates':[[[0,0],[1e-7,0],[0,1e-7],[0,0]]]}", 0, 0, 1);
    assert_int_equal(s.features, 0);
    s = draw_json(
        "{'type':'Polygon','coordinates':[[[170,0],[-170,0],[-170,20],[170,20],[170,0]]]}", 0, 0,
        1);
    assert_true(s.features == 1 && s.min_x == -64);
}

static void test_collections(void **state) {
    (void)state;
    struct seen s =
        draw_json("{'type':'GeometryCollection','geometries':[{'type':'Point','coordinates':[1,1]},"
                  "{'type':'LineString','coordinates':[[1,1],[20,20]]}]}",
                  1, 0, 1);
    assert_int_equal(s.features, 2);
}

static void test_tags_are_kept_once(void **state) {
    (void)state;
    struct tile tile = {0, 0, 0};
    struct mvt m;
    struct buf out;
    buf_init(&out);
    mvt_init(&m, &tile, STR("layer"));
    for (int i = 0; i < 1000; i++) {
        struct mvt_value kind = {.kind = MVT_STRING, .text = STR("bus")};
        struct mvt_value number = {.kind = MVT_INTEGER, .integer = i - 500};
        struct mvt_value half = {.kind = MVT_DOUBLE, .number = 0.5};
        struct mvt_value on = {.kind = MVT_BOOL, .boolean = i % 2};
        mvt_tag(&m, STR("kind"), &kind);
        mvt_tag(&m, STR("number"), &number);
        mvt_tag(&m, STR("half"), &half);
        mvt_tag(&m, STR("on"), &on);
        mvt_add_point(&m, (struct point){i / 10.0, 5}, (uint64_t)i);
    }
    assert_int_equal(mvt_finish(&m, &out), STATUS_OK);
    struct seen s = read_tile(buf_str(&out));
    assert_int_equal(s.features, 1000);
    assert_int_equal(s.keys, 4);
    assert_int_equal(s.values, 1 + 1000 + 1 + 2);
    mvt_deinit(&m);
    buf_deinit(&out);
}

static void test_anything_is_well_formed(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, 31);
    for (int i = 0; i < 3000; i++) {
        struct point ring[40];
        uint32_t n = 4 + (uint32_t)rand_below(&r, 30);
        double size = pow(10, rand_range(&r, -4, 2));
        struct point mid = {rand_range(&r, -180, 180), rand_range(&r, -89, 89)};
        for (uint32_t k = 0; k + 1 < n; k++) {
            ring[k].lon = fmax(-180, fmin(mid.lon + rand_range(&r, -size, size), 180));
            ring[k].lat = fmax(-90, fmin(mid.lat + rand_range(&r, -size, size), 90));
        }
        ring[n - 1] = ring[0];
        uint8_t start = 1;
        bool area = rand_below(&r, 2);
        struct geometry_parts parts = {.type = area ? GEOMETRY_POLYGON : GEOMETRY_LINESTRING,
                                       .points = ring,
                                       .point_count = n,
                                       .part_ends = &n,
                                       .polygon_start = area ? &start : NULL,
                                       .part_count = 1};
        struct geometry *g = NULL;
        if (geometry_new(&parts, &GEOMETRY_LIMITS_REST, &g, NULL) != STATUS_OK) continue;
        unsigned z = (unsigned)rand_below(&r, 20);
        struct tile t = tile_at(mid, z);
        struct seen s = draw(g, t.x, t.y, z);
        if (s.features) {
            assert_true(s.min_x >= -64 && s.min_y >= -64 && s.max_x <= 4160 && s.max_y <= 4160);
        }
        geometry_unref(g);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_polygons),
        cmocka_unit_test(test_collections),
        cmocka_unit_test(test_tags_are_kept_once),
        cmocka_unit_test(test_anything_is_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
