// SET, GET, FSET, FGET, FEXISTS, EXISTS, EXPIRE, PERSIST, TTL.

#include "unit/command/support.h"

#include <unistd.h>

static void points(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "SET fleet truck POINT 33 -115", "+OK\r\n");
    assert_reply(&d, "get fleet truck",
                 "$40\r\n{\"type\":\"Point\",\"coordinates\":[-115,33]}\r\n");
    assert_reply(&d, "GET fleet truck POINT", "*2\r\n$2\r\n33\r\n$4\r\n-115\r\n");
    assert_reply(&d, "GET fleet truck BOUNDS",
                 "*2\r\n*2\r\n$2\r\n33\r\n$4\r\n-115\r\n*2\r\n$2\r\n33\r\n$4\r\n-115\r\n");
    assert_reply(&d, "GET fleet truck HASH 7", "$7\r\n9my5xp7\r\n");
    assert_json(&d, "GET fleet truck",
                "{\"ok\":true,\"object\":{\"type\":\"Point\",\"coordinates\":[-115,33]}}");
    assert_json(&d, "GET fleet truck POINT", "{\"ok\":true,\"point\":{\"lat\":33,\"lon\":-115}}");
    assert_json(
        &d, "GET fleet truck BOUNDS",
        "{\"ok\":true,\"bounds\":{\"sw\":{\"lat\":33,\"lon\":-115},\"ne\":{\"lat\":33,\"lon\":-"
        "115}}}");
    assert_json(&d, "GET fleet truck HASH 7", "{\"ok\":true,\"hash\":\"9my5xp7\"}");
    assert_json(&d, "SET fleet truck POINT 34 -112 5", "{\"ok\":true}");
    assert_json(&d, "GET fleet truck POINT",
                "{\"ok\":true,\"point\":{\"lat\":34,\"lon\":-112,\"z\":5}}");
    assert_reply(&d, "GET fleet none", "$-1\r\n");
    assert_reply(&d, "GET none truck", "$-1\r\n");
    assert_json(&d, "GET fleet none", "{\"ok\":false,\"err\":\"id not found\"}");
    assert_json(&d, "GET none truck", "{\"ok\":false,\"err\":\"key not found\"}");
    desk_close(&d);
}

static void other_kinds(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "SET k s STRING value", "+OK\r\n");
    assert_reply(&d, "GET k s", "$5\r\nvalue\r\n");
    assert_json(&d, "GET k s", "{\"ok\":true,\"object\":\"value\"}");
    assert_reply(&d, "GET k s POINT", "*2\r\n$1\r\n0\r\n$1\r\n0\r\n");
    assert_reply(&d, "SET k s HASH 9my5xp7", "+OK\r\n");
    assert_reply(&d, "GET k s HASH 7", "$7\r\n9my5xp7\r\n");
    assert_reply(&d, "SET k b BOUNDS 33 -115 34 -114", "+OK\r\n");
    assert_reply(&d, "GET k b POINT", "*2\r\n$4\r\n33.5\r\n$6\r\n-114.5\r\n");
    assert_reply(&d,
                 "SET k f OBJECT '{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\","
                 "\"coordinates\":[1,2]},\"properties\":{\"a\":1}}'",
                 "+OK\r\n");
    assert_reply(&d,
                 "SET k f FIELD a 2 FIELD b 3 OBJECT '{\"type\":\"Feature\",\"geometry\":{\"type\":"
                 "\"Point\",\"coordinates\":[1,2]},\"properties\":{\"c\":1}}'",
                 "+OK\r\n");
    assert_json(&d, "GET k f WITHFIELDS",
                "{\"ok\":true,\"object\":{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\","
                "\"coordinates\":[1,2]},\"properties\":{\"c\":1}},\"fields\":{\"a\":2,\"b\":3}}");
    // A Feature's own properties go with it; fields stay.
    assert_reply(&d, "SET k f POINT 1 2", "+OK\r\n");
    assert_json(
        &d, "GET k f WITHFIELDS",
        "{\"ok\":true,\"object\":{\"type\":\"Point\",\"coordinates\":[2,1]},\"fields\":{\"a\":2,"
        "\"b\":3}}");
    desk_close(&d);
}

static void refused(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    static const char *const cases[][2] = {
        {"SET", "-ERR wrong number of arguments for 'set' command\r\n"},
        {"SET k", "-ERR wrong number of arguments for 'set' command\r\n"},
        {"SET k i", "-ERR wrong number of arguments for 'set' command\r\n"},
        {"SET k i FIELD a 1", "-ERR wrong number of arguments for 'set' command\r\n"},
        {"SET k i FIELD a", "-ERR wrong number of arguments for 'set' command\r\n"},
        {"SET k i FIELD lat 1 POINT 1 2", "-ERR invalid argument 'lat'\r\n"},
        {"SET k i EX", "-ERR wrong number of arguments for 'set' command\r\n"},
        {"SET k i EX a POINT 1 2", "-ERR invalid argument 'a'\r\n"},
        {"SET k i NX XX POINT 1 2", "-ERR invalid argument 'XX'\r\n"},
        {"SET k i XX NX POINT 1 2", "-ERR invalid argument 'NX'\r\n"},
        {"SET k i POINT 1", "-ERR wrong number of arguments for 'set' command\r\n"},
        {"SET k i POINT a 2", "-ERR invalid argument 'a'\r\n"},
        {"SET k i POINT 1 b", "-ERR invalid argument 'b'\r\n"},
        {"SET k i BOUNDS 1 2 3", "-ERR wrong number of arguments for 'set' command\r\n"},
        {"SET k i BOUNDS 1 2 3 x", "-ERR invalid argument 'x'\r\n"},
        {"SET k i HASH", "-ERR wrong number of arguments for 'set' command\r\n"},
        {"SET k i OBJECT {", "-ERR invalid data\r\n"},
        {"SET k i OBJECT {}", "-ERR missing type\r\n"},
        {"SET k i JUNK", "-ERR invalid argument 'JUNK'\r\n"},
        {"SET k i POINT 91 0", "-ERR longitude 0, latitude 91 are outside the earth\r\n"},
        {"GET k i HASH", "-ERR wrong number of arguments for 'get' command\r\n"},
        {"GET k i HASH 0", "-ERR invalid argument '0'\r\n"},
        {"GET k i HASH 13", "-ERR invalid argument '13'\r\n"},
        {"GET k i JUNK", "-ERR wrong number of arguments for 'get' command\r\n"},
        {"GET k", "-ERR wrong number of arguments for 'get' command\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_reply(&d, cases[i][0], cases[i][1]);
    }
    assert_reply(&d, "TYPE k", "+none\r\n");
    desk_close(&d);
}

static void conditions(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "SET k i XX POINT 1 2", "$-1\r\n");
    assert_json(&d, "SET k i XX POINT 1 2", "{\"ok\":false,\"err\":\"id not found\"}");
    assert_reply(&d, "SET k i NX POINT 1 2", "+OK\r\n");
    assert_reply(&d, "SET k i NX POINT 3 4", "$-1\r\n");
    assert_json(&d, "SET k i NX POINT 3 4", "{\"ok\":false,\"err\":\"id already exists\"}");
    assert_reply(&d, "SET k i XX POINT 5 6", "+OK\r\n");
    assert_reply(&d, "GET k i POINT", "*2\r\n$1\r\n5\r\n$1\r\n6\r\n");
    assert_reply(&d, "SET k j XX POINT 5 6", "$-1\r\n");
    assert_reply(
        &d, "SET k i FIELD a 1 RETURN POINT 7 8",
        "*2\r\n$36\r\n{\"type\":\"Point\",\"coordinates\":[8,7]}\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n");
    desk_close(&d);
}

static void fields(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "SET mykey myid FIELD f1 33 FIELD a2 44.5 HASH 9my5xp7", "+OK\r\n");
    assert_reply(&d, "GET mykey myid WITHFIELDS HASH 7",
                 "*2\r\n$7\r\n9my5xp7\r\n*4\r\n$2\r\na2\r\n$4\r\n44.5\r\n$2\r\nf1\r\n$2\r\n33\r\n");
    assert_reply(&d, "FSET mykey myid f1 0", ":1\r\n");
    assert_reply(&d, "FSET mykey myid f1 0", ":0\r\n");
    assert_reply(&d, "GET mykey myid WITHFIELDS HASH 7",
                 "*2\r\n$7\r\n9my5xp7\r\n*2\r\n$2\r\na2\r\n$4\r\n44.5\r\n");
    assert_reply(&d, "FSET mykey myid a2 0", ":1\r\n");
    assert_reply(&d, "GET mykey myid WITHFIELDS HASH 7", "*1\r\n$7\r\n9my5xp7\r\n");
    assert_json(&d, "GET mykey myid WITHFIELDS HASH 7", "{\"ok\":true,\"hash\":\"9my5xp7\"}");
    assert_reply(&d, "FSET mykey myid f1 1.1 f2 2.2", ":2\r\n");
    assert_reply(&d, "FSET mykey myid f1 1.10 f2 22.22", ":1\r\n");
    assert_reply(&d, "FGET mykey myid f1", "$3\r\n1.1\r\n");
    assert_reply(&d, "FSET mykey myid a 1 a 2 a 2", ":2\r\n");
    assert_reply(&d, "FSET mykey myid name 'he said \"x\"' json '{\"b\": [1]}' t true", ":3\r\n");
    assert_json(&d, "FGET mykey myid name", "{\"ok\":true,\"value\":\"he said \\\"x\\\"\"}");
    assert_reply(&d, "FGET mykey myid name", "$11\r\nhe said \"x\"\r\n");
    assert_reply(&d, "FGET mykey myid json", "$9\r\n{\"b\":[1]}\r\n");
    assert_json(&d, "FGET mykey myid t", "{\"ok\":true,\"value\":true}");
    assert_reply(&d, "FGET mykey myid none", "$1\r\n0\r\n");
    assert_json(&d, "FGET mykey myid none", "{\"ok\":true,\"value\":0}");
    assert_reply(&d, "FEXISTS mykey myid t", ":1\r\n");
    assert_json(&d, "FEXISTS mykey myid none", "{\"ok\":true,\"exists\":false}");
    // SET keeps fields, however it is done.
    assert_reply(&d, "SET mykey myid POINT 1 2", "+OK\r\n");
    assert_reply(&d, "SET mykey myid POINT 1 3", "+OK\r\n");
    assert_reply(&d, "SET mykey myid STRING s", "+OK\r\n");
    assert_reply(&d, "FGET mykey myid t", "$4\r\ntrue\r\n");
    assert_reply(&d, "FSET mykey none a 1", "-ERR id not found\r\n");
    assert_reply(&d, "FSET mykey none XX a 1", ":0\r\n");
    assert_reply(&d, "FSET none none XX a 1", "-ERR key not found\r\n");
    assert_reply(&d, "FSET mykey myid z 1", "-ERR invalid argument 'z'\r\n");
    assert_reply(&d, "FSET mykey myid a", "-ERR wrong number of arguments for 'fset' command\r\n");
    assert_reply(&d, "FGET none none a", "-ERR key not found\r\n");
    assert_reply(&d, "FGET mykey none a", "-ERR id not found\r\n");
    assert_reply(&d, "EXISTS mykey myid", ":1\r\n");
    assert_reply(&d, "EXISTS mykey none", ":0\r\n");
    assert_json(&d, "EXISTS mykey none", "{\"ok\":true,\"exists\":false}");
    assert_reply(&d, "EXISTS none none", "-ERR key not found\r\n");
    desk_close(&d);
}

static void numbers_of_every_form(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "SET k i FIELD a .5 FIELD b 5. FIELD c -.5e1 FIELD d .0 POINT +1. -.5",
                 "+OK\r\n");
    assert_json(&d, "GET k i WITHFIELDS",
                "{\"ok\":true,\"object\":{\"type\":\"Point\",\"coordinates\":[-0.5,1]},\"fields\":"
                "{\"a\":0.5,\"b\":5,\"c\":-5}}");
    // A telephone number, a postal code, and what is none at all.
    assert_reply(&d, "SET k j FIELD a +49301 FIELD b 00501 FIELD c . FIELD d 1.2.3 POINT 1 2",
                 "+OK\r\n");
    assert_json(&d, "GET k j WITHFIELDS",
                "{\"ok\":true,\"object\":{\"type\":\"Point\",\"coordinates\":[2,1]},\"fields\":"
                "{\"a\":\"+49301\",\"b\":\"00501\",\"c\":\".\",\"d\":\"1.2.3\"}}");
    desk_close(&d);
}

static void expiry(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_reply(&d, "SET k i EX 100 STRING v", "+OK\r\n");
    assert_reply(&d, "TTL k i", ":99\r\n");
    assert_json(&d, "TTL k i", "{\"ok\":true,\"ttl\":99}");
    assert_reply(&d, "PERSIST k i", ":1\r\n");
    assert_reply(&d, "PERSIST k i", ":0\r\n");
    assert_reply(&d, "TTL k i", ":-1\r\n");
    assert_reply(&d, "EXPIRE k i 0.05", ":1\r\n");
    assert_reply(&d, "GET k i", "$1\r\nv\r\n");
    usleep(80000);
    assert_reply(&d, "GET k i", "$-1\r\n");
    assert_reply(&d, "TTL k i", ":-2\r\n");
    assert_reply(&d, "EXPIRE k i 5", ":0\r\n");
    assert_json(&d, "EXPIRE k none 5", "{\"ok\":false,\"err\":\"id not found\"}");
    assert_json(&d, "PERSIST none none", "{\"ok\":false,\"err\":\"key not found\"}");
    assert_reply(&d, "EXPIRE k i x", "-ERR invalid argument 'x'\r\n");
    // SET without EX takes the expiry away, in place or not.
    assert_reply(&d, "SET k p EX 100 POINT 1 2", "+OK\r\n");
    assert_reply(&d, "SET k p POINT 1 2", "+OK\r\n");
    assert_reply(&d, "TTL k p", ":-1\r\n");
    assert_reply(&d, "SET k p EX 1e300 POINT 1 2", "+OK\r\n");
    desk_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points),  cmocka_unit_test(other_kinds),
        cmocka_unit_test(refused), cmocka_unit_test(conditions),
        cmocka_unit_test(fields),  cmocka_unit_test(numbers_of_every_form),
        cmocka_unit_test(expiry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
