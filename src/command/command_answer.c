// command_answer.c - finds the command, checks its arguments, frames its reply.

#include "base/clock.h"
#include "base/hash.h"
#include "command/commands_state.h"
#include "command/monitor.h"
#include "command/reply.h"

enum { NAME_MAX_BYTES = 32, TABLE = COMMANDS_TABLE };

static void run(struct command_call *call);
static bool is_code(struct str text);
static void write_error(struct command_call *call, enum status st);
static size_t fold(struct str word, char out[NAME_MAX_BYTES], size_t at);
static const struct command *look_up(const struct commands *commands, const char *name, size_t len);

const struct command *command_find(const struct commands *commands, const struct str *args,
                                   size_t count, size_t *words) {
    char name[NAME_MAX_BYTES];
    *words = 1;
    if (count == 0) {
        return NULL;
    }
    size_t len = fold(args[0], name, 0);
    const struct command *found = len ? look_up(commands, name, len) : NULL;
    if (found || count < 2 || len == 0 || len + 2 > sizeof name) {
        return found;
    }
    name[len++] = ' ';
    size_t both = fold(args[1], name, len);
    *words = 2;
    return both ? look_up(commands, name, both) : NULL;
}

void command_answer(struct command_call *call) {
    struct buf *out = call->out;
    size_t begin = out->len;
    run(call);
    size_t body = out->len - begin;
    if (!call->client->json || out->failed ||
        body == 0) { // OUTPUT resp has just been said, or it goes live
        return;
    }
    char head[24];
    struct buf h = {.data = head, .cap = sizeof head};
    buf_append_char(&h, '$');
    buf_append_u64(&h, body);
    buf_append_str(&h, STR("\r\n"));
    if (!buf_reserve(out, h.len + 2)) {
        return;
    }
    memmove(out->data + begin + h.len, out->data + begin, body);
    memcpy(out->data + begin, head, h.len);
    out->len += h.len;
    buf_append_str(out, STR("\r\n"));
}

void command_refuse(struct command_call *call, enum status st, const char *text) {
    struct reason why = {0};
    if (text) {
        reason_set(&why, st, "%s", text);
    }
    if (!call->begin_ns) {
        call->begin_ns = clock_mono_ns();
    }
    call->why = &why;
    write_error(call, st);
    call->why = NULL;
}

void command_answer_bare(struct command_call *call) {
    run(call);
}

static void run(struct command_call *call) {
    struct reason why;
    why.text[0] = why.pointer[0] = '\0'; // the rest of it is not looked at
    size_t begin = call->out->len;
    call->why = &why;
    if (!call->begin_ns) {
        call->begin_ns = clock_mono_ns();
    }
    enum status st = command_answer_nested(call);
    if (st != STATUS_OK) {
        call->out->len = begin; // half an answer is none
        write_error(call, st);
    }
    call->why = NULL;
}

static enum status no_memory(struct reason *why) {
    return reason_set(why, STATUS_NO_MEMORY,
                      "OOM command not allowed when used memory > 'maxmemory'");
}

enum status command_answer_nested(struct command_call *call) {
    size_t words;
    const struct command *c = command_find(call->commands, call->args, call->count, &words);
    call->command = c;
    if (!c) {
        struct str name = call->count ? call->args[0] : STR("");
        return reason_set(call->why, STATUS_BAD_METHOD, "unknown command '%.*s'",
                          (int)(name.len < 64 ? name.len : 64), name.p);
    }
    enum status st = command_answer_check(call, c);
    if (st != STATUS_OK) {
        return st;
    }
    if (atomic_load_explicit(&call->commands->monitors, memory_order_relaxed)) {
        monitor_tell(call);
    }
    st = c->run(call);
    return st == STATUS_NO_MEMORY && c->flags & COMMAND_WRITE ? no_memory(call->why) : st;
}

void command_answer_refuse(struct command_call *call, enum status st, struct reason *why) {
    if (st == STATUS_NO_MEMORY) {
        no_memory(why);
    }
    call->why = why;
    write_error(call, st);
    call->why = NULL;
}

enum status command_answer_check(struct command_call *call, const struct command *c) {
    struct commands *all = call->commands;
    const struct command_client *client = call->client;
    if (!client->authenticated && !(c->flags & COMMAND_OPEN) &&
        atomic_load_explicit(&all->asks_password, memory_order_relaxed)) {
        return reason_set(call->why, STATUS_UNAUTHORIZED, "NOAUTH Authentication required.");
    }
    if (client->subscribed && !(c->flags & COMMAND_PUBSUB)) {
        return reason_set(call->why, STATUS_BAD_REQUEST,
                          "only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT allowed in this "
                          "context");
    }
    if (call->count < c->least || (c->most && call->count > c->most)) {
        return reply_arguments(call);
    }
    if (!(c->flags & COMMAND_WRITE)) {
        return STATUS_OK;
    }
    if (atomic_load_explicit(&all->read_only, memory_order_relaxed)) {
        return reason_set(call->why, STATUS_READ_ONLY, "read only");
    }
    if (call->timed) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "timeout not supported for '%s'", c->name);
    }
    return STATUS_OK;
}

bool command_is_late(const struct command_call *call) {
    return call->deadline_ns && clock_mono_ns() >= call->deadline_ns;
}

static void write_error(struct command_call *call, enum status st) {
    struct buf *out = call->out;
    const char *text = call->why->text;
    if (call->client->json) {
        buf_append_str(out, STR("{\"ok\":false,\"err\":"));
        buf_append_json(out, str_of(text[0] ? text : status_text(st)));
        buf_append_str(out, STR(",\"elapsed\":\""));
        reply_elapsed(out, call->begin_ns);
        buf_append_str(out, STR("\"}"));
        return;
    }
    if (!text[0]) {
        resp_error(out, str_of(status_resp(st)));
        return;
    }
    char room[sizeof call->why->text + 32];
    struct buf line = {.data = room, .cap = sizeof room};
    if (!is_code(str_of(text))) {
        buf_append_str(&line, st == STATUS_NO_MEMORY ? STR("OOM ") : STR("ERR "));
    }
    buf_append_str(&line, str_of(text));
    resp_error(out, buf_str(&line));
}

/// Does it begin with a word of capitals: OOM, NOAUTH?
static bool is_code(struct str text) {
    size_t len = str_find(text, ' ');
    for (size_t i = 0; i < len; i++) {
        if (text.p[i] < 'A' || text.p[i] > 'Z') {
            return false;
        }
    }
    return len > 0;
}

static size_t fold(struct str word, char out[NAME_MAX_BYTES], size_t at) {
    if (word.len == 0 || word.len > NAME_MAX_BYTES - at) {
        return 0;
    }
    for (size_t i = 0; i < word.len; i++) {
        char c = word.p[i];
        out[at + i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    return at + word.len;
}

static const struct command *look_up(const struct commands *commands, const char *name,
                                     size_t len) {
    struct str wanted = {name, len};
    for (size_t at = hash_bytes(name, len, 0) % TABLE; commands->table[at]; at = (at + 1) % TABLE) {
        if (str_eq(str_of(commands->table[at]->name), wanted)) {
            return commands->table[at];
        }
    }
    return NULL;
}
