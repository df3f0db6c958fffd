// The n-th allocation fails, for every n, while changes make events for the event log: what was committed is in the
// log, in order and without a gap; what could not be set memory aside for was refused.

#include "../unit/engine/fence_support.h"

#include "realtime/events.h"

#define N_MAX 2000
#define COUNT 24

static enum status write_text(void *ctx, const struct fence_event *event, struct buf *out) {
    (void)ctx;
    (void)event;
    for (int i = 0; i < 40; i++)
        buf_append_str(out, STR("a text that is long enough to make buffers grow; "));
    return buf_status(out);
}

static enum status on_reserve(void *ctx, size_t count, size_t bytes) {
    struct events **ev = ctx;
    return events_reserve(*ev, count, bytes);
}

static void on_release(void *ctx, size_t count, size_t bytes) {
    struct events **ev = ctx;
    events_release(*ev, count, bytes);
}

static void on_committed(void *ctx, const struct engine_event *list, size_t count, uint64_t lsn) {
    struct events **ev = ctx;
    events_committed(*ev, list, count, lsn);
}

static void check_log(struct event_log *log, uint64_t last) {
    struct event_log_cursor c = {.seq = 1};
    struct buf chunk;
    uint64_t seq = 0;
    buf_init(&chunk);
    assert_int_equal(event_log_flush(log, UINT64_MAX, 0, NULL), STATUS_OK);
    do {
        struct event_entry e;
        assert_int_equal(event_log_read(log, &c, 4096, &chunk, NULL), STATUS_OK);
        for (struct str rest = buf_str(&chunk); event_log_take(&rest, &e);)
            assert_int_equal(e.seq, ++seq);
    } while (chunk.len);
    assert_int_equal(seq, last);
    buf_deinit(&chunk);
}

/// Each change on its own, some flushes between them: the log's buffers change hands.
static uint64_t change_some(struct engine *e, unsigned r, struct event_log *log) {
    uint64_t done = 0, lsn;
    for (int i = 0; i < COUNT; i++) {
        struct change_result result;
        struct change change = change_point(CHANGE_PUT, "c", "truck", i % 2 ? 50 : 0, 0, "{}");
        enum status st = engine_apply(e, r, &change, 1, &result, &lsn, NULL);
        done += st == STATUS_OK && result.status == STATUS_OK;
        if (i % 5 == 4) (void)!event_log_flush(log, UINT64_MAX, 0, NULL);
    }
    return done;
}

static bool one_fault(uint64_t n, bool and_after) {
    struct events *ev;
    struct event_log *log;
    struct engine *e;
    unsigned r;
    assert_int_equal(event_log_open(&(struct event_log_options){0}, &log, NULL), STATUS_OK);
    assert_int_equal(events_new(&(struct events_options){.log = log}, &ev), STATUS_OK);
    struct engine_options options = {.shard_count = 1,
                                     .events = {.ctx = &ev,
                                                .write = write_text,
                                                .reserve = on_reserve,
                                                .release = on_release,
                                                .committed = on_committed}};
    assert_int_equal(engine_new(&options, &e), STATUS_OK);
    assert_int_equal(engine_reader_open(e, &r), STATUS_OK);
    put_fence(e, fence_of((struct fence_spec){.durable = true}, "g", SQUARE));
    mem_fail_at(n, and_after);
    uint64_t done = change_some(e, r, log);
    uint64_t allocations = mem_alloc_count();
    mem_fail_at(0, false);
    assert_int_equal(event_log_last(log), engine_event_seq(e)); // none was passed over
    if (allocations < n) assert_int_equal(done, COUNT);
    (void)change_some(e, r, log);
    check_log(log, engine_event_seq(e));
    engine_end(e, r);
    events_free(ev);
    event_log_close(log);
    return allocations >= n;
}

static void every_fault(void **state) {
    (void)state;
    for (int and_after = 0; and_after < 2; and_after++) {
        uint64_t n = 1;
        while (n < N_MAX && one_fault(n, and_after))
            n++;
        assert_true(n > 10 && n < N_MAX);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_fault)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
