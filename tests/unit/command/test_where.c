// WHERE in all its forms, asked through SCAN: one object, does it match?

#include "unit/command/search_support.h"

static void check(struct desk *d, const char *where, bool match) {
    char line[2048];
    snprintf(line, sizeof line, "SCAN m %s COUNT", where);
    assert_short(d, line, match ? "1" : "0");
}

static const char fields[] =
    "{\"speed\":50.5,\"name\":\"Ann \\\"Bee\\\"\",\"on\":true,\"off\":false,\"none\":null,"
    "\"crew\":{\"size\":3,\"names\":[\"a\",\"b\",{\"x\":[10,20]}]},\"digits\":\"12\",\"z9\":-0.5}";

static void ranges(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    put(&d, "m", "truck-7", fields, "POINT 33 -112 115");
    static const struct {
        const char *where;
        bool match;
    } table[] = {
        {"WHERE speed 50 51", true},
        {"WHERE speed 50.5 50.5", true},
        {"WHERE speed (50.5 60", false},
        {"WHERE speed +50. 51.", true},
        {"WHERE z9 -.6 -.4", true},
        {"WHERE z9 -.4 .4", false},
        {"WHERE speed > +50.", true},
        {"WHERE 'z9 + .5 == 0 && speed > 50.'", true},
        {"WHERE speed 40 (50.5", false},
        {"WHERE speed -inf +inf", true},
        {"WHERE speed -inf inf", true},
        {"WHERE speed 51 +inf", false},
        {"WHERE speed 40 60 WHERE z9 -1 0", true},
        {"WHERE speed 40 60 WHERE z9 0 1", false},
        {"WHERE missing 0 0", true},
        {"WHERE missing 1 2", false},
        {"WHERE z 100 120", true},
        {"WHERE z 116 120", false},
        {"WHERE crew.size 3 3", true},
        {"WHERE crew.size 4 5", false},
        {"WHERE speed < 51", true},
        {"WHERE speed <= 50.5", true},
        {"WHERE speed > 50.5", false},
        {"WHERE speed >= 50.5", true},
        {"WHERE speed == 50.5", true},
        {"WHERE speed != 50.5", false},
        {"WHERE name == 'ann \"bee\"'", true}, // without regard to case
        {"WHERE name != x", true},
        {"WHERE name == 5", false},
        {"WHERE name > 5", true}, // numbers come before strings
        {"WHERE on == true", true},
        {"WHERE on > text", true},
        {"WHERE off == false", true},
        {"WHERE off < -1000", true}, // false before numbers
        {"WHERE none == null", true},
        {"WHERE none < false", true},
        {"WHERE digits == 12", false}, // a string of digits is a string
        {"WHERE crew > true", true},
        {"WHEREIN speed 3 1 2 50.5", true},
        {"WHEREIN speed 2 1 2", false},
        {"WHEREIN speed 0", false},
        {"WHEREIN name 1 'ANN \"bee\"'", true},
        {"WHEREIN missing 1 0", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        check(&d, table[i].where, table[i].match);
    }
    assert_reply(&d, "SCAN m WHERE", "-ERR wrong number of arguments for 'scan' command\r\n");
    assert_reply(&d, "SCAN m WHERE a 1", "-ERR wrong number of arguments for 'scan' command\r\n");
    assert_reply(&d, "SCAN m WHEREIN a 18446744073709551615 1",
                 "-ERR wrong number of arguments for 'scan' command\r\n");
    desk_close(&d);
}

/// The expression is one argument, whatever quotes stand in it.
static bool matches(struct desk *d, const char *key, const char *expression) {
    struct str args[] = {STR("SCAN"), str_of(key), STR("WHERE"), str_of(expression), STR("COUNT")};
    struct str got = desk_ask(d, args, 5);
    if (got.p[0] != ':') {
        fail_msg("%s: %s", expression, got.p);
    }
    return got.p[1] == '1';
}

static void expressions(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    put(&d, "m", "truck-7", fields, "POINT 33 -112 115");
    static const struct {
        const char *text;
        bool match;
    } table[] = {
        {"true", true},
        {"false", false},
        {"1 + 1 == 2", true},
        {"2 + 3 * 4 == 14", true},
        {"(2 + 3) * 4 == 20", true},
        {"10 / 4 == 2.5 && 10 % 4 == 2 && 7 - 2 - 1 == 4", true},
        {"-speed == -50.5", true},
        {"- -1 == 1", true},
        {"--1", false},
        {"0x10 == 16", true},
        {"1e3 == 1000 && .5 == 1/2", true},
        {"speed > 50", true},
        {"speed>50&&speed<51", true},
        {"speed < 50 || on", true},
        {"!on", false},
        {"!off && !none && !missing", true},
        {"name == 'ann \"bee\"'", true},
        {"name == \"Ann \\\"Bee\\\"\"", true},
        {"name === 'ANN \"BEE\"'", true},
        {"digits == 12", true}, // as in JavaScript
        {"digits === 12", false},
        {"digits !== 12", true},
        {"'a' + 1 + 2 == 'a12'", true},
        {"1 + 2 + 'a' == '3a'", true},
        {"'a' < 'B'", true},
        {"speed > 10 ? on : off", true},
        {"speed > 100 ? on : off", false},
        {"false ? 1 : false ? 2 : 3", true},
        {"none ?? 5", true},
        {"undefined ?? false", false},
        {"1, 0", false},
        {"0, 1", true},
        {"id == 'truck-7'", true},
        {"type == 'Point'", true},
        {"this.speed == 50.5", true},
        {"crew.size == 3", true},
        {"crew.none", false},
        {"crew.none.deeper", false},
        {"crew?.size >= 3", true},
        {"crew['size'] == 3", true},
        {"crew.names[0] == 'a' && crew.names[1] == 'b'", true},
        {"crew.names[2].x[1] == 20", true},
        {"crew.names[3]", false},
        {"crew.names[-1]", false},
        {"properties.speed == 50.5", true},
        {"missing == 0", true},
        {"missing.at.all", false},
        {"id.match('truck-*')", true},
        {"id.match('TRUCK-?')", true},
        {"id.match('car*')", false},
        {"id =~ '^truck-[0-9]+$'", true},
        {"id =~ \"^car\"", false},
        {"!(id =~ '^car')", true},
        {"id =~ '('", false}, // no pattern: matches nothing
        {"id =~ name", false},
        {"NaN == NaN", false},
        {"Infinity > 1e300", true},
        {"'\\u0041\\x42\\n\\u{43}' == 'AB\\nC'", true},
        {"'\\ud83d\\ude00' == '\\u{1F600}'", true},
        {"", false},
        {"(", false},
        {"1 +", false},
        {"speed >", false},
        {"'open", false},
        {"a b", false},
        {"1..2", false},
        {"new == 1", false},
        {"speed.match(", false},
        {"speed.push(1)", false},
        {"a ? b", false},
        {"speed & 1", false},
        {"[1,2]", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (matches(&d, "m", table[i].text) != table[i].match) {
            fail_msg("%s", table[i].text);
        }
    }
    desk_close(&d);
}

static void features(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    put(&d, "f", "x", NULL,
        "OBJECT "
        "'{\"type\":\"Feature\",\"id\":\"own\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,"
        "2]},"
        "\"properties\":{\"kind\":\"van\",\"load\":{\"t\":2}}}'");
    put(&d, "s", "y", NULL, "STRING hello");
    assert_true(matches(&d, "f", "properties.kind == 'van'"));
    assert_true(matches(&d, "f", "properties.load.t >= 2"));
    assert_true(matches(&d, "f", "type == 'Feature'"));
    assert_true(matches(&d, "f", "id == 'own'")); // a Feature's members come first, as in Tile38
    assert_true(matches(&d, "f", "kind == 0"));   // its properties are no fields
    check(&d, "WHERE kind == van", false);
    assert_false(matches(&d, "s", "type"));
    assert_true(matches(&d, "s", "id == 'y'"));
    desk_close(&d);
}

static void bounds(void **state) {
    (void)state;
    struct desk d;
    desk_open(&d);
    put(&d, "m", "a", "{\"t\":\"xxxxxxxxxxxxxxxx\"}", "POINT 1 1");
    static char text[200000];
    struct str args[] = {STR("SCAN"), STR("m"), STR("WHERE"), {text, 0}, STR("COUNT")};
    static const char refused[] = "-ERR expression too large or too deep\r\n";
    memset(text, '(', 5000);
    args[3].len = 5000;
    assert_string_equal(desk_ask(&d, args, 5).p, refused);
    memset(text, '!', 60000);
    args[3].len = 60000;
    assert_string_equal(desk_ask(&d, args, 5).p, ":0\r\n");
    memset(text, ' ', sizeof text);
    args[3].len = sizeof text;
    assert_string_equal(desk_ask(&d, args, 5).p, refused);
    size_t len = 0;
    for (unsigned i = 0; i < 3000; i++) {
        len += (size_t)sprintf(text + len, "%s1", i ? "+" : "");
    }
    args[3].len = len;
    assert_string_equal(desk_ask(&d, args, 5).p, refused);
    // Strings that grow end the evaluation, not the server: (t+t)+(t+t)... doubles at every level.
    len = (size_t)sprintf(text, "t");
    for (unsigned i = 0; i < 11; i++) {
        static char half[100000];
        memcpy(half, text, len);
        len = (size_t)sprintf(text, "(%.*s+%.*s)", (int)len, half, (int)len, half);
    }
    args[3].len = len;
    assert_string_equal(desk_ask(&d, args, 5).p, ":0\r\n");
    desk_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranges), cmocka_unit_test(expressions),
                                       cmocka_unit_test(features), cmocka_unit_test(bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
