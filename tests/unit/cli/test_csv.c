// test_csv.c - rows by RFC 4180 and by the ways files leave it, whole and in pieces.

#include "support/support.h"

#include "cli/csv.h"

/// The rows as "a|b;c|d;", a row that cannot be read as "!;".
static char *rows_of(struct str bytes, char separator) {
    static char out[4096];
    struct input *in;
    struct csv csv;
    struct reason why;
    size_t at = 0;
    out[0] = '\0';
    assert_int_equal(input_open_memory(bytes, &in, &why), STATUS_OK);
    assert_int_equal(csv_open(in, separator, &csv, &why), STATUS_OK);
    for (;;) {
        enum status st = csv_next(&csv, &why);
        if (st == STATUS_NOT_FOUND) break;
        if (st != STATUS_OK) {
            assert_true(st == STATUS_INVALID || st == STATUS_TOO_LARGE);
            at += (size_t)snprintf(out + at, sizeof out - at, "!;");
            continue;
        }
        for (size_t i = 0; i < csv.count; i++)
            at += (size_t)snprintf(out + at, sizeof out - at, "%s%.*s", i ? "|" : "",
                                   STR_ARGS(csv.fields[i]));
        at += (size_t)snprintf(out + at, sizeof out - at, ";");
    }
    csv_close(&csv);
    input_close(in);
    return out;
}

static void rows(void **state) {
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"a,b", "a|b;"},
        {"a,b\n", "a|b;"},
        {"a,b\r\nc,d\r\n", "a|b;c|d;"},
        {"a,b\rc,d\r", "a|b;c|d;"},
        {"\n\na,b\n\n\r\nc,d\n\n", "a|b;c|d;"},
        {"a,\nb,c\n", "a|;b|c;"},
        {",\n", "|;"},
        {"\"a,b\",c\n", "a,b|c;"},
        {"\"a\"\"b\",\"\"\n", "a\"b|;"},
        {"\"a\nb\",c\n", "a\nb|c;"},
        {"\"a\r\nb\",c\n", "a\r\nb|c;"},
        {"\"a\"x,b\nc,d\n", "!;c|d;"},
        {"a\"b,c\n", "a\"b|c;"},
        {"a,\"b\nc,d\n", "!;"},
        {"\xef\xbb\xbf"
         "a,b\n",
         "a|b;"},
        {"\"a\",\"b\"", "a|b;"},
        {" a , b \n", " a | b ;"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(rows_of(str_of(cases[i].in), ','), cases[i].out);
}

static void separators_are_guessed(void **state) {
    (void)state;
    assert_string_equal(rows_of(STR("a;b;c\n1,5;2,5;x\n"), 0), "a|b|c;1,5|2,5|x;");
    assert_string_equal(rows_of(STR("a\tb\n1\t2\n"), 0), "a|b;1|2;");
    assert_string_equal(rows_of(STR("\"a;b;c\",d\n"), 0), "a;b;c|d;");
    assert_string_equal(rows_of(STR("single\n"), 0), "single;");
}

static void lines_are_counted(void **state) {
    (void)state;
    struct input *in;
    struct csv csv;
    struct reason why;
    assert_int_equal(input_open_memory(STR("h,i\n\"a\nb\",c\r\n\nd,e\r\nf,g"), &in, &why),
                     STATUS_OK);
    assert_int_equal(csv_open(in, ',', &csv, &why), STATUS_OK);
    static const uint64_t lines[] = {1, 2, 5, 6};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(csv_next(&csv, &why), STATUS_OK);
        assert_int_equal(csv.row_line, lines[i]);
    }
    assert_int_equal(csv_next(&csv, &why), STATUS_NOT_FOUND);
    assert_int_equal(csv_next(&csv, &why), STATUS_NOT_FOUND);
    csv_close(&csv);
    input_close(in);
}

// Longer than one piece of input, so that rows lie across its borders.
static void long_inputs(void **state) {
    (void)state;
    struct buf text;
    struct input *in;
    struct csv csv;
    struct reason why;
    buf_init(&text);
    enum { ROWS = 100000 };
    for (int i = 0; i < ROWS; i++)
        buf_printf(&text, "%d,\"x\"\"%d\"\r\n", i, i);
    assert_int_equal(input_open_memory(buf_str(&text), &in, &why), STATUS_OK);
    assert_int_equal(csv_open(in, 0, &csv, &why), STATUS_OK);
    for (int i = 0; i < ROWS; i++) {
        char want[32];
        assert_int_equal(csv_next(&csv, &why), STATUS_OK);
        assert_int_equal(csv.count, 2);
        snprintf(want, sizeof want, "x\"%d", i);
        assert_true(str_eq(csv.fields[1], str_of(want)));
        assert_int_equal(csv.row_line, i + 1);
    }
    assert_int_equal(csv_next(&csv, &why), STATUS_NOT_FOUND);
    csv_close(&csv);
    input_close(in);
    buf_deinit(&text);
}

static void bounds(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text);
    for (int i = 0; i < CSV_FIELDS_MAX; i++)
        buf_append_char(&text, ',');
    buf_append_str(&text, STR("\na,b\n"));
    assert_string_equal(rows_of(buf_str(&text), ','), "!;a|b;");
    buf_clear(&text);
    buf_append_char(&text, '"');
    assert_non_null(buf_reserve(&text, CSV_ROW_MAX + 10));
    memset(text.data + text.len, 'x', CSV_ROW_MAX + 10);
    text.len += CSV_ROW_MAX + 10;
    buf_append_str(&text, STR("\",1\na,b\n"));
    assert_string_equal(rows_of(buf_str(&text), ','), "!;a|b;");
    buf_deinit(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),        cmocka_unit_test(separators_are_guessed),
        cmocka_unit_test(long_inputs), cmocka_unit_test(lines_are_counted),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
