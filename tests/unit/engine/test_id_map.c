// id -> row against a plain array, over growth and tombstones; and slots under it.

#include "support/support.h"

#include "base/mem.h"
#include "base/rand.h"
#include "engine/id_map.h"
#include "engine/slots.h"

#define IDS 5000
#define MANY 200000

static struct row *make(int n, uint32_t slot) {
    char id[16];
    snprintf(id, sizeof id, "id%d", n);
    struct row *row;
    assert_int_equal(row_new(&(struct object_draft){.id = str_of(id)}, &row), STATUS_OK);
    row->slot = slot;
    return row;
}

static void against_an_array(void **state) {
    (void)state;
    struct rand rand;
    rand_init(&rand, test_seed());
    struct slots slots;
    struct epoch *epoch;
    struct id_map *m;
    static struct row *there[IDS];
    memset(there, 0, sizeof there);
    assert_int_equal(slots_init(&slots), STATUS_OK);
    assert_int_equal(epoch_new(&epoch), STATUS_OK);
    assert_int_equal(id_map_new(epoch, rand_u64(&rand), &m), STATUS_OK);
    uint64_t range = 10;
    for (int i = 0; i < 200000; i++) {
        if (i % 20000 == 0) {
            range = 1 + rand_below(&rand, IDS); // grows, shrinks, churns
            epoch_collect(epoch);
        }
        int n = (int)rand_below(&rand, range);
        char text[16];
        snprintf(text, sizeof text, "id%d", n);
        uint64_t hash = id_map_hash(m, str_of(text));
        assert_ptr_equal(id_map_find(m, str_of(text), hash), there[n]);
        if (there[n]) {
            uint32_t slot = there[n]->slot;
            struct row *after = rand_below(&rand, 3) ? NULL : make(n, slot);
            if (after) {
                id_map_replace(m, hash, there[n], after);
            } else {
                id_map_remove(m, hash, there[n]);
            }
            slots_store(&slots, slot, after);
            if (!after) {
                slots_give(&slots, slot);
            }
            row_free(there[n]);
            there[n] = after;
        } else {
            uint32_t slot;
            assert_int_equal(slots_take(&slots, 1, &slot), 1);
            assert_null(slots_load(&slots, slot));
            assert_int_equal(id_map_promise(m, hash), STATUS_OK);
            assert_null(id_map_find(m, str_of(text), hash));
            if (rand_below(&rand, 4) == 0) {
                id_map_release(m, hash);
                slots_give(&slots, slot);
                continue;
            }
            there[n] = make(n, slot);
            id_map_insert(m, hash, there[n]);
            slots_store(&slots, slot, there[n]);
        }
    }
    for (int n = 0; n < IDS; n++) {
        char text[16];
        snprintf(text, sizeof text, "id%d", n);
        assert_ptr_equal(id_map_find(m, str_of(text), id_map_hash(m, str_of(text))), there[n]);
    }
    assert_true(id_map_bytes(m) < 32 * IDS); // tombstones do not pile up
    assert_true(slots_end(&slots) <= IDS);   // slots are used again
    id_map_free(m);
    slots_deinit(&slots);
    epoch_free(epoch);
}

// Tables grow by what entries tell of their homes: often, at all sizes, with holes and tombstones in them.
static void large_tables(void **state) {
    (void)state;
    struct rand rand;
    rand_init(&rand, test_seed());
    struct epoch *epoch;
    struct id_map *m;
    struct row **there = mem_zalloc(MANY, sizeof(struct row *));
    assert_int_equal(epoch_new(&epoch), STATUS_OK);
    assert_int_equal(id_map_new(epoch, rand_u64(&rand), &m), STATUS_OK);
    size_t bytes = 0, grown = 0;
    for (int n = 0; n < MANY; n++) {
        there[n] = make(n, 0);
        uint64_t hash = id_map_hash(m, row_id(there[n]));
        assert_int_equal(id_map_promise(m, hash), STATUS_OK);
        id_map_insert(m, hash, there[n]);
        int gone = (int)rand_below(&rand, (uint64_t)n + 1);
        if (n % 4 == 0 && there[gone]) {
            id_map_remove(m, id_map_hash(m, row_id(there[gone])), there[gone]);
            row_free(there[gone]);
            there[gone] = NULL;
        }
        grown += id_map_bytes(m) != bytes;
        bytes = id_map_bytes(m);
    }
    assert_true(grown > 5 * ID_MAP_STRIPES);
    for (int n = 0; n < MANY; n++) {
        char text[16];
        snprintf(text, sizeof text, "id%d", n);
        assert_ptr_equal(id_map_find(m, str_of(text), id_map_hash(m, str_of(text))), there[n]);
    }
    for (int n = 0; n < MANY; n++) {
        row_free(there[n]);
    }
    id_map_free(m);
    epoch_free(epoch);
    mem_free(there);
}

static void certain_slots(void **state) {
    (void)state;
    struct slots slots;
    assert_int_equal(slots_init(&slots), STATUS_OK);
    assert_int_equal(slots_take_at(&slots, 1000), STATUS_OK);
    assert_int_equal(slots_end(&slots), 1001);
    slots_store(&slots, 1000, make(1, 1000));
    assert_int_equal(slots_take_at(&slots, 5), STATUS_OK);
    slots_store(&slots, 5, make(2, 5));
    for (uint32_t slot = 0; slot < 1001; slot++) {
        assert_int_equal(slots_load(&slots, slot) != NULL, slot == 5 || slot == 1000);
    }
    slots_rebuild_free(&slots);
    assert_int_equal(slots.free_count, 999);
    bool taken[1001] = {false};
    for (int i = 0; i < 999; i++) {
        uint32_t slot;
        assert_int_equal(slots_take(&slots, 1, &slot), 1);
        assert_true(slot != 5 && slot < 1000 && !taken[slot]);
        taken[slot] = true;
    }
    uint32_t slot;
    assert_int_equal(slots_take(&slots, 1, &slot), 1);
    assert_int_equal(slot, 1001);
    slots_deinit(&slots);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_an_array),
        cmocka_unit_test(large_tables),
        cmocka_unit_test(certain_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
