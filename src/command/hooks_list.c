// hooks_list.c - HOOKS and CHANS.

#include "base/clock.h"
#include "base/mem.h"
#include "command/endpoints.h"
#include "command/hook.h"
#include "command/reply.h"

/// References to the fences that match, in order of names.
struct found {
    struct buf fences;
};

static bool on_fence(void *ctx, struct fence *f) {
    struct found *found = ctx;
    struct fence *own = fence_ref(f);
    buf_append(&found->fences, &own, sizeof own);
    if (!found->fences.failed) return true;
    fence_unref(own);
    return false;
}

static void write_list(struct buf *out, const struct str *words, size_t count) {
    resp_array(out, count);
    for (size_t i = 0; i < count; i++)
        resp_bulk(out, words[i]);
}

static void write_resp(struct buf *out, const struct hook *h) {
    resp_array(out, 5);
    resp_bulk(out, h->name);
    resp_bulk(out, h->search.key);
    write_list(out, h->endpoints, h->endpoint_count);
    write_list(out, h->words, h->word_count);
    resp_array(out, h->meta_count * 2);
    for (size_t i = 0; i < h->meta_count; i++) {
        resp_bulk(out, h->metas[i].name);
        resp_bulk(out, h->metas[i].value);
    }
}

static void write_json_list(struct buf *out, const char *name, const struct str *words,
                            size_t count) {
    buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        if (i) buf_append_char(out, ',');
        buf_append_json(out, words[i]);
    }
    buf_append_char(out, ']');
}

/// Whole seconds left; -1: for ever.
static int64_t ttl_of(const struct hook *h, int64_t now_ms) {
    if (!h->expires_ms) return -1;
    return h->expires_ms > now_ms ? (h->expires_ms - now_ms) / 1000 : 0;
}

static void write_json(struct buf *out, const struct hook *h, int64_t now_ms) {
    buf_append_str(out, STR("{\"name\":"));
    buf_append_json(out, h->name);
    buf_append_str(out, STR(",\"key\":"));
    buf_append_json(out, h->search.key);
    buf_append_str(out, STR(",\"ttl\":"));
    buf_append_i64(out, ttl_of(h, now_ms));
    if (h->kind == FENCE_HOOK) write_json_list(out, "endpoints", h->endpoints, h->endpoint_count);
    write_json_list(out, "command", h->words, h->word_count);
    buf_append_str(out, STR(",\"meta\":{"));
    for (size_t i = 0; i < h->meta_count; i++) {
        if (i) buf_append_char(out, ',');
        buf_append_json(out, h->metas[i].name);
        buf_append_char(out, ':');
        buf_append_json(out, h->metas[i].value);
    }
    buf_append_str(out, STR("}}"));
}

static enum status write_all(struct command_call *call, struct fence *const *fences, size_t count,
                             enum fence_kind kind) {
    struct buf *out = call->out;
    int64_t now_ms = clock_wall_ms();
    if (!reply_is_json(call)) {
        resp_array(out, count);
        for (size_t i = 0; i < count; i++)
            write_resp(out, hook_of(fences[i]));
        return STATUS_OK;
    }
    reply_json_begin(call);
    buf_append_str(out, kind == FENCE_HOOK ? STR(",\"hooks\":[") : STR(",\"chans\":["));
    for (size_t i = 0; i < count; i++) {
        if (i) buf_append_char(out, ',');
        write_json(out, hook_of(fences[i]), now_ms);
    }
    buf_append_char(out, ']');
    return reply_json_end(call);
}

static enum status list(struct command_call *call, enum fence_kind kind) {
    struct found found;
    if (call->args[1].len == 0) return reply_arguments(call);
    buf_init(&found.fences);
    enum status st = engine_fence_each(commands_engine(call->commands), kind, call->args[1],
                                       STR_NONE, on_fence, &found);
    if (st == STATUS_OK) st = buf_status(&found.fences);
    struct fence **fences = (struct fence **)(void *)found.fences.data;
    size_t count = found.fences.len / sizeof *fences;
    if (st == STATUS_OK) st = write_all(call, fences, count, kind);
    for (size_t i = 0; i < count; i++)
        fence_unref(fences[i]);
    buf_deinit(&found.fences);
    return st;
}

enum status command_hooks(struct command_call *call) {
    return list(call, FENCE_HOOK);
}
enum status command_chans(struct command_call *call) {
    return list(call, FENCE_CHANNEL);
}
