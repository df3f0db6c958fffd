// test_name_map.c - texts by name against a plain list, with removals and growth.

#include "support/support.h"

#include "base/mem.h"
#include "cli/name_map.h"

enum { NAMES = 500, STEPS = 20000 };

static void order_and_removal(void **state) {
    (void)state;
    struct name_map m = {0};
    assert_null(name_map_find(&m, STR("a")).p);
    name_map_remove(&m, STR("a"));
    assert_int_equal(name_map_put(&m, STR("b"), STR("1")), STATUS_OK);
    assert_int_equal(name_map_put(&m, STR("a"), STR("")), STATUS_OK);
    assert_int_equal(name_map_put(&m, STR("b"), STR("22")), STATUS_OK);
    assert_non_null(name_map_find(&m, STR("a")).p);
    assert_true(str_eq(name_map_find(&m, STR("b")), STR("22")));
    size_t at = 0;
    assert_true(str_eq(name_entry_name(name_map_next(&m, &at)), STR("b")));
    assert_true(str_eq(name_entry_name(name_map_next(&m, &at)), STR("a")));
    assert_null(name_map_next(&m, &at));
    name_map_remove(&m, STR("b"));
    assert_null(name_map_find(&m, STR("b")).p);
    at = 0;
    assert_true(str_eq(name_entry_name(name_map_next(&m, &at)), STR("a")));
    name_map_clear(&m);
    assert_null(name_map_find(&m, STR("a")).p);
    assert_int_equal(m.live, 0);
    name_map_deinit(&m);
}

static void against_a_list(void **state) {
    (void)state;
    uint64_t random = test_seed() | 1;
    struct name_map m = {0};
    int values[NAMES];
    memset(values, -1, sizeof values);
    for (int step = 0; step < STEPS; step++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        int which = (int)((random >> 33) % NAMES), value = (int)((random >> 20) & 1023);
        char name[16], text[16];
        snprintf(name, sizeof name, "n%d", which);
        snprintf(text, sizeof text, "%d", value);
        if (value % 3 == 0) {
            name_map_remove(&m, str_of(name));
            values[which] = -1;
        } else {
            assert_int_equal(name_map_put(&m, str_of(name), str_of(text)), STATUS_OK);
            values[which] = value;
        }
    }
    size_t live = 0;
    for (int i = 0; i < NAMES; i++) {
        char name[16], text[16];
        snprintf(name, sizeof name, "n%d", i);
        snprintf(text, sizeof text, "%d", values[i]);
        struct str found = name_map_find(&m, str_of(name));
        assert_int_equal(found.p != NULL, values[i] >= 0);
        if (found.p) assert_true(str_eq(found, str_of(text)));
        live += values[i] >= 0;
    }
    assert_int_equal(m.live, live);
    name_map_deinit(&m);
}

static void no_memory(void **state) {
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct name_map m = {0};
        bool failed = false;
        for (int i = 0; i < 40; i++) {
            char name[16];
            snprintf(name, sizeof name, "n%d", i);
            if (i == 20) mem_fail_at(n, false);
            size_t before = m.live;
            if (name_map_put(&m, str_of(name), STR("x")) == STATUS_OK) continue;
            failed = true;
            assert_int_equal(m.live, before);
            assert_null(name_map_find(&m, str_of(name)).p);
            assert_non_null(name_map_find(&m, STR("n0")).p);
        }
        mem_fail_at(0, false);
        name_map_deinit(&m);
        if (!failed) return;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(order_and_removal),
                                       cmocka_unit_test(against_a_list),
                                       cmocka_unit_test(no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
