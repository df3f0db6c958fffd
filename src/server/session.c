#include "server/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/conn.h"
#include "proto/problem.h"

enum {
    HELD_MAX = 64,          // answers of one connection that wait for the disk
    QUEUED_MAX = 1 << 20,   // unsent bytes above which no further request is read
    SLOW_BYTES_PER_MS = 16, // the least speed asked of a peer
    REFUSED_BODY_MAX =
        1 << 16, // a refused request's body is read up to this, so that the connection lives on
    OUT_KEPT_BYTES = 1 << 18,
    BODY_KEPT_BYTES = 1 << 16,
};

/// An answer that waits.
struct held {
    struct held *next;
    uint64_t lsn;
    struct buf bytes;
    bool close;
};

enum phase { PHASE_IDLE, PHASE_HEAD, PHASE_BODY, PHASE_WRITE, PHASE_HELD };

struct session {
    struct session_home *home;
    struct session *prev, *next;
    struct session *wait_prev, *wait_next; // in home->waiting while held_first
    struct conn *conn;
    struct http_parser *parser; // made by the first byte
    struct held *held_first, *held_last;
    struct http_stream
        *stream; // an answer that is being compressed as it leaves; reading is paused meanwhile
    uint64_t received;      // of the body being read
    uint64_t body_start_ms; // monotonic
    uint32_t held_count;
    uint8_t phase;
    uint8_t refused; // the status that head gave, when its request is read to the end all the same
    bool in_body, closing, paused, stream_closes;
};

static size_t on_data(void *owner, const char *bytes, size_t len);
static void on_drained(void *owner);
static void on_eof(void *owner);
static void on_deadline(void *owner);
static void on_close(void *owner, enum status st);
static bool is_durable(const struct session_home *home, uint64_t lsn);
static enum status on_head(void *ctx, const struct http_request *r, uint64_t *body_limit,
                           struct reason *why);
static bool on_request(void *ctx, struct http_request *r);
static void on_continue(void *ctx);
static void session_reply(struct session *s, struct http_reply *reply,
                          const struct http_request *r);
static void session_send(struct session *s, struct buf *head, struct buf *body, uint64_t lsn,
                         bool close);
static void session_stream(struct session *s, struct http_reply *reply, bool close);
static bool session_stream_on(struct session *s);
static void session_fail(struct session *s, enum status st, const struct reason *why);
static void session_release(struct session *s, uint64_t durable);
static bool session_refuse(struct session *s, uint64_t durable, enum status st,
                           const struct reason *why);
static void session_watch(struct session *s);
static void session_unpause(struct session *s);
static bool session_is_full(const struct session *s);
static void waiting_add(struct session *s);
static void waiting_remove(struct session *s);

static const struct conn_events conn_events = {on_data, on_drained, on_eof, on_deadline, on_close};
static const struct http_parser_events parser_events = {on_head, on_request, on_continue};

// --- the home ---

enum status session_home_init(struct session_home *home, struct loop *loop,
                              const struct session_handler *handler, int gzip_level) {
    memset(home, 0, sizeof *home);
    home->loop = loop;
    home->handler = handler;
    arena_init(&home->arena, 16384);
    buf_init(&home->out);
    buf_init(&home->body);
    enum status st = http_writer_new(gzip_level, &home->writer);
    if (st == STATUS_OK) st = http_pool_new(&home->pool);
    if (st != STATUS_OK) session_home_deinit(home);
    return st;
}

void session_home_deinit(struct session_home *home) {
    http_writer_free(home->writer);
    http_pool_free(home->pool);
    arena_deinit(&home->arena);
    buf_deinit(&home->out);
    buf_deinit(&home->body);
    home->writer = NULL;
    home->pool = NULL;
}

bool session_home_turn(struct session_home *home) {
    if (home->inside) {
        home->inside = false;
        if (home->handler->leave) home->handler->leave(home->handler->ctx, home->reader);
    }
    if (!home->waiting) return false;
    const struct session_handler *h = home->handler;
    struct reason why = {0};
    enum status st = h->refusal ? h->refusal(h->ctx, &why) : STATUS_OK;
    uint64_t durable = h->durable_lsn(h->ctx); // asked last: what is durable is never refused
    for (struct session *s = home->waiting, *next; s; s = next) {
        next = s->wait_next;
        if (st == STATUS_OK) {
            session_release(s, durable);
        } else if (session_refuse(s, durable, st, &why)) {
            session_release(s, UINT64_MAX);
        }
    }
    return home->waiting != NULL;
}

void session_home_drain(struct session_home *home) {
    home->draining = true;
    for (struct session *s = home->first; s; s = s->next) {
        bool busy =
            (s->parser && http_parser_busy(s->parser)) || s->held_first || s->stream || s->paused;
        if (!busy) conn_close(s->conn); // what is queued still leaves
    }
}

void session_home_abort(struct session_home *home) {
    for (struct session *s = home->first; s; s = s->next)
        conn_abort(s->conn, STATUS_TIMEOUT);
}

// --- a session ---

enum status session_open(struct session_home *home, int fd) {
    struct session *s = mem_zalloc(1, sizeof *s);
    struct conn *c = NULL;
    enum status st = conn_new(home->loop, fd, &conn_events, s, &c);
    if (st == STATUS_OK && !s) {
        conn_abort(c, STATUS_NO_MEMORY);
        return STATUS_NO_MEMORY;
    }
    if (st != STATUS_OK) {
        mem_free(s);
        return st;
    }
    s->home = home;
    s->conn = c;
    s->next = home->first;
    if (s->next) s->next->prev = s;
    home->first = s;
    home->count++;
    if (home->on_count) home->on_count(home->count_ctx, 1);
    conn_deadline(c, home->settings.idle_ms);
    return STATUS_OK;
}

static void on_close(void *owner, enum status st) {
    (void)st;
    struct session *s = owner;
    if (!s) return; // there was no memory for it
    struct session_home *home = s->home;
    waiting_remove(s);
    if (s->prev)
        s->prev->next = s->next;
    else
        home->first = s->next;
    if (s->next) s->next->prev = s->prev;
    home->count--;
    for (struct held *h = s->held_first, *next; h; h = next) {
        next = h->next;
        buf_deinit(&h->bytes);
        mem_free(h);
    }
    http_stream_free(s->stream);
    http_parser_free(s->parser);
    mem_free(s);
    if (home->on_count) home->on_count(home->count_ctx, -1);
}

static size_t on_data(void *owner, const char *bytes, size_t len) {
    struct session *s = owner;
    struct session_home *home = s->home;
    if (s->closing) return len;
    struct reason why = {0};
    if (!s->parser && http_parser_new(&parser_events, s, &home->settings.http, home->pool,
                                      &s->parser) != STATUS_OK) {
        conn_abort(s->conn, STATUS_NO_MEMORY);
        return len;
    }
    if (s->in_body) s->received += len;
    size_t taken;
    enum status st = http_parser_feed(s->parser, bytes, len, &taken, &why);
    if (st != STATUS_OK) {
        session_fail(s, st, &why);
        return len;
    }
    if (s->closing) return len;
    session_watch(s);
    return taken;
}

static void on_drained(void *owner) {
    struct session *s = owner;
    if (s->stream && session_stream_on(s)) return;
    session_unpause(s);
    session_watch(s);
}

static void on_eof(void *owner) {
    struct session *s = owner;
    if (s->held_first) {
        s->held_last->close = true;
        s->closing = true;
    } else if (s->stream) {
        s->stream_closes = s->closing = true;
    } else {
        conn_close(s->conn);
    }
}

static void on_deadline(void *owner) {
    struct session *s = owner;
    switch (s->phase) {
    case PHASE_HEAD:
    case PHASE_BODY: session_fail(s, STATUS_TIMEOUT, NULL); break;
    case PHASE_IDLE: conn_close(s->conn); break;
    default: conn_abort(s->conn, STATUS_TIMEOUT); break;
    }
}

// --- requests ---

static void home_enter(struct session_home *home) {
    if (home->inside) return;
    home->inside = true;
    home->mark_ns = clock_mono_ns();
    http_writer_tick(home->writer, clock_wall_ms());
    if (home->handler->enter) home->handler->enter(home->handler->ctx, home->reader);
}

static enum status on_head(void *ctx, const struct http_request *r, uint64_t *body_limit,
                           struct reason *why) {
    struct session *s = ctx;
    s->refused = STATUS_OK;
    s->in_body = r->declared_bytes != 0;
    s->received = 0;
    if (!s->in_body) return STATUS_OK; // answer says all there is to say
    const struct session_handler *h = s->home->handler;
    enum status st = h->head(h->ctx, r, body_limit, why);
    if (st == STATUS_OK) return st;
    if (r->expects_continue || r->declared_bytes > REFUSED_BODY_MAX) return st;
    s->refused = (uint8_t)st;
    *body_limit = REFUSED_BODY_MAX;
    return STATUS_OK;
}

static void on_continue(void *ctx) {
    struct session *s = ctx;
    struct buf *out = &s->home->out;
    buf_clear(out);
    buf_append_str(out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
    session_send(s, out, NULL, 0, false);
}

static void request_log(struct session *s, const struct http_request *r, const struct call *call,
                        int status, size_t bytes, uint64_t ns) {
    log_write(s->home->log, LOG_DEBUG, "request", LOG_STR("method", http_method_name(r->method)),
              LOG_STR("path", r->path), LOG_Z("route", call->route ? call->route : ""),
              LOG_INT("status", status), LOG_INT("bytes", bytes), LOG_INT("us", ns / 1000));
}

static bool on_request(void *ctx, struct http_request *r) {
    struct session *s = ctx;
    struct session_home *home = s->home;
    struct http_reply reply;
    http_reply_init(&reply);
    reply.body = home->body;
    buf_init(&home->body);
    struct call call = {
        .request = r, .reply = &reply, .arena = &home->arena, .reader = home->reader};
    s->in_body = false;
    bool by_router = s->refused == STATUS_NOT_FOUND || s->refused == STATUS_BAD_METHOD ||
                     s->refused == STATUS_FORBIDDEN; // with what lets a page read why
    home_enter(home);
    if (s->refused && !by_router) {
        struct reason why = {0};
        uint64_t unused = 0;
        enum status st = home->handler->head(home->handler->ctx, r, &unused, &why);
        problem_write(&reply, st == STATUS_OK ? (enum status)s->refused : st, &why);
    } else {
        home->handler->answer(home->handler->ctx, &call);
    }
    s->refused = STATUS_OK;
    if (home->draining) reply.close = true;
    int status = reply.status;
    size_t bytes = reply.body.len;
    session_reply(s, &reply, r);
    uint64_t now_ns = clock_mono_ns(), ns = now_ns - home->mark_ns;
    home->mark_ns = now_ns;
    http_metrics_record(home->metrics, call.route, r->method, status, ns);
    if (log_on(home->log, LOG_DEBUG)) request_log(s, r, &call, status, bytes, ns);
    if (reply.body.cap <= BODY_KEPT_BYTES) {
        buf_clear(&reply.body);
        home->body = reply.body;
    } else {
        http_reply_deinit(&reply);
    }
    arena_reset(&home->arena);
    if (s->closing) return false;
    if (!session_is_full(s)) return true;
    s->paused = true;
    conn_pause(s->conn);
    return false;
}

/// Something in the message was wrong, or it took too long: the last answer.
static void session_fail(struct session *s, enum status st, const struct reason *why) {
    struct http_request none = {.method = HTTP_GET, .keep_alive = false};
    struct http_reply reply;
    http_reply_init(&reply);
    problem_write(&reply, st, why);
    reply.close = true;
    http_writer_tick(s->home->writer, clock_wall_ms());
    http_metrics_record(s->home->metrics, NULL, HTTP_OTHER, reply.status, 0);
    session_reply(s, &reply, &none);
    http_reply_deinit(&reply);
}

// --- answers ---

static void session_reply(struct session *s, struct http_reply *reply,
                          const struct http_request *r) {
    struct session_home *home = s->home;
    struct buf *out = &home->out;
    enum http_rest rest;
    bool close = reply->close || !r->keep_alive;
    bool at_once = !s->held_first && is_durable(home, reply->wait_lsn);
    buf_clear(out);
    enum status st = http_reply_write(home->writer, reply, r, at_once, out, &rest);
    if (st != STATUS_OK) { // what was promised cannot be said: no answer is better than half of one
        s->closing = true;
        conn_abort(s->conn, st);
        return;
    }
    if (rest == HTTP_REST_STREAM) {
        session_stream(s, reply, close);
    } else {
        session_send(s, out, rest == HTTP_REST_BODY ? &reply->body : NULL, reply->wait_lsn, close);
    }
    if (out->cap > OUT_KEPT_BYTES) buf_deinit(out);
}

/// The head is in home->out; the body follows piece by piece, each when the one before has left.
static void session_stream(struct session *s, struct http_reply *reply, bool close) {
    struct buf *out = &s->home->out;
    enum status st = http_stream_new(s->home->writer, &reply->body, &s->stream);
    if (st != STATUS_OK) {
        s->closing = true;
        conn_abort(s->conn, st);
        return;
    }
    s->stream_closes = close;
    if (close) s->closing = true;
    conn_write(s->conn, out->data, out->len);
}

/// False: the stream has ended before.
static bool session_stream_on(struct session *s) {
    struct buf piece;
    bool last = false;
    buf_init(&piece);
    enum status st = http_stream_next(s->stream, &piece, &last);
    if (st != STATUS_OK) {
        buf_deinit(&piece);
        conn_abort(s->conn, st);
        return true;
    }
    conn_write_take(s->conn, &piece);
    if (last) {
        http_stream_free(s->stream);
        s->stream = NULL;
        if (s->stream_closes) conn_close(s->conn);
    }
    session_watch(s);
    return true;
}

static bool is_durable(const struct session_home *home, uint64_t lsn) {
    const struct session_handler *h = home->handler;
    return lsn == 0 || !h->durable_lsn || h->durable_lsn(h->ctx) >= lsn;
}

static void session_send(struct session *s, struct buf *head, struct buf *body, uint64_t lsn,
                         bool close) {
    if (close) s->closing = true;
    if (!s->held_first && is_durable(s->home, lsn)) {
        conn_write(s->conn, head->data, head->len);
        if (body) conn_write_take(s->conn, body);
        if (close) conn_close(s->conn);
        return;
    }
    struct held *h = mem_zalloc(1, sizeof *h);
    if (h) {
        buf_init(&h->bytes);
        buf_append(&h->bytes, head->data, head->len);
        if (body) buf_append(&h->bytes, body->data, body->len);
    }
    if (!h || h->bytes.failed) {
        if (h) buf_deinit(&h->bytes);
        mem_free(h);
        s->closing = true;
        conn_abort(s->conn, STATUS_NO_MEMORY);
        return;
    }
    h->lsn = lsn;
    h->close = close;
    if (s->held_first) {
        s->held_last->next = h;
    } else {
        s->held_first = h;
        waiting_add(s);
    }
    s->held_last = h;
    s->held_count++;
}

static void session_release(struct session *s, uint64_t durable) {
    while (s->held_first && s->held_first->lsn <= durable) {
        struct held *h = s->held_first;
        s->held_first = h->next;
        s->held_count--;
        bool close = h->close;
        conn_write_take(s->conn, &h->bytes);
        mem_free(h);
        if (close) conn_close(s->conn);
    }
    if (s->held_first) return;
    s->held_last = NULL;
    waiting_remove(s);
    session_unpause(s);
    session_watch(s);
}

/// What waits for the disk is told the failure instead, in its place. False: there was no memory for it.
static bool session_refuse(struct session *s, uint64_t durable, enum status st,
                           const struct reason *why) {
    for (struct held *h = s->held_first; h; h = h->next) {
        if (h->lsn <= durable) continue;
        struct http_request none = {.method = HTTP_GET, .keep_alive = !h->close};
        struct http_reply reply;
        enum http_rest rest;
        http_reply_init(&reply);
        problem_write(&reply, st, why);
        buf_clear(&h->bytes);
        enum status written =
            http_reply_write(s->home->writer, &reply, &none, false, &h->bytes, &rest);
        http_reply_deinit(&reply);
        if (written == STATUS_OK) continue;
        s->closing = true;
        conn_abort(s->conn, written);
        return false;
    }
    return true;
}

static void waiting_add(struct session *s) {
    s->wait_prev = NULL;
    s->wait_next = s->home->waiting;
    if (s->wait_next) s->wait_next->wait_prev = s;
    s->home->waiting = s;
}

static void waiting_remove(struct session *s) {
    if (s->home->waiting != s && !s->wait_prev) return;
    if (s->wait_prev)
        s->wait_prev->wait_next = s->wait_next;
    else
        s->home->waiting = s->wait_next;
    if (s->wait_next) s->wait_next->wait_prev = s->wait_prev;
    s->wait_prev = s->wait_next = NULL;
}

// --- limits ---

static bool session_is_full(const struct session *s) {
    return s->stream || s->held_count >= HELD_MAX || conn_queued(s->conn) > QUEUED_MAX;
}

static void session_unpause(struct session *s) {
    if (!s->paused || s->closing || session_is_full(s)) return;
    s->paused = false;
    conn_resume(s->conn);
}

/// Which time limit counts now?
static void session_watch(struct session *s) {
    if (s->closing && !s->stream) return;
    const struct session_settings *t = &s->home->settings;
    uint64_t now_ms = loop_now_ns(s->home->loop) / 1000000;
    size_t queued = conn_queued(s->conn);
    if (s->held_first) {
        s->phase = PHASE_HELD;
        conn_deadline(s->conn, 0);
    } else if (queued) {
        s->phase = PHASE_WRITE;
        conn_deadline(s->conn, t->idle_ms ? t->idle_ms + queued / SLOW_BYTES_PER_MS : 0);
    } else if (s->in_body) {
        if (s->phase != PHASE_BODY) s->body_start_ms = now_ms;
        s->phase = PHASE_BODY;
        uint64_t due = s->body_start_ms + t->body_ms + s->received / SLOW_BYTES_PER_MS;
        conn_deadline(s->conn, t->body_ms == 0 ? 0 : due > now_ms ? due - now_ms : 1);
    } else if (s->parser && http_parser_busy(s->parser)) {
        if (s->phase != PHASE_HEAD) conn_deadline(s->conn, t->header_ms);
        s->phase = PHASE_HEAD;
    } else if (s->home->draining && !s->paused) {
        conn_close(s->conn);
    } else {
        if (s->phase != PHASE_IDLE) conn_deadline(s->conn, t->idle_ms);
        s->phase = PHASE_IDLE;
    }
}
