// expression_node.h - the tree of an expression: made by expression_parse.c, walked by expression.c.

#ifndef COMMAND_EXPRESSION_NODE_H
#define COMMAND_EXPRESSION_NODE_H

#include <stdint.h>

#include "base/str.h"

struct regex;

enum expression_op {
    EXPRESSION_CONSTANT, // value
    EXPRESSION_NAME,     // text
    EXPRESSION_MEMBER,   // left . text
    EXPRESSION_INDEX,    // left [ right ]
    EXPRESSION_GLOB,     // left.match(right)
    EXPRESSION_REGEX,    // left =~ regex
    EXPRESSION_NOT,
    EXPRESSION_NEGATE,
    EXPRESSION_NUMBER, // unary +
    EXPRESSION_MUL,
    EXPRESSION_DIV,
    EXPRESSION_MOD,
    EXPRESSION_ADD,
    EXPRESSION_SUB,
    EXPRESSION_LT,
    EXPRESSION_LE,
    EXPRESSION_GT,
    EXPRESSION_GE,
    EXPRESSION_EQ,
    EXPRESSION_NE,
    EXPRESSION_SAME, // ===
    EXPRESSION_DIFFERENT,
    EXPRESSION_AND,
    EXPRESSION_OR,
    EXPRESSION_ELSE, // ??
    EXPRESSION_COMMA,
    EXPRESSION_CHOICE, // left ? right : third
};

enum expression_kind {
    EXPRESSION_IS_UNDEFINED,
    EXPRESSION_IS_NULL,
    EXPRESSION_IS_BOOL,
    EXPRESSION_IS_NUMBER,
    EXPRESSION_IS_STRING,
    EXPRESSION_IS_JSON, // an object or array: its canonical text
    EXPRESSION_IS_THIS, // the object itself
};

struct expression_value {
    enum expression_kind kind;
    bool boolean;
    double number;
    struct str text;
};

struct expression {
    enum expression_op op;
    unsigned depth;
    struct expression_value value;
    struct str text;
    const struct regex *regex;
    const struct expression *left, *right, *third;
};

#endif
