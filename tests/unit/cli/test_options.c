// test_options.c - command lines, right and wrong.

#include "support/support.h"

#include "cli/options.h"

static const struct option table[] = {
    {"speed", "N", "How fast."},
    {"loop", NULL, "Again."},
    {"listen", "HOST:PORT", "Where."},
    {0},
};

static enum status parse(struct options *o, struct reason *why, int argc, const char *const *argv) {
    return options_parse(o, table, argc, (char **)(uintptr_t)argv, why);
}
#define PARSE(o, why, ...)                                                                         \
    parse(o, why, (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)),              \
          (const char *const[]){__VA_ARGS__})

static void values_flags_and_arguments(void **state) {
    (void)state;
    struct options o;
    struct reason why;
    assert_int_equal(PARSE(&o, &why, "file", "--speed", "2.5", "--loop", "--listen=:80", "-"),
                     STATUS_OK);
    assert_int_equal(o.argument_count, 2);
    assert_string_equal(o.arguments[0], "file");
    assert_string_equal(o.arguments[1], "-");
    assert_string_equal(options_get(&o, "listen"), ":80");
    assert_true(options_has(&o, "loop"));
    double speed;
    assert_int_equal(options_number(&o, "speed", 0, 10, 1, &speed, &why), STATUS_OK);
    assert_true(speed == 2.5);
    assert_int_equal(options_number(&o, "speed", 0, 2, 1, &speed, &why), STATUS_INVALID);
    assert_non_null(strstr(why.text, "--speed"));
}

static void two_dashes_end_options(void **state) {
    (void)state;
    struct options o;
    struct reason why;
    assert_int_equal(PARSE(&o, &why, "--", "--loop", "-x"), STATUS_OK);
    assert_int_equal(o.argument_count, 2);
    assert_false(options_has(&o, "loop"));
    double speed;
    assert_int_equal(options_number(&o, "speed", 0, 10, 7, &speed, &why), STATUS_OK);
    assert_true(speed == 7);
}

static void mistakes_are_named(void **state) {
    (void)state;
    struct options o;
    struct reason why;
    assert_int_equal(PARSE(&o, &why, "--spede", "1"), STATUS_INVALID);
    assert_non_null(strstr(why.text, "did you mean --speed"));
    assert_int_equal(PARSE(&o, &why, "--speed"), STATUS_INVALID);
    assert_non_null(strstr(why.text, "--speed N"));
    assert_int_equal(PARSE(&o, &why, "--loop=1"), STATUS_INVALID);
    assert_int_equal(PARSE(&o, &why, "-l"), STATUS_INVALID);
    assert_int_equal(PARSE(&o, &why, "1", "2", "3", "4", "5", "6", "7", "8", "9"), STATUS_INVALID);
    assert_int_equal(PARSE(&o, &why, "--speed", "fast"), STATUS_OK);
    double speed;
    assert_int_equal(options_number(&o, "speed", 0, 10, 1, &speed, &why), STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_flags_and_arguments),
        cmocka_unit_test(two_dashes_end_options),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
