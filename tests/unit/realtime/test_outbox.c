// test_outbox.c - a log of numbers, receivers that answer as they like: each gets all of its own, in order.

#include "support/support.h"

#include "base/mem.h"
#include "base/rand.h"
#include "realtime/outbox.h"

struct post {
    struct outbox *o;
    int64_t now;
};

static void open_with(struct post *p, const char *schedule, unsigned most) {
    struct outbox_schedule s;
    assert_int_equal(outbox_schedule_parse(str_of(schedule), &s, NULL), STATUS_OK);
    p->now = 1000000;
    assert_int_equal(outbox_new(&s, most, 1, &p->o), STATUS_OK);
}

static void put(struct post *p, const char *name, const char *fence, const char *url,
                uint64_t since) {
    struct str urls[4];
    size_t count = 0;
    struct str rest = str_of(url), part;
    while (str_split(&rest, ',', &part))
        urls[count++] = part;
    struct outbox_spec spec = {.name = str_of(name),
                               .kind = FENCE_HOOK,
                               .fence_id = str_of(fence),
                               .urls = urls,
                               .url_count = count};
    struct outbox_mark mark = {.cursor = since};
    assert_int_equal(outbox_put(p->o, &spec, &mark, p->now), STATUS_OK);
}

static void route(struct post *p, const char *fence, uint64_t seq) {
    struct event_log_cursor place = {.seq = seq, .segment = 1, .offset = seq};
    outbox_route(p->o, FENCE_HOOK, str_of(fence), FENCE_ENTER, &place);
}

static struct outbox_target_info info(struct post *p, const char *name) {
    struct outbox_target_info i;
    assert_true(outbox_find(p->o, str_of(name), &i));
    return i;
}

static enum outbox_outcome answer(struct post *p, struct outbox_target *t, unsigned status,
                                  uint32_t after) {
    struct webhook_result r = {.status = status, .retry_after_s = after, .text = "no answer"};
    return outbox_result(p->o, t, &r, p->now);
}

/// The next POST must be this event of this target.
static struct outbox_target *next(struct post *p, const char *name, uint64_t seq) {
    struct event_log_cursor at;
    struct outbox_target *t = outbox_next(p->o, p->now, &at);
    assert_non_null(t);
    assert_true(str_eq(outbox_name(t), str_of(name)));
    assert_int_equal(at.seq, seq);
    return t;
}

static void none(struct post *p) {
    struct event_log_cursor at;
    assert_null(outbox_next(p->o, p->now, &at));
}

static void test_one_at_a_time_in_order(void **state) {
    (void)state;
    struct post p;
    open_with(&p, "0,5,300", 100);
    put(&p, "a", "f", "http://a", 2);
    put(&p, "b", "g", "http://b", 0);
    for (uint64_t seq = 1; seq <= 6; seq++)
        route(&p, seq == 5 ? "g" : "f", seq);
    struct outbox_target *a = next(&p, "a", 3), *b = next(&p, "b", 5);
    none(&p);
    assert_int_equal(answer(&p, a, 200, 0), OUTBOX_DELIVERED);
    a = next(&p, "a", 4);
    none(&p);
    assert_int_equal(answer(&p, b, 204, 0), OUTBOX_DELIVERED);
    none(&p);
    assert_int_equal(answer(&p, a, 299, 0), OUTBOX_DELIVERED);
    a = next(&p, "a", 6);
    assert_int_equal(answer(&p, a, 200, 0), OUTBOX_DELIVERED);
    none(&p);
    assert_int_equal(info(&p, "a").mark.cursor, 6);
    assert_int_equal(info(&p, "b").mark.cursor, 5);
    outbox_level(p.o);
    assert_int_equal(info(&p, "b").mark.cursor, 6);
    assert_int_equal(outbox_lowest(p.o), 6);
    outbox_free(p.o);
}

static void test_the_schedule_then_disabled(void **state) {
    (void)state;
    struct post p;
    open_with(&p, "0,5,300", 100);
    put(&p, "a", "f", "http://a", 0);
    route(&p, "f", 1);
    route(&p, "f", 2);
    assert_int_equal(answer(&p, next(&p, "a", 1), 500, 0), OUTBOX_LATER);
    none(&p);
    int64_t wait = outbox_wait_ms(p.o, p.now);
    assert_in_range(wait, 4000, 6000); // 5 s and a fifth either way
    p.now += wait - 1;
    none(&p);
    p.now++;
    assert_int_equal(answer(&p, next(&p, "a", 1), 301, 0), OUTBOX_LATER); // not followed
    assert_in_range(outbox_wait_ms(p.o, p.now), 240000, 360000);
    p.now += 360000;
    assert_int_equal(answer(&p, next(&p, "a", 1), 0, 0), OUTBOX_DISABLED);
    p.now += 1000000000;
    none(&p);
    assert_int_equal(outbox_wait_ms(p.o, p.now), -1);
    struct outbox_target_info i = info(&p, "a");
    assert_true(i.mark.disabled);
    assert_int_equal(i.mark.cursor, 0);
    assert_int_equal(i.waiting_seq, 1);
    assert_true(str_eq(i.error, STR("no answer")));
    // What comes meanwhile waits; after the mend all of it is delivered.
    route(&p, "f", 3);
    put(&p, "a", "f", "http://other", 99);
    struct outbox_target *a = next(&p, "a", 1);
    assert_string_equal(outbox_url(a), "http://other");
    answer(&p, a, 200, 0);
    answer(&p, next(&p, "a", 2), 200, 0);
    answer(&p, next(&p, "a", 3), 200, 0);
    none(&p);
    assert_false(info(&p, "a").mark.disabled);
    outbox_free(p.o);
}

static void test_410_retry_after_and_throttling(void **state) {
    (void)state;
    struct post p;
    open_with(&p, "0,5,300", 100);
    put(&p, "a", "f", "http://a", 0);
    put(&p, "b", "g", "http://b", 0);
    route(&p, "f", 1);
    route(&p, "g", 2);
    route(&p, "g", 3);
    assert_int_equal(answer(&p, next(&p, "a", 1), 410, 0), OUTBOX_DISABLED);
    assert_int_equal(answer(&p, next(&p, "b", 2), 429, 77), OUTBOX_LATER);
    assert_int_equal(outbox_wait_ms(p.o, p.now), 77000);
    p.now += 77000;
    answer(&p, next(&p, "b", 2), 200, 0);
    // It takes them again, but slower for a while.
    none(&p);
    assert_in_range(outbox_wait_ms(p.o, p.now), 1, 1000);
    p.now += 1000;
    answer(&p, next(&p, "b", 3), 200, 0);
    outbox_free(p.o);
}

static void test_the_next_url_at_once(void **state) {
    (void)state;
    struct post p;
    open_with(&p, "0,5", 100);
    put(&p, "a", "f", "http://1,http://2,http://3", 0);
    route(&p, "f", 1);
    struct outbox_target *a = next(&p, "a", 1);
    assert_string_equal(outbox_url(a), "http://1");
    assert_int_equal(answer(&p, a, 0, 0), OUTBOX_ANOTHER_URL);
    a = next(&p, "a", 1);
    assert_string_equal(outbox_url(a), "http://2");
    assert_int_equal(answer(&p, a, 410, 0), OUTBOX_ANOTHER_URL);
    a = next(&p, "a", 1);
    assert_string_equal(outbox_url(a), "http://3");
    assert_int_equal(answer(&p, a, 500, 0), OUTBOX_LATER);
    p.now += 10000;
    a = next(&p, "a", 1);
    assert_string_equal(outbox_url(a), "http://1");
    assert_int_equal(answer(&p, a, 200, 0), OUTBOX_DELIVERED);
    outbox_free(p.o);
}

static void test_failing_ones_take_at_most_half(void **state) {
    (void)state;
    struct post p;
    struct outbox_target *busy[10];
    struct event_log_cursor at;
    open_with(&p, "0,1,1,1", 8);
    for (unsigned i = 0; i < 10; i++) {
        char name[8] = {'d', (char)('0' + i)};
        put(&p, name, name, "http://dead", 0);
    }
    put(&p, "well", "w", "http://well", 0);
    for (unsigned i = 0; i < 10; i++) {
        char name[8] = {'d', (char)('0' + i)};
        route(&p, name, i + 1);
    }
    for (unsigned round = 0; round < 2; round++) {
        unsigned n = 0;
        while (n < 10 && (busy[n] = outbox_next(p.o, p.now, &at)))
            n++;
        assert_int_equal(n, round == 0 ? 8 : 2); // nobody knows them yet
        for (unsigned i = 0; i < n; i++)
            answer(&p, busy[i], 0, 0);
    }
    p.now += 5000;
    unsigned n = 0;
    while (n < 10 && (busy[n] = outbox_next(p.o, p.now, &at)))
        n++;
    assert_int_equal(n, 4);
    // One that is well has its turn all the same.
    route(&p, "w", 100);
    answer(&p, next(&p, "well", 100), 200, 0);
    for (unsigned i = 0; i < n; i++)
        answer(&p, busy[i], 0, 0);
    struct outbox_counts c;
    outbox_counts(p.o, &c);
    assert_int_equal(c.targets, 11);
    assert_int_equal(c.failing, 10);
    assert_int_equal(c.busy, 0);
    outbox_free(p.o);
}

static void test_removed_while_busy(void **state) {
    (void)state;
    struct post p;
    open_with(&p, "0", 8);
    put(&p, "a", "f", "http://a", 0);
    route(&p, "f", 1);
    struct outbox_target *a = next(&p, "a", 1);
    assert_true(outbox_remove(p.o, STR("a")));
    assert_false(outbox_remove(p.o, STR("a")));
    put(&p, "a", "f", "http://new", 1);
    route(&p, "f", 2);
    struct outbox_target *b = next(&p, "a", 2);
    assert_int_equal(answer(&p, a, 200, 0), OUTBOX_REMOVED);
    assert_int_equal(answer(&p, b, 200, 0), OUTBOX_DELIVERED);
    assert_int_equal(info(&p, "a").mark.cursor, 2);
    outbox_free(p.o);
}

static void test_replay_and_skip(void **state) {
    (void)state;
    struct post p;
    open_with(&p, "0", 8);
    put(&p, "a", "f", "http://a", 0);
    for (uint64_t seq = 1; seq <= 3; seq++)
        route(&p, "f", seq);
    assert_int_equal(answer(&p, next(&p, "a", 1), 500, 0), OUTBOX_DISABLED);
    assert_true(outbox_skip(p.o, STR("a"), p.now));
    struct outbox_target *a = next(&p, "a", 2);
    assert_false(outbox_skip(p.o, STR("a"), p.now)); // it is under way
    assert_true(outbox_replay(p.o, STR("a"), 1, p.now));
    assert_int_equal(answer(&p, a, 200, 0), OUTBOX_DELIVERED); // and forgotten
    assert_int_equal(info(&p, "a").mark.cursor, 0);
    none(&p);
    struct event_log_cursor cursor;
    assert_int_equal(outbox_wait_ms(p.o, p.now), 0);
    assert_ptr_equal(outbox_behind(p.o, &cursor), a);
    assert_int_equal(cursor.seq, 1);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        cursor.seq = seq;
        assert_true(outbox_catch_up(p.o, a, FENCE_HOOK, STR("f"), FENCE_ENTER, &cursor));
    }
    cursor.seq = 4;
    outbox_caught_up(p.o, a, &cursor);
    for (uint64_t seq = 1; seq <= 3; seq++)
        answer(&p, next(&p, "a", seq), 200, 0);
    none(&p);
    outbox_free(p.o);
}

static void test_marks_as_text(void **state) {
    (void)state;
    struct outbox_mark m = {.cursor = UINT64_MAX - 1,
                            .tries = 7,
                            .retry_ms = 123456789012345,
                            .disabled = true,
                            .status = 503,
                            .failed_ms = 1},
                       back;
    struct buf text;
    buf_init(&text);
    outbox_mark_write(&m, &text);
    assert_true(outbox_mark_parse(buf_str(&text), &back));
    assert_int_equal(back.cursor, m.cursor);
    assert_int_equal(back.tries, m.tries);
    assert_int_equal(back.retry_ms, m.retry_ms);
    assert_true(back.disabled);
    assert_int_equal(back.status, m.status);
    assert_int_equal(back.failed_ms, m.failed_ms);
    for (size_t cut = 0; cut + 1 < text.len; cut++) {
        if (text.data[cut] == ' ')
            assert_false(outbox_mark_parse((struct str){text.data, cut}, &back));
    }
    static const char *const bad[] = {
        "", "2 1 0 0 0 0 0", "1 x 0 0 0 0 0", "1 1 99 0 0 0 0", "1 1 0 0 2 0 0", "1 1 0 -5 0 0 0"};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(outbox_mark_parse(str_of(bad[i]), &back));
    buf_deinit(&text);
    struct outbox_schedule s;
    struct reason why = {0};
    assert_int_equal(outbox_schedule_parse(STR("0, 0.5,86400"), &s, &why), STATUS_OK);
    assert_int_equal(s.count, 3);
    static const char *const none_at_all[] = {"", ",", "a", "-1", "1,,2", "1e99"};
    for (unsigned i = 0; i < sizeof none_at_all / sizeof *none_at_all; i++)
        assert_int_equal(outbox_schedule_parse(str_of(none_at_all[i]), &s, &why), STATUS_INVALID);
}

// --- a long run against what must come of it ---

enum { TARGETS = 40, EVENTS = 6000 };

struct world {
    struct post p;
    struct rand r;
    uint64_t routed;
    uint64_t got[TARGETS]; // the last event each has taken
    unsigned taken[TARGETS], meant[TARGETS];
    struct outbox_target *busy[TARGETS];
    uint64_t busy_seq[TARGETS];
};

static unsigned number_of(struct str name) {
    return (unsigned)((name.p[1] - '0') * 10 + name.p[2] - '0');
}

static unsigned meant_for(uint64_t seq) {
    return (unsigned)(seq * 2654435761u >> 7) % TARGETS;
}

static void name_of(unsigned i, char out[8]) {
    snprintf(out, 8, "t%02u", i % 100);
}

static void world_read(struct world *w) {
    struct event_log_cursor cursor;
    struct outbox_target *t = outbox_behind(w->p.o, &cursor);
    if (!t) return;
    // A chunk of what was routed, and at times a little that was not yet.
    uint64_t until = cursor.seq + rand_below(&w->r, 400), end = w->routed + rand_below(&w->r, 3);
    for (; cursor.seq <= until && cursor.seq <= end && cursor.seq <= EVENTS; cursor.seq++) {
        char fence[8];
        name_of(meant_for(cursor.seq), fence);
        if (!outbox_catch_up(w->p.o, t, FENCE_HOOK, str_of(fence), FENCE_ENTER, &cursor)) break;
    }
    outbox_caught_up(w->p.o, t, &cursor);
}

static void world_start(struct world *w) {
    struct event_log_cursor at;
    struct outbox_target *t = outbox_next(w->p.o, w->p.now, &at);
    if (!t) return;
    unsigned i = number_of(outbox_name(t));
    assert_null(w->busy[i]); // one at a time
    assert_int_equal(meant_for(at.seq), i);
    w->busy[i] = t;
    w->busy_seq[i] = at.seq;
}

static void world_answer(struct world *w, bool well) {
    unsigned i = (unsigned)rand_below(&w->r, TARGETS);
    if (!w->busy[i]) return;
    unsigned fails = well ? 0 : i % 4 == 0 ? 9 : i % 4 == 1 ? 3 : 0; // of ten
    bool good = rand_below(&w->r, 10) >= fails;
    if (good) {
        assert_true(w->busy_seq[i] > w->got[i]); // in order, and none twice
        w->got[i] = w->busy_seq[i];
        w->taken[i]++;
    }
    struct outbox_target *t = w->busy[i];
    w->busy[i] = NULL;
    answer(&w->p, t, good ? 200 : 503, 0);
}

static void test_everything_comes_in_order_whoever_fails(void **state) {
    (void)state;
    static struct world w;
    rand_init(&w.r, test_seed());
    open_with(&w.p, "0,0.01,0.01,0.02,0.05,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
              16);
    for (unsigned i = 0; i < TARGETS; i++) {
        char name[8];
        name_of(i, name);
        put(&w.p, name, name, "http://x", 0);
    }
    for (uint64_t step = 0; step < 400000 || w.routed < EVENTS; step++) {
        bool well = step > 200000 && w.routed == EVENTS;
        unsigned what = (unsigned)rand_below(&w.r, 4);
        if (what == 0 && w.routed < EVENTS) {
            char fence[8];
            w.routed++;
            name_of(meant_for(w.routed), fence);
            w.meant[meant_for(w.routed)]++;
            route(&w.p, fence, w.routed);
        } else if (what == 1) {
            world_start(&w);
        } else if (what == 2) {
            world_answer(&w, well);
        } else {
            world_read(&w);
            w.p.now += (int64_t)rand_below(&w.r, 3);
        }
    }
    for (unsigned i = 0; i < TARGETS; i++) {
        char name[8];
        name_of(i, name);
        if (info(&w.p, name).mark.disabled) continue; // it failed 32 times in a row
        assert_int_equal(w.taken[i], w.meant[i]);
        assert_false(info(&w.p, name).behind);
    }
    outbox_free(w.p.o);
}

static void test_memory_that_runs_out(void **state) {
    (void)state;
    for (uint64_t n = 1; n < 60; n++) {
        struct post p;
        open_with(&p, "0", 8);
        mem_fail_at(n, false);
        unsigned made = 0;
        for (unsigned i = 0; i < 100; i++) {
            char name[8];
            name_of(i, name);
            struct str url = STR("http://x");
            struct outbox_spec spec = {.name = str_of(name),
                                       .kind = FENCE_HOOK,
                                       .fence_id = str_of(name),
                                       .urls = &url,
                                       .url_count = 1};
            struct outbox_mark mark = {0};
            while (outbox_put(p.o, &spec, &mark, p.now) != STATUS_OK)
                made++;
            route(&p, name, i + 1);
        }
        mem_fail_at(0, false);
        assert_int_equal(outbox_count(p.o), 100);
        outbox_free(p.o);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time_in_order),
        cmocka_unit_test(test_the_schedule_then_disabled),
        cmocka_unit_test(test_410_retry_after_and_throttling),
        cmocka_unit_test(test_the_next_url_at_once),
        cmocka_unit_test(test_failing_ones_take_at_most_half),
        cmocka_unit_test(test_removed_while_busy),
        cmocka_unit_test(test_replay_and_skip),
        cmocka_unit_test(test_marks_as_text),
        cmocka_unit_test(test_everything_comes_in_order_whoever_fails),
        cmocka_unit_test(test_memory_that_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
