// filter_parse.c - CQL2-JSON (OGC 21-065) into nodes in an arena.
//
// Everything is checked here, so that evaluation can trust: depth, number of nodes, argument
// counts and types. Errors carry a JSON pointer into the filter.

#include <string.h>

#include "engine/filter_field.h"
#include "engine/filter_node.h"
#include "geo/geojson.h"

#define NAME_MAX_BYTES 1024
#define PATTERN_MAX_BYTES 1024

enum family { LOGIC, COMPARE, LIKE, IN, SPATIAL, DWITHIN, TEMPORAL };

struct op {
    const char *name;
    enum filter_op op;
    enum family family;
    uint32_t min_args, max_args;
};

static const struct op ops[] = {
    {"and", FILTER_AND, LOGIC, 1, FILTER_NODES},
    {"or", FILTER_OR, LOGIC, 1, FILTER_NODES},
    {"not", FILTER_NOT, LOGIC, 1, 1},
    {"=", FILTER_EQ, COMPARE, 2, 2},
    {"<>", FILTER_NE, COMPARE, 2, 2},
    {"<", FILTER_LT, COMPARE, 2, 2},
    {"<=", FILTER_LE, COMPARE, 2, 2},
    {">", FILTER_GT, COMPARE, 2, 2},
    {">=", FILTER_GE, COMPARE, 2, 2},
    {"between", FILTER_BETWEEN, COMPARE, 3, 3},
    {"isNull", FILTER_IS_NULL, COMPARE, 1, 1},
    {"like", FILTER_LIKE, LIKE, 2, 2},
    {"in", FILTER_IN, IN, 2, 2},
    {"s_intersects", FILTER_S_INTERSECTS, SPATIAL, 2, 2},
    {"s_within", FILTER_S_WITHIN, SPATIAL, 2, 2},
    {"s_contains", FILTER_S_CONTAINS, SPATIAL, 2, 2},
    {"s_disjoint", FILTER_S_DISJOINT, SPATIAL, 2, 2},
    {"s_dwithin", FILTER_S_DWITHIN, DWITHIN, 3, 3},
    {"t_after", FILTER_T_AFTER, TEMPORAL, 2, 2},
    {"t_before", FILTER_T_BEFORE, TEMPORAL, 2, 2},
    {"t_during", FILTER_T_DURING, TEMPORAL, 2, 2},
    {"t_intersects", FILTER_T_INTERSECTS, TEMPORAL, 2, 2},
};

struct parser {
    struct arena *arena;
    const struct geometry_limits *limits;
    struct reason *why;
    struct filter *filter;
    uint32_t nodes;
};

static enum status parse_condition(struct parser *p, yyjson_val *json, unsigned depth,
                                   struct filter_node **out);
static enum status parse_op(struct parser *p, yyjson_val *json, unsigned depth,
                            struct filter_node *node);
static enum status parse_children(struct parser *p, yyjson_val *args, unsigned depth,
                                  struct filter_node *node);
static enum status parse_operands(struct parser *p, yyjson_val *args, bool intervals,
                                  struct filter_node *node);
static enum status parse_operand(struct parser *p, yyjson_val *json, bool intervals,
                                 struct filter_operand *out);
static enum status parse_time(struct parser *p, yyjson_val *json, struct filter_operand *out);
static enum status parse_interval(struct parser *p, yyjson_val *json, struct filter_operand *out);
static enum status parse_in(struct parser *p, yyjson_val *args, struct filter_node *node);
static enum status parse_like(struct parser *p, yyjson_val *args, struct filter_node *node);
static enum status parse_spatial(struct parser *p, yyjson_val *args, struct filter_node *node);
static enum status parse_geometry(struct parser *p, yyjson_val *json, struct filter_node *node);
static enum status parse_bbox(struct parser *p, yyjson_val *json, struct geometry **out);

static enum status bad(struct parser *p, const char *text) {
    return reason_set(p->why, STATUS_BAD_REQUEST, "%s", text);
}

static struct str val_str(yyjson_val *val) {
    return (struct str){yyjson_get_str(val), yyjson_get_len(val)};
}

static enum status count_nodes(struct parser *p, size_t count) {
    if (count > FILTER_NODES - p->nodes) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "a filter has at most %d parts",
                          FILTER_NODES);
    }
    p->nodes += (uint32_t)count;
    return STATUS_OK;
}

enum status filter_parse(yyjson_val *json, const struct geometry_limits *limits,
                         struct arena *arena, struct filter **out, struct reason *why) {
    struct filter *f = arena_zalloc(arena, 1, sizeof *f);
    struct filter_conjunct *link = arena_zalloc(arena, 1, sizeof *link);
    if (!f || !link) {
        return STATUS_NO_MEMORY;
    }
    f->conjuncts = link;
    struct parser p = {.arena = arena, .limits = limits, .why = why, .filter = f};
    enum status st = parse_condition(&p, json, 1, &link->node);
    if (st != STATUS_OK) {
        filter_release(f);
        return st;
    }
    *out = f;
    return STATUS_OK;
}

static enum status parse_condition(struct parser *p, yyjson_val *json, unsigned depth,
                                   struct filter_node **out) {
    enum status st = count_nodes(p, 1);
    if (st != STATUS_OK) {
        return st;
    }
    struct filter_node *node = arena_zalloc(p->arena, 1, sizeof *node);
    if (!node) {
        return STATUS_NO_MEMORY;
    }
    *out = node;
    if (yyjson_is_bool(json)) {
        node->op = FILTER_CONST;
        node->constant = yyjson_get_bool(json) ? FILTER_TRUE : FILTER_FALSE;
        return STATUS_OK;
    }
    if (!yyjson_is_obj(json)) {
        return bad(p, "a condition is an object with \"op\" and \"args\", or true or false");
    }
    if (depth > FILTER_DEPTH) {
        return reason_set(p->why, STATUS_BAD_REQUEST, "a filter is nested at most %d levels deep",
                          FILTER_DEPTH);
    }
    return parse_op(p, json, depth, node);
}

static const struct op *find_op(struct str name) {
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (str_eq(name, str_of(ops[i].name))) {
            return &ops[i];
        }
    }
    return NULL;
}

static enum status check_args(struct parser *p, const struct op *op, yyjson_val *args) {
    size_t count = yyjson_arr_size(args);
    if (!yyjson_is_arr(args)) {
        return bad(p, "\"args\" must be an array");
    }
    if (count < op->min_args || count > op->max_args) {
        return op->min_args == op->max_args
                   ? reason_set(p->why, STATUS_BAD_REQUEST, "\"%s\" takes %u args", op->name,
                                op->min_args)
                   : reason_set(p->why, STATUS_BAD_REQUEST, "\"%s\" takes %u to %u args", op->name,
                                op->min_args, op->max_args);
    }
    return STATUS_OK;
}

static enum status parse_op(struct parser *p, yyjson_val *json, unsigned depth,
                            struct filter_node *node) {
    yyjson_val *name = yyjson_obj_get(json, "op"), *args = yyjson_obj_get(json, "args");
    const struct op *op = yyjson_is_str(name) ? find_op(val_str(name)) : NULL;
    if (!op) {
        enum status st = name ? bad(p, "unknown operator")
                              : bad(p, "a condition needs the members \"op\" and \"args\"");
        if (name) {
            reason_prefix(p->why, "/op");
        }
        return st;
    }
    if (yyjson_obj_size(json) > 2) {
        return bad(p, "a condition has the members \"op\" and \"args\" and no others");
    }
    node->op = op->op;
    enum status st = check_args(p, op, args);
    if (st == STATUS_OK) {
        switch (op->family) {
        case LOGIC: st = parse_children(p, args, depth, node); break;
        case COMPARE: st = parse_operands(p, args, false, node); break;
        case TEMPORAL: st = parse_operands(p, args, true, node); break;
        case IN: st = parse_in(p, args, node); break;
        case LIKE: st = parse_like(p, args, node); break;
        case SPATIAL:
        case DWITHIN: st = parse_spatial(p, args, node); break;
        }
    }
    if (st != STATUS_OK) {
        reason_prefix(p->why, "/args");
    }
    return st;
}

static enum status parse_children(struct parser *p, yyjson_val *args, unsigned depth,
                                  struct filter_node *node) {
    size_t count = yyjson_arr_size(args);
    node->children = arena_zalloc(p->arena, count, sizeof(struct filter_node *));
    if (!node->children) {
        return STATUS_NO_MEMORY;
    }
    yyjson_arr_iter it = yyjson_arr_iter_with(args);
    for (uint32_t i = 0; i < count; i++) {
        enum status st =
            parse_condition(p, yyjson_arr_iter_next(&it), depth + 1, &node->children[i]);
        if (st != STATUS_OK) {
            reason_prefix(p->why, "/%u", i);
            return st;
        }
        node->count = i + 1;
    }
    return STATUS_OK;
}

static enum status operands_new(struct parser *p, size_t count, struct filter_node *node) {
    enum status st = count_nodes(p, count);
    if (st != STATUS_OK) {
        return st;
    }
    node->operands = arena_zalloc(p->arena, count ? count : 1, sizeof *node->operands);
    node->count = (uint32_t)count;
    return node->operands ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status parse_operands(struct parser *p, yyjson_val *args, bool intervals,
                                  struct filter_node *node) {
    size_t count = yyjson_arr_size(args);
    enum status st = operands_new(p, count, node);
    yyjson_arr_iter it = yyjson_arr_iter_with(args);
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        struct filter_operand *operand = &node->operands[i];
        st = parse_operand(p, yyjson_arr_iter_next(&it), intervals, operand);
        if (st == STATUS_OK && operand->kind == FILTER_FIELD_GEOMETRY &&
            node->op != FILTER_IS_NULL) {
            st = bad(p, "a geometry is asked by s_intersects, s_within, s_contains, s_disjoint "
                        "or s_dwithin");
        }
        if (st == STATUS_OK && intervals &&
            (operand->kind == FILTER_NUMBER || operand->kind == FILTER_BOOL ||
             operand->kind == FILTER_STRING)) {
            st = bad(p, "a time is a property, {\"timestamp\":...}, {\"date\":...} or "
                        "{\"interval\":[...]}");
        }
        if (st != STATUS_OK) {
            reason_prefix(p->why, "/%zu", i);
        }
    }
    return st;
}

/// A scalar: property, number, string, true, false, timestamp, date; with `intervals` those too.
static enum status parse_operand(struct parser *p, yyjson_val *json, bool intervals,
                                 struct filter_operand *out) {
    if (yyjson_is_num(json)) {
        *out = (struct filter_operand){.kind = FILTER_NUMBER, .number = yyjson_get_num(json)};
        return STATUS_OK;
    }
    if (yyjson_is_bool(json)) {
        *out = (struct filter_operand){.kind = FILTER_BOOL, .boolean = yyjson_get_bool(json)};
        return STATUS_OK;
    }
    if (yyjson_is_str(json)) {
        struct str text = arena_str(p->arena, val_str(json));
        *out = (struct filter_operand){.kind = FILTER_STRING, .text = text};
        return text.p ? STATUS_OK : STATUS_NO_MEMORY;
    }
    if (!yyjson_is_obj(json) || yyjson_obj_size(json) != 1) {
        return bad(p, "an argument is a number, a string, true, false or an object with one of "
                      "\"property\", \"timestamp\", \"date\", \"interval\"; for null use isNull");
    }
    yyjson_val *name = yyjson_obj_get(json, "property");
    if (!name) {
        return intervals && yyjson_obj_get(json, "interval")
                   ? parse_interval(p, yyjson_obj_get(json, "interval"), out)
                   : parse_time(p, json, out);
    }
    if (!yyjson_is_str(name) || yyjson_get_len(name) > NAME_MAX_BYTES) {
        return bad(p, "the name of a property is a string of at most 1024 bytes");
    }
    struct str text = arena_str(p->arena, val_str(name));
    *out = filter_field(text);
    return text.p ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status parse_time(struct parser *p, yyjson_val *json, struct filter_operand *out) {
    yyjson_val *stamp = yyjson_obj_get(json, "timestamp"), *date = yyjson_obj_get(json, "date");
    yyjson_val *val = stamp ? stamp : date;
    if (!val) {
        return bad(p, "unknown kind of argument");
    }
    *out = (struct filter_operand){.kind = FILTER_TIME};
    if (!yyjson_is_str(val) || (yyjson_get_len(val) == 10) != (val == date) ||
        !filter_time_parse(val_str(val), &out->lo_ms, &out->hi_ms)) {
        return bad(p, stamp ? "a timestamp looks like \"2026-01-02T03:04:05Z\""
                            : "a date looks like \"2026-01-02\"");
    }
    return STATUS_OK;
}

static bool interval_end(yyjson_val *val, bool first, int64_t *out) {
    struct str text = val_str(val);
    if (!yyjson_is_str(val)) {
        return false;
    }
    if (str_eq(text, STR("..")) || text.len == 0) {
        *out = first ? INT64_MIN : INT64_MAX;
        return true;
    }
    int64_t lo, hi;
    if (!filter_time_parse(text, &lo, &hi)) {
        return false;
    }
    *out = first ? lo : hi;
    return true;
}

static enum status parse_interval(struct parser *p, yyjson_val *json, struct filter_operand *out) {
    *out = (struct filter_operand){.kind = FILTER_TIME};
    if (yyjson_arr_size(json) != 2 || !interval_end(yyjson_arr_get(json, 0), true, &out->lo_ms) ||
        !interval_end(yyjson_arr_get(json, 1), false, &out->hi_ms)) {
        return bad(p, "an interval has two ends, each a timestamp, a date or \"..\"");
    }
    if (out->lo_ms > out->hi_ms) {
        return bad(p, "an interval must not end before it begins");
    }
    return STATUS_OK;
}

static enum status parse_in(struct parser *p, yyjson_val *args, struct filter_node *node) {
    yyjson_val *list = yyjson_arr_get(args, 1);
    if (!yyjson_is_arr(list)) {
        enum status st = bad(p, "the second argument of \"in\" is an array");
        reason_prefix(p->why, "/1");
        return st;
    }
    enum status st = operands_new(p, yyjson_arr_size(list) + 1, node);
    if (st != STATUS_OK) {
        return st;
    }
    st = parse_operand(p, yyjson_arr_get(args, 0), false, &node->operands[0]);
    if (st != STATUS_OK) {
        reason_prefix(p->why, "/0");
        return st;
    }
    yyjson_arr_iter it = yyjson_arr_iter_with(list);
    for (uint32_t i = 1; i < node->count; i++) {
        st = parse_operand(p, yyjson_arr_iter_next(&it), false, &node->operands[i]);
        if (st != STATUS_OK) {
            reason_prefix(p->why, "/1/%u", i - 1);
            return st;
        }
    }
    return STATUS_OK;
}

static enum status parse_like(struct parser *p, yyjson_val *args, struct filter_node *node) {
    enum status st = parse_operands(p, args, false, node);
    if (st != STATUS_OK) {
        return st;
    }
    const struct filter_operand *pattern = &node->operands[1];
    if (pattern->kind != FILTER_STRING || pattern->text.len > PATTERN_MAX_BYTES) {
        st = bad(p, "the pattern of \"like\" is a string of at most 1024 bytes");
        reason_prefix(p->why, "/1");
    }
    return st;
}

static bool is_geometry_property(yyjson_val *json) {
    yyjson_val *name = yyjson_obj_get(json, "property");
    return yyjson_is_str(name) && str_eq(val_str(name), STR("geometry"));
}

static enum status parse_spatial(struct parser *p, yyjson_val *args, struct filter_node *node) {
    yyjson_val *first = yyjson_arr_get(args, 0), *second = yyjson_arr_get(args, 1);
    bool swapped = is_geometry_property(second);
    if (swapped == is_geometry_property(first)) {
        return bad(p, "one of the first two arguments is {\"property\":\"geometry\"}, the other a "
                      "GeoJSON geometry or {\"bbox\":[west,south,east,north]}");
    }
    if (swapped && node->op == FILTER_S_WITHIN) {
        node->op = FILTER_S_CONTAINS; // the literal is within the object
    } else if (swapped && node->op == FILTER_S_CONTAINS) {
        node->op = FILTER_S_WITHIN;
    }
    if (node->op == FILTER_S_DWITHIN) {
        yyjson_val *metres = yyjson_arr_get(args, 2);
        node->metres = yyjson_get_num(metres);
        if (!yyjson_is_num(metres) || !(node->metres >= 0) || !isfinite(node->metres)) {
            enum status st = bad(p, "the distance is a number of metres, 0 or more");
            reason_prefix(p->why, "/2");
            return st;
        }
    }
    enum status st = parse_geometry(p, swapped ? first : second, node);
    if (st != STATUS_OK) {
        reason_prefix(p->why, swapped ? "/0" : "/1");
    }
    return st;
}

static enum status parse_geometry(struct parser *p, yyjson_val *json, struct filter_node *node) {
    enum status st = count_nodes(p, 1);
    struct filter_geometry *link = arena_zalloc(p->arena, 1, sizeof *link);
    if (st != STATUS_OK || !link) {
        return st != STATUS_OK ? st : STATUS_NO_MEMORY;
    }
    yyjson_val *box = yyjson_obj_get(json, "bbox");
    struct geometry *g = NULL;
    if (box && !yyjson_obj_get(json, "type")) {
        st = parse_bbox(p, box, &g);
        if (st != STATUS_OK) {
            reason_prefix(p->why, "/bbox");
        }
    } else {
        st = geojson_parse(json, p->limits, &g, p->why);
    }
    if (st != STATUS_OK) {
        return st;
    }
    geometry_prepare(g);
    node->geometry = g;
    *link = (struct filter_geometry){.geometry = g, .next = p->filter->geometries};
    p->filter->geometries = link;
    return STATUS_OK;
}

static enum status parse_bbox(struct parser *p, yyjson_val *json, struct geometry **out) {
    size_t count = yyjson_arr_size(json);
    if (!yyjson_is_arr(json) || (count != 4 && count != 6)) {
        return bad(p, "a bbox has four numbers: west, south, east, north");
    }
    double v[6];
    for (size_t i = 0; i < count; i++) {
        yyjson_val *number = yyjson_arr_get(json, i);
        if (!yyjson_is_num(number)) {
            return bad(p, "a bbox has four numbers: west, south, east, north");
        }
        v[i] = yyjson_get_num(number);
    }
    struct point sw = {v[0], v[1]}, ne = {v[count / 2], v[count / 2 + 1]};
    if (!point_valid(sw) || !point_valid(ne) || sw.lat > ne.lat) {
        return reason_set(p->why, STATUS_INVALID,
                          "a bbox has longitudes within -180..180 and south <= north within "
                          "-90..90");
    }
    struct bbox box = bbox_from_wsen(sw.lon, sw.lat, ne.lon, ne.lat);
    return geometry_new_bbox(&box, out);
}
