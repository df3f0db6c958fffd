#include "command/args.h"

#include "command/reply.h"

struct str args_peek(const struct args *a) {
    return args_left(a) ? a->call->args[a->at] : STR_NONE;
}

bool args_take_word(struct args *a, const char *word) {
    bool is = args_left(a) && str_eq_nocase(a->call->args[a->at], str_of(word));
    a->at += is;
    return is;
}

enum status args_text(struct args *a, struct str *out) {
    if (!args_left(a)) {
        return reply_arguments(a->call);
    }
    *out = a->call->args[a->at++];
    return STATUS_OK;
}

enum status args_double(struct args *a, double *out) {
    struct str text;
    enum status st = args_text(a, &text);
    return st == STATUS_OK && !str_parse_number(text, out) ? reply_invalid(a->call, text) : st;
}

enum status args_i64(struct args *a, int64_t *out) {
    struct str text;
    enum status st = args_text(a, &text);
    return st == STATUS_OK && !str_parse_i64(text, out) ? reply_invalid(a->call, text) : st;
}

enum status args_u64(struct args *a, uint64_t *out) {
    struct str text;
    enum status st = args_text(a, &text);
    return st == STATUS_OK && !str_parse_u64(text, out) ? reply_invalid(a->call, text) : st;
}

enum status args_end(const struct args *a) {
    return args_left(a) ? reply_arguments(a->call) : STATUS_OK;
}
