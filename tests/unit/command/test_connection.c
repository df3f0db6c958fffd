#include "unit/command/support.h"

static void test_ping(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "PING", "+PONG\r\n");
    assert_reply(&d, "ping 'hello there'", "$11\r\nhello there\r\n");
    assert_json(&d, "PING", "{\"ok\":true,\"ping\":\"pong\"}");
    assert_json(&d, "PING x", "{\"ok\":true,\"ping\":\"x\"}");
    assert_reply(&d, "PING a b", "-ERR wrong number of arguments for 'ping' command\r\n");
    desk_close(&d);
}

static void test_unknown(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "FROBNICATE a", "-ERR unknown command 'FROBNICATE'\r\n");
    assert_json(&d, "FROBNICATE a", "{\"ok\":false,\"err\":\"unknown command 'FROBNICATE'\"}");
    desk_close(&d);
}

static void test_output(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "OUTPUT", "$4\r\nresp\r\n");
    assert_json(&d, "OUTPUT", "{\"ok\":true,\"output\":\"json\"}");
    assert_reply(&d, "OUTPUT xml", "-ERR invalid argument 'xml'\r\n");
    d.client.json = true;
    assert_string_equal(desk_say(&d, "OUTPUT resp").p, "+OK\r\n");
    assert_false(d.client.json);
    desk_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ping),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
