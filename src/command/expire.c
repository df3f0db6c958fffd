// expire.c - EXPIRE, PERSIST, TTL.

#include "base/clock.h"
#include "command/endpoints.h"
#include "command/key.h"
#include "command/reply.h"

/// 0 in RESP, an error in JSON.
static enum status not_there(struct command_call *call, enum status st, int64_t resp) {
    if (st != STATUS_NOT_FOUND || reply_is_json(call)) {
        return st;
    }
    resp_integer(call->out, resp);
    return STATUS_OK;
}

static enum status change_expiry(struct command_call *call, const int64_t *expires_ms) {
    struct change change = {.kind = CHANGE_PATCH,
                            .collection = call->args[1],
                            .draft = {.id = call->args[2],
                                      .has_expiry = expires_ms != NULL,
                                      .expires_ms = expires_ms ? *expires_ms : 0},
                            .patch_expiry = true};
    struct change_result result;
    enum status st = key_change(call, &change, &result);
    return st == STATUS_NOT_FOUND ? key_missing(call, call->args[1]) : st;
}

enum status command_expire(struct command_call *call) {
    struct args a = args_begin(call, 3);
    int64_t expires_ms;
    enum status st = key_expiry(&a, &expires_ms);
    if (st != STATUS_OK) {
        return st;
    }
    st = change_expiry(call, &expires_ms);
    return st == STATUS_OK ? reply_count(call, 1) : not_there(call, st, 0);
}

enum status command_persist(struct command_call *call) {
    struct object o;
    enum status st = key_find(call, call->args[1], call->args[2], &o);
    bool expires = st == STATUS_OK && (o.flags & OBJECT_HAS_EXPIRY);
    if (expires) {
        st = change_expiry(call, NULL);
    }
    return st == STATUS_OK ? reply_count(call, expires) : not_there(call, st, 0);
}

enum status command_ttl(struct command_call *call) {
    struct object o;
    enum status st = key_find(call, call->args[1], call->args[2], &o);
    if (st != STATUS_OK) {
        return not_there(call, st, -2);
    }
    int64_t seconds = -1;
    if (o.flags & OBJECT_HAS_EXPIRY) {
        int64_t left_ms = object_expires_ms(&o) - clock_wall_ms();
        seconds = left_ms > 0 ? (left_ms - 1) / 1000 : 0; // a moment has passed since SET
    }
    if (!reply_is_json(call)) {
        resp_integer(call->out, seconds);
        return STATUS_OK;
    }
    struct buf *out = reply_json_begin(call);
    buf_append_str(out, STR(",\"ttl\":"));
    buf_append_i64(out, seconds);
    return reply_json_end(call);
}
