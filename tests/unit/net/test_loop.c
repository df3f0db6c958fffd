#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "net/loop.h"
#include "support/support.h"

static struct loop *loop;

struct tick {
    struct loop_timer timer;
    uint64_t asked_ns;
    unsigned *order;
    unsigned fired;
};

static unsigned fired_count, timers_left;
static uint64_t last_due;

static void on_tick(struct loop_timer *t) {
    struct tick *k = (struct tick *)t;
    assert_true(clock_mono_ns() >= k->asked_ns);
    assert_true(k->asked_ns >= last_due);
    last_due = k->asked_ns;
    k->fired++;
    fired_count++;
    if (--timers_left == 0) loop_stop(loop);
}

/// Timers come in order of their time, stopped ones never, restarted ones once.
static void test_timers(void **state) {
    (void)state;
    enum { COUNT = 500 };
    static struct tick ticks[COUNT];
    struct rand rand;
    rand_init(&rand, test_seed());
    memset(ticks, 0, sizeof ticks);
    fired_count = timers_left = 0;
    last_due = 0;
    for (int i = 0; i < COUNT; i++) {
        ticks[i].timer.on_due = on_tick;
        assert_int_equal(loop_timer_start(loop, &ticks[i].timer, rand_below(&rand, 60)), STATUS_OK);
    }
    for (int i = 0; i < COUNT; i++) {
        switch (rand_below(&rand, 3)) {
        case 0: loop_timer_stop(loop, &ticks[i].timer); break;
        case 1:
            assert_int_equal(loop_timer_start(loop, &ticks[i].timer, rand_below(&rand, 60)),
                             STATUS_OK);
            break;
        default: break;
        }
    }
    for (int i = 0; i < COUNT; i++) {
        ticks[i].asked_ns = ticks[i].timer.due_ns;
        timers_left += ticks[i].timer.due_ns != 0;
    }
    unsigned running = timers_left;
    loop_run(loop, NULL, NULL);
    assert_int_equal(fired_count, running);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(ticks[i].fired, ticks[i].asked_ns != 0);
}

static void test_timer_memory(void **state) {
    (void)state;
    struct loop *l;
    assert_int_equal(loop_new(&l), STATUS_OK);
    struct loop_timer t = {.on_due = on_tick};
    mem_fail_at(1, false);
    assert_int_equal(loop_timer_start(l, &t, 1), STATUS_NO_MEMORY);
    mem_fail_at(0, false);
    assert_true(t.due_ns == 0);
    assert_int_equal(loop_timer_start(l, &t, 1), STATUS_OK);
    loop_timer_stop(l, &t);
    loop_timer_stop(l, &t);
    loop_free(l);
}

static _Atomic unsigned posted;
enum { POSTERS = 3, POSTS = 4000 };

static void on_post(void *ctx) {
    (void)ctx;
    if (atomic_fetch_add(&posted, 1) + 1 == POSTERS * POSTS) loop_stop(loop);
}

static void *poster(void *ctx) {
    for (int i = 0; i < POSTS; i++)
        assert_int_equal(loop_post(loop, on_post, ctx), STATUS_OK);
    return NULL;
}

static void test_posts(void **state) {
    (void)state;
    pthread_t threads[POSTERS];
    atomic_store(&posted, 0);
    for (int i = 0; i < POSTERS; i++)
        pthread_create(&threads[i], NULL, poster, NULL);
    loop_run(loop, NULL, NULL);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&posted), POSTERS * POSTS);
}

static void test_posts_refused(void **state) {
    (void)state;
    struct loop *l;
    assert_int_equal(loop_new(&l), STATUS_OK);
    for (int i = 0; i < 64; i++) { // room for these was made beforehand
        mem_fail_at(1, true);
        assert_int_equal(loop_post(l, on_post, NULL), STATUS_OK);
    }
    assert_int_equal(loop_post(l, on_post, NULL), STATUS_NO_MEMORY);
    mem_fail_at(0, false);
    assert_int_equal(loop_post(l, on_post, NULL), STATUS_OK);
    loop_refuse_posts(l);
    assert_int_equal(loop_post(l, on_post, NULL), STATUS_CLOSED);
    loop_free(l);
}

struct note {
    struct loop_late late;
    int runs, again;
};

static char order[16];
static unsigned turns;

static void on_late(struct loop_late *t) {
    struct note *n = (struct note *)t;
    n->runs++;
    strcat(order, "l");
    if (n->again-- > 0) loop_late_add(loop, t);
}

static void on_turn(void *ctx) {
    (void)ctx;
    strcat(order, "t");
    if (++turns == 3) loop_stop(loop);
}

/// Late work comes before on_turn; what it adds comes in the next turn, without waiting.
static void test_late(void **state) {
    (void)state;
    struct note a = {.late.fn = on_late, .again = 2}, b = {.late.fn = on_late};
    order[0] = 0;
    turns = 0;
    loop_late_add(loop, &a.late);
    loop_late_add(loop, &a.late); // once
    loop_late_add(loop, &b.late);
    loop_late_remove(loop, &b.late);
    loop_run(loop, on_turn, NULL);
    assert_string_equal(order, "ltltlt");
    assert_int_equal(a.runs, 3);
    assert_int_equal(b.runs, 0);
}

struct end {
    struct loop_watch watch;
    struct loop_watch *other;
    int seen;
};

static void on_ready(struct loop_watch *w, uint32_t events) {
    (void)events;
    struct end *e = (struct end *)w;
    e->seen++;
    loop_watch_remove(loop, w);
    if (e->other) loop_watch_remove(loop, e->other);
    loop_stop(loop);
}

/// A watch that is removed in the turn in which it is ready is not called any more.
static void test_removed_in_turn(void **state) {
    (void)state;
    int pipes[2][2];
    struct end ends[2] = {{.watch.on_ready = on_ready}, {.watch.on_ready = on_ready}};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(pipes[i]), 0);
        ends[i].watch.fd = pipes[i][0];
        ends[i].other = &ends[1 - i].watch;
        assert_int_equal(write(pipes[i][1], "x", 1), 1);
        assert_int_equal(loop_watch_add(loop, &ends[i].watch, EPOLLIN), STATUS_OK);
    }
    loop_run(loop, NULL, NULL);
    assert_int_equal(ends[0].seen + ends[1].seen, 1);
    for (int i = 0; i < 4; i++)
        close(pipes[i / 2][i % 2]);
}

static void test_blocks(void **state) {
    (void)state;
    void *blocks[100];
    for (int i = 0; i < 100; i++)
        assert_non_null(blocks[i] = loop_block_get(loop));
    for (int i = 0; i < 100; i++)
        loop_block_put(loop, blocks[i]);
}

/// Every allocation of loop_new may fail.
static void test_new_no_memory(void **state) {
    (void)state;
    size_t before = mem_used();
    bool ended = false;
    for (uint64_t n = 1; !ended; n++) {
        struct loop *l = NULL;
        mem_fail_at(n, false);
        enum status st = loop_new(&l);
        ended = mem_alloc_count() < n;
        mem_fail_at(0, false);
        assert_int_equal(st, ended ? STATUS_OK : STATUS_NO_MEMORY);
        if (st == STATUS_OK) loop_free(l);
    }
    assert_int_equal(mem_used(), before);
}

static int setup(void **state) {
    (void)state;
    return loop_new(&loop) != STATUS_OK;
}

static int teardown(void **state) {
    (void)state;
    loop_free(loop);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers), cmocka_unit_test(test_timer_memory),
        cmocka_unit_test(test_posts),  cmocka_unit_test(test_posts_refused),
        cmocka_unit_test(test_late),   cmocka_unit_test(test_removed_in_turn),
        cmocka_unit_test(test_blocks), cmocka_unit_test(test_new_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
