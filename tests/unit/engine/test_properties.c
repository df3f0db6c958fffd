// test_properties.c - canonical text, the finder, merge patch.

#include "base/rand.h"
#include "engine/properties.h"
#include "support/support.h"

static yyjson_doc *doc_of(const char *json) {
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    assert_non_null(doc);
    return doc;
}

static void check_canonical(const char *json, const char *expected) {
    yyjson_doc *doc = doc_of(json);
    struct buf out;
    buf_init(&out);
    assert_int_equal(properties_canonical(yyjson_doc_get_root(doc), &out, NULL), STATUS_OK);
    assert_int_equal(out.len, strlen(expected));
    assert_memory_equal(out.data, expected, out.len);
    buf_deinit(&out);
    yyjson_doc_free(doc);
}

static void check_refused(const char *json, const char *pointer) {
    yyjson_doc *doc = doc_of(json);
    struct buf out;
    struct reason why;
    buf_init(&out);
    assert_int_equal(properties_canonical(yyjson_doc_get_root(doc), &out, &why),
                     STATUS_BAD_REQUEST);
    assert_string_equal(why.pointer, pointer);
    assert_true(why.text[0] != '\0');
    buf_deinit(&out);
    yyjson_doc_free(doc);
}

static void test_canonical(void **state) {
    (void)state;
    check_canonical("null", "{}");
    check_canonical("{ }", "{}");
    check_canonical("{\"a\" : 1, \"b\":[ true,null , {\"c\":\"\\u00e9\\n\"}]}",
                    "{\"a\":1,\"b\":[true,null,{\"c\":\"\xc3\xa9\\n\"}]}");
    check_canonical("{\"n\":-5,\"u\":18446744073709551615,\"r\":12.5,\"e\":1e2}",
                    "{\"n\":-5,\"u\":18446744073709551615,\"r\":12.5,\"e\":100}");
    check_canonical("{\"\\u0061\":\"\\/\\\"\\\\\\u0000\"}", "{\"a\":\"/\\\"\\\\\\u0000\"}");
    check_canonical("{\"\":{}}", "{\"\":{}}");
}

static void test_refused(void **state) {
    (void)state;
    check_refused("[]", "");
    check_refused("5", "");
    check_refused("{\"a\":1,\"a\":2}", "/a");
    check_refused("{\"a\":1,\"\\u0061\":2}", "/a");
    check_refused("{\"x\":{\"l\":[0,{\"k/~\":1,\"k/~\":1}]}}", "/x/l/1/k~1~0");
}

static void test_many_members(void **state) {
    (void)state;
    // A hundred thousand members: a quadratic check would take minutes.
    struct buf json;
    buf_init(&json);
    for (int i = 0; i < 100000; i++) {
        buf_printf(&json, "%c\"key%d\":%d", i ? ',' : '{', i, i);
    }
    size_t open = json.len;
    buf_append_str(&json, STR("}"));
    buf_append_char(&json, '\0');
    check_canonical(json.data, json.data);
    json.len = open;
    buf_append_str(&json, STR(",\"key77777\":0}"));
    buf_append_char(&json, '\0');
    check_refused(json.data, "/key77777");
    buf_deinit(&json);
}

static void test_depth(void **state) {
    (void)state;
    char json[512] = "";
    for (int depth = PROPERTIES_DEPTH - 1; depth <= PROPERTIES_DEPTH; depth++) {
        strcpy(json, "{\"a\":");
        for (int i = 0; i < depth; i++)
            strcat(json, "[");
        for (int i = 0; i < depth; i++)
            strcat(json, "]");
        strcat(json, "}");
        if (depth == PROPERTIES_DEPTH - 1) {
            check_canonical(json, json);
        } else {
            yyjson_doc *doc = doc_of(json);
            struct buf out;
            buf_init(&out);
            assert_int_equal(properties_canonical(yyjson_doc_get_root(doc), &out, NULL),
                             STATUS_BAD_REQUEST);
            buf_deinit(&out);
            yyjson_doc_free(doc);
        }
    }
}

static const char text[] =
    "{\"a\":1,\"s\":\"x,\\\"}]{\",\"o\":{\"b\":{\"c\":-2.5e3},\"t\":true},\"l\":[1,{\"a\":9}],"
    "\"a.b\":\"dot\",\"\\\"q\\n\":null,\"f\":false,\"e\":\"\\u0001\\\\\"}";

static bool find(const char *name, struct property *p) {
    return properties_find(STR(text), str_of(name), p);
}

static void test_find(void **state) {
    (void)state;
    struct property p;
    assert_true(find("a", &p) && p.kind == PROPERTY_NUMBER && p.number == 1);
    assert_true(find("s", &p) && p.kind == PROPERTY_STRING && p.escaped);
    assert_true(property_text_equals(&p, STR("x,\"}]{")));
    assert_false(property_text_equals(&p, STR("x,\"}]")));
    assert_false(property_text_equals(&p, STR("x,\"}]{ ")));
    assert_true(find("o", &p) && p.kind == PROPERTY_OBJECT);
    assert_true(find("o.b.c", &p) && p.number == -2500);
    assert_true(find("o/b/c", &p) && p.number == -2500);
    assert_true(find("o/t", &p) && p.kind == PROPERTY_BOOL && p.boolean);
    assert_true(find("l", &p) && p.kind == PROPERTY_ARRAY);
    assert_true(str_eq(p.text, STR("[1,{\"a\":9}]")));
    assert_true(find("a.b", &p) && property_text_equals(&p, STR("dot")));
    assert_true(find("\"q\n", &p) && p.kind == PROPERTY_NULL);
    assert_true(find("f", &p) && p.kind == PROPERTY_BOOL && !p.boolean);
    assert_false(find("b", &p));
    assert_false(find("a.c", &p));
    assert_false(find("l.a", &p));
    assert_false(find("", &p));
    assert_false(properties_find(STR("{}"), STR("a"), &p));
    assert_true(find("e", &p));
    struct buf scratch;
    buf_init(&scratch);
    assert_true(str_eq(property_string(&p, &scratch), STR("\x01\\")));
    buf_deinit(&scratch);
}

/// What is found is what yyjson finds, in random objects.
static void random_value(struct rand *r, struct buf *out, int depth) {
    static const char *const words[] = {"",        "a",        "b", "a.b", "\\\"", "\\\\",
                                        "\\u0001", "\xc3\xa9", "}", "]",   ",",    ":"};
    switch (rand_below(r, depth > 3 ? 5 : 7)) {
    case 0: buf_append_str(out, STR("null")); break;
    case 1: buf_append_str(out, rand_below(r, 2) ? STR("true") : STR("false")); break;
    case 2: buf_append_i64(out, (int64_t)rand_below(r, 2000) - 1000); break;
    case 3: buf_append_double(out, rand_range(r, -1e6, 1e6)); break;
    case 4: buf_printf(out, "\"%s%s\"", words[rand_below(r, 12)], words[rand_below(r, 12)]); break;
    case 5:
        buf_append_char(out, '[');
        for (uint64_t i = 0, n = rand_below(r, 4); i < n; i++) {
            if (i) buf_append_char(out, ',');
            random_value(r, out, depth + 1);
        }
        buf_append_char(out, ']');
        break;
    default:
        buf_append_char(out, '{');
        for (uint64_t i = 0, n = rand_below(r, 20), first = rand_below(r, 12); i < n && i < 12;
             i++) {
            buf_printf(out, "%s\"%s\":", i ? "," : "", words[(first + i) % 12]);
            random_value(r, out, depth + 1);
        }
        buf_append_char(out, '}');
        break;
    }
}

static struct buf random_object(struct rand *r) {
    struct buf out;
    buf_init(&out);
    do {
        buf_clear(&out);
        random_value(r, &out, 0);
    } while (out.data[0] != '{');
    return out;
}

static void test_find_twin(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    for (int round = 0; round < 2000; round++) {
        struct buf json = random_object(&r), canonical;
        buf_init(&canonical);
        yyjson_doc *doc = yyjson_read(json.data, json.len, 0);
        assert_non_null(doc);
        yyjson_val *root = yyjson_doc_get_root(doc), *key, *val;
        assert_int_equal(properties_canonical(root, &canonical, NULL), STATUS_OK);
        size_t i, max;
        yyjson_obj_foreach(root, i, max, key, val) {
            struct property p;
            struct str name = {yyjson_get_str(key), yyjson_get_len(key)};
            assert_true(properties_find(buf_str(&canonical), name, &p));
            if (yyjson_is_str(val)) {
                assert_int_equal(p.kind, PROPERTY_STRING);
                assert_true(property_text_equals(
                    &p, (struct str){yyjson_get_str(val), yyjson_get_len(val)}));
            } else if (yyjson_is_num(val)) {
                assert_true(p.kind == PROPERTY_NUMBER && p.number == yyjson_get_num(val));
            } else {
                yyjson_doc *part = yyjson_read(p.text.p, p.text.len, 0);
                assert_non_null(part);
                assert_true(yyjson_equals(yyjson_doc_get_root(part), val));
                yyjson_doc_free(part);
            }
        }
        yyjson_doc_free(doc);
        buf_deinit(&canonical);
        buf_deinit(&json);
    }
}

static void check_merge(const char *old, const char *patch, const char *expected) {
    yyjson_doc *doc = doc_of(patch);
    struct buf out;
    buf_init(&out);
    assert_int_equal(properties_merge(str_of(old), yyjson_doc_get_root(doc), &out, NULL),
                     STATUS_OK);
    buf_append_char(&out, '\0');
    assert_string_equal(out.data, expected);
    buf_deinit(&out);
    yyjson_doc_free(doc);
}

static void test_merge(void **state) {
    (void)state;
    // Appendix A of RFC 7396, those with objects on both sides.
    check_merge("{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}");
    check_merge("{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}");
    check_merge("{\"a\":\"b\"}", "{\"a\":null}", "{}");
    check_merge("{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}");
    check_merge("{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}");
    check_merge("{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}");
    check_merge("{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
                "{\"a\":{\"b\":\"d\"}}");
    check_merge("{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}");
    check_merge("{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}");
    check_merge("{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}");
    check_merge("{\"\\\"x\":1}", "{\"\\u0022x\":2}", "{\"\\\"x\":2}");
    check_merge("{\"a\":1}", "{}", "{\"a\":1}");
    yyjson_doc *doc = doc_of("{\"a\":{\"b\":1,\"b\":2}}");
    struct buf out;
    struct reason why;
    buf_init(&out);
    assert_int_equal(properties_merge(STR("{}"), yyjson_doc_get_root(doc), &out, &why),
                     STATUS_BAD_REQUEST);
    assert_string_equal(why.pointer, "/a/b");
    buf_deinit(&out);
    yyjson_doc_free(doc);
}

static void test_merge_twin(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    for (int round = 0; round < 2000; round++) {
        struct buf a = random_object(&r), b = random_object(&r), canonical, out;
        buf_init(&canonical);
        buf_init(&out);
        yyjson_doc *old = yyjson_read(a.data, a.len, 0), *patch = yyjson_read(b.data, b.len, 0);
        assert_int_equal(properties_canonical(yyjson_doc_get_root(old), &canonical, NULL),
                         STATUS_OK);
        assert_int_equal(
            properties_merge(buf_str(&canonical), yyjson_doc_get_root(patch), &out, NULL),
            STATUS_OK);
        yyjson_mut_doc *twin = yyjson_mut_doc_new(NULL);
        yyjson_mut_val *merged =
            yyjson_merge_patch(twin, yyjson_doc_get_root(old), yyjson_doc_get_root(patch));
        yyjson_doc *ours = yyjson_read(out.data, out.len, 0);
        assert_non_null(ours);
        yyjson_mut_doc *ours_copy = yyjson_doc_mut_copy(ours, NULL);
        assert_true(yyjson_mut_equals(yyjson_mut_doc_get_root(ours_copy), merged));
        yyjson_mut_doc_free(ours_copy);
        yyjson_doc_free(ours);
        yyjson_mut_doc_free(twin);
        yyjson_doc_free(old);
        yyjson_doc_free(patch);
        buf_deinit(&a);
        buf_deinit(&b);
        buf_deinit(&canonical);
        buf_deinit(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_many_members), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_find),         cmocka_unit_test(test_find_twin),
        cmocka_unit_test(test_merge),        cmocka_unit_test(test_merge_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
