// Good and bad messages, each in one piece and byte by byte: the same must come out.

#include "base/mem.h"
#include "proto/gzip.h"
#include "proto/http.h"
#include "support/support.h"

enum { SEEN_MAX = 32 };

struct seen {
    struct buf log; // what was seen, as text
    unsigned heads, requests, continues;
    unsigned stop_after; // requests after which on_request says stop; 0: never
    enum status head_status;
    uint64_t body_limit; // 0: as it is
};

static enum status on_head(void *ctx, const struct http_request *r, uint64_t *body_limit,
                           struct reason *why) {
    struct seen *s = ctx;
    (void)r;
    s->heads++;
    if (s->body_limit) *body_limit = s->body_limit;
    return s->head_status == STATUS_OK ? STATUS_OK : reason_set(why, s->head_status, "refused");
}

static bool on_request(void *ctx, struct http_request *r) {
    struct seen *s = ctx;
    s->requests++;
    buf_append_str(&s->log, http_method_name(r->method));
    buf_printf(&s->log, " %.*s?%.*s %zu", STR_ARGS(r->path), STR_ARGS(r->query), r->header_count);
    if (r->http10) buf_printf(&s->log, " 1.0");
    if (!r->keep_alive) buf_printf(&s->log, " close");
    buf_printf(&s->log, " [%.*s];", STR_ARGS(r->body));
    return s->requests != s->stop_after;
}

static void on_continue(void *ctx) {
    ((struct seen *)ctx)->continues++;
}

static const struct http_parser_events events = {on_head, on_request, on_continue};
static const struct http_limits limits = {
    .target_bytes = 64, .header_bytes = 512, .body_bytes = 100};

static void seen_init(struct seen *s) {
    memset(s, 0, sizeof *s);
    buf_init(&s->log);
}

/// Feeds `text` in pieces of `step`; what was not taken is offered again with the next piece, in exact heap blocks.
static enum status feed(struct seen *s, struct str text, size_t step, bool *busy) {
    struct http_pool *pool;
    struct http_parser *p;
    assert_int_equal(http_pool_new(&pool), STATUS_OK);
    assert_int_equal(http_parser_new(&events, s, &limits, pool, &p), STATUS_OK);
    enum status st = STATUS_OK;
    for (size_t at = 0; at < text.len && st == STATUS_OK;) {
        size_t n = step < text.len - at ? step : text.len - at, taken = 0;
        char *piece = malloc(n);
        memcpy(piece, text.p + at, n);
        struct reason why = {0};
        st = http_parser_feed(p, piece, n, &taken, &why);
        free(piece);
        if (st != STATUS_OK) assert_true(why.text[0] || st == STATUS_NO_MEMORY);
        assert_true(taken <= n);
        if (st == STATUS_OK) assert_true(taken > 0);
        at += taken;
    }
    if (busy) *busy = http_parser_busy(p);
    http_parser_free(p);
    http_pool_free(pool);
    return st;
}

static void check(const char *text, enum status expected, const char *log) {
    struct str bytes = str_of(text);
    for (size_t step = bytes.len ? bytes.len : 1;; step = step > 7 ? 7 : step > 1 ? 1 : 0) {
        if (step == 0) break;
        struct seen s;
        seen_init(&s);
        enum status st = feed(&s, bytes, step, NULL);
        if (st != expected || !str_eq(buf_str(&s.log), str_of(log))) {
            fail_msg("step %zu of\n%s\ngave %s and \"%.*s\", not %s and \"%s\"", step, text,
                     status_name(st), STR_ARGS(buf_str(&s.log)), status_name(expected), log);
        }
        buf_deinit(&s.log);
    }
}

#define H "Host: a\r\n"

static void test_good(void **state) {
    (void)state;
    check("GET / HTTP/1.1\r\n" H "\r\n", STATUS_OK, "GET /? 1 [];");
    check("\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", STATUS_OK, "GET /? 1 [];");
    check("HEAD /a/b?c=d&e HTTP/1.1\r\n" H "\r\n", STATUS_OK, "HEAD /a/b?c=d&e 1 [];");
    check("GET  / HTTP/1.1\r\n" H "\r\n", STATUS_OK, "GET /? 1 [];"); // RFC 9112 3: may be read so
    check("GET / HTTP/1.0\r\n\r\n", STATUS_OK, "GET /? 0 1.0 close [];");
    check("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", STATUS_OK, "GET /? 1 1.0 [];");
    check("GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", STATUS_OK, "GET /? 2 close [];");
    check("PURGE / HTTP/1.1\r\n" H "\r\n", STATUS_OK, "OTHER /? 1 [];");
    check("OPTIONS * HTTP/1.1\r\n" H "\r\n", STATUS_OK, "OPTIONS *? 1 [];");
    check("GET http://example.org:80/x?y HTTP/1.1\r\n" H "\r\n", STATUS_OK, "GET /x?y 1 [];");
    check("GET http://example.org HTTP/1.1\r\n" H "\r\n", STATUS_OK, "GET /? 1 [];");
    check("GET http://example.org?q HTTP/1.1\r\n" H "\r\n", STATUS_OK, "GET /?q 1 [];");
    check("PUT /x HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello", STATUS_OK,
          "PUT /x? 2 [hello];");
    check("PUT /x HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", STATUS_OK, "PUT /x? 2 [];");
    check("GET /%41%2f%c3%a9 HTTP/1.1\r\n" H "\r\n", STATUS_OK, "GET /A/\xc3\xa9? 1 [];");
    check("GET /a/%2e%2E/.%2e/%2E HTTP/1.1\r\n" H "\r\n", STATUS_OK, "GET /a/../../.? 1 [];");
    check("GET /a..b/...;x HTTP/1.1\r\n" H "\r\n", STATUS_OK, "GET /a..b/...;x? 1 [];");
    check("GET / HTTP/1.1\r\nHost:\r\nX:\r\nY:  v \t\r\n\r\n", STATUS_OK, "GET /? 3 [];");
    check("GET / HTTP/1.1\r\nhOsT: [::1]:80\r\n\r\n", STATUS_OK, "GET /? 1 [];");
    check("GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n"
          "GET /2 HTTP/1.1\r\n" H "\r\n",
          STATUS_OK, "GET /? 3 [];GET /2? 1 [];");
}

static void test_chunks(void **state) {
    (void)state;
    static const char head[] = "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n";
    struct {
        const char *body;
        enum status st;
        const char *log;
    } cases[] = {
        {"5\r\nhello\r\n0\r\n\r\n", STATUS_OK, "POST /? 2 [hello];"},
        {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", STATUS_OK, "POST /? 2 [hello world];"},
        {"A;x=y;z=\"q\"\r\n0123456789\r\n0\r\n\r\n", STATUS_OK, "POST /? 2 [0123456789];"},
        {"0\r\nTrailer: yes\r\n\r\n", STATUS_OK, "POST /? 2 [];"},
        {"5\r\nhelloX\r\n0\r\n\r\n", STATUS_BAD_REQUEST, ""},
        {"5\nhello\r\n0\r\n\r\n", STATUS_BAD_REQUEST, ""},
        {"5 \r\nhello\r\n0\r\n\r\n", STATUS_BAD_REQUEST, ""},
        {"g\r\n", STATUS_BAD_REQUEST, ""},
        {"-1\r\n", STATUS_BAD_REQUEST, ""},
        {"0x5\r\nhello\r\n0\r\n\r\n", STATUS_BAD_REQUEST, ""},
        {"10000000000000000\r\n", STATUS_BAD_REQUEST, ""},
        {"ffffffffffffffff\r\nx", STATUS_OK, ""},
        {"65\r\n"
         "0123456789012345678901234567890123456789012345678901234567890123456789"
         "0123456789012345678901234567890\r\n0\r\n\r\n",
         STATUS_TOO_LARGE, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s%s", head, cases[i].body);
        check(text, cases[i].st, cases[i].log);
    }
}

/// What another server might cut differently must not come through (RFC 9112 section 11.2).
static void test_smuggling(void **state) {
    (void)state;
#define SECRET "GET /secret HTTP/1.1\r\n" H "\r\n"
    static const char *const probes[] = {
        "POST / HTTP/1.1\r\n" H
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECRET,
        "POST / HTTP/1.1\r\n" H
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" SECRET,
        "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" SECRET,
        "POST / HTTP/1.1\r\n" H "Content-Length: 0, 40\r\n\r\n" SECRET,
        "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" SECRET,
        "POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello" SECRET,
        "POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n\r\nhello" SECRET,
        "POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\nhello" SECRET,
        "POST / HTTP/1.1\r\n" H "Content-Length: \r\n\r\nhello" SECRET,
        "POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999\r\n\r\n" SECRET,
        "POST / HTTP/1.1\r\n" H "Content-Length : 5\r\n\r\nhello" SECRET,
        "POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" SECRET,
        "POST / HTTP/1.1\r\n" H " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECRET,
        "POST / HTTP/1.1\r\n" H "X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECRET,
        "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SECRET,
        "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" SECRET,
        "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n" SECRET,
        "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n" SECRET,
        "POST / HTTP/1.1\r\n" H
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" SECRET,
        "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECRET,
        "POST / HTTP/1.1\nHost: a\nContent-Length: 0\n\n" SECRET,
        "POST / HTTP/1.1\r\n" H "X: a\rContent-Length: 5\r\n\r\nhello" SECRET,
        "GET / HTTP/1.1\r\n\r\n" SECRET,
        "GET / HTTP/1.1\r\n" H "Host: b\r\n\r\n" SECRET,
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n" SECRET,
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" SECRET,
        "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n" SECRET,
        "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n" SECRET,
        "GET / HTTP/1.1 \r\n" H "\r\n" SECRET,
        "GET / HTTP/2.0\r\n" H "\r\n" SECRET,
        "GET / HTTP/0.9\r\n" H "\r\n" SECRET,
        "GET / HTTP/1.2\r\n" H "\r\n" SECRET,
        "GET / http/1.1\r\n" H "\r\n" SECRET,
        "GET /\r\n" SECRET,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" SECRET,
        "CONNECT a:80 HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET a HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET ftp://a/ HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET * HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET /a#b HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET /../a HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET /a/./b HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET /%2E/.. HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET /. HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET /a% HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET /%zz HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET /%00 HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET /%0a HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET /%ff HTTP/1.1\r\n" H "\r\n" SECRET,
        "GET /%c0%af HTTP/1.1\r\n" H "\r\n" SECRET,
        "\x16\x03\x01\x02",
        "{\"a\":1}",
        "SSH-2.0-x\r\n",
    };
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        check(probes[i], STATUS_BAD_REQUEST, "");
    }
    check("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" SECRET,
          STATUS_NOT_IMPLEMENTED, "");
    // After "close" nothing more is looked at.
    check("GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n" SECRET, STATUS_OK,
          "GET /? 2 close [];");
}

static void test_pipeline(void **state) {
    (void)state;
    static const char text[] =
        "GET /1 HTTP/1.1\r\n" H "\r\n"
        "PUT /2 HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nab"
        "PUT /3 HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n"
        "GET /4 HTTP/1.1\r\n" H "\r\n";
    check(text, STATUS_OK, "GET /1? 1 [];PUT /2? 2 [ab];PUT /3? 2 [c];GET /4? 1 [];");

    // Stopped after each request, whatever the kind of its end: the rest is taken later, nothing twice.
    struct http_pool *pool;
    struct http_parser *p;
    assert_int_equal(http_pool_new(&pool), STATUS_OK);
    for (unsigned stop = 1; stop <= 4; stop++) {
        struct seen s;
        seen_init(&s);
        s.stop_after = stop;
        assert_int_equal(http_parser_new(&events, &s, &limits, pool, &p), STATUS_OK);
        size_t taken, rest;
        assert_int_equal(http_parser_feed(p, text, sizeof text - 1, &taken, NULL), STATUS_OK);
        assert_int_equal(s.requests, stop);
        assert_false(http_parser_busy(p));
        if (stop < 4) assert_true(taken < sizeof text - 1);
        assert_int_equal(http_parser_feed(p, text + taken, sizeof text - 1 - taken, &rest, NULL),
                         STATUS_OK);
        assert_int_equal(s.requests, 4);
        assert_int_equal(taken + rest, sizeof text - 1);
        buf_deinit(&s.log);
        http_parser_free(p);
    }
    http_pool_free(pool);
}

static void test_limits(void **state) {
    (void)state;
    char text[4096], path[80];
    memset(path, 'a', sizeof path);
    snprintf(text, sizeof text, "GET /%.63s HTTP/1.1\r\n" H "\r\n", path);
    struct seen s;
    seen_init(&s);
    assert_int_equal(feed(&s, str_of(text), 4096, NULL), STATUS_OK);
    buf_deinit(&s.log);
    snprintf(text, sizeof text, "GET /%.64s HTTP/1.1\r\n" H "\r\n", path);
    check(text, STATUS_URI_TOO_LONG, "");
    check("POST / HTTP/1.1\r\n" H "Content-Length: 101\r\n\r\n", STATUS_TOO_LARGE, "");

    int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" H);
    for (int i = 0; i < 63; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "a:b\r\n");
    snprintf(text + n, sizeof text - (size_t)n, "\r\n");
    check(text, STATUS_OK, "GET /? 64 [];");
    snprintf(text + n, sizeof text - (size_t)n, "a:b\r\n\r\n");
    check(text, STATUS_HEADERS_TOO_LARGE, "");

    char value[600];
    memset(value, 'v', sizeof value);
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" H "X: %.600s\r\n\r\n", value);
    check(text, STATUS_HEADERS_TOO_LARGE, "");
    // Trailers and chunk extensions count as well.
    static const char head[] = "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n";
    snprintf(text, sizeof text, "%s0\r\nX: %.600s\r\n\r\n", head, value);
    check(text, STATUS_HEADERS_TOO_LARGE, "");
    snprintf(text, sizeof text, "%s1;x=%.600s\r\na\r\n0\r\n\r\n", head, value);
    check(text, STATUS_HEADERS_TOO_LARGE, "");
}

static void test_head_decides(void **state) {
    (void)state;
    struct seen s;
    seen_init(&s);
    s.head_status = STATUS_NOT_FOUND;
    assert_int_equal(
        feed(&s, STR("PUT / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc"), 999, NULL),
        STATUS_NOT_FOUND);
    assert_int_equal(s.requests, 0);
    s.head_status = STATUS_OK;
    s.body_limit = 2;
    assert_int_equal(
        feed(&s, STR("PUT / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc"), 999, NULL),
        STATUS_TOO_LARGE);
    s.body_limit = 200;
    char text[400];
    int n =
        snprintf(text, sizeof text, "PUT / HTTP/1.1\r\n" H "Content-Length: 150\r\n\r\n%150s", "x");
    assert_int_equal(feed(&s, (struct str){text, (size_t)n}, 999, NULL), STATUS_OK);
    assert_int_equal(s.requests, 1);
    buf_deinit(&s.log);
}

static void test_continue(void **state) {
    (void)state;
    struct {
        const char *text;
        unsigned continues;
    } cases[] = {
        {"PUT / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc", 1},
        {"PUT / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n", 0},
        {"PUT / HTTP/1.0\r\n" H "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", 0},
        {"PUT / HTTP/1.1\r\n" H "Expect: other\r\nContent-Length: 3\r\n\r\nabc", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct seen s;
        seen_init(&s);
        assert_int_equal(feed(&s, str_of(cases[i].text), 1, NULL), STATUS_OK);
        assert_int_equal(s.continues, cases[i].continues);
        assert_int_equal(s.requests, 1);
        buf_deinit(&s.log);
    }
}

static void test_gzip_bodies(void **state) {
    (void)state;
    struct gzip *g;
    struct buf packed, text;
    buf_init(&packed);
    buf_init(&text);
    assert_int_equal(gzip_new(6, &g), STATUS_OK);
    assert_int_equal(gzip_deflate(g, STR("hello, hello, hello"), &packed), STATUS_OK);
    buf_printf(&text,
               "PUT / HTTP/1.1\r\n" H "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
               packed.len);
    buf_append_str(&text, buf_str(&packed));
    for (size_t step = 1; step < 999; step += 498) {
        struct seen s;
        seen_init(&s);
        assert_int_equal(feed(&s, buf_str(&text), step, NULL), STATUS_OK);
        assert_true(str_eq(buf_str(&s.log), STR("PUT /? 3 [hello, hello, hello];")));
        buf_deinit(&s.log);
    }
    text.data[text.len - 5] ^= 1; // the checksum
    struct seen s;
    seen_init(&s);
    assert_int_equal(feed(&s, buf_str(&text), 999, NULL), STATUS_BAD_REQUEST);

    char zeros[4096] = {0}; // 4 KiB out of 30 bytes: above the limit of 100
    buf_clear(&packed);
    buf_clear(&text);
    assert_int_equal(gzip_deflate(g, (struct str){zeros, sizeof zeros}, &packed), STATUS_OK);
    buf_printf(&text,
               "PUT / HTTP/1.1\r\n" H "Content-Encoding: x-gzip\r\nContent-Length: %zu\r\n\r\n",
               packed.len);
    buf_append_str(&text, buf_str(&packed));
    assert_int_equal(feed(&s, buf_str(&text), 999, NULL), STATUS_TOO_LARGE);
    check("PUT / HTTP/1.1\r\n" H "Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
          STATUS_MEDIA_TYPE, "");
    check("PUT / HTTP/1.1\r\n" H "Content-Encoding: identity\r\nContent-Length: 1\r\n\r\nx",
          STATUS_OK, "PUT /? 3 [x];");
    gzip_free(g);
    buf_deinit(&packed);
    buf_deinit(&text);
    buf_deinit(&s.log);
}

static void test_raw_path(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct str raw = STR("a%2Fb%20c");
    assert_true(str_eq(http_decode(raw, &arena), STR("a/b c")));
    arena_deinit(&arena);
}

/// Every cut of a message in two; nothing is left over, and an unfinished one is busy.
static void test_every_cut(void **state) {
    (void)state;
    static const char text[] = "PUT /x?q HTTP/1.1\r\n" H "Content-Length: 4\r\nX: yz\r\n\r\nbody";
    struct http_pool *pool;
    struct http_parser *p;
    assert_int_equal(http_pool_new(&pool), STATUS_OK);
    for (size_t cut = 1; cut < sizeof text - 1; cut++) {
        struct seen s;
        seen_init(&s);
        assert_int_equal(http_parser_new(&events, &s, &limits, pool, &p), STATUS_OK);
        size_t taken;
        assert_int_equal(http_parser_feed(p, text, cut, &taken, NULL), STATUS_OK);
        assert_int_equal(taken, cut);
        assert_true(http_parser_busy(p));
        assert_int_equal(http_parser_feed(p, text + cut, sizeof text - 1 - cut, &taken, NULL),
                         STATUS_OK);
        assert_false(http_parser_busy(p));
        assert_true(str_eq(buf_str(&s.log), STR("PUT /x?q 3 [body];")));
        http_parser_free(p);
        buf_deinit(&s.log);
    }
    http_pool_free(pool);
}

/// The n-th allocation fails: NO_MEMORY, nothing leaks, the next message is read.
static void test_no_memory(void **state) {
    (void)state;
    static const char text[] =
        "PUT /a%20b HTTP/1.1\r\n" H
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n";
    size_t before = mem_used();
    bool ended = false;
    for (uint64_t n = 1; !ended; n++) {
        assert_true(n < 100);
        struct http_pool *pool;
        struct http_parser *p = NULL;
        struct seen s;
        seen_init(&s);
        buf_reserve(&s.log, 256);
        assert_int_equal(http_pool_new(&pool), STATUS_OK);
        mem_fail_at(n, false);
        enum status st = http_parser_new(&events, &s, &limits, pool, &p);
        size_t taken;
        if (st == STATUS_OK) st = http_parser_feed(p, text, sizeof text - 1, &taken, NULL);
        ended = mem_alloc_count() < n;
        mem_fail_at(0, false);
        assert_int_equal(st, ended ? STATUS_OK : STATUS_NO_MEMORY);
        assert_int_equal(s.requests, ended ? 1 : 0);
        http_parser_free(p);
        assert_int_equal(http_parser_new(&events, &s, &limits, pool, &p), STATUS_OK);
        assert_int_equal(http_parser_feed(p, text, sizeof text - 1, &taken, NULL), STATUS_OK);
        http_parser_free(p);
        http_pool_free(pool);
        buf_deinit(&s.log);
    }
    assert_int_equal(mem_used(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),      cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_smuggling), cmocka_unit_test(test_pipeline),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_head_decides),
        cmocka_unit_test(test_continue),  cmocka_unit_test(test_gzip_bodies),
        cmocka_unit_test(test_raw_path),  cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
