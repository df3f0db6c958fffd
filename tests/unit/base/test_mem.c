// test_mem.c - counting, the limit, planned failures, several threads.

#include "support/support.h"

#include <errno.h>
#include <pthread.h>

#include "base/mem.h"

static void every_allocation_is_counted_and_given_back(void **state) {
    (void)state;
    size_t before = mem_used();
    char *a = mem_alloc(1000);
    char *b = mem_zalloc(10, 100);
    char *c = mem_alloc_aligned(4096, 5000);
    char *d = mem_alloc(0);
    assert_true(a && b && c && d);
    assert_int_equal((uintptr_t)c % 4096, 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(b[i], 0);
    }
    assert_in_range(mem_used() - before, 7000, 12000);
    memset(a, 'a', 1000);
    a = mem_realloc(a, 200000);
    assert_non_null(a);
    assert_int_equal(a[999], 'a');
    assert_in_range(mem_used() - before, 206000, 220000);
    a = mem_realloc(a, 10);
    assert_in_range(mem_used() - before, 6000, 12000);
    errno = EDOM;
    mem_free(a);
    assert_int_equal(errno, EDOM);
    mem_free(b);
    mem_free(c);
    mem_free(d);
    mem_free(NULL);
    assert_int_equal(mem_used(), before);
}

static void overflow_is_refused(void **state) {
    (void)state;
    volatile size_t half = SIZE_MAX / 2 + 1;
    assert_null(mem_zalloc(half, 2));
    assert_null(mem_zalloc(half, half));
}

static void the_limit_refuses_and_leaves_the_old_block(void **state) {
    (void)state;
    size_t before = mem_used();
    char *p = mem_alloc(100);
    strcpy(p, "still here");
    mem_set_limit(before + 100000);
    assert_int_equal(mem_limit(), before + 100000);
    assert_null(mem_alloc(100001));
    assert_null(mem_zalloc(1, 100001));
    assert_null(mem_alloc_aligned(64, 100001));
    assert_null(mem_realloc(p, 100001 + 100));
    volatile size_t all = SIZE_MAX;
    assert_null(mem_alloc(all));
    assert_string_equal(p, "still here");
    char *fits = mem_alloc(90000);
    assert_non_null(fits);
    assert_null(mem_alloc(20000));
    p = mem_realloc(p, 50); // shrinking is always allowed
    assert_non_null(p);
    mem_free(fits);
    fits = mem_alloc(90000);
    assert_non_null(fits);
    mem_set_limit(1); // below what is used: nothing more, but frees and shrinks go on
    assert_null(mem_alloc(1));
    fits = mem_realloc(fits, 100);
    assert_non_null(fits);
    mem_set_limit(0);
    mem_free(fits);
    mem_free(p);
    assert_int_equal(mem_used(), before);
}

static void the_nth_allocation_fails(void **state) {
    (void)state;
    for (uint64_t n = 1; n <= 4; n++) {
        mem_fail_at(n, false);
        void *p[4] = {mem_alloc(8), mem_zalloc(1, 8), mem_alloc_aligned(64, 8),
                      mem_realloc(NULL, 8)};
        assert_int_equal(mem_alloc_count(), 4);
        for (uint64_t i = 0; i < 4; i++) {
            assert_int_equal(p[i] == NULL, i + 1 == n);
            mem_free(p[i]);
        }
    }
    mem_fail_at(2, true);
    void *first = mem_alloc(8);
    assert_non_null(first);
    assert_null(mem_realloc(first, 100));
    assert_null(mem_alloc(8));
    assert_null(mem_zalloc(1, 8));
    mem_fail_at(0, false);
    void *p = mem_alloc(8);
    assert_non_null(p);
    assert_int_equal(mem_alloc_count(), 1);
    mem_free(p);
    mem_free(first);
}

#define THREADS 4
#define BLOCKS 500

static void *allocate_blocks(void *out) {
    void **blocks = out;
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = mem_alloc(1000);
    }
    return NULL;
}

static void *free_blocks(void *in) {
    void **blocks = in;
    for (int i = 0; i < BLOCKS; i++) {
        mem_free(blocks[i]);
    }
    return NULL;
}

static void run_threads(void *(*fn)(void *), void *blocks[THREADS][BLOCKS]) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, fn, blocks[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

// Exact once the threads have ended, although others free what some allocated.
static void the_count_is_right_when_threads_have_ended(void **state) {
    (void)state;
    static void *blocks[THREADS][BLOCKS];
    size_t before = mem_used();
    run_threads(allocate_blocks, blocks);
    assert_in_range(mem_used() - before, THREADS * BLOCKS * 1000, THREADS * BLOCKS * 1100);
    run_threads(free_blocks, blocks);
    assert_int_equal(mem_used(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_is_counted_and_given_back),
        cmocka_unit_test(overflow_is_refused),
        cmocka_unit_test(the_limit_refuses_and_leaves_the_old_block),
        cmocka_unit_test(the_nth_allocation_fails),
        cmocka_unit_test(the_count_is_right_when_threads_have_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
