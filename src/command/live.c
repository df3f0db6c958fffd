// live.c - connections that become streams.

#include "command/commands_state.h"
#include "command/reply.h"

enum status command_live_open(struct command_call *call, struct str *channel) {
    struct command_client *client = call->client;
    struct hub *hub = commands_hub(call->commands);
    if (!hub || !client->subscriber) {
        return reason_set(call->why, STATUS_BAD_REQUEST, "live connections are not possible here");
    }
    uint64_t number = atomic_fetch_add(&call->commands->live_channels, 1) + 1;
    struct hub_subscriber *s = client->subscriber(client);
    struct str name = arena_str(call->arena, (struct str){(const char *)&number, sizeof number});
    if (!s || !name.p || hub_subscribe(s, HUB_PRIVATE, name) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    *channel = name;
    return STATUS_OK;
}
