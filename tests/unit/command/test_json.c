// JSET, JGET, JDEL.

#include "unit/command/support.h"

static void strings(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "JGET user 901", "$-1\r\n");
    assert_json(&d, "JGET user 901", "{\"ok\":false,\"err\":\"key not found\"}");
    assert_reply(&d, "JSET user 901 name Tom", "+OK\r\n");
    assert_reply(&d, "JSET user 901 name.first Tom", "+OK\r\n");
    assert_reply(&d, "JSET user 901 name.last Anderson", "+OK\r\n");
    assert_reply(&d, "GET user 901",
                 "$42\r\n{\"name\":{\"first\":\"Tom\",\"last\":\"Anderson\"}}\r\n");
    assert_reply(&d, "JDEL user 901 name.last", ":1\r\n");
    assert_reply(&d, "JDEL user 901 name.last", ":0\r\n");
    assert_json(&d, "JDEL user 901 name.last", "{\"ok\":false,\"err\":\"path not found\"}");
    assert_reply(&d, "JSET user 901 age 1.10", "+OK\r\n");
    assert_reply(&d, "JSET user 901 text 1.10 STR", "+OK\r\n");
    assert_reply(&d, "JSET user 901 zip 007", "+OK\r\n");
    assert_reply(&d, "JSET user 901 list.-1 true", "+OK\r\n");
    assert_reply(&d, "JSET user 901 list.2 '{\"a\": 1}' RAW", "+OK\r\n");
    assert_reply(
        &d, "GET user 901",
        "$88\r\n{\"name\":{\"first\":\"Tom\"},\"age\":1.10,\"text\":\"1.10\",\"zip\":\"007\","
        "\"list\":[true,null,{\"a\":1}]}\r\n");
    assert_reply(&d, "JGET user 901 name.first", "$3\r\nTom\r\n");
    assert_reply(&d, "JGET user 901 name.first RAW", "$5\r\n\"Tom\"\r\n");
    assert_json(&d, "JGET user 901 name.first", "{\"ok\":true,\"value\":\"Tom\"}");
    assert_reply(&d, "JGET user 901 age", "$4\r\n1.10\r\n");
    assert_reply(&d, "JGET user 901 list.#", "$1\r\n3\r\n");
    assert_reply(&d, "JGET user 901 list.1", "$0\r\n\r\n");
    assert_reply(&d, "JGET user 901 list.7", "$-1\r\n");
    assert_json(&d, "JGET user 901 list.7", "{\"ok\":true}");
    assert_reply(&d, "JDEL user 901 list.0", ":1\r\n");
    assert_reply(&d, "JGET user 901 list", "$14\r\n[null,{\"a\":1}]\r\n");
    assert_reply(&d, "JSET user 901 a\\.b 1", "+OK\r\n");
    assert_reply(&d, "JGET user 901 a\\.b", "$1\r\n1\r\n");
    assert_reply(&d, "JSET user 901 list.x 1",
                 "-ERR cannot set array element for non-numeric key 'x'\r\n");
    assert_reply(&d, "JSET user 901 list.99999999 1",
                 "-ERR index 99999999 lies far behind the array's end\r\n");
    assert_reply(&d, "JSET user 901 a {b RAW", "-ERR invalid argument '{b'\r\n");
    assert_reply(&d, "JSET user 901 a b NO", "-ERR invalid argument 'NO'\r\n");
    assert_reply(&d, "JGET user 901 a NO", "-ERR invalid argument 'NO'\r\n");
    assert_reply(&d, "SET user 7 STRING plain", "+OK\r\n");
    assert_reply(&d, "JSET user 7 a 1", "-ERR json must be an object or array\r\n");
    assert_reply(&d, "JDEL none 7 a", ":0\r\n");
    assert_reply(&d, "JDEL user none a", ":0\r\n");
    desk_close(&d);
}

static void features(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(
        &d,
        "SET fleet t FIELD speed 5 EX 100 OBJECT '{\"type\":\"Feature\",\"geometry\":{\"type\":"
        "\"Point\",\"coordinates\":[1,2]},\"properties\":{\"a\":1}}'",
        "+OK\r\n");
    assert_reply(&d, "JSET fleet t properties.name x", "+OK\r\n");
    assert_json(&d, "GET fleet t WITHFIELDS",
                "{\"ok\":true,\"object\":{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\","
                "\"coordinates\":[1,2]},\"properties\":{\"a\":1,\"name\":\"x\"}},\"fields\":{"
                "\"speed\":5}}");
    assert_reply(&d, "TTL fleet t", ":-1\r\n");
    assert_reply(&d, "JSET fleet t geometry.coordinates.0 7", "+OK\r\n");
    assert_reply(&d, "GET fleet t POINT", "*2\r\n$1\r\n2\r\n$1\r\n7\r\n");
    assert_reply(&d, "JDEL fleet t properties.a", "+OK\r\n"); // as the SET that it is
    assert_reply(&d, "JGET fleet t properties", "$12\r\n{\"name\":\"x\"}\r\n");
    assert_reply(&d, "JDEL fleet t geometry", "-ERR missing geometry\r\n");
    assert_reply(&d, "SET fleet p POINT 1 2", "+OK\r\n");
    assert_reply(&d, "JSET fleet p coordinates.1 5", "+OK\r\n");
    assert_reply(&d, "GET fleet p POINT", "*2\r\n$1\r\n5\r\n$1\r\n2\r\n");
    desk_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings),
        cmocka_unit_test(features),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
