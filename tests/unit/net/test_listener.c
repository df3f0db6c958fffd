#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/listener.h"
#include "support/support.h"

static struct loop *loop;
static int accepted[256];
static unsigned accepted_count;

static void on_accept(void *ctx, int fd) {
    (void)ctx;
    accepted[accepted_count++] = fd;
}

static unsigned turns_left;

static void count_turn(void *ctx) {
    (void)ctx;
    if (--turns_left == 0) loop_stop(loop);
}

static void on_tick(struct loop_timer *t) {
    enum status st = loop_timer_start(loop, t, 1);
    assert_int_equal(st, STATUS_OK);
}

static void run(unsigned n) {
    static struct loop_timer tick;
    turns_left = n;
    tick.on_due = on_tick;
    assert_int_equal(loop_timer_start(loop, &tick, 1), STATUS_OK);
    loop_run(loop, count_turn, NULL);
    loop_timer_stop(loop, &tick);
}

static int dial(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void close_accepted(void) {
    for (unsigned i = 0; i < accepted_count; i++)
        close(accepted[i]);
    accepted_count = 0;
}

static void test_accept(void **state) {
    (void)state;
    struct listener *s, *other;
    struct reason why = {0};
    assert_int_equal(listener_open(loop, STR("127.0.0.1:0"), on_accept, NULL, &s, &why), STATUS_OK);
    assert_true(listener_port(s) != 0);
    int fds[100];
    for (int i = 0; i < 100; i++)
        fds[i] = dial(listener_port(s));
    run(10);
    assert_int_equal(accepted_count, 100);
    for (int i = 0; i < 100; i++)
        close(fds[i]);
    close_accepted();

    char text[32];
    snprintf(text, sizeof text, "127.0.0.1:%u", listener_port(s));
    assert_int_equal(listener_open(loop, str_of(text), on_accept, NULL, &other, &why), STATUS_OK);
    listener_close(other);
    assert_int_equal(listener_probe(str_of(text), &why), STATUS_IO);
    assert_non_null(strstr(why.text, "taken"));
    listener_close(s);
    listener_close(NULL);
    assert_int_equal(listener_probe(str_of(text), &why), STATUS_OK);
}

static void test_bad_address(void **state) {
    (void)state;
    struct listener *s;
    struct reason why = {0};
    assert_int_equal(listener_open(loop, STR("nonsense"), on_accept, NULL, &s, &why),
                     STATUS_INVALID);
    assert_int_equal(listener_open(loop, STR("192.0.2.1:0"), on_accept, NULL, &s, &why), STATUS_IO);
    assert_true(why.text[0]);
}

/// Without descriptors newcomers are closed at once instead of being left hanging, and it goes on afterwards.
static void test_descriptors_run_out(void **state) {
    (void)state;
    struct listener *s;
    assert_int_equal(listener_open(loop, STR("127.0.0.1:0"), on_accept, NULL, &s, NULL), STATUS_OK);
    int fds[4];
    for (int i = 0; i < 4; i++)
        fds[i] = dial(listener_port(s));
    struct rlimit old, none;
    getrlimit(RLIMIT_NOFILE, &old);
    none = old;
    int top = dup(0);
    none.rlim_cur = (rlim_t)top; // what is open stays open, nothing new
    close(top);
    setrlimit(RLIMIT_NOFILE, &none);
    run(10);
    setrlimit(RLIMIT_NOFILE, &old);
    assert_int_equal(accepted_count, 0);
    for (int i = 0; i < 4; i++) {
        struct pollfd p = {fds[i], POLLIN, 0};
        char c;
        assert_int_equal(poll(&p, 1, 1000), 1);
        assert_true(read(fds[i], &c, 1) <= 0);
        close(fds[i]);
    }
    int fd = dial(listener_port(s));
    uint64_t start = clock_mono_ns(); // it may be pausing
    while (!accepted_count && clock_mono_ns() - start < 5000000000u)
        run(1);
    assert_int_equal(accepted_count, 1);
    close(fd);
    close_accepted();
    listener_close(s);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_accept),
                                       cmocka_unit_test(test_bad_address),
                                       cmocka_unit_test(test_descriptors_run_out)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
