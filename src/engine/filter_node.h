// filter_node.h - the inside of a compiled filter, shared by the files filter_*.c.

#ifndef ENGINE_FILTER_NODE_H
#define ENGINE_FILTER_NODE_H

#include "engine/filter.h"

enum filter_op {
    FILTER_CONST,
    FILTER_AND,
    FILTER_OR,
    FILTER_NOT,
    FILTER_EQ,
    FILTER_NE,
    FILTER_LT,
    FILTER_LE,
    FILTER_GT,
    FILTER_GE,
    FILTER_EQ_TEXT, // name=value of a query string: the type follows the property
    FILTER_LIKE,
    FILTER_BETWEEN,
    FILTER_IN,
    FILTER_IS_NULL,
    FILTER_S_INTERSECTS,
    FILTER_S_WITHIN,
    FILTER_S_CONTAINS,
    FILTER_S_DISJOINT,
    FILTER_S_DWITHIN,
    FILTER_T_AFTER,
    FILTER_T_BEFORE,
    FILTER_T_DURING,
    FILTER_T_INTERSECTS,
};

/// Kleene's three values, ordered so that AND is the least, OR the greatest and NOT 2 - x.
enum filter_truth { FILTER_FALSE, FILTER_UNKNOWN, FILTER_TRUE };

enum filter_operand_kind {
    FILTER_NUMBER,
    FILTER_STRING,
    FILTER_BOOL,
    FILTER_TIME, // an instant, a day or an interval: lo_ms .. hi_ms
    FILTER_PROPERTY,
    FILTER_FIELD_ID,
    FILTER_FIELD_VERSION,
    FILTER_FIELD_TIME,
    FILTER_FIELD_CREATED,
    FILTER_FIELD_UPDATED,
    FILTER_FIELD_GEOMETRY,
};

struct filter_operand {
    enum filter_operand_kind kind;
    bool boolean;
    double number;
    struct str text; // string, property name
    int64_t lo_ms, hi_ms;
};

struct filter_node {
    enum filter_op op;
    enum filter_truth constant;
    uint32_t count;
    struct filter_node **children;   // AND OR NOT
    struct filter_operand *operands; // comparisons; IN: the value, then the list
    struct geometry *geometry;       // spatial; a reference of its own
    double metres;
};

struct filter_conjunct {
    struct filter_node *node;
    struct filter_conjunct *next;
};

struct filter_geometry {
    struct geometry *geometry;
    struct filter_geometry *next;
};

struct filter {
    struct filter_conjunct *conjuncts; // all must be true
    struct filter_geometry *geometries;
};

/// An RFC 3339 timestamp (lo = hi) or a date (its first and last millisecond).
bool filter_time_parse(struct str text, int64_t *lo_ms, int64_t *hi_ms);
enum filter_truth filter_evaluate(const struct filter_node *node, const struct object *o);
bool filter_like(struct str pattern, struct str text);

#endif
