// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "base/mem.h"
#include "index/places.h"

static void entries_stay_where_they_are(void **state) {
    (void)state;
    struct places p;
    places_init(&p);
    enum { COUNT = 5000 };
    static uint32_t *where[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(places_grow(&p, i), STATUS_OK);
        where[i] = places_at(&p, i);
        assert_int_equal(*where[i], PLACES_NONE);
        *where[i] = i;
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_ptr_equal(places_at(&p, i), where[i]);
        assert_int_equal(*where[i], i);
        assert_int_equal(places_grow(&p, i), STATUS_OK); // again: nothing is lost
        assert_int_equal(*where[i], i);
    }
    assert_int_equal(places_bytes(&p), 8192 * sizeof(uint32_t));
    places_deinit(&p);
    assert_int_equal(places_bytes(&p), 0);
}

static void any_order_will_do(void **state) {
    (void)state;
    struct places p;
    places_init(&p);
    assert_int_equal(places_grow(&p, 1000), STATUS_OK);
    assert_int_equal(places_grow(&p, 3), STATUS_OK);
    *places_at(&p, 1000) = 7;
    *places_at(&p, 3) = 8;
    assert_int_equal(*places_at(&p, 1000), 7);
    assert_int_equal(*places_at(&p, 3), 8);
    places_deinit(&p);
}

static void without_memory_nothing_changes(void **state) {
    (void)state;
    struct places p;
    places_init(&p);
    mem_fail_at(1, false);
    assert_int_equal(places_grow(&p, 0), STATUS_NO_MEMORY);
    mem_fail_at(0, false);
    assert_int_equal(places_bytes(&p), 0);
    assert_int_equal(places_grow(&p, 0), STATUS_OK);
    places_deinit(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_stay_where_they_are),
        cmocka_unit_test(any_order_will_do),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
