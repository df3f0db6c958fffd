// fence_live.c - a search with FENCE on a connection that stays: a fence of its own, its messages on a private channel.

#include "base/mem.h"
#include "command/commands_state.h"
#include "command/endpoints.h"
#include "command/hook.h"

/// Of one live connection.
struct live_fence {
    struct engine *engine;
    struct str id; // behind it
};

static void on_end(void *ctx);

static struct live_fence *live_new(struct engine *e, struct str id) {
    struct live_fence *live = mem_alloc(sizeof *live + id.len);
    if (!live) return NULL;
    char *text = (char *)(live + 1);
    memcpy(text, id.p, id.len);
    *live = (struct live_fence){e, {text, id.len}};
    return live;
}

enum status command_live_fence(struct command_call *call, const struct search_args *args) {
    struct engine *engine = commands_engine(call->commands);
    struct hook *h;
    struct str channel;
    enum status st = hook_parse_live(call, args->kind, &h);
    if (st != STATUS_OK) return st;
    st = command_live_open(call, &channel);
    if (st != STATUS_OK) {
        hook_free(h);
        return st;
    }
    struct fence *fence;
    st = hook_fence(h, channel, &fence, call->why);
    if (st != STATUS_OK) return st;
    struct live_fence *live = live_new(engine, channel);
    st = live ? engine_fence_put(engine, fence, NULL) : STATUS_NO_MEMORY;
    fence_unref(fence);
    if (st != STATUS_OK) {
        mem_free(live);
        return st;
    }
    call->live = (struct command_live){.end = on_end, .ctx = live};
    return STATUS_OK;
}

static void on_end(void *ctx) {
    struct live_fence *live = ctx;
    enum status st = engine_fence_remove(live->engine, FENCE_LIVE, live->id);
    (void)st; // it was there
    mem_free(live);
}
