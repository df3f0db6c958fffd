#include "support/support.h"

#include "command/regex.h"

static struct arena arena;

static bool matches(const char *pattern, const char *text) {
    struct regex *re;
    if (regex_parse(str_of(pattern), &arena, &re) != STATUS_OK) {
        fail_msg("%s does not parse", pattern);
    }
    bool match = regex_matches(re, str_of(text));
    arena_reset(&arena);
    return match;
}

static void takes_what_go_takes(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool match;
    } table[] = {
        {"", "", true},
        {"", "abc", true},
        {"b", "abc", true},
        {"^b", "abc", false},
        {"^abc$", "abc", true},
        {"^abc$", "abcd", false},
        {"a.c", "abc", true},
        {"a.c", "a\nc", false},
        {"(?s)a.c", "a\nc", true},
        {"a.c",
         "a\xc3\xa9"
         "c",
         true},
        {"^a..c$",
         "a\xc3\xa9"
         "c",
         false},
        {"[a-c]+x", "zzbcax", true},
        {"[^a-c]x", "ax bx cx", false},
        {"[]x]", "]", true},
        {"[a-]", "-", true},
        {"[\\]x]", "]", true},
        {"[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", true},
        {"\\d+\\.\\d+", "v12.5", true},
        {"^\\D+$", "a1", false},
        {"^\\w+$", "a_1", true},
        {"\\s", "a b", true},
        {"\\S", " \t", false},
        {"\\bcar\\b", "a car.", true},
        {"\\bcar\\b", "scar", false},
        {"\\Bcar", "scar", true},
        {"^(ab|cd)*$", "abcdab", true},
        {"^(ab|cd)*$", "abc", false},
        {"^(?:a|b|)c$", "c", true},
        {"^(?:a|b|)c$", "bc", true},
        {"^a?b$", "b", true},
        {"^a{2}$", "aa", true},
        {"^a{2}$", "aaa", false},
        {"^a{2,}$", "aaaaa", true},
        {"^a{2,}$", "a", false},
        {"^a{1,3}$", "aaa", true},
        {"^a{1,3}$", "aaaa", false},
        {"^a{0,2}$", "", true},
        {"^a{0,2}$", "aaa", false},
        {"^(ab){2,3}$", "ababab", true},
        {"^(ab){2,3}$", "abababab", false},
        {"^(a|b){0}c$", "c", true},
        {"^(a+){0,}c$", "aac", true},
        {"a{,3}", "a{,3}", true}, // not a count: text
        {"a{x", "a{x", true},
        {"^a+?b*?$", "aab", true},
        {"(?i)TRUCK", "my truck", true},
        {"(?i)[a-z]+1", "ABC1", true},
        {"TRUCK", "truck", false},
        {"(?m)^b$", "a\nb\nc", true},
        {"^b$", "a\nb\nc", false},
        {"\\x41\\n", "A\n", true},
        {"(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false},
        {"x|", "none", true},
        {"^((((){1000}){1000}){1000}){1000}$", "", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (matches(table[i].pattern, table[i].text) != table[i].match) {
            fail_msg("%s and %s", table[i].pattern, table[i].text);
        }
    }
}

static void refuses(void **state) {
    (void)state;
    static const char *const bad[] = {"(",       "a)",   "[a",    "[z-a]",    "*a",
                                      "a**",     "\\",   "\\q",   "(?P<n>a)", "a{3,2}",
                                      "a{1001}", "\\x4", "(?=a)", "[\\D]"};
    struct regex *re;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (regex_parse(str_of(bad[i]), &arena, &re) == STATUS_OK) {
            fail_msg("%s parses", bad[i]);
        }
    }
    static const char *const large[] = {"((((a{100}){100}){100}){100}){100}", "a{1000}b{1000}"};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        assert_int_equal(regex_parse(str_of(large[i]), &arena, &re), STATUS_TOO_LARGE);
    }
    char deep[200];
    memset(deep, '(', 100);
    memset(deep + 100, ')', 100);
    assert_int_equal(regex_parse((struct str){deep, 200}, &arena, &re), STATUS_TOO_LARGE);
}

static int set_up(void **state) {
    (void)state;
    arena_init(&arena, 0);
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    arena_deinit(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(takes_what_go_takes),
                                       cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
