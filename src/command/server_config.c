// server_config.c - CONFIG: what Tile38's clients set; it holds until the next start, the file is ours (docs/configuration.md).

#include "command/args.h"
#include "command/commands_state.h"
#include "command/endpoints.h"
#include "command/reply.h"

static void write_autogc(struct command_call *call, struct buf *out);
static void write_keepalive(struct command_call *call, struct buf *out);
static void write_maxmemory(struct command_call *call, struct buf *out);
static void write_nothing(struct command_call *call, struct buf *out);
static void write_password(struct command_call *call, struct buf *out);
static void write_protected(struct command_call *call, struct buf *out);
static enum status set_autogc(struct command_call *call, struct str value);
static enum status set_keepalive(struct command_call *call, struct str value);
static enum status set_leaderauth(struct command_call *call, struct str value);
static enum status set_maxmemory(struct command_call *call, struct str value);
static enum status set_password(struct command_call *call, struct str value);
static enum status set_protected(struct command_call *call, struct str value);
static enum status invalid(struct command_call *call, struct str value);

// In order of names, as they are listed.
static const struct property {
    const char *name;
    void (*write)(struct command_call *call, struct buf *out);
    enum status (*set)(struct command_call *call, struct str value);
} properties[] = {
    {"autogc", write_autogc, set_autogc},
    {"keepalive", write_keepalive, set_keepalive},
    {"leaderauth", write_nothing, set_leaderauth},
    {"maxmemory", write_maxmemory, set_maxmemory},
    {"protected-mode", write_protected, set_protected},
    {"requirepass", write_password, set_password},
};
enum { COUNT = sizeof properties / sizeof properties[0] };

static size_t words_of(const struct command_call *call) {
    return str_find(call->args[0], ' ') < call->args[0].len ? 1 : 2;
}

enum status command_config_get(struct command_call *call) {
    struct args a = args_begin(call, words_of(call));
    struct str pattern;
    enum status st = args_text(&a, &pattern);
    st = st == STATUS_OK ? args_end(&a) : st;
    if (st != STATUS_OK) {
        return st;
    }
    size_t matched = 0;
    for (size_t i = 0; i < COUNT; i++) {
        matched += str_glob(pattern, str_of(properties[i].name));
    }
    bool json = reply_is_json(call);
    if (json) {
        buf_append_str(reply_json_begin(call), STR(",\"properties\":{"));
    } else {
        resp_array(call->out, 2 * matched);
    }
    bool any = false;
    for (size_t i = 0; i < COUNT; i++) {
        struct str name = str_of(properties[i].name);
        struct buf value;
        if (!str_glob(pattern, name)) {
            continue;
        }
        buf_init(&value);
        properties[i].write(call, &value);
        call->out->failed |= value.failed;
        if (json) {
            buf_append_str(call->out, any ? STR(",") : STR(""));
            buf_append_json(call->out, name);
            buf_append_char(call->out, ':');
            buf_append_json(call->out, buf_str(&value));
        } else {
            resp_bulk(call->out, name);
            resp_bulk(call->out, buf_str(&value));
        }
        any = true;
        buf_deinit(&value);
    }
    if (!json) {
        return STATUS_OK;
    }
    buf_append_char(call->out, '}');
    return reply_json_end(call);
}

enum status command_config_set(struct command_call *call) {
    struct args a = args_begin(call, words_of(call));
    struct str name, value = STR("");
    enum status st = args_text(&a, &name);
    bool bare = st == STATUS_OK && !args_left(&a) && str_eq_nocase(name, STR("requirepass"));
    if (st == STATUS_OK && !bare) {
        st = args_text(&a, &value);
    }
    st = st == STATUS_OK ? args_end(&a) : st;
    for (size_t i = 0; i < COUNT && st == STATUS_OK; i++) {
        if (str_eq_nocase(name, str_of(properties[i].name))) {
            st = properties[i].set(call, value);
            return st == STATUS_OK ? reply_ok(call) : st;
        }
    }
    return st != STATUS_OK
               ? st
               : reason_set(call->why, STATUS_BAD_REQUEST, "Unsupported CONFIG parameter: %.*s",
                            (int)(name.len < 64 ? name.len : 64), name.p);
}

enum status command_config_rewrite(struct command_call *call) {
    return reason_set(call->why, STATUS_NOT_IMPLEMENTED,
                      "not supported: CONFIG REWRITE: write resp.password and "
                      "limits.memory_bytes into the configuration file");
}

// --- what there is ---

static void write_autogc(struct command_call *call, struct buf *out) {
    buf_append_u64(out, atomic_load(&call->commands->autogc_s));
}

static void write_keepalive(struct command_call *call, struct buf *out) {
    buf_append_u64(out, atomic_load(&call->commands->keepalive_s));
}

/// In the largest whole unit, cut, as Tile38 shows it.
static void write_maxmemory(struct command_call *call, struct buf *out) {
    static const char *const units[] = {"", "kb", "mb", "gb"};
    struct engine_stats stats;
    engine_stats(commands_engine(call->commands), &stats);
    uint64_t v = stats.memory_limit;
    unsigned unit = 0;
    for (; v >= 1024 && unit < 3; unit++) {
        v /= 1024;
    }
    if (v) {
        buf_append_u64(out, v);
        buf_append_str(out, str_of(units[unit]));
    }
}

static void write_nothing(struct command_call *call, struct buf *out) {
    (void)call;
    (void)out;
}

static void write_password(struct command_call *call, struct buf *out) {
    struct commands *c = call->commands;
    pthread_mutex_lock(&c->lock);
    buf_append_str(out, str_of(c->password));
    pthread_mutex_unlock(&c->lock);
}

static void write_protected(struct command_call *call, struct buf *out) {
    (void)call;
    buf_append_str(out, STR("yes"));
}

static enum status set_autogc(struct command_call *call, struct str value) {
    uint64_t v = 0;
    if (value.len && !str_parse_u64(value, &v)) {
        return invalid(call, value);
    }
    atomic_store(&call->commands->autogc_s, v); // memory is given back all the time anyway
    return STATUS_OK;
}

static enum status set_keepalive(struct command_call *call, struct str value) {
    uint64_t v = COMMANDS_KEEPALIVE_S;
    if (value.len && (!str_parse_u64(value, &v) || v > INT32_MAX)) {
        return invalid(call, value);
    }
    atomic_store(&call->commands->keepalive_s, v);
    return STATUS_OK;
}

static enum status set_leaderauth(struct command_call *call, struct str value) {
    return value.len == 0 ? STATUS_OK
                          : reason_set(call->why, STATUS_NOT_IMPLEMENTED,
                                       "not supported: leaderauth: there is no leader to follow");
}

static enum status set_maxmemory(struct command_call *call, struct str value) {
    uint64_t v = 0;
    if (value.len && (!str_parse_bytes(value, &v) || v > SIZE_MAX / 4)) {
        return invalid(call, value);
    }
    uint64_t plain;
    struct str unit = value.len > 2 ? str_sub(value, value.len - 2, 2) : STR("");
    struct str number = str_sub(value, 0, value.len - unit.len);
    static const struct {
        const char *name;
        unsigned shift;
    } units[] = {{"kb", 10}, {"mb", 20}, {"gb", 30}}; // of 1024, as in Tile38 and Redis
    for (unsigned i = 0; i < 3; i++) {
        if (str_eq_nocase(unit, str_of(units[i].name)) && str_parse_u64(number, &plain) &&
            plain < SIZE_MAX >> units[i].shift) {
            v = plain << units[i].shift;
        }
    }
    engine_memory_limit_set(commands_engine(call->commands), (size_t)v);
    return STATUS_OK;
}

static enum status set_password(struct command_call *call, struct str value) {
    bool fits = value.len == 0 || !memchr(value.p, '\0', value.len);
    if (!fits || commands_password(call->commands, value) != STATUS_OK) {
        return invalid(call, STR("(a password of more than 255 bytes, or with a NUL)"));
    }
    call->client->authenticated = true; // who set it knows it
    return STATUS_OK;
}

static enum status set_protected(struct command_call *call, struct str value) {
    if (str_eq_nocase(value, STR("yes"))) {
        return STATUS_OK;
    }
    if (!str_eq_nocase(value, STR("no"))) {
        return invalid(call, value);
    }
    return reason_set(call->why, STATUS_NOT_IMPLEMENTED,
                      "not supported: protected-mode no: set requirepass, and resp.listen in the "
                      "configuration");
}

static enum status invalid(struct command_call *call, struct str value) {
    struct str name = call->args[words_of(call)];
    return reason_set(call->why, STATUS_BAD_REQUEST,
                      "Invalid argument '%.*s' for CONFIG SET '%.*s'",
                      (int)(value.len < 64 ? value.len : 64), value.p,
                      (int)(name.len < 64 ? name.len : 64), name.p);
}
