#include "command/reply.h"

#include "base/clock.h"

struct buf *reply_json_begin(struct command_call *call) {
    buf_append_str(call->out, STR("{\"ok\":true"));
    return call->out;
}

enum status reply_json_end(struct command_call *call) {
    buf_append_str(call->out, STR(",\"elapsed\":\""));
    reply_elapsed(call->out, call->begin_ns);
    buf_append_str(call->out, STR("\"}"));
    return STATUS_OK;
}

enum status reply_ok(struct command_call *call) {
    if (!reply_is_json(call)) {
        resp_simple(call->out, STR("OK"));
        return STATUS_OK;
    }
    reply_json_begin(call);
    return reply_json_end(call);
}

enum status reply_count(struct command_call *call, int64_t v) {
    if (!reply_is_json(call)) {
        resp_integer(call->out, v);
        return STATUS_OK;
    }
    return reply_ok(call);
}

enum status reply_missing(struct command_call *call, const char *text) {
    if (!reply_is_json(call)) {
        resp_null(call->out);
        return STATUS_OK;
    }
    return reason_set(call->why, STATUS_NOT_FOUND, "%s", text);
}

enum status reply_invalid(struct command_call *call, struct str argument) {
    return reason_set(call->why, STATUS_BAD_REQUEST, "invalid argument '%.*s'",
                      (int)(argument.len < 128 ? argument.len : 128), argument.p);
}

enum status reply_arguments(struct command_call *call) {
    if (reply_is_json(call)) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "invalid number of arguments");
    }
    char name[64];
    int len = 0;
    struct str s = call->command ? str_of(call->command->name) : call->args[0];
    for (; len < (int)sizeof name && (size_t)len < s.len; len++) {
        name[len] = s.p[len] >= 'A' && s.p[len] <= 'Z' ? (char)(s.p[len] + 32) : s.p[len];
    }
    return reason_set(call->why, STATUS_BAD_REQUEST, "wrong number of arguments for '%.*s' command",
                      len, name);
}

void reply_elapsed(struct buf *out, uint64_t begin_ns) {
    static const struct {
        uint64_t ns;
        const char *unit;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "\xc2\xb5s"}};
    uint64_t ns = clock_mono_ns() - begin_ns;
    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (ns >= units[i].ns) {
            buf_append_fixed(out, (double)ns / (double)units[i].ns, 9);
            buf_append_str(out, str_of(units[i].unit));
            return;
        }
    }
    buf_append_u64(out, ns);
    buf_append_str(out, STR("ns"));
}
