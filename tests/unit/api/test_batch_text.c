// test_batch_text.c - lines and sequences, cut.

#include "support/support.h"

#include "api/batch_text.h"

/// "1:a 2:b": number and text of each record.
static const char *cut(struct str body, bool is_seq) {
    static char out[500];
    out[0] = '\0';
    struct batch_text t = batch_text_open(body, is_seq);
    struct str text;
    while (batch_text_next(&t, &text)) {
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s%d:%.*s", *out ? " " : "",
                 (int)t.number, STR_ARGS(text));
    }
    return out;
}

static void test_lines(void **state) {
    (void)state;
    assert_string_equal(cut(STR(""), false), "");
    assert_string_equal(cut(STR("\n\n \r\n"), false), "");
    assert_string_equal(cut(STR("a\nb"), false), "1:a 2:b");
    assert_string_equal(cut(STR("\xef\xbb\xbf a \r\n\n\tb\n"), false), "1:a 3:b");
}

static void test_sequences(void **state) {
    (void)state;
    assert_string_equal(cut(STR("\x1e"
                                "a\n\x1e"
                                "b\n"),
                            true),
                        "1:a 2:b");
    assert_string_equal(cut(STR("\x1e"
                                "a\nb\n\x1e\n\x1e"
                                "c"),
                            true),
                        "1:a\nb 3:c");
    assert_string_equal(cut(STR("\x1e"
                                "a\n"),
                            false),
                        "1:a");
    assert_string_equal(cut(STR("x\x1e"
                                "a"),
                            true),
                        "1:x 2:a"); // what stands before is told as wrong
    assert_string_equal(cut(STR("\x1e"), true), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines),
                                       cmocka_unit_test(test_sequences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
