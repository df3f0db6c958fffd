// hooks.c - SETHOOK, DELHOOK, PDELHOOK and the same for channels; what is kept of them.
//
// Order of making one: kept, then its endpoint (which begins behind the events of now), then the fence. Of taking one away:
// the fence, then the endpoint, then what is kept. One at a time, under hooks_lock.

#include "command/hooks.h"

#include "base/mem.h"
#include "command/args.h"
#include "command/commands_state.h"
#include "command/endpoints.h"
#include "command/hook.h"
#include "command/reply.h"
#include "engine/keep.h"
#include "realtime/delivery.h"

static enum status hook_set(struct command_call *call, enum fence_kind kind);
static enum status hook_delete(struct command_call *call, enum fence_kind kind);
static enum status hook_delete_all(struct command_call *call, enum fence_kind kind);
static enum status remove_one(struct commands *c, enum fence_kind kind, struct str name,
                              uint64_t *lsn, struct reason *why);
static enum status names_of(struct commands *c, enum fence_kind kind, struct str glob,
                            struct buf *names);

enum status command_sethook(struct command_call *call) {
    return hook_set(call, FENCE_HOOK);
}
enum status command_setchan(struct command_call *call) {
    return hook_set(call, FENCE_CHANNEL);
}
enum status command_delhook(struct command_call *call) {
    return hook_delete(call, FENCE_HOOK);
}
enum status command_delchan(struct command_call *call) {
    return hook_delete(call, FENCE_CHANNEL);
}
enum status command_pdelhook(struct command_call *call) {
    return hook_delete_all(call, FENCE_HOOK);
}
enum status command_pdelchan(struct command_call *call) {
    return hook_delete_all(call, FENCE_CHANNEL);
}

static void target_name(enum fence_kind kind, struct str name, struct buf *out) {
    hook_keep_name(kind, name, out); // "hook/NAME"
}

static void later(struct command_call *call, uint64_t lsn) {
    if (lsn > call->wait_lsn) call->wait_lsn = lsn;
}

// --- setting ---

static enum status endpoint_put(struct commands *c, const struct hook *h) {
    struct delivery *delivery = c->options.delivery;
    if (!delivery || h->kind != FENCE_HOOK) return STATUS_OK;
    struct buf name;
    buf_init(&name);
    target_name(h->kind, h->name, &name);
    struct outbox_spec spec = {.name = buf_str(&name),
                               .kind = FENCE_HOOK,
                               .fence_id = h->name,
                               .urls = h->endpoints,
                               .url_count = h->endpoint_count};
    enum status st = buf_status(&name);
    if (st == STATUS_OK) st = delivery_put(delivery, &spec, engine_event_seq(c->options.engine));
    buf_deinit(&name);
    return st;
}

/// The hook that is there, while nobody changes hooks.
static struct fence *fence_there(struct commands *c, enum fence_kind kind, struct str name) {
    return engine_fence_find(c->options.engine, kind, name);
}

/// In one batch: the command, and of a new hook where its endpoint begins.
static enum status hook_keep(struct command_call *call, const struct hook *h, bool anew) {
    struct engine *engine = call->commands->options.engine;
    struct buf name, body, mark_name, mark;
    struct buf *all[] = {&name, &body, &mark_name, &mark};
    for (unsigned i = 0; i < 4; i++)
        buf_init(all[i]);
    uint64_t lsn = 0;
    bool marks = anew && h->kind == FENCE_HOOK;
    hook_keep_name(h->kind, h->name, &name);
    hook_keep_write(call->args, call->count, h->expires_ms, &body);
    enum status st = name.failed || body.failed ? STATUS_NO_MEMORY : STATUS_OK;
    if (st == STATUS_OK && marks) {
        st = delivery_first_mark(buf_str(&name), engine_event_seq(engine), &mark_name, &mark);
    }
    const struct engine_keep keeps[] = {{buf_str(&name), buf_str(&body)},
                                        {buf_str(&mark_name), buf_str(&mark)}};
    if (st == STATUS_OK) st = engine_keep(engine, keeps, marks ? 2 : 1, &lsn, call->why);
    later(call, lsn);
    for (unsigned i = 0; i < 4; i++)
        buf_deinit(all[i]);
    return st;
}

/// Takes `h`. What is kept comes first: a kill between finds the hook again.
static enum status hook_install(struct command_call *call, struct hook *h, bool keeps, bool anew) {
    struct fence *fence;
    enum status st = hook_fence(h, h->name, &fence, call->why);
    if (st != STATUS_OK) return st;
    if (keeps) st = hook_keep(call, h, anew);
    if (st == STATUS_OK) st = endpoint_put(call->commands, h);
    if (st == STATUS_OK) {
        st = engine_fence_put(call->commands->options.engine, fence, NULL);
    }
    fence_unref(fence);
    return st;
}

static enum status hook_set(struct command_call *call, enum fence_kind kind) {
    struct commands *c = call->commands;
    struct hook *h;
    enum status st = hook_parse(call, kind, -1, &h);
    if (st != STATUS_OK) return st;
    enum fence_kind other = kind == FENCE_HOOK ? FENCE_CHANNEL : FENCE_HOOK;
    pthread_mutex_lock(&c->hooks_lock);
    struct fence *before = fence_there(c, kind, h->name);
    struct fence *clash = fence_there(c, other, h->name);
    bool same = before && hook_same(hook_of(before), h);
    if (clash) {
        st = reason_set(call->why, STATUS_BAD_REQUEST,
                        "hooks and channels cannot share the same name");
    } else if (same) {
        st = endpoint_put(c, h); // tried at once, even if it was given up
    } else {
        st = hook_install(call, h, true, before == NULL);
    }
    if (clash || same) hook_free(h);
    fence_unref(before);
    fence_unref(clash);
    pthread_mutex_unlock(&c->hooks_lock);
    return st == STATUS_OK ? reply_count(call, !same) : st;
}

// --- deleting ---

static enum status hook_delete(struct command_call *call, enum fence_kind kind) {
    struct commands *c = call->commands;
    struct str name = call->args[1];
    uint64_t lsn = 0;
    if (name.len == 0) return reply_arguments(call);
    pthread_mutex_lock(&c->hooks_lock);
    struct fence *f = fence_there(c, kind, name);
    enum status st = f ? remove_one(c, kind, name, &lsn, call->why) : STATUS_OK;
    pthread_mutex_unlock(&c->hooks_lock);
    later(call, lsn);
    bool found = f != NULL;
    fence_unref(f);
    return st == STATUS_OK ? reply_count(call, found) : st;
}

/// All whose names match, one after the other.
static enum status remove_all(struct commands *c, enum fence_kind kind, struct str glob,
                              size_t *count, uint64_t *lsn, struct reason *why) {
    struct buf names;
    buf_init(&names);
    *count = 0;
    pthread_mutex_lock(&c->hooks_lock);
    enum status st = names_of(c, kind, glob, &names);
    struct str rest = buf_str(&names), name;
    while (st == STATUS_OK && rest.len && str_split(&rest, '\0', &name)) {
        st = remove_one(c, kind, name, lsn, why);
        *count += st == STATUS_OK;
    }
    pthread_mutex_unlock(&c->hooks_lock);
    buf_deinit(&names);
    return st;
}

static enum status hook_delete_all(struct command_call *call, enum fence_kind kind) {
    size_t count;
    uint64_t lsn = 0;
    if (call->args[1].len == 0) return reply_arguments(call);
    enum status st = remove_all(call->commands, kind, call->args[1], &count, &lsn, call->why);
    later(call, lsn);
    return st == STATUS_OK ? reply_count(call, (int64_t)count) : st;
}

static enum status keep_delete(struct commands *c, enum fence_kind kind, struct str name,
                               uint64_t *lsn, struct reason *why) {
    struct buf key;
    uint64_t at = 0;
    buf_init(&key);
    hook_keep_name(kind, name, &key);
    enum status st = buf_status(&key);
    if (st == STATUS_OK) st = engine_keep_delete(c->options.engine, buf_str(&key), &at, why);
    if (at > *lsn) *lsn = at;
    buf_deinit(&key);
    return st;
}

static void endpoint_remove(struct commands *c, enum fence_kind kind, struct str name) {
    struct buf target;
    if (!c->options.delivery || kind != FENCE_HOOK) return;
    buf_init(&target);
    target_name(kind, name, &target);
    if (!target.failed) delivery_remove(c->options.delivery, buf_str(&target));
    buf_deinit(&target);
}

static enum status remove_one(struct commands *c, enum fence_kind kind, struct str name,
                              uint64_t *lsn, struct reason *why) {
    enum status st = keep_delete(c, kind, name, lsn, why);
    if (st != STATUS_OK) return st;
    enum status removed = engine_fence_remove(c->options.engine, kind, name);
    endpoint_remove(c, kind, name);
    return removed == STATUS_NOT_FOUND ? STATUS_OK : removed; // it has expired just now
}

static bool on_name(void *ctx, struct fence *f) {
    struct buf *names = ctx;
    buf_append_str(names, fence_spec(f)->id);
    buf_append_char(names, '\0');
    return !names->failed;
}

static enum status names_of(struct commands *c, enum fence_kind kind, struct str glob,
                            struct buf *names) {
    enum status st = engine_fence_each(c->options.engine, kind, glob, STR_NONE, on_name, names);
    return st == STATUS_OK ? buf_status(names) : st;
}

enum status hooks_clear(struct commands *c, uint64_t *lsn, struct reason *why) {
    size_t count;
    enum status st = remove_all(c, FENCE_HOOK, STR_NONE, &count, lsn, why);
    return st == STATUS_OK ? remove_all(c, FENCE_CHANNEL, STR_NONE, &count, lsn, why) : st;
}

void hooks_expired(struct commands *c, const struct fence *fence) {
    const struct fence_spec *spec = fence_spec(fence);
    uint64_t lsn = 0;
    if (spec->kind != FENCE_HOOK && spec->kind != FENCE_CHANNEL) return;
    pthread_mutex_lock(&c->hooks_lock);
    struct fence *now = fence_there(c, spec->kind, spec->id); // made anew meanwhile?
    if (!now) {
        // A failure leaves what is kept: at the next start it expires again.
        enum status st = keep_delete(c, spec->kind, spec->id, &lsn, NULL);
        (void)st;
        endpoint_remove(c, spec->kind, spec->id);
    }
    pthread_mutex_unlock(&c->hooks_lock);
    fence_unref(now);
}

// --- at the start ---

struct restore {
    struct commands *commands;
    unsigned reader;
    enum fence_kind kind;
    struct buf bodies; // length 8 and bytes of each: engine_keep_each lets nobody call the engine
};

static bool on_kept(void *ctx, struct str name, struct str body) {
    struct restore *r = ctx;
    uint64_t len = body.len;
    (void)name;
    buf_append(&r->bodies, &len, sizeof len);
    buf_append_str(&r->bodies, body);
    return !r->bodies.failed;
}

static enum status restore_one(struct restore *r, struct str body, struct arena *arena) {
    const struct str *args;
    size_t count;
    int64_t expires_ms;
    struct reason why = {0};
    enum status st = hook_keep_read(body, arena, &args, &count, &expires_ms);
    if (st != STATUS_OK) return st;
    struct command_client client = {0};
    struct command_call call = {.commands = r->commands,
                                .client = &client,
                                .args = args,
                                .count = count,
                                .arena = arena,
                                .reader = r->reader,
                                .why = &why};
    struct hook *h;
    st = hook_parse(&call, r->kind, expires_ms, &h);
    if (st == STATUS_OK) st = hook_install(&call, h, false, false);
    if (st != STATUS_OK && st != STATUS_NO_MEMORY) {
        log_write(r->commands->options.log, LOG_ERROR, "a hook or channel could not be made again",
                  LOG_STR("name", count > 1 ? args[1] : STR("")), LOG_Z("reason", why.text));
        st = STATUS_OK;
    }
    return st;
}

static enum status restore_kind(struct restore *r, struct str prefix) {
    buf_init(&r->bodies);
    enum status st = engine_keep_each(r->commands->options.engine, prefix, on_kept, r);
    if (st == STATUS_OK) st = buf_status(&r->bodies);
    struct str rest = buf_str(&r->bodies);
    struct arena arena;
    arena_init(&arena, 0);
    while (st == STATUS_OK && rest.len) {
        uint64_t len;
        memcpy(&len, rest.p, sizeof len);
        st = restore_one(r, str_sub(rest, sizeof len, (size_t)len), &arena);
        rest = str_sub(rest, sizeof len + (size_t)len, rest.len - sizeof len - (size_t)len);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    buf_deinit(&r->bodies);
    return st;
}

enum status hooks_restore(struct commands *commands, unsigned reader, struct reason *why) {
    struct restore hooks = {.commands = commands, .reader = reader, .kind = FENCE_HOOK};
    struct restore channels = {.commands = commands, .reader = reader, .kind = FENCE_CHANNEL};
    engine_enter(commands->options.engine, reader);
    enum status st = restore_kind(&hooks, STR("hook/"));
    if (st == STATUS_OK) st = restore_kind(&channels, STR("chan/"));
    engine_leave(commands->options.engine, reader);
    return st == STATUS_OK ? st : reason_set(why, st, "the hooks and channels could not be read");
}
