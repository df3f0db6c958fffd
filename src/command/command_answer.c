// command_answer.c - finds the command, checks its arguments, frames its reply.

#include "base/clock.h"
#include "base/hash.h"
#include "command/commands_state.h"
#include "command/reply.h"

enum { NAME_MAX_BYTES = 32, TABLE = COMMANDS_TABLE };

static void run(struct command_call *call);
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
    if (!call->client->json) {
        run(call);
        return;
    }
    // The object goes first, then the head of its bulk is put before it.
    struct buf *out = call->out;
    size_t begin = out->len;
    run(call);
    if (out->failed || !call->client->json) { // OUTPUT resp has just been said
        return;
    }
    char head[24];
    struct buf h = {.data = head, .cap = sizeof head};
    buf_append_char(&h, '$');
    buf_append_u64(&h, out->len - begin);
    buf_append_str(&h, STR("\r\n"));
    size_t body = out->len - begin;
    if (!buf_reserve(out, h.len + 2)) {
        return;
    }
    memmove(out->data + begin + h.len, out->data + begin, body);
    memcpy(out->data + begin, head, h.len);
    out->len += h.len;
    buf_append_str(out, STR("\r\n"));
}

void command_answer_bare(struct command_call *call) {
    run(call);
}

static void run(struct command_call *call) {
    struct reason why = {0};
    size_t words, begin = call->out->len;
    call->why = &why;
    if (!call->begin_ns) {
        call->begin_ns = clock_mono_ns();
    }
    const struct command *c = command_find(call->commands, call->args, call->count, &words);
    enum status st;
    if (!c) {
        struct str name = call->count ? call->args[0] : STR("");
        st = reason_set(&why, STATUS_BAD_METHOD, "unknown command '%.*s'",
                        (int)(name.len < 64 ? name.len : 64), name.p);
    } else if (call->count < c->least || (c->most && call->count > c->most)) {
        st = reply_arguments(call);
    } else {
        st = c->run(call);
    }
    if (st != STATUS_OK) {
        call->out->len = begin; // half an answer is none
        write_error(call, st);
    }
    call->why = NULL;
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
    struct str code = str_of(status_resp(st)); // its first word: ERR, OOM, READONLY, NOAUTH
    code.len = str_find(code, ' ');
    buf_append_str(&line, code);
    buf_append_char(&line, ' ');
    buf_append_str(&line, str_of(text));
    resp_error(out, buf_str(&line));
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
