// connection.c - what a client says about its connection.

#include "command/args.h"
#include "command/endpoints.h"
#include "command/reply.h"

enum status command_ping(struct command_call *call) {
    struct str message = call->count > 1 ? call->args[1] : STR("PONG");
    if (!reply_is_json(call)) {
        if (call->count > 1) {
            resp_bulk(call->out, message);
        } else {
            resp_simple(call->out, message);
        }
        return STATUS_OK;
    }
    struct buf *out = reply_json_begin(call);
    buf_append_str(out, call->count > 1 ? STR(",\"ping\":") : STR(",\"ping\":\"pong\""));
    if (call->count > 1) {
        buf_append_json(out, message);
    }
    return reply_json_end(call);
}

enum status command_echo(struct command_call *call) {
    if (!reply_is_json(call)) {
        resp_bulk(call->out, call->args[1]);
        return STATUS_OK;
    }
    struct buf *out = reply_json_begin(call);
    buf_append_str(out, STR(",\"echo\":"));
    buf_append_json(out, call->args[1]);
    return reply_json_end(call);
}

enum status command_quit(struct command_call *call) {
    call->client->quit = true;
    return reply_ok(call);
}

enum status command_output(struct command_call *call) {
    struct args a = args_begin(call, 1);
    if (args_take_word(&a, "json")) {
        call->client->json = true;
        return reply_ok(call);
    }
    if (args_take_word(&a, "resp")) {
        call->client->json = false;
        return reply_ok(call);
    }
    if (args_left(&a)) {
        return reply_invalid(call, args_peek(&a));
    }
    if (!reply_is_json(call)) {
        resp_bulk(call->out, STR("resp"));
        return STATUS_OK;
    }
    buf_append_str(reply_json_begin(call), STR(",\"output\":\"json\""));
    return reply_json_end(call);
}
