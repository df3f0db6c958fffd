// Sessions through real sockets: a worker thread with a stand-in for the api.

#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "metrics/text.h"
#include "proto/gzip.h"
#include "proto/problem.h"
#include "server/worker.h"
#include "support/http_client.h"

static struct {
    struct worker *worker;
    uint16_t port;
    struct registry *registry;
    struct http_metrics *metrics;
    _Atomic unsigned connections, limit;
    _Atomic uint64_t durable;
    _Atomic bool refusing;
    _Atomic unsigned answered;
    _Atomic int inside;
} server;

static enum status on_head(void *ctx, const struct http_request *r, uint64_t *body_limit,
                           struct reason *why) {
    (void)ctx;
    if (str_eq(r->path, STR("/none"))) return reason_set(why, STATUS_NOT_FOUND, "no such thing");
    if (str_eq(r->path, STR("/media"))) return reason_set(why, STATUS_MEDIA_TYPE, "not this type");
    if (str_eq(r->path, STR("/batch"))) *body_limit = 4 << 20;
    return STATUS_OK;
}

static void on_answer(void *ctx, struct call *call) {
    (void)ctx;
    assert_int_equal(atomic_load(&server.inside), 1);
    atomic_fetch_add(&server.answered, 1);
    struct http_reply *reply = call->reply;
    struct str path = call->request->path;
    call->route = "/test";
    reply->content_type = STR("text/plain");
    uint64_t number = 0;
    size_t slash = path.len;
    while (slash && path.p[slash - 1] != '/')
        slash--;
    str_parse_u64(str_sub(path, slash, path.len - slash), &number);
    if (str_starts(path, STR("/wait/"))) reply->wait_lsn = number;
    if (str_starts(path, STR("/pack/"))) {
        for (uint64_t i = 0; i < number; i++)
            buf_printf(&reply->body, "%07u\n", (unsigned)i);
    } else if (str_starts(path, STR("/big/"))) {
        memset(buf_reserve(&reply->body, number), 'b', number);
        reply->body.len = number;
        reply->no_compress = true;
    } else if (str_eq(path, STR("/none"))) {
        problem_write(reply, STATUS_NOT_FOUND, NULL);
        http_reply_header(reply, STR("X-Router"), STR("yes"));
    } else if (call->request->body.len) {
        buf_append_str(&reply->body, call->request->body);
    } else {
        buf_append_str(&reply->body, path);
    }
}

static void on_enter(void *ctx, unsigned reader) {
    (void)ctx;
    assert_int_equal(reader, 7);
    assert_int_equal(atomic_fetch_add(&server.inside, 1), 0);
}

static void on_leave(void *ctx, unsigned reader) {
    (void)ctx;
    (void)reader;
    assert_int_equal(atomic_fetch_sub(&server.inside, 1), 1);
}

static uint64_t durable_lsn(void *ctx) {
    (void)ctx;
    return atomic_load(&server.durable);
}

static enum status refusal(void *ctx, struct reason *why) {
    (void)ctx;
    if (!atomic_load(&server.refusing)) return STATUS_OK;
    return reason_set(why, STATUS_DISK_FULL, "no room, not lost");
}

static const struct session_handler handler = {NULL,     on_head,     on_answer, on_enter,
                                               on_leave, durable_lsn, refusal};
static const struct session_settings settings = {
    {.target_bytes = 1000, .header_bytes = 4000, .body_bytes = 100000}, 0, 0, 0};

static void start_with(const struct session_settings *with) {
    memset(&server, 0, sizeof server);
    server.limit = 100;
    assert_int_equal(registry_new(&server.registry), STATUS_OK);
    assert_int_equal(http_metrics_new(server.registry, &server.metrics), STATUS_OK);
    struct worker_options options = {
        .handler = &handler,
        .settings = *with,
        .metrics = server.metrics,
        .reader = 7,
        .gzip_level = 1,
        .connections = &server.connections,
        .limit = &server.limit,
    };
    struct reason why = {0};
    assert_int_equal(worker_new(&options, &server.worker), STATUS_OK);
    assert_int_equal(worker_listen(server.worker, STR("127.0.0.1:0"), &server.port, &why),
                     STATUS_OK);
    assert_int_equal(worker_start(server.worker, "test"), STATUS_OK);
}

static void stop(void) {
    worker_abort(server.worker);
    assert_true(worker_join(server.worker, 10000));
    worker_free(server.worker);
    http_metrics_free(server.metrics);
    registry_free(server.registry);
    assert_int_equal(server.connections, 0);
    assert_int_equal(server.inside, 0);
}

static int setup(void **state) {
    (void)state;
    start_with(&settings);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    stop();
    return 0;
}

static void expect(struct client *c, int status, const char *body) {
    struct answer a;
    if (!client_answer(c, &a, false)) fail_msg("closed instead of %d %s", status, body);
    assert_int_equal(a.status, status);
    if (body && !str_eq(buf_str(&a.body), str_of(body))) {
        fail_msg("\"%.*s\" instead of \"%s\"", STR_ARGS(buf_str(&a.body)), body);
    }
    buf_deinit(&a.body);
}

#define H " HTTP/1.1\r\nHost: a\r\n"

static void test_keep_alive_and_pipeline(void **state) {
    (void)state;
    struct client c;
    client_open(&c, server.port);
    for (int i = 0; i < 3; i++) {
        client_say(&c, "GET /one" H "\r\n");
        expect(&c, 200, "/one");
    }
    client_say(&c,
               "GET /1" H "\r\nPUT /2" H "Content-Length: 3\r\n\r\nabc"
               "PUT /3" H "Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\nGET /4" H "\r\n");
    expect(&c, 200, "/1");
    expect(&c, 200, "abc");
    expect(&c, 200, "de");
    expect(&c, 200, "/4");
    client_say(&c, "GET /last" H "Connection: close\r\n\r\nGET /never" H "\r\n");
    expect(&c, 200, "/last");
    assert_true(client_at_end(&c));
    client_close(&c);
}

static void test_head(void **state) {
    (void)state;
    struct client c;
    struct answer a;
    client_open(&c, server.port);
    client_say(&c, "HEAD /x" H "\r\nGET /y" H "\r\n");
    assert_true(client_answer(&c, &a, true));
    assert_non_null(strstr(a.head, "Content-Length: 2\r\n"));
    buf_deinit(&a.body);
    expect(&c, 200, "/y");
    client_close(&c);
}

static void test_errors_close(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"nonsense\r\n\r\n", 400},
        {"GET /%00" H "\r\n", 400},
        {"PUT /" H "Content-Length: 100001\r\n\r\n", 413},
        {"PUT /" H "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx", 415},
        {"PUT /" H "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"PUT /none" H "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n", 404},
        {"PUT /media" H "Content-Length: 99999\r\n\r\n", 415},
        {"PUT /media" H "Transfer-Encoding: chunked\r\n\r\n", 415},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client c;
        struct answer a;
        client_open(&c, server.port);
        client_say(&c, "GET /first" H "\r\n"); // answered although the next is bad
        client_say(&c, cases[i].text);
        expect(&c, 200, "/first");
        if (!client_answer(&c, &a, false)) fail_msg("closed: %s", cases[i].text);
        assert_int_equal(a.status, cases[i].status);
        assert_non_null(strstr(a.head, "Connection: close\r\n"));
        assert_non_null(strstr(a.head, "application/problem+json"));
        buf_deinit(&a.body);
        assert_true(client_at_end(&c));
        client_close(&c);
    }
}

/// A small body behind a refusal is read, and the connection lives on.
static void test_refused_bodies(void **state) {
    (void)state;
    struct client c;
    struct answer a;
    client_open(&c, server.port);
    client_say(&c, "PUT /none" H "Content-Length: 3\r\n\r\nabcPUT /media" H
                   "Content-Length: 3\r\n\r\nabcGET /next" H "\r\n");
    assert_true(client_answer(&c, &a, false));
    assert_int_equal(a.status, 404);
    assert_non_null(strstr(a.head, "X-Router")); // the router's own answer
    buf_deinit(&a.body);
    assert_true(client_answer(&c, &a, false));
    assert_int_equal(a.status, 415);
    assert_non_null(memmem(a.body.data, a.body.len, "not this type", 13));
    buf_deinit(&a.body);
    expect(&c, 200, "/next");
    client_close(&c);
}

static void test_continue(void **state) {
    (void)state;
    struct client c;
    struct answer a;
    client_open(&c, server.port);
    client_say(&c, "PUT /x" H "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_true(client_answer(&c, &a, true));
    assert_int_equal(a.status, 100);
    buf_deinit(&a.body);
    client_say(&c, "hello");
    expect(&c, 200, "hello");
    client_close(&c);
}

/// Answers wait for their LSN, those behind them too, and come in order.
static void test_durable(void **state) {
    (void)state;
    struct client c, other;
    client_open(&c, server.port);
    client_open(&other, server.port);
    atomic_store(&server.durable, 4);
    client_say(&c, "GET /wait/5" H "\r\nGET /now" H "\r\nGET /wait/6" H "\r\nGET /too" H "\r\n");
    client_say(&other, "GET /wait/4" H "\r\n");
    expect(&other, 200, "/wait/4");
    while (atomic_load(&server.answered) < 5)
        usleep(1000);
    assert_int_equal(client_more(&c, 50), -1);
    atomic_store(&server.durable, 5);
    worker_durable(server.worker);
    expect(&c, 200, "/wait/5");
    expect(&c, 200, "/now");
    assert_int_equal(client_more(&c, 50), -1);
    client_say(&other, "GET /alive" H "\r\n"); // others go on meanwhile
    expect(&other, 200, "/alive");
    atomic_store(&server.durable, 9);
    worker_durable(server.worker);
    expect(&c, 200, "/wait/6");
    expect(&c, 200, "/too");

    // A client that has stopped sending, and one that is gone, while their answers wait.
    client_say(&c, "GET /wait/10" H "\r\n");
    shutdown(c.fd, SHUT_WR);
    client_say(&other, "GET /wait/10" H "\r\n");
    while (atomic_load(&server.answered) < 8)
        usleep(1000);
    client_close(&other);
    usleep(20000);
    atomic_store(&server.durable, 10);
    worker_durable(server.worker);
    expect(&c, 200, "/wait/10");
    assert_true(client_at_end(&c));
    client_close(&c);
}

static void expect_refused(struct client *c, bool closes) {
    struct answer a;
    if (!client_answer(c, &a, false)) fail_msg("closed instead of refused");
    assert_int_equal(a.status, 503);
    assert_non_null(strstr(a.head, "application/problem+json"));
    assert_non_null(strstr(a.head, "Retry-After: "));
    assert_int_equal(strstr(a.head, "Connection: close\r\n") != NULL, closes);
    assert_non_null(memmem(a.body.data, a.body.len, "\"no room, not lost\"", 19));
    buf_deinit(&a.body);
}

/// The store cannot write: what waits for it is told so, in its place, and the connections go on.
static void test_refusing(void **state) {
    (void)state;
    struct client c, other, last;
    client_open(&c, server.port);
    client_open(&other, server.port);
    client_open(&last, server.port);
    atomic_store(&server.durable, 4);
    client_say(&c, "GET /wait/5" H "\r\nGET /now" H "\r\nGET /wait/7" H "\r\nGET /wait/6" H "\r\n");
    client_say(&other, "GET /wait/8" H "\r\n");
    client_say(&last, "GET /wait/9" H "Connection: close\r\n\r\n");
    while (atomic_load(&server.answered) < 6)
        usleep(1000);
    assert_int_equal(client_more(&c, 50), -1);
    atomic_store(&server.durable, 5); // of a group, the half that was written
    atomic_store(&server.refusing, true);
    worker_durable(server.worker);
    expect(&c, 200, "/wait/5");
    expect(&c, 200, "/now");
    expect_refused(&c, false);
    expect_refused(&c, false);
    expect_refused(&other, false);
    expect_refused(&last, true);
    assert_true(client_at_end(&last));
    client_close(&last);
    // What comes meanwhile does not wait for a wake-up.
    client_say(&c, "GET /wait/10" H "\r\nGET /wait/5" H "\r\n");
    expect_refused(&c, false);
    expect(&c, 200, "/wait/5");

    atomic_store(&server.refusing, false); // there is room again
    client_say(&c, "GET /wait/11" H "\r\n");
    assert_int_equal(client_more(&c, 50), -1);
    atomic_store(&server.durable, 11);
    worker_durable(server.worker);
    expect(&c, 200, "/wait/11");
    client_close(&c);
    client_close(&other);
}

/// More answers than a connection may have waiting, all refused: the rest is read.
static void test_refusing_many(void **state) {
    (void)state;
    struct client c;
    client_open(&c, server.port);
    for (int i = 0; i < 500; i++)
        client_say(&c, "GET /wait/1" H "\r\n");
    while (atomic_load(&server.answered) < 64)
        usleep(1000);
    atomic_store(&server.refusing, true);
    worker_durable(server.worker);
    for (int i = 0; i < 500; i++)
        expect_refused(&c, false);
    client_close(&c);
}

/// More than a connection may have waiting: the rest is read later.
static void test_many_waiting(void **state) {
    (void)state;
    struct client c;
    client_open(&c, server.port);
    for (int i = 0; i < 500; i++)
        client_say(&c, "GET /wait/1" H "\r\n");
    usleep(100000);
    assert_in_range(atomic_load(&server.answered), 1, 64);
    atomic_store(&server.durable, 1);
    worker_durable(server.worker);
    for (int i = 0; i < 500; i++)
        expect(&c, 200, "/wait/1");
    client_close(&c);
}

struct waiter {
    _Atomic bool stop;
};

static void *durable_thread(void *ctx) {
    struct waiter *w = ctx;
    while (!atomic_load(&w->stop)) {
        atomic_fetch_add(&server.durable, 1);
        worker_durable(server.worker);
    }
    return NULL;
}

/// No wake-up is lost between "not yet durable" and waiting.
static void test_durable_race(void **state) {
    (void)state;
    struct waiter w = {false};
    pthread_t thread;
    pthread_create(&thread, NULL, durable_thread, &w);
    struct client c;
    client_open(&c, server.port);
    for (int i = 0; i < 300; i++) {
        char text[128];
        snprintf(text, sizeof text, "GET /wait/%llu" H "\r\n",
                 (unsigned long long)atomic_load(&server.durable) + 20);
        client_say(&c, text);
        expect(&c, 200, NULL);
    }
    atomic_store(&w.stop, true);
    pthread_join(thread, NULL);
    client_close(&c);
}

/// A client that asks for much and reads nothing: the server stops reading instead of growing.
static void test_backpressure(void **state) {
    (void)state;
    enum { ASKS = 200, BYTES = 300000 };
    struct client c;
    client_open(&c, server.port);
    for (int i = 0; i < ASKS; i++)
        client_say(&c, "GET /big/300000" H "\r\n");
    usleep(200000);
    assert_in_range(atomic_load(&server.answered), 1, 40);
    for (int i = 0; i < ASKS; i++) {
        struct answer a;
        assert_true(client_answer(&c, &a, false));
        assert_int_equal(a.body.len, BYTES);
        buf_deinit(&a.body);
    }
    assert_int_equal(atomic_load(&server.answered), ASKS);
    client_close(&c);
}

/// Reads one chunked answer and gives its inflated body.
static void expect_chunked(struct client *c, struct buf *plain) {
    struct answer a;
    assert_true(client_answer(c, &a, true));
    assert_non_null(strstr(a.head, "Transfer-Encoding: chunked"));
    buf_deinit(&a.body);
    struct buf packed;
    buf_init(&packed);
    for (size_t at = 0;;) {
        char *line;
        while (
            !(line = c->in.len > at ? memmem(c->in.data + at, c->in.len - at, "\r\n", 2) : NULL)) {
            assert_int_equal(client_more(c, CLIENT_WAIT_MS), 1);
        }
        size_t n = strtoul(c->in.data + at, NULL, 16);
        at = (size_t)(line - c->in.data) + 2;
        while (c->in.len < at + n + 2)
            assert_int_equal(client_more(c, CLIENT_WAIT_MS), 1);
        buf_append(&packed, c->in.data + at, n);
        at += n + 2;
        if (n) continue;
        memmove(c->in.data, c->in.data + at, c->in.len - at);
        c->in.len -= at;
        break;
    }
    assert_int_equal(gzip_inflate(buf_str(&packed), 1 << 30, plain), STATUS_OK);
    buf_deinit(&packed);
}

#define PACK(n) "GET /pack/" n " HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n"

/// Long answers leave in chunks, in order with the others, and nobody waits for the whole of them.
static void test_stream(void **state) {
    (void)state;
    struct client c, other;
    struct buf plain;
    buf_init(&plain);
    client_open(&c, server.port);
    client_open(&other, server.port);
    client_say(&c, "GET /a" H "\r\n" PACK("300000") "\r\nGET /b" H "\r\n" PACK("40000") "\r\n"
                                                                                        "GET /c" H
                                                                                        "\r\n");
    expect(&c, 200, "/a");
    client_say(&other, "GET /meanwhile" H "\r\n");
    expect(&other, 200, "/meanwhile");
    expect_chunked(&c, &plain);
    assert_int_equal(plain.len, 2400000);
    assert_memory_equal(plain.data + 8 * 299999, "0299999\n", 8);
    expect(&c, 200, "/b");
    buf_clear(&plain);
    expect_chunked(&c, &plain);
    assert_int_equal(plain.len, 320000);
    expect(&c, 200, "/c");

    // The end of the connection behind a stream, asked for and by half-close.
    client_say(&c, PACK("300000") "Connection: close\r\n\r\n");
    buf_clear(&plain);
    expect_chunked(&c, &plain);
    assert_int_equal(plain.len, 2400000);
    assert_true(client_at_end(&c));
    client_close(&c);
    client_say(&other, PACK("300000") "\r\n");
    shutdown(other.fd, SHUT_WR);
    buf_clear(&plain);
    expect_chunked(&other, &plain);
    assert_int_equal(plain.len, 2400000);
    assert_true(client_at_end(&other));
    client_close(&other);

    // Behind an answer that waits for the disk it comes in one piece.
    client_open(&c, server.port);
    client_say(&c, "GET /wait/1" H "\r\n" PACK("300000") "\r\nGET /d" H "\r\n");
    while (atomic_load(&server.answered) < 11)
        usleep(1000);
    atomic_store(&server.durable, 1);
    worker_durable(server.worker);
    expect(&c, 200, "/wait/1");
    expect(&c, 200, NULL);
    expect(&c, 200, "/d");
    // Gone in the middle.
    client_say(&c, PACK("3000000") "\r\n");
    assert_int_equal(client_more(&c, CLIENT_WAIT_MS), 1);
    client_close(&c);
    while (atomic_load(&server.connections) > 0)
        usleep(1000);
    buf_deinit(&plain);
}

/// Clients that vanish in the middle of everything.
static void test_reset(void **state) {
    (void)state;
    struct rand rand;
    rand_init(&rand, test_seed());
    for (int i = 0; i < 60; i++) {
        struct client c;
        client_open(&c, server.port);
        for (int n = (int)rand_below(&rand, 6); n > 0; n--) {
            client_say(&c, n % 2 ? "GET /big/200000" H "\r\n" : "GET /wait/99" H "\r\n");
        }
        client_say(&c, i % 2 ? "PUT /x" H "Content-Length: 9\r\n\r\nab" : "GE");
        if (i % 3 == 0) usleep((useconds_t)rand_below(&rand, 3000));
        struct linger hard = {1, 0}; // RST
        if (i % 4) setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        client_close(&c);
    }
    while (atomic_load(&server.connections) > 20)
        usleep(1000); // some wait for their LSN
    atomic_store(&server.durable, 99);
    worker_durable(server.worker);
    while (atomic_load(&server.connections) > 0)
        usleep(1000);
    struct client c;
    client_open(&c, server.port);
    client_say(&c, "GET /alive" H "\r\n");
    expect(&c, 200, "/alive");
    client_close(&c);
}

static void test_big_bodies(void **state) {
    (void)state;
    struct client c;
    struct answer a;
    client_open(&c, server.port);
    struct buf body;
    buf_init(&body);
    for (int i = 0; i < 400000; i++)
        buf_printf(&body, "%07d\n", i);
    char head[100];
    snprintf(head, sizeof head, "PUT /batch" H "Content-Length: %zu\r\n\r\n", body.len);
    client_say(&c, head);
    client_send(&c, buf_str(&body));
    assert_true(client_answer(&c, &a, false));
    assert_int_equal(a.status, 200);
    assert_true(str_eq(buf_str(&a.body), buf_str(&body)));
    buf_deinit(&a.body);
    buf_deinit(&body);
    client_close(&c);
}

/// The same requests in random pieces give the same answers.
static void test_random_pieces(void **state) {
    (void)state;
    struct rand rand;
    rand_init(&rand, test_seed());
    struct client c;
    client_open(&c, server.port);
    for (int round = 0; round < 30; round++) {
        struct buf text;
        buf_init(&text);
        unsigned count = 1 + (unsigned)rand_below(&rand, 8);
        for (unsigned i = 0; i < count; i++) {
            if (i % 2) {
                buf_printf(&text, "GET /n/%u" H "\r\n", i);
            } else {
                buf_printf(&text,
                           "PUT /x" H "Transfer-Encoding: chunked\r\n\r\n3\r\nno%u\r\n0\r\n\r\n",
                           i);
            }
        }
        for (size_t at = 0; at < text.len;) {
            size_t n = 1 + rand_below(&rand, 40);
            if (n > text.len - at) n = text.len - at;
            client_send(&c, str_sub(buf_str(&text), at, n));
            if (rand_below(&rand, 3) == 0) usleep(200);
            at += n;
        }
        for (unsigned i = 0; i < count; i++) {
            char body[20];
            snprintf(body, sizeof body, i % 2 ? "/n/%u" : "no%u", i);
            expect(&c, 200, body);
        }
        buf_deinit(&text);
    }
    client_close(&c);
}

static void test_connection_limit(void **state) {
    (void)state;
    atomic_store(&server.limit, 2);
    struct client a, b, c;
    client_open(&a, server.port);
    client_open(&b, server.port);
    client_say(&a, "GET /a" H "\r\n");
    client_say(&b, "GET /b" H "\r\n");
    expect(&a, 200, "/a");
    expect(&b, 200, "/b");
    client_open(&c, server.port);
    expect(&c, 503, NULL);
    assert_true(client_at_end(&c));
    client_close(&c);
    client_close(&b);
    while (atomic_load(&server.connections) > 1)
        usleep(1000);
    client_open(&c, server.port);
    client_say(&c, "GET /c" H "\r\n");
    expect(&c, 200, "/c");
    client_close(&c);
    client_close(&a);
}

static void test_time_limits(void **state) {
    (void)state;
    struct session_settings quick = settings;
    quick.header_ms = quick.body_ms = 150;
    quick.idle_ms = 300;
    start_with(&quick);
    struct client silent, half, body, drip;
    client_open(&silent, server.port);
    client_open(&half, server.port);
    client_open(&body, server.port);
    client_open(&drip, server.port);
    client_say(&half, "GET / HTTP/1.1\r\nHo");
    client_say(&body, "PUT /" H "Content-Length: 10\r\n\r\nabc");
    uint64_t start = clock_mono_ns();
    client_say(&drip, "GET / HTTP/1.1\r\nX: ");
    for (int i = 0; i < 40 && client_more(&drip, 20) < 0; i++)
        client_say(&drip, "x");
    assert_true(clock_mono_ns() - start < 700000000u); // dripping does not help
    expect(&drip, 408, NULL);
    expect(&half, 408, NULL);
    assert_true(client_at_end(&half));
    expect(&body, 408, NULL);
    assert_true(client_at_end(&body));
    assert_true(client_at_end(&silent));
    client_close(&drip);
    // A connection that has asked before is idle again.
    client_close(&silent);
    client_open(&silent, server.port);
    client_say(&silent, "GET /a" H "\r\n");
    expect(&silent, 200, "/a");
    assert_true(client_at_end(&silent));
    client_close(&silent);
    client_close(&half);
    client_close(&body);
    stop();
}

static void test_drain(void **state) {
    (void)state;
    start_with(&settings);
    struct client idle, waiting, half, streaming;
    struct answer a;
    struct buf plain;
    buf_init(&plain);
    client_open(&idle, server.port);
    client_open(&waiting, server.port);
    client_open(&half, server.port);
    client_say(&idle, "GET /idle" H "\r\n");
    expect(&idle, 200, "/idle");
    client_say(&waiting, "GET /wait/1" H "\r\n");
    client_say(&half, "PUT /half" H "Content-Length: 4\r\n\r\nab");
    client_open(&streaming, server.port);
    client_say(&streaming, PACK("500000") "\r\n");
    while (atomic_load(&server.answered) < 3)
        usleep(1000);
    usleep(50000);
    worker_drain(server.worker);
    assert_true(client_at_end(&idle));
    assert_false(worker_join(server.worker, 50));
    client_say(&half, "cd");
    assert_true(client_answer(&half, &a, false));
    assert_non_null(strstr(a.head, "Connection: close"));
    assert_true(str_eq(buf_str(&a.body), STR("abcd")));
    buf_deinit(&a.body);
    assert_true(client_at_end(&half));
    atomic_store(&server.durable, 1);
    worker_durable(server.worker);
    expect(&waiting, 200, "/wait/1");
    assert_true(client_at_end(&waiting));
    expect_chunked(&streaming, &plain);
    assert_int_equal(plain.len, 4000000);
    assert_true(client_at_end(&streaming));
    client_close(&streaming);
    buf_deinit(&plain);
    client_close(&idle);
    client_close(&half);
    client_close(&waiting);
    assert_true(worker_join(server.worker, 10000));
    stop();
}

static void test_configure(void **state) {
    (void)state;
    struct client c;
    client_open(&c, server.port);
    client_say(&c, "PUT /x" H "Content-Length: 5\r\n\r\nhello");
    expect(&c, 200, "hello");
    struct session_settings less = settings;
    less.http.body_bytes = 4;
    assert_int_equal(worker_configure(server.worker, &less, &(struct resp_settings){0}), STATUS_OK);
    worker_ping(server.worker);
    while (!worker_answered(server.worker))
        usleep(1000);
    client_say(&c, "PUT /x" H "Content-Length: 5\r\n\r\nhello");
    expect(&c, 413, NULL);
    client_close(&c);
}

static void test_metrics(void **state) {
    (void)state;
    struct client c;
    client_open(&c, server.port);
    for (int i = 0; i < 3; i++) {
        client_say(&c, "GET /x" H "\r\n");
        expect(&c, 200, "/x");
    }
    client_say(&c, "GET /none" H "\r\n");
    expect(&c, 404, NULL);
    client_say(&c, "bad\r\n\r\n");
    expect(&c, 400, NULL);
    assert_true(client_at_end(&c));
    client_close(&c);
    struct buf text;
    buf_init(&text);
    metrics_write(server.registry, &text);
    buf_append_char(&text, 0);
    assert_non_null(strstr(
        text.data, "warp_http_requests_total{route=\"/test\",method=\"GET\",code=\"200\"} 3\n"));
    assert_non_null(strstr(
        text.data, "warp_http_requests_total{route=\"/test\",method=\"GET\",code=\"404\"} 1\n"));
    assert_non_null(
        strstr(text.data,
               "warp_http_requests_total{route=\"unmatched\",method=\"OTHER\",code=\"400\"} 1\n"));
    assert_non_null(
        strstr(text.data, "warp_http_request_duration_seconds_count{route=\"/test\"} 4\n"));
    buf_deinit(&text);
}

/// What a connection that says nothing costs.
static void test_silent_size(void **state) {
    (void)state;
    enum { COUNT = 90 };
    static struct client clients[COUNT];
    struct client c;
    client_open(&c, server.port);
    client_say(&c, "GET /x" H "\r\n");
    expect(&c, 200, "/x");
    size_t before = mem_used();
    for (int i = 0; i < COUNT; i++)
        client_open(&clients[i], server.port);
    while (atomic_load(&server.connections) < COUNT + 1)
        usleep(1000);
    client_say(&c, "GET /x" H "\r\n");
    expect(&c, 200, "/x");
    size_t each = (mem_used() - before) / COUNT;
    assert_in_range(each, 0, 1500); // counted in steps of 64 KiB: about 400
    for (int i = 0; i < COUNT; i++)
        client_close(&clients[i]);
    client_close(&c);
}

int main(void) {
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(test_keep_alive_and_pipeline),
        WITH_SERVER(test_head),
        WITH_SERVER(test_errors_close),
        WITH_SERVER(test_refused_bodies),
        WITH_SERVER(test_continue),
        WITH_SERVER(test_durable),
        WITH_SERVER(test_refusing),
        WITH_SERVER(test_refusing_many),
        WITH_SERVER(test_many_waiting),
        WITH_SERVER(test_durable_race),
        WITH_SERVER(test_backpressure),
        WITH_SERVER(test_stream),
        WITH_SERVER(test_reset),
        WITH_SERVER(test_big_bodies),
        WITH_SERVER(test_random_pieces),
        WITH_SERVER(test_connection_limit),
        cmocka_unit_test(test_time_limits),
        cmocka_unit_test(test_drain),
        WITH_SERVER(test_configure),
        WITH_SERVER(test_metrics),
        WITH_SERVER(test_silent_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
