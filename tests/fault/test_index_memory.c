// The n-th allocation fails, for every n of a scenario: each operation either happens or leaves the index as
// it was, and the searches stay right.

#include "unit/index/index_model.h"

#include "base/mem.h"

enum { ITEMS = 700 };

/// Tries again once when memory ran out; the index must be unchanged in between.
static void insert(struct model *m, uint32_t item, unsigned *failures) {
    struct bbox box = model_box(m);
    struct index_box q = index_box_of(&box);
    size_t before = index_items(m->index);
    if (index_insert(m->index, &q, item) != STATUS_OK) {
        ++*failures;
        assert_int_equal(index_items(m->index), before);
        assert_true(index_check(m->index));
        assert_int_equal(index_insert(m->index, &q, item), STATUS_OK);
    }
    model_set(m, item, &box);
}

static void move(struct model *m, uint32_t item, unsigned *failures) {
    struct bbox box = model_box(m);
    struct index_box q = index_box_of(&box);
    if (index_move(m->index, &m->quantised[item], &q, item) != STATUS_OK) {
        ++*failures;
        assert_int_equal(index_items(m->index), m->count);
        assert_true(index_check(m->index));
        model_search(m);
        assert_int_equal(index_move(m->index, &m->quantised[item], &q, item), STATUS_OK);
    }
    model_set(m, item, &box);
}

/// Grow, move about, shrink, grow again; true when the failure was reached.
static bool scenario(enum index_kind kind, enum model_data data, uint64_t fail_at) {
    struct model m;
    model_init(&m, kind, data, ITEMS, 77);
    unsigned failures = 0;
    mem_fail_at(fail_at, false);
    for (uint32_t i = 0; i < ITEMS; i++)
        insert(&m, i, &failures);
    for (uint32_t i = 0; i < ITEMS; i++)
        move(&m, i, &failures);
    for (uint32_t i = 0; i < ITEMS - 5; i++)
        model_remove(&m, i);
    for (uint32_t i = 0; i < 200; i++)
        insert(&m, i, &failures);
    mem_fail_at(0, false);
    assert_in_range(failures, 0, 1);
    model_check(&m);
    model_search(&m);
    model_nearest(&m);
    model_deinit(&m);
    return failures == 1;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    for (enum index_kind kind = INDEX_QUADTREE; kind <= INDEX_GEOHASH; kind++) {
        for (int data = 0; data < MODEL_DATA_COUNT; data++) {
            uint64_t n = 1;
            while (scenario(kind, (enum model_data)data, n))
                n++;
            assert_true(n > 1); // some allocations were met
        }
    }
}

static bool load(enum index_kind kind, enum model_data data, uint64_t fail_at) {
    struct model m;
    model_init(&m, kind, data, ITEMS, 78);
    struct index_box *boxes = calloc(ITEMS, sizeof *boxes);
    uint32_t *items = calloc(ITEMS, sizeof *items);
    for (uint32_t i = 0; i < ITEMS; i++) {
        m.boxes[i] = model_box(&m);
        boxes[i] = m.quantised[i] = index_box_of(&m.boxes[i]);
        items[i] = i;
    }
    // Once into an empty index, once on top of a few items.
    bool failed = false;
    uint32_t half = ITEMS / 2;
    for (uint32_t from = 0; from < ITEMS; from += half) {
        mem_fail_at(fail_at, false);
        enum status st = index_bulk_load(m.index, boxes + from, items + from, half);
        mem_fail_at(0, false);
        if (st != STATUS_OK) {
            failed = true;
            assert_int_equal(st, STATUS_NO_MEMORY);
            model_check(&m);
            for (uint32_t i = from; i < from + half && kind != INDEX_GEOHASH; i++)
                assert_int_equal(*places_at(&m.places, i), PLACES_NONE);
            st = index_bulk_load(m.index, boxes + from, items + from, half);
        }
        assert_int_equal(st, STATUS_OK);
        for (uint32_t i = from; i < from + half; i++)
            m.present[i] = true;
        m.count += half;
        model_check(&m);
    }
    model_search(&m);
    free(boxes);
    free(items);
    model_deinit(&m);
    return failed;
}

static void every_allocation_of_a_bulk_load_may_fail(void **state) {
    (void)state;
    for (enum index_kind kind = INDEX_QUADTREE; kind <= INDEX_GEOHASH; kind++) {
        for (int data = 0; data < MODEL_DATA_COUNT; data++) {
            uint64_t n = 1;
            while (load(kind, (enum model_data)data, n))
                n++;
            assert_true(n > 1);
        }
    }
}

static void making_an_index_may_fail(void **state) {
    (void)state;
    struct places places;
    places_init(&places);
    size_t before = mem_used();
    for (enum index_kind kind = INDEX_QUADTREE; kind <= INDEX_GEOHASH; kind++) {
        enum status st = STATUS_NO_MEMORY;
        for (uint64_t n = 1; st != STATUS_OK; n++) {
            struct index *ix = NULL;
            mem_fail_at(n, false);
            st = index_make(kind, &places, &ix);
            mem_fail_at(0, false);
            if (st == STATUS_OK) index_free(ix);
            assert_int_equal(mem_used(), before);
        }
    }
    places_deinit(&places);
}

/// A heap that cannot grow costs order, not answers.
static void a_search_for_the_nearest_needs_no_memory(void **state) {
    (void)state;
    for (enum index_kind kind = INDEX_QUADTREE; kind <= INDEX_GEOHASH; kind++) {
        for (int data = 0; data < MODEL_DATA_COUNT; data++) {
            struct model m;
            model_init(&m, kind, (enum model_data)data, 30000, 79);
            model_bulk(&m, 30000);
            mem_fail_at(1, true);
            for (int i = 0; i < 5; i++)
                model_nearest(&m);
            mem_fail_at(0, false);
            model_deinit(&m);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_allocation_of_a_bulk_load_may_fail),
        cmocka_unit_test(making_an_index_may_fail),
        cmocka_unit_test(a_search_for_the_nearest_needs_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
