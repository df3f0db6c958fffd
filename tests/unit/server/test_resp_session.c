// RESP sessions through real sockets: a worker with a real engine over a store whose disk the test holds in hand.

#include <stdatomic.h>

#include "server/worker.h"
#include "support/http_client.h"

static struct {
    struct storage store;
    struct engine *engine;
    struct commands *commands;
    struct hub *hub;
    struct resp_clients *clients;
    struct worker *worker;
    unsigned reader;
    uint16_t port;
    _Atomic unsigned connections, limit;
    _Atomic uint64_t lsn, durable;
    _Atomic bool refusing, loading;
} server;

// --- the store ---

static enum status store_replay(struct storage *st, const struct storage_intake *intake,
                                struct reason *why) {
    (void)st;
    (void)intake;
    (void)why;
    return STATUS_OK;
}

static enum status store_ready(struct storage *st, struct reason *why) {
    (void)st;
    (void)why;
    return STATUS_OK;
}

static enum status store_append(struct storage *st, struct str batch, uint64_t *lsn) {
    (void)st;
    (void)batch;
    *lsn = atomic_fetch_add(&server.lsn, 1) + 1;
    return STATUS_OK;
}

static uint64_t store_durable(const struct storage *st) {
    (void)st;
    return atomic_load(&server.durable);
}

static void store_stats(const struct storage *st, struct storage_stats *out) {
    (void)st;
    *out = (struct storage_stats){.last_lsn = atomic_load(&server.lsn)};
}

static const struct storage_ops store_ops = {.name = "held",
                                             .replay = store_replay,
                                             .ready = store_ready,
                                             .append = store_append,
                                             .durable_lsn = store_durable,
                                             .stats = store_stats};

// --- the server ---

static void on_enter(void *ctx, unsigned reader) {
    (void)ctx;
    engine_enter(server.engine, reader);
}

static void on_leave(void *ctx, unsigned reader) {
    (void)ctx;
    engine_leave(server.engine, reader);
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

static bool is_serving(void *ctx) {
    (void)ctx;
    return !atomic_load(&server.loading);
}

static const struct session_handler handler = {
    .enter = on_enter, .leave = on_leave, .durable_lsn = durable_lsn, .refusal = refusal};

static int setup(void **state) {
    (void)state;
    memset(&server, 0, sizeof server);
    server.limit = 20;
    server.store.ops = &store_ops;
    struct reason why = {0};
    struct engine_options engine = {.shard_count = 2, .index_kind = INDEX_QUADTREE};
    assert_int_equal(engine_new(&engine, &server.engine), STATUS_OK);
    assert_int_equal(engine_attach(server.engine, &server.store, &why), STATUS_OK);
    assert_int_equal(engine_reader_open(server.engine, &server.reader), STATUS_OK);
    assert_int_equal(hub_new(&server.hub), STATUS_OK);
    assert_int_equal(resp_clients_new(&server.clients), STATUS_OK);
    struct commands_options commands = {.engine = server.engine, .hub = server.hub};
    assert_int_equal(commands_new(&commands, &server.commands), STATUS_OK);
    struct worker_options options = {.handler = &handler,
                                     .reader = server.reader,
                                     .connections = &server.connections,
                                     .limit = &server.limit,
                                     .hub = server.hub,
                                     .clients = server.clients,
                                     .resp = {.limits = {.bytes = 8 << 20}},
                                     .is_serving = is_serving};
    assert_int_equal(worker_new(&options, &server.worker), STATUS_OK);
    assert_int_equal(
        worker_listen_resp(server.worker, STR("127.0.0.1:0"), server.commands, &server.port, &why),
        STATUS_OK);
    assert_int_equal(worker_start(server.worker, "test"), STATUS_OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    worker_abort(server.worker);
    assert_true(worker_join(server.worker, 10000));
    assert_int_equal(server.connections, 0);
    assert_int_equal(resp_clients_count(server.clients), 0);
    worker_free(server.worker);
    commands_free(server.commands);
    engine_reader_close(server.engine, server.reader);
    engine_free(server.engine);
    hub_free(server.hub);
    resp_clients_free(server.clients);
    return 0;
}

static void become_durable(uint64_t lsn) {
    atomic_store(&server.durable, lsn);
    worker_durable(server.worker);
}

/// Exactly these bytes come, and nothing behind them for a moment.
static void expect(struct client *c, const char *text) {
    size_t len = strlen(text);
    while (c->in.len < len) {
        if (client_more(c, CLIENT_WAIT_MS) <= 0) break;
    }
    buf_append_char(&c->in, '\0');
    assert_string_equal(c->in.data, text);
    buf_clear(&c->in);
}

static void expect_silence(struct client *c) {
    assert_int_equal(client_more(c, 30), -1);
}

static void expect_end(struct client *c) {
    assert_int_equal(client_more(c, CLIENT_WAIT_MS), 0);
}

// --- tests ---

static void test_held(void **state) {
    (void)state;
    struct client c;
    client_open(&c, server.port);
    client_say(&c, "PING\r\nSET f a POINT 1 2\r\nPING\r\nGET f a POINT\r\n");
    expect_silence(&c); // the first two are of one read: they wait together
    become_durable(1);
    expect(&c, "+PONG\r\n+OK\r\n+PONG\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
    client_say(&c, "SET f a POINT 3 4\r\n");
    expect_silence(&c);
    client_say(&c, "PING\r\n"); // behind one that waits
    expect_silence(&c);
    struct client other; // others do not wait
    client_open(&other, server.port);
    client_say(&other, "PING\r\n");
    expect(&other, "+PONG\r\n");
    become_durable(2);
    expect(&c, "+OK\r\n+PONG\r\n");
    client_close(&c);
    client_close(&other);
}

static void test_refused(void **state) {
    (void)state;
    struct client c, json, native;
    client_open(&c, server.port);
    client_open(&json, server.port);
    client_open(&native, server.port);
    client_say(&json, "OUTPUT json\r\n");
    assert_int_equal(client_more(&json, CLIENT_WAIT_MS), 1);
    buf_clear(&json.in);
    client_say(&c, "PING\r\nSET f a POINT 1 2\r\nECHO x\r\nSET f b POINT 1 2\r\nPING\r\n");
    client_say(&json, "SET f c POINT 1 2\r\n");
    client_say(&native, "$17 SET f d POINT 1 2\r\n");
    expect_silence(&c);
    expect_silence(&json);
    expect_silence(&native);
    atomic_store(&server.refusing, true);
    become_durable(0);
    expect(&c, "+PONG\r\n-ERR no room, not lost\r\n$1\r\nx\r\n-ERR no room, not lost\r\n+PONG\r\n");
    assert_int_equal(client_more(&json, CLIENT_WAIT_MS), 1);
    assert_non_null(
        memmem(json.in.data, json.in.len, "\r\n{\"ok\":false,\"err\":\"no room, not lost\"", 39));
    assert_int_equal(json.in.data[0], '$');
    assert_int_equal(client_more(&native, CLIENT_WAIT_MS), 1);
    assert_non_null(
        memmem(native.in.data, native.in.len, " {\"ok\":false,\"err\":\"no room, not lost\"", 38));
    client_say(&c, "PING\r\n");
    expect(&c, "+PONG\r\n");
    client_close(&c);
    client_close(&json);
    client_close(&native);
}

#define ARRAY_SET(id)                                                                              \
    "*6\r\n$3\r\nSET\r\n$1\r\nf\r\n$1\r\n" id "\r\n$5\r\nPOINT\r\n$1\r\n1\r\n$1\r\n2\r\n"
#define ARRAY_PING "*1\r\n$4\r\nPING\r\n"
#define ARRAY_BAD "*2\r\n$3\r\nSET\r\n$1\r\nf\r\n"
#define WRONG_COUNT "-ERR wrong number of arguments for 'set' command\r\n"

/// SETs of one pipeline are one append to the store, and each has its own reply in its place, refused or not.
static void test_run(void **state) {
    (void)state;
    struct client c;
    client_open(&c, server.port);
    client_say(&c,
               ARRAY_SET("a") ARRAY_SET("b") ARRAY_BAD ARRAY_SET("a") ARRAY_PING ARRAY_SET("c"));
    expect_silence(&c);
    assert_int_equal(atomic_load(&server.lsn), 3);
    become_durable(3);
    expect(&c, "+OK\r\n+OK\r\n" WRONG_COUNT "+OK\r\n+PONG\r\n+OK\r\n");
    client_say(&c, ARRAY_SET("a") ARRAY_SET("b") ARRAY_PING ARRAY_SET("d") ARRAY_SET("e"));
    expect_silence(&c);
    assert_int_equal(atomic_load(&server.lsn), 5);
    atomic_store(&server.refusing, true);
    become_durable(4);
    expect(&c, "+OK\r\n+OK\r\n+PONG\r\n-ERR no room, not lost\r\n-ERR no room, not lost\r\n");
    client_close(&c);
}

/// More than one run holds, cut anywhere by the socket.
static void test_long_run(void **state) {
    (void)state;
    enum { SETS = 3000 };
    struct client c;
    struct buf many, replies;
    become_durable(UINT64_MAX);
    client_open(&c, server.port);
    buf_init(&many);
    buf_init(&replies);
    for (int i = 0; i < SETS; i++) {
        buf_append_str(&many, STR(ARRAY_SET("a")));
        buf_append_str(&replies, STR("+OK\r\n"));
    }
    buf_append_char(&many, '\0');
    buf_append_char(&replies, '\0');
    client_say(&c, many.data);
    expect(&c, replies.data);
    assert_true(atomic_load(&server.lsn) < SETS / 4);
    buf_deinit(&many);
    buf_deinit(&replies);
    client_close(&c);
}

/// Replies that nobody takes stop a run of GETs where they are, and none is lost or given twice.
static void test_stopped_run(void **state) {
    (void)state;
    enum { GETS = 600, TEXT = 40000 };
    struct client c;
    struct buf many, reply;
    become_durable(UINT64_MAX);
    client_open(&c, server.port);
    buf_init(&many);
    buf_init(&reply);
    buf_printf(&many, "*5\r\n$3\r\nSET\r\n$1\r\nf\r\n$1\r\na\r\n$6\r\nSTRING\r\n$%d\r\n", TEXT);
    buf_printf(&reply, "$%d\r\n", TEXT);
    for (int i = 0; i < TEXT; i++) {
        buf_append_char(&many, (char)('a' + i % 26));
        buf_append_char(&reply, (char)('a' + i % 26));
    }
    buf_append_str(&many, STR("\r\n"));
    buf_append_str(&reply, STR("\r\n"));
    for (int i = 0; i < GETS; i++)
        buf_append_str(&many, STR("*3\r\n$3\r\nGET\r\n$1\r\nf\r\n$1\r\na\r\n"));
    buf_append_str(&many, STR("PING\r\n\0"));
    client_say(&c, many.data);
    size_t want = 5 + GETS * reply.len + 7;
    while (c.in.len < want) {
        if (client_more(&c, CLIENT_WAIT_MS) <= 0) break;
    }
    assert_int_equal(c.in.len, want);
    assert_memory_equal(c.in.data, "+OK\r\n", 5);
    for (size_t i = 0; i < GETS; i++)
        assert_memory_equal(c.in.data + 5 + i * reply.len, reply.data, reply.len);
    assert_memory_equal(c.in.data + want - 7, "+PONG\r\n", 7);
    buf_deinit(&many);
    buf_deinit(&reply);
    client_close(&c);
}

static void test_quit_while_held(void **state) {
    (void)state;
    struct client c;
    client_open(&c, server.port);
    client_say(&c, "SET f a POINT 1 2\r\nQUIT\r\nPING\r\n");
    expect_silence(&c);
    become_durable(1);
    expect(&c, "+OK\r\n+OK\r\n");
    expect_end(&c);
    client_close(&c);
}

/// Messages do not overtake the reply that says they will come.
static void test_message_behind_held(void **state) {
    (void)state;
    struct client c, talker;
    client_open(&c, server.port);
    client_open(&talker, server.port);
    client_say(&c, "SET f a POINT 1 2\r\nSUBSCRIBE x\r\n");
    expect_silence(&c);
    client_say(&talker, "PUBLISH x hello\r\n");
    expect(&talker, ":1\r\n");
    expect_silence(&c);
    become_durable(1);
    expect(&c, "+OK\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n"
               "*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$5\r\nhello\r\n");
    client_close(&c);
    client_close(&talker);
}

static void test_http_held(void **state) {
    (void)state;
    struct client c;
    struct answer a;
    client_open(&c, server.port);
    client_say(&c, "GET /set+f+a+point+1+2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect_silence(&c);
    become_durable(1);
    assert_true(client_answer(&c, &a, false));
    assert_int_equal(a.status, 200);
    buf_append_char(&a.body, '\0');
    assert_non_null(strstr(a.body.data, "{\"ok\":true,"));
    buf_deinit(&a.body);
    expect_end(&c);
    client_close(&c);
    client_open(&c, server.port);
    client_say(&c, "GET /set+f+a+point+1+2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect_silence(&c);
    atomic_store(&server.refusing, true);
    become_durable(1);
    assert_true(client_answer(&c, &a, false));
    buf_append_char(&a.body, '\0');
    assert_non_null(strstr(a.body.data, "no room, not lost"));
    buf_deinit(&a.body);
    client_close(&c);
}

static void test_loading(void **state) {
    (void)state;
    struct client c;
    client_open(&c, server.port);
    atomic_store(&server.loading, true);
    client_say(&c, "KEYS *\r\n");
    expect(&c, "-LOADING WarpEngine is reading its data\r\n");
    atomic_store(&server.loading, false);
    client_say(&c, "PING\r\n");
    expect(&c, "+PONG\r\n");
    client_close(&c);
}

static void test_too_many(void **state) {
    (void)state;
    struct client many[20], late;
    for (size_t i = 0; i < 20; i++) {
        client_open(&many[i], server.port);
        client_say(&many[i], "PING\r\n");
        expect(&many[i], "+PONG\r\n");
    }
    client_open(&late, server.port);
    expect(&late, "-ERR max number of clients reached\r\n");
    for (size_t i = 0; i < 20; i++)
        client_close(&many[i]);
    client_close(&late);
}

/// One with endless work leaves room for the others.
static void test_fair(void **state) {
    (void)state;
    become_durable(UINT64_MAX);
    struct client busy, c;
    client_open(&busy, server.port);
    client_open(&c, server.port);
    struct buf many;
    buf_init(&many);
    for (int i = 0; i < 200000; i++)
        buf_append_str(&many, STR("PING\r\n"));
    // The busy one's replies are not read, so its reading stops sometime; send what goes without waiting.
    send(busy.fd, many.data, many.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    client_say(&c, "PING\r\n");
    expect(&c, "+PONG\r\n");
    buf_deinit(&many);
    client_close(&busy);
    client_close(&c);
}

static void test_drain(void **state) {
    (void)state;
    struct client idle, waits;
    client_open(&idle, server.port);
    client_open(&waits, server.port);
    client_say(&idle, "PING\r\n");
    expect(&idle, "+PONG\r\n");
    client_say(&waits, "SET f a POINT 1 2\r\n");
    expect_silence(&waits);
    worker_drain(server.worker);
    expect_end(&idle);
    expect_silence(&waits);
    become_durable(1);
    expect(&waits, "+OK\r\n");
    expect_end(&waits);
    client_close(&idle);
    client_close(&waits);
    assert_true(worker_join(server.worker, 10000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_held, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stopped_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quit_while_held, setup, teardown),
        cmocka_unit_test_setup_teardown(test_message_behind_held, setup, teardown),
        cmocka_unit_test_setup_teardown(test_http_held, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loading, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fair, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drain, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
