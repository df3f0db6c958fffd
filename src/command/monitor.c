#include "command/monitor.h"

#include "base/clock.h"
#include "command/commands_state.h"
#include "command/endpoints.h"

#define CHANNEL STR("monitor")

enum { ARG_MAX = 1024, ARGS_MAX = 64 }; // of a line

static void write_arg(struct buf *out, struct str arg);

static void on_end(void *ctx) {
    struct commands *c = ctx;
    atomic_fetch_sub(&c->monitors, 1);
}

enum status command_monitor(struct command_call *call) {
    struct command_client *client = call->client;
    if (!commands_hub(call->commands) || !client->subscriber) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "monitor is not possible here");
    }
    struct hub_subscriber *s = client->subscriber(client);
    if (!s || hub_subscribe(s, HUB_PRIVATE, CHANNEL) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    atomic_fetch_add(&call->commands->monitors, 1);
    call->live = (struct command_live){.end = on_end, .ctx = call->commands, .raw = true};
    return STATUS_OK;
}

void monitor_tell(const struct command_call *call) {
    if (call->command->run == command_auth || call->command->run == command_monitor) {
        return;
    }
    bool secret = call->command->run == command_config_set;
    int64_t now_ms = clock_wall_ms();
    struct buf line;
    buf_init(&line);
    buf_printf(&line, "+%lld.%03lld000 [0 %s]", (long long)(now_ms / 1000),
               (long long)(now_ms % 1000), call->client->address ? call->client->address : "?");
    size_t count = call->count < ARGS_MAX ? call->count : ARGS_MAX;
    for (size_t i = 0; i < count; i++) {
        write_arg(&line, secret && i > 1 ? STR("(redacted)") : call->args[i]);
    }
    buf_append_str(&line, count < call->count ? STR(" ...\r\n") : STR("\r\n"));
    if (!line.failed) {
        enum status st =
            hub_publish(commands_hub(call->commands), HUB_PRIVATE, CHANNEL, buf_str(&line), NULL);
        (void)st; // a monitor may miss a line when memory runs out
    }
    buf_deinit(&line);
}

/// Quoted as Redis does.
static void write_arg(struct buf *out, struct str arg) {
    size_t len = arg.len < ARG_MAX ? arg.len : ARG_MAX;
    buf_append_str(out, STR(" \""));
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)arg.p[i];
        if (c == '"' || c == '\\') {
            buf_append_char(out, '\\');
            buf_append_char(out, (char)c);
        } else if (c < ' ' || c >= 127) {
            buf_printf(out, "\\x%02x", c);
        } else {
            buf_append_char(out, (char)c);
        }
    }
    buf_append_char(out, '"');
}
