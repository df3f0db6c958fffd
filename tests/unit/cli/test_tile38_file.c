// test_tile38_file.c - commands of an append-only file: whole ones, a torn one at the end, and what is none.

#include "support/support.h"

#include "base/buf.h"
#include "cli/tile38_file.h"

/// "set a b @0|del a @31|" and at the end "." or "torn 5@31" or "!" with the reason kept.
static struct reason last_why;
static const char *read_all(struct str bytes) {
    static char out[8192];
    struct input *in;
    struct tile38_file *file;
    size_t at = 0;
    out[0] = '\0';
    assert_int_equal(input_open_memory(bytes, &in, &last_why), STATUS_OK);
    assert_int_equal(tile38_file_open(in, &file), STATUS_OK);
    enum status st;
    struct tile38_command c;
    while ((st = tile38_file_next(file, &c, &last_why)) == STATUS_OK) {
        for (size_t i = 0; i < c.count; i++)
            at += (size_t)snprintf(out + at, sizeof out - at, "%.*s ", STR_ARGS(c.args[i]));
        at += (size_t)snprintf(out + at, sizeof out - at, "@%" PRIu64 "|", c.offset);
    }
    uint64_t offset, torn = tile38_file_torn(file, &offset);
    if (st != STATUS_NOT_FOUND) {
        assert_int_equal(st, STATUS_CORRUPT);
        snprintf(out + at, sizeof out - at, "!");
    } else if (torn) {
        snprintf(out + at, sizeof out - at, "torn %" PRIu64 "@%" PRIu64, torn, offset);
    } else {
        snprintf(out + at, sizeof out - at, ".");
    }
    tile38_file_close(file);
    input_close(in);
    return out;
}

#define SET "*3\r\n$3\r\nset\r\n$1\r\na\r\n$2\r\nbc\r\n"
#define DEL "*2\r\n$3\r\ndel\r\n$0\r\n\r\n"

static void forms(void **state) {
    (void)state;
    static const struct {
        struct str in;
        const char *out;
    } cases[] = {
        {STR(""), "."},
        {STR("\0\0\0"), "."},
        {STR(SET), "set a bc @0|."},
        {STR(SET DEL SET), "set a bc @0|del  @28|set a bc @47|."},
        {STR("\0\0" SET "\0" DEL "\0"), "set a bc @2|del  @31|."},
        {STR("*0\r\n" SET), "set a bc @4|."},
        {STR(SET "*2\r\n$3\r\nde"), "set a bc @0|torn 10@28"},
        {STR(SET "*"), "set a bc @0|torn 1@28"},
        {STR(SET "*2\r\n$3\r\ndel\r"), "set a bc @0|torn 12@28"},
        {STR("*1\r\n$3\r\na\0b\r\n"), "a @0|."},
        {STR("set a b\r\n"), "!"},
        {STR(SET "$3\r\nset\r\n"), "set a bc @0|!"},
        {STR("*x\r\n"), "!"},
        {STR("*\r\n"), "!"},
        {STR("*-1\r\n"), "!"},
        {STR("*1\n$1\na\n"), "!"},
        {STR("*1\r\n$1\r\nabc"), "!"},
        {STR("*1\r\n$1\r\na\n\n"), "!"},
        {STR("*1048577\r\n"), "!"},
        {STR("*1\r\n$67108865\r\n"), "!"},
        {STR("*99999999999999999999999999999999999999\r\n"), "!"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(read_all(cases[i].in), cases[i].out);
}

static void damage_is_named_with_its_place(void **state) {
    (void)state;
    assert_string_equal(read_all(STR(SET DEL "garbage")), "set a bc @0|del  @28|torn 7@47");
    assert_string_equal(read_all(STR(SET DEL "garbage\r\n")), "set a bc @0|del  @28|!");
    assert_non_null(strstr(last_why.text, "offset 47 "));
}

static void every_cut_loses_the_last_command_only(void **state) {
    (void)state;
    static const char bytes[] = SET SET SET;
    for (size_t len = 0; len < sizeof bytes; len++) {
        const char *got = read_all((struct str){bytes, len});
        size_t whole = len / 28;
        char expected[128] = "";
        size_t at = 0;
        for (size_t i = 0; i < whole; i++)
            at += (size_t)snprintf(expected + at, sizeof expected - at, "set a bc @%zu|", i * 28);
        if (len % 28) {
            snprintf(expected + at, sizeof expected - at, "torn %zu@%zu", len % 28, whole * 28);
        } else {
            snprintf(expected + at, sizeof expected - at, ".");
        }
        assert_string_equal(got, expected);
    }
}

static void large_commands(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b);
    buf_append_str(&b, STR("*3\r\n$3\r\nset\r\n$1000000\r\n"));
    for (int i = 0; i < 1000000; i++)
        buf_append_char(&b, (char)('a' + i % 26));
    buf_append_str(&b, STR("\r\n$1\r\nz\r\n"));
    struct input *in;
    struct tile38_file *file;
    struct tile38_command c;
    struct reason why;
    assert_int_equal(input_open_memory(buf_str(&b), &in, &why), STATUS_OK);
    assert_int_equal(tile38_file_open(in, &file), STATUS_OK);
    assert_int_equal(tile38_file_next(file, &c, &why), STATUS_OK);
    assert_int_equal(c.args[1].len, 1000000);
    assert_int_equal(c.args[1].p[999999], 'a' + 999999 % 26);
    assert_true(str_eq(c.args[2], STR("z")));
    tile38_file_close(file);
    input_close(in);
    buf_deinit(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms), cmocka_unit_test(damage_is_named_with_its_place),
        cmocka_unit_test(every_cut_loses_the_last_command_only), cmocka_unit_test(large_commands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
