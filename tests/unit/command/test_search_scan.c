// SCAN and SEARCH.

#include "unit/command/search_support.h"

static void scan(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    assert_short(&d, "SCAN mykey", "[0 []]");
    assert_short(&d, "SCAN mykey COUNT", "0");
    for (unsigned i = 9; i; i--) {
        char id[8], text[24], fields[32];
        snprintf(id, sizeof id, "id%u", i);
        snprintf(text, sizeof text, "STRING bar%u", i);
        snprintf(fields, sizeof fields, "{\"foo\":%u}", i);
        put(&d, "mykey", id, fields, text);
    }
    static const struct {
        const char *rest, *expected;
    } table[] = {
        {"LIMIT 3 IDS", "[3 [id1 id2 id3]]"},
        {"CURSOR 3 LIMIT 3 IDS", "[6 [id4 id5 id6]]"},
        {"CURSOR 8 LIMIT 3 IDS", "[0 [id9]]"},
        {"CURSOR 6 LIMIT 3 IDS", "[9 [id7 id8 id9]]"},
        {"CURSOR 9 LIMIT 3 IDS", "[0 []]"},
        {"WHERE foo 3 5 IDS", "[0 [id3 id4 id5]]"},
        {"LIMIT 1 WHERE foo 3 5 IDS", "[3 [id3]]"},
        {"CURSOR 3 LIMIT 1 WHERE foo 8 9 IDS", "[8 [id8]]"},
        {"CURSOR 6 LIMIT 1 WHERE foo 8 9 IDS", "[8 [id8]]"},
        {"DESC LIMIT 3 IDS", "[3 [id9 id8 id7]]"},
        {"ASC LIMIT 3 IDS", "[3 [id1 id2 id3]]"},
        {"COUNT", "9"},
        {"CURSOR 4 COUNT", "5"},
        {"CURSOR 40 COUNT", "0"},
        {"LIMIT 4 COUNT", "4"},
        {"WHERE foo 3 5 COUNT", "3"},
        {"LIMIT 2 OBJECTS", "[2 [[id1 bar1 [foo 1]] [id2 bar2 [foo 2]]]]"},
    };
    for (unsigned i = 0; i < 2; i++) { // ids and values are in the same order
        for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
            char line[128];
            snprintf(line, sizeof line, "%s mykey %s", i ? "SEARCH" : "SCAN", table[t].rest);
            assert_short(&d, line, table[t].expected);
        }
    }
    assert_json(&d, "SEARCH mykey MATCH bar[12] NOFIELDS",
                "{\"ok\":true,\"objects\":[{\"id\":\"id1\",\"object\":\"bar1\"},"
                "{\"id\":\"id2\",\"object\":\"bar2\"}],\"count\":2,\"cursor\":0}");
    desk_close(&d);
}

static void matches(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    put(&d, "fleet", "truck1", NULL, "POINT 33.0001 -112.0001");
    put(&d, "fleet", "truck2", NULL, "POINT 33.0002 -112.0002");
    put(&d, "fleet", "luck1", NULL, "POINT 33.0003 -112.0003");
    put(&d, "fleet", "luck2", NULL, "STRING truck");
    static const struct {
        const char *rest, *expected;
    } table[] = {
        {"IDS", "[0 [luck1 luck2 truck1 truck2]]"},
        {"MATCH * IDS", "[0 [luck1 luck2 truck1 truck2]]"},
        {"MATCH truck* IDS", "[0 [truck1 truck2]]"},
        {"MATCH luck* IDS", "[0 [luck1 luck2]]"},
        {"MATCH *2 IDS", "[0 [luck2 truck2]]"},
        {"MATCH *2* IDS", "[0 [luck2 truck2]]"},
        {"MATCH *u* IDS", "[0 [luck1 luck2 truck1 truck2]]"},
        {"MATCH truck* DESC IDS", "[0 [truck2 truck1]]"},
        {"MATCH truck* DESC LIMIT 1 IDS", "[1 [truck2]]"},
        {"MATCH luck* DESC IDS", "[0 [luck2 luck1]]"},
        {"MATCH luck* CURSOR 1 IDS", "[0 [luck2]]"},
        {"MATCH truck1 IDS", "[0 [truck1]]"},
        {"MATCH truck1 DESC IDS", "[0 [truck1]]"},
        {"MATCH truck1 MATCH luck2 IDS", "[0 [luck2 truck1]]"},
        {"MATCH l*1 MATCH t*1 DESC IDS", "[0 [truck1 luck1]]"},
        {"MATCH t* MATCH ?uck1 IDS", "[0 [luck1 truck1 truck2]]"},
        {"MATCH zebra IDS", "[0 []]"},
        {"MATCH a* IDS", "[0 []]"},
        {"MATCH truck* COUNT", "2"},
        {"MATCH * COUNT", "4"},
    };
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        char line[128];
        snprintf(line, sizeof line, "SCAN fleet %s", table[t].rest);
        assert_short(&d, line, table[t].expected);
    }
    assert_short(&d, "SEARCH fleet IDS", "[0 [luck2]]"); // strings only
    assert_short(&d, "SEARCH fleet COUNT", "1");
    assert_short(&d, "SEARCH fleet MATCH tr* IDS", "[0 [luck2]]");
    assert_short(&d, "SEARCH fleet MATCH truck1 IDS", "[0 []]");
    assert_short(&d, "SCAN fleet MATCH luck2 HASHES 4", "[0 [[luck2 s000]]]");
    desk_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(scan), cmocka_unit_test(matches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
