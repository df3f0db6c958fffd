#include "proto/http.h"
#include "support/support.h"

static struct arena arena;

static void test_query(void **state) {
    (void)state;
    struct str rest = STR("a=1&b=x+y%26z&&c&d=&=e&%C3%A9=%C3%A8");
    static const char *const expected[][2] = {{"a", "1"}, {"b", "x y&z"}, {"c", ""},
                                              {"d", ""},  {"", "e"},      {"\xc3\xa9", "\xc3\xa8"}};
    struct str name, value;
    bool more;
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(http_query_next(&rest, &arena, &name, &value, &more), STATUS_OK);
        assert_true(more);
        assert_true(str_eq(name, str_of(expected[i][0])));
        assert_true(str_eq(value, str_of(expected[i][1])));
    }
    assert_int_equal(http_query_next(&rest, &arena, &name, &value, &more), STATUS_OK);
    assert_false(more);
    rest = STR_NONE;
    assert_int_equal(http_query_next(&rest, &arena, &name, &value, &more), STATUS_OK);
    assert_false(more);
    rest = STR("&&&");
    assert_int_equal(http_query_next(&rest, &arena, &name, &value, &more), STATUS_OK);
    assert_false(more);
    static const char *const broken[] = {"a=%",   "a=%1",     "a=%zz", "%=1",
                                         "a=%ff", "a=%c0%80", "\xff=1"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        rest = str_of(broken[i]);
        assert_int_equal(http_query_next(&rest, &arena, &name, &value, &more), STATUS_BAD_REQUEST);
    }
}

static void test_encode_decode(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b);
    http_encode(&b, STR("a/b c~%\xc3\xa9"));
    assert_true(str_eq(buf_str(&b), STR("a%2Fb%20c~%25%C3%A9")));
    assert_true(str_eq(http_decode(buf_str(&b), &arena), STR("a/b c~%\xc3\xa9")));
    static const char *const dots[][2] = {
        {".", "%2E"}, {"..", "%2E%2E"}, {"...", "..."}, {".a", ".a"}, {"a..", "a.."}};
    for (size_t i = 0; i < sizeof dots / sizeof *dots; i++) {
        buf_clear(&b);
        http_encode(&b, str_of(dots[i][0]));
        assert_true(str_eq(buf_str(&b), str_of(dots[i][1])));
        assert_true(str_eq(http_decode(buf_str(&b), &arena), str_of(dots[i][0])));
    }
    assert_true(str_eq(http_decode(STR("a+b"), &arena), STR("a+b")));
    assert_null(http_decode(STR("a%2"), &arena).p);
    assert_null(http_decode(STR("%e9"), &arena).p);
    assert_non_null(http_decode(STR(""), &arena).p);
    buf_deinit(&b);
}

static void test_accept(void **state) {
    (void)state;
    static const struct {
        const char *accept;
        bool yes;
    } cases[] = {
        {"", true},
        {"*/*", true},
        {"application/json", true},
        {"Application/JSON", true},
        {"application/*", true},
        {"text/html, application/json;q=0.1", true},
        {"application/json; charset=utf-8; q=0.5", true},
        {"text/html", false},
        {"text/*", false},
        {"application/json;q=0", false},
        {"*/*, application/json;q=0", false},
        {"application/json;q=0.0, */*;q=0.9", false},
        {"application/*;q=0, application/json", true},
        {"application/jsonx", false},
        {"appl/*", false},
        {"*/*;q=2", false},
        {"*/*;q=0.001", true},
        {",,,*/*", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (http_accepts(str_of(cases[i].accept), STR("application/json")) != cases[i].yes) {
            fail_msg("%s", cases[i].accept);
        }
    }
}

static void test_accept_encoding(void **state) {
    (void)state;
    assert_true(http_accepts_coding(STR("gzip"), STR("gzip")));
    assert_true(http_accepts_coding(STR("deflate, GZIP;q=0.5"), STR("gzip")));
    assert_true(http_accepts_coding(STR("*"), STR("gzip")));
    assert_false(http_accepts_coding(STR(""), STR("gzip")));
    assert_false(http_accepts_coding(STR("br"), STR("gzip")));
    assert_false(http_accepts_coding(STR("gzip;q=0"), STR("gzip")));
    assert_false(http_accepts_coding(STR("gzip;q=0.000, *"), STR("gzip")));
    assert_false(http_accepts_coding(STR("*;q=0"), STR("gzip")));
    assert_false(http_accepts_coding(STR("gzip;q=nonsense"), STR("gzip")));
}

static void test_header(void **state) {
    (void)state;
    struct http_request r = {.header_count = 2};
    r.headers[0] = (struct http_header){STR("Content-Type"), STR("a/b")};
    r.headers[1] = (struct http_header){STR("X"), STR("1")};
    assert_true(str_eq(http_request_header(&r, STR("content-type")), STR("a/b")));
    assert_null(http_request_header(&r, STR("content-typ")).p);
}

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_deinit(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),  cmocka_unit_test(test_encode_decode),
        cmocka_unit_test(test_accept), cmocka_unit_test(test_accept_encoding),
        cmocka_unit_test(test_header),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
