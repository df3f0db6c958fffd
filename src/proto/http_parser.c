// http_parser.c - llhttp's callbacks collect a message; when its head is complete it is judged, when its body is, handed on.

#include "proto/http.h"

#include <string.h>

#include "base/mem.h"
#include "proto/gzip.h"

// llhttp.h names its methods as http.h does.
#define HTTP_GET LLHTTP_GET
#define HTTP_HEAD LLHTTP_HEAD
#define HTTP_POST LLHTTP_POST
#define HTTP_PUT LLHTTP_PUT
#define HTTP_PATCH LLHTTP_PATCH
#define HTTP_DELETE LLHTTP_DELETE
#define HTTP_OPTIONS LLHTTP_OPTIONS
#include <llhttp.h>
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_POST
#undef HTTP_PUT
#undef HTTP_PATCH
#undef HTTP_DELETE
#undef HTTP_OPTIONS

enum { POOL_MAX = 8, KEPT_BYTES = 1 << 16, PER_HEADER_BYTES = 4 };

/// Where a header lies in http_message.head, which may still move.
struct mark {
    uint32_t name_at, name_len, value_at, value_len;
};

/// Headers that decide how a message is read.
enum special { HOST, EXPECT, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING, SPECIALS };

/// A message being read or answered.
struct http_message {
    struct http_request request;
    const struct http_header *special[SPECIALS]; // the last one of that name
    unsigned special_count[SPECIALS];
    struct buf head; // target, header names and values, the decoded path
    struct buf body;
    struct buf plain; // the body, inflated
    struct str whole; // a body that came in one piece is not copied
    uint32_t target_len;
    uint32_t header_bytes;
    struct mark marks[HTTP_MAX_HEADERS];
    size_t mark_count;
};

struct http_pool {
    struct http_message *spare[POOL_MAX];
    unsigned count;
};

struct http_parser {
    llhttp_t ll;
    const struct http_parser_events *events;
    void *ctx;
    const struct http_limits *limits;
    struct http_pool *pool;
    struct http_message *message; // NULL between messages
    uint64_t body_limit;
    struct reason *why; // of the running feed
    enum status status; // why callbacks stopped llhttp
    bool in_body, finished;
};

static const llhttp_settings_t settings;
static enum status head_complete(struct http_parser *p);
static enum status body_complete(struct http_parser *p);
static enum status target_parse(struct http_parser *p);
static void headers_resolve(struct http_message *m);
static void specials_find(struct http_message *m);
static enum status version_check(struct http_parser *p);
static enum status host_check(struct http_parser *p);
static enum status framing_check(struct http_parser *p);
static enum status coding_check(struct http_parser *p);
static enum status path_check(struct http_parser *p);

// --- messages and their pool ---

static void message_free(struct http_message *m) {
    buf_deinit(&m->head);
    buf_deinit(&m->body);
    buf_deinit(&m->plain);
    mem_free(m);
}

enum status http_pool_new(struct http_pool **out) {
    *out = mem_zalloc(1, sizeof **out);
    return *out ? STATUS_OK : STATUS_NO_MEMORY;
}

void http_pool_free(struct http_pool *pool) {
    if (!pool) return;
    for (unsigned i = 0; i < pool->count; i++)
        message_free(pool->spare[i]);
    mem_free(pool);
}

static struct http_message *message_get(struct http_pool *pool) {
    if (pool->count) return pool->spare[--pool->count];
    return mem_zalloc(1, sizeof(struct http_message));
}

static void buf_reuse(struct buf *b) {
    if (b->cap > KEPT_BYTES) buf_deinit(b);
    buf_clear(b);
}

static void message_put(struct http_pool *pool, struct http_message *m) {
    if (pool->count == POOL_MAX) {
        message_free(m);
        return;
    }
    buf_reuse(&m->head);
    buf_reuse(&m->body);
    buf_reuse(&m->plain);
    m->whole = STR_NONE;
    m->target_len = m->header_bytes = 0;
    m->mark_count = 0;
    pool->spare[pool->count++] = m;
}

// --- the parser ---

enum status http_parser_new(const struct http_parser_events *events, void *ctx,
                            const struct http_limits *limits, struct http_pool *pool,
                            struct http_parser **out) {
    struct http_parser *p = mem_zalloc(1, sizeof *p);
    if (!p) return STATUS_NO_MEMORY;
    p->events = events;
    p->ctx = ctx;
    p->limits = limits;
    p->pool = pool;
    llhttp_init(&p->ll, HTTP_REQUEST, &settings);
    p->ll.data = p;
    *out = p;
    return STATUS_OK;
}

void http_parser_free(struct http_parser *p) {
    if (!p) return;
    if (p->message) message_put(p->pool, p->message);
    mem_free(p);
}

bool http_parser_busy(const struct http_parser *p) {
    return p->message != NULL;
}

enum status http_parser_feed(struct http_parser *p, const char *bytes, size_t len, size_t *taken,
                             struct reason *why) {
    *taken = len;
    if (p->status != STATUS_OK) return p->status;
    if (p->finished || len == 0) return STATUS_OK; // what follows the last request is not looked at
    p->why = why;
    llhttp_errno_t err = llhttp_execute(&p->ll, bytes, len);
    p->why = NULL;
    if (err == HPE_OK) return STATUS_OK;
    const char *end = llhttp_get_error_pos(&p->ll);
    if (end >= bytes && end <= bytes + len) *taken = (size_t)(end - bytes);
    if (err == HPE_PAUSED && p->status == STATUS_OK) {
        llhttp_resume(&p->ll);
        if (p->finished) *taken = len;
        return STATUS_OK;
    }
    if (p->status == STATUS_OK) {
        const char *reason = llhttp_get_error_reason(&p->ll);
        p->status = reason_set(why, STATUS_BAD_REQUEST, "%s", reason ? reason : "not HTTP/1.1");
    }
    return p->status;
}

// --- llhttp's callbacks ---

static int stop(struct http_parser *p, enum status st) {
    p->status = st;
    return HPE_USER;
}

static int on_message_begin(llhttp_t *ll) {
    struct http_parser *p = ll->data;
    p->message = message_get(p->pool);
    p->in_body = false;
    if (!p->message) return stop(p, STATUS_NO_MEMORY);
    p->message->marks[0].name_len = 0;
    return 0;
}

static int on_url(llhttp_t *ll, const char *at, size_t len) {
    struct http_parser *p = ll->data;
    struct http_message *m = p->message;
    if (len > p->limits->target_bytes || m->target_len + len > p->limits->target_bytes) {
        return stop(p, reason_set(p->why, STATUS_URI_TOO_LONG,
                                  "the request target is longer than %u bytes",
                                  p->limits->target_bytes));
    }
    buf_append(&m->head, at, len);
    m->target_len += (uint32_t)len;
    return m->head.failed ? stop(p, STATUS_NO_MEMORY) : 0;
}

/// Everything that is not target or body is counted: headers, trailers, chunk extensions.
static bool count_bytes(struct http_parser *p, size_t len) {
    struct http_message *m = p->message;
    if (len <= p->limits->header_bytes && m->header_bytes + len <= p->limits->header_bytes) {
        m->header_bytes += (uint32_t)len;
        return true;
    }
    p->status = reason_set(p->why, STATUS_HEADERS_TOO_LARGE,
                           "the header fields are longer than %u bytes", p->limits->header_bytes);
    return false;
}

static int on_header_field(llhttp_t *ll, const char *at, size_t len) {
    struct http_parser *p = ll->data;
    struct http_message *m = p->message;
    if (!count_bytes(p, len)) return HPE_USER;
    if (p->in_body) return 0; // trailers are not used
    if (m->mark_count == HTTP_MAX_HEADERS) {
        return stop(p, reason_set(p->why, STATUS_HEADERS_TOO_LARGE, "more than %d header fields",
                                  HTTP_MAX_HEADERS));
    }
    struct mark *mark = &m->marks[m->mark_count];
    if (mark->name_len == 0) mark->name_at = (uint32_t)m->head.len;
    buf_append(&m->head, at, len);
    mark->name_len += (uint32_t)len;
    return m->head.failed ? stop(p, STATUS_NO_MEMORY) : 0;
}

static int on_header_field_complete(llhttp_t *ll) {
    struct http_parser *p = ll->data;
    struct http_message *m = p->message;
    if (!count_bytes(p, PER_HEADER_BYTES)) return HPE_USER;
    if (p->in_body) return 0;
    struct mark *mark = &m->marks[m->mark_count++];
    mark->value_at = (uint32_t)m->head.len;
    mark->value_len = 0;
    if (m->mark_count < HTTP_MAX_HEADERS) m->marks[m->mark_count].name_len = 0;
    return 0;
}

static int on_header_value(llhttp_t *ll, const char *at, size_t len) {
    struct http_parser *p = ll->data;
    struct http_message *m = p->message;
    if (!count_bytes(p, len)) return HPE_USER;
    if (p->in_body || m->mark_count == 0) return 0;
    buf_append(&m->head, at, len);
    m->marks[m->mark_count - 1].value_len += (uint32_t)len;
    return m->head.failed ? stop(p, STATUS_NO_MEMORY) : 0;
}

static int on_chunk_extension(llhttp_t *ll, const char *at, size_t len) {
    struct http_parser *p = ll->data;
    (void)at;
    return count_bytes(p, len) ? 0 : HPE_USER;
}

static int on_headers_complete(llhttp_t *ll) {
    struct http_parser *p = ll->data;
    ll->upgrade = 0; // no other protocol is spoken here: the request is answered as it is
    enum status st = head_complete(p);
    p->in_body = true;
    // -1 is the one way to stop here that llhttp does not take for "skip the body".
    if (st == STATUS_OK) return 0;
    p->status = st;
    return -1;
}

static int on_body(llhttp_t *ll, const char *at, size_t len) {
    struct http_parser *p = ll->data;
    struct http_message *m = p->message;
    if (m->body.len + len > p->body_limit) {
        return stop(p, reason_set(p->why, STATUS_TOO_LARGE, "the body is longer than %llu bytes",
                                  (unsigned long long)p->body_limit));
    }
    if (len == m->request.declared_bytes) { // all of it, and handed on before these bytes go
        m->whole = (struct str){at, len};
        return 0;
    }
    buf_append(&m->body, at, len);
    return m->body.failed ? stop(p, STATUS_NO_MEMORY) : 0;
}

static int on_message_complete(llhttp_t *ll) {
    struct http_parser *p = ll->data;
    struct http_message *m = p->message;
    m->request.keep_alive = llhttp_should_keep_alive(ll) != 0;
    enum status st = body_complete(p);
    if (st != STATUS_OK) return stop(p, st);
    p->finished = !m->request.keep_alive;
    bool more = p->events->on_request(p->ctx, &m->request);
    p->message = NULL;
    message_put(p->pool, m);
    return more && !p->finished ? 0 : HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
    .on_chunk_extension_name = on_chunk_extension,
    .on_chunk_extension_value = on_chunk_extension,
};

// --- judging ---

static enum http_method method_of(uint8_t method) {
    switch (method) {
    case LLHTTP_GET: return HTTP_GET;
    case LLHTTP_HEAD: return HTTP_HEAD;
    case LLHTTP_POST: return HTTP_POST;
    case LLHTTP_PUT: return HTTP_PUT;
    case LLHTTP_PATCH: return HTTP_PATCH;
    case LLHTTP_DELETE: return HTTP_DELETE;
    case LLHTTP_OPTIONS: return HTTP_OPTIONS;
    default: return HTTP_OTHER;
    }
}

static enum status head_complete(struct http_parser *p) {
    struct http_message *m = p->message;
    struct http_request *r = &m->request;
    r->method = method_of(p->ll.method);
    r->http10 = p->ll.http_minor == 0;
    r->keep_alive = llhttp_should_keep_alive(&p->ll) != 0;
    r->declared_bytes = p->ll.flags & F_CHUNKED          ? HTTP_UNKNOWN_LENGTH
                        : p->ll.flags & F_CONTENT_LENGTH ? p->ll.content_length
                                                         : 0;
    r->body = STR_NONE;
    if (!buf_reserve(&m->head, m->target_len)) return STATUS_NO_MEMORY; // the decoded path
    headers_resolve(m);
    enum status st = version_check(p);
    if (st == STATUS_OK) st = host_check(p);
    if (st == STATUS_OK) st = framing_check(p);
    if (st == STATUS_OK) st = target_parse(p);
    if (st == STATUS_OK) st = path_check(p);
    if (st == STATUS_OK) st = coding_check(p);
    if (st != STATUS_OK) return st;

    p->body_limit = p->limits->body_bytes;
    st = p->events->on_head(p->ctx, r, &p->body_limit, p->why);
    if (st != STATUS_OK) return st;
    if (r->declared_bytes != HTTP_UNKNOWN_LENGTH && r->declared_bytes > p->body_limit) {
        return reason_set(p->why, STATUS_TOO_LARGE, "the body is longer than %llu bytes",
                          (unsigned long long)p->body_limit);
    }
    if (r->expects_continue && r->declared_bytes) p->events->on_continue(p->ctx);
    return STATUS_OK;
}

static void headers_resolve(struct http_message *m) {
    struct http_request *r = &m->request;
    const char *base = m->head.data;
    r->target = (struct str){base, m->target_len};
    r->header_count = m->mark_count;
    for (size_t i = 0; i < m->mark_count; i++) {
        const struct mark *k = &m->marks[i];
        r->headers[i].name = (struct str){base + k->name_at, k->name_len};
        r->headers[i].value = str_trim((struct str){base + k->value_at, k->value_len});
    }
    specials_find(m);
    r->expects_continue = !r->http10 && m->special[EXPECT] &&
                          str_eq_nocase(m->special[EXPECT]->value, STR("100-continue"));
}

static void specials_find(struct http_message *m) {
    static const struct {
        struct str name;
        enum special special;
    } by_length[18] = {[4] = {{"host", 4}, HOST},
                       [6] = {{"expect", 6}, EXPECT},
                       [14] = {{"content-length", 14}, CONTENT_LENGTH},
                       [16] = {{"content-encoding", 16}, CONTENT_ENCODING},
                       [17] = {{"transfer-encoding", 17}, TRANSFER_ENCODING}};
    memset(m->special, 0, sizeof m->special);
    memset(m->special_count, 0, sizeof m->special_count);
    for (size_t i = 0; i < m->request.header_count; i++) {
        const struct http_header *h = &m->request.headers[i];
        if (h->name.len >= 18 || !by_length[h->name.len].name.p) continue;
        if (!str_eq_nocase(h->name, by_length[h->name.len].name)) continue;
        enum special special = by_length[h->name.len].special;
        m->special[special] = h;
        m->special_count[special]++;
    }
}

static enum status version_check(struct http_parser *p) {
    if (p->ll.http_major == 1 && p->ll.http_minor <= 1) return STATUS_OK;
    return reason_set(p->why, STATUS_BAD_REQUEST, "HTTP/%u.%u is not spoken here, HTTP/1.1 is",
                      p->ll.http_major, p->ll.http_minor);
}

/// What may stand in a host and its port (RFC 3986 3.2.2).
static const bool host_bytes[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true,
    ['_'] = true,         ['~'] = true,         ['!'] = true,         ['$'] = true, ['&'] = true,
    ['\''] = true,        ['('] = true,         [')'] = true,         ['*'] = true, ['+'] = true,
    [';'] = true,         ['='] = true,         ['%'] = true,         [':'] = true, ['['] = true,
    [']'] = true,
};

static enum status host_check(struct http_parser *p) {
    const struct http_message *m = p->message;
    if (m->special_count[HOST] > 1) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "more than one Host field");
    }
    if (!m->special[HOST]) {
        if (m->request.http10) return STATUS_OK;
        return reason_set(p->why, STATUS_BAD_REQUEST, "the Host field is missing");
    }
    struct str host = m->special[HOST]->value;
    for (size_t i = 0; i < host.len; i++) {
        if (host_bytes[(unsigned char)host.p[i]]) continue;
        return reason_set(p->why, STATUS_BAD_REQUEST, "the Host field is not a host");
    }
    return STATUS_OK;
}

/// How long is the body? Whatever two servers could answer differently is refused (RFC 9112 6.1, 6.3).
static enum status framing_check(struct http_parser *p) {
    const struct http_message *m = p->message;
    unsigned codings = m->special_count[TRANSFER_ENCODING];
    unsigned lengths = m->special_count[CONTENT_LENGTH];
    if (lengths > 1) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "more than one Content-Length field");
    }
    if (codings == 0) return STATUS_OK;
    if (lengths || m->request.http10) {
        return reason_set(p->why, STATUS_BAD_REQUEST,
                          lengths ? "Transfer-Encoding and Content-Length exclude each other"
                                  : "HTTP/1.0 has no Transfer-Encoding");
    }
    struct str coding = m->special[TRANSFER_ENCODING]->value;
    if (codings == 1 && str_eq_nocase(coding, STR("chunked"))) return STATUS_OK;
    if (!(p->ll.flags & F_CHUNKED)) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "the last Transfer-Encoding is not chunked");
    }
    return reason_set(p->why, STATUS_NOT_IMPLEMENTED,
                      "no Transfer-Encoding but chunked is understood");
}

static bool is_gzip(struct str coding) {
    return str_eq_nocase(coding, STR("gzip")) || str_eq_nocase(coding, STR("x-gzip"));
}

static enum status coding_check(struct http_parser *p) {
    const struct http_message *m = p->message;
    if (!m->request.declared_bytes || !m->special_count[CONTENT_ENCODING]) return STATUS_OK;
    struct str coding = m->special[CONTENT_ENCODING]->value;
    bool known = is_gzip(coding) || str_eq_nocase(coding, STR("identity"));
    if (known && m->special_count[CONTENT_ENCODING] == 1) return STATUS_OK;
    return reason_set(p->why, STATUS_MEDIA_TYPE, "no Content-Encoding but gzip is understood");
}

/// origin-form, absolute-form, and "*" for OPTIONS (RFC 9112 3.2).
static enum status target_parse(struct http_parser *p) {
    struct http_request *r = &p->message->request;
    struct str rest = r->target;
    if (rest.len && rest.p[0] != '/' && !str_eq(rest, STR("*"))) {
        size_t colon = str_find(rest, ':');
        struct str scheme = str_sub(rest, 0, colon);
        bool http = str_eq_nocase(scheme, STR("http")) || str_eq_nocase(scheme, STR("https"));
        if (http) rest = str_sub(rest, colon, rest.len - colon);
        if (!http || !str_starts(rest, STR("://"))) {
            return reason_set(p->why, STATUS_BAD_REQUEST, "the request target is not a path");
        }
        rest = str_sub(rest, 3, rest.len - 3);
        size_t end = 0;
        while (end < rest.len && rest.p[end] != '/' && rest.p[end] != '?')
            end++;
        rest = str_sub(rest, end, rest.len - end);
    } else if (str_eq(rest, STR("*")) && r->method != HTTP_OPTIONS) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "the target * is for OPTIONS only");
    }
    if (str_find(rest, '#') < rest.len) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "a request target has no fragment");
    }
    size_t mark = str_find(rest, '?');
    r->raw_path = str_sub(rest, 0, mark);
    r->query = mark < rest.len ? str_sub(rest, mark + 1, rest.len - mark - 1) : STR("");
    if (r->raw_path.len == 0) r->raw_path = STR("/");
    return STATUS_OK;
}

static int hex_value(char c) {
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

static bool hex_is(char c) {
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

static bool is_dots(struct str segment) {
    return str_eq(segment, STR(".")) || str_eq(segment, STR(".."));
}

/// Decode into the room kept behind the head. Dot segments ask for another path and are refused; written %2E and %2E%2E
/// they are names, which is how http_encode writes these.
static enum status path_check(struct http_parser *p) {
    struct http_message *m = p->message;
    struct http_request *r = &m->request;
    struct str raw = r->raw_path;
    char *out = m->head.data + m->head.len;
    size_t n = 0, segment = 0; // where the segment begins, in the raw path
    for (size_t i = 0; i <= raw.len; i++) {
        if (i == raw.len || raw.p[i] == '/') {
            if (is_dots(str_sub(raw, segment, i - segment))) {
                return reason_set(p->why, STATUS_BAD_REQUEST, "the path has a segment . or ..");
            }
            segment = i + 1;
            if (i == raw.len) break;
        }
        char c = raw.p[i];
        if (c == '%') {
            if (raw.len - i < 3 || !hex_is(raw.p[i + 1]) || !hex_is(raw.p[i + 2])) {
                return reason_set(p->why, STATUS_BAD_REQUEST, "the path has a broken %% escape");
            }
            c = (char)(hex_value(raw.p[i + 1]) * 16 + hex_value(raw.p[i + 2]));
            i += 2;
        }
        out[n++] = c;
    }
    r->path = (struct str){out, n};
    if (!str_is_utf8(r->path) || str_has_control(r->path)) {
        return reason_set(p->why, STATUS_BAD_REQUEST,
                          "the path is not UTF-8 without control characters");
    }
    return STATUS_OK;
}

static enum status body_complete(struct http_parser *p) {
    struct http_message *m = p->message;
    struct http_request *r = &m->request;
    r->body = m->whole.p ? m->whole : buf_str(&m->body);
    const struct http_header *coding = m->special[CONTENT_ENCODING];
    if (!r->body.len || !coding || !is_gzip(coding->value)) return STATUS_OK;
    enum status st = gzip_inflate(r->body, p->body_limit, &m->plain);
    if (st == STATUS_BAD_REQUEST) return reason_set(p->why, st, "the body is not gzip");
    if (st == STATUS_TOO_LARGE) {
        return reason_set(p->why, st, "the inflated body is longer than %llu bytes",
                          (unsigned long long)p->body_limit);
    }
    r->body = buf_str(&m->plain);
    return st;
}
