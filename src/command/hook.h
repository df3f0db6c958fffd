// hook.h - a hook or a channel: the command that made it, parsed, as it hangs on its fence.
//
//   SETHOOK name endpoints [META k v]... [EX s] NEARBY|WITHIN|INTERSECTS key ... FENCE ...
//
// It is kept (engine/keep.h) as the arguments of that command, under "hook/NAME" or "chan/NAME".
//
// Ownership: the fence owns it; whoever holds a reference to the fence may read it. It never changes.

#ifndef COMMAND_HOOK_H
#define COMMAND_HOOK_H

#include "base/arena.h"
#include "command/search_args.h"

struct hook_meta {
    struct str name, value;
};

struct hook {
    struct arena arena; // of all texts
    struct commands *commands;
    enum fence_kind kind;
    struct str name; // empty: of a live connection
    const struct str *endpoints;
    size_t endpoint_count;
    const struct hook_meta *metas; // in order of names
    size_t meta_count;
    int64_t expires_ms;      // 0: never
    const struct str *words; // NEARBY|WITHIN|INTERSECTS and what follows
    size_t word_count;
    struct search_args search;
    struct str details; // ,"hook":"name","meta":{...} of its messages
};

/// SETHOOK or SETCHAN as it came: call->args. `expires_ms`: when EX says so, or, nonnegative, as given.
MUST_USE enum status hook_parse(struct command_call *call, enum fence_kind kind, int64_t expires_ms,
                                struct hook **out);
/// The live search that call->args is.
MUST_USE enum status hook_parse_live(struct command_call *call, enum search_kind kind,
                                     struct hook **out);
void hook_free(struct hook *h);
bool hook_same(const struct hook *a, const struct hook *b);

/// Takes `h`: with success it is the fence's, else freed. `id` is the name, or that of a live connection's channel.
MUST_USE enum status hook_fence(struct hook *h_take, struct str id, struct fence **out,
                                struct reason *why);
static inline const struct hook *hook_of(const struct fence *f) {
    return fence_spec(f)->ctx;
}

/// What is kept: the arguments of the command, and when it expires.
void hook_keep_name(enum fence_kind kind, struct str name, struct buf *out);
void hook_keep_write(const struct str *args, size_t count, int64_t expires_ms, struct buf *out);
/// Borrowed from `body`; the list lies in the arena.
MUST_USE enum status hook_keep_read(struct str body, struct arena *arena, const struct str **args,
                                    size_t *count, int64_t *expires_ms);

#endif
