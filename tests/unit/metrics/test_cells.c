// test_cells.c - counts of many threads add up, also when threads come, go, or are too many.

#include "support/support.h"

#include <pthread.h>

#include "base/mem.h"
#include "metrics/cells.h"

#define COUNTS 20000

static void *count_up(void *arg) {
    for (int i = 0; i < COUNTS; i++) {
        cells_add(arg, 1, 1);
        cells_add(arg, 3, 2);
    }
    return NULL;
}

static void threads_in_turn_share_one_array(void **state) {
    (void)state;
    struct cells cells;
    assert_int_equal(cells_init(&cells, 4), STATUS_OK);
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, count_up, &cells), 0);
        pthread_join(thread, NULL);
    }
    assert_int_equal(cells_sum(&cells, 0), 0);
    assert_int_equal(cells_sum(&cells, 1), 20 * COUNTS);
    assert_int_equal(cells_sum(&cells, 3), 40 * COUNTS);
    int arrays = 0;
    for (int i = 0; i < CELLS_THREADS + 2; i++) {
        arrays += atomic_load(&cells.own[i]) != NULL;
    }
    assert_int_equal(arrays, 1);
    cells_deinit(&cells);
}

static pthread_barrier_t all_here;

static void *count_together(void *arg) {
    cells_add(arg, 0, 1);
    pthread_barrier_wait(&all_here); // every thread holds its index now
    count_up(arg);
    return NULL;
}

static void more_threads_than_indices(void **state) {
    (void)state;
    enum { THREADS = CELLS_THREADS + 8 };
    struct cells cells;
    assert_int_equal(cells_init(&cells, 4), STATUS_OK);
    pthread_t threads[THREADS];
    pthread_barrier_init(&all_here, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_together, &cells), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&all_here);
    assert_int_equal(cells_sum(&cells, 0), THREADS);
    assert_int_equal(cells_sum(&cells, 1), THREADS * COUNTS);
    assert_int_equal(cells_sum(&cells, 3), 2 * THREADS * COUNTS);
    assert_true(atomic_load(&cells.shared[1]) >= 8 * COUNTS);
    cells_deinit(&cells);
}

static void without_memory_the_shared_cells_count(void **state) {
    (void)state;
    size_t before = mem_used();
    struct cells cells;
    mem_fail_at(1, true);
    assert_int_equal(cells_init(&cells, 4), STATUS_NO_MEMORY);
    cells_deinit(&cells);
    mem_fail_at(0, false);
    assert_int_equal(cells_init(&cells, 4), STATUS_OK);
    mem_fail_at(1, true);
    cells_add(&cells, 2, 5);
    mem_fail_at(0, false);
    cells_add(&cells, 2, 6);
    assert_int_equal(atomic_load(&cells.shared[2]), 5);
    assert_int_equal(cells_sum(&cells, 2), 11);
    cells_deinit(&cells);
    assert_int_equal(mem_used(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_in_turn_share_one_array),
        cmocka_unit_test(more_threads_than_indices),
        cmocka_unit_test(without_memory_the_shared_cells_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
