// pubsub.c - SUBSCRIBE and its family, PUBLISH.

#include "command/commands_state.h"
#include "command/endpoints.h"
#include "command/reply.h"

static enum status change(struct command_call *call, enum hub_kind kind, bool leave);
static enum status leave_all(struct command_call *call, enum hub_kind kind, const char *word);
static enum status tell(struct command_call *call, const char *word, struct str channel,
                        size_t number, size_t of);

enum status command_subscribe(struct command_call *call) {
    return change(call, HUB_CHANNEL, false);
}

enum status command_psubscribe(struct command_call *call) {
    return change(call, HUB_PATTERN, false);
}

enum status command_unsubscribe(struct command_call *call) {
    return change(call, HUB_CHANNEL, true);
}

enum status command_punsubscribe(struct command_call *call) {
    return change(call, HUB_PATTERN, true);
}

static size_t subscriptions(const struct command_call *call) {
    return hub_subscriptions(call->client->subscriber(call->client)); // it has been made
}

static enum status change(struct command_call *call, enum hub_kind kind, bool leave) {
    static const char *const words[2][2] = {{"subscribe", "unsubscribe"},
                                            {"psubscribe", "punsubscribe"}};
    struct command_client *client = call->client;
    const char *word = words[kind == HUB_PATTERN][leave];
    if (!client->subscriber || !commands_hub(call->commands)) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "%s is not possible here", word);
    }
    struct hub_subscriber *s = client->subscriber(client);
    if (!s) {
        return STATUS_NO_MEMORY;
    }
    enum status st = STATUS_OK;
    if (leave && call->count == 1) {
        st = leave_all(call, kind, word);
    }
    for (size_t i = 1; i < call->count && st == STATUS_OK; i++) {
        if (leave) {
            hub_unsubscribe(s, kind, call->args[i]);
        } else {
            st = hub_subscribe(s, kind, call->args[i]);
        }
        if (st == STATUS_OK) {
            st = tell(call, word, call->args[i], i - 1, call->count - 1);
        }
    }
    client->subscribed = subscriptions(call) > 0;
    return st;
}

static enum status leave_all(struct command_call *call, enum hub_kind kind, const char *word) {
    struct hub_subscriber *s = call->client->subscriber(call->client);
    struct str name;
    size_t of = hub_subscriptions(s), number = 0;
    if (!hub_subscription_any(s, kind, &name)) {
        return tell(call, word, STR_NONE, 0, 1);
    }
    enum status st = STATUS_OK;
    while (st == STATUS_OK && hub_subscription_any(s, kind, &name)) {
        name = arena_str(call->arena, name);
        if (!name.p) {
            return STATUS_NO_MEMORY;
        }
        hub_unsubscribe(s, kind, name);
        st = tell(call, word, name, number++, of);
    }
    return st;
}

/// The reply number `number` of at most `of`.
static enum status tell(struct command_call *call, const char *word, struct str channel,
                        size_t number, size_t of) {
    struct buf *out = call->out;
    int64_t left = (int64_t)subscriptions(call);
    if (number == 0) {
        call->parts = arena_alloc(call->arena, of * sizeof *call->parts);
        call->part_count = 0;
        if (!call->parts) {
            return STATUS_NO_MEMORY;
        }
    }
    if (reply_is_json(call)) {
        buf_append_str(reply_json_begin(call), STR(",\"command\":"));
        buf_append_json(out, str_of(word));
        buf_append_str(out, STR(",\"channel\":"));
        channel.p ? buf_append_json(out, channel) : buf_append_str(out, STR("null"));
        buf_append_str(out, STR(",\"num\":"));
        buf_append_i64(out, left);
        reply_json_end(call);
    } else {
        resp_array(out, 3);
        resp_bulk(out, str_of(word));
        channel.p ? resp_bulk(out, channel) : resp_null(out);
        resp_integer(out, left);
    }
    call->parts[call->part_count++] = out->len;
    return STATUS_OK;
}

enum status command_publish(struct command_call *call) {
    struct hub *hub = commands_hub(call->commands);
    size_t heard = 0;
    enum status st =
        hub ? hub_publish(hub, HUB_CHANNEL, call->args[1], call->args[2], &heard) : STATUS_OK;
    if (st != STATUS_OK) {
        return st;
    }
    if (!reply_is_json(call)) {
        resp_integer(call->out, (int64_t)heard);
        return STATUS_OK;
    }
    buf_append_str(reply_json_begin(call), STR(",\"published\":"));
    buf_append_u64(call->out, heard);
    return reply_json_end(call);
}
