// fuzz_http.c - the HTTP parser on hostile bytes: in one piece and in small ones it must see the same requests, and what it
// lets through keeps its promises.

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "proto/http.h"

struct seen {
    struct buf log;
    struct arena arena;
};

static enum status on_head(void *ctx, const struct http_request *r, uint64_t *body_limit,
                           struct reason *why) {
    (void)ctx;
    (void)why;
    if (r->path.len == 4) *body_limit = 64;
    return STATUS_OK;
}

static void check_request(struct seen *s, const struct http_request *r) {
    if (!str_is_utf8(r->path) || str_has_control(r->path)) abort();
    if (r->header_count > HTTP_MAX_HEADERS) abort();
    if (!r->http10 && !http_request_header(r, STR("host")).p) abort();
    if (r->path.len > r->target.len && r->target.p[0] == '/') abort();
    struct str rest = r->query, name, value;
    for (bool more = true; more;) {
        if (http_query_next(&rest, &s->arena, &name, &value, &more) != STATUS_OK) break;
        if (more && (!str_is_utf8(name) || !str_is_utf8(value))) abort();
    }
    http_accepts(http_request_header(r, STR("accept")), STR("application/json"));
    http_accepts_coding(http_request_header(r, STR("accept-encoding")), STR("gzip"));
    struct str path = r->raw_path, part;
    while (str_split(&path, '/', &part)) {
        if (!http_decode(part, &s->arena).p) abort(); // the whole path was judged before
    }
}

static bool on_request(void *ctx, struct http_request *r) {
    struct seen *s = ctx;
    check_request(s, r);
    buf_append_str(&s->log, http_method_name(r->method));
    buf_printf(&s->log, " %d%d %zu ", r->http10, r->keep_alive, r->header_count);
    buf_append_str(&s->log, r->path);
    buf_append_char(&s->log, '?');
    buf_append_str(&s->log, r->query);
    for (size_t i = 0; i < r->header_count; i++) {
        buf_append_str(&s->log, r->headers[i].name);
        buf_append_char(&s->log, ':');
        buf_append_str(&s->log, r->headers[i].value);
    }
    buf_append_str(&s->log, r->body);
    buf_append_char(&s->log, '\n');
    arena_reset(&s->arena);
    return r->path.len % 3 != 0; // now and then: stop here
}

static void on_continue(void *ctx) {
    buf_append_str(&((struct seen *)ctx)->log, STR("100 "));
}

static const struct http_parser_events events = {on_head, on_request, on_continue};
static const struct http_limits limits = {256, 1024, 2048};

static enum status run(struct seen *s, const char *data, size_t size, size_t step) {
    struct http_pool *pool;
    struct http_parser *p;
    buf_init(&s->log);
    arena_init(&s->arena, 0);
    if (http_pool_new(&pool) != STATUS_OK ||
        http_parser_new(&events, s, &limits, pool, &p) != STATUS_OK) {
        abort();
    }
    enum status st = STATUS_OK;
    for (size_t at = 0; at < size && st == STATUS_OK;) {
        size_t n = step < size - at ? step : size - at, taken = 0;
        char *piece = malloc(n); // exact, so that a step beyond is seen, and gone after
        if (!piece) abort();
        memcpy(piece, data + at, n);
        struct reason why = {0};
        st = http_parser_feed(p, piece, n, &taken, &why);
        free(piece);
        if (taken > n || (st == STATUS_OK && taken == 0)) abort();
        at += taken;
    }
    http_parser_free(p);
    http_pool_free(pool);
    arena_deinit(&s->arena);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t steps[] = {1, 2, 7, 31};
    struct seen whole, pieces;
    if (size == 0) return 0;
    enum status a = run(&whole, (const char *)data + 1, size - 1, size);
    enum status b = run(&pieces, (const char *)data + 1, size - 1, steps[data[0] % 4]);
    if ((a == STATUS_OK) != (b == STATUS_OK)) abort();
    if (!str_eq(buf_str(&whole.log), buf_str(&pieces.log))) abort();
    buf_deinit(&whole.log);
    buf_deinit(&pieces.log);
    return 0;
}
