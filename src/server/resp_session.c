#include "server/resp_session.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proto/resp.h"
#include "server/resp_state.h"

enum {
    SLICE_NS = 2000000,     // a connection's work before the others' turn
    ARGS_KEPT = 1024,       // room for arguments that is kept between turns
    SLOW_BYTES_PER_MS = 16, // the least speed asked of a peer
    ROOM_SLACK = 1 << 16,   // what one read may bring beyond a command
    WEBSOCKET_RESTART = 1012,
};

static size_t on_data(void *owner, const char *bytes, size_t len);
static void on_drained(void *owner);
static void on_eof(void *owner);
static void on_deadline(void *owner);
static void on_close(void *owner, enum status st);
static void on_kill(void *ctx, uint64_t id);
static size_t commands_run(struct resp_session *s, const char *bytes, size_t len);
static bool is_http_word(const struct resp_command *command);
static void protocol_fail(struct resp_session *s, const struct reason *why);
static void session_watch(struct resp_session *s);
static bool session_is_idle(const struct resp_session *s);

static const struct conn_events conn_events = {on_data, on_drained, on_eof, on_deadline, on_close};

// --- the home ---

enum status resp_session_home_init(struct resp_home *home, struct loop *loop, struct hub *hub) {
    memset(home, 0, sizeof *home);
    home->loop = loop;
    arena_init(&home->arena, 16384);
    buf_init(&home->out);
    buf_init(&home->text);
    buf_init(&home->room.text);
    enum status st = http_writer_new(0, &home->writer);
    if (st == STATUS_OK) st = http_pool_new(&home->pool);
    if (st == STATUS_OK) st = command_run_new(&home->run);
    if (st == STATUS_OK && hub) st = hub_port_new(hub, &resp_live_port_events, home, &home->port);
    if (st != STATUS_OK) resp_session_home_deinit(home);
    return st;
}

void resp_session_home_deinit(struct resp_home *home) {
    hub_port_free(home->port);
    http_writer_free(home->writer);
    http_pool_free(home->pool);
    command_run_free(home->run);
    resp_room_deinit(&home->room);
    arena_deinit(&home->arena);
    buf_deinit(&home->out);
    buf_deinit(&home->text);
    mem_free(home->marks);
    home->port = NULL;
    home->writer = NULL;
    home->pool = NULL;
    home->run = NULL;
    home->marks = NULL;
}

bool resp_session_home_turn(struct resp_home *home) {
    if (home->inside) {
        home->inside = false;
        if (home->handler->leave) home->handler->leave(home->handler->ctx, home->reader);
    }
    if (!home->waiting) return false;
    const struct session_handler *h = home->handler;
    struct reason why = {0};
    enum status st = h->refusal ? h->refusal(h->ctx, &why) : STATUS_OK;
    uint64_t durable = h->durable_lsn(h->ctx); // asked last: what is durable is never refused
    for (struct resp_session *s = home->waiting, *next; s; s = next) {
        next = s->wait_next;
        resp_out_release(s, durable, st, why.text);
    }
    return home->waiting != NULL;
}

void resp_session_home_drain(struct resp_home *home) {
    home->draining = true;
    for (struct resp_session *s = home->first; s; s = s->next) {
        if (s->mode == RESP_MODE_WEBSOCKET && !s->closing) {
            resp_web_goodbye(s, WEBSOCKET_RESTART);
        } else if (session_is_idle(s)) {
            conn_close(s->conn); // what is queued still leaves
        }
    }
}

void resp_session_home_abort(struct resp_home *home) {
    for (struct resp_session *s = home->first; s; s = s->next)
        conn_abort(s->conn, STATUS_TIMEOUT);
}

// --- a session ---

static void keep_alive(const struct resp_home *home, int fd) {
    int on = 1, seconds = (int)commands_keepalive_s(home->commands);
    if (seconds == 0) return;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on,
               sizeof on); // a dead peer is found by its silence alone otherwise
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
}

enum status resp_session_open(struct resp_home *home, int fd) {
    keep_alive(home, fd);
    struct resp_session *s = mem_zalloc(1, sizeof *s);
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
    if (home->port) s->client.subscriber = resp_live_subscriber;
    s->next = home->first;
    if (s->next) s->next->prev = s;
    home->first = s;
    home->count++;
    conn_peer(c, s->entry.address);
    s->entry.kill = on_kill;
    s->entry.ctx = home;
    resp_clients_add(home->clients, &s->entry, loop_now_ns(home->loop));
    s->client.id = s->entry.id;
    s->client.address = s->entry.address;
    resp_metrics_opened(home->metrics);
    if (home->on_count) home->on_count(home->count_ctx, 1);
    return STATUS_OK;
}

static void on_close(void *owner, enum status st) {
    (void)st;
    struct resp_session *s = owner;
    if (!s) return; // there was no memory for it
    struct resp_home *home = s->home;
    resp_live_end(s);
    resp_out_deinit(s);
    resp_web_close(s);
    resp_clients_remove(home->clients, &s->entry);
    if (s->prev)
        s->prev->next = s->next;
    else
        home->first = s->next;
    if (s->next) s->next->prev = s->prev;
    home->count--;
    resp_parser_deinit(&s->parser);
    mem_free(s);
    if (home->on_count) home->on_count(home->count_ctx, -1);
}

struct kill {
    struct resp_home *home;
    uint64_t id;
};

static void kill_now(void *ctx) {
    struct kill *k = ctx;
    for (struct resp_session *s = k->home->first; s; s = s->next) {
        if (s->client.id == k->id) conn_close(s->conn);
    }
    mem_free(k);
}

static void on_kill(void *ctx, uint64_t id) {
    struct resp_home *home = ctx;
    struct kill *k = mem_alloc(sizeof *k);
    if (!k) return;
    *k = (struct kill){home, id};
    if (loop_post(home->loop, kill_now, k) != STATUS_OK) mem_free(k);
}

static void on_drained(void *owner) {
    struct resp_session *s = owner;
    if (s->paused && !s->closing && !resp_out_is_full(s)) {
        s->paused = false;
        conn_resume(s->conn);
    }
    session_watch(s);
}

static void on_eof(void *owner) {
    struct resp_session *s = owner;
    resp_out_close(s);
}

static void on_deadline(void *owner) {
    struct resp_session *s = owner;
    conn_abort(s->conn, STATUS_TIMEOUT);
}

// --- commands ---

static size_t on_data(void *owner, const char *bytes, size_t len) {
    struct resp_session *s = owner;
    struct resp_home *home = s->home;
    if (s->closing) return len;
    if (s->mode == RESP_MODE_NEW) {
        bool whole, http = resp_web_is_http((struct str){bytes, len}, &whole);
        if (!whole) return 0;
        s->mode = http ? RESP_MODE_HTTP : RESP_MODE_RESP;
        if (http && resp_web_open(s) != STATUS_OK) {
            conn_abort(s->conn, STATUS_NO_MEMORY);
            return len;
        }
    }
    resp_out_enter(home);
    atomic_store_explicit(&s->entry.last_ns, home->mark_ns, memory_order_relaxed);
    size_t taken =
        s->mode == RESP_MODE_RESP ? commands_run(s, bytes, len) : resp_web_data(s, bytes, len);
    resp_metrics_bytes(home->metrics, taken, 0);
    resp_out_drop(home);
    if (!s->closing) session_watch(s);
    return taken;
}

/// Room for a long command, but no more than it needs.
static void make_room(struct resp_session *s) {
    conn_room(s->conn, (size_t)s->parser.need + ROOM_SLACK);
}

static size_t commands_run(struct resp_session *s, const char *bytes, size_t len) {
    struct resp_home *home = s->home;
    uint64_t until_ns = home->mark_ns + SLICE_NS;
    size_t at = 0, taken;
    struct reason why = {0};
    struct resp_command command;
    enum resp_step step;
    bool was_long = s->parser.need > RESP_GATHERED_MAX;
    for (;;) {
        size_t begin = at;
        step = resp_parser_next(&s->parser, &home->room, &home->settings.limits, bytes + at,
                                len - at, &taken, &command, &why);
        at += taken;
        if (step == RESP_COMMAND && resp_run_add(s, &command, begin)) continue;
        if (!resp_run_answer(s, &at)) {
            step = RESP_COMMAND;
            break;
        }
        if (s->closing) return len;
        if (step != RESP_COMMAND) break;
        if (s->is_live) { // QUIT, or what is not understood here: the end either way
            s->client.quit = str_eq_nocase(command.args[0], STR("quit"));
            resp_out_close(s);
            return len;
        }
        if (command.form == RESP_INLINE && is_http_word(&command)) {
            s->closing = true; // a page's request that found its way here past the first line
            conn_abort(s->conn, STATUS_FORBIDDEN);
            return len;
        }
        if (command.form == RESP_NATIVE && s->form != RESP_NATIVE) s->client.json = true;
        if (!resp_out_command(s, command.args, command.count, command.form) && s->closing) {
            return len;
        }
        if (home->out.len > RESP_GATHERED_MAX) resp_out_flush(s);
        if (home->mark_ns > until_ns || resp_out_is_full(s)) break;
    }
    resp_out_flush(s);
    if (home->room.cap > ARGS_KEPT) resp_room_deinit(&home->room);
    if (step == RESP_FAILED) {
        protocol_fail(s, &why);
        return len;
    }
    if (s->closing) return len;
    if (step == RESP_MORE && s->parser.need > RESP_GATHERED_MAX) {
        make_room(s);
    } else if (was_long) {
        conn_room(s->conn, 0);
    }
    if (step == RESP_COMMAND && at < len) {
        s->paused = resp_out_is_full(s);
        conn_pause(s->conn);
        if (!s->paused) conn_resume(s->conn); // after the others' turn
    }
    return at;
}

/// A web page can make a browser send a request here. Its first word, or that of one of its headers, gives it away.
static bool is_http_word(const struct resp_command *command) {
    struct str word = command->args[0];
    return str_eq_nocase(word, STR("post")) || str_eq_nocase(word, STR("host:"));
}

static void protocol_fail(struct resp_session *s, const struct reason *why) {
    struct str args[] = {STR("")};
    struct command_call call = {.commands = s->home->commands,
                                .client = &s->client,
                                .args = args,
                                .count = 1,
                                .out = &s->home->out};
    command_refuse(&call, STATUS_BAD_REQUEST, why->text);
    resp_out_frame(s, (enum resp_form)s->form, s->client.json, &s->home->out, 0);
    resp_out_close(s);
}

// --- limits ---

static bool session_is_idle(const struct resp_session *s) {
    return !s->held_first && !s->paused;
}

/// Which time limit counts now?
static void session_watch(struct resp_session *s) {
    const struct resp_settings *t = &s->home->settings;
    size_t queued = conn_queued(s->conn);
    if (s->closing) return;
    if (queued && !s->held_first) {
        conn_deadline(s->conn, t->idle_ms ? t->idle_ms + queued / SLOW_BYTES_PER_MS : 0);
    } else if (s->home->draining && session_is_idle(s)) {
        conn_close(s->conn);
    } else if (s->parser.need && !s->paused) {
        conn_deadline(s->conn, t->body_ms ? t->body_ms + s->parser.need / SLOW_BYTES_PER_MS : 0);
    } else {
        conn_deadline(s->conn, 0);
    }
}
