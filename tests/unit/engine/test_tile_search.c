// Tiles of many objects: thinned evenly, of bounded size, the same each time.

#include "support/support.h"

#include "base/rand.h"
#include "engine/tile_search.h"

#define OBJECTS 60000

struct world {
    struct engine *engine;
    struct arena arena;
    unsigned reader;
};

static void put(struct world *w, const char *collection, const char *id, const struct geometry *g,
                struct point p) {
    struct change change = {.kind = CHANGE_PUT,
                            .collection = str_of(collection),
                            .draft = {.id = str_of(id), .point = p, .geometry = g}};
    struct change_result result;
    uint64_t lsn;
    engine_enter(w->engine, w->reader);
    assert_int_equal(engine_apply(w->engine, w->reader, &change, 1, &result, &lsn, NULL),
                     STATUS_OK);
    assert_int_equal(result.status, STATUS_OK);
    engine_leave(w->engine, w->reader);
}

static bool draw(struct world *w, const char *collection, struct tile tile, uint32_t limit,
                 struct buf *out) {
    struct tile_search search = {
        .collection = str_of(collection), .layer = STR("l"), .tile = tile, .limit = limit};
    bool thinned;
    engine_enter(w->engine, w->reader);
    assert_int_equal(
        tile_search_write(w->engine, w->reader, &search, &w->arena, out, &thinned, NULL),
        STATUS_OK);
    engine_leave(w->engine, w->reader);
    arena_reset(&w->arena);
    return thinned;
}

/// How often the tag "id" is given a value of this prefix: a feature each.
static size_t count_ids(const struct buf *b, const char *prefix) {
    size_t n = 0, len = strlen(prefix);
    for (const char *p = b->data, *end = p + b->len;
         (p = memmem(p, (size_t)(end - p), prefix, len)); p += len) {
        n++;
    }
    return n;
}

static void test_many(void **state) {
    struct world *w = *state;
    struct rand r;
    rand_init(&r, 17);
    for (int i = 0; i < OBJECTS; i++) { // most in one city
        char id[32];
        snprintf(id, sizeof id, "object-%05d", i);
        struct point city = {13.4 + rand_range(&r, -0.01, 0.01),
                             52.5 + rand_range(&r, -0.01, 0.01)};
        struct point anywhere = {rand_range(&r, -180, 180), rand_range(&r, -80, 80)};
        put(w, "fleet", id, NULL, i % 50 ? city : anywhere);
    }
    struct buf a, b;
    buf_init(&a);
    buf_init(&b);
    assert_true(draw(w, "fleet", (struct tile){0, 0, 0}, 10000, &a));
    size_t shown = count_ids(&a, "object-");
    assert_true(shown > 1100 &&
                shown <= 10000); // the 1,200 that are anywhere, and some of the city
    draw(w, "fleet", (struct tile){0, 0, 0}, 10000, &b);
    assert_true(str_eq(buf_str(&a), buf_str(&b)));
    buf_clear(&a);
    assert_true(draw(w, "fleet", (struct tile){0, 0, 0}, 3, &a));
    assert_true(count_ids(&a, "object-") <= 4);
    // Where few are, none is missing.
    buf_clear(&a);
    assert_false(draw(w, "fleet", tile_at((struct point){-100, 40}, 2), 10000, &a));
    buf_deinit(&a);
    buf_deinit(&b);
}

// Each object of some extent is in one cell only.
static void test_extents(void **state) {
    struct world *w = *state;
    struct rand r;
    rand_init(&r, 18);
    for (int i = 0; i < 600; i++) {
        char id[32];
        struct geometry *g = NULL;
        struct bbox box = {rand_range(&r, -180, 180), rand_range(&r, -80, 60), 0, 0};
        box.max_lon = box.min_lon + rand_range(&r, 1, 60);
        box.max_lat = box.min_lat + rand_range(&r, 1, 20);
        assert_int_equal(geometry_new_bbox(&box, &g), STATUS_OK);
        snprintf(id, sizeof id, "area-%03d", i);
        put(w, "areas", id, g, (struct point){0, 0});
        geometry_unref(g);
    }
    struct buf b;
    buf_init(&b);
    assert_false(draw(w, "areas", (struct tile){0, 0, 0}, 600, &b));
    assert_int_equal(count_ids(&b, "area-"), 600);
    buf_clear(&b);
    assert_true(draw(w, "areas", (struct tile){0, 0, 0}, 599, &b));
    char id[32];
    for (int i = 0; i < 600; i++) {
        snprintf(id, sizeof id, "area-%03d", i);
        assert_true(count_ids(&b, id) <= 1);
    }
    assert_true(count_ids(&b, "area-") <= 599 && count_ids(&b, "area-") > 200);
    buf_deinit(&b);
}

static int setup(void **state) {
    static struct world w;
    struct engine_options options = {.shard_count = 4};
    assert_int_equal(engine_new(&options, &w.engine), STATUS_OK);
    assert_int_equal(engine_reader_open(w.engine, &w.reader), STATUS_OK);
    arena_init(&w.arena, 0);
    *state = &w;
    return 0;
}

static int teardown(void **state) {
    struct world *w = *state;
    arena_deinit(&w->arena);
    engine_reader_close(w->engine, w->reader);
    engine_free(w->engine);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_extents),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
