// test_feature_parse.c - what bad input gets: a status, a pointer, and nothing is stored.

#include "support.h"

#include "api/feature.h"

static const struct bad {
    const char *body;
    int status;
    const char *pointer; // NULL: none
} bad[] = {
    {"", 400, NULL},
    {"{", 400, NULL},
    {"[]", 400, NULL},
    {"null", 400, NULL},
    {"\"x\"", 400, NULL},
    {"{} {}", 400, NULL},
    {"{}", 422, NULL},
    {"{\"coordinates\":[1,2],}", 400, NULL},
    {"{\"coordinates\":[NaN,2]}", 400, NULL},
    {"{\"coordinates\":[1e999,2]}", 400, NULL},
    {"{\"coordinates\":[Infinity,2]}", 400, NULL},
    {"{\"coordinates\":[01,2]}", 400, NULL},
    {"{\"coordinates\":[1,2],\"properties\":{\"a\":1e999}}", 400, NULL},
    {"{\"coordinates\":[1,2],\"id\":\"\xff\"}", 400, NULL},
    {"{\"coordinates\":[1,2],\"id\":\"\xed\xa0\x80\"}", 400, NULL},
    {"{\"coordinates\":[1,2],\"id\":\"\\ud800\"}", 400, NULL},
    {"{\"coordinates\":[1,2],\"speed\":3}", 400, "/speed"},
    {"{\"coordinates\":[1,2],\"a/b~c\":3}", 400, "/a~1b~0c"},
    {"{\"coordinates\":[1,2],\"type\":\"Point\"}", 400, "/type"},
    {"{\"coordinates\":[1,2],\"id\":\"a\",\"id\":\"b\"}", 400, "/id"},
    {"{\"coordinates\":[1,2],\"coordinates\":[1,2]}", 400, "/coordinates"},
    {"{\"coordinates\":[1,2],\"id\":\"\"}", 422, "/id"},
    {"{\"coordinates\":[1,2],\"id\":\"a\\u0000b\"}", 422, "/id"},
    {"{\"coordinates\":[1,2],\"id\":\"a\\nb\"}", 422, "/id"},
    {"{\"coordinates\":[1,2],\"id\":1.5}", 400, "/id"},
    {"{\"coordinates\":[1,2],\"id\":{}}", 400, "/id"},
    {"{\"coordinates\":[1,2],\"collection\":\"\"}", 422, "/collection"},
    {"{\"coordinates\":[1,2],\"collection\":7}", 400, "/collection"},
    {"{\"coordinates\":[91,2]}", 422, "/coordinates"},
    {"{\"coordinates\":[-90.0000001,2]}", 422, "/coordinates"},
    {"{\"coordinates\":[1,180.5]}", 422, "/coordinates"},
    {"{\"coordinates\":[1]}", 400, "/coordinates"},
    {"{\"coordinates\":[1,2,3,4]}", 400, "/coordinates"},
    {"{\"coordinates\":[\"1\",2]}", 400, "/coordinates"},
    {"{\"coordinates\":{\"lat\":1,\"lon\":2}}", 400, "/coordinates"},
    {"{\"geometry\":\"point\"}", 400, "/geometry"},
    {"{\"coordinates\":[1,2],\"geometry\":\"polygon\"}", 400, "/geometry"},
    {"{\"geometry\":{\"type\":\"Pint\",\"coordinates\":[1,2]}}", 400, "/geometry/type"},
    {"{\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,91]}}", 422, "/geometry/coordinates"},
    {"{\"geometry\":{\"type\":\"Point\",\"coordinates\":[\"a\",1]}}", 400, "/geometry/coordinates"},
    {"{\"geometry\":{\"type\":\"Point\"}}", 400, "/geometry"},
    {"{\"geometry\":{\"type\":\"Point\",\"coordinates\":[]}}", 422, "/geometry/coordinates"},
    {"{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[]}}", 422, "/geometry/coordinates"},
    {"{\"geometry\":{\"type\":\"GeometryCollection\",\"geometries\":[]}}", 422,
     "/geometry/geometries"},
    {"{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,1]]]}}", 422,
     "/geometry/coordinates/0"},
    {"{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[0,0]]]}}", 422,
     "/geometry/coordinates/0"},
    {"{\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[0,0]]}}", 422,
     "/geometry/coordinates"},
    {"{\"geometry\":null}", 422, NULL},
    {"{\"coordinates\":[1,2],\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]}}", 422,
     "/coordinates"},
    {"{\"coordinates\":[1,2.0000002],\"geometry\":{\"type\":\"Point\",\"coordinates\":[2,1]}}", 422,
     "/coordinates"},
    {"{\"coordinates\":[1,2],\"properties\":[]}", 400, "/properties"},
    {"{\"coordinates\":[1,2],\"properties\":{\"a\":1,\"a\":2}}", 400, "/properties/a"},
    {"{\"coordinates\":[1,2],\"properties\":{\"a\":{\"b\":1,\"b\":2}}}", 400, "/properties/a/b"},
    {"{\"coordinates\":[1,2],\"time\":\"yesterday\"}", 422, "/time"},
    {"{\"coordinates\":[1,2],\"time\":\"2026-02-30T00:00:00Z\"}", 422, "/time"},
    {"{\"coordinates\":[1,2],\"time\":1700000000}", 400, "/time"},
    {"{\"coordinates\":[1,2],\"expires_in\":0}", 422, "/expires_in"},
    {"{\"coordinates\":[1,2],\"expires_in\":-1}", 422, "/expires_in"},
    {"{\"coordinates\":[1,2],\"expires_in\":1e300}", 422, "/expires_in"},
    {"{\"coordinates\":[1,2],\"expires_in\":\"60\"}", 400, "/expires_in"},
};

static void test_bad_input(void **state) {
    (void)state;
    struct box box;
    box_open(&box);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        for (int put = 0; put < 2; put++) {
            struct answer a = put ? ask(&box, HTTP_PUT, "/api/v1/objects/b", bad[i].body, NULL)
                                  : ask(&box, HTTP_POST, "/api/v1/objects", bad[i].body, NULL);
            char wanted[100] = "";
            if (bad[i].pointer) snprintf(wanted, sizeof wanted, "\"%s\"", bad[i].pointer);
            // A PUT may find the id or collection of the URL at odds first: 422 too.
            if (a.status != bad[i].status || strcmp(at(&a, "/pointer"), wanted) != 0) {
                fail_msg("%s: expected %d %s, got %s", bad[i].body, bad[i].status, wanted, a.body);
            }
            char line[100];
            snprintf(line, sizeof line, "%d", a.status);
            assert_string_equal(at(&a, "/status"), line);
            assert_string_not_equal(at(&a, "/detail"), "\"\"");
        }
    }
    struct engine_stats stats;
    engine_stats(box.engine, &stats);
    assert_int_equal(stats.objects, 0);
    assert_int_equal(stats.collections, 0);
    box_close(&box);
}

static const char *const good[] = {
    "{\"coordinates\":[1,2]}",
    "\xef\xbb\xbf{\"coordinates\":[1,2]}",
    " \r\n{\"coordinates\":[1,2]}\n",
    "{\"coordinates\":[90,180]}",
    "{\"coordinates\":[-90,-180,8848.8]}",
    "{\"coordinates\":[1,2],\"geometry\":\"Point\"}",
    "{\"coordinates\":[1,2.00000005],\"geometry\":{\"type\":\"Point\",\"coordinates\":[2,1]}}",
    "{\"coordinates\":[1,-180],\"geometry\":{\"type\":\"Point\",\"coordinates\":[180,1]}}",
    "{\"coordinates\":[9,9],\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[0,0],[1,1]]}}",
    "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]},\"properties\":"
    "null}",
    "{\"coordinates\":[1,2],\"id\":null,\"time\":null,\"expires_in\":null,\"collection\":null}",
    "{\"coordinates\":[1,2],\"metadata\":{\"anything\":[1]},\"version\":9,\"shard_id\":1,\"bbox\":["
    "],"
    "\"links\":0,\"created_at\":1,\"updated_at\":2,\"expires_at\":3,\"distance\":4}",
    // A bow tie: rings may cross themselves.
    "{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}}",
    // Over the antimeridian, uncut.
    "{\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[179,0],[-179,1]]}}",
};

static void test_good_input(void **state) {
    (void)state;
    struct box box;
    box_open(&box);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        expect(&box, HTTP_POST, "/api/v1/objects", good[i], 201);
    }
    box_close(&box);
}

/// `open` and `close` repeated around `middle`, between `before` and `after`.
static char *nested(const char *before, const char *open, const char *middle, const char *close,
                    const char *after, size_t depth) {
    size_t size = strlen(before) + depth * (strlen(open) + strlen(close)) + strlen(middle) +
                  strlen(after) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    char *p = stpcpy(text, before);
    for (size_t i = 0; i < depth; i++)
        p = stpcpy(p, open);
    p = stpcpy(p, middle);
    for (size_t i = 0; i < depth; i++)
        p = stpcpy(p, close);
    stpcpy(p, after);
    return text;
}

static void test_depth(void **state) {
    (void)state;
    struct box box;
    box_open(&box);
    const struct {
        const char *before, *open, *middle, *close, *after;
    } shapes[] = {
        {"{\"coordinates\":[1,2],\"properties\":{\"a\":", "[", "1", "]", "}}"},
        {"{\"coordinates\":[1,2],\"properties\":{\"a\":", "{\"a\":", "1", "}", "}}"},
        {"{\"coordinates\":[1,2],\"metadata\":", "[", "\"[[\\\"\"", "]", "}"},
        {"{\"geometry\":", "{\"type\":\"GeometryCollection\",\"geometries\":[",
         "{\"type\":\"Point\",\"coordinates\":[1,2]}", "]}", "}"},
        {"{\"geometry\":{\"type\":\"Point\",\"coordinates\":", "[", "1", "]", "}}"},
        {"", "[", "1", "]", ""},
    };
    const size_t depths[] = {150, 10000};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        for (size_t d = 0; d < 2; d++) {
            char *text = nested(shapes[i].before, shapes[i].open, shapes[i].middle, shapes[i].close,
                                shapes[i].after, depths[d]);
            struct answer a = ask(&box, HTTP_POST, "/api/v1/objects", text, NULL);
            free(text);
            assert_in_range(a.status, 400, 422);
        }
    }
    char *text =
        nested("{\"coordinates\":[1,2],\"properties\":{\"a\":", "[", "\"]\"", "]", "}}", 60);
    expect(&box, HTTP_POST, "/api/v1/objects", text, 201);
    free(text);
    struct engine_stats stats;
    engine_stats(box.engine, &stats);
    assert_int_equal(stats.objects, 1);
    box_close(&box);
}

static void test_vertices(void **state) {
    (void)state;
    struct box box;
    box_open(&box);
    for (int n = 99; n <= 101; n++) { // the box allows 100
        char body[4000];
        int len =
            snprintf(body, sizeof body, "{\"geometry\":{\"type\":\"LineString\",\"coordinates\":[");
        for (int i = 0; i < n; i++) {
            len += snprintf(body + len, sizeof body - (size_t)len, "%s[%d,%d]", i ? "," : "", i / 2,
                            i % 2);
        }
        snprintf(body + len, sizeof body - (size_t)len, "]}}");
        expect(&box, HTTP_POST, "/api/v1/objects", body, n <= 100 ? 201 : 413);
        expect(&box, HTTP_POST, "/api/v1/admin/bulk_import", body, 200);
    }
    box_close(&box);
}

static void test_parse_errors_have_a_place(void **state) {
    (void)state;
    struct box box;
    box_open(&box);
    struct answer a =
        ask(&box, HTTP_POST, "/api/v1/objects", "{\n  \"coordinates\": [1,\n 2}", NULL);
    assert_int_equal(a.status, 400);
    assert_non_null(strstr(a.body, "line 3, column 3"));
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_good_input),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_vertices),
        cmocka_unit_test(test_parse_errors_have_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
