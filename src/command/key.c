#include "command/key.h"

#include "base/clock.h"
#include "command/object_parse.h"
#include "command/reply.h"

#define EXPIRY_MOST_S 1e12 // 30,000 years

bool key_exists(struct command_call *call, struct str key) {
    return engine_objects(commands_engine(call->commands), call->reader, key) > 0;
}

enum status key_missing(struct command_call *call, struct str key) {
    return reason_set(call->why, STATUS_NOT_FOUND, "%s",
                      key_exists(call, key) ? "id not found" : "key not found");
}

enum status key_find(struct command_call *call, struct str key, struct str id, struct object *out) {
    enum status st =
        engine_get(commands_engine(call->commands), call->reader, key, id, out, call->why);
    return st == STATUS_NOT_FOUND ? key_missing(call, key) : st;
}

void key_wait(struct command_call *call, uint64_t lsn) {
    call->wait_lsn = lsn > call->wait_lsn ? lsn : call->wait_lsn;
}

enum status key_change(struct command_call *call, const struct change *change,
                       struct change_result *result) {
    uint64_t lsn;
    enum status st = engine_apply(commands_engine(call->commands), call->reader, change, 1, result,
                                  &lsn, call->why);
    if (st != STATUS_OK) {
        return st;
    }
    key_wait(call, lsn);
    if (result->status != STATUS_OK && result->status != STATUS_NOT_FOUND &&
        result->status != STATUS_PRECONDITION) {
        *call->why = result->why;
    }
    return result->status;
}

enum status key_expiry(struct args *a, int64_t *expires_ms) {
    double seconds;
    enum status st = args_double(a, &seconds);
    if (st == STATUS_OK) {
        seconds = seconds > EXPIRY_MOST_S ? EXPIRY_MOST_S : seconds;
        seconds = seconds < -EXPIRY_MOST_S ? -EXPIRY_MOST_S : seconds;
        *expires_ms = clock_wall_ms() + (int64_t)(seconds * 1000);
    }
    return st;
}

static bool is_reserved(struct str name) {
    return str_eq(name, STR("z")) || str_eq(name, STR("lat")) || str_eq(name, STR("lon"));
}

enum status key_field(struct args *a, struct change_member *out) {
    struct command_call *call = a->call;
    struct str name, text;
    if (args_left(a) < 2) {
        return reply_arguments(call);
    }
    (void)!args_text(a, &name);
    (void)!args_text(a, &text);
    if (is_reserved(name) || !str_is_utf8(name)) {
        return reply_invalid(call, name);
    }
    struct buf value;
    buf_init(&value);
    enum status st = object_parse_value(text, &value);
    out->name = str_trim(name);
    out->value = st == STATUS_OK ? arena_str(call->arena, buf_str(&value)) : STR_NONE;
    buf_deinit(&value);
    if (st == STATUS_BAD_REQUEST) {
        return reply_invalid(call, text);
    }
    return st == STATUS_OK && !out->value.p ? STATUS_NO_MEMORY : st;
}
