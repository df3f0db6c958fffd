// test_arena.c - pieces do not overlap, reset keeps the first block, no memory is survived.

#include "support/support.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/rand.h"

static void pieces_are_aligned_and_do_not_overlap(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    struct arena arena;
    arena_init(&arena, 128);
    assert_int_equal(arena_bytes(&arena), 0);
    static struct {
        unsigned char *p;
        size_t size;
    } pieces[2000];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2000; i++) {
            size_t size = rand_below(&r, 100) == 0 ? rand_below(&r, 2500000) : rand_below(&r, 300);
            pieces[i].p = arena_alloc(&arena, size);
            pieces[i].size = size;
            assert_non_null(pieces[i].p);
            assert_int_equal((uintptr_t)pieces[i].p % 16, 0);
            memset(pieces[i].p, i & 255, size);
        }
        for (int i = 0; i < 2000; i++) {
            for (size_t k = 0; k < pieces[i].size; k++) {
                if (pieces[i].p[k] != (i & 255)) {
                    fail_msg("piece %d was written over", i);
                }
            }
        }
        arena_reset(&arena);
        assert_true(arena_bytes(&arena) < 1024);
    }
    arena_deinit(&arena);
    assert_int_equal(arena_bytes(&arena), 0);
}

static void blocks_double_up_to_one_mebibyte(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    for (int i = 0; i < 100000; i++) {
        assert_non_null(arena_alloc(&arena, 100));
    }
    // 11.2 MB of pieces: at most a block of 1 MiB is unused.
    assert_in_range(arena_bytes(&arena), 11200000, 11200000 + (2 << 20));
    arena_reset(&arena);
    assert_in_range(arena_bytes(&arena), 4096, 4200);
    arena_deinit(&arena);
}

static void strings_are_copied_with_a_nul(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct str s = arena_str(&arena, STR("abc"));
    assert_string_equal(s.p, "abc");
    assert_int_equal(s.len, 3);
    s = arena_str(&arena, STR_NONE);
    assert_non_null(s.p);
    assert_string_equal(s.p, "");
    unsigned char *zeros = arena_zalloc(&arena, 100, 10);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(zeros[i], 0);
    }
    arena_deinit(&arena);
}

static void absurd_sizes_and_no_memory_give_null(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    volatile size_t most = SIZE_MAX;
    assert_null(arena_alloc(&arena, most));
    assert_null(arena_alloc(&arena, most / 2 + 1));
    assert_null(arena_zalloc(&arena, most / 2, 3));
    for (uint64_t n = 1; n <= 3; n++) {
        struct arena small;
        arena_init(&small, 64);
        mem_fail_at(n, true);
        int got = 0;
        while (got < 100 && arena_alloc(&small, 40)) {
            got++;
        }
        assert_true(got < 100);
        assert_null(arena_str(&small, STR("a string that is far too long for what is left of the "
                                          "last of the blocks, which is full"))
                        .p);
        mem_fail_at(0, false);
        assert_non_null(arena_alloc(&small, 1000));
        arena_deinit(&small);
    }
    arena_deinit(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
        cmocka_unit_test(blocks_double_up_to_one_mebibyte),
        cmocka_unit_test(strings_are_copied_with_a_nul),
        cmocka_unit_test(absurd_sizes_and_no_memory_give_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
