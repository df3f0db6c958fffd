// test_wal_queue.c - the run of frames in memory: nothing moves, nothing is lost, memory comes back.

#include "unit/storage/kit.h"

#include "storage/wal_frame.h"
#include "storage/wal_queue.h"

static uint64_t push(struct wal_queue *q, uint64_t lsn, uint32_t len) {
    size_t size = wal_frame_size(len);
    char *frame = wal_queue_reserve(q, size);
    assert_non_null(frame);
    assert_int_equal((uintptr_t)frame % 8, 0);
    wal_frame_begin(frame, WAL_FRAME_BATCH, lsn, len);
    memset(frame + WAL_FRAME_HEADER, (int)(lsn & 0x7f), len);
    wal_queue_publish(frame);
    return size;
}

/// All frames of [from, to) must be there, LSNs in order from `lsn`.
static uint64_t expect(struct wal_queue *q, uint64_t from, uint64_t to, uint64_t lsn) {
    while (from < to) {
        struct wal_queue_span spans[3];
        size_t n = wal_queue_spans(q, from, to, spans, 3);
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++) {
            for (size_t at = 0; at < spans[i].len;) {
                char *frame = spans[i].bytes + at;
                wal_queue_await(frame);
                struct wal_frame f;
                assert_true(wal_frame_peek(frame, &f));
                assert_int_equal(f.lsn, lsn);
                for (uint32_t b = 0; b < f.len; b++)
                    assert_int_equal(frame[WAL_FRAME_HEADER + b], (char)(lsn & 0x7f));
                lsn++;
                at += wal_frame_size(f.len);
            }
            from += spans[i].len;
        }
    }
    assert_int_equal(from, to);
    return lsn;
}

static void random_pace(void **state) {
    (void)state;
    uint64_t seed = (uint64_t)getpid();
    print_message("seed %llu\n", (unsigned long long)seed);
    struct rand r;
    rand_init(&r, seed);
    struct wal_queue q;
    wal_queue_init(&q);
    size_t before = mem_used();
    uint64_t pushed = 1, written_lsn = 1, synced_lsn = 1;
    for (int turn = 0; turn < 3000; turn++) {
        uint64_t n = rand_below(&r, 20);
        while (n-- > 0)
            push(&q, pushed++, (uint32_t)rand_below(&r, rand_below(&r, 50) ? 3000 : 600000));
        if (rand_below(&r, 3) == 0) {
            written_lsn = expect(&q, q.written, q.end, written_lsn);
            wal_queue_set_written(&q, q.end);
        }
        if (rand_below(&r, 9) == 0) {
            synced_lsn = expect(&q, q.synced, q.written, synced_lsn); // as after a failed sync
            wal_queue_set_synced(&q, q.written);
            assert_int_equal(synced_lsn, written_lsn);
        }
    }
    wal_queue_set_written(&q, q.end);
    wal_queue_set_synced(&q, q.end);
    assert_true(mem_used() < before + (8u << 20)); // only the spare chunks are kept
    wal_queue_deinit(&q);
}

static void small_steady_traffic_uses_one_chunk(void **state) {
    (void)state;
    struct wal_queue q;
    wal_queue_init(&q);
    push(&q, 1, 100);
    mem_fail_at(0, false);
    for (uint64_t i = 2; i < 100000; i++) {
        wal_queue_set_written(&q, q.end);
        wal_queue_set_synced(&q, q.end);
        push(&q, i, 100);
    }
    assert_int_equal(mem_alloc_count(), 0);
    wal_queue_deinit(&q);
}

static void no_memory_changes_nothing(void **state) {
    (void)state;
    struct wal_queue q;
    wal_queue_init(&q);
    mem_fail_at(1, false);
    assert_null(wal_queue_reserve(&q, 64));
    mem_fail_at(0, false);
    assert_int_equal(q.end, 0);
    push(&q, 1, 10);
    mem_fail_at(1, false);
    assert_null(wal_queue_reserve(&q, 1 << 20));
    mem_fail_at(0, false);
    push(&q, 2, 10);
    assert_int_equal(expect(&q, 0, q.end, 1), 3);
    wal_queue_deinit(&q);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_pace),
        cmocka_unit_test(small_steady_traffic_uses_one_chunk),
        cmocka_unit_test(no_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
