// DEL PDEL DROP KEYS TYPE BOUNDS STATS.

#include "unit/command/support.h"

static void del(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "SET k i POINT 33 -115", "+OK\r\n");
    assert_reply(&d, "DEL k i", ":1\r\n");
    assert_reply(&d, "DEL k i", ":0\r\n");
    assert_json(&d, "DEL k i", "{\"ok\":true}");
    assert_reply(&d, "DEL k i ERRON404", "-ERR key not found\r\n");
    assert_reply(&d, "SET k j POINT 33 -115", "+OK\r\n");
    assert_reply(&d, "DEL k i erron404", "-ERR id not found\r\n");
    assert_reply(&d, "DEL k i x", "-ERR invalid argument 'x'\r\n");
    assert_reply(&d, "DEL k", "-ERR wrong number of arguments for 'del' command\r\n");
    desk_close(&d);
}

static void pdel(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    for (int i = 0; i < 2500; i++) {
        char line[64];
        snprintf(line, sizeof line, "SET k %s%d POINT 1 2", i % 5 ? "truck:" : "bus:", i);
        assert_reply(&d, line, "+OK\r\n");
    }
    assert_reply(&d, "PDEL k none*", ":0\r\n");
    assert_reply(&d, "PDEL none *", ":0\r\n");
    assert_reply(&d, "PDEL k truck:*1", ":250\r\n");
    assert_reply(&d, "PDEL k truck:*", ":1750\r\n");
    assert_reply(&d, "PDEL k bus:5", ":1\r\n");
    assert_reply(&d, "PDEL k *", ":499\r\n");
    assert_reply(&d, "TYPE k", "+none\r\n");
    desk_close(&d);
}

static void whole_keys(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    static const char *const names[] = {"mykey11", "mykey22", "mykey42", "mykey31", "mykey310"};
    for (size_t i = 0; i < 5; i++) {
        char line[64];
        snprintf(line, sizeof line, "SET %s id STRING value", names[i]);
        assert_reply(&d, line, "+OK\r\n");
    }
    assert_reply(&d, "KEYS *",
                 "*5\r\n$7\r\nmykey11\r\n$7\r\nmykey22\r\n$7\r\nmykey31\r\n$8\r\nmykey310\r\n$7\r\n"
                 "mykey42\r\n");
    assert_reply(&d, "KEYS mykey4*", "*1\r\n$7\r\nmykey42\r\n");
    assert_json(&d, "KEYS mykey*1", "{\"ok\":true,\"keys\":[\"mykey11\",\"mykey31\"]}");
    assert_reply(&d, "KEYS mykey[^3]*",
                 "*3\r\n$7\r\nmykey11\r\n$7\r\nmykey22\r\n$7\r\nmykey42\r\n");
    assert_reply(&d, "KEYS mykey", "*0\r\n");
    assert_json(&d, "KEYS none", "{\"ok\":true,\"keys\":[]}");
    assert_reply(&d, "TYPE mykey11", "+hash\r\n");
    assert_json(&d, "TYPE mykey11", "{\"ok\":true,\"type\":\"hash\"}");
    assert_json(&d, "TYPE none", "{\"ok\":false,\"err\":\"key not found\"}");
    assert_reply(&d, "DROP mykey11", ":1\r\n");
    assert_reply(&d, "DROP mykey11", ":0\r\n");
    assert_json(&d, "DROP mykey11", "{\"ok\":true}");
    assert_reply(&d, "KEYS *1*", "*2\r\n$7\r\nmykey31\r\n$8\r\nmykey310\r\n");
    assert_reply(&d, "DEL mykey31 id", ":1\r\n"); // a key goes with its last object
    assert_reply(&d, "KEYS *1*", "*1\r\n$8\r\nmykey310\r\n");
    assert_reply(&d, "DROP mykey31", ":0\r\n");
    desk_close(&d);
}

static void bounds(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "BOUNDS k", "$-1\r\n");
    assert_json(&d, "BOUNDS k", "{\"ok\":false,\"err\":\"key not found\"}");
    assert_reply(&d, "SET k 1 POINT 33 -115", "+OK\r\n");
    assert_reply(&d, "BOUNDS k",
                 "*2\r\n*2\r\n$4\r\n-115\r\n$2\r\n33\r\n*2\r\n$4\r\n-115\r\n$2\r\n33\r\n");
    assert_reply(&d, "SET k 2 POINT 34 -112", "+OK\r\n");
    assert_reply(&d, "BOUNDS k",
                 "*2\r\n*2\r\n$4\r\n-115\r\n$2\r\n33\r\n*2\r\n$4\r\n-112\r\n$2\r\n34\r\n");
    assert_reply(&d, "DEL k 2", ":1\r\n");
    assert_json(
        &d, "BOUNDS k",
        "{\"ok\":true,\"bounds\":{\"type\":\"Polygon\",\"coordinates\":[[[-115,33],[-115,33],[-"
        "115,33],[-115,33],[-115,33]]]}}");
    desk_close(&d);
}

static void stats(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "STATS k", "*1\r\n$-1\r\n");
    assert_json(&d, "STATS k j", "{\"ok\":true,\"stats\":[null,null]}");
    assert_reply(&d, "SET k 1 STRING value", "+OK\r\n");
    assert_reply(&d, "SET k 2 BOUNDS 1 2 3 4", "+OK\r\n");
    assert_reply(&d, "SET k 3 POINT 1 2", "+OK\r\n");
    struct str got = desk_say(&d, "STATS k");
    assert_non_null(
        strstr(got.p, "$11\r\nnum_objects\r\n$1\r\n3\r\n$10\r\nnum_points\r\n$1\r\n6\r\n$11\r\n"
                      "num_strings\r\n$1\r\n1\r\n"));
    assert_non_null(strstr(got.p, "*1\r\n*8\r\n$14\r\nin_memory_size\r\n"));
    desk_close(&d);
}

static void rename_keys(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "SET a 1 POINT 1 2", "+OK\r\n");
    assert_reply(&d, "RENAME a b", "+OK\r\n");
    assert_reply(&d, "EXISTS b 1", ":1\r\n");
    assert_reply(&d, "TYPE a", "+none\r\n");
    assert_reply(&d, "SET a 2 POINT 1 2", "+OK\r\n");
    assert_reply(&d, "RENAMENX a b", ":0\r\n");
    assert_json(&d, "RENAMENX a b", "{\"ok\":true}");
    assert_reply(&d, "RENAMENX a c", ":1\r\n");
    assert_reply(&d, "RENAME c b", "+OK\r\n");
    assert_reply(&d, "EXISTS b 1", ":0\r\n");
    assert_reply(&d, "EXISTS b 2", ":1\r\n");
    assert_reply(&d, "RENAME foo b", "-ERR key not found\r\n");
    assert_reply(&d, "RENAMENX foo b", "-ERR key not found\r\n");
    desk_close(&d);
}

static void rename_of_watched_keys(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    const char *watches[][2] = {
        {"SETCHAN c WITHIN a FENCE BOUNDS 0 0 1 1", "DELCHAN c"},
        {"SETCHAN c NEARBY b FENCE DETECT outside POINT 1 1 5", "DELCHAN c"},
        {"SETHOOK h http://127.0.0.1:1/x NEARBY a FENCE ROAM z * 100", "DELHOOK h"},
        {"SETHOOK h http://127.0.0.1:1/x INTERSECTS b FENCE CIRCLE 1 1 5", "DELHOOK h"}};
    for (size_t i = 0; i < sizeof watches / sizeof *watches; i++) {
        assert_reply(&d, "SET a 1 POINT 40 50", "+OK\r\n");
        assert_reply(&d, watches[i][0], ":1\r\n");
        assert_reply(&d, "RENAME a b", "-ERR key has hooks set\r\n");
        assert_reply(&d, "RENAMENX a b", "-ERR key has hooks set\r\n");
        assert_json(&d, "RENAME a b", "{\"ok\":false,\"err\":\"key has hooks set\"}");
        assert_reply(&d, "RENAME foo b", "-ERR key not found\r\n");
        assert_reply(&d, watches[i][1], ":1\r\n");
        assert_reply(&d, "RENAME a b", "+OK\r\n");
        assert_reply(&d, "EXISTS b 1", ":1\r\n");
    }
    assert_reply(&d, "SETCHAN c WITHIN other FENCE BOUNDS 0 0 1 1", ":1\r\n");
    assert_reply(&d, "SETCHAN d NEARBY other FENCE ROAM b * 100", ":1\r\n"); // looks at it only
    assert_reply(&d, "RENAME b c", "+OK\r\n");
    desk_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(del),
        cmocka_unit_test(pdel),
        cmocka_unit_test(whole_keys),
        cmocka_unit_test(rename_keys),
        cmocka_unit_test(rename_of_watched_keys),
        cmocka_unit_test(bounds),
        cmocka_unit_test(stats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
