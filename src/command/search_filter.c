#include "command/search_filter.h"

enum query_verdict search_filter_accept(void *ctx, const struct object *o) {
    struct search_filter *f = ctx;
    const struct search_args *args = f->args;
    bool match;
    if (command_is_late(f->call)) {
        f->status = reason_set(f->call->why, STATUS_TIMEOUT, "timeout");
        return QUERY_STOP;
    }
    if (!search_args_globs(args, args->kind == SEARCH_VALUES ? object_text(o) : object_id(o))) {
        return QUERY_LEAVE;
    }
    if (!args->where) {
        return QUERY_TAKE;
    }
    f->status = where_matches(args->where, f->call, o, &match);
    return f->status != STATUS_OK ? QUERY_STOP : match ? QUERY_TAKE : QUERY_LEAVE;
}
