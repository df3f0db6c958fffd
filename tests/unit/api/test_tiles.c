#include "support.h"

#define TILES "/api/v1/tiles/"

static void put(struct box *box, const char *target, const char *json) {
    struct answer a = ask(box, HTTP_PUT, target, json, NULL);
    assert_true(a.status == 200 || a.status == 201);
}

static void test_tile(void **state) {
    struct box *box = *state;
    put(box, "/api/v1/objects/a%2Fb?collection=my%20fleet",
        "{\"coordinates\":[10,20],\"properties\":{\"kind\":\"bus\",\"speed\":12.5}}");
    struct answer a = get(box, TILES "my%20fleet/0/0/0.mvt");
    assert_int_equal(a.status, 200);
    assert_string_equal(a.type, "application/vnd.mapbox-vector-tile");
    assert_non_null(memmem(a.body, a.len, "my fleet", 8));
    assert_non_null(memmem(a.body, a.len, "a/b", 3));
    assert_non_null(memmem(a.body, a.len, "speed", 5));
    const char *etag = strstr(a.headers, "ETag: W/\"");
    assert_non_null(etag);
    char known[96];
    snprintf(known, sizeof known, "If-None-Match: %.20s", etag + 6);
    assert_int_equal(ask(box, HTTP_GET, TILES "my%20fleet/0/0/0.mvt", NULL, known).status, 304);
    put(box, "/api/v1/objects/c?collection=my%20fleet", "{\"coordinates\":[-10,-20]}");
    assert_int_equal(ask(box, HTTP_GET, TILES "my%20fleet/0/0/0.mvt", NULL, known).status, 200);
    // Another tile is empty, a filter leaves one.
    a = get(box, TILES "my%20fleet/4/0/0.mvt");
    assert_int_equal(a.status, 204);
    assert_int_equal(a.len, 0);
    a = get(box, TILES "my%20fleet/0/0/0.mvt?kind=bus");
    assert_int_equal(a.status, 200);
    assert_int_equal(get(box, TILES "my%20fleet/0/0/0.mvt?kind=tram").status, 204);
    a = get(box, TILES "my%20fleet/0/0/0.mvt?limit=1");
    assert_non_null(strstr(a.headers, "Warp-Tile: thinned"));
}

static void test_wrong_tiles(void **state) {
    struct box *box = *state;
    static const char *const missing[] = {"my%20fleet/0/0/1.mvt",
                                          "my%20fleet/0/1/0.mvt",
                                          "my%20fleet/31/0/0.mvt",
                                          "my%20fleet/-1/0/0.mvt",
                                          "my%20fleet/0/0/0.png",
                                          "my%20fleet/0/0/0",
                                          "my%20fleet/0/0.mvt",
                                          "my%20fleet/0/0/0/0.mvt",
                                          "my%20fleet/a/0/0.mvt",
                                          "my%20fleet/0/0/.mvt",
                                          "my%20fleet/0/0/99999999999.mvt",
                                          "none/0/0/0.mvt",
                                          "none.json",
                                          "my%20fleet.xml",
                                          ".json",
                                          "my%20fleet/1/+1/0.mvt"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        char target[96];
        snprintf(target, sizeof target, TILES "%s", missing[i]);
        int status = get(box, target).status;
        if (status != 404) print_message("%s: %d\n", target, status);
        assert_int_equal(status, 404);
    }
    assert_int_equal(get(box, TILES "/0/0/0.mvt").status, 422);
    assert_int_equal(get(box, TILES "my%20fleet/0/0/0.mvt?limit=0").status, 422);
    assert_int_equal(get(box, TILES "my%20fleet/0/0/0.mvt?limit=10001").status, 422);
    assert_int_equal(get(box, TILES "my%20fleet/0/0/0.mvt?limit=x").status, 400);
    assert_int_equal(get(box, TILES "my%20fleet.json?x=1").status, 400);
    assert_int_equal(ask(box, HTTP_POST, TILES "my%20fleet/0/0/0.mvt", "{}", NULL).status, 405);
    assert_int_equal(
        ask(box, HTTP_GET, TILES "my%20fleet/0/0/0.mvt", NULL, "Accept: text/html").status, 406);
}

static void test_description(void **state) {
    struct box *box = *state;
    struct answer a = ask(box, HTTP_GET, TILES "my%20fleet.json", NULL, "Host: localhost:4000");
    assert_int_equal(a.status, 200);
    yyjson_doc *doc = yyjson_read(a.body, a.len, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    assert_string_equal(yyjson_get_str(yyjson_obj_get(root, "tilejson")), "3.0.0");
    assert_string_equal(yyjson_get_str(yyjson_arr_get_first(yyjson_obj_get(root, "tiles"))),
                        "http://localhost:4000" TILES "my%20fleet/{z}/{x}/{y}.mvt");
    yyjson_val *layer = yyjson_arr_get_first(yyjson_obj_get(root, "vector_layers"));
    assert_string_equal(yyjson_get_str(yyjson_obj_get(layer, "id")), "my fleet");
    yyjson_val *fields = yyjson_obj_get(layer, "fields");
    assert_string_equal(yyjson_get_str(yyjson_obj_get(fields, "speed")), "Number");
    assert_string_equal(yyjson_get_str(yyjson_obj_get(fields, "kind")), "String");
    assert_int_equal(yyjson_arr_size(yyjson_obj_get(root, "bounds")), 4);
    yyjson_doc_free(doc);
}

static int setup(void **state) {
    static struct box box;
    box_open(&box);
    *state = &box;
    return 0;
}

static int teardown(void **state) {
    box_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tile),
        cmocka_unit_test(test_wrong_tiles),
        cmocka_unit_test(test_description),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
