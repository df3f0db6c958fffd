// TEST: what Tile38's own tests of it expect, forms and errors.

#include "unit/command/search_support.h"

#define BOX "BOUNDS 10 10 20 20"
#define INNER "BOUNDS 12 12 18 18"
#define AWAY "BOUNDS 30 30 40 40"

static void answers(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    put(&d, "m", "in", NULL, "POINT 15 15");
    put(&d, "m", "line", NULL,
        "OBJECT '{\"type\":\"LineString\",\"coordinates\":[[5,15],[15,15]]}'");
    put(&d, "m", "text", NULL, "STRING x");
    static const struct {
        const char *line;
        bool yes;
    } table[] = {
        {"GET m in WITHIN " BOX, true},
        {"GET m in within " AWAY, false},
        {"GET m line WITHIN " BOX, false},
        {"GET m line INTERSECTS " BOX, true},
        {"GET m text INTERSECTS " BOX, false},
        {"GET m in WITHIN GET m in", true},
        {"POINT 15 15 WITHIN CIRCLE 15 15.1 20000", true},
        {"POINT 15 15 WITHIN CIRCLE 15 15.1 10000", false},
        {"CIRCLE 15 15 1000 WITHIN " BOX, true},
        {"CIRCLE 15 15 1000 WITHIN CIRCLE 15 15 1001", true},
        {"CIRCLE 15 15 1000 WITHIN CIRCLE 15 15 990", false},
        {"CIRCLE 15 15 1000 INTERSECTS CIRCLE 15 15.1 1000", false},
        {"CIRCLE 15 15 6000 INTERSECTS CIRCLE 15 15.1 6000", true},
        {INNER " WITHIN " BOX, true},
        {BOX " WITHIN " INNER, false},
        {"POINT 20 20 WITHIN " BOX, true}, // on the corner is inside
        {"HASH s6 INTERSECTS " BOX, true},
        {"TILE 0 0 0 INTERSECTS QUADKEY 1", true},
        {"POINT 15.001 15.001 WITHIN SECTOR 15 15 1000 0 90", true},
        {"POINT 14.999 15.001 WITHIN SECTOR 15 15 1000 0 90", false},
        {INNER " INTERSECTS NOT " BOX, false},
        {INNER " INTERSECTS NOT NOT " BOX, true},
        {"NOT " INNER " INTERSECTS " AWAY, true},
        {INNER " WITHIN " BOX " AND " AWAY, false},
        {INNER " WITHIN " BOX " OR " AWAY, true},
        {INNER " WITHIN " AWAY " OR " BOX " AND " INNER, true},
        {INNER " WITHIN " BOX " AND ( " AWAY " OR " INNER " )", true},
        {INNER " WITHIN ( " BOX " )", true},
        {INNER " WITHIN " BOX " AND NOT " AWAY, true},
        {INNER " AND " AWAY " WITHIN " BOX, false},
        {INNER " OR " AWAY " WITHIN " BOX, true},
        {"( " INNER " OR " AWAY " ) WITHIN NOT ( " AWAY " )", false},
        {"BOUNDS 0 179 1 -179 INTERSECTS POINT 0.5 180", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char line[512];
        snprintf(line, sizeof line, "TEST %s", table[i].line);
        assert_short(&d, line, table[i].yes ? "1" : "0");
        assert_json(&d, line,
                    table[i].yes ? "{\"ok\":true,\"result\":true}"
                                 : "{\"ok\":true,\"result\":false}");
    }
    desk_close(&d);
}

static void clips(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    put(&d, "m", "a", NULL, "POINT 1 1");
    assert_short(&d, "TEST GET m a INTERSECTS CLIP BOUNDS 0 0 2 2",
                 "[1 {\"type\":\"Point\",\"coordinates\":[1,1]}]");
    assert_json(
        &d, "TEST GET m a INTERSECTS CLIP BOUNDS 0 0 2 2",
        "{\"ok\":true,\"result\":true,\"object\":{\"type\":\"Point\",\"coordinates\":[1,1]}}");
    assert_short(
        &d,
        "TEST OBJECT '{\"type\":\"LineString\",\"coordinates\":[[-5,1],[5,1]]}' INTERSECTS "
        "CLIP BOUNDS 0 0 2 2",
        "[1 {\"type\":\"LineString\",\"coordinates\":[[0,1],[2,1]]}]");
    assert_short(&d, "TEST GET m a INTERSECTS CLIP BOUNDS 5 5 6 6", "0");
    desk_close(&d);
}

static void refuses(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    put(&d, "m", "a", NULL, "POINT 1 1");
#define WRONG "wrong number of arguments for 'test' command"
    static const struct {
        const char *line, *error;
    } table[] = {
        {"TEST", WRONG},
        {"TEST GET m a", WRONG},
        {"TEST GET m a jello", "invalid argument 'jello'"},
        {"TEST GET m a WITHIN", WRONG},
        {"TEST GET m a WITHIN jello", WRONG},
        {"TEST GET m a WITHIN CIRCLE 37 -122", WRONG},
        {"TEST GET m a WITHIN CIRCLE 37 -122 cc", "invalid argument 'cc'"},
        {"TEST GET m a WITHIN CIRCLE aa bb cc", "invalid argument 'aa'"},
        {"TEST GET m a WITHIN CIRCLE 37 -122 -1", "invalid argument '-1'"},
        {"TEST GET m a WITHIN CIRCLE 37 -122 1 1", WRONG},
        {"TEST GET m a WITHIN SECTOR 37 -122 1000 0 ff", "invalid argument 'ff'"},
        {"TEST GET m a WITHIN SECTOR 37 -122 1000 1 1",
         "equal bearings (1 == 1), use CIRCLE instead"},
        {"TEST GET m a WITHIN QUADKEY pqowie", "invalid argument 'pqowie'"},
        {"TEST GET m a WITHIN TILE 1 bb 3", "invalid argument 'bb'"},
        {"TEST GET m a WITHIN BOUNDS 1 2 3", WRONG},
        {"TEST GET m a WITHIN GET none a", "key not found"},
        {"TEST GET m a WITHIN GET m none", "id not found"},
        {"TEST GET m a INTERSECTS ( GET m a", WRONG},
        {"TEST GET m a INTERSECTS GET m a )", "invalid argument ')'"},
        {"TEST GET m a INTERSECTS OR GET m a", "invalid argument 'or'"},
        {"TEST GET m a INTERSECTS AND GET m a", "invalid argument 'and'"},
        {"TEST GET m a INTERSECTS GET m a OR AND GET m a", "invalid argument 'and'"},
        {"TEST GET m a INTERSECTS GET m a AND OR GET m a", "invalid argument 'or'"},
        {"TEST GET m a INTERSECTS GET m a OR", WRONG},
        {"TEST GET m a INTERSECTS GET m a NOT", WRONG},
        {"TEST GET m a INTERSECTS GET m a NOT AND GET m a", "invalid argument 'and'"},
        {"TEST GET m a WITHIN CLIP BOUNDS 0 0 1 1", "invalid argument 'CLIP'"},
        {"TEST GET m a INTERSECTS CLIP OBJECT {}", "invalid clip type 'OBJECT'"},
        {"TEST GET m a INTERSECTS CLIP CIRCLE 1 2 3", "invalid clip type 'CIRCLE'"},
        {"TEST GET m a INTERSECTS CLIP GET m a", "invalid clip type 'GET'"},
        {"TEST GET m a INTERSECTS CLIP SECTOR", "invalid clip type 'SECTOR'"},
        {"TEST GET m a INTERSECTS CLIP BOUNDS 0 0 1 1 AND BOUNDS 0 0 1 1",
         "invalid argument 'clip'"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char expected[256];
        snprintf(expected, sizeof expected, "-ERR %s", table[i].error);
        assert_short(&d, table[i].line, expected);
    }
    // Nothing a client nests or chains may use up the stack.
    static struct str args[20000];
    size_t n = 0;
    args[n++] = STR("TEST");
    while (n < 10000)
        args[n++] = STR("(");
    assert_string_equal(desk_ask(&d, args, n).p, "-ERR too many parentheses\r\n");
    n = 1;
    while (n < 19990) {
        args[n++] = STR("POINT");
        args[n++] = STR("1");
        args[n++] = STR("1");
        args[n++] = STR("AND");
    }
    assert_string_equal(desk_ask(&d, args, n).p, "-ERR too many areas\r\n");
    desk_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(clips),
                                       cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
