#include "base/slab.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rand.h"

#define BLOCKS 3000

struct kept {
    unsigned char *at;
    size_t size;
    unsigned char mark;
};

static size_t any_size(struct rand *r) {
    static const size_t edges[] = {1,     16,    17,    1023,    1024,   1025,
                                   65535, 65536, 65537, 1048576, 1048577};
    uint64_t kind = rand_below(r, 100);
    if (kind < 5) {
        return edges[rand_below(r, sizeof edges / sizeof edges[0])];
    }
    return 1 + rand_below(r, kind < 90 ? 1024 : kind < 98 ? 50000 : 3000000);
}

// Ends only: touching all of it would take the time of the test.
static void mark(const struct kept *k) {
    memset(k->at, k->mark, k->size < 64 ? k->size : 64);
    k->at[k->size - 1] = k->mark;
}

static void check(const struct kept *k) {
    assert_int_equal(k->at[0], k->mark);
    assert_int_equal(k->at[k->size < 64 ? k->size - 1 : 63], k->mark);
    assert_int_equal(k->at[k->size - 1], k->mark);
}

static void churn(struct rand *r, struct kept *kept, unsigned rounds) {
    for (unsigned i = 0; i < rounds; i++) {
        struct kept *k = &kept[rand_below(r, BLOCKS)];
        if (k->at) {
            check(k);
            slab_free(k->at, k->size);
            k->at = NULL;
            continue;
        }
        k->size = any_size(r);
        k->mark = (unsigned char)rand_below(r, 256);
        k->at = slab_alloc(k->size);
        assert_non_null(k->at);
        assert_int_equal((uintptr_t)k->at % (k->size > 1024 ? 64 : 16), 0);
        mark(k);
    }
}

static void drop_all(struct kept *kept) {
    for (size_t i = 0; i < BLOCKS; i++) {
        if (kept[i].at) check(&kept[i]);
        slab_free(kept[i].at, kept[i].size);
        kept[i].at = NULL;
    }
}

static void test_blocks_do_not_overlap(void **state) {
    (void)state;
    static struct kept kept[BLOCKS];
    uint64_t seed = 0;
    assert_int_equal(rand_secure(&seed, sizeof seed), 0);
    print_message("seed %llu\n", (unsigned long long)seed);
    struct rand r;
    rand_init(&r, seed);
    size_t before = mem_used();
    churn(&r, kept, 40000);
    drop_all(kept);
    assert_int_equal(mem_used(), before);
}

static void test_memory_goes_back(void **state) {
    (void)state;
    enum { MANY = 100000 };
    static void *blocks[MANY];
    size_t before = slab_held();
    for (size_t i = 0; i < MANY; i++) {
        assert_non_null(blocks[i] = slab_alloc(112));
    }
    size_t most = slab_held();
    assert_true(most == 0 || most - before >= MANY * 112 - ((size_t)2 << 20)); // 0: all by malloc
    for (size_t i = 0; i < MANY; i += 2) {
        slab_free(blocks[i], 112);
    }
    for (size_t i = 1; i < MANY; i += 2) {
        slab_free(blocks[i], 112);
    }
    assert_in_range(slab_held(), 0, before + ((size_t)4 << 20));
}

static void test_tables_share_slabs_and_go_back(void **state) {
    (void)state;
    size_t before = slab_held();
    char *a = slab_zalloc(1 << 20), *b = slab_zalloc(1 << 20), *c = slab_zalloc(65536);
    assert_true(a && b && c);
    for (size_t i = 0; i < 1 << 20; i += 4096) {
        assert_int_equal(a[i] | b[i], 0);
    }
    assert_in_range(slab_held(), before, before + ((size_t)4 << 20));
    memset(a, 1, 1 << 20);
    slab_free(a, 1 << 20);
    a = slab_zalloc(1 << 20); // used memory is zeroed too
    assert_non_null(a);
    assert_int_equal(a[0] | a[(1 << 20) - 1], 0);
    slab_free(b, 1 << 20);
    slab_free(c, 65536);
    slab_free(a, 1 << 20);
    char *large = slab_zalloc(5000000);
    assert_non_null(large);
    assert_int_equal(large[0] | large[4999999], 0);
    slab_free(large, 5000000);
    assert_in_range(slab_held(), 0, before + ((size_t)2 << 20));
}

static void test_counted_limited_and_made_to_fail(void **state) {
    (void)state;
    static const size_t sizes[] = {100, 5000, 100000, 3000000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t before = mem_used();
        void *p = slab_alloc(sizes[i]);
        assert_non_null(p);
        assert_true(mem_used() >= before + sizes[i]);
        slab_free(p, sizes[i]);
        assert_int_equal(mem_used(), before);

        mem_fail_at(1, false);
        assert_null(slab_alloc(sizes[i]));
        mem_fail_at(0, false);
        mem_set_limit(mem_used() + sizes[i] / 2);
        assert_null(slab_alloc(sizes[i]));
        mem_set_limit(0);
        assert_int_equal(mem_used(), before);
    }
    slab_free(NULL, 100);
    slab_free(NULL, 3000000);
}

// One thread makes, another frees, two pairs at a time: as writers and epochs do.
static void *make_many(void *arg) {
    struct kept *kept = arg;
    struct rand r;
    rand_init(&r, (uintptr_t)kept);
    for (size_t i = 0; i < BLOCKS; i++) {
        kept[i].size = 1 + rand_below(&r, 600);
        kept[i].mark = (unsigned char)i;
        kept[i].at = slab_alloc(kept[i].size);
        if (!kept[i].at) {
            return arg;
        }
        mark(&kept[i]);
        if (i % 3 == 0) { // and some at once
            slab_free(kept[i].at, kept[i].size);
            kept[i].at = NULL;
        }
    }
    return NULL;
}

static void *free_many(void *arg) {
    struct kept *kept = arg;
    void *failed = NULL;
    for (size_t i = 0; i < BLOCKS; i++) {
        struct kept *k = &kept[i];
        if (k->at) {
            failed = k->at[0] == k->mark && k->at[k->size - 1] == k->mark ? failed : arg;
            slab_free(k->at, k->size);
            k->at = NULL;
        }
    }
    return failed;
}

static void run_both(void *(*one)(void *), void *arg, void *(*other)(void *), void *other_arg) {
    pthread_t a, b;
    void *failed;
    assert_int_equal(pthread_create(&a, NULL, one, arg), 0);
    assert_int_equal(pthread_create(&b, NULL, other, other_arg), 0);
    assert_int_equal(pthread_join(a, &failed), 0);
    assert_null(failed);
    assert_int_equal(pthread_join(b, &failed), 0);
    assert_null(failed);
}

static void test_freed_by_another_thread(void **state) {
    (void)state;
    static struct kept some[BLOCKS], others[BLOCKS];
    size_t before = slab_held();
    for (int round = 0; round < 10; round++) { // threads end: what they kept comes back
        run_both(make_many, some, make_many, others);
        run_both(free_many, some, free_many, others);
        run_both(make_many, some, make_many, others);
        run_both(free_many, some, free_many, others);
    }
    assert_in_range(slab_held(), 0, before + ((size_t)8 << 20));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_do_not_overlap),
        cmocka_unit_test(test_memory_goes_back),
        cmocka_unit_test(test_tables_share_slabs_and_go_back),
        cmocka_unit_test(test_counted_limited_and_made_to_fail),
        cmocka_unit_test(test_freed_by_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
