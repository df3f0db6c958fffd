// resp_out.c - replies of a connection: made, gathered, held until they are durable, sent.

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "server/resp_state.h"

enum {
    QUEUED_MAX = 1 << 20, // unsent or held bytes above which no further command is read
    TAKE_BYTES = 1 << 15, // replies above this are handed over instead of copied
    OUT_KEPT_BYTES = 1 << 18,
    MARKS_FIRST = 64,
};

/// Replies that wait, all of one flush.
struct resp_held {
    struct resp_held *next;
    uint64_t lsn; // the latest of them
    struct buf bytes;
    struct resp_mark *marks; // those that a refusal replaces
    size_t mark_count;
    bool close;
};

static void frame_parts(struct resp_session *s, enum resp_form form,
                        const struct command_call *call, size_t begin);
static bool hold(struct resp_session *s, struct buf *bytes, uint64_t lsn, size_t marks);
static void held_free(struct resp_held *h);
static bool held_refuse(struct resp_session *s, struct resp_held *h, uint64_t durable,
                        enum status st, const char *why);
static void waiting_add(struct resp_session *s);
static void waiting_remove(struct resp_session *s);

void resp_out_enter(struct resp_home *home) {
    if (home->inside) return;
    home->inside = true;
    home->mark_ns = clock_mono_ns();
    if (home->handler->enter) home->handler->enter(home->handler->ctx, home->reader);
}

bool resp_out_command(struct resp_session *s, const struct str *args, size_t count,
                      enum resp_form form) {
    struct resp_home *home = s->home;
    struct command_call call = {.commands = home->commands,
                                .client = &s->client,
                                .args = args,
                                .count = count,
                                .out = &home->out,
                                .arena = &home->arena,
                                .reader = home->reader,
                                .begin_ns = home->mark_ns};
    size_t begin = home->out.len;
    s->form = (uint8_t)form;
    if (home->is_serving && !home->is_serving(home->handler->ctx)) {
        command_refuse(&call, STATUS_UNAVAILABLE, "LOADING WarpEngine is reading its data");
    } else {
        command_answer_bare(&call);
        if (home->out.failed && begin == 0 && !call.wait_lsn && !call.live.end) {
            buf_deinit(&home->out); // what it held is room enough to say so
            call.part_count = 0;
            command_refuse(&call, STATUS_NO_MEMORY, "OOM not enough memory for the reply");
        }
    }
    if (call.live.end) resp_live_begin(s, &call.live);
    if (call.part_count > 1 && home->out.len > begin) {
        frame_parts(s, form, &call, begin);
    } else {
        resp_out_frame(s, form, s->client.json, &home->out, begin);
    }
    uint64_t now_ns = clock_mono_ns();
    resp_metrics_command(home->metrics, call.command, now_ns - home->mark_ns);
    home->mark_ns = now_ns;
    if (call.wait_lsn) resp_out_mark(s, begin, call.wait_lsn, form);
    if (!resp_out_settle(s)) return false;
    if (s->client.quit) resp_out_quit(s);
    return !s->closing && !s->is_live;
}

bool resp_out_settle(struct resp_session *s) {
    struct resp_home *home = s->home;
    arena_reset(&home->arena);
    if (!home->out.failed) return true;
    buf_deinit(&home->out);
    home->mark_count = 0;
    s->closing = true;
    conn_abort(s->conn, STATUS_NO_MEMORY);
    return false;
}

/// Several replies, each framed for itself.
static void frame_parts(struct resp_session *s, enum resp_form form,
                        const struct command_call *call, size_t begin) {
    struct buf *out = &s->home->out, *text = &s->home->text;
    size_t from = begin;
    buf_clear(text);
    for (size_t i = 0; i < call->part_count; i++) {
        size_t at = text->len;
        buf_append(text, out->data + from, call->parts[i] - from);
        resp_out_frame(s, form, s->client.json, text, at);
        from = call->parts[i];
    }
    out->len = begin;
    buf_append_str(out, buf_str(text));
    out->failed |= text->failed;
}

void resp_out_mark(struct resp_session *s, size_t begin, uint64_t lsn, enum resp_form form) {
    struct resp_home *home = s->home;
    if (!home->handler->durable_lsn) return;
    if (home->mark_count == home->mark_cap) {
        size_t cap = home->mark_cap ? 2 * home->mark_cap : MARKS_FIRST;
        struct resp_mark *more = mem_realloc(home->marks, cap * sizeof *more);
        if (!more) {
            home->out.failed = true; // the connection is cut: no reply is better than one too early
            return;
        }
        home->marks = more;
        home->mark_cap = cap;
    }
    home->marks[home->mark_count++] =
        (struct resp_mark){begin, home->out.len, lsn, s->client.json, (uint8_t)form};
}

void resp_out_frame(struct resp_session *s, enum resp_form form, bool json, struct buf *out,
                    size_t begin) {
    if (s->mode != RESP_MODE_RESP) {
        resp_web_frame(s, out, begin);
        return;
    }
    size_t body = out->len - begin;
    if ((form != RESP_NATIVE && !json) || out->failed || body == 0) return;
    char head[24];
    struct buf h = {.data = head, .cap = sizeof head};
    buf_append_char(&h, '$');
    buf_append_u64(&h, body);
    buf_append_str(&h, form == RESP_NATIVE ? STR(" ") : STR("\r\n"));
    if (!buf_reserve(out, h.len + 2)) return;
    memmove(out->data + begin + h.len, out->data + begin, body);
    memcpy(out->data + begin, head, h.len);
    out->len += h.len;
    buf_append_str(out, STR("\r\n"));
}

// --- out ---

void resp_out_flush(struct resp_session *s) {
    struct resp_home *home = s->home;
    struct buf *out = &home->out;
    uint64_t lsn = 0;
    for (size_t i = 0; i < home->mark_count; i++)
        lsn = home->marks[i].lsn > lsn ? home->marks[i].lsn : lsn;
    size_t marks = home->mark_count;
    home->mark_count = 0;
    if (out->len == 0) return;
    resp_metrics_bytes(home->metrics, 0, out->len);
    bool durable = lsn == 0 || home->handler->durable_lsn(home->handler->ctx) >= lsn;
    if (s->held_first || !durable) {
        hold(s, out, lsn, durable ? 0 : marks);
    } else if (out->len > TAKE_BYTES) {
        conn_write_take(s->conn, out);
    } else {
        conn_write(s->conn, out->data, out->len);
    }
    if (out->cap > OUT_KEPT_BYTES)
        buf_deinit(out);
    else
        buf_clear(out);
}

void resp_out_drop(struct resp_home *home) {
    buf_clear(&home->out);
    home->mark_count = 0;
}

void resp_out_send(struct resp_session *s, struct str bytes) {
    resp_metrics_bytes(s->home->metrics, 0, bytes.len);
    if (!s->held_first) {
        conn_write(s->conn, bytes.p, bytes.len);
        return;
    }
    struct buf copy;
    buf_init(&copy);
    buf_append_str(&copy, bytes);
    if (copy.failed) {
        s->closing = true;
        conn_abort(s->conn, STATUS_NO_MEMORY);
    } else {
        hold(s, &copy, 0, 0);
    }
    buf_deinit(&copy);
}

void resp_out_close(struct resp_session *s) {
    resp_out_flush(s);
    s->closing = true;
    if (s->held_last)
        s->held_last->close = true;
    else
        conn_close(s->conn);
}

void resp_out_quit(struct resp_session *s) {
    if (s->mode == RESP_MODE_WEBSOCKET)
        resp_web_goodbye(s, 1000);
    else
        resp_out_close(s);
}

bool resp_out_is_full(const struct resp_session *s) {
    return s->held_bytes > QUEUED_MAX || conn_queued(s->conn) > QUEUED_MAX;
}

// --- held ---

/// `bytes` is emptied: its memory goes along.
static bool hold(struct resp_session *s, struct buf *bytes, uint64_t lsn, size_t marks) {
    struct resp_held *h = mem_zalloc(1, sizeof *h);
    struct resp_mark *copy = marks ? mem_alloc(marks * sizeof *copy) : NULL;
    if (!h || (marks && !copy)) {
        mem_free(h);
        mem_free(copy);
        s->closing = true;
        conn_abort(s->conn, STATUS_NO_MEMORY);
        return false;
    }
    if (marks) memcpy(copy, s->home->marks, marks * sizeof *copy);
    h->lsn = lsn;
    h->bytes = *bytes;
    h->marks = copy;
    h->mark_count = marks;
    buf_init(bytes);
    if (s->held_first) {
        s->held_last->next = h;
    } else {
        s->held_first = h;
        waiting_add(s);
    }
    s->held_last = h;
    s->held_bytes += h->bytes.len;
    return true;
}

void resp_out_release(struct resp_session *s, uint64_t durable, enum status refusal,
                      const char *why) {
    while (s->held_first && (refusal != STATUS_OK || s->held_first->lsn <= durable)) {
        struct resp_held *h = s->held_first;
        s->held_bytes -= h->bytes.len;
        if (h->lsn > durable && !held_refuse(s, h, durable, refusal, why)) return;
        s->held_first = h->next;
        bool close = h->close;
        conn_write_take(s->conn, &h->bytes);
        held_free(h);
        if (close) conn_close(s->conn);
    }
    if (s->held_first) return;
    s->held_last = NULL;
    waiting_remove(s);
    if (s->paused && !s->closing && !resp_out_is_full(s)) {
        s->paused = false;
        conn_resume(s->conn);
    }
}

/// What waits for the disk is told the failure instead, in its place.
static bool held_refuse(struct resp_session *s, struct resp_held *h, uint64_t durable,
                        enum status st, const char *why) {
    struct buf told;
    size_t from = 0;
    buf_init(&told);
    for (size_t i = 0; i < h->mark_count; i++) {
        const struct resp_mark *m = &h->marks[i];
        if (m->lsn <= durable) continue;
        buf_append(&told, h->bytes.data + from, m->begin - from);
        struct command_client client = {.json = m->json};
        struct command_call call = {.commands = s->home->commands, .client = &client, .out = &told};
        size_t begin = told.len;
        command_refuse(&call, st, why);
        resp_out_frame(s, (enum resp_form)m->form, m->json, &told, begin);
        from = m->end;
    }
    buf_append(&told, h->bytes.data + from, h->bytes.len - from);
    if (told.failed) {
        buf_deinit(&told);
        s->closing = true;
        conn_abort(s->conn, STATUS_NO_MEMORY);
        return false;
    }
    buf_deinit(&h->bytes);
    h->bytes = told;
    return true;
}

static void held_free(struct resp_held *h) {
    buf_deinit(&h->bytes);
    mem_free(h->marks);
    mem_free(h);
}

void resp_out_deinit(struct resp_session *s) {
    waiting_remove(s);
    for (struct resp_held *h = s->held_first, *next; h; h = next) {
        next = h->next;
        held_free(h);
    }
    s->held_first = s->held_last = NULL;
}

static void waiting_add(struct resp_session *s) {
    s->wait_prev = NULL;
    s->wait_next = s->home->waiting;
    if (s->wait_next) s->wait_next->wait_prev = s;
    s->home->waiting = s;
}

static void waiting_remove(struct resp_session *s) {
    if (s->home->waiting != s && !s->wait_prev) return;
    if (s->wait_prev)
        s->wait_prev->wait_next = s->wait_next;
    else
        s->home->waiting = s->wait_next;
    if (s->wait_next) s->wait_next->wait_prev = s->wait_prev;
    s->wait_prev = s->wait_next = NULL;
}
