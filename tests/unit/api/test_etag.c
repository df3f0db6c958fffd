// test_etag.c - entity tags and lists of them.

#include "support/support.h"

#include "api/etag.h"

static void test_write(void **state) {
    (void)state;
    char text[ETAG_BYTES + 1] = "";
    etag_write(0, text);
    assert_string_equal(text, "\"0000000000000000\"");
    etag_write(UINT64_C(0xfedcba9876543210), text);
    assert_string_equal(text, "\"fedcba9876543210\"");
}

static enum status parse(const char *value, bool weak, struct etag_list *out) {
    static struct arena arena;
    arena_deinit(&arena);
    arena_init(&arena, 0);
    struct http_request r = {.header_count = 1};
    r.headers[0] = (struct http_header){STR("if-match"), str_of(value)};
    enum status st = etag_list_parse(&r, STR("If-Match"), weak, &arena, out, NULL);
    return st; // the tags are looked at before the next call
}

static void test_lists(void **state) {
    (void)state;
    struct etag_list list;
    assert_int_equal(parse("\"00000000000000ff\"", false, &list), STATUS_OK);
    assert_true(list.given && etag_list_has(&list, 255) && !etag_list_has(&list, 254));
    assert_int_equal(parse(" \"a\" ,\"00000000000000ff\", W/\"0000000000000001\"", false, &list),
                     STATUS_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(parse("W/\"0000000000000001\",\"\"", true, &list), STATUS_OK);
    assert_true(etag_list_has(&list, 1));
    assert_int_equal(parse(" * ", false, &list), STATUS_OK);
    assert_true(list.any && etag_list_has(&list, 7));
    assert_int_equal(parse("\"00000000000000FF\"", false, &list), STATUS_OK); // ours are lower case
    assert_int_equal(list.count, 0);
    const char *const bad[] = {"x", "\"a", "\"a\" \"b\"", "W/", "W/a", "*,\"a\"", ",", "\"a\"x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse(bad[i], false, &list), STATUS_BAD_REQUEST);
    }
    struct http_request none = {0};
    assert_int_equal(etag_list_parse(&none, STR("If-Match"), false, NULL, &list, NULL), STATUS_OK);
    assert_false(list.given);
    assert_int_equal(parse("", false, &list), STATUS_OK); // given, and matches nothing
    assert_true(list.given && list.count == 0 && !list.any);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_write), cmocka_unit_test(test_lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
