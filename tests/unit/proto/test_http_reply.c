#include "base/mem.h"
#include "proto/gzip.h"
#include "proto/http.h"
#include "proto/problem.h"
#include "support/support.h"

static struct http_writer *writer;
static struct buf out;

static struct http_request get(void) {
    return (struct http_request){.method = HTTP_GET, .keep_alive = true};
}

/// The head's line that begins so, or STR_NONE.
static struct str find_line(const char *start) {
    struct str all = buf_str(&out), line;
    while (str_split(&all, '\n', &line)) {
        if (line.len <= 1) break;
        if (str_starts(line, str_of(start))) return str_sub(line, 0, line.len - 1);
    }
    return STR_NONE;
}

static struct str body_written(void) {
    for (size_t i = 0; i + 4 <= out.len; i++) {
        if (memcmp(out.data + i, "\r\n\r\n", 4) == 0) {
            return str_sub(buf_str(&out), i + 4, out.len - i - 4);
        }
    }
    fail();
    return STR_NONE;
}

static bool write_reply(struct http_reply *r, const struct http_request *q) {
    enum http_rest rest;
    buf_clear(&out);
    assert_int_equal(http_reply_write(writer, r, q, false, &out, &rest), STATUS_OK);
    assert_int_not_equal(rest, HTTP_REST_STREAM);
    return rest == HTTP_REST_BODY;
}

static void test_plain(void **state) {
    (void)state;
    struct http_request q = get();
    struct http_reply r;
    http_reply_init(&r);
    r.content_type = STR("application/json");
    buf_append_str(&r.body, STR("{}"));
    http_reply_header(&r, STR("X-A"), STR("b"));
    http_writer_tick(writer, 784111777000);
    assert_false(write_reply(&r, &q));
    assert_true(
        str_eq(buf_str(&out), STR("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                  "Content-Type: application/json\r\nX-A: b\r\n"
                                  "Content-Length: 2\r\n\r\n{}")));
    q.method = HTTP_HEAD; // the same head
    write_reply(&r, &q);
    assert_true(str_eq(find_line("Content-Length"), STR("Content-Length: 2")));
    assert_int_equal(body_written().len, 0);
    q = get();
    q.http10 = true;
    write_reply(&r, &q);
    assert_true(str_eq(find_line("Connection"), STR("Connection: keep-alive")));
    q.keep_alive = false;
    write_reply(&r, &q);
    assert_true(str_eq(find_line("Connection"), STR("Connection: close")));
    q = get();
    r.close = true;
    r.status = 799;
    write_reply(&r, &q);
    assert_true(str_eq(find_line("Connection"), STR("Connection: close")));
    assert_true(str_starts(buf_str(&out), STR("HTTP/1.1 799 ")));
    http_reply_deinit(&r);
}

static void test_no_body(void **state) {
    (void)state;
    static const int statuses[] = {204, 304};
    struct http_request q = get();
    for (size_t i = 0; i < 2; i++) {
        struct http_reply r;
        http_reply_init(&r);
        r.status = statuses[i];
        buf_append_str(&r.body, STR("never sent"));
        http_reply_header(&r, STR("ETag"), STR("\"1\""));
        write_reply(&r, &q);
        assert_null(find_line("Content-Length").p);
        assert_non_null(find_line("ETag").p);
        assert_int_equal(body_written().len, 0);
        http_reply_deinit(&r);
    }
}

static void fill(struct http_reply *r, size_t bytes) {
    http_reply_init(r);
    r->content_type = STR("application/geo+json; charset=utf-8");
    while (r->body.len < bytes)
        buf_append_str(&r->body, STR("[1.25,2.5],"));
    r->body.len = bytes;
}

static void test_gzip(void **state) {
    (void)state;
    struct http_request q = get();
    q.header_count = 1;
    q.headers[0] = (struct http_header){STR("accept-encoding"), STR("gzip, br")};
    struct http_reply r;
    static const size_t sizes[] = {1024, 5000, 300000};
    for (size_t i = 0; i < 3; i++) {
        fill(&r, sizes[i]);
        struct buf plain;
        buf_init(&plain);
        assert_false(write_reply(&r, &q)); // packed it is small
        assert_true(str_eq(find_line("Content-Encoding"), STR("Content-Encoding: gzip")));
        assert_true(str_eq(find_line("Vary"), STR("Vary: Accept-Encoding")));
        assert_int_equal(gzip_inflate(body_written(), 1 << 20, &plain), STATUS_OK);
        assert_int_equal(plain.len, sizes[i]);
        char length[64];
        snprintf(length, sizeof length, "Content-Length: %zu", body_written().len);
        assert_true(str_eq(find_line("Content-Length"), str_of(length)));
        buf_deinit(&plain);
        http_reply_deinit(&r);
    }
    fill(&r, 1023); // too small
    write_reply(&r, &q);
    assert_null(find_line("Content-Encoding").p);
    http_reply_deinit(&r);
    fill(&r, 5000); // an ETag names the plain bytes
    http_reply_header(&r, STR("ETag"), STR("\"1\""));
    write_reply(&r, &q);
    assert_null(find_line("Content-Encoding").p);
    http_reply_deinit(&r);
    fill(&r, 5000);
    r.content_type = STR("image/png");
    write_reply(&r, &q);
    assert_null(find_line("Vary").p);
    http_reply_deinit(&r);
    fill(&r, 5000);
    r.no_compress = true;
    write_reply(&r, &q);
    assert_null(find_line("Content-Encoding").p);
    http_reply_deinit(&r);
    fill(&r, 5000); // not asked for: a cache must know all the same
    q.header_count = 0;
    write_reply(&r, &q);
    assert_null(find_line("Content-Encoding").p);
    assert_non_null(find_line("Vary").p);
    http_reply_deinit(&r);
}

static void test_large_body_follows(void **state) {
    (void)state;
    struct http_request q = get();
    struct http_reply r;
    fill(&r, HTTP_INLINE_BODY_BYTES + 1);
    assert_true(write_reply(&r, &q));
    assert_int_equal(body_written().len, 0);
    assert_int_equal(r.body.len, HTTP_INLINE_BODY_BYTES + 1);
    q.method = HTTP_HEAD;
    assert_false(write_reply(&r, &q));
    http_reply_deinit(&r);
}

/// The chunks, put together and inflated, are the body.
static void test_stream(void **state) {
    (void)state;
    struct http_request q = get();
    q.header_count = 1;
    q.headers[0] = (struct http_header){STR("Accept-Encoding"), STR("gzip")};
    static const size_t sizes[] = {HTTP_STREAM_BYTES + 1, 1000000, 3 << 20};
    for (size_t i = 0; i < 3; i++) {
        struct http_reply r;
        enum http_rest rest;
        fill(&r, sizes[i]);
        if (i == 2) memset(r.body.data, ' ', sizes[i]); // gzip says nothing for a long while
        buf_clear(&out);
        assert_int_equal(http_reply_write(writer, &r, &q, true, &out, &rest), STATUS_OK);
        assert_int_equal(rest, HTTP_REST_STREAM);
        assert_non_null(find_line("Transfer-Encoding: chunked").p);
        assert_non_null(find_line("Content-Encoding: gzip").p);
        assert_null(find_line("Content-Length").p);
        struct buf plain, joined, back;
        buf_init(&plain);
        buf_init(&joined);
        buf_init(&back);
        buf_append_str(&plain, buf_str(&r.body));
        struct http_stream *stream;
        assert_int_equal(http_stream_new(writer, &r.body, &stream), STATUS_OK);
        assert_null(r.body.data);
        bool last = false;
        unsigned pieces = 0;
        buf_clear(&out);
        for (; !last; pieces++)
            assert_int_equal(http_stream_next(stream, &out, &last), STATUS_OK);
        assert_true(pieces >= 2 || i == 2);
        for (size_t at = 0;;) {
            char *end;
            size_t n = strtoul(out.data + at, &end, 16);
            assert_memory_equal(end, "\r\n", 2);
            at = (size_t)(end - out.data) + 2;
            buf_append(&joined, out.data + at, n);
            assert_memory_equal(out.data + at + n, "\r\n", 2);
            at += n + 2;
            if (n) continue;
            assert_int_equal(at, out.len);
            break;
        }
        assert_int_equal(gzip_inflate(buf_str(&joined), sizes[i], &back), STATUS_OK);
        assert_true(str_eq(buf_str(&back), buf_str(&plain)));
        http_stream_free(stream);
        buf_deinit(&plain);
        buf_deinit(&joined);
        buf_deinit(&back);
        http_reply_deinit(&r);
    }
    struct http_reply r;
    enum http_rest rest;
    fill(&r, 1000000);
    q.method = HTTP_HEAD;
    buf_clear(&out);
    assert_int_equal(http_reply_write(writer, &r, &q, true, &out, &rest), STATUS_OK);
    assert_int_equal(rest, HTTP_REST_NONE);
    assert_non_null(find_line("Transfer-Encoding: chunked").p);
    assert_int_equal(body_written().len, 0);
    q.method = HTTP_GET;
    q.http10 = true; // knows no chunks
    buf_clear(&out);
    assert_int_equal(http_reply_write(writer, &r, &q, true, &out, &rest), STATUS_OK);
    assert_null(find_line("Transfer-Encoding").p);
    assert_non_null(find_line("Content-Length").p);
    http_reply_deinit(&r);
}

static void test_failed_body(void **state) {
    (void)state;
    struct http_request q = get();
    struct http_reply r;
    enum http_rest rest;
    http_reply_init(&r);
    r.body.failed = true;
    buf_clear(&out);
    assert_int_equal(http_reply_write(writer, &r, &q, true, &out, &rest), STATUS_NO_MEMORY);
    assert_int_equal(out.len, 0);
    http_reply_deinit(&r);
}

static void test_problem(void **state) {
    (void)state;
    struct http_reply r;
    struct reason why;
    http_reply_init(&r);
    buf_append_str(&r.body, STR("half an answer"));
    http_reply_header(&r, STR("X"), STR("y"));
    reason_set(&why, STATUS_INVALID, "latitude 91 is \"outside\"");
    snprintf(why.pointer, sizeof why.pointer, "/coordinates/0");
    problem_write(&r, STATUS_INVALID, &why);
    assert_int_equal(r.status, 422);
    assert_int_equal(r.header_count, 0);
    assert_true(str_eq(r.content_type, STR("application/problem+json")));
    assert_true(
        str_eq(buf_str(&r.body),
               STR("{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
                   "\"detail\":\"latitude 91 is \\\"outside\\\"\","
                   "\"error\":\"Well-formed but invalid\",\"pointer\":\"/coordinates/0\"}")));
    problem_write(&r, STATUS_NO_MEMORY, NULL);
    assert_int_equal(r.status, 503);
    assert_int_equal(r.header_count, 1); // Retry-After
    // A detail that was cut inside a character is not sent.
    memcpy(why.text, "caf\xc3", 5);
    problem_write(&r, STATUS_BAD_REQUEST, &why);
    assert_true(str_is_utf8(buf_str(&r.body)));
    // A title for every status there is.
    for (int st = 1; st < STATUS_COUNT; st++) {
        problem_write(&r, (enum status)st, NULL);
        assert_int_equal(r.status, status_http((enum status)st));
        bool internal =
            r.body.len && memmem(r.body.data, r.body.len, "Internal Server Error", 21) != NULL;
        if (st != STATUS_NOT_MODIFIED) assert_int_equal(internal, st == STATUS_INTERNAL);
        struct http_request q = get();
        write_reply(&r, &q);
        assert_null(memmem(out.data, out.len, " Status\r\n", 9));
    }
    http_reply_deinit(&r);
}

static int setup(void **state) {
    (void)state;
    buf_init(&out);
    return http_writer_new(1, &writer) != STATUS_OK;
}

static int teardown(void **state) {
    (void)state;
    buf_deinit(&out);
    http_writer_free(writer);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),   cmocka_unit_test(test_no_body),
        cmocka_unit_test(test_gzip),    cmocka_unit_test(test_large_body_follows),
        cmocka_unit_test(test_stream),  cmocka_unit_test(test_failed_body),
        cmocka_unit_test(test_problem),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
