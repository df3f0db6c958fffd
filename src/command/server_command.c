// server_command.c - COMMAND: clients of Redis ask what there is before they do anything.

#include "command/args.h"
#include "command/endpoints.h"
#include "command/reply.h"

static void write_all(struct command_call *call, bool names_only);
static void write_one(struct command_call *call, const struct command *c);

enum status command_command(struct command_call *call) {
    struct args a = args_begin(call, 1);
    size_t count;
    command_table(&count);
    if (args_take_word(&a, "docs") && !reply_is_json(call)) {
        resp_array(call->out, 0); // redis-cli then knows no hints, and is content
        return STATUS_OK;
    }
    a = args_begin(call, 1);
    if (args_take_word(&a, "count") && !reply_is_json(call)) {
        resp_integer(call->out, (int64_t)count);
        return STATUS_OK;
    }
    bool list = args_take_word(&a, "list");
    if (args_left(&a) && !args_take_word(&a, "info")) {
        return reply_invalid(call, args_peek(&a));
    }
    if (args_left(&a) && !reply_is_json(call)) {
        resp_array(call->out, args_left(&a));
        for (; args_left(&a); a.at++) {
            size_t words;
            const struct command *c = command_find(call->commands, &call->args[a.at], 1, &words);
            c ? write_one(call, c) : resp_null(call->out);
        }
        return STATUS_OK;
    }
    write_all(call, list);
    return reply_is_json(call) ? reply_json_end(call) : STATUS_OK;
}

static void write_all(struct command_call *call, bool names_only) {
    size_t count;
    const struct command *table = command_table(&count);
    bool json = reply_is_json(call);
    if (json) {
        buf_append_str(reply_json_begin(call), STR(",\"commands\":["));
    } else {
        resp_array(call->out, count);
    }
    for (size_t i = 0; i < count; i++) {
        if (json) {
            buf_append_str(call->out, i ? STR(",") : STR(""));
            buf_append_json(call->out, str_of(table[i].help));
        } else if (names_only) {
            resp_bulk(call->out, str_of(table[i].name));
        } else {
            write_one(call, &table[i]);
        }
    }
    if (json) {
        buf_append_char(call->out, ']');
    }
}

/// Name, arity, flags, and which arguments are keys, as Redis lists them.
static void write_one(struct command_call *call, const struct command *c) {
    struct buf *out = call->out;
    bool write = c->flags & COMMAND_WRITE, read = !write && c->flags & COMMAND_READ;
    bool admin = c->flags & COMMAND_ADMIN;
    int64_t key = read || write;
    resp_array(out, 6);
    resp_bulk(out, str_of(c->name));
    resp_integer(out, c->most == c->least ? c->least : -(int64_t)c->least);
    resp_array(out, (size_t)write + read + admin);
    if (write) {
        resp_simple(out, STR("write"));
    }
    if (read) {
        resp_simple(out, STR("readonly"));
    }
    if (admin) {
        resp_simple(out, STR("admin"));
    }
    resp_integer(out, key);
    resp_integer(out, key);
    resp_integer(out, key);
}
