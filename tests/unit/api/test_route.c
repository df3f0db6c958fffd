// test_route.c - the table of endpoints: what it matches, that the document tells all of it, CORS, media types.

#include "support.h"

#include "api/route.h"

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

static const struct route *found(enum http_method method, const char *path) {
    return route_find(method, str_of(path)).route;
}

static void test_find(void **state) {
    (void)state;
    assert_string_equal(found(HTTP_GET, "/")->id, "getRoot");
    assert_string_equal(found(HTTP_POST, "/api/v1/objects/batch")->id, "putObjects");
    assert_string_equal(found(HTTP_GET, "/api/v1/objects/batch")->id, "getObject");
    assert_string_equal(found(HTTP_HEAD, "/api/v1/objects/a%2Fb")->id, "getObject");
    assert_null(found(HTTP_GET, "/api/v1/objects/"));
    assert_null(found(HTTP_GET, "/api/v1/objects/a/b"));
    assert_null(found(HTTP_GET, "/api/v1/object"));
    assert_null(found(HTTP_GET, "/api/v1/objectss"));
    assert_null(found(HTTP_GET, ""));
    assert_null(found(HTTP_OTHER, "/"));
    assert_int_equal(route_find(HTTP_GET, STR("/nothing")).methods, 0);
    struct arena arena;
    arena_init(&arena, 0);
    struct route_match m = route_find(HTTP_POST, STR("/api/v1/objects/x"));
    struct str methods = route_methods(m.methods, &arena);
    assert_true(str_eq(methods, STR("GET, HEAD, PUT, PATCH, DELETE, OPTIONS")));
    arena_deinit(&arena);
}

static void test_table_is_whole(void **state) {
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &route_table[i];
        assert_non_null(r->id);
        assert_non_null(r->tag);
        assert_non_null(r->summary);
        assert_int_equal(r->body != ROUTE_NO_BODY, r->request != NULL);
        assert_int_equal(r->answer != NULL, r->answers[0].status != 0);
        struct str pattern = str_of(r->pattern);
        bool has_param = str_find(pattern, ':') < pattern.len;
        assert_int_equal(has_param, r->params[0] && strcmp(r->params[0][0].in, "path") == 0);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(r->id, route_table[j].id);
            bool same = strcmp(r->pattern, route_table[j].pattern) == 0;
            assert_false(same && r->method == route_table[j].method);
            if (same) assert_string_equal(r->pattern, route_table[i - 1].pattern); // together
        }
    }
}

static void test_document(void **state) {
    struct box *box = *state;
    struct answer a = get(box, "/api/v1/openapi.json");
    assert_int_equal(a.status, 200);
    assert_string_equal(at(&a, "/openapi"), "\"3.1.0\"");
    yyjson_doc *doc = yyjson_read(a.body, a.len, 0);
    yyjson_val *paths = yyjson_obj_get(yyjson_doc_get_root(doc), "paths");
    size_t operations = 0, i, n, j, m;
    yyjson_val *key, *path, *method, *operation;
    yyjson_obj_foreach(paths, i, n, key, path) {
        yyjson_obj_foreach(path, j, m, method, operation) operations++;
    }
    assert_int_equal(operations, route_count);
    // Every reference leads somewhere.
    for (const char *p = a.body; (p = strstr(p, "\"$ref\":\"#"));) {
        char pointer[100];
        p += strlen("\"$ref\":\"#");
        snprintf(pointer, sizeof pointer, "%.*s", (int)strcspn(p, "\""), p);
        if (!yyjson_doc_ptr_get(doc, pointer)) fail_msg("dangling reference %s", pointer);
    }
    yyjson_doc_free(doc);
}

// Every route answers something else than 404 of the router, and those to come 501.
static void test_every_route_answers(void **state) {
    struct box *box = *state;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &route_table[i];
        struct str pattern = str_of(r->pattern);
        char url[200];
        snprintf(url, sizeof url, "%.*s%s%s", (int)str_find(pattern, ':'), pattern.p,
                 str_find(pattern, ':') < pattern.len ? "x" : "",
                 r->pattern + pattern.len - r->tail);
        struct answer a = ask(box, r->method, url, r->request ? "{}" : NULL, NULL);
        assert_null(strstr(a.body, "no such path"));
        if (!r->answer) {
            assert_int_equal(a.status, 501);
            continue;
        }
        bool told = false;
        for (size_t k = 0; k < ROUTE_ANSWERS; k++)
            told |= r->answers[k].status == a.status;
        for (size_t k = 0; k < ROUTE_PROBLEMS; k++)
            told |= r->problems[k] == a.status;
        if (!told) fail_msg("%s answers %d, which is not documented: %s", url, a.status, a.body);
        if (r->method != HTTP_GET) continue;
        struct answer head = ask(box, HTTP_HEAD, url, NULL, NULL);
        assert_int_equal(head.status, a.status);
    }
}

static void test_not_found_and_methods(void **state) {
    struct box *box = *state;
    struct answer a = get(box, "/api/v2/objects");
    assert_int_equal(a.status, 404);
    assert_string_equal(at(&a, "/title"), "\"Not Found\"");
    a = ask(box, HTTP_DELETE, "/api/v1/objects", NULL, NULL);
    assert_int_equal(a.status, 405);
    assert_non_null(strstr(a.headers, "Allow: GET, HEAD, POST, OPTIONS\n"));
    a = ask(box, HTTP_OTHER, "/livez", NULL, NULL);
    assert_int_equal(a.status, 405);
}

static void test_media_types(void **state) {
    struct box *box = *state;
    const char *url = "/api/v1/objects", *body = "{\"coordinates\":[1,2]}";
    const struct {
        const char *headers;
        int status;
    } types[] = {
        {"Content-Type: application/json; charset=utf-8", 201},
        {"Content-Type: APPLICATION/GEO+JSON", 201},
        {"Content-Type: application/x-www-form-urlencoded", 415},
        {"Content-Type: text/plain", 415},
        {"Content-Type: application/x-ndjson", 415},
        {"Content-Type: application/merge-patch+json", 415},
        {"Content-Type: application/json\nAccept: application/json", 201},
        {"Content-Type: application/json\nAccept: application/*;q=0.1", 201},
        {"Content-Type: application/json\nAccept: text/html", 406},
        {"Content-Type: application/json\nAccept: application/geo+json;q=0", 406},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct answer a = ask(box, HTTP_POST, url, body, types[i].headers);
        if (a.status != types[i].status) fail_msg("%s: %d", types[i].headers, a.status);
    }
    struct answer a = ask_bytes(box, HTTP_POST, url, str_of(body), NULL);
    assert_int_equal(a.status, 201);
    a = ask(box, HTTP_GET, url, NULL, "Accept: application/json");
    assert_string_equal(a.type, "application/json");
    a = ask(box, HTTP_GET, "/metrics", NULL, "Accept: text/plain;version=0.0.4, */*;q=0.1");
    assert_string_equal(a.type, "text/plain; version=0.0.4; charset=utf-8");
}

static void test_head_of_a_request(void **state) {
    struct box *box = *state;
    struct http_request r = {
        .method = HTTP_POST, .raw_path = STR("/api/v1/objects"), .declared_bytes = 1 << 20};
    uint64_t limit = 0;
    struct reason why = {0};
    assert_int_equal(api_head(box->api, &r, &limit, &why), STATUS_OK);
    assert_int_equal(limit, 1 << 20);
    r.declared_bytes++;
    assert_int_equal(api_head(box->api, &r, &limit, &why), STATUS_TOO_LARGE);
    assert_non_null(strstr(why.text, "limits.body_bytes"));
    r.declared_bytes = HTTP_UNKNOWN_LENGTH;
    assert_int_equal(api_head(box->api, &r, &limit, &why), STATUS_OK);
    r.raw_path = STR("/api/v1/objects/batch");
    r.declared_bytes = 64 << 20;
    assert_int_equal(api_head(box->api, &r, &limit, &why), STATUS_OK);
    assert_int_equal(limit, 64 << 20);
    ask_headers(&r, "Content-Type: text/csv");
    assert_int_equal(api_head(box->api, &r, &limit, &why), STATUS_MEDIA_TYPE);
    r.raw_path = STR("/nothing");
    assert_int_equal(api_head(box->api, &r, &limit, &why), STATUS_NOT_FOUND);
    r.raw_path = STR("/livez");
    assert_int_equal(api_head(box->api, &r, &limit, &why), STATUS_BAD_METHOD);
}

static void test_cors(void **state) {
    struct box *box = *state;
    struct answer a = ask(box, HTTP_GET, "/livez", NULL, "Origin: https://map.example");
    assert_non_null(strstr(a.headers, "Access-Control-Allow-Origin: https://map.example\n"));
    assert_non_null(strstr(a.headers, "Vary: Origin\n"));
    a = ask(box, HTTP_GET, "/nothing", NULL, "Origin: https://other.example"); // errors, too
    assert_non_null(strstr(a.headers, "Access-Control-Allow-Origin: https://other.example\n"));
    a = ask(box, HTTP_GET, "/livez", NULL, "Origin: https://evil.example");
    assert_null(strstr(a.headers, "Access-Control"));
    assert_non_null(strstr(a.headers, "Vary: Origin\n"));
    a = ask(box, HTTP_OPTIONS, "/api/v1/objects/x", NULL,
            "Origin: https://map.example\nAccess-Control-Request-Method: PATCH\n"
            "Access-Control-Request-Headers: content-type,if-match");
    assert_int_equal(a.status, 204);
    assert_non_null(strstr(a.headers, "Access-Control-Allow-Methods: GET, HEAD, PUT, PATCH"));
    assert_non_null(strstr(a.headers, "Access-Control-Allow-Headers: content-type,if-match\n"));
    a = ask(box, HTTP_OPTIONS, "/api/v1/objects/x", NULL,
            "Origin: https://evil.example\nAccess-Control-Request-Method: PATCH");
    assert_int_equal(a.status, 204);
    assert_null(strstr(a.headers, "Access-Control"));
    assert_non_null(strstr(a.headers, "Allow: GET"));
    assert_int_equal(ask(box, HTTP_OPTIONS, "/nothing", NULL, NULL).status, 404);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_table_is_whole),
        TEST(test_document),
        TEST(test_every_route_answers),
        TEST(test_not_found_and_methods),
        TEST(test_media_types),
        TEST(test_head_of_a_request),
        TEST(test_cors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
