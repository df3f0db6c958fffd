// clients.c - CLIENT: who is connected.

#include "command/args.h"
#include "command/commands_state.h"
#include "command/endpoints.h"
#include "command/reply.h"

struct listing {
    struct buf *out;
    bool json, any;
    uint64_t only; // 0: all
    struct str name;
};

static enum status client_list(struct command_call *call);
static enum status client_id(struct command_call *call);
static enum status client_getname(struct command_call *call);
static enum status client_setname(struct command_call *call);
static enum status client_kill(struct command_call *call);
static void list_one(void *ctx, const struct command_client_facts *c);

enum status command_client(struct command_call *call) {
    static const struct {
        const char *word;
        enum status (*run)(struct command_call *call);
        size_t least, most;
    } words[] = {
        {"list", client_list, 2, 2},       {"id", client_id, 2, 2},
        {"getname", client_getname, 2, 2}, {"setname", client_setname, 3, 3},
        {"kill", client_kill, 3, 4},       {"setinfo", reply_ok, 4, 4},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!str_eq_nocase(call->args[1], str_of(words[i].word))) {
            continue;
        }
        bool fits = call->count >= words[i].least && call->count <= words[i].most;
        return fits ? words[i].run(call) : reply_arguments(call);
    }
    return reason_set(call->why, STATUS_BAD_REQUEST,
                      "Syntax error, try CLIENT (LIST | KILL | GETNAME | SETNAME)");
}

static const struct command_host *host_of(const struct command_call *call) {
    return &call->commands->options.host;
}

static enum status client_list(struct command_call *call) {
    struct buf lines;
    buf_init(&lines);
    bool json = reply_is_json(call);
    struct listing l = {.out = json ? call->out : &lines, .json = json};
    if (json) {
        buf_append_str(reply_json_begin(call), STR(",\"list\":["));
    }
    if (host_of(call)->clients) {
        host_of(call)->clients(host_of(call)->ctx, list_one, &l);
    }
    if (json) {
        buf_append_char(call->out, ']');
        return reply_json_end(call);
    }
    bool failed = lines.failed;
    resp_bulk(call->out, failed ? STR("") : buf_str(&lines));
    buf_deinit(&lines);
    return failed ? STATUS_NO_MEMORY : STATUS_OK;
}

static void list_one(void *ctx, const struct command_client_facts *c) {
    struct listing *l = ctx;
    if (!l->json) {
        buf_printf(l->out, "id=%llu addr=%.*s name=%.*s age=%llu idle=%llu\n",
                   (unsigned long long)c->id, STR_ARGS(c->address), STR_ARGS(c->name),
                   (unsigned long long)c->age_s, (unsigned long long)c->idle_s);
        return;
    }
    buf_append_str(l->out, l->any ? STR(",{\"addr\":") : STR("{\"addr\":"));
    l->any = true;
    buf_append_json(l->out, c->address);
    buf_printf(l->out,
               ",\"age\":%llu,\"id\":%llu,\"idle\":%llu,\"name\":", (unsigned long long)c->age_s,
               (unsigned long long)c->id, (unsigned long long)c->idle_s);
    buf_append_json(l->out, c->name);
    buf_append_char(l->out, '}');
}

static enum status client_id(struct command_call *call) {
    if (!reply_is_json(call)) {
        resp_integer(call->out, (int64_t)call->client->id);
        return STATUS_OK;
    }
    buf_append_str(reply_json_begin(call), STR(",\"id\":"));
    buf_append_u64(call->out, call->client->id);
    return reply_json_end(call);
}

struct name_wanted {
    uint64_t id;
    struct buf name;
};

static void name_find(void *ctx, const struct command_client_facts *c) {
    struct name_wanted *w = ctx;
    if (c->id == w->id) {
        buf_append_str(&w->name, c->name);
    }
}

static enum status client_getname(struct command_call *call) {
    struct name_wanted w = {.id = call->client->id};
    buf_init(&w.name);
    if (host_of(call)->clients) {
        host_of(call)->clients(host_of(call)->ctx, name_find, &w);
    }
    if (reply_is_json(call)) {
        buf_append_str(reply_json_begin(call), STR(",\"name\":"));
        buf_append_json(call->out, buf_str(&w.name));
        reply_json_end(call);
    } else {
        resp_bulk(call->out, buf_str(&w.name));
    }
    enum status st = buf_status(&w.name);
    buf_deinit(&w.name);
    return st;
}

static enum status client_setname(struct command_call *call) {
    struct str name = call->args[2];
    for (size_t i = 0; i < name.len; i++) {
        if (name.p[i] < '!' || name.p[i] > '~') {
            return reason_set(
                call->why, STATUS_BAD_REQUEST,
                "Client names cannot contain spaces, newlines or special characters.");
        }
    }
    const struct command_host *host = host_of(call);
    enum status st =
        host->client_name ? host->client_name(host->ctx, call->client->id, name) : STATUS_OK;
    return st == STATUS_OK ? reply_ok(call) : st;
}

static enum status client_kill(struct command_call *call) {
    struct args a = args_begin(call, 2);
    uint64_t id = 0;
    struct str address = STR_NONE, text = args_peek(&a);
    bool by_id = args_take_word(&a, "id"), by_address = args_take_word(&a, "addr");
    if ((by_id || by_address) != (call->count == 4)) {
        return call->count == 4 ? reason_set(call->why, STATUS_NOT_FOUND, "No such client")
                                : reply_arguments(call);
    }
    text = args_peek(&a);
    if (by_id && (!str_parse_u64(text, &id) || id == 0)) {
        return reason_set(call->why, STATUS_NOT_FOUND, "No such client");
    }
    address = text;
    const struct command_host *host = host_of(call);
    if (!host->client_kill || host->client_kill(host->ctx, id, address) == 0) {
        return reason_set(call->why, STATUS_NOT_FOUND, "No such client");
    }
    return reply_ok(call);
}
