// test_event_log.c - what is appended is read again, in order, from any place, after any end of the process.

#include "support/support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rand.h"
#include "storage/event_log.h"

struct bench {
    char dir[64];
    struct event_log_options options;
    struct event_log *log;
};

static void open_log(struct bench *b) {
    struct reason why = {0};
    assert_int_equal(event_log_open(&b->options, &b->log, &why), STATUS_OK);
}

static void begin(struct bench *b, bool on_disk) {
    *b = (struct bench){0};
    strcpy(b->dir, "/tmp/warp-events-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    if (on_disk) b->options.dir = b->dir;
    open_log(b);
}

static void end(struct bench *b) {
    char command[100];
    event_log_close(b->log);
    snprintf(command, sizeof command, "rm -rf %s", b->dir);
    assert_int_equal(system(command), 0);
}

static size_t text_of(uint64_t seq, char out[4096]) {
    size_t len = (size_t)(seq * 7919 % 400);
    for (size_t i = 0; i < len; i++)
        out[i] = (char)('a' + (seq + i) % 26);
    return len;
}

static void append(struct bench *b, uint64_t seq, uint64_t lsn) {
    char text[4096];
    struct event_entry e = {
        .seq = seq, .lsn = lsn, .time_ms = (int64_t)seq, .payload = {text, text_of(seq, text)}};
    assert_int_equal(event_log_append(b->log, &e), STATUS_OK);
}

static void flush(struct bench *b, uint64_t durable) {
    assert_int_equal(event_log_flush(b->log, durable, 0, NULL), STATUS_OK);
}

/// Reads from `from` to the end in pieces of `most` and expects every number up to `to`, with its text.
static void expect(struct bench *b, uint64_t from, uint64_t to, size_t most) {
    struct event_log_cursor c = {.seq = from};
    struct buf chunk;
    buf_init(&chunk);
    uint64_t next = from;
    for (;;) {
        assert_int_equal(event_log_read(b->log, &c, most, &chunk, NULL), STATUS_OK);
        if (chunk.len == 0) break;
        struct str rest = buf_str(&chunk);
        struct event_entry e;
        for (size_t before = rest.len; event_log_take(&rest, &e); before = rest.len) {
            char text[4096];
            size_t len = text_of(next, text);
            assert_int_equal(e.seq, next);
            assert_int_equal(e.payload.len, len);
            assert_memory_equal(e.payload.p, text, len);
            // Its own place leads back to it.
            struct event_log_cursor own = event_log_place(&c, before, e.seq);
            struct buf one;
            buf_init(&one);
            assert_int_equal(event_log_read(b->log, &own, 1, &one, NULL), STATUS_OK);
            struct str alone = buf_str(&one);
            struct event_entry again;
            assert_true(event_log_take(&alone, &again));
            assert_int_equal(again.seq, next);
            assert_int_equal(own.seq, next + 1);
            buf_deinit(&one);
            next++;
        }
        assert_int_equal(rest.len, 0);
    }
    assert_int_equal(next, to + 1);
    buf_deinit(&chunk);
}

static void reads_back(bool on_disk) {
    struct bench b;
    begin(&b, on_disk);
    event_log_close(b.log);
    b.options.segment_bytes = 4096;
    open_log(&b);
    for (uint64_t seq = 1; seq <= 300; seq++) {
        append(&b, seq, seq);
        if (seq % 7 == 0) flush(&b, seq);
    }
    flush(&b, 300);
    assert_int_equal(event_log_last(b.log), 300);
    assert_int_equal(event_log_readable(b.log), 300);
    expect(&b, 1, 300, EVENT_LOG_CHUNK);
    expect(&b, 1, 300, 1);
    expect(&b, 137, 300, 700);
    expect(&b, 300, 300, 700);
    expect(&b, 301, 300, 700);
    end(&b);
}

static void test_reads_back_from_files(void **state) {
    (void)state;
    reads_back(true);
}

static void test_reads_back_from_memory(void **state) {
    (void)state;
    reads_back(false);
}

static void test_holds_back_what_is_not_durable(void **state) {
    (void)state;
    struct bench b;
    begin(&b, true);
    for (uint64_t seq = 1; seq <= 10; seq++)
        append(&b, seq, seq * 10);
    flush(&b, 45);
    assert_int_equal(event_log_readable(b.log), 4);
    expect(&b, 1, 4, EVENT_LOG_CHUNK);
    // On the disk before a snapshot, but not shown.
    assert_int_equal(event_log_sync(b.log, NULL), STATUS_OK);
    expect(&b, 1, 4, EVENT_LOG_CHUNK);
    flush(&b, 100);
    assert_int_equal(event_log_readable(b.log), 10);
    expect(&b, 1, 10, EVENT_LOG_CHUNK);
    end(&b);
}

static void test_goes_on_after_a_restart(void **state) {
    (void)state;
    struct bench b;
    begin(&b, true);
    b.options.segment_bytes = 2000;
    for (int round = 0; round < 5; round++) {
        uint64_t base = (uint64_t)round * 40;
        event_log_close(b.log);
        open_log(&b);
        assert_int_equal(event_log_last(b.log), base);
        for (uint64_t seq = 1; seq <= base + 40; seq++)
            append(&b, seq, seq); // a replay repeats
        flush(&b, UINT64_MAX);
        expect(&b, 1, base + 40, 999);
    }
    end(&b);
}

static void test_forgets_what_the_store_does_not_know(void **state) {
    (void)state;
    struct bench b;
    begin(&b, true);
    event_log_close(b.log);
    b.options.segment_bytes = 2000;
    open_log(&b);
    for (uint64_t seq = 1; seq <= 60; seq++)
        append(&b, seq, seq * 2);
    assert_int_equal(event_log_sync(b.log, NULL), STATUS_OK);
    event_log_close(b.log);
    open_log(&b);
    assert_int_equal(event_log_cut(b.log, 61, NULL), STATUS_OK);
    assert_int_equal(event_log_last(b.log), 30);
    flush(&b, 61);
    expect(&b, 1, 30, 500);
    for (uint64_t seq = 31; seq <= 80; seq++)
        append(&b, seq, seq * 2);
    flush(&b, 160);
    expect(&b, 1, 80, 500);
    event_log_close(b.log);
    open_log(&b);
    flush(&b, 160);
    expect(&b, 1, 80, 500);
    assert_int_equal(event_log_cut(b.log, 0, NULL), STATUS_OK);
    assert_int_equal(event_log_last(b.log), 0);
    append(&b, 1, 1);
    flush(&b, 1);
    expect(&b, 1, 1, 500);
    end(&b);
}

static void test_drops_the_oldest_by_bytes_and_by_age(void **state) {
    (void)state;
    for (int on_disk = 0; on_disk < 2; on_disk++) {
        struct bench b;
        begin(&b, on_disk);
        event_log_close(b.log);
        b.options.segment_bytes = 1000;
        b.options.retention_bytes = 10000;
        b.options.retention_ms = 1000;
        open_log(&b);
        for (uint64_t seq = 1; seq <= 500; seq++) {
            append(&b, seq, seq);
            flush(&b, seq);
            assert_true(event_log_bytes(b.log) <= 11500);
        }
        uint64_t oldest = event_log_oldest(b.log);
        assert_in_range(oldest, 400, 499);
        struct reason why = {0};
        struct event_log_cursor c = {.seq = oldest - 1};
        struct buf chunk;
        buf_init(&chunk);
        assert_int_equal(event_log_read(b.log, &c, 100, &chunk, &why), STATUS_NOT_FOUND);
        char number[24];
        snprintf(number, sizeof number, "%d", (int)oldest);
        assert_non_null(strstr(why.text, number));
        expect(&b, oldest, 500, 300);
        // The last segment stays, however old.
        assert_int_equal(event_log_flush(b.log, 500, 100000, NULL), STATUS_OK);
        assert_true(event_log_bytes(b.log) < 1600);
        expect(&b, event_log_oldest(b.log), 500, 300);
        buf_deinit(&chunk);
        end(&b);
    }
}

static void last_file(const struct bench *b, char path[200]) {
    DIR *d = opendir(b->dir);
    char best[100] = "";
    for (struct dirent *e; (e = readdir(d));) {
        if (strncmp(e->d_name, "events-", 7) == 0 && strcmp(e->d_name, best) > 0) {
            snprintf(best, sizeof best, "%.90s", e->d_name);
        }
    }
    closedir(d);
    snprintf(path, 200, "%s/%s", b->dir, best);
}

static void test_cuts_a_torn_tail(void **state) {
    (void)state;
    uint64_t seed = test_seed();
    struct rand r;
    rand_init(&r, seed);
    for (int round = 0; round < 40; round++) {
        struct bench b;
        char path[200];
        struct stat info;
        begin(&b, true);
        for (uint64_t seq = 1; seq <= 20; seq++)
            append(&b, seq, seq);
        flush(&b, 20);
        event_log_close(b.log);
        last_file(&b, path);
        assert_int_equal(stat(path, &info), 0);
        off_t at = (off_t)rand_below(&r, (uint64_t)info.st_size);
        if (round % 2 == 0) {
            assert_int_equal(truncate(path, at), 0);
        } else {
            int fd = open(path, O_RDWR);
            char byte;
            assert_int_equal(pread(fd, &byte, 1, at), 1);
            byte ^= 1;
            assert_int_equal(pwrite(fd, &byte, 1, at), 1);
            close(fd);
        }
        open_log(&b);
        uint64_t last = event_log_last(b.log);
        assert_true(last < 20);
        flush(&b, UINT64_MAX);
        expect(&b, 1, last, 300);
        for (uint64_t seq = 1; seq <= 25; seq++)
            append(&b, seq, seq);
        flush(&b, UINT64_MAX);
        expect(&b, 1, 25, 300);
        end(&b);
    }
}

static void test_says_where_a_segment_is_damaged_and_goes_on(void **state) {
    (void)state;
    struct bench b;
    char path[200];
    begin(&b, true);
    for (uint64_t seq = 1; seq <= 20; seq++)
        append(&b, seq, seq);
    flush(&b, 20);
    last_file(&b, path);
    int fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "X", 1, 60), 1);
    close(fd);
    event_log_close(b.log);
    // A later segment, made in a folder of its own, makes the damaged one not the last.
    char sub[100], command[700];
    snprintf(sub, sizeof sub, "%s/x", b.dir);
    b.options.dir = sub;
    open_log(&b);
    for (uint64_t seq = 21; seq <= 25; seq++)
        append(&b, seq, seq);
    flush(&b, UINT64_MAX);
    event_log_close(b.log);
    snprintf(command, sizeof command, "mv %s/*.log %s/", sub, b.dir);
    assert_int_equal(system(command), 0);
    b.options.dir = b.dir;
    open_log(&b);
    assert_int_equal(event_log_last(b.log), 25);
    flush(&b, UINT64_MAX);
    struct event_log_cursor c = {.seq = 1};
    struct reason why = {0};
    struct buf chunk;
    buf_init(&chunk);
    assert_int_equal(event_log_read(b.log, &c, 100, &chunk, &why), STATUS_CORRUPT);
    assert_non_null(strstr(why.text, "segment of event 1"));
    assert_int_equal(c.seq, 21);
    assert_int_equal(event_log_read(b.log, &c, 100000, &chunk, &why), STATUS_OK);
    struct str rest = buf_str(&chunk);
    struct event_entry e;
    assert_true(event_log_take(&rest, &e));
    assert_int_equal(e.seq, 21);
    buf_deinit(&chunk);
    end(&b);
}

static bool disk_is_full;

static ssize_t full_pwrite(void *ctx, int fd, const void *bytes, size_t len, off_t at) {
    (void)ctx;
    if (!disk_is_full) return pwrite(fd, bytes, len, at);
    if (len > 10) return pwrite(fd, bytes, len / 2, at); // a part of it still goes
    errno = ENOSPC;
    return -1;
}

static void test_a_full_disk_loses_nothing(void **state) {
    (void)state;
    struct bench b;
    begin(&b, true);
    event_log_close(b.log);
    struct io io = *io_system();
    io.pwrite = full_pwrite;
    b.options.io = &io;
    b.options.segment_bytes = 1500;
    open_log(&b);
    for (uint64_t seq = 1; seq <= 100; seq++) {
        disk_is_full = seq % 10 < 7;
        append(&b, seq, seq);
        struct reason why = {0};
        enum status st = event_log_flush(b.log, seq, 0, &why);
        if (st != STATUS_OK) assert_int_equal(st, STATUS_DISK_FULL);
        if (!disk_is_full) assert_int_equal(st, STATUS_OK);
    }
    disk_is_full = false;
    flush(&b, 100);
    expect(&b, 1, 100, 300);
    end(&b);
}

static void test_memory_that_runs_out_leaves_the_log_whole(void **state) {
    (void)state;
    for (uint64_t n = 1; n < 40; n++) {
        struct bench b;
        begin(&b, true);
        event_log_close(b.log);
        b.options.segment_bytes = 1000;
        open_log(&b);
        mem_fail_at(n, false);
        uint64_t kept = 0;
        for (uint64_t seq = 1; seq <= 30; seq++) {
            char text[4096];
            struct event_entry e = {.seq = seq, .lsn = seq, .payload = {text, text_of(seq, text)}};
            // One that could not be taken in is given again, as a replay would.
            while (event_log_append(b.log, &e) != STATUS_OK)
                kept++;
            if (event_log_flush(b.log, seq / 2, 0, NULL) != STATUS_OK) kept++;
        }
        mem_fail_at(0, false);
        flush(&b, UINT64_MAX);
        expect(&b, 1, 30, 300);
        end(&b);
    }
}

static void test_a_copy_has_what_was_appended_until_then(void **state) {
    (void)state;
    struct bench b, copy = {0};
    begin(&b, true);
    b.options.segment_bytes = 2000; // several
    event_log_close(b.log);
    open_log(&b);
    for (uint64_t seq = 1; seq <= 50; seq++)
        append(&b, seq, seq);
    flush(&b, 30);
    snprintf(copy.dir, sizeof copy.dir, "%.50s/copy", b.dir);
    assert_int_equal(event_log_backup(b.log, copy.dir, NULL), STATUS_OK);
    append(&b, 51, 51);
    flush(&b, UINT64_MAX);
    copy.options.dir = copy.dir;
    open_log(&copy);
    assert_int_equal(event_log_cut(copy.log, 40, NULL), STATUS_OK); // where the store's copy ends
    assert_int_equal(event_log_last(copy.log), 40);
    append(&copy, 41, 41);
    flush(&copy, UINT64_MAX);
    expect(&copy, 1, 41, 300);
    event_log_close(copy.log);
    struct reason why = {0};
    assert_int_not_equal(event_log_backup(b.log, copy.dir, &why),
                         STATUS_OK); // nothing is overwritten
    assert_true(why.text[0]);
    end(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_back_from_files),
        cmocka_unit_test(test_reads_back_from_memory),
        cmocka_unit_test(test_holds_back_what_is_not_durable),
        cmocka_unit_test(test_goes_on_after_a_restart),
        cmocka_unit_test(test_forgets_what_the_store_does_not_know),
        cmocka_unit_test(test_drops_the_oldest_by_bytes_and_by_age),
        cmocka_unit_test(test_cuts_a_torn_tail),
        cmocka_unit_test(test_says_where_a_segment_is_damaged_and_goes_on),
        cmocka_unit_test(test_a_full_disk_loses_nothing),
        cmocka_unit_test(test_memory_that_runs_out_leaves_the_log_whole),
        cmocka_unit_test(test_a_copy_has_what_was_appended_until_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
