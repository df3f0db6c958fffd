// test_json_split.c - objects cut out of JSON of any form, and what is not JSON.

#include "support/support.h"

#include "cli/json_split.h"

/// The texts with a bar after each; "!" where it gave up.
static const char *texts_of(const char *json) {
    static char out[4096];
    struct input *in;
    static struct json_split split;
    struct reason why;
    size_t at = 0;
    out[0] = '\0';
    assert_int_equal(input_open_memory(str_of(json), &in, &why), STATUS_OK);
    json_split_open(in, &split);
    for (;;) {
        struct str text;
        enum status st = json_split_next(&split, &text, &why);
        if (st == STATUS_NOT_FOUND) break;
        if (st != STATUS_OK) {
            assert_int_equal(st, STATUS_CORRUPT);
            assert_non_null(strstr(why.text, "line "));
            snprintf(out + at, sizeof out - at, "!");
            break;
        }
        at += (size_t)snprintf(out + at, sizeof out - at, "%.*s|", STR_ARGS(text));
    }
    json_split_close(&split);
    input_close(in);
    return out;
}

static void forms(void **state) {
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"  \n", ""},
        {"{\"a\":1}", "{\"a\":1}|"},
        {"{}{}\n{\"b\":[{}]}", "{}|{}|{\"b\":[{}]}|"},
        {"[{\"a\":1}, {\"b\":{\"c\":[]}}]", "{\"a\":1}|{\"b\":{\"c\":[]}}|"},
        {"[]", ""},
        {"{\"type\":\"FeatureCollection\",\"features\":[{\"id\":1},\n{\"id\":2}]}",
         "{\"id\":1}|{\"id\":2}|"},
        {"{\"features\" : [ {\"id\":1} ],\"x\":{\"y\":[{}]}}", "{\"id\":1}|"},
        {"{\"features\":[]}", ""},
        {"{\"name\":\"features\",\"list\":[{}]}", "{\"name\":\"features\",\"list\":[{}]}|"},
        {"{\"a\":{\"features\":[{}]}}", "{\"a\":{\"features\":[{}]}}|"},
        {"{\"s\":\"}]{[\\\"}\"}", "{\"s\":\"}]{[\\\"}\"}|"},
        {"{\"s\":\"\\\\\"}{}", "{\"s\":\"\\\\\"}|{}|"},
        {"\x1e{\"a\":1}\n\x1e{}", "{\"a\":1}|{}|"},
        {"\xef\xbb\xbf{\"a\":1}", "{\"a\":1}|"},
        {"{\"features\":[{\"features\":[{}]}]}{\"z\":1}", "{\"features\":[{}]}|{\"z\":1}|"},
        {"{\"a\":1", "!"},
        {"{\"a\":\"1", "!"},
        {"]", "!"},
        {"{\"a\":[}]", "!"},
        {"{\"features\":[{\"id\":1},", "{\"id\":1}|!"},
        {"hello", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(texts_of(cases[i].in), cases[i].out);
}

static void deep_nesting_is_refused(void **state) {
    (void)state;
    char text[3000];
    memset(text, '[', sizeof text);
    memcpy(text, "{\"a\":", 5);
    text[sizeof text - 1] = '\0';
    assert_string_equal(texts_of(text), "!");
}

static void lines_and_borders(void **state) {
    (void)state;
    struct buf json;
    struct input *in;
    static struct json_split split;
    struct reason why;
    struct str text;
    enum { OBJECTS = 60000 };
    buf_init(&json);
    buf_append_str(&json, STR("{\"type\":\"FeatureCollection\",\n\"features\":[\n"));
    for (int i = 0; i < OBJECTS; i++)
        buf_printf(&json, "{\"id\":%d,\n\"s\":\"\\\"]\"},\n", i);
    buf_append_str(&json, STR("]}"));
    assert_int_equal(input_open_memory(buf_str(&json), &in, &why), STATUS_OK);
    json_split_open(in, &split);
    for (int i = 0; i < OBJECTS; i++) {
        char want[64];
        snprintf(want, sizeof want, "{\"id\":%d,\n\"s\":\"\\\"]\"}", i);
        assert_int_equal(json_split_next(&split, &text, &why), STATUS_OK);
        assert_true(str_eq(text, str_of(want)));
        assert_int_equal(split.text_line, 3 + 2 * i);
    }
    assert_int_equal(json_split_next(&split, &text, &why), STATUS_NOT_FOUND);
    json_split_close(&split);
    input_close(in);
    buf_deinit(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(lines_and_borders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
