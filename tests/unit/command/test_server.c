#include "unit/command/support.h"

static void test_config(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "CONFIG GET keepalive", "*2\r\n$9\r\nkeepalive\r\n$3\r\n300\r\n");
    assert_reply(&d, "CONFIG SET keepalive 60", "+OK\r\n");
    assert_json(&d, "CONFIG GET keep*", "{\"ok\":true,\"properties\":{\"keepalive\":\"60\"}}");
    assert_reply(&d, "CONFIG SET maxmemory 100mb", "+OK\r\n");
    assert_reply(&d, "config get maxmemory", "*2\r\n$9\r\nmaxmemory\r\n$5\r\n100mb\r\n");
    assert_reply(&d, "CONFIG SET maxmemory",
                 "-ERR wrong number of arguments for 'config set' command\r\n");
    assert_reply(&d, "CONFIG SET maxmemory 0", "+OK\r\n");
    assert_reply(&d, "CONFIG GET maxmemory", "*2\r\n$9\r\nmaxmemory\r\n$0\r\n\r\n");
    assert_json(
        &d, "CONFIG GET *",
        "{\"ok\":true,\"properties\":{\"autogc\":\"0\",\"keepalive\":\"60\",\"leaderauth\":\"\","
        "\"maxmemory\":\"\",\"protected-mode\":\"yes\",\"requirepass\":\"\"}}");
    assert_reply(&d, "CONFIG GET nothing", "*0\r\n");
    assert_reply(&d, "CONFIG SET maxmemory lots",
                 "-ERR Invalid argument 'lots' for CONFIG SET 'maxmemory'\r\n");
    assert_reply(&d, "CONFIG SET colour red", "-ERR Unsupported CONFIG parameter: colour\r\n");
    assert_reply(&d, "CONFIG GET", "-ERR wrong number of arguments for 'config get' command\r\n");
    assert_json(&d, "CONFIG GET a b", "{\"ok\":false,\"err\":\"invalid number of arguments\"}");
    assert_reply(&d, "CONFIG", "-ERR unknown command 'CONFIG'\r\n");
    assert_reply(&d, "CONFIG PAINT", "-ERR unknown command 'CONFIG'\r\n");
    assert_reply(&d, "'CONFIG GET' autogc", "*2\r\n$6\r\nautogc\r\n$1\r\n0\r\n");
    assert_non_null(strstr(desk_say(&d, "CONFIG REWRITE").p, "-ERR not supported: "));
    assert_non_null(strstr(desk_say(&d, "CONFIG SET protected-mode no").p, "requirepass"));
    desk_close(&d);
}

static void test_password(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "AUTH x", "-ERR invalid password\r\n");
    assert_reply(&d, "CONFIG SET requirepass secret", "+OK\r\n");
    assert_reply(&d, "SERVER what", "-ERR invalid argument 'what'\r\n"); // who set it is in
    d.client = (struct command_client){0};
    assert_reply(&d, "SERVER", "-NOAUTH Authentication required.\r\n");
    assert_json(&d, "SERVER", "{\"ok\":false,\"err\":\"NOAUTH Authentication required.\"}");
    assert_reply(&d, "TIMEOUT 1 ROLE", "-NOAUTH Authentication required.\r\n");
    assert_reply(&d, "PING", "+PONG\r\n");
    assert_reply(&d, "HEALTHZ", "+OK\r\n");
    assert_reply(&d, "AUTH", "-ERR wrong number of arguments for 'auth' command\r\n");
    assert_reply(&d, "AUTH secre", "-ERR invalid password\r\n");
    assert_reply(&d, "AUTH secret2", "-ERR invalid password\r\n");
    assert_json(&d, "AUTH nope", "{\"ok\":false,\"err\":\"invalid password\"}");
    assert_reply(&d, "AUTH secret", "+OK\r\n");
    assert_reply(&d, "ROLE", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
    assert_reply(&d, "CONFIG SET requirepass", "+OK\r\n");
    d.client = (struct command_client){0};
    assert_json(&d, "AUTH default secret", "{\"ok\":false,\"err\":\"invalid password\"}");
    assert_json(&d, "ROLE",
                "{\"ok\":true,\"role\":{\"role\":\"master\",\"offset\":0,\"slaves\":[]}}");
    desk_close(&d);
}

static void test_read_only(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "READONLY yes", "+OK\r\n");
    assert_reply(&d, "FLUSHDB", "-ERR read only\r\n");
    assert_json(&d, "FLUSHDB", "{\"ok\":false,\"err\":\"read only\"}");
    assert_reply(&d, "READONLY", "-ERR wrong number of arguments for 'readonly' command\r\n");
    assert_reply(&d, "READONLY perhaps", "-ERR invalid argument 'perhaps'\r\n");
    assert_json(&d, "READONLY NO", "{\"ok\":true}");
    assert_reply(&d, "FLUSHDB", "+OK\r\n");
    desk_close(&d);
}

static void put(struct desk *d, const char *collection, const char *id) {
    struct change change = {.kind = CHANGE_PUT, .collection = str_of(collection)};
    change.draft.id = str_of(id);
    change.draft.point = (struct point){1, 2};
    struct change_result result = {0};
    uint64_t lsn;
    struct reason why = {0};
    engine_enter(d->engine, d->reader);
    assert_int_equal(engine_apply(d->engine, d->reader, &change, 1, &result, &lsn, &why),
                     STATUS_OK);
    assert_int_equal(result.status, STATUS_OK);
    engine_leave(d->engine, d->reader);
}

static void test_flush(void **state) {
    (void)state;
    struct desk d;
    struct engine_stats stats;
    desk_open(&d);
    for (int i = 0; i < 1200; i++) { // more than a page of collections
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        put(&d, name, "a");
    }
    assert_reply(&d, "FLUSHDB x", "-ERR wrong number of arguments for 'flushdb' command\r\n");
    engine_stats(d.engine, &stats);
    assert_int_equal(stats.objects, 1200);
    assert_reply(&d, "FLUSHDB", "+OK\r\n");
    engine_stats(d.engine, &stats);
    assert_int_equal(stats.objects, 0);
    assert_int_equal(stats.collections, 0);
    desk_close(&d);
}

static void test_timeout(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "TIMEOUT 10 PING", "+PONG\r\n");
    assert_json(&d, "TIMEOUT 10 PING x", "{\"ok\":true,\"ping\":\"x\"}");
    assert_reply(&d, "TIMEOUT 0 PING", "-ERR timeout\r\n");
    assert_reply(&d, "TIMEOUT 10 FLUSHDB", "-ERR timeout not supported for 'flushdb'\r\n");
    assert_reply(&d, "TIMEOUT soon PING", "-ERR invalid argument 'soon'\r\n");
    assert_reply(&d, "TIMEOUT -1 PING", "-ERR invalid argument '-1'\r\n");
    assert_reply(&d, "TIMEOUT 10", "-ERR wrong number of arguments for 'timeout' command\r\n");
    assert_reply(&d, "TIMEOUT 10 DANCE", "-ERR unknown command 'DANCE'\r\n");
    desk_close(&d);
}

static void test_facts(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    put(&d, "fleet", "truck");
    struct str s = desk_say(&d, "SERVER");
    assert_non_null(strstr(s.p, "$11\r\nnum_objects\r\n$1\r\n1\r\n"));
    assert_non_null(strstr(s.p, "$15\r\nnum_collections\r\n$1\r\n1\r\n"));
    assert_non_null(strstr(desk_say(&d, "SERVER ext").p, "tile38_num_objects\r\n$1\r\n1\r\n"));
    s = desk_say(&d, "INFO");
    assert_non_null(strstr(s.p, "# Server\r\ntile38_version:"));
    assert_non_null(strstr(s.p, "role:master\r\n"));
    assert_reply(&d, "INFO cluster", "$30\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n");
    assert_reply(&d, "INFO weather", "$0\r\n\r\n");
    assert_json(&d, "INFO cluster", "{\"ok\":true,\"info\":{\"cluster_enabled\":0}}");
    assert_reply(&d, "INFO a b", "-ERR wrong number of arguments for 'info' command\r\n");
    d.client.json = true;
    assert_non_null(strstr(desk_say(&d, "SERVER").p, "\"num_objects\":1,"));
    assert_json(&d, "HEALTHZ", "{\"ok\":true}");
    assert_reply(&d, "GC", "+OK\r\n");
    assert_reply(&d, "AOFSHRINK", "-ERR there is no store to shrink\r\n");
    desk_close(&d);
}

static void test_not_here(void **state) {
    (void)state;
    static const char *const words[] = {"AOF",     "AOFMD5",   "FOLLOW",
                                        "SLAVEOF", "REPLCONF", "SHUTDOWN"};
    struct desk d;
    desk_open(&d);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct str s = desk_say(&d, words[i]);
        assert_non_null(strstr(s.p, "-ERR not supported: "));
        assert_null(strstr(s.p, "not supported: follow\r\n"));
    }
    assert_reply(&d, "HELLO 3", "-ERR unknown command 'HELLO'\r\n");
    assert_reply(&d, "MONITOR", "-ERR monitor is not possible here\r\n");
    assert_reply(&d, "SUBSCRIBE a", "-ERR subscribe is not possible here\r\n");
    assert_reply(&d, "PUBLISH a b", ":0\r\n");
    assert_json(&d, "PUBLISH a b", "{\"ok\":true,\"published\":0}");
    desk_close(&d);
}

static void test_command(void **state) {
    (void)state;
    struct desk d;
    size_t count;
    char expected[32];
    command_table(&count);
    snprintf(expected, sizeof expected, ":%zu\r\n", count);
    desk_open(&d);
    assert_reply(&d, "COMMAND COUNT", expected);
    assert_reply(&d, "COMMAND DOCS", "*0\r\n");
    assert_reply(&d, "COMMAND INFO nothing flushdb",
                 "*2\r\n$-1\r\n*6\r\n$7\r\nflushdb\r\n:1\r\n*1\r\n+write\r\n:1\r\n:1\r\n:1\r\n");
    assert_reply(&d, "COMMAND PAINT", "-ERR invalid argument 'PAINT'\r\n");
    snprintf(expected, sizeof expected, "*%zu\r\n", count);
    assert_true(str_starts(desk_say(&d, "COMMAND"), str_of(expected)));
    assert_true(str_starts(desk_say(&d, "COMMAND LIST"), str_of(expected)));
    desk_close(&d);
}

static void test_client(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    d.client.id = 7;
    assert_reply(&d, "CLIENT ID", ":7\r\n");
    assert_json(&d, "CLIENT ID", "{\"ok\":true,\"id\":7}");
    assert_reply(&d, "CLIENT", "-ERR wrong number of arguments for 'client' command\r\n");
    assert_reply(&d, "CLIENT DANCE",
                 "-ERR Syntax error, try CLIENT (LIST | KILL | GETNAME | SETNAME)\r\n");
    assert_reply(&d, "CLIENT LIST x", "-ERR wrong number of arguments for 'client' command\r\n");
    assert_reply(&d, "CLIENT SETNAME 'a b'",
                 "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
    assert_reply(&d, "CLIENT SETINFO lib-name x", "+OK\r\n");
    assert_reply(&d, "CLIENT KILL 1.2.3.4:5", "-ERR No such client\r\n");
    assert_reply(&d, "CLIENT KILL ID x", "-ERR No such client\r\n");
    assert_reply(&d, "CLIENT KILL ID", "-ERR wrong number of arguments for 'client' command\r\n");
    desk_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config),    cmocka_unit_test(test_password),
        cmocka_unit_test(test_read_only), cmocka_unit_test(test_flush),
        cmocka_unit_test(test_timeout),   cmocka_unit_test(test_facts),
        cmocka_unit_test(test_not_here),  cmocka_unit_test(test_command),
        cmocka_unit_test(test_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
