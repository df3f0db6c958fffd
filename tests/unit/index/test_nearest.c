// A search for the nearest meets every item once, also when points move within their leaves meanwhile, and gives about
// as many as are wanted.

#include "unit/index/index_model.h"

enum { SIDE = 40, EACH = 4, COUNT = SIDE * SIDE * EACH, BLOCK = 1 << 18 };

/// Blocks are aligned and never hold more than a leaf does, so no leaf is smaller: who stays in its block stays in
/// its leaf.
struct field {
    struct rand rand;
    struct places places;
    struct index *index;
    struct index_box at[COUNT];
    unsigned seen[COUNT];
    bool moving;
    unsigned runs, longest;
};

static struct index_box random_in_block(struct rand *r, unsigned item) {
    unsigned block = item / EACH;
    int32_t west = (int32_t)(block % SIDE) * BLOCK, south = (int32_t)(block / SIDE) * BLOCK;
    int32_t lon = west + (int32_t)rand_below(r, BLOCK), lat = south + (int32_t)rand_below(r, BLOCK);
    return (struct index_box){lon, lat, lon, lat};
}

static struct field *field_new(enum index_kind kind) {
    struct field *f = calloc(1, sizeof *f);
    rand_init(&f->rand, 31);
    places_init(&f->places);
    assert_int_equal(index_make(kind, &f->places, &f->index), STATUS_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(places_grow(&f->places, i), STATUS_OK);
        f->at[i] = random_in_block(&f->rand, i);
        assert_int_equal(index_insert(f->index, &f->at[i], i), STATUS_OK);
    }
    return f;
}

static void field_free(struct field *f) {
    index_free(f->index);
    places_deinit(&f->places);
    free(f);
}

static double see(void *ctx, const uint32_t *items, size_t count, double bound) {
    struct field *f = ctx;
    (void)bound;
    f->runs++;
    if (count > f->longest) f->longest = (unsigned)count;
    for (size_t i = 0; i < count; i++)
        f->seen[items[i]]++;
    for (unsigned n = 0; n < 100 && f->moving; n++) {
        uint32_t item = (uint32_t)rand_below(&f->rand, COUNT);
        struct index_box to = random_in_block(&f->rand, item);
        assert_int_equal(index_move(f->index, &f->at[item], &to, item), STATUS_OK);
        f->at[item] = to;
    }
    return f->runs < 40 ? INFINITY : 1; // first small runs, then all that is left
}

static void points_that_move_meanwhile_are_met_once(void **state) {
    (void)state;
    struct field *f = field_new(INDEX_QUADTREE);
    const struct index *ix = index_unlocked(f->index);
    assert_non_null(ix);
    f->moving = true;
    for (int round = 0; round < 20; round++) {
        struct distance_from from =
            distance_from((struct point){rand_range(&f->rand, 0, SIDE * BLOCK * 1e-7),
                                         rand_range(&f->rand, 0, SIDE * BLOCK * 1e-7)});
        memset(f->seen, 0, sizeof f->seen);
        f->runs = 0;
        uint64_t begun = index_read_begin(ix);
        index_nearest(ix, &from, 1 + rand_below(&f->rand, 20), INFINITY, see, f, NULL);
        assert_true(index_read_end(ix, begun));
        for (unsigned i = 0; i < COUNT; i++)
            assert_int_equal(f->seen[i], 1);
    }
    field_free(f);
}

static void runs_are_about_as_long_as_wanted(void **state) {
    (void)state;
    for (enum index_kind kind = INDEX_QUADTREE; kind <= INDEX_GEOHASH; kind++) {
        struct field *f = field_new(kind);
        for (unsigned wanted = 1; wanted <= 50; wanted += 7) {
            struct distance_from from = distance_from((struct point){0.5, 0.5});
            memset(f->seen, 0, sizeof f->seen);
            f->runs = f->longest = 0;
            index_nearest(f->index, &from, wanted, INFINITY, see, f, NULL);
            assert_in_range(f->longest, 1, wanted + wanted / 8);
            for (unsigned i = 0; i < COUNT; i++)
                assert_int_equal(f->seen[i], 1);
        }
        field_free(f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_that_move_meanwhile_are_met_once),
        cmocka_unit_test(runs_are_about_as_long_as_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
