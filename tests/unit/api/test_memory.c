// test_memory.c - every allocation of a request fails once, at every endpoint that allocates: an answer (or, when
// even that does not fit, none), never a half-made change, nothing leaked, and the same request served afterwards.

#include "support.h"

#include "base/mem.h"

static const struct {
    enum http_method method;
    const char *path, *query, *body;
    int status;
} requests[] = {
    {HTTP_PUT, "/api/v1/objects/a%20b", "collection=%66leet",
     "{\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[4,0],[4,4],[0,0]]]},"
     "\"properties\":{\"a\":{\"b\":[1,\"\\u00e9\"]}},\"time\":\"2026-01-02T03:04:05Z\"}",
     200},
    {HTTP_PATCH, "/api/v1/objects/a%20b", "collection=fleet",
     "{\"properties\":{\"n\":1,\"a\":null}}", 200},
    {HTTP_POST, "/api/v1/objects", "", "{\"coordinates\":[1,2]}", 201},
    {HTTP_GET, "/api/v1/objects", "limit=1&n=1&fields=a,b", NULL, 200},
    {HTTP_GET, "/api/v1/search/nearby", "lat=1&lon=2&radius=1e6&collection=fleet&explain=1", NULL,
     200},
    {HTTP_GET, "/api/v1/search/nearby", "lat=1&lon=2&k=5&collection=fleet", NULL, 200},
    {HTTP_POST, "/api/v1/search/polygon", "collection=fleet",
     "{\"polygon\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[9,0],[9,9],[0,0]]]},\"sort\":"
     "\"n\"}",
     200},
    {HTTP_POST, "/api/v1/search/complex", "collection=fleet",
     "{\"filter\":{\"op\":\"s_within\",\"args\":[{\"property\":\"geometry\"},{\"type\":\"Polygon\","
     "\"coordinates\":[[[-1,-1],[9,-1],[9,9],[-1,-1]]]}]},\"fields\":[\"n\"]}",
     200},
    {HTTP_GET, "/api/v1/collections", "limit=1", NULL, 200},
    {HTTP_GET, "/api/v1/openapi.json", "", NULL, 200},
    {HTTP_GET, "/metrics", "", NULL, 200},
};

static int ask_failing(struct box *box, size_t i, uint64_t n) {
    struct http_request request = {.method = requests[i].method,
                                   .raw_path = str_of(requests[i].path),
                                   .path = str_of(requests[i].path),
                                   .query = str_of(requests[i].query),
                                   .body = str_of(requests[i].body),
                                   .declared_bytes = requests[i].body ? 1 : 0};
    if (requests[i].body) ask_headers(&request, "Content-Type: application/json");
    struct http_reply reply;
    http_reply_init(&reply);
    struct call call = {
        .request = &request, .reply = &reply, .arena = &box->arena, .reader = box->reader};
    mem_fail_at(n, false);
    engine_enter(box->engine, box->reader);
    api_answer(box->api, &call);
    engine_leave(box->engine, box->reader);
    bool reached = n > 0 && mem_alloc_count() >= n;
    mem_fail_at(0, false);
    int status = reply.body.failed ? 503 : reply.status;
    if (!reached && n > 0) status = 0; // fewer allocations than that
    http_reply_deinit(&reply);
    arena_deinit(&box->arena);
    arena_init(&box->arena, 0);
    return status;
}

static void test_each_allocation_fails(void **state) {
    (void)state;
    struct box box;
    box_open(&box);
    expect(&box, HTTP_PUT, "/api/v1/objects/a%20b?collection=fleet", "{\"coordinates\":[1,2]}",
           201);
    expect(&box, HTTP_POST, "/api/v1/objects", "{\"coordinates\":[1,2]}", 201);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        int status = 1;
        for (uint64_t n = 1; status != 0; n++) {
            status = ask_failing(&box, i, n);
            // What is only a convenience may fail unseen.
            if (status != 0 && status != 503 && status != requests[i].status) {
                fail_msg("%s with allocation %d failing: %d", requests[i].path, (int)n, status);
            }
            assert_in_range(n, 1, 5000);
        }
        assert_int_equal(ask_failing(&box, i, 0), requests[i].status);
    }
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_allocation_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
