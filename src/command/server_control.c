// server_control.c - READONLY, FLUSHDB, GC, AOFSHRINK; and what is not done this way here, with what to do instead.

#include <malloc.h>

#include "command/args.h"
#include "command/commands_state.h"
#include "command/endpoints.h"
#include "command/hooks.h"
#include "command/reply.h"

enum { PAGE = 1000 };

enum status command_readonly(struct command_call *call) {
    struct args a = args_begin(call, 1);
    bool yes = args_take_word(&a, "yes");
    if (!yes && !args_take_word(&a, "no")) {
        return reply_invalid(call, args_peek(&a));
    }
    atomic_store(&call->commands->read_only, yes);
    return reply_ok(call);
}

enum status command_flushdb(struct command_call *call) {
    struct engine *e = commands_engine(call->commands);
    struct str after = STR("");
    // Hooks and channels first: they hear nothing of it.
    enum status st = hooks_clear(call->commands, &call->wait_lsn, call->why);
    while (st == STATUS_OK) {
        struct collection_info *page;
        size_t count;
        st = engine_collections(e, call->reader, after, PAGE, call->arena, &page, &count);
        if (st != STATUS_OK || count == 0) {
            return st == STATUS_OK ? reply_ok(call) : st;
        }
        for (size_t i = 0; i < count; i++) {
            uint64_t lsn = 0;
            st = engine_drop(e, call->reader, page[i].name, &lsn, call->why);
            call->wait_lsn = lsn > call->wait_lsn ? lsn : call->wait_lsn;
            if (st != STATUS_OK && st != STATUS_NOT_FOUND) {
                return st;
            }
        }
        st = STATUS_OK;
        after = page[count - 1].name;
    }
    return st;
}

/// Nothing is collected here, and upkeep gives memory back all the time; what the heap keeps goes now.
enum status command_gc(struct command_call *call) {
    malloc_trim(0);
    return reply_ok(call);
}

enum status command_aofshrink(struct command_call *call) {
    const struct command_host *host = &call->commands->options.host;
    if (!host->snapshot) {
        return reason_set(call->why, STATUS_NOT_IMPLEMENTED, "there is no store to shrink");
    }
    enum status st = host->snapshot(host->ctx, call->why);
    return st == STATUS_OK ? reply_ok(call) : st;
}

enum status command_unsupported(struct command_call *call) {
    static const struct {
        const char *word, *instead;
    } texts[] = {
        {"aof", "changes are followed by the events of REST; copy the store by warpengine backup"},
        {"aofmd5", "warpengine check tells whether a store is whole"},
        {"follow", "there are no followers; copy the store by warpengine backup"},
        {"replconf", "there are no followers; copy the store by warpengine backup"},
        {"slaveof", "there are no followers; copy the store by warpengine backup"},
        {"replicaof", "there are no followers; copy the store by warpengine backup"},
        {"massinsert", "load data by warpengine import"},
        {"sleep", "it is for developers of Tile38"},
        {"shutdown", "send SIGTERM to the server, which ends it when all is written"},
        {"bgrewriteaof", "AOFSHRINK takes a snapshot"},
        {"bgsave", "AOFSHRINK takes a snapshot"},
        {"save", "AOFSHRINK takes a snapshot"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (str_eq(str_of(call->command->name), str_of(texts[i].word))) {
            return reason_set(call->why, STATUS_NOT_IMPLEMENTED, "not supported: %s: %s",
                              texts[i].word, texts[i].instead);
        }
    }
    return reason_set(call->why, STATUS_NOT_IMPLEMENTED, "not supported: %s", call->command->name);
}
