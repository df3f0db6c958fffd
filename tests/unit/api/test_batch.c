// test_batch.c - many objects at once: every form, what is told of the bad ones, runs.

#include "support.h"

#include "base/mem.h"

#define BATCH "/api/v1/objects/batch"
#define NDJSON "Content-Type: application/x-ndjson\n"

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

static uint64_t objects(struct box *box) {
    struct engine_stats stats;
    engine_stats(box->engine, &stats);
    return stats.objects;
}

static void test_lines(void **state) {
    struct box *box = *state;
    const char *body = "{\"id\":\"a\",\"coordinates\":[1,2]}\r\n"
                       "\n"
                       "{\"id\":\"b\",\"coordinates\":[1,2],\"properties\":{\"n\":1}}\n"
                       "{\"id\":\"c\",\"coordinates\":[91,2]}\n"
                       "not json\n"
                       "   \n"
                       "{\"id\":\"d\",\"coordinates\":[1,2],\"speed\":1}\n"
                       "{\"id\":\"a\",\"coordinates\":[3,4]}\n"
                       "{\"coordinates\":[5,6]}";
    struct answer a = ask(box, HTTP_POST, BATCH, body, NDJSON);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.type, "application/json");
    assert_string_equal(at(&a, "/received"), "7");
    assert_string_equal(at(&a, "/stored"), "4");
    assert_string_equal(at(&a, "/created"), "3");
    assert_string_equal(at(&a, "/updated"), "1");
    assert_string_equal(at(&a, "/failed"), "3");
    assert_string_equal(at(&a, "/errors/0/line"), "4");
    assert_string_equal(at(&a, "/errors/0/id"), "\"c\"");
    assert_string_equal(at(&a, "/errors/0/status"), "422");
    assert_string_equal(at(&a, "/errors/0/pointer"), "\"/coordinates\"");
    assert_string_equal(at(&a, "/errors/1/line"), "5");
    assert_string_equal(at(&a, "/errors/1/status"), "400");
    assert_string_equal(at(&a, "/errors/2/line"), "7");
    assert_string_equal(at(&a, "/errors/2/pointer"), "\"/speed\"");
    assert_int_equal(objects(box), 3);
    a = get(box, "/api/v1/objects/a"); // the later line wins
    assert_string_equal(at(&a, "/coordinates"), "[3,4]");
}

static void test_sequence(void **state) {
    struct box *box = *state;
    const char *seq = "Content-Type: application/geo+json-seq; charset=utf-8\n";
    struct answer a = ask(box, HTTP_POST, BATCH,
                          "\x1e{\"id\":\"a\",\n\"coordinates\":[1,2]}\n"
                          "\x1e{\"id\":\"b\",\"coordinates\":[1]}\n\x1e\n"
                          "\x1e{\"id\":\"c\",\"coordinates\":[1,2]}\n",
                          seq);
    assert_string_equal(at(&a, "/stored"), "2");
    assert_string_equal(at(&a, "/errors/0/line"), "2");
    a = ask(box, HTTP_POST, BATCH, "\x1e{\"id\":\"d\",\n\"coordinates\":[1,2]}\n", NDJSON);
    assert_string_equal(at(&a, "/stored"), "1");
}

// The lines are gone when they are stored.
static void test_texts(void **state) {
    struct box *box = *state;
    struct answer a = ask(box, HTTP_POST, BATCH,
                          "{\"id\":\"a\",\"geometry\":null,\"text\":\"hello there\"}\n"
                          "{\"id\":\"b\",\"geometry\":null,\"text\":\"\"}\n"
                          "{\"id\":\"c\",\"coordinates\":[1,2]}\n",
                          NDJSON);
    assert_string_equal(at(&a, "/stored"), "3");
    a = get(box, "/api/v1/objects/a");
    assert_string_equal(at(&a, "/text"), "\"hello there\"");
    a = get(box, "/api/v1/objects/b");
    assert_string_equal(at(&a, "/text"), "\"\"");
}

static void test_documents(void **state) {
    struct box *box = *state;
    struct answer a = ask(box, HTTP_POST, BATCH,
                          "{\"type\":\"FeatureCollection\",\"numberReturned\":3,\"features\":["
                          "{\"type\":\"Feature\",\"id\":1,\"geometry\":{\"type\":\"Point\","
                          "\"coordinates\":[1,2]},\"properties\":{}},"
                          "{\"type\":\"Feature\",\"id\":2,\"geometry\":null},"
                          "{\"id\":3,\"coordinates\":[0,200]}]}",
                          "Content-Type: application/geo+json");
    assert_int_equal(a.status, 200);
    assert_string_equal(at(&a, "/stored"), "1");
    assert_string_equal(at(&a, "/errors/0/line"), "2");
    assert_string_equal(at(&a, "/errors/0/pointer"), "\"/features/1\"");
    assert_string_equal(at(&a, "/errors/1/id"), "\"3\"");
    assert_string_equal(at(&a, "/errors/1/pointer"), "\"/features/2/coordinates\"");
    a = ask(box, HTTP_POST, BATCH, "[{\"coordinates\":[1,2]},7]", NULL);
    assert_string_equal(at(&a, "/stored"), "1");
    assert_string_equal(at(&a, "/errors/0/pointer"), "\"/1\"");
    a = ask(box, HTTP_POST, BATCH, "{\"type\":\"Feature\",\"coordinates\":[1,2]}", NULL);
    assert_string_equal(at(&a, "/stored"), "1");
    a = ask(box, HTTP_POST, BATCH, "{\"type\":\"FeatureCollection\",\"features\":[]}", NULL);
    assert_int_equal(a.status, 200); // an export of nothing
    assert_string_equal(at(&a, "/received"), "0");
    assert_int_equal(ask(box, HTTP_POST, BATCH, "[]", NULL).status, 200);
    const char *const refused[] = {"",
                                   "{",
                                   "7",
                                   "{\"type\":\"FeatureCollection\"}",
                                   "{\"type\":\"Point\",\"coordinates\":[1,2]}",
                                   "{\"type\":\"FeatureCollection\",\"features\":{}}"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        expect(box, HTTP_POST, BATCH, refused[i], 400);
    }
    assert_int_equal(ask(box, HTTP_POST, BATCH, "\n \n", NDJSON).status, 400);
    assert_int_equal(ask(box, HTTP_POST, BATCH, "a=b", "Content-Type: text/csv").status, 415);
    assert_int_equal(objects(box), 3);
}

static void test_collections_of_lines(void **state) {
    struct box *box = *state;
    const char *body = "{\"id\":\"a\",\"collection\":\"x\",\"coordinates\":[1,2]}\n"
                       "{\"id\":\"a\",\"collection\":\"y\",\"coordinates\":[1,2]}\n"
                       "{\"id\":\"a\",\"coordinates\":[1,2]}\n";
    struct answer a = ask(box, HTTP_POST, BATCH, body, NDJSON);
    assert_string_equal(at(&a, "/created"), "3");
    assert_int_equal(get(box, "/api/v1/objects/a?collection=x").status, 200);
    assert_int_equal(get(box, "/api/v1/objects/a?collection=y").status, 200);
    a = ask(box, HTTP_POST, BATCH "?collection=z", body, NDJSON); // the URL goes before
    assert_string_equal(at(&a, "/created"), "1");
    assert_string_equal(at(&a, "/updated"), "2");
    assert_int_equal(ask(box, HTTP_POST, BATCH "?collection=", body, NDJSON).status, 422);
    assert_int_equal(ask(box, HTTP_POST, BATCH "?coll=z", body, NDJSON).status, 400);
}

static void test_runs(void **state) {
    struct box *box = *state;
    struct buf body;
    buf_init(&body);
    for (int i = 0; i < 2503; i++) {
        buf_printf(&body, "{\"id\":\"o%d\",\"coordinates\":[%d,%d]%s}\n", i, i % 90, i % 180,
                   i % 10 == 9 ? ",\"oops\":1" : "");
    }
    struct answer a = ask_bytes(box, HTTP_POST, BATCH, buf_str(&body), NDJSON);
    assert_string_equal(at(&a, "/received"), "2503");
    assert_string_equal(at(&a, "/stored"), "2253");
    assert_string_equal(at(&a, "/failed"), "250");
    assert_string_equal(at(&a, "/errors_omitted"), "150");
    assert_string_equal(at(&a, "/errors/99/line"), "1000");
    assert_string_equal(at(&a, "/errors/100"), "");
    assert_int_equal(objects(box), 2253);
    buf_deinit(&body);
}

static void test_long_line(void **state) {
    struct box *box = *state;
    struct buf body;
    buf_init(&body);
    buf_printf(&body, "{\"id\":\"a\",\"coordinates\":[1,2],\"properties\":{\"t\":\"");
    for (int i = 0; i < 100000; i++)
        buf_append_char(&body, 'x');
    buf_printf(&body, "\"}}\n{\"id\":\"b\",\"coordinates\":[1,2]}\n");
    struct answer a = ask_bytes(box, HTTP_POST, BATCH, buf_str(&body), NDJSON);
    assert_string_equal(at(&a, "/stored"), "2");
    buf_deinit(&body);
}

// Whatever allocation fails: an answer, nothing half done, nothing leaked, and the next request is served.
static void test_failing_memory(void **state) {
    struct box *box = *state;
    const char *body = "{\"id\":\"a\",\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[1,2],"
                       "[3,4]]},\"properties\":{\"n\":[1,2]}}\n{\"coordinates\":[1,2]}\nbroken\n";
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        assert_in_range(n, 1, 2000);
        struct http_request request = {.method = HTTP_POST,
                                       .raw_path = STR(BATCH),
                                       .path = STR(BATCH),
                                       .body = str_of(body),
                                       .declared_bytes = strlen(body)};
        ask_headers(&request, NDJSON);
        struct http_reply reply;
        http_reply_init(&reply);
        struct call call = {
            .request = &request, .reply = &reply, .arena = &box->arena, .reader = box->reader};
        uint64_t before = objects(box);
        mem_fail_at(n, true);
        engine_enter(box->engine, box->reader);
        api_answer(box->api, &call);
        engine_leave(box->engine, box->reader);
        mem_fail_at(0, false);
        failed = reply.status != 200 || reply.body.failed;
        if (failed) {
            assert_in_range(objects(box), before, before + 2);
            assert_true(reply.body.failed || reply.status == 503);
        }
        http_reply_deinit(&reply);
        arena_deinit(&box->arena);
        arena_init(&box->arena, 0);
    }
    assert_int_equal(get(box, "/api/v1/objects/a").status, 200);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_lines),
        TEST(test_sequence),
        TEST(test_texts),
        TEST(test_documents),
        TEST(test_collections_of_lines),
        TEST(test_runs),
        TEST(test_long_line),
        TEST(test_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
