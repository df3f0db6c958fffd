// script_commands.c - EVAL and its kin, SCRIPT LOAD, EXISTS, FLUSH.

#include "command/args.h"
#include "command/commands_state.h"
#include "command/endpoints.h"
#include "command/reply.h"
#include "command/script_call.h"
#include "command/scripts.h"

static enum status eval(struct command_call *call, struct scripts_run run);

enum status command_eval(struct command_call *call) {
    return eval(call, (struct scripts_run){.alone = true, .mode = SCRIPT_WRITE, .command = "eval"});
}

enum status command_evalsha(struct command_call *call) {
    return eval(call,
                (struct scripts_run){
                    .is_sha = true, .alone = true, .mode = SCRIPT_WRITE, .command = "evalsha"});
}

enum status command_evalro(struct command_call *call) {
    return eval(call, (struct scripts_run){.mode = SCRIPT_READ, .command = "evalro"});
}

enum status command_evalrosha(struct command_call *call) {
    return eval(call,
                (struct scripts_run){.is_sha = true, .mode = SCRIPT_READ, .command = "evalrosha"});
}

enum status command_evalna(struct command_call *call) {
    return eval(call, (struct scripts_run){.mode = SCRIPT_WRITE, .command = "evalna"});
}

enum status command_evalnasha(struct command_call *call) {
    return eval(call,
                (struct scripts_run){.is_sha = true, .mode = SCRIPT_WRITE, .command = "evalnasha"});
}

static enum status eval(struct command_call *call, struct scripts_run run) {
    struct args a = args_begin(call, 1);
    uint64_t keys;
    enum status st = args_text(&a, &run.text);
    if (st == STATUS_OK) st = args_u64(&a, &keys);
    if (st != STATUS_OK) return st;
    if (run.text.len == 0 || keys > args_left(&a)) return reply_arguments(call);
    run.keys = call->args + a.at;
    run.key_count = (size_t)keys;
    run.args = run.keys + keys;
    run.arg_count = args_left(&a) - run.key_count;
    return scripts_eval(call->commands->scripts, call, &run);
}

enum status command_script_load(struct command_call *call) {
    char sha[SCRIPT_SHA_BYTES];
    struct str text = call->args[2];
    if (text.len == 0) return reply_arguments(call);
    enum status st = scripts_load(call->commands->scripts, call, text, sha);
    if (st != STATUS_OK) return st;
    if (!reply_is_json(call)) {
        resp_bulk(call->out, str_of(sha));
        return STATUS_OK;
    }
    buf_append_str(reply_json_begin(call), STR(",\"result\":"));
    buf_append_json(call->out, str_of(sha));
    return reply_json_end(call);
}

enum status command_script_exists(struct command_call *call) {
    bool json = reply_is_json(call);
    if (json) {
        buf_append_str(reply_json_begin(call), STR(",\"result\":["));
    } else {
        resp_array(call->out, call->count - 2);
    }
    for (size_t i = 2; i < call->count; i++) {
        bool there = scripts_exists(call->commands->scripts, call->args[i]);
        if (json) {
            buf_append_str(call->out, i > 2 ? STR(",") : STR(""));
            buf_append_u64(call->out, there);
        } else {
            resp_integer(call->out, there);
        }
    }
    if (!json) return STATUS_OK;
    buf_append_char(call->out, ']');
    return reply_json_end(call);
}

enum status command_script_flush(struct command_call *call) {
    scripts_flush(call->commands->scripts);
    if (reply_is_json(call)) return reply_ok(call);
    resp_bulk(call->out, STR("OK"));
    return STATUS_OK;
}
