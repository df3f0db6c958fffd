// test_objects.c - one object through every method, its conditions and its refusals.

#include "support.h"

#define OBJECTS "/api/v1/objects"

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

static const char truck[] =
    "{\"id\":\"truck-7\",\"coordinates\":[37.7749,-122.4194],\"properties\":{\"speed\":12.5}}";

/// The ETag of an answer, with its quotes. Static.
static const char *etag_of(const struct answer *a) {
    static char etag[32];
    const char *p = strstr(a->headers, "ETag: ");
    assert_non_null(p);
    sscanf(p, "ETag: %31s", etag);
    return etag;
}

static void test_create(void **state) {
    struct box *box = *state;
    struct answer a = ask(box, HTTP_POST, OBJECTS, truck, NULL);
    assert_int_equal(a.status, 201);
    assert_string_equal(a.type, "application/geo+json");
    assert_non_null(strstr(a.headers, "Location: /api/v1/objects/truck-7\n"));
    assert_int_equal(strlen(etag_of(&a)), 18);
    assert_string_equal(at(&a, "/type"), "\"Feature\"");
    assert_string_equal(at(&a, "/id"), "\"truck-7\"");
    assert_string_equal(at(&a, "/collection"), "\"default\"");
    assert_string_equal(at(&a, "/coordinates"), "[37.7749,-122.4194]");
    assert_string_equal(at(&a, "/geometry"),
                        "{\"type\":\"Point\",\"coordinates\":[-122.4194,37.7749]}");
    assert_string_equal(at(&a, "/properties"), "{\"speed\":12.5}");
    assert_string_equal(at(&a, "/version"), "1");
    assert_string_equal(at(&a, "/metadata/energy_level"), "0");
    assert_string_equal(at(&a, "/metadata/entangled_objects"), "[]");
    assert_int_equal(strlen(at(&a, "/created_at")), 26);
    assert_string_not_equal(at(&a, "/shard_id"), "");
    a = ask(box, HTTP_POST, OBJECTS, truck, NULL);
    assert_int_equal(a.status, 409);
    assert_string_equal(at(&a, "/status"), "409");
}

static void test_create_makes_an_id(void **state) {
    struct box *box = *state;
    struct answer a = ask(box, HTTP_POST, OBJECTS "?collection=f%20l",
                          "{\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2,30]}}", NULL);
    assert_int_equal(a.status, 201);
    const char *id = at(&a, "/id");
    assert_int_equal(strlen(id), 38);
    assert_int_equal(id[15], '7');
    assert_non_null(strstr(a.headers, "?collection=f%20l"));
    assert_string_equal(at(&a, "/collection"), "\"f l\"");
    assert_string_equal(at(&a, "/geometry/coordinates"), "[1,2,30]");
    assert_string_equal(at(&a, "/properties"), "{}");
}

/// "." and ".." are names as others are; in a path they are written escaped.
static void test_dots(void **state) {
    struct box *box = *state;
    static const char *const names[][3] = {{".", "%2E", "%2e"}, {"..", "%2E%2E", ".%2e"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char body[128], location[160], path[160];
        snprintf(body, sizeof body, "{\"id\":\"%s\",\"coordinates\":[1,2]}", names[i][0]);
        snprintf(location, sizeof location, "Location: /api/v1/objects/%s?collection=%s\n",
                 names[i][1], names[i][1]);
        snprintf(path, sizeof path, OBJECTS "?collection=%s", names[i][0]);
        struct answer a = ask(box, HTTP_POST, path, body, NULL);
        assert_int_equal(a.status, 201);
        assert_non_null(strstr(a.headers, location));
        for (int form = 1; form < 3; form++) {
            snprintf(path, sizeof path, OBJECTS "/%s?collection=%s", names[i][form], names[i][0]);
            assert_int_equal(get(box, path).status, 200);
        }
        assert_int_equal(ask(box, HTTP_DELETE, path, NULL, NULL).status, 204);
        assert_int_equal(get(box, path).status, 404);
        snprintf(path, sizeof path, "/api/v1/collections/%s", names[i][1]);
        assert_int_equal(get(box, path).status, 200);
        assert_int_equal(ask(box, HTTP_DELETE, path, NULL, NULL).status, 204);
        assert_int_equal(get(box, path).status, 404);
    }
}

static void test_collection_of_the_body(void **state) {
    struct box *box = *state;
    const char *body = "{\"id\":\"a\",\"collection\":\"fleet\",\"coordinates\":[1,2]}";
    struct answer a = ask(box, HTTP_POST, OBJECTS, body, NULL);
    assert_int_equal(a.status, 201);
    assert_non_null(strstr(a.headers, "Location: /api/v1/objects/a?collection=fleet\n"));
    assert_int_equal(get(box, OBJECTS "/a").status, 404);
    assert_int_equal(get(box, OBJECTS "/a?collection=fleet").status, 200);
    a = ask(box, HTTP_POST, OBJECTS "?collection=other", body, NULL);
    assert_int_equal(a.status, 422);
    assert_string_equal(at(&a, "/pointer"), "\"/collection\"");
    assert_int_equal(ask(box, HTTP_PUT, OBJECTS "/a", body, NULL).status, 422);
    assert_int_equal(ask(box, HTTP_PUT, OBJECTS "/a?collection=fleet", body, NULL).status, 200);
}

static void test_get_and_conditions(void **state) {
    struct box *box = *state;
    assert_int_equal(get(box, OBJECTS "/truck-7").status, 404);
    struct answer a = ask(box, HTTP_POST, OBJECTS, truck, NULL);
    char etag[32], headers[200];
    snprintf(etag, sizeof etag, "%s", etag_of(&a));
    a = get(box, OBJECTS "/truck-7");
    assert_int_equal(a.status, 200);
    assert_string_equal(etag_of(&a), etag);
    snprintf(headers, sizeof headers, "If-None-Match: \"x\", %s", etag);
    a = ask(box, HTTP_GET, OBJECTS "/truck-7", NULL, headers);
    assert_int_equal(a.status, 304);
    assert_int_equal(a.len, 0);
    assert_string_equal(etag_of(&a), etag);
    snprintf(headers, sizeof headers, "If-None-Match: W/%s", etag);
    assert_int_equal(ask(box, HTTP_GET, OBJECTS "/truck-7", NULL, headers).status, 304);
    assert_int_equal(ask(box, HTTP_GET, OBJECTS "/truck-7", NULL, "If-None-Match: *").status, 304);
    assert_int_equal(ask(box, HTTP_GET, OBJECTS "/truck-7", NULL, "If-None-Match: \"x\"").status,
                     200);
    assert_int_equal(ask(box, HTTP_GET, OBJECTS "/truck-7", NULL, "If-None-Match: x").status, 400);
    assert_int_equal(ask(box, HTTP_GET, OBJECTS "/truck-7", NULL, "If-Match: \"x\"").status, 412);
    a = ask(box, HTTP_HEAD, OBJECTS "/truck-7", NULL, NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(etag_of(&a), etag);
}

static void test_put(void **state) {
    struct box *box = *state;
    struct answer a = ask(box, HTTP_PUT, OBJECTS "/truck-7", truck, NULL);
    assert_int_equal(a.status, 201);
    assert_non_null(strstr(a.headers, "Location: "));
    a = ask(box, HTTP_PUT, OBJECTS "/truck-7", "{\"coordinates\":[1,2]}", NULL);
    assert_int_equal(a.status, 200);
    assert_null(strstr(a.headers, "Location: "));
    assert_string_equal(at(&a, "/properties"), "{}");
    assert_string_equal(at(&a, "/version"), "2");
    a = ask(box, HTTP_PUT, OBJECTS "/other", truck, NULL);
    assert_int_equal(a.status, 422);
    assert_string_equal(at(&a, "/pointer"), "\"/id\"");
}

static void test_put_conditions(void **state) {
    struct box *box = *state;
    const char *url = OBJECTS "/truck-7";
    assert_int_equal(ask(box, HTTP_PUT, url, truck, "If-Match: *").status, 412);
    struct answer a = ask(box, HTTP_PUT, url, truck, "If-None-Match: *");
    assert_int_equal(a.status, 201);
    char first[100], again[100];
    snprintf(first, sizeof first, "If-Match: \"0000000000000000\",%s", etag_of(&a));
    assert_int_equal(ask(box, HTTP_PUT, url, truck, "If-None-Match: *").status, 412);
    a = ask(box, HTTP_PUT, url, truck, first);
    assert_int_equal(a.status, 200);
    snprintf(again, sizeof again, "If-Match: W/%s", etag_of(&a));
    assert_int_equal(ask(box, HTTP_PUT, url, truck, first).status, 412);
    assert_int_equal(ask(box, HTTP_PUT, url, truck, again).status, 412); // weak tags never match
    assert_int_equal(ask(box, HTTP_PUT, url, truck, "If-Match: nonsense").status, 400);
    assert_int_equal(ask(box, HTTP_PUT, url, truck, "If-None-Match: \"a\"").status, 400);
    assert_int_equal(ask(box, HTTP_PUT, url, truck, "If-Match: *").status, 200);
    assert_int_equal(ask(box, HTTP_DELETE, url, NULL, first).status, 412);
    assert_int_equal(ask(box, HTTP_DELETE, url, NULL, "If-Match: *").status, 204);
}

static void test_answer_can_be_sent_back(void **state) {
    struct box *box = *state;
    const char *url = OBJECTS "/zone?collection=areas";
    expect(box, HTTP_PUT, url,
           "{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[0,2],[2,2],[0,0]]]},"
           "\"properties\":{\"a\":[1,{\"b\":null}],\"\\u00e9\":\"\\ud83d\\ude80\\n\"},"
           "\"time\":\"2026-01-02T03:04:05.678+01:00\",\"expires_in\":3600}",
           201);
    struct answer a = get(box, url);
    assert_string_equal(at(&a, "/time"), "\"2026-01-02T02:04:05.678Z\"");
    assert_string_equal(at(&a, "/coordinates"), "[1,1]");
    assert_string_not_equal(at(&a, "/expires_at"), "");
    char *body = strdup(a.body);
    a = ask(box, HTTP_PUT, url, body, NULL);
    free(body);
    assert_int_equal(a.status, 200);
    assert_string_equal(at(&a, "/version"), "2");
    assert_string_equal(at(&a, "/properties/é"), "\"🚀\\n\"");
}

static void test_patch(void **state) {
    struct box *box = *state;
    const char *url = OBJECTS "/truck-7";
    assert_int_equal(ask(box, HTTP_PATCH, url, "{\"coordinates\":[1,2]}", NULL).status, 404);
    ask(box, HTTP_POST, OBJECTS, truck, NULL);
    struct answer a = ask(box, HTTP_PATCH, url, "{\"coordinates\":[38,-122]}",
                          "Content-Type: application/merge-patch+json");
    assert_int_equal(a.status, 200);
    assert_string_equal(at(&a, "/coordinates"), "[38,-122]");
    assert_string_equal(at(&a, "/properties"), "{\"speed\":12.5}");
    a = ask(box, HTTP_PATCH, url, "{\"properties\":{\"speed\":null,\"name\":\"T\"}}", NULL);
    assert_string_equal(at(&a, "/properties"), "{\"name\":\"T\"}");
    assert_string_equal(at(&a, "/coordinates"), "[38,-122]");
    a = ask(box, HTTP_PATCH, url, "{\"time\":\"2026-01-01T00:00:00Z\",\"expires_in\":60}", NULL);
    assert_string_equal(at(&a, "/time"), "\"2026-01-01T00:00:00.000Z\"");
    assert_string_not_equal(at(&a, "/expires_at"), "");
    a = ask(box, HTTP_PATCH, url, "{\"properties\":{}}", NULL);
    assert_string_not_equal(at(&a, "/time"), "");
    a = ask(box, HTTP_PATCH, url, "{\"time\":null,\"expires_in\":null}", NULL);
    assert_string_equal(at(&a, "/time"), "");
    assert_string_equal(at(&a, "/expires_at"), "");
    a = ask(box, HTTP_PATCH, url, "{\"geometry\":null}", NULL);
    assert_int_equal(a.status, 422);
    assert_string_equal(at(&a, "/pointer"), "\"/geometry\"");
    assert_int_equal(ask(box, HTTP_PATCH, url, "{\"properties\":null}", NULL).status, 422);
    assert_int_equal(ask(box, HTTP_PATCH, url, "{\"id\":\"x\"}", NULL).status, 422);
    assert_int_equal(ask(box, HTTP_PATCH, url, "{\"speed\":1}", NULL).status, 400);
    assert_int_equal(ask(box, HTTP_PATCH, url, "{}", "If-Match: \"x\"").status, 412);
    assert_int_equal(ask(box, HTTP_PATCH, url, "{}", NULL).status, 200);
}

static void test_delete(void **state) {
    struct box *box = *state;
    ask(box, HTTP_POST, OBJECTS, truck, NULL);
    struct answer a = ask(box, HTTP_DELETE, OBJECTS "/truck-7", NULL, NULL);
    assert_int_equal(a.status, 204);
    assert_int_equal(a.len, 0);
    assert_string_equal(a.type, "");
    assert_int_equal(ask(box, HTTP_DELETE, OBJECTS "/truck-7", NULL, NULL).status, 404);
    assert_int_equal(get(box, OBJECTS "/truck-7").status, 404);
    assert_int_equal(ask(box, HTTP_DELETE, OBJECTS "/truck-7?colection=x", NULL, NULL).status, 400);
}

static void test_ids(void **state) {
    struct box *box = *state;
    char url[1200] = OBJECTS "/";
    expect(box, HTTP_PUT, OBJECTS "/a%2Fb%3Fc", "{\"coordinates\":[1,2]}", 201);
    struct answer a = get(box, OBJECTS "/a%2Fb%3Fc");
    assert_string_equal(at(&a, "/id"), "\"a/b?c\"");
    assert_int_equal(get(box, OBJECTS "/a/b").status, 404);
    expect(box, HTTP_PUT, OBJECTS "/batch", "{\"coordinates\":[1,2]}",
           201); // a name like any other
    assert_int_equal(get(box, OBJECTS "/batch").status, 200);
    expect(box, HTTP_POST, OBJECTS, "{\"id\":18446744073709551615,\"coordinates\":[1,2]}", 201);
    assert_int_equal(get(box, OBJECTS "/18446744073709551615").status, 200);
    expect(box, HTTP_POST, OBJECTS, "{\"id\":-5,\"coordinates\":[1,2]}", 201);
    for (int i = 0; i < 256; i++)
        strcat(url, "x");
    expect(box, HTTP_PUT, url, "{\"coordinates\":[1,2]}", 201);
    strcat(url, "x");
    expect(box, HTTP_PUT, url, "{\"coordinates\":[1,2]}", 422);
    expect(box, HTTP_PUT, OBJECTS "/a%0Ab", "{\"coordinates\":[1,2]}", 422);
    expect(box, HTTP_PUT, OBJECTS "/a%00b", "{\"coordinates\":[1,2]}", 422);
    expect(box, HTTP_PUT, OBJECTS "/%ff", "{\"coordinates\":[1,2]}", 400);
}

static void test_fields(void **state) {
    struct box *box = *state;
    expect(box, HTTP_PUT, OBJECTS "/a",
           "{\"coordinates\":[1,2],\"properties\":{\"x\":\"q\\\"\",\"y\":2,\"z\":{\"w\":[3]}}}",
           201);
    struct answer a = get(box, OBJECTS "/a?fields=y,x,,y,nothing");
    assert_string_equal(at(&a, "/properties"), "{\"y\":2,\"x\":\"q\\\"\"}");
    a = get(box, OBJECTS "/a?fields=z.w");
    assert_string_equal(at(&a, "/properties"), "{\"z.w\":[3]}");
    a = get(box, OBJECTS "/a?fields=");
    assert_string_equal(at(&a, "/properties"), "{}");
    a = get(box, OBJECTS "/a?field=y");
    assert_int_equal(a.status, 400);
    assert_non_null(strstr(a.body, "field"));
}

static void test_listing(void **state) {
    struct box *box = *state;
    struct answer a = get(box, OBJECTS);
    assert_int_equal(returned(&a), 0); // the default collection need not be there
    assert_int_equal(get(box, OBJECTS "?collection=none").status, 404);
    for (int i = 0; i < 7; i++) {
        char body[200];
        snprintf(body, sizeof body,
                 "{\"id\":\"o%d\",\"coordinates\":[%d,2],\"properties\":{\"n\":%d,\"odd\":%s}}", i,
                 i, i, i % 2 ? "true" : "false");
        expect(box, HTTP_POST, OBJECTS, body, 201);
    }
    a = get(box, OBJECTS);
    assert_int_equal(returned(&a), 7);
    assert_string_equal(at(&a, "/next"), "");
    a = get(box, OBJECTS "?odd=true");
    assert_int_equal(returned(&a), 3);
    a = get(box, OBJECTS "?n=4");
    assert_string_equal(at(&a, "/features/0/id"), "\"o4\"");
    a = get(box, OBJECTS "?sort=-n&limit=2");
    assert_string_equal(at(&a, "/features/0/id"), "\"o6\"");
    int seen = 0;
    char url[400] = OBJECTS "?limit=3";
    for (int page = 0; page < 3; page++) {
        a = get(box, url);
        seen += returned(&a);
        const char *next = at(&a, "/next");
        assert_int_equal(*next != '\0', page < 2);
        if (page < 2) assert_non_null(strstr(a.headers, "Link: </api/v1/objects?limit=3&cursor="));
        snprintf(url, sizeof url, OBJECTS "?limit=3&cursor=%.*s", (int)strlen(next) - 2, next + 1);
    }
    assert_int_equal(seen, 7);
    expect(box, HTTP_GET, OBJECTS "?cursor=nonsense", NULL, 400);
    expect(box, HTTP_GET, OBJECTS "?limit=0", NULL, 422);
    expect(box, HTTP_GET, OBJECTS "?limit=10001", NULL, 422);
    expect(box, HTTP_GET, OBJECTS "?limit=x", NULL, 400);
    expect(box, HTTP_GET, OBJECTS "?limit=1&limit=2", NULL, 400);
    expect(box, HTTP_GET, OBJECTS "?n=%zz", NULL, 400);
    expect(box, HTTP_GET, OBJECTS "?n=%ff", NULL, 400);
    expect(box, HTTP_GET, OBJECTS "?sort=", NULL, 400);
    expect(box, HTTP_GET, OBJECTS "?explain=perhaps", NULL, 400);
}

static void test_text(void **state) {
    struct box *box = *state;
    struct answer a =
        ask(box, HTTP_PUT, OBJECTS "/s",
            "{\"geometry\":null,\"text\":\"say \\\"x\\\"\",\"properties\":{\"a\":1}}", NULL);
    assert_int_equal(a.status, 201);
    assert_string_equal(at(&a, "/geometry"), "null");
    assert_string_equal(at(&a, "/coordinates"), "null");
    assert_string_equal(at(&a, "/text"), "\"say \\\"x\\\"\"");
    a = ask(box, HTTP_PATCH, OBJECTS "/s", "{\"text\":\"b\",\"properties\":{\"b\":2}}", NULL);
    assert_int_equal(a.status, 200);
    assert_string_equal(at(&a, "/text"), "\"b\"");
    assert_string_equal(at(&a, "/properties"), "{\"a\":1,\"b\":2}");
    a = ask(box, HTTP_PATCH, OBJECTS "/s", "{\"coordinates\":[1,2]}", NULL);
    assert_string_equal(at(&a, "/coordinates"), "[1,2]");
    assert_null(strstr(a.body, "\"text\""));
    expect(box, HTTP_PUT, OBJECTS "/s", "{\"text\":7}", 400);
    expect(box, HTTP_PUT, OBJECTS "/s", "{\"text\":\"x\",\"coordinates\":[1,2]}", 422);
    expect(box, HTTP_PUT, OBJECTS "/s", "{\"text\":null}", 422);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_create),
        TEST(test_create_makes_an_id),
        TEST(test_dots),
        TEST(test_collection_of_the_body),
        TEST(test_get_and_conditions),
        TEST(test_put),
        TEST(test_put_conditions),
        TEST(test_answer_can_be_sent_back),
        TEST(test_patch),
        TEST(test_delete),
        TEST(test_ids),
        TEST(test_fields),
        TEST(test_text),
        TEST(test_listing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
