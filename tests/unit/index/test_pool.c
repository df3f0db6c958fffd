// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

#include "base/mem.h"
#include "index/pool.h"

enum { SHIFT = 3, ENTRY = 1024, CHUNK = ENTRY << SHIFT };

static char *entry_at(const struct pool *p, uint32_t i) {
    return pool_chunk(p, i) + (i & ((1u << SHIFT) - 1)) * ENTRY;
}

static uint32_t take(struct pool *p) {
    assert_int_equal(pool_reserve(p, 1), STATUS_OK);
    return pool_take(p);
}

static void entries_never_move_and_are_used_again(void **state) {
    (void)state;
    enum { COUNT = 6000 }; // beyond the size where slabs begin
    static char *where[COUNT];
    struct pool p;
    pool_init(&p, SHIFT, ENTRY, CHUNK, 1u << 20);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(take(&p), i);
        where[i] = entry_at(&p, i);
        memset(where[i], (int)(i & 255), ENTRY);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_ptr_equal(entry_at(&p, i), where[i]);
        assert_int_equal((unsigned char)where[i][ENTRY - 1], i & 255);
    }
    assert_int_equal(pool_count(&p), COUNT);
    assert_true(pool_bytes(&p) >= (size_t)COUNT * ENTRY);
    assert_true(pool_bytes(&p) <= (size_t)COUNT * ENTRY * 2);
    for (uint32_t i = 0; i < COUNT; i += 2)
        pool_give(&p, i);
    size_t bytes = pool_bytes(&p);
    for (uint32_t i = 0; i < COUNT; i += 2)
        assert_int_equal(take(&p) % 2, 0);
    assert_int_equal(pool_bytes(&p), bytes);
    assert_int_equal(pool_count(&p), COUNT);
    pool_clear(&p);
    assert_int_equal(pool_count(&p), 0);
    assert_int_equal(take(&p), 0);
    pool_deinit(&p);
    assert_int_equal(pool_bytes(&p), 0);
}

static void the_limit_is_kept(void **state) {
    (void)state;
    struct pool p;
    pool_init(&p, SHIFT, ENTRY, CHUNK, 20);
    assert_int_equal(pool_reserve(&p, 16), STATUS_OK);
    assert_int_equal(pool_reserve(&p, 17), STATUS_NO_MEMORY);
    assert_int_equal(pool_take(&p), 0);
    pool_deinit(&p);
}

static void a_failed_reserve_keeps_what_is_there(void **state) {
    (void)state;
    for (uint64_t n = 1; n <= 3; n++) {
        struct pool p;
        pool_init(&p, SHIFT, ENTRY, CHUNK, 1u << 20);
        mem_fail_at(n, false);
        assert_int_equal(pool_reserve(&p, 1), STATUS_NO_MEMORY);
        mem_fail_at(0, false);
        assert_int_equal(take(&p), 0);
        pool_deinit(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_never_move_and_are_used_again),
        cmocka_unit_test(the_limit_is_kept),
        cmocka_unit_test(a_failed_reserve_keeps_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
