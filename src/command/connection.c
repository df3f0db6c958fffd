// connection.c - what a client says about its connection.

#include "base/clock.h"
#include "command/args.h"
#include "command/commands_state.h"
#include "command/endpoints.h"
#include "command/reply.h"

enum status command_ping(struct command_call *call) {
    struct str message = call->count > 1 ? call->args[1] : STR("PONG");
    if (!reply_is_json(call)) {
        if (call->client->subscribed) {
            resp_array(call->out, 2);
            resp_bulk(call->out, STR("pong"));
            resp_bulk(call->out, call->count > 1 ? message : STR(""));
        } else if (call->count > 1) {
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

enum status command_auth(struct command_call *call) {
    struct str password = call->args[call->count - 1]; // AUTH user password, of Redis 6, too
    bool asked = commands_ask_password(call->commands);
    if (!asked || !commands_authenticate(call->commands, call->client, password)) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "invalid password");
    }
    return reply_ok(call);
}

enum status command_timeout(struct command_call *call) {
    struct args a = args_begin(call, 1);
    struct str text;
    double seconds;
    enum status st = args_text(&a, &text);
    if (st != STATUS_OK) {
        return st;
    }
    if (!str_parse_number(text, &seconds) || seconds < 0 || seconds > 1e9) {
        return reply_invalid(call, text);
    }
    if (!args_left(&a)) {
        return reply_arguments(call);
    }
    if (call->deadline_ns) { // the inner of two counts, and the outer is not a command of its own
        return reply_invalid(call, call->args[0]);
    }
    call->deadline_ns = clock_mono_ns() + (uint64_t)(seconds * 1e9);
    call->timed = true;
    call->args += a.at;
    call->count -= a.at;
    size_t begin = call->out->len;
    st = command_answer_nested(call);
    bool late = !call->live.end && command_is_late(call);
    if (late) {
        call->out->len = begin;
        st = reason_set(call->why, STATUS_TIMEOUT, "timeout");
    }
    return st;
}
