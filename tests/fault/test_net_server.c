// The n-th allocation of a serving worker fails, for every n: a request is answered or its connection ends; the
// next connection is served; nothing leaks.

#include <stdatomic.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "server/worker.h"
#include "support/http_client.h"

static _Atomic unsigned connections, limit = 100;
static _Atomic uint64_t durable;
static struct worker *worker;
static uint16_t port;

static enum status on_head(void *ctx, const struct http_request *r, uint64_t *body_limit,
                           struct reason *why) {
    (void)ctx;
    (void)r;
    (void)body_limit;
    (void)why;
    return STATUS_OK;
}

static void on_answer(void *ctx, struct call *call) {
    (void)ctx;
    call->reply->content_type = STR("text/plain");
    if (str_eq(call->request->path, STR("/wait"))) call->reply->wait_lsn = 1;
    char *note = arena_alloc(call->arena, 100);                           // as an endpoint would
    int pieces = str_eq(call->request->path, STR("/long")) ? 30000 : 400; // streamed
    for (int i = 0; note && i < pieces; i++)
        buf_append_str(&call->reply->body, STR("[1.25,2.5],"));
}

static uint64_t durable_lsn(void *ctx) {
    (void)ctx;
    return atomic_load(&durable);
}

static const struct session_handler handler = {NULL, on_head,     on_answer, NULL,
                                               NULL, durable_lsn, NULL};

static enum status start(void) {
    struct worker_options options = {
        .handler = &handler,
        .settings = {{1000, 4000, 100000}, 5000, 5000, 5000},
        .gzip_level = 1,
        .connections = &connections,
        .limit = &limit,
    };
    struct reason why = {0};
    enum status st = worker_new(&options, &worker);
    if (st != STATUS_OK) return st;
    st = worker_listen(worker, STR("127.0.0.1:0"), &port, &why);
    if (st != STATUS_OK) worker_free(worker);
    return st;
}

static void stop(void) {
    worker_abort(worker);
    assert_true(worker_join(worker, 10000));
    worker_free(worker);
    assert_int_equal(atomic_load(&connections), 0);
}

static void test_start(void **state) {
    (void)state;
    size_t before = mem_used();
    bool ended = false;
    for (uint64_t n = 1; !ended; n++) {
        mem_fail_at(n, false);
        enum status st = start();
        ended = mem_alloc_count() < n;
        mem_fail_at(0, false);
        assert_int_equal(st, ended ? STATUS_OK : STATUS_NO_MEMORY);
        if (st == STATUS_OK) worker_free(worker);
    }
    assert_int_equal(mem_used(), before);
}

/// How many answers came before the connection ended.
static unsigned scenario(void) {
    static const char text[] = "GET /a HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
                               "PUT /b%20c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                               "chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"
                               "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"
                               "GET /d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    struct client c;
    struct answer a;
    unsigned answers = 0;
    atomic_store(&durable, 0);
    client_open(&c, port);
    client_say(&c, text);
    usleep(2000);
    atomic_store(&durable, 1);
    worker_durable(worker);
    while (client_answer(&c, &a, false)) {
        assert_int_equal(a.status, 200);
        answers++;
        buf_deinit(&a.body);
    }
    client_close(&c);
    return answers;
}

/// The client allocates in this process too, so some of the failures are its own: it must be let off. Here it works
/// in a child, which has a heap of its own.
static void test_serve(void **state) {
    (void)state;
    assert_int_equal(start(), STATUS_OK);
    assert_int_equal(worker_start(worker, "fault"), STATUS_OK);
    assert_int_equal(scenario(), 4);
    stop();
    for (uint64_t n = 1; n <= 75; n++) {
        assert_int_equal(start(), STATUS_OK);
        int go[2], done[2];
        assert_int_equal(pipe(go), 0);
        assert_int_equal(pipe(done), 0);
        pid_t child = fork(); // before the worker's thread
        if (child == 0) {
            struct client c;
            char byte;
            if (read(go[0], &byte, 1) != 1) _exit(1);
            client_open(&c, port);
            client_say(&c, "GET /a HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
                           "GET /long HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
                           "PUT /b%20c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\nGET /wait HTTP/1.1\r\nHost: a\r\n\r\n"
                           "GET /d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            if (write(done[1], "x", 1) != 1) _exit(1);
            while (client_more(&c, 10000) == 1) {
            }
            _exit(0);
        }
        assert_int_equal(worker_start(worker, "fault"), STATUS_OK);
        char byte;
        mem_fail_at(n, false);
        assert_int_equal(write(go[1], "x", 1), 1);
        assert_int_equal(read(done[0], &byte, 1), 1);
        usleep(10000);
        atomic_store(&durable, 1);
        worker_durable(worker);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0); // it ended, one way or the other
        mem_fail_at(0, false);
        assert_int_equal(scenario(), 4);
        atomic_store(&durable, 0);
        stop();
        for (int i = 0; i < 2; i++) {
            close(go[i]);
            close(done[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_start), cmocka_unit_test(test_serve)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
