// filter_eval.c - a compiled filter against one object: three-valued, without allocation unless
// a string with escapes has to be ordered or matched.

#include "engine/filter_node.h"
#include "engine/properties.h"
#include "engine/spatial.h"

enum value_kind { VALUE_NULL, VALUE_OTHER, VALUE_BOOL, VALUE_NUMBER, VALUE_STRING, VALUE_TIME };

struct value {
    enum value_kind kind;
    bool boolean;
    double number;
    struct property string; // text and whether it is escaped
    int64_t lo_ms, hi_ms;
};

static struct value value_of(const struct filter_operand *operand, const struct object *o);
static struct value value_of_property(struct str name, const struct object *o);
static enum filter_truth evaluate_logic(const struct filter_node *node, const struct object *o);
static enum filter_truth evaluate_in(const struct filter_node *node, const struct object *o);
static enum filter_truth evaluate_like(const struct filter_node *node, const struct object *o);
static enum filter_truth evaluate_text(const struct filter_node *node, const struct object *o);
static enum filter_truth evaluate_spatial(const struct filter_node *node, const struct object *o);
static enum filter_truth evaluate_temporal(const struct filter_node *node, const struct object *o);
static enum filter_truth compare(enum filter_op op, const struct value *a, const struct value *b);
static bool order(const struct value *a, const struct value *b, int *out);
static bool as_time(const struct value *v, int64_t *lo, int64_t *hi);

static enum filter_truth truth(bool b) {
    return b ? FILTER_TRUE : FILTER_FALSE;
}

static enum filter_truth least(enum filter_truth a, enum filter_truth b) {
    return a < b ? a : b;
}

enum filter_truth filter_evaluate(const struct filter_node *node, const struct object *o) {
    struct value a, b, c;
    switch (node->op) {
    case FILTER_CONST: return node->constant;
    case FILTER_AND:
    case FILTER_OR: return evaluate_logic(node, o);
    case FILTER_NOT: return FILTER_TRUE - filter_evaluate(node->children[0], o);
    case FILTER_EQ:
    case FILTER_NE:
    case FILTER_LT:
    case FILTER_LE:
    case FILTER_GT:
    case FILTER_GE:
        a = value_of(&node->operands[0], o);
        b = value_of(&node->operands[1], o);
        return compare(node->op, &a, &b);
    case FILTER_BETWEEN:
        a = value_of(&node->operands[0], o);
        b = value_of(&node->operands[1], o);
        c = value_of(&node->operands[2], o);
        return least(compare(FILTER_GE, &a, &b), compare(FILTER_LE, &a, &c));
    case FILTER_IS_NULL: a = value_of(&node->operands[0], o); return truth(a.kind == VALUE_NULL);
    case FILTER_IN: return evaluate_in(node, o);
    case FILTER_LIKE: return evaluate_like(node, o);
    case FILTER_EQ_TEXT: return evaluate_text(node, o);
    case FILTER_S_INTERSECTS:
    case FILTER_S_WITHIN:
    case FILTER_S_CONTAINS:
    case FILTER_S_DISJOINT:
    case FILTER_S_DWITHIN: return evaluate_spatial(node, o);
    case FILTER_T_AFTER:
    case FILTER_T_BEFORE:
    case FILTER_T_DURING:
    case FILTER_T_INTERSECTS: return evaluate_temporal(node, o);
    }
    return FILTER_UNKNOWN;
}

// % any run, _ one character, \ quotes. Only the last % is ever gone back to: whatever an earlier
// one could take, the last can take as well, so the work is text times pattern at most.
bool filter_like(struct str pattern, struct str text) {
    size_t p = 0, t = 0, back_p = SIZE_MAX, back_t = 0;
    while (t < text.len) {
        size_t next = t + 1; // one character on
        while (next < text.len && ((unsigned char)text.p[next] & 0xc0) == 0x80) {
            next++;
        }
        if (p < pattern.len && pattern.p[p] == '%') {
            back_p = ++p;
            back_t = t;
            continue;
        }
        if (p < pattern.len && pattern.p[p] == '_') {
            p++;
            t = next;
            continue;
        }
        size_t at = p < pattern.len && pattern.p[p] == '\\' && p + 1 < pattern.len ? p + 1 : p;
        if (at < pattern.len && pattern.p[at] == text.p[t]) {
            p = at + 1;
            t++;
            continue;
        }
        if (back_p == SIZE_MAX) {
            return false;
        }
        back_t++;
        while (back_t < text.len && ((unsigned char)text.p[back_t] & 0xc0) == 0x80) {
            back_t++;
        }
        p = back_p;
        t = back_t;
    }
    while (p < pattern.len && pattern.p[p] == '%') {
        p++;
    }
    return p == pattern.len;
}

static struct value value_of_time(int64_t lo_ms, int64_t hi_ms) {
    return (struct value){.kind = VALUE_TIME, .lo_ms = lo_ms, .hi_ms = hi_ms};
}

static struct value value_of_string(struct str text) {
    return (struct value){.kind = VALUE_STRING, .string = {.kind = PROPERTY_STRING, .text = text}};
}

static struct value value_of(const struct filter_operand *operand, const struct object *o) {
    switch (operand->kind) {
    case FILTER_NUMBER: return (struct value){.kind = VALUE_NUMBER, .number = operand->number};
    case FILTER_STRING: return value_of_string(operand->text);
    case FILTER_BOOL: return (struct value){.kind = VALUE_BOOL, .boolean = operand->boolean};
    case FILTER_TIME: return value_of_time(operand->lo_ms, operand->hi_ms);
    case FILTER_PROPERTY: return value_of_property(operand->text, o);
    case FILTER_FIELD_ID: return value_of_string(object_id(o));
    case FILTER_FIELD_VERSION:
        return (struct value){.kind = VALUE_NUMBER, .number = (double)o->version};
    case FILTER_FIELD_CREATED: return value_of_time(o->created_ms, o->created_ms);
    case FILTER_FIELD_UPDATED: return value_of_time(o->updated_ms, o->updated_ms);
    case FILTER_FIELD_TIME:
        if (o->flags & OBJECT_HAS_TIME) {
            return value_of_time(object_time_ms(o), object_time_ms(o));
        }
        break;
    case FILTER_FIELD_GEOMETRY: return (struct value){.kind = VALUE_OTHER};
    }
    return (struct value){.kind = VALUE_NULL};
}

static struct value value_of_property(struct str name, const struct object *o) {
    struct property p;
    struct value v = {.kind = VALUE_NULL};
    if (!properties_find(object_properties(o), name, &p)) {
        return v;
    }
    switch (p.kind) {
    case PROPERTY_NULL: break;
    case PROPERTY_BOOL:
        v.kind = VALUE_BOOL;
        v.boolean = p.boolean;
        break;
    case PROPERTY_NUMBER:
        v.kind = VALUE_NUMBER;
        v.number = p.number;
        break;
    case PROPERTY_STRING:
        v.kind = VALUE_STRING;
        v.string = p;
        break;
    case PROPERTY_OBJECT:
    case PROPERTY_ARRAY: v.kind = VALUE_OTHER; break;
    }
    return v;
}

static enum filter_truth evaluate_logic(const struct filter_node *node, const struct object *o) {
    bool all = node->op == FILTER_AND;
    enum filter_truth result = all ? FILTER_TRUE : FILTER_FALSE;
    for (uint32_t i = 0; i < node->count; i++) {
        enum filter_truth t = filter_evaluate(node->children[i], o);
        if (t == (all ? FILTER_FALSE : FILTER_TRUE)) {
            return t;
        }
        if (t == FILTER_UNKNOWN) {
            result = FILTER_UNKNOWN;
        }
    }
    return result;
}

static enum filter_truth evaluate_in(const struct filter_node *node, const struct object *o) {
    struct value v = value_of(&node->operands[0], o);
    enum filter_truth result = FILTER_FALSE;
    for (uint32_t i = 1; i < node->count; i++) {
        struct value w = value_of(&node->operands[i], o);
        enum filter_truth t = compare(FILTER_EQ, &v, &w);
        if (t == FILTER_TRUE) {
            return t;
        }
        if (t == FILTER_UNKNOWN) {
            result = FILTER_UNKNOWN;
        }
    }
    return result;
}

static enum filter_truth evaluate_like(const struct filter_node *node, const struct object *o) {
    struct value v = value_of(&node->operands[0], o);
    if (v.kind != VALUE_STRING) {
        return FILTER_UNKNOWN;
    }
    struct buf scratch;
    buf_init(&scratch);
    struct str text = property_string(&v.string, &scratch);
    enum filter_truth t =
        scratch.failed ? FILTER_UNKNOWN : truth(filter_like(node->operands[1].text, text));
    buf_deinit(&scratch);
    return t;
}

static enum filter_truth evaluate_text(const struct filter_node *node, const struct object *o) {
    struct value v = value_of(&node->operands[0], o);
    struct str text = node->operands[1].text;
    struct value w = {.kind = VALUE_NULL};
    switch (v.kind) {
    case VALUE_STRING: return truth(property_text_equals(&v.string, text));
    case VALUE_BOOL: return truth(str_eq(text, v.boolean ? STR("true") : STR("false")));
    case VALUE_NUMBER:
        // "007" is a text, not a number.
        if (text.len > 1 && text.p[0] == '0' && text.p[1] >= '0' && text.p[1] <= '9') {
            return FILTER_FALSE;
        }
        w.kind = VALUE_NUMBER;
        return truth(str_parse_double(text, &w.number) && v.number == w.number);
    case VALUE_TIME: w = value_of_string(text); return compare(FILTER_EQ, &v, &w);
    default: return FILTER_UNKNOWN;
    }
}

static enum filter_truth evaluate_spatial(const struct filter_node *node, const struct object *o) {
    switch (node->op) {
    case FILTER_S_WITHIN: return truth(spatial_within(o, node->geometry));
    case FILTER_S_CONTAINS: return truth(spatial_contains(o, node->geometry));
    case FILTER_S_DISJOINT: return truth(!spatial_intersects(o, node->geometry));
    case FILTER_S_DWITHIN: return truth(spatial_dwithin(o, node->geometry, node->metres));
    default: return truth(spatial_intersects(o, node->geometry));
    }
}

static enum filter_truth evaluate_temporal(const struct filter_node *node, const struct object *o) {
    struct value a = value_of(&node->operands[0], o), b = value_of(&node->operands[1], o);
    int64_t a_lo, a_hi, b_lo, b_hi;
    if (!as_time(&a, &a_lo, &a_hi) || !as_time(&b, &b_lo, &b_hi)) {
        return FILTER_UNKNOWN;
    }
    switch (node->op) {
    case FILTER_T_AFTER: return truth(a_lo > b_hi);
    case FILTER_T_BEFORE: return truth(a_hi < b_lo);
    case FILTER_T_DURING:
        return truth((a_lo > b_lo || b_lo == INT64_MIN) && (a_hi < b_hi || b_hi == INT64_MAX));
    default: return truth(a_lo <= b_hi && a_hi >= b_lo);
    }
}

static enum filter_truth compare(enum filter_op op, const struct value *a, const struct value *b) {
    if (a->kind == VALUE_STRING && b->kind == VALUE_STRING && op <= FILTER_NE) {
        // The common case, without unescaping; two escaped ones take the long way.
        if (!a->string.escaped || !b->string.escaped) {
            bool same = a->string.escaped ? property_text_equals(&a->string, b->string.text)
                                          : property_text_equals(&b->string, a->string.text);
            return truth(same == (op == FILTER_EQ));
        }
    }
    int c;
    if (!order(a, b, &c)) {
        return FILTER_UNKNOWN;
    }
    switch (op) {
    case FILTER_EQ: return truth(c == 0);
    case FILTER_NE: return truth(c != 0);
    case FILTER_LT: return truth(c < 0);
    case FILTER_LE: return truth(c <= 0);
    case FILTER_GT: return truth(c > 0);
    default: return truth(c >= 0);
    }
}

static int order_strings(const struct value *a, const struct value *b, bool *ok) {
    struct buf sa, sb;
    buf_init(&sa);
    buf_init(&sb);
    int c = str_compare(property_string(&a->string, &sa), property_string(&b->string, &sb));
    *ok = !sa.failed && !sb.failed;
    buf_deinit(&sa);
    buf_deinit(&sb);
    return c;
}

/// <0, 0, >0 for two values of one type; false when they cannot be compared.
static bool order(const struct value *a, const struct value *b, int *out) {
    bool ok = true;
    if (a->kind == b->kind && a->kind != VALUE_TIME) {
        switch (a->kind) {
        case VALUE_BOOL: *out = (int)a->boolean - (int)b->boolean; return true;
        case VALUE_NUMBER: *out = (a->number > b->number) - (a->number < b->number); return true;
        case VALUE_STRING: *out = order_strings(a, b, &ok); return ok;
        default: return false;
        }
    }
    int64_t a_lo, a_hi, b_lo, b_hi;
    if (a->kind != VALUE_TIME && b->kind != VALUE_TIME) {
        return false;
    }
    if (!as_time(a, &a_lo, &a_hi) || !as_time(b, &b_lo, &b_hi)) {
        return false;
    }
    // A date is a whole day: an instant within it is equal to it.
    *out = a_lo > b_hi ? 1 : a_hi < b_lo ? -1 : 0;
    return true;
}

/// Times, and strings that are one.
static bool as_time(const struct value *v, int64_t *lo, int64_t *hi) {
    if (v->kind == VALUE_TIME) {
        *lo = v->lo_ms;
        *hi = v->hi_ms;
        return true;
    }
    return v->kind == VALUE_STRING && !v->string.escaped &&
           filter_time_parse(v->string.text, lo, hi);
}
