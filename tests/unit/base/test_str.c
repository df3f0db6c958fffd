// test_str.c - slices: numbers against strtod, UTF-8 and glob tables.

#include "support/support.h"

#include <math.h>

#include "base/rand.h"
#include "base/str.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void comparing_and_cutting(void **state) {
    (void)state;
    assert_true(str_eq_nocase(STR("NeArBy"), STR("nEARbY")));
    assert_false(str_eq_nocase(STR("a"), STR("ab")));
    assert_false(str_eq_nocase(STR("@"), STR("`")));
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_true(str_starts(STR("abc"), STR_NONE));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_compare(STR("a"), STR("b")) < 0);
    assert_true(str_compare(STR("ab"), STR("a")) > 0);
    assert_true(str_compare(STR("\x80"), STR("a")) > 0);
    assert_int_equal(str_compare(STR_NONE, STR("")), 0);
    assert_true(str_eq(str_trim(STR(" \t\r\n a b \v\f")), STR("a b")));
    assert_int_equal(str_trim(STR("   ")).len, 0);
    assert_int_equal(str_find(STR("a,b"), ','), 1);
    assert_int_equal(str_find(STR_NONE, ','), 0);
}

static void splitting(void **state) {
    (void)state;
    struct str rest = STR(",a,,b,"), part;
    const char *const want[] = {"", "a", "", "b", ""};
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_true(str_split(&rest, ',', &part));
        assert_true(str_eq(part, str_of(want[i])));
    }
    assert_false(str_split(&rest, ',', &part));
    rest = STR("");
    assert_true(str_split(&rest, ',', &part));
    assert_int_equal(part.len, 0);
    assert_false(str_split(&rest, ',', &part));
}

// A copy of exactly its size, so that a sanitizer sees every byte read beyond it.
static bool parse_exact(const char *text, double *out) {
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    bool ok = str_parse_double((struct str){copy, len}, out);
    free(copy);
    return ok;
}

static void doubles_that_are_taken(void **state) {
    (void)state;
    static const char *const texts[] = {"0",
                                        "-0",
                                        "1",
                                        "-122.4194155",
                                        "37.7749",
                                        "1e3",
                                        "1E-7",
                                        "2.5e+10",
                                        "007.50",
                                        "0.1",
                                        "0.30000000000000004",
                                        "9007199254740993",
                                        "123456789012345678901234567890",
                                        "1.7976931348623157e308",
                                        "4.9e-324",
                                        "2.2250738585072011e-308",
                                        "1e-400",
                                        "1e22",
                                        "1e23",
                                        "8.5e-23",
                                        "0.000000000000000000000000000000000000000000000001",
                                        "100000000000000000000000000000000000000000000000000e-50",
                                        "1e0000000000000000001",
                                        "179769313486231570000000000000000000000e270",
                                        "1.00000000000000000000000000000000000",
                                        "9007199254740992.5",
                                        "0e999999999999"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        double v;
        if (!parse_exact(texts[i], &v)) {
            fail_msg("%s was refused", texts[i]);
        }
        double want = strtod(texts[i], NULL);
        assert_memory_equal(&v, &want, sizeof v);
    }
}

static void doubles_that_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "-",
                                        "+1",
                                        ".5",
                                        "5.",
                                        "-.5",
                                        "1e",
                                        "1e+",
                                        "1e-",
                                        "e5",
                                        "1e999",
                                        "-1e999",
                                        "nan",
                                        "NaN",
                                        "inf",
                                        "Infinity",
                                        "0x1",
                                        "0x1p3",
                                        " 1",
                                        "1 ",
                                        "1,5",
                                        "1.2.3",
                                        "--1",
                                        "1e5.0",
                                        "1_000",
                                        "\xef\xbc\x91",
                                        "1e99999999999999999999"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        double v = 42;
        if (parse_exact(texts[i], &v)) {
            fail_msg("%s was taken", texts[i]);
        }
        assert_true(v == 42);
    }
    double v;
    assert_false(str_parse_double((struct str){"1\0", 2}, &v));
    assert_false(str_parse_double(STR_NONE, &v));
}

static void numbers_as_people_write_them(void **state) {
    (void)state;
    static const char *const good[] = {"+1",   ".5",      "5.",     "-.5",    "+.5e3", "5.e2",
                                       "-5.",  "+0",      "-0.",    "-.0",    "007.",  "+1e-7",
                                       "12.5", "-180.25", "+1e308", "+00.10", ".5e-3", "0"};
    static const char *const bad[] = {"",    "+",     "-",  ".",   "+.",     "-.",  "+-5", "++5",
                                      ".e3", "+.e3",  "e5", "5.e", "..5",    "5..", ".5.", "+inf",
                                      "nan", "0x1p3", " 5", "5. ", "+1e999", "1_0", ".5,", "+ 5"};
    double v = 42;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!str_parse_number(str_of(good[i]), &v)) {
            fail_msg("%s was refused", good[i]);
        }
        double want = strtod(good[i], NULL);
        assert_memory_equal(&v, &want, sizeof v);
    }
    v = 42;
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (str_parse_number(str_of(bad[i]), &v)) {
            fail_msg("%s was taken", bad[i]);
        }
        assert_true(v == 42);
    }
    // More digits than are read exactly, and the sign is not part of what is left to strtod by luck.
    assert_true(str_parse_number(STR("+.1234567890123456789012345"), &v));
    assert_true(v == 0.1234567890123456789012345);
}

static void doubles_read_as_strtod_reads_them(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    for (int i = 0; i < 300000; i++) {
        uint64_t bits = rand_u64(&r);
        double v;
        if (i % 2) {
            memcpy(&v, &bits, sizeof v);
        } else {
            v = rand_range(&r, -180, 180);
        }
        if (!isfinite(v)) {
            continue;
        }
        char text[512];
        int digits = (int)rand_below(&r, 26);
        if (rand_below(&r, 2)) {
            snprintf(text, sizeof text, "%.*f", digits, v);
        } else {
            snprintf(text, sizeof text, "%.*e", digits, v);
        }
        double want = strtod(text, NULL), got;
        bool ok = str_parse_double(str_of(text), &got);
        if (ok != isfinite(want) || (ok && memcmp(&got, &want, sizeof got) != 0)) {
            fail_msg("%s", text);
        }
    }
}

static void integers_to_their_limits(void **state) {
    (void)state;
    int64_t i;
    uint64_t u;
    assert_true(str_parse_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
    assert_true(str_parse_i64(STR("9223372036854775807"), &i) && i == INT64_MAX);
    assert_true(str_parse_i64(STR("-0"), &i) && i == 0);
    assert_true(str_parse_u64(STR("18446744073709551615"), &u) && u == UINT64_MAX);
    static const char *const not_i64[] = {
        "", "-", "+1", "9223372036854775808", " 1", "1.0", "-9223372036854775809", "1e3", "--1"};
    for (size_t k = 0; k < COUNT(not_i64); k++) {
        assert_false(str_parse_i64(str_of(not_i64[k]), &i));
    }
    assert_false(str_parse_u64(STR("18446744073709551616"), &u));
    assert_false(str_parse_u64(STR("99999999999999999999999"), &u));
    assert_false(str_parse_u64(STR("-1"), &u));
}

static void byte_sizes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {{"0", 0},
                 {"123", 123},
                 {"1b", 1},
                 {"64KiB", 65536},
                 {"1GB", 1000000000},
                 {"2g", 2147483648},
                 {"1k", 1024},
                 {"3mb", 3000000},
                 {"1TiB", 1ull << 40},
                 {"16777215tib", 16777215ull << 40}};
    uint64_t v;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_true(str_parse_bytes(str_of(cases[i].text), &v));
        assert_true(v == cases[i].bytes);
    }
    static const char *const bad[] = {"", "k", "-1k", "1 k", "1x", "1kbb", "1.5g", "16777216tib"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(str_parse_bytes(str_of(bad[i]), &v));
    }
}

static void truth_values(void **state) {
    (void)state;
    static const char *const yes[] = {"true", "1", "yes", "on", "TRUE", "On"};
    static const char *const no[] = {"false", "0", "no", "off", "False"};
    bool v;
    for (size_t i = 0; i < COUNT(yes); i++) {
        assert_true(str_parse_bool(str_of(yes[i]), &v) && v);
    }
    for (size_t i = 0; i < COUNT(no); i++) {
        assert_true(str_parse_bool(str_of(no[i]), &v) && !v);
    }
    assert_false(str_parse_bool(STR(""), &v));
    assert_false(str_parse_bool(STR("truee"), &v));
    assert_false(str_parse_bool(STR("2"), &v));
}

static void utf8_table(void **state) {
    (void)state;
    static const char *const good[] = {"",
                                       "plain ascii text of some length",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "1234567\xc3\xa9\xc3\xa9",
                                       "\xe2\x82\xac"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2\x41",
                                      "\xe0\x9f\xbf",
                                      "\xe0\xa0",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf0\x90\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xfe",
                                      "12345678\xc3",
                                      "1234567\xe2\x82",
                                      "\xe2\x28\xa1"};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(str_is_utf8(str_of(good[i])));
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(str_is_utf8(str_of(bad[i])));
    }
    assert_true(str_is_utf8((struct str){"\0", 1}));
}

static void control_characters(void **state) {
    (void)state;
    assert_false(str_has_control(STR("plain \xc3\xa9")));
    assert_true(str_has_control(STR("a\nb")));
    assert_true(str_has_control((struct str){"a\0", 2}));
    assert_true(str_has_control(STR("a\x7f")));
    assert_false(str_has_control(STR_NONE));
}

static void glob_table(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {{"", "", true},
                 {"", "a", false},
                 {"*", "", true},
                 {"*", "anything", true},
                 {"a*", "abc", true},
                 {"a*", "bc", false},
                 {"*c", "abc", true},
                 {"*c", "abcd", false},
                 {"a*b*c", "axxbyyc", true},
                 {"a*b*c", "axxcyyb", false},
                 {"?", "", false},
                 {"?", "a", true},
                 {"?", "\xc3\xa9", true},
                 {"??", "\xc3\xa9", false},
                 {"[a-c]x", "bx", true},
                 {"[a-c]x", "dx", false},
                 {"[^a-c]", "d", true},
                 {"[!a-c]", "a", false},
                 {"[]]", "]", true},
                 {"[a-]", "-", true},
                 {"[\\]]", "]", true},
                 {"[\xc3\xa0-\xc3\xaf]", "\xc3\xa9", true},
                 {"[abc", "[abc", true},
                 {"[abc", "a", false},
                 {"\\*", "*", true},
                 {"\\*", "a", false},
                 {"a\\", "a\\", true},
                 {"truck-*", "truck-17", true},
                 {"**", "x", true},
                 {"*?*", "", false},
                 {"*ab", "aab", true},
                 {"*aab*", "aaaab", true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (str_glob(str_of(cases[i].pattern), str_of(cases[i].text)) != cases[i].matches) {
            fail_msg("%s against %s", cases[i].pattern, cases[i].text);
        }
    }
}

// Exponential matchers need longer than the age of the world for this.
static void a_hostile_glob_ends(void **state) {
    (void)state;
    char pattern[2001], text[20001];
    for (size_t i = 0; i < sizeof pattern - 1; i++) {
        pattern[i] = i % 2 ? 'a' : '*';
    }
    pattern[sizeof pattern - 1] = '\0';
    pattern[sizeof pattern - 2] = 'b';
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(str_glob(str_of(pattern), str_of(text)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing_and_cutting),
        cmocka_unit_test(splitting),
        cmocka_unit_test(doubles_that_are_taken),
        cmocka_unit_test(doubles_that_are_refused),
        cmocka_unit_test(numbers_as_people_write_them),
        cmocka_unit_test(doubles_read_as_strtod_reads_them),
        cmocka_unit_test(integers_to_their_limits),
        cmocka_unit_test(byte_sizes),
        cmocka_unit_test(truth_values),
        cmocka_unit_test(utf8_table),
        cmocka_unit_test(control_characters),
        cmocka_unit_test(glob_table),
        cmocka_unit_test(a_hostile_glob_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
