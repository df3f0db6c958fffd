// resp_web.c - commands by HTTP and WebSocket, on the port that speaks RESP.
//
//   GET /set+fleet+truck1+point+33.5+-112.1      one command, JSON, closed
//   POST / with the command in the body
//   GET /fleet/12/655/1583.mvt                   a vector tile
//   GET /nearby+fleet+fence+... with Upgrade     a WebSocket: that command, then one a text frame
//
// Every request may change things here, GET too: so what pages of other sites may send is held against the rules for
// changes (api/guard.h), whatever its method.

#include <string.h>

#include "api/cors.h"
#include "api/guard.h"
#include "base/clock.h"
#include "base/mem.h"
#include "command/tile_command.h"
#include "proto/problem.h"
#include "proto/websocket.h"
#include "server/resp_state.h"

enum { TARGET_BYTES = RESP_INLINE_BYTES, HEADER_BYTES = 32768 };

struct resp_web {
    struct http_parser *parser;
    struct http_limits limits;
    struct websocket ws;
    struct buf line; // a command, decoded
    const struct http_request *request;
    bool goodbye; // we have said it
};

static enum status on_head(void *ctx, const struct http_request *r, uint64_t *body_limit,
                           struct reason *why);
static bool on_request(void *ctx, struct http_request *r);
static void on_continue(void *ctx);
static enum status request_check(struct resp_session *s, const struct http_request *r,
                                 struct reason *why);
static void request_run(struct resp_session *s, const struct http_request *r);
static void tile_run(struct resp_session *s, const struct http_request *r);
static bool wants_websocket(const struct http_request *r);
static void upgrade(struct resp_session *s, const struct http_request *r);
static size_t frames_data(struct resp_session *s, const char *bytes, size_t len);
static void frame_take(struct resp_session *s, const struct websocket_event *event);
static void line_run(struct resp_session *s, struct str line);
static bool line_decode(struct str target, struct buf *out);
static void reply_problem(struct resp_session *s, enum status st, const struct reason *why);
static void reply_send(struct resp_session *s, struct http_reply *reply, struct buf *out);

static const struct http_parser_events parser_events = {on_head, on_request, on_continue};

bool resp_web_is_http(struct str bytes, bool *whole) {
    size_t len = str_find(bytes, '\n');
    bool letter = bytes.len && bytes.p[0] >= 'A' && bytes.p[0] <= 'Z';
    *whole = !letter || len < bytes.len || bytes.len > RESP_INLINE_BYTES;
    if (!letter || len == bytes.len) return false;
    if (len && bytes.p[len - 1] == '\r') len--;
    enum { VERSION_BYTES = 9 }; // " HTTP/1.1"
    return len > VERSION_BYTES &&
           str_starts(str_sub(bytes, len - VERSION_BYTES, VERSION_BYTES), STR(" HTTP/"));
}

enum status resp_web_open(struct resp_session *s) {
    struct resp_web *web = mem_zalloc(1, sizeof *web);
    if (!web) return STATUS_NO_MEMORY;
    uint64_t most = s->home->settings.limits.bytes;
    web->limits = (struct http_limits){TARGET_BYTES, TARGET_BYTES + HEADER_BYTES, most};
    web->ws.limit_bytes = most;
    s->web = web;
    s->client.json = true;
    s->client.subscriber = NULL; // until it is a WebSocket
    return http_parser_new(&parser_events, s, &web->limits, s->home->pool, &web->parser);
}

void resp_web_close(struct resp_session *s) {
    if (!s->web) return;
    http_parser_free(s->web->parser);
    websocket_deinit(&s->web->ws);
    buf_deinit(&s->web->line);
    mem_free(s->web);
    s->web = NULL;
}

size_t resp_web_data(struct resp_session *s, const char *bytes, size_t len) {
    size_t taken = 0;
    if (s->mode == RESP_MODE_HTTP) {
        struct reason why = {0};
        enum status st = http_parser_feed(s->web->parser, bytes, len, &taken, &why);
        if (st != STATUS_OK && !s->closing) {
            reply_problem(s, st, &why);
            return len;
        }
    }
    if (s->mode == RESP_MODE_WEBSOCKET && !s->closing)
        taken += frames_data(s, bytes + taken, len - taken);
    return s->closing ? len : taken;
}

void resp_web_frame(struct resp_session *s, struct buf *out, size_t begin) {
    size_t len = out->len - begin;
    if (out->failed || len == 0) return;
    if (s->mode == RESP_MODE_WEBSOCKET) {
        char head[WEBSOCKET_HEAD_BYTES];
        size_t size = websocket_head(WEBSOCKET_TEXT, len, head);
        if (!buf_reserve(out, size)) return;
        memmove(out->data + begin + size, out->data + begin, len);
        memcpy(out->data + begin, head, size);
        out->len += size;
        return;
    }
    struct http_reply reply;
    http_reply_init(&reply);
    reply.content_type = STR("application/json; charset=utf-8");
    buf_append(&reply.body, out->data + begin, len);
    buf_append_str(&reply.body, STR("\r\n"));
    bool healthz = s->web->request && str_eq_nocase(s->web->request->path, STR("/healthz"));
    bool refused = str_starts(buf_str(&reply.body), STR("{\"ok\":false"));
    if (healthz && refused) reply.status = status_http(STATUS_INTERNAL);
    out->len = begin;
    out->failed |= reply.body.failed;
    reply_send(s, &reply, out);
}

void resp_web_goodbye(struct resp_session *s, unsigned code) {
    if (!s->web->goodbye) websocket_write_close(&s->home->out, code, STR(""));
    s->web->goodbye = true;
    resp_out_close(s);
}

// --- HTTP ---

static enum status on_head(void *ctx, const struct http_request *r, uint64_t *body_limit,
                           struct reason *why) {
    struct resp_session *s = ctx;
    (void)body_limit;
    return request_check(s, r, why);
}

static void on_continue(void *ctx) {
    struct resp_session *s = ctx;
    resp_out_send(s, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

static bool on_request(void *ctx, struct http_request *r) {
    struct resp_session *s = ctx;
    struct reason why = {0};
    s->web->request = r;
    http_writer_tick(s->home->writer, clock_wall_ms());
    enum status st = request_check(s, r, &why);
    if (st != STATUS_OK) {
        reply_problem(s, st, &why);
    } else if (r->method == HTTP_OPTIONS) {
        struct http_reply reply;
        http_reply_init(&reply);
        cors_preflight(s->home->settings.cors_origins, r, STR("GET, POST, OPTIONS"), &reply);
        reply_send(s, &reply, &s->home->out);
        resp_out_close(s);
    } else {
        request_run(s, r);
    }
    if (s->web) s->web->request = NULL;
    return false;
}

/// Is it meant for us, and by whom?
static enum status request_check(struct resp_session *s, const struct http_request *r,
                                 struct reason *why) {
    if (r->method != HTTP_GET && r->method != HTTP_POST && r->method != HTTP_OPTIONS)
        return reason_set(why, STATUS_BAD_METHOD, "commands come by GET or POST");
    const struct resp_settings *t = &s->home->settings;
    struct api_options options = {.protected = !commands_ask_password(s->home->commands),
                                  .listen = t->listen,
                                  .cors_origins = t->cors_origins};
    struct http_request change = *r;
    if (r->method == HTTP_GET) change.method = HTTP_POST;
    return guard_check(&options, &change, NULL, why);
}

static void authorize(struct resp_session *s, const struct http_request *r) {
    struct str given = str_trim(http_request_header(r, STR("authorization")));
    static const struct str bearer = {"Bearer ", 7};
    if (given.len > bearer.len && str_eq_nocase(str_sub(given, 0, bearer.len), bearer))
        given = str_sub(given, bearer.len, given.len - bearer.len);
    if (given.len) commands_authenticate(s->home->commands, &s->client, given);
}

static void request_run(struct resp_session *s, const struct http_request *r) {
    struct buf *line = &s->web->line;
    struct reason why = {0};
    authorize(s, r);
    if (r->method == HTTP_GET && tile_command_is(r->raw_path)) {
        tile_run(s, r);
        return;
    }
    buf_clear(line);
    if (!line_decode(str_sub(r->target, 1, r->target.len ? r->target.len - 1 : 0), line)) {
        reason_set(&why, STATUS_BAD_REQUEST, "the path is not a command in URL encoding");
        reply_problem(s, STATUS_BAD_REQUEST, &why);
        return;
    }
    if (wants_websocket(r)) {
        upgrade(s, r);
        return;
    }
    buf_append_str(line, r->body);
    if (str_trim(buf_str(line)).len == 0 || line->failed) {
        reason_set(&why, STATUS_BAD_REQUEST, "no command: GET /server, or POST / with one");
        reply_problem(s, STATUS_BAD_REQUEST, &why);
        return;
    }
    line_run(s, buf_str(line));
    if (!s->closing) resp_out_close(s);
}

static void tile_run(struct resp_session *s, const struct http_request *r) {
    struct resp_home *home = s->home;
    struct reason why = {0};
    struct http_reply reply;
    http_reply_init(&reply);
    reply.content_type = STR(TILE_COMMAND_TYPE);
    resp_out_enter(home);
    struct command_call call = {.commands = home->commands,
                                .client = &s->client,
                                .arena = &home->arena,
                                .reader = home->reader,
                                .why = &why};
    enum status st = STATUS_OK;
    if (commands_ask_password(home->commands) && !s->client.authenticated) {
        st = reason_set(&why, STATUS_UNAUTHORIZED, "Authentication required");
    } else if (home->is_serving && !home->is_serving(home->handler->ctx)) {
        st = reason_set(&why, STATUS_UNAVAILABLE, "WarpEngine is reading its data");
    } else {
        st = tile_command_write(&call, r->raw_path, r->query, &reply.body);
    }
    arena_reset(&home->arena);
    if (st != STATUS_OK) {
        http_reply_deinit(&reply);
        reply_problem(s, st, &why);
        return;
    }
    reply_send(s, &reply, &home->out);
    resp_out_close(s);
}

/// Percent-decoded, '+' is a space. False: a broken escape, or no memory.
static bool line_decode(struct str target, struct buf *out) {
    for (size_t i = 0; i < target.len; i++) {
        char c = target.p[i];
        if (c == '%') {
            char digits[3] = {0};
            if (target.len - i < 3) return false;
            memcpy(digits, target.p + i + 1, 2);
            if (!strchr("0123456789abcdefABCDEF", digits[0]) ||
                !strchr("0123456789abcdefABCDEF", digits[1])) {
                return false;
            }
            unsigned v = 0;
            for (unsigned k = 0; k < 2; k++) {
                char d = digits[k];
                v = v * 16 + (unsigned)(d <= '9' ? d - '0' : (d | 32) - 'a' + 10);
            }
            c = (char)v;
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        buf_append_char(out, c);
    }
    return !out->failed;
}

static void line_run(struct resp_session *s, struct str line) {
    struct resp_home *home = s->home;
    size_t count;
    if (line.len && line.p[line.len - 1] == '\n') line = str_trim(line);
    if (!resp_split_line(&home->room, &home->settings.limits, line, &count)) {
        resp_web_goodbye(s, WEBSOCKET_TOO_LARGE);
        return;
    }
    if (count == 0) return;
    resp_out_command(s, home->room.args, count, RESP_NATIVE);
    if (!s->closing) resp_out_flush(s);
}

static void reply_problem(struct resp_session *s, enum status st, const struct reason *why) {
    struct http_reply reply;
    http_reply_init(&reply);
    http_writer_tick(s->home->writer, clock_wall_ms());
    problem_write(&reply, st, why);
    reply_send(s, &reply, &s->home->out);
    resp_out_close(s);
}

/// Written at the end of `out`; frees the reply.
static void reply_send(struct resp_session *s, struct http_reply *reply, struct buf *out) {
    static const struct http_request none = {.method = HTTP_GET};
    const struct http_request *r = s->web->request ? s->web->request : &none;
    enum http_rest rest = HTTP_REST_NONE;
    reply->close = true;
    if (s->web->request) cors_allow(s->home->settings.cors_origins, r, reply);
    enum status st = http_reply_write(s->home->writer, reply, r, false, out, &rest);
    if (st == STATUS_OK && rest == HTTP_REST_BODY) buf_append_str(out, buf_str(&reply->body));
    out->failed |= st != STATUS_OK;
    http_reply_deinit(reply);
}

// --- WebSocket ---

static bool wants_websocket(const struct http_request *r) {
    return r->method == HTTP_GET &&
           str_eq_nocase(str_trim(http_request_header(r, STR("upgrade"))), STR("websocket"));
}

static void upgrade(struct resp_session *s, const struct http_request *r) {
    char accept[WEBSOCKET_ACCEPT_BYTES];
    struct reason why = {0};
    struct str version = http_request_header(r, STR("sec-websocket-version"));
    struct str key = str_trim(http_request_header(r, STR("sec-websocket-key")));
    if (!str_eq(str_trim(version), STR("13")) || !websocket_accept(key, accept)) {
        reason_set(&why, STATUS_BAD_REQUEST, "not a WebSocket handshake of version 13");
        reply_problem(s, STATUS_BAD_REQUEST, &why);
        return;
    }
    struct buf *out = &s->home->out;
    buf_append_str(out, STR("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Accept: "));
    buf_append(out, accept, sizeof accept);
    buf_append_str(out, STR("\r\n\r\n"));
    resp_out_flush(s);
    s->mode = RESP_MODE_WEBSOCKET;
    if (s->home->port) s->client.subscriber = resp_live_subscriber;
    line_run(s, buf_str(&s->web->line));
}

static size_t frames_data(struct resp_session *s, const char *bytes, size_t len) {
    size_t at = 0;
    while (at < len && !s->closing) {
        size_t taken;
        struct websocket_event event;
        enum websocket_step step =
            websocket_next(&s->web->ws, bytes + at, len - at, &taken, &event);
        at += taken;
        if (step == WEBSOCKET_MORE) break;
        if (step == WEBSOCKET_FAILED) {
            resp_web_goodbye(s, event.code);
        } else {
            frame_take(s, &event);
        }
        if (s->closing || !resp_out_is_full(s) || at == len) continue;
        s->paused = true;
        conn_pause(s->conn);
        break;
    }
    return at;
}

static void frame_take(struct resp_session *s, const struct websocket_event *event) {
    switch (event->opcode) {
    case WEBSOCKET_CLOSE:
        resp_web_goodbye(s, event->code == WEBSOCKET_NO_CODE ? WEBSOCKET_NORMAL : event->code);
        return;
    case WEBSOCKET_PING:
        websocket_write(&s->home->out, WEBSOCKET_PONG, event->payload);
        resp_out_flush(s);
        return;
    case WEBSOCKET_PONG: return;
    default:
        if (s->is_live) { // QUIT, or what is not understood here
            resp_web_goodbye(s, WEBSOCKET_NORMAL);
            return;
        }
        line_run(s, event->payload);
    }
}
