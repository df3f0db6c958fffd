// server_answer.c - requests of the workers go to the api once the store has been read; until then only /livez is well.

#include "proto/problem.h"
#include "server/server_state.h"

static bool is_serving(const struct server *s) {
    return atomic_load_explicit(&s->serving, memory_order_acquire);
}

static enum status not_yet(struct reason *why) {
    return reason_set(why, STATUS_UNAVAILABLE, "the server is starting: its data is being read");
}

static enum status on_head(void *ctx, const struct http_request *request, uint64_t *body_limit,
                           struct reason *why) {
    struct server *s = ctx;
    if (!is_serving(s)) return not_yet(why);
    return api_head(atomic_load_explicit(&s->api, memory_order_acquire), request, body_limit, why);
}

static void on_answer(void *ctx, struct call *call) {
    struct server *s = ctx;
    if (is_serving(s)) {
        api_answer(atomic_load_explicit(&s->api, memory_order_acquire), call);
        return;
    }
    if (str_eq(call->request->path, STR("/livez"))) {
        call->route = "/livez";
        call->reply->content_type = STR("application/json");
        buf_append_str(&call->reply->body, STR("{\"status\":\"starting\"}"));
        return;
    }
    struct reason why;
    problem_write(call->reply, not_yet(&why), &why);
}

static void on_enter(void *ctx, unsigned reader) {
    struct server *s = ctx;
    engine_enter(s->engine, reader);
}

static void on_leave(void *ctx, unsigned reader) {
    struct server *s = ctx;
    engine_leave(s->engine, reader);
}

static uint64_t on_durable_lsn(void *ctx) {
    struct server *s = ctx;
    return s->storage ? storage_durable_lsn(s->storage) : UINT64_MAX;
}

static enum status on_refusal(void *ctx, struct reason *why) {
    struct server *s = ctx;
    struct reason says = {0};
    enum status st = s->storage ? storage_ready(s->storage, &says) : STATUS_OK;
    if (st == STATUS_OK || st == STATUS_BUSY) return STATUS_OK; // a backlog is being written
    return reason_set(why, st,
                      "this change is in memory, written once that is possible, not known to be "
                      "lost: %s",
                      says.text);
}

void server_handler_init(struct server *s) {
    s->handler = (struct session_handler){.ctx = s,
                                          .head = on_head,
                                          .answer = on_answer,
                                          .enter = on_enter,
                                          .leave = on_leave,
                                          .durable_lsn = on_durable_lsn,
                                          .refusal = on_refusal};
}

bool server_is_ready(void *ctx) {
    struct server *s = ctx;
    return is_serving(s) && !atomic_load(&s->draining);
}

bool server_is_serving(void *ctx) {
    return is_serving(ctx);
}
