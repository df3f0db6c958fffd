// test_admin.c - collections, health, readiness, metrics, backup.

#include "support.h"

#include "storage/wal_store.h"

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

static void test_collections(void **state) {
    struct box *box = *state;
    struct answer a = get(box, "/api/v1/collections");
    assert_string_equal(at(&a, "/collections"), "[]");
    const char *const names[] = {"a", "a%2Fb", "b%20%F0%9F%9A%80", "zz"};
    for (size_t i = 0; i < 4; i++) {
        char url[100];
        snprintf(url, sizeof url, "/api/v1/objects/o?collection=%s", names[i]);
        expect(box, HTTP_PUT, url, "{\"coordinates\":[1,179.5]}", 201);
        snprintf(url, sizeof url, "/api/v1/objects/p?collection=%s", names[i]);
        expect(box, HTTP_PUT, url, "{\"coordinates\":[2,-179.5]}", 201);
    }
    char url[200] = "/api/v1/collections?limit=3";
    a = get(box, url);
    assert_int_equal(returned(&a), 3);
    assert_string_equal(at(&a, "/collections/0/id"), "\"a\"");
    assert_string_equal(at(&a, "/collections/1/id"), "\"a/b\"");
    assert_string_equal(at(&a, "/collections/0/count"), "2");
    assert_non_null(strstr(a.headers, "Link: </api/v1/collections?limit=3&cursor="));
    const char *next = at(&a, "/next");
    snprintf(url, sizeof url, "/api/v1/collections?limit=3&cursor=%.*s", (int)strlen(next) - 2,
             next + 1);
    a = get(box, url);
    assert_int_equal(returned(&a), 1);
    assert_string_equal(at(&a, "/collections/0/id"), "\"zz\"");
    assert_string_equal(at(&a, "/next"), "");
    a = get(box, "/api/v1/collections?limit=4");
    assert_string_equal(at(&a, "/next"), "");

    for (size_t i = 0; i < 4; i++) {
        snprintf(url, sizeof url, "/api/v1/collections/%s", names[i]);
        a = get(box, url);
        assert_int_equal(a.status, 200);
        assert_string_equal(at(&a, "/count"), "2");
        assert_string_not_equal(at(&a, "/extent/spatial/bbox/0/3"), "");
    }
    assert_int_equal(get(box, "/api/v1/collections/b").status, 404);
    assert_int_equal(get(box, "/api/v1/collections/%C2%80").status, 404);
    assert_int_equal(get(box, "/api/v1/collections/%01").status, 422);
    assert_int_equal(get(box, "/api/v1/collections?cursor=xyz").status, 400);
    assert_int_equal(get(box, "/api/v1/collections?cursor=").status, 400);
    assert_int_equal(get(box, "/api/v1/collections?category=x").status, 400);
    assert_int_equal(get(box, "/api/v1/collections?limit=0").status, 422);

    assert_int_equal(ask(box, HTTP_DELETE, "/api/v1/collections/a%2Fb", NULL, NULL).status, 204);
    assert_int_equal(ask(box, HTTP_DELETE, "/api/v1/collections/a%2Fb", NULL, NULL).status, 404);
    assert_int_equal(get(box, "/api/v1/collections/a%2Fb").status, 404);
    assert_int_equal(get(box, "/api/v1/objects?collection=a/b").status, 404);
}

static void test_health(void **state) {
    struct box *box = *state;
    expect(box, HTTP_PUT, "/api/v1/objects/a", "{\"coordinates\":[1,2]}", 201);
    struct answer a = get(box, "/api/v1/admin/health");
    assert_int_equal(a.status, 200);
    assert_string_equal(at(&a, "/status"), "\"ok\"");
    assert_string_equal(at(&a, "/objects"), "1");
    assert_string_equal(at(&a, "/store"), "");
    const char *const ready[] = {"/readyz", "/api/v1/admin/ready"};
    for (int i = 0; i < 2; i++) {
        box->ready = true;
        assert_int_equal(get(box, ready[i]).status, 200);
        box->ready = false;
        a = get(box, ready[i]);
        assert_int_equal(a.status, 503);
        assert_non_null(strstr(a.headers, "Retry-After: "));
    }
    a = get(box, "/api/v1/admin/health");
    assert_string_equal(at(&a, "/status"), "\"unavailable\"");
    assert_int_equal(get(box, "/livez").status, 200);
}

static void test_metrics(void **state) {
    struct box *box = *state;
    expect(box, HTTP_PUT, "/api/v1/objects/a", "{\"coordinates\":[1,2]}", 201);
    expect(box, HTTP_GET, "/api/v1/search/nearby?lat=1&lon=2&radius=10", NULL, 200);
    expect(box, HTTP_GET, "/api/v1/search/nearby?lat=1&lon=2&k=1", NULL, 200);
    expect(box, HTTP_POST, "/api/v1/objects/batch", "[{\"coordinates\":[1,2]},{}]", 200);
    const char *const urls[] = {"/metrics", "/api/v1/admin/metrics"};
    for (int i = 0; i < 2; i++) {
        struct answer a = get(box, urls[i]);
        assert_int_equal(a.status, 200);
        const char *const lines[] = {
            "\nwarp_objects 2\n",
            "\nwarp_collections 1\n",
            "\nwarp_spatial_operations_total{operation=\"put\"} 2\n",
            "\nwarp_spatial_operations_total{operation=\"search\"} 2\n",
            "warp_spatial_query_duration_seconds_count{query_type=\"nearby\"} 1\n",
            "warp_spatial_query_duration_seconds_count{query_type=\"nearest\"} 1\n",
            "warp_spatial_query_duration_seconds_count{query_type=\"bbox\"} 0\n",
            "\nwarp_batch_lines_total{result=\"stored\"} 1\n",
            "\nwarp_batch_lines_total{result=\"refused\"} 1\n",
            "\nwarp_shard_objects{shard=\"3\"} ",
            "\nwarp_wal_last_lsn 0\n",
        };
        for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
            if (!strstr(a.body, lines[k])) fail_msg("no %s in\n%s", lines[k], a.body);
        }
    }
}

static void test_renewed_api_shares_metrics(void **state) {
    struct box *box = *state;
    expect(box, HTTP_GET, "/api/v1/objects", NULL, 200);
    struct api_options options = {.engine = box->engine,
                                  .metrics = box->metrics,
                                  .limit_results = 5,
                                  .limit_body_bytes = 100,
                                  .limit_batch_bytes = 100,
                                  .cors_origins = ""};
    struct api *fresh;
    assert_int_equal(api_renew(box->api, &options, &fresh), STATUS_OK);
    api_free(box->api);
    box->api = fresh;
    expect(box, HTTP_GET, "/api/v1/objects?limit=6", NULL, 422);
    expect(box, HTTP_GET, "/api/v1/objects?limit=5", NULL, 200);
    struct answer a = get(box, "/metrics");
    assert_non_null(strstr(a.body, "seconds_count{query_type=\"list\"} 2\n"));
}

static void test_landing(void **state) {
    struct box *box = *state;
    struct answer a = get(box, "/");
    assert_string_equal(at(&a, "/links/0/rel"), "\"service-desc\"");
    for (int i = 0; i < 5; i++) { // every link leads somewhere
        char pointer[40], url[100];
        snprintf(pointer, sizeof pointer, "/links/%d/href", i);
        a = get(box, "/api/v1");
        const char *href = at(&a, pointer);
        snprintf(url, sizeof url, "%.*s", (int)strlen(href) - 2, href + 1);
        assert_int_equal(get(box, url).status, 200);
    }
}

static void test_backup(void **state) {
    struct box *box = *state;
    expect(box, HTTP_POST, "/api/v1/admin/backup", "{\"dir\":\"/tmp/x\"}", 503); // no store
    struct storage_options options = {.dir = test_tmpdir(), .mode = STORAGE_INTERVAL};
    struct storage *store;
    struct reason why = {0};
    options.source = engine_emit_all;
    options.source_ctx = box->engine;
    assert_int_equal(wal_store_open(&options, &store, &why), STATUS_OK);
    assert_int_equal(engine_attach(box->engine, store, &why), STATUS_OK);
    struct answer a = ask(box, HTTP_PUT, "/api/v1/objects/a", "{\"coordinates\":[1,2]}", NULL);
    assert_int_equal(a.status, 201);
    assert_int_not_equal(a.wait_lsn, 0);
    a = ask(box, HTTP_POST, "/api/v1/objects/batch", "[{\"coordinates\":[1,2]}]", NULL);
    assert_int_equal(a.wait_lsn, 2);
    a = get(box, "/api/v1/objects/a");
    assert_int_equal(a.wait_lsn, 0);
    a = ask(box, HTTP_DELETE, "/api/v1/objects/a", NULL, NULL);
    assert_int_equal(a.wait_lsn, 3);
    a = get(box, "/api/v1/admin/health");
    assert_string_equal(at(&a, "/store/last_lsn"), "3");
    char dir[600], body[700];
    snprintf(dir, sizeof dir, "%s/copy", test_tmpdir());
    snprintf(body, sizeof body, "{\"dir\":\"%s\"}", dir);
    expect(box, HTTP_POST, "/api/v1/admin/backup", body, 200);
    struct wal_check_report report;
    assert_int_equal(wal_store_check(dir, &report, NULL, NULL), STATUS_OK);
    assert_int_equal(report.surviving_lsn, 3);
    const char *const bad[] = {"{}",
                               "[]",
                               "{\"dir\":\"relative\"}",
                               "{\"dir\":7}",
                               "{\"dir\":\"/a\",\"x\":1}",
                               "{\"dir\":\"/a\\u0000b\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect(box, HTTP_POST, "/api/v1/admin/backup", bad[i], 400);
    }
    a = ask(box, HTTP_POST, "/api/v1/admin/backup", body, NULL); // not empty any more
    assert_in_range(a.status, 400, 503);
    engine_free(box->engine);
    storage_close(store);
    struct engine_options fresh = {.shard_count = 2}; // for the teardown
    assert_int_equal(engine_new(&fresh, &box->engine), STATUS_OK);
    assert_int_equal(engine_reader_open(box->engine, &box->reader), STATUS_OK);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_collections), TEST(test_health),
        TEST(test_metrics),     TEST(test_renewed_api_shares_metrics),
        TEST(test_landing),     TEST(test_backup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
