// search_filter.h - MATCH and WHERE while a search goes on.

#ifndef COMMAND_SEARCH_FILTER_H
#define COMMAND_SEARCH_FILTER_H

#include "command/search_args.h"

struct search_filter {
    struct command_call *call;
    const struct search_args *args;
    enum status status; // what ended the search: a script's error, a timeout
};

static inline bool search_filter_needed(const struct search_filter *f) {
    return f->args->glob_count || f->args->where || f->call->deadline_ns;
}
/// A query_accept_fn; `ctx` is a struct search_filter. SEARCH_VALUES matches texts of strings, all others ids.
enum query_verdict search_filter_accept(void *ctx, const struct object *o);

#endif
