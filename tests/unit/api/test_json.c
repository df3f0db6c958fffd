// test_json.c - bodies become documents: pools, limits of depth, places of errors, no leaks without memory.

#include "support/support.h"

#include "api/json.h"
#include "base/mem.h"

static void test_pool_and_heap(void **state) {
    (void)state;
    char memory[1024];
    struct json_pool pool = {memory, sizeof memory};
    struct json json;
    size_t before = mem_used();
    assert_int_equal(json_parse(STR("{\"a\":[1,2]}"), &pool, &json, NULL), STATUS_OK);
    assert_false(json.on_heap);
    assert_int_equal(yyjson_get_int(yyjson_doc_ptr_get(json.doc, "/a/1")), 2);
    json_free(&json);
    char text[600];
    memset(text, ' ', sizeof text);
    text[0] = '7';
    assert_int_equal(json_parse((struct str){text, sizeof text}, &pool, &json, NULL), STATUS_OK);
    assert_true(json.on_heap);
    assert_int_equal(yyjson_get_int(json.root), 7);
    json_free(&json);
    json_free(&json); // twice is allowed
    assert_int_equal(mem_used(), before);
}

static void test_refusals(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    const struct {
        const char *text, *reason;
    } bad[] = {
        {"", "empty"},
        {"\xef\xbb\xbf", "empty"},
        {"{\"a\":1", "line 1, column 7"},
        {"\n\n x", "line 3, column 2"},
        {"[1e999]", "column 2"},
        {"[NaN]", "column 2"},
        {"\"\xff\"", "column"},
        {"[1] 2", "column 5"},
        {"[1,]", "column 3"},
        {"{'a':1}", "column 2"},
        {"// c\n1", "column 1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct json json;
        struct reason why = {0};
        assert_int_equal(json_parse_body(str_of(bad[i].text), &arena, &json, &why),
                         STATUS_BAD_REQUEST);
        if (!strstr(why.text, bad[i].reason)) fail_msg("%s: %s", bad[i].text, why.text);
        assert_null(json.doc);
    }
    arena_deinit(&arena);
}

// yyjson's own bound for the pool does not hold here.
static void test_brackets_never_closed(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t n = 1; n < 2000; n += 11) {
        char text[2000];
        memset(text, '[', sizeof text);
        struct json json;
        struct reason why = {0};
        assert_int_equal(json_parse_body((struct str){text, n}, &arena, &json, &why),
                         STATUS_BAD_REQUEST);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
}

static enum status parse_depth(size_t depth, bool objects) {
    char *text = malloc(depth * 12 + 10), *p = text;
    for (size_t i = 0; i < depth; i++)
        p = stpcpy(p, objects ? "{\"[\\\"\":" : "[");
    p = stpcpy(p, "\"]}\"");
    for (size_t i = 0; i < depth; i++)
        p = stpcpy(p, objects ? "}" : "]");
    struct json json;
    enum status st = json_parse(str_of(text), NULL, &json, NULL);
    json_free(&json);
    free(text);
    return st;
}

static void test_depth(void **state) {
    (void)state;
    for (int objects = 0; objects < 2; objects++) {
        assert_int_equal(parse_depth(JSON_DEPTH, objects), STATUS_OK);
        assert_int_equal(parse_depth(JSON_DEPTH + 1, objects), STATUS_BAD_REQUEST);
        assert_int_equal(parse_depth(100000, objects), STATUS_BAD_REQUEST);
    }
}

static void test_failing_memory(void **state) {
    (void)state;
    struct reason why = {0};
    struct json json;
    enum status st = STATUS_NO_MEMORY;
    for (uint64_t n = 1; st == STATUS_NO_MEMORY; n++) {
        mem_fail_at(n, false);
        st = json_parse(STR("[1,2,3,4,5,6,7,8,9,10,{\"a\":{}}]"), NULL, &json, &why);
        mem_fail_at(0, false);
        assert_in_range(n, 1, 100);
    }
    assert_int_equal(st, STATUS_OK);
    json_free(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_and_heap),         cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_brackets_never_closed), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
