// test_slot_set.c - in order, once each, and nothing below the bound forgotten.

#include "base/rand.h"
#include "engine/slot_set.h"
#include "support/support.h"

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void test_rounds(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    struct arena arena;
    arena_init(&arena, 0);
    static uint32_t slots[20000], sorted[20000];
    for (int round = 0; round < 300; round++) {
        size_t count = rand_below(&r, round % 10 ? 2000 : 20000);
        uint32_t range = rand_below(&r, 3) ? 3000 : UINT32_MAX;
        for (size_t i = 0; i < count; i++)
            slots[i] = (uint32_t)rand_below(&r, range);
        if (count) slots[0] = UINT32_MAX - 1;
        memcpy(sorted, slots, count * sizeof *slots);
        qsort(sorted, count, sizeof *sorted, by_number);
        size_t distinct = 0;
        for (size_t i = 0; i < count; i++) {
            if (!distinct || sorted[distinct - 1] != sorted[i]) sorted[distinct++] = sorted[i];
        }
        // Round after round, as a search does, until nothing is cut off.
        uint32_t first = 0;
        size_t given = 0, max = 2 + rand_below(&r, 1000);
        for (bool again = true; again;) {
            struct slot_set set;
            slot_set_init(&set, &arena, first, max);
            for (size_t i = 0; i < count;) {
                size_t run = 1 + rand_below(&r, 64);
                run = run < count - i ? run : count - i;
                assert_true(slot_set_add(&set, slots + i, run));
                i += run;
            }
            assert_int_equal(slot_set_finish(&set), STATUS_OK);
            assert_true(set.count <= max);
            assert_true(given + set.count <= distinct);
            if (set.count) {
                assert_memory_equal(set.items, sorted + given, set.count * sizeof *sorted);
            }
            given += set.count;
            again = set.cut;
            assert_true(!again || set.count > 0);
            first = set.bound + 1;
        }
        assert_int_equal(given, distinct);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
