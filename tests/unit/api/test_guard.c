// test_guard.c - protected mode: what other hosts and pages of other origins may ask of a server without authentication.

#include "support.h"

#define PUT_BODY "{\"coordinates\":[1,2]}"
#define QUERY "{\"polygon\":{\"type\":\"Point\",\"coordinates\":[2,1]}}"
#define OBJECT "/api/v1/objects/a"
#define POLYGON "/api/v1/search/polygon"
#define OWN "Host: localhost:4000\n"

static void renew(struct box *box, const char *listen, const char *origins, bool protected) {
    struct api_options options = {.engine = box->engine,
                                  .metrics = box->metrics,
                                  .limit_results = 10,
                                  .limit_ring_vertices = 100,
                                  .limit_body_bytes = 1000,
                                  .limit_batch_bytes = 1000,
                                  .cors_origins = origins,
                                  .protected = protected,
                                  .listen = listen};
    struct api *fresh;
    assert_int_equal(api_renew(box->api, &options, &fresh), STATUS_OK);
    api_free(box->api);
    box->api = fresh;
}

static int setup(void **state) {
    static struct box box;
    box_open(&box);
    renew(&box, "127.0.0.1:4000", "https://map.example, http://dev.example:3000", true);
    expect(&box, HTTP_PUT, OBJECT, PUT_BODY, 201);
    *state = &box;
    return 0;
}

static int teardown(void **state) {
    box_close(*state);
    return 0;
}

static bool refused(struct box *box, enum http_method method, const char *target, const char *json,
                    const char *headers) {
    struct answer a = ask(box, method, target, json, headers);
    if (a.status == 403) assert_non_null(strstr(a.body, "cors.origins")); // the mend
    return a.status == 403;
}

static bool host_refused(struct box *box, const char *host) {
    char headers[300];
    snprintf(headers, sizeof headers, "Host: %s", host);
    return refused(box, HTTP_GET, OBJECT, NULL, headers);
}

static bool put_refused(struct box *box, const char *headers) {
    return refused(box, HTTP_PUT, OBJECT, PUT_BODY, headers);
}

static void test_hosts(void **state) {
    struct box *box = *state;
    static const char *const good[] = {
        "localhost",       "LocalHost:4000", "fleet.localhost:1",
        "127.0.0.1",       "127.0.0.1:4000", "127.255.1.2",
        "[::1]",           "[::1]:4000",     "[0:0:0:0:0:0:0:1]:4000",
        "map.example:443", "dev.example", // their pages are trusted
    };
    static const char *const bad[] = {
        "",
        "evil.example",
        "evil.example:4000",
        "localhost.evil.example",
        "notlocalhost",
        ".localhost",
        "127.0.0.1.evil.example",
        "128.0.0.1",
        "127.1",
        "0.0.0.0:4000",
        "192.168.0.1",
        "[::2]",
        "[::1",
        "[::1]x:4000",
        "::1",
        "[::ffff:10.0.0.1]",
        "sub.map.example",
        "https",
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "a"
         "aaaaaa"),
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (host_refused(box, good[i])) fail_msg("%s is refused", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (!host_refused(box, bad[i])) fail_msg("%s is served", bad[i]);
    }
    renew(box, "fleet.internal:4000", "*", true);
    assert_false(host_refused(box, "fleet.internal:80"));
    assert_false(host_refused(box, "127.0.0.1"));
    assert_true(host_refused(box, "evil.example")); // "*" is about origins
    renew(box, "[::1]:4000", NULL, true);
    assert_false(host_refused(box, "[::1]"));
    assert_true(host_refused(box, "map.example"));
}

static void test_every_method_and_path_asks_for_the_host(void **state) {
    struct box *box = *state;
    static const char *const paths[] = {"/",        "/livez",
                                        "/metrics", "/nothing",
                                        OBJECT,     "/api/v1/admin/health",
                                        POLYGON,    "/api/v1/admin/backup"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        for (int m = HTTP_GET; m <= HTTP_OTHER; m++) {
            assert_true(refused(box, (enum http_method)m, paths[i], NULL, "Host: evil.example"));
        }
    }
    // A rebound name is its pages' own host.
    assert_true(put_refused(box, "Host: evil.example\nOrigin: http://evil.example"));
}

static void test_origins(void **state) {
    struct box *box = *state;
    assert_false(put_refused(box, OWN)); // no browser
    assert_false(put_refused(box, ""));  // HTTP/1.0
    assert_false(
        put_refused(box, OWN "Origin: http://localhost:4000\nSec-Fetch-Site: same-origin"));
    assert_false(put_refused(box, OWN "Origin: HTTPS://MAP.example\nSec-Fetch-Site: cross-site"));
    assert_false(put_refused(box, OWN "Origin: http://dev.example:3000"));
    static const char *const bad[] = {
        "https://evil.example",
        "null",
        "",
        "http://localhost:3000",
        "http://localhost",
        "localhost:4000",
        "https://map.example.evil.example",
        "http://map.example",
        "http://dev.example",
        "http://localhost:4000.evil.example",
        "http://127.0.0.1:4000",
        "*",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char headers[200];
        snprintf(headers, sizeof headers, OWN "Origin: %s", bad[i]);
        if (!put_refused(box, headers)) fail_msg("%s may write", bad[i]);
        assert_true(refused(box, HTTP_DELETE, OBJECT, NULL, headers));
        assert_true(refused(box, HTTP_POST, "/api/v1/admin/backup", "{}", headers));
        assert_true(refused(box, HTTP_POST, POLYGON, QUERY, headers));
        // Reading: the browser keeps the answer from the page.
        assert_false(refused(box, HTTP_GET, OBJECT, NULL, headers));
        assert_false(refused(box, HTTP_HEAD, OBJECT, NULL, headers));
        assert_false(refused(box, HTTP_OPTIONS, OBJECT, NULL, headers));
    }
    assert_true(put_refused(box, OWN "Sec-Fetch-Site: cross-site"));
    assert_false(put_refused(box, OWN "Sec-Fetch-Site: same-origin"));
    assert_false(refused(box, HTTP_GET, OBJECT, NULL, OWN "Sec-Fetch-Site: cross-site")); // a link
}

static void test_star_reads_only(void **state) {
    struct box *box = *state;
    static const char page[] = OWN "Origin: https://any.example";
    renew(box, "127.0.0.1:4000", "*, https://map.example", true);
    assert_true(put_refused(box, page));
    assert_true(refused(box, HTTP_POST, "/nothing", PUT_BODY, page));
    assert_true(refused(box, HTTP_POST, "/api/v1/admin/backup", "{}", page));
    assert_int_equal(ask(box, HTTP_POST, POLYGON, QUERY, page).status, 200);
    assert_false(put_refused(box, OWN "Origin: https://map.example"));
    struct answer a = ask(box, HTTP_PUT, OBJECT, PUT_BODY, page); // the page may read why
    assert_non_null(strstr(a.headers, "Access-Control-Allow-Origin: *\n"));
}

static void test_head_of_a_request(void **state) {
    struct box *box = *state;
    struct http_request r = {
        .method = HTTP_POST, .raw_path = STR("/api/v1/objects/batch"), .declared_bytes = 100};
    uint64_t limit;
    struct reason why;
    ask_headers(&r, OWN);
    assert_int_equal(api_head(box->api, &r, &limit, &why), STATUS_OK);
    ask_headers(&r, "Origin: https://evil.example");
    assert_int_equal(api_head(box->api, &r, &limit, &why), STATUS_FORBIDDEN);
    r.header_count = 0;
    ask_headers(&r, "Host: evil.example");
    assert_int_equal(api_head(box->api, &r, &limit, &why), STATUS_FORBIDDEN);
    r.method = HTTP_OPTIONS;
    assert_int_equal(api_head(box->api, &r, &limit, &why), STATUS_FORBIDDEN);
}

static void test_unprotected(void **state) {
    struct box *box = *state;
    renew(box, "127.0.0.1:4000", "", false);
    assert_false(put_refused(box, "Host: evil.example\nOrigin: https://evil.example"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_hosts),
        TEST(test_every_method_and_path_asks_for_the_host),
        TEST(test_origins),
        TEST(test_star_reads_only),
        TEST(test_head_of_a_request),
        TEST(test_unprotected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
