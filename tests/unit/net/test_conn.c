// Connections over socket pairs: the test holds one end, the loop runs a bounded number of turns.

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/conn.h"
#include "support/support.h"

static struct loop *loop;

struct peer {
    struct conn *conn;
    int fd; // the test's end
    struct buf in;
    size_t take_at_most; // of what is offered; SIZE_MAX: all
    unsigned drained, eofs, deadlines, closes;
    enum status status;
    bool pause_on_data, close_on_data, abort_on_data;
};

static size_t on_data(void *owner, const char *bytes, size_t len) {
    struct peer *p = owner;
    size_t n = len < p->take_at_most ? len : p->take_at_most;
    buf_append(&p->in, bytes, n);
    if (p->pause_on_data) conn_pause(p->conn);
    if (p->close_on_data) conn_close(p->conn);
    if (p->abort_on_data) conn_abort(p->conn, STATUS_INVALID);
    return n;
}

static void on_drained(void *owner) {
    ((struct peer *)owner)->drained++;
}

static void on_eof(void *owner) {
    struct peer *p = owner;
    p->eofs++;
    conn_close(p->conn);
}

static void on_deadline(void *owner) {
    struct peer *p = owner;
    p->deadlines++;
    conn_abort(p->conn, STATUS_TIMEOUT);
}

static void on_close(void *owner, enum status st) {
    struct peer *p = owner;
    p->closes++;
    p->status = st;
    p->conn = NULL;
}

static const struct conn_events events = {on_data, on_drained, on_eof, on_deadline, on_close};

static void peer_open(struct peer *p, int type) {
    int fds[2];
    memset(p, 0, sizeof *p);
    p->take_at_most = SIZE_MAX;
    buf_init(&p->in);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | type, 0, fds), 0);
    p->fd = fds[0];
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    assert_int_equal(conn_new(loop, fds[1], &events, p, &p->conn), STATUS_OK);
}

static void peer_done(struct peer *p) {
    if (p->fd >= 0) close(p->fd);
    buf_deinit(&p->in);
}

static unsigned turns_left;

static void count_turn(void *ctx) {
    (void)ctx;
    if (--turns_left == 0) loop_stop(loop);
}

static void on_tick(struct loop_timer *t) {
    assert_int_equal(loop_timer_start(loop, t, 1), STATUS_OK);
}

/// `n` turns, none of which sleeps for more than a millisecond.
static void run(unsigned n) {
    static struct loop_timer tick;
    turns_left = n;
    tick.on_due = on_tick;
    assert_int_equal(loop_timer_start(loop, &tick, 1), STATUS_OK);
    loop_run(loop, count_turn, NULL);
    loop_timer_stop(loop, &tick);
}

static size_t read_all(struct peer *p, struct buf *out) {
    for (;;) {
        char bytes[65536];
        ssize_t n = read(p->fd, bytes, sizeof bytes);
        if (n <= 0) return out->len;
        buf_append(out, bytes, (size_t)n);
    }
}

static void test_echo(void **state) {
    (void)state;
    struct peer p;
    struct buf back;
    buf_init(&back);
    peer_open(&p, 0);
    assert_int_equal(write(p.fd, "hello", 5), 5);
    run(3);
    assert_true(str_eq(buf_str(&p.in), STR("hello")));
    conn_write(p.conn, "wo", 2);
    conn_write(p.conn, "rld", 3);
    struct buf big;
    buf_init(&big);
    buf_append_str(&big, STR("!!"));
    conn_write_take(p.conn, &big);
    assert_null(big.data);
    conn_write(p.conn, "?", 1);
    assert_int_equal(conn_queued(p.conn), 8);
    assert_int_equal(read(p.fd, &back, 1), -1); // nothing leaves before the end of the turn
    run(2);
    read_all(&p, &back);
    assert_true(str_eq(buf_str(&back), STR("world!!?")));
    assert_int_equal(p.drained, 1);
    conn_close(p.conn);
    run(3);
    assert_int_equal(read(p.fd, &big, 1), 0); // half-closed, waits for us
    assert_int_equal(p.closes, 0);
    close(p.fd);
    p.fd = -1;
    run(3);
    assert_int_equal(p.closes, 1);
    assert_int_equal(p.status, STATUS_OK);
    buf_deinit(&back);
    peer_done(&p);
}

/// A peer that does not read: everything stays queued, in order, and goes when it reads.
static void test_slow_reader(void **state) {
    (void)state;
    struct peer p;
    struct buf back;
    buf_init(&back);
    peer_open(&p, 0);
    enum { PIECES = 3000, PIECE = 1000 };
    for (int i = 0; i < PIECES; i++) {
        char piece[PIECE];
        memset(piece, 'a' + i % 26, sizeof piece);
        if (i % 100 == 7) {
            struct buf b;
            buf_init(&b);
            buf_append(&b, piece, sizeof piece);
            conn_write_take(p.conn, &b);
        } else {
            conn_write(p.conn, piece, sizeof piece);
        }
    }
    run(5);
    assert_true(conn_queued(p.conn) > 1000000);
    assert_int_equal(p.drained, 0);
    for (int i = 0; i < 2000 && back.len < PIECES * PIECE; i++) {
        read_all(&p, &back);
        run(2);
    }
    assert_int_equal(back.len, PIECES * PIECE);
    for (int i = 0; i < PIECES; i++)
        assert_int_equal(back.data[i * PIECE + 500], 'a' + i % 26);
    assert_int_equal(conn_queued(p.conn), 0);
    assert_int_equal(p.drained, 1);
    conn_abort(p.conn, STATUS_IO);
    run(1);
    assert_int_equal(p.closes, 1);
    buf_deinit(&back);
    peer_done(&p);
}

/// Paused: what was read is kept, no more is read; resumed: all of it comes, once.
static void test_pause(void **state) {
    (void)state;
    struct peer p;
    peer_open(&p, 0);
    p.pause_on_data = true;
    p.take_at_most = 2;
    char bytes[50000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7);
    size_t sent = 0;
    while (sent < 3000000) { // until the socket is full
        ssize_t n = write(p.fd, bytes, sizeof bytes);
        if (n > 0) sent += (size_t)n;
        run(2);
        if (n < 0) break;
    }
    assert_int_equal(p.in.len, 2);
    assert_true(sent < 1500000);
    p.pause_on_data = false;
    p.take_at_most = SIZE_MAX;
    conn_resume(p.conn);
    for (int i = 0; i < 200 && p.in.len < sent; i++)
        run(2);
    assert_int_equal(p.in.len, sent);
    for (size_t i = 0; i < sent; i++) {
        if (p.in.data[i] != (char)(i % sizeof bytes * 7)) fail_msg("byte %zu", i);
    }
    conn_abort(p.conn, STATUS_OK);
    run(1);
    peer_done(&p);
}

static void test_leftovers(void **state) {
    (void)state;
    struct peer p;
    peer_open(&p, 0);
    p.take_at_most = 1;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(write(p.fd, "ab", 2), 2);
        run(2);
    }
    assert_int_equal(p.in.len, 10);
    p.take_at_most = SIZE_MAX;
    assert_int_equal(write(p.fd, "c", 1), 1);
    run(2);
    assert_true(str_eq(buf_str(&p.in), STR("ababababababababababc")));
    conn_abort(p.conn, STATUS_OK);
    run(1);
    peer_done(&p);
}

static void test_eof(void **state) {
    (void)state;
    struct peer p;
    peer_open(&p, 0);
    assert_int_equal(write(p.fd, "bye", 3), 3);
    shutdown(p.fd, SHUT_WR);
    conn_write(p.conn, "answer", 6);
    run(4);
    assert_int_equal(p.eofs, 1);
    assert_int_equal(p.closes, 1);
    assert_int_equal(p.status, STATUS_OK);
    assert_true(str_eq(buf_str(&p.in), STR("bye")));
    char back[8];
    assert_int_equal(read(p.fd, back, 8), 6);
    peer_done(&p);

    // EOF behind bytes that are not taken yet comes after them.
    peer_open(&p, 0);
    p.pause_on_data = true;
    p.take_at_most = 1;
    assert_int_equal(write(p.fd, "abc", 3), 3);
    run(3);
    shutdown(p.fd, SHUT_WR);
    run(3);
    assert_int_equal(p.eofs, 0);
    p.pause_on_data = false;
    p.take_at_most = SIZE_MAX;
    conn_resume(p.conn);
    run(5);
    assert_true(str_eq(buf_str(&p.in), STR("abc")));
    assert_int_equal(p.eofs, 1);
    assert_int_equal(p.closes, 1);
    peer_done(&p);

    // Bytes that wait for more never get it.
    peer_open(&p, 0);
    p.take_at_most = 0;
    assert_int_equal(write(p.fd, "half", 4), 4);
    run(3);
    shutdown(p.fd, SHUT_WR);
    run(4);
    assert_int_equal(p.eofs, 1);
    assert_int_equal(p.closes, 1);
    peer_done(&p);
}

static void test_peer_gone(void **state) {
    (void)state;
    struct peer p;
    peer_open(&p, 0);
    close(p.fd);
    p.fd = -1;
    conn_write(p.conn, "x", 1);
    run(3);
    assert_int_equal(p.closes, 1);
    peer_done(&p);
}

static void test_close_inside_data(void **state) {
    (void)state;
    struct peer p;
    peer_open(&p, 0);
    p.abort_on_data = true;
    assert_int_equal(write(p.fd, "abc", 3), 3);
    run(3);
    assert_int_equal(p.closes, 1);
    assert_int_equal(p.status, STATUS_INVALID);
    peer_done(&p);
    peer_open(&p, 0);
    p.close_on_data = true;
    assert_int_equal(write(p.fd, "abc", 3), 3);
    run(3);
    assert_int_equal(write(p.fd, "more", 4), 4); // read into nothing
    run(2);
    assert_true(str_eq(buf_str(&p.in), STR("abc")));
    assert_int_equal(p.closes, 0);
    close(p.fd);
    p.fd = -1;
    run(2);
    assert_int_equal(p.closes, 1);
    peer_done(&p);
}

static void test_deadline(void **state) {
    (void)state;
    struct peer p;
    peer_open(&p, 0);
    conn_deadline(p.conn, 10);
    uint64_t start = clock_mono_ns();
    conn_deadline(p.conn, 60); // later
    while (!p.closes && clock_mono_ns() - start < 2000000000u)
        run(1);
    assert_int_equal(p.deadlines, 1);
    assert_true(clock_mono_ns() - start >= 59000000u);
    peer_done(&p);
    peer_open(&p, 0);
    conn_deadline(p.conn, 5000);
    conn_deadline(p.conn, 5); // sooner
    start = clock_mono_ns();
    while (!p.closes && clock_mono_ns() - start < 2000000000u)
        run(1);
    assert_true(clock_mono_ns() - start < 1000000000u);
    peer_done(&p);
    peer_open(&p, 0);
    conn_deadline(p.conn, 5);
    conn_deadline(p.conn, 0);
    start = clock_mono_ns();
    while (clock_mono_ns() - start < 30000000u)
        run(1);
    assert_int_equal(p.deadlines, 0);
    conn_abort(p.conn, STATUS_OK);
    run(1);
    peer_done(&p);
}

/// The n-th allocation fails: the connection may close, nothing leaks or crashes.
static void test_no_memory(void **state) {
    (void)state;
    size_t before = mem_used();
    for (uint64_t n = 1; n < 12; n++) {
        struct peer p;
        int fds[2];
        memset(&p, 0, sizeof p);
        buf_init(&p.in);
        buf_reserve(&p.in, 4096);
        p.take_at_most = 1;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        p.fd = fds[0];
        static char bytes[20000];
        mem_fail_at(n, false);
        if (conn_new(loop, fds[1], &events, &p, &p.conn) == STATUS_OK) {
            conn_deadline(p.conn, 10000);
            conn_write(p.conn, bytes, sizeof bytes);
            struct buf b;
            buf_init(&b);
            buf_append(&b, bytes, sizeof bytes);
            if (p.conn) conn_write_take(p.conn, &b);
            assert_int_equal(write(p.fd, "abcdef", 6), 6);
            run(3);
            if (p.conn) conn_abort(p.conn, STATUS_OK);
            mem_fail_at(0, false);
            run(2);
            assert_int_equal(p.closes, 1);
        }
        mem_fail_at(0, false);
        peer_done(&p);
    }
    assert_in_range(mem_used(), 0, before + 3 * LOOP_BLOCK_BYTES); // blocks that the loop keeps
}

static void test_size(void **state) {
    (void)state;
    size_t before = mem_used();
    struct peer p;
    peer_open(&p, 0);
    run(1);
    assert_in_range(mem_used() - before, 1, 208);
    conn_abort(p.conn, STATUS_OK);
    run(1);
    peer_done(&p);
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
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_eof),
        cmocka_unit_test(test_peer_gone),
        cmocka_unit_test(test_close_inside_data),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
