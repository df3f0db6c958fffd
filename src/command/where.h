// where.h - the conditions on fields: WHERE, WHEREIN, WHEREEVAL.
//
// Values compare as Tile38's: null < false < numbers < strings < true < JSON, strings without regard to case; a field
// that is missing is the number 0, and "z" is the altitude. A dot reaches into a field that is JSON.

#ifndef COMMAND_WHERE_H
#define COMMAND_WHERE_H

#include "command/args.h"
#include "engine/object.h"

struct expression;

enum where_kind { WHERE_RANGE, WHERE_COMPARE, WHERE_IN, WHERE_EXPRESSION, WHERE_SCRIPT };
enum where_op { WHERE_LT, WHERE_LE, WHERE_GT, WHERE_GE, WHERE_EQ, WHERE_NE };

enum where_value_kind {
    WHERE_NULL,
    WHERE_FALSE,
    WHERE_NUMBER,
    WHERE_STRING,
    WHERE_TRUE,
    WHERE_JSON
};
struct where_value {
    enum where_value_kind kind;
    double number;
    struct str text;
};

/// WHEREEVAL script n arg...: what the scripts' module gets to see.
struct where_script {
    struct str text; // the script, or its SHA-1 when `is_sha`
    bool is_sha;
    const struct str *args;
    size_t arg_count;
    void *
        state; // the scripts' module's own, NULL at first; what it points to lives in the call's arena
};
/// The scripts' module's answer to one object; `o` NULL only asks whether the script can be run ("sha not found", a
/// syntax error). Set in struct commands (commands_state.h); while it is NULL there are no scripts.
typedef enum status where_eval_fn(struct command_call *call, struct where_script *script,
                                  const struct object *o, bool *match);

struct where {
    struct where *next;
    enum where_kind kind;
    struct str name; // of the field
    // WHERE_RANGE: least and most; WHERE_COMPARE: op and most
    struct where_value least, most;
    bool least_open, most_open;
    enum where_op op;
    struct where_value *values; // WHERE_IN
    size_t value_count;
    const struct expression *expression; // NULL: did not parse, matches nothing
    struct where_script script;
};

/// Behind the word WHERE, WHEREIN, WHEREEVAL or WHEREEVALSHA. In the arena; texts lie in the arguments.
MUST_USE enum status where_parse(struct args *a, struct arena *arena, struct where **out);
MUST_USE enum status where_in_parse(struct args *a, struct arena *arena, struct where **out);
MUST_USE enum status where_script_parse(struct args *a, bool is_sha, struct arena *arena,
                                        struct where **out);

/// All of the list must match. `call` is who asks, for scripts and scratch memory: commands, arena and why are used.
MUST_USE enum status where_matches(const struct where *list, struct command_call *call,
                                   const struct object *o, bool *match);

/// The value as Tile38 reads it: a number, JSON, or else a string.
struct where_value where_value_of(struct str text, struct arena *arena);
/// <0, 0, >0.
int where_value_compare(const struct where_value *a, const struct where_value *b);

#endif
