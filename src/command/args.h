// args.h - taking a command's arguments one by one.

#ifndef COMMAND_ARGS_H
#define COMMAND_ARGS_H

#include "command/command.h"

/// A place in the arguments of a call; by value: a copy is a way back.
struct args {
    struct command_call *call;
    size_t at; // the next one
};

/// Behind the name, which took `words`.
static inline struct args args_begin(struct command_call *call, size_t words) {
    return (struct args){call, words};
}
static inline size_t args_left(const struct args *a) {
    return a->call->count - a->at;
}
/// The next one without taking it; STR_NONE at the end.
struct str args_peek(const struct args *a);
/// Take the next one when it is this word, in any case.
bool args_take_word(struct args *a, const char *word);
/// "wrong number of arguments for '...' command" when there is none.
MUST_USE enum status args_text(struct args *a, struct str *out);
/// "invalid argument '...'" when it is no finite number.
MUST_USE enum status args_double(struct args *a, double *out);
MUST_USE enum status args_i64(struct args *a, int64_t *out);
MUST_USE enum status args_u64(struct args *a, uint64_t *out);
/// Nothing may be left: "wrong number of arguments for '...' command".
MUST_USE enum status args_end(const struct args *a);

#endif
