// resp_live.c - connections that hear of channels: SUBSCRIBE, live fences, MONITOR.

#include <stddef.h>
#include <yyjson.h>

#include "proto/resp.h"
#include "server/resp_state.h"

enum { CLIENT_BYTES = 32 << 20 };

static void deliver(void *owner, const struct hub_delivery *d);
static void overflow(void *owner);
static bool post(void *ctx);
static void on_post(void *ctx);
static void write_text(struct resp_session *s, struct str text, struct buf *out);
static bool is_json(struct str text);

const struct hub_port_events resp_live_port_events = {post, deliver, overflow};

static size_t client_bytes(const struct resp_session *s) {
    size_t set = s->home->settings.client_bytes;
    return set ? set : CLIENT_BYTES;
}

struct hub_subscriber *resp_live_subscriber(struct command_client *client) {
    struct resp_session *s =
        (struct resp_session *)(void *)((char *)client - offsetof(struct resp_session, client));
    if (!s->subscriber &&
        hub_subscriber_new(s->home->port, s, client_bytes(s), &s->subscriber) != STATUS_OK) {
        return NULL;
    }
    return s->subscriber;
}

void resp_live_begin(struct resp_session *s, const struct command_live *live) {
    s->live = *live;
    s->is_live = true;
    struct buf *out = &s->home->out;
    bool json = s->client.json || s->mode == RESP_MODE_WEBSOCKET;
    buf_append_str(out, json ? STR("{\"ok\":true,\"live\":true}") : STR("+OK\r\n"));
}

void resp_live_end(struct resp_session *s) {
    if (s->live.end) {
        resp_out_enter(s->home);
        s->live.end(s->live.ctx);
        s->live.end = NULL;
    }
    hub_subscriber_free(s->subscriber);
    s->subscriber = NULL;
}

// --- messages ---

static bool post(void *ctx) {
    struct resp_home *home = ctx;
    return loop_post(home->loop, on_post, home) == STATUS_OK;
}

static void on_post(void *ctx) {
    struct resp_home *home = ctx;
    if (home->port) hub_port_deliver(home->port);
}

static void deliver(void *owner, const struct hub_delivery *d) {
    struct resp_session *s = owner;
    if (s->closing) return;
    if (conn_queued(s->conn) + s->held_bytes > client_bytes(s)) {
        overflow(s);
        return;
    }
    struct buf *out = &s->home->text;
    bool plain = s->mode == RESP_MODE_RESP && s->form != RESP_NATIVE &&
                 (d->kind == HUB_PRIVATE || !s->client.json);
    buf_clear(out);
    if (s->live.raw) {
        buf_append_str(out, d->message->text);
    } else if (plain && d->kind != HUB_PATTERN) {
        resp_out_send(s, d->message->wire);
        return;
    } else if (plain) {
        resp_array(out, 4);
        resp_bulk(out, STR("pmessage"));
        resp_bulk(out, d->pattern);
        resp_bulk(out, d->message->channel);
        resp_bulk(out, d->message->text);
    } else {
        write_text(s, d->message->text, out);
    }
    if (out->failed) {
        s->closing = true;
        conn_abort(s->conn, STATUS_NO_MEMORY);
        return;
    }
    resp_out_send(s, buf_str(out));
}

static void overflow(void *owner) {
    struct resp_session *s = owner;
    s->closing = true;
    conn_abort(s->conn, STATUS_TOO_LARGE);
}

/// As Tile38's JSON output has it: the text itself when it is JSON, else as a JSON string.
static void write_text(struct resp_session *s, struct str text, struct buf *out) {
    struct buf quoted;
    buf_init(&quoted);
    if (!is_json(text)) {
        buf_append_json(&quoted, text);
        text = buf_str(&quoted);
    }
    if (quoted.failed) {
        out->failed = true;
    } else {
        buf_append_str(out, text);
        resp_out_frame(s, (enum resp_form)s->form, true, out, 0);
    }
    buf_deinit(&quoted);
}

static bool is_json(struct str text) {
    yyjson_doc *doc = yyjson_read(text.p, text.len, YYJSON_READ_NOFLAG);
    yyjson_doc_free(doc);
    return doc != NULL;
}
