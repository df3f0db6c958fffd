// test_brlock.c - readers never see a writer's work half done, and everyone gets through.

#include "support/support.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/brlock.h"
#include "base/clock.h"
#include "base/mem.h"

#define READERS 3
#define WRITERS 2
#define RUN_NS 500000000u

struct shared {
    struct brlock *lock;
    uint64_t a, b; // equal outside of write_begin .. write_end; plain on purpose
    _Atomic bool stop;
    _Atomic uint64_t reads, unequal, writes, went_back;
};

struct reader {
    struct shared *shared;
    unsigned id;
};

static void *read_pairs(void *arg) {
    struct reader *r = arg;
    struct shared *s = r->shared;
    uint64_t reads = 0, last = 0;
    while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
        brlock_read_begin(s->lock, r->id);
        uint64_t a = s->a, b = s->b;
        brlock_read_end(s->lock, r->id);
        atomic_fetch_add_explicit(&s->unequal, a != b, memory_order_relaxed);
        atomic_fetch_add_explicit(&s->went_back, a < last, memory_order_relaxed);
        last = a;
        reads++;
    }
    atomic_fetch_add(&s->reads, reads);
    return NULL;
}

static void *write_pairs(void *arg) {
    struct shared *s = arg;
    uint64_t writes = 0, end = clock_mono_ns() + RUN_NS;
    while (clock_mono_ns() < end) {
        brlock_write_begin(s->lock);
        s->a++;
        if (writes % 64 == 0) {
            sched_yield(); // let readers run into the half-done work
        }
        s->b++;
        brlock_write_end(s->lock);
        writes++;
    }
    atomic_fetch_add(&s->writes, writes);
    return NULL;
}

static void readers_see_whole_writes(void **state) {
    (void)state;
    struct shared s = {0};
    assert_int_equal(brlock_new(READERS, &s.lock), STATUS_OK);
    pthread_t readers[READERS], writers[WRITERS];
    struct reader args[READERS];
    for (unsigned i = 0; i < READERS; i++) {
        args[i] = (struct reader){&s, i};
        assert_int_equal(pthread_create(&readers[i], NULL, read_pairs, &args[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&writers[i], NULL, write_pairs, &s), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i], NULL);
    }
    atomic_store(&s.stop, true);
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i], NULL);
    }
    assert_int_equal(atomic_load(&s.unequal), 0);
    assert_int_equal(atomic_load(&s.went_back), 0);
    assert_true(s.a == atomic_load(&s.writes) && s.b == s.a && s.a > 0);
    assert_true(atomic_load(&s.reads) > 0);
    fprintf(stderr, "%" PRIu64 " reads, %" PRIu64 " writes\n", atomic_load(&s.reads), s.a);
    brlock_free(s.lock);
}

static void *write_once(void *arg) {
    struct shared *s = arg;
    brlock_write_begin(s->lock);
    s->a = 1;
    brlock_write_end(s->lock);
    atomic_store(&s->stop, true);
    return NULL;
}

static void a_writer_waits_for_the_reader_inside(void **state) {
    (void)state;
    struct shared s = {0};
    assert_int_equal(brlock_new(4, &s.lock), STATUS_OK);
    brlock_read_begin(s.lock, 3);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_once, &s), 0);
    usleep(30000);
    assert_false(atomic_load(&s.stop));
    assert_int_equal(s.a, 0);
    brlock_read_end(s.lock, 3);
    pthread_join(writer, NULL);
    brlock_read_begin(s.lock, 0);
    assert_int_equal(s.a, 1);
    brlock_read_end(s.lock, 0);
    brlock_free(s.lock);
}

static void no_memory_is_a_status(void **state) {
    (void)state;
    struct brlock *lock = NULL;
    mem_fail_at(1, false);
    assert_int_equal(brlock_new(2, &lock), STATUS_NO_MEMORY);
    assert_null(lock);
    mem_fail_at(0, false);
    brlock_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_see_whole_writes),
        cmocka_unit_test(a_writer_waits_for_the_reader_inside),
        cmocka_unit_test(no_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
