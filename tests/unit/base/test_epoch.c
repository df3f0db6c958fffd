// test_epoch.c - memory is freed when it may be and never before.

#include "support/support.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/epoch.h"
#include "base/mem.h"
#include "base/rand.h"

static void count_free(void *ptr) {
    ++*(int *)ptr;
}

static void freed_after_the_readers_left(void **state) {
    (void)state;
    size_t before = mem_used();
    struct epoch *e;
    assert_int_equal(epoch_new(&e), STATUS_OK);
    unsigned a, b;
    assert_int_equal(epoch_register(e, &a), STATUS_OK);
    assert_int_equal(epoch_register(e, &b), STATUS_OK);
    int freed = 0;
    epoch_retire(e, &freed, count_free);
    assert_int_equal(freed, 0);
    epoch_collect(e);
    assert_int_equal(freed, 1);

    epoch_enter(e, a);
    epoch_retire(e, &freed, count_free);
    for (int i = 0; i < 10; i++) {
        epoch_collect(e);
    }
    assert_int_equal(freed, 1); // `a` was inside
    epoch_enter(e, b);          // came later: does not hold it up
    epoch_leave(e, a);
    for (int i = 0; i < 10; i++) {
        epoch_collect(e);
        epoch_leave(e, b);
        epoch_enter(e, b);
    }
    assert_int_equal(freed, 2);
    epoch_leave(e, b);
    epoch_unregister(e, a);
    epoch_unregister(e, b);
    epoch_free(e);
    assert_int_equal(mem_used(), before);
}

static void enters_nest(void **state) {
    (void)state;
    struct epoch *e;
    assert_int_equal(epoch_new(&e), STATUS_OK);
    unsigned id;
    assert_int_equal(epoch_register(e, &id), STATUS_OK);
    int freed = 0;
    epoch_enter(e, id);
    epoch_enter(e, id);
    epoch_retire(e, &freed, count_free);
    epoch_leave(e, id);
    for (int i = 0; i < 5; i++) {
        epoch_collect(e);
    }
    assert_int_equal(freed, 0);
    epoch_leave(e, id);
    epoch_collect(e);
    assert_int_equal(freed, 1);
    epoch_free(e);
}

static void ids_are_given_out_again(void **state) {
    (void)state;
    struct epoch *e;
    assert_int_equal(epoch_new(&e), STATUS_OK);
    unsigned id;
    for (unsigned i = 0; i < EPOCH_MAX_READERS; i++) {
        assert_int_equal(epoch_register(e, &id), STATUS_OK);
        assert_int_equal(id, i);
        assert_int_equal(epoch_reader_count(e), i + 1);
    }
    assert_int_equal(epoch_register(e, &id), STATUS_BUSY);
    epoch_unregister(e, 17);
    assert_int_equal(epoch_register(e, &id), STATUS_OK);
    assert_int_equal(id, 17);
    assert_int_equal(epoch_reader_count(e), EPOCH_MAX_READERS);
    epoch_free(e);
}

static void no_memory_frees_at_once_and_free_frees_the_rest(void **state) {
    (void)state;
    mem_fail_at(1, false);
    struct epoch *e;
    assert_int_equal(epoch_new(&e), STATUS_NO_MEMORY);
    mem_fail_at(0, false);
    assert_int_equal(epoch_new(&e), STATUS_OK);
    int freed = 0;
    mem_fail_at(1, true);
    epoch_retire(e, &freed, count_free);
    assert_int_equal(freed, 1);
    mem_fail_at(0, false);
    for (int i = 0; i < 200; i++) {
        epoch_retire(e, &freed, count_free);
    }
    assert_int_equal(freed, 1);
    epoch_free(e);
    assert_int_equal(freed, 201);
    epoch_free(NULL);
}

// Readers follow published nodes; a freed node is poisoned first, so one freed too early is seen
// even without a sanitizer.
#define READERS 3
#define ALIVE 0x600d600d600d600du
#define DEAD 0xdeadbeefdeadbeefu
#define NODES 8
#define RUN_NS 700000000u

struct node {
    uint64_t mark;
    uint64_t a, b; // equal while the node lives
};

struct nodes {
    struct epoch *e;
    _Atomic(struct node *) at[NODES];
    _Atomic bool stop;
    _Atomic uint64_t reads, bad, retired;
    uint64_t seed;
};

static _Atomic uint64_t nodes_freed;

static void node_free(void *ptr) {
    struct node *node = ptr;
    node->mark = DEAD;
    node->a = 1;
    node->b = 2;
    atomic_fetch_add_explicit(&nodes_freed, 1, memory_order_relaxed);
    mem_free(node);
}

static struct node *node_new(uint64_t v) {
    struct node *node = mem_alloc(sizeof *node);
    if (node) {
        *node = (struct node){ALIVE, v, v};
    }
    return node;
}

static void *read_nodes(void *arg) {
    struct nodes *t = arg;
    unsigned id;
    if (epoch_register(t->e, &id) != STATUS_OK) {
        return NULL;
    }
    uint64_t reads = 0, bad = 0;
    while (!atomic_load_explicit(&t->stop, memory_order_relaxed)) {
        epoch_enter(t->e, id);
        struct node *held[NODES];
        for (int i = 0; i < NODES; i++) {
            held[i] = atomic_load_explicit(&t->at[i], memory_order_acquire);
        }
        epoch_enter(t->e, id);
        epoch_leave(t->e, id);
        for (int i = 0; i < NODES; i++) {
            bad += held[i]->mark != ALIVE || held[i]->a != held[i]->b;
        }
        epoch_leave(t->e, id);
        reads++;
    }
    epoch_unregister(t->e, id);
    atomic_fetch_add(&t->reads, reads);
    atomic_fetch_add(&t->bad, bad);
    return NULL;
}

static void *replace_nodes(void *arg) {
    struct nodes *t = arg;
    struct rand r;
    rand_init(&r, t->seed);
    uint64_t end = clock_mono_ns() + RUN_NS;
    for (uint64_t i = 0; clock_mono_ns() < end; i++) {
        struct node *fresh = node_new(i);
        if (!fresh) {
            continue;
        }
        struct node *old =
            atomic_exchange_explicit(&t->at[rand_below(&r, NODES)], fresh, memory_order_acq_rel);
        epoch_retire(t->e, old, node_free);
        atomic_fetch_add_explicit(&t->retired, 1, memory_order_relaxed);
        if (i % 16 == 0) {
            epoch_collect(t->e);
        }
    }
    atomic_store(&t->stop, true);
    return NULL;
}

static void no_reader_sees_freed_memory(void **state) {
    (void)state;
    struct nodes t = {.seed = test_seed()};
    size_t before = mem_used();
    atomic_store(&nodes_freed, 0);
    assert_int_equal(epoch_new(&t.e), STATUS_OK);
    for (int i = 0; i < NODES; i++) {
        atomic_init(&t.at[i], node_new(0));
    }
    pthread_t readers[READERS], writers[2];
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_nodes, &t), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&writers[i], NULL, replace_nodes, &t), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(writers[i], NULL);
    }
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i], NULL);
    }
    assert_true(atomic_load(&t.reads) > 0);
    assert_int_equal(atomic_load(&t.bad), 0);
    epoch_collect(t.e);
    assert_int_equal(atomic_load(&nodes_freed), atomic_load(&t.retired));
    epoch_free(t.e);
    for (int i = 0; i < NODES; i++) {
        mem_free(atomic_load(&t.at[i]));
    }
    assert_int_equal(mem_used(), before);
    fprintf(stderr, "%" PRIu64 " reads, %" PRIu64 " replacements\n", atomic_load(&t.reads),
            atomic_load(&t.retired));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freed_after_the_readers_left),
        cmocka_unit_test(enters_nest),
        cmocka_unit_test(ids_are_given_out_again),
        cmocka_unit_test(no_memory_frees_at_once_and_free_frees_the_rest),
        cmocka_unit_test(no_reader_sees_freed_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
