// where.h - the conditions on fields: WHERE, WHEREIN, WHEREEVAL.
//
// Values compare as Tile38's: null < false < numbers < strings < true < JSON, strings without regard to case; a field
// that is missing is the number 0, and "z" is the altitude. A dot reaches into a field that is JSON.

#ifndef COMMAND_WHERE_H
#define COMMAND_WHERE_H

#include "command/args.h"
#include "command/where_script.h"
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

/// All of the list must match. `call` is who asks, for scripts.
MUST_USE enum status where_matches(const struct where *list, struct command_call *call,
                                   const struct object *o, bool *match);

/// The value as Tile38 reads it: a number, JSON, or else a string.
struct where_value where_value_of(struct str text, struct arena *arena);
/// <0, 0, >0.
int where_value_compare(const struct where_value *a, const struct where_value *b);

#endif
