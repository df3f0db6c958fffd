// webhooks.c - the receivers of webhooks, as the administrator sees them: how far each is, sending again, passing over,
// and a try.

#include "api/endpoints.h"
#include "api/json.h"
#include "api/params.h"
#include "api/reply.h"

struct listing {
    struct buf *out;
    struct str only; // a name; STR_NONE: all
    bool failing;    // only those
    size_t count;
};

static void write_target(void *ctx, const struct outbox_target_info *info);
static enum status read_seq(struct call *call, uint64_t *seq);
static enum status missing(struct call *call);

enum status api_webhooks_list(struct api *api, struct call *call) {
    struct params params;
    struct listing l = {.out = &call->reply->body};
    enum status st = params_parse(call->request, call->arena, &params, call->why);
    if (st == STATUS_OK) st = params_flag(&params, "failing", &l.failing);
    if (st == STATUS_OK) st = params_refuse_rest(&params);
    if (st != STATUS_OK) return st;
    REPLY_LITERAL(l.out, "{\"webhooks\":[");
    if (api->options.delivery) delivery_each(api->options.delivery, write_target, &l);
    REPLY_LITERAL(l.out, "],\"numberReturned\":");
    buf_append_u64(l.out, l.count);
    buf_append_char(l.out, '}');
    return STATUS_OK;
}

enum status api_webhooks_get(struct api *api, struct call *call) {
    struct listing l = {.out = &call->reply->body, .only = call->param};
    if (api->options.delivery) delivery_each(api->options.delivery, write_target, &l);
    return l.count ? STATUS_OK : missing(call);
}

enum status api_webhooks_replay(struct api *api, struct call *call) {
    uint64_t seq = 0;
    enum status st = read_seq(call, &seq);
    if (st != STATUS_OK) return st;
    if (seq < event_log_oldest(api->options.event_log)) {
        return reason_set(call->why, STATUS_GONE,
                          "events are kept for a while only: the oldest there is has seq %llu",
                          (unsigned long long)event_log_oldest(api->options.event_log));
    }
    call->reply->status = 204;
    struct delivery *d = api->options.delivery;
    return d && delivery_replay(d, call->param, seq) ? STATUS_OK : missing(call);
}

/// Where nothing waits there is nothing to do.
enum status api_webhooks_skip(struct api *api, struct call *call) {
    struct delivery *d = api->options.delivery;
    struct buf none;
    buf_init(&none);
    struct listing l = {.out = &none, .only = call->param};
    call->reply->status = 204;
    if (d) delivery_each(d, write_target, &l);
    buf_deinit(&none);
    if (!l.count) return missing(call);
    (void)delivery_skip(d, call->param);
    return STATUS_OK;
}

static enum status missing(struct call *call) {
    struct str name = call->param;
    return reason_set(call->why, STATUS_NOT_FOUND, "there is no webhook \"%.*s\"",
                      name.len > 128 ? 128 : (int)name.len, name.p);
}

// {"from_seq":17}
static enum status read_seq(struct call *call, uint64_t *seq) {
    struct json json;
    enum status st = json_parse_body(call->request->body, call->arena, &json, call->why);
    if (st != STATUS_OK) return st;
    yyjson_val *from = yyjson_obj_get(json.root, "from_seq");
    if (!yyjson_is_uint(from) || yyjson_get_uint(from) == 0 || yyjson_obj_size(json.root) != 1) {
        st = reason_set(call->why, STATUS_BAD_REQUEST,
                        "the body must be {\"from_seq\":N}: the first event to send again");
    } else {
        *seq = yyjson_get_uint(from);
    }
    json_free(&json);
    return st;
}

/// A URL without what may be secret in it: its query is not shown.
static struct str shown_url(struct str url) {
    return str_sub(url, 0, str_find(url, '?'));
}

static void write_target(void *ctx, const struct outbox_target_info *info) {
    struct listing *l = ctx;
    const struct outbox_mark *mark = &info->mark;
    if (l->only.p && !str_eq(l->only, info->name)) return;
    if (l->failing && !mark->tries && !mark->disabled) return;
    if (l->count++) buf_append_char(l->out, ',');
    REPLY_LITERAL(l->out, "{\"name\":");
    buf_append_json(l->out, info->name);
    REPLY_LITERAL(l->out, ",\"url\":");
    buf_append_json(l->out, shown_url(info->url));
    REPLY_LITERAL(l->out, ",\"state\":\"");
    buf_append_str(l->out, mark->disabled ? STR("disabled")
                           : mark->tries  ? STR("failing")
                                          : STR("ok"));
    REPLY_LITERAL(l->out, "\",\"delivered_seq\":");
    buf_append_u64(l->out, mark->cursor);
    REPLY_LITERAL(l->out, ",\"waiting_seq\":");
    if (info->waiting_seq) {
        buf_append_u64(l->out, info->waiting_seq);
    } else {
        REPLY_LITERAL(l->out, "null");
    }
    REPLY_LITERAL(l->out, ",\"tries\":");
    buf_append_u64(l->out, mark->tries);
    REPLY_LITERAL(l->out, ",\"last_status\":");
    buf_append_u64(l->out, mark->status);
    if (info->error.len) {
        REPLY_LITERAL(l->out, ",\"error\":");
        buf_append_json(l->out, info->error);
    }
    if (mark->tries && !mark->disabled) {
        REPLY_LITERAL(l->out, ",\"retry_at\":\"");
        buf_append_time(l->out, mark->retry_ms);
        buf_append_char(l->out, '"');
    }
    if (mark->disabled) {
        REPLY_LITERAL(l->out, ",\"disabled_at\":\"");
        buf_append_time(l->out, mark->failed_ms);
        buf_append_char(l->out, '"');
    }
    buf_append_char(l->out, '}');
}
