// expression.c - what an expression says of an object.

#include "command/expression.h"

#include <math.h>

#include "command/expression_node.h"
#include "command/object_write.h"
#include "command/regex.h"
#include "engine/properties.h"

struct evaluation {
    const struct object *object;
    bool failed;
    struct buf scratch; // never grows: `room` is all there is
    char room[EXPRESSION_SCRATCH];
};

typedef struct expression_value value;

static value eval(struct evaluation *v, const struct expression *e);
static value look_up(struct evaluation *v, struct str name);
static value member(struct evaluation *v, value of, struct str name);
static value element(struct evaluation *v, value of, value index);
static value add(struct evaluation *v, value a, value b);
static bool compare(enum expression_op op, value a, value b);
static bool truth(value a);
static double number_of(value a);
static struct str text_of(struct evaluation *v, value a);

bool expression_matches(const struct expression *e, const struct object *o) {
    struct evaluation v;
    v.object = o;
    v.failed = false;
    v.scratch = (struct buf){.data = v.room, .cap = sizeof v.room};
    bool match = truth(eval(&v, e));
    return match && !v.failed;
}

static value number(double n) {
    return (value){EXPRESSION_IS_NUMBER, .number = n};
}
static value boolean(bool b) {
    return (value){EXPRESSION_IS_BOOL, .boolean = b};
}
static value string(struct str s) {
    return (value){EXPRESSION_IS_STRING, .text = s};
}
static const value undefined = {.kind = EXPRESSION_IS_UNDEFINED};

static bool is_nothing(value a) {
    return a.kind == EXPRESSION_IS_UNDEFINED || a.kind == EXPRESSION_IS_NULL;
}

/// For `bytes` more of the strings made on the way; false ends the evaluation.
static bool room(struct evaluation *v, size_t bytes) {
    v->failed = v->failed || bytes > v->scratch.cap - v->scratch.len;
    return !v->failed;
}

static value glob(struct evaluation *v, value subject, value pattern) {
    struct str s = text_of(v, subject), p = text_of(v, pattern);
    if (!room(v, s.len + p.len)) {
        return undefined;
    }
    char *to = v->scratch.data + v->scratch.len, *low = to;
    v->scratch.len += s.len + p.len;
    for (size_t i = 0; i < s.len + p.len; i++) {
        char c = i < s.len ? s.p[i] : p.p[i - s.len];
        *to++ = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    return boolean(str_glob((struct str){low + s.len, p.len}, (struct str){low, s.len}));
}

static value binary(struct evaluation *v, const struct expression *e) {
    value a = eval(v, e->left), b = eval(v, e->right);
    switch (e->op) {
    case EXPRESSION_INDEX: return element(v, a, b);
    case EXPRESSION_GLOB: return glob(v, a, b);
    case EXPRESSION_MUL: return number(number_of(a) * number_of(b));
    case EXPRESSION_DIV: return number(number_of(a) / number_of(b));
    case EXPRESSION_MOD: return number(fmod(number_of(a), number_of(b)));
    case EXPRESSION_ADD: return add(v, a, b);
    case EXPRESSION_SUB: return number(number_of(a) - number_of(b));
    case EXPRESSION_COMMA: return b;
    default: return boolean(compare(e->op, a, b));
    }
}

static value eval(struct evaluation *v, const struct expression *e) {
    value a;
    if (v->failed) {
        return undefined;
    }
    switch (e->op) {
    case EXPRESSION_CONSTANT: return e->value;
    case EXPRESSION_NAME: return look_up(v, e->text);
    case EXPRESSION_MEMBER: return member(v, eval(v, e->left), e->text);
    case EXPRESSION_REGEX: {
        struct str text = text_of(v, eval(v, e->left));
        return boolean(!v->failed && room(v, 0) && text.len <= EXPRESSION_LENGTH_MAX &&
                       regex_matches(e->regex, text));
    }
    case EXPRESSION_NOT: return boolean(!truth(eval(v, e->left)));
    case EXPRESSION_NEGATE: return number(-number_of(eval(v, e->left)));
    case EXPRESSION_NUMBER: return number(number_of(eval(v, e->left)));
    case EXPRESSION_AND: return boolean(truth(eval(v, e->left)) && truth(eval(v, e->right)));
    case EXPRESSION_OR: return boolean(truth(eval(v, e->left)) || truth(eval(v, e->right)));
    case EXPRESSION_ELSE: a = eval(v, e->left); return is_nothing(a) ? eval(v, e->right) : a;
    case EXPRESSION_CHOICE: return eval(v, truth(eval(v, e->left)) ? e->right : e->third);
    default: return binary(v, e);
    }
}

// --- what names mean ---

static value unescaped(struct evaluation *v, const struct property *p) {
    if (!room(v, p->text.len + 1)) {
        return undefined;
    }
    struct buf rest = {.data = v->scratch.data + v->scratch.len,
                       .cap = v->scratch.cap - v->scratch.len};
    value made = string(property_string(p, &rest));
    v->scratch.len += rest.len;
    return made;
}

static value of_property(struct evaluation *v, const struct property *p) {
    switch (p->kind) {
    case PROPERTY_NULL: return (value){.kind = EXPRESSION_IS_NULL};
    case PROPERTY_BOOL: return boolean(p->boolean);
    case PROPERTY_NUMBER: return number(p->number);
    case PROPERTY_STRING:
        if (!p->escaped) {
            return string(p->text);
        }
        return unescaped(v, p);
    case PROPERTY_OBJECT:
    case PROPERTY_ARRAY: return (value){EXPRESSION_IS_JSON, .text = p->text};
    }
    return undefined;
}

static value type_of(const struct object *o) {
    switch (object_form(o)) {
    case OBJECT_FEATURE: return string(STR("Feature"));
    case OBJECT_COLLECTION: return string(STR("FeatureCollection"));
    case OBJECT_STRING: return undefined;
    case OBJECT_PLAIN: break;
    }
    return string(str_of(geometry_type_name(object_type(o))));
}

static value look_up(struct evaluation *v, struct str name) {
    const struct object *o = v->object;
    struct property p;
    if (str_eq(name, STR("properties"))) {
        return (value){EXPRESSION_IS_JSON, .text = object_properties(o)};
    }
    bool feature = object_form(o) == OBJECT_FEATURE;
    if (feature && properties_find(object_text(o), name, &p)) {
        return of_property(v, &p);
    }
    if (str_eq(name, STR("id"))) {
        return string(object_id(o));
    }
    if (str_eq(name, STR("type"))) {
        return type_of(o);
    }
    bool found = feature ? object_write_field_find(o, name, &p)
                         : properties_find(object_properties(o), name, &p);
    return found ? of_property(v, &p) : number(0);
}

static value member(struct evaluation *v, value of, struct str name) {
    struct property p;
    if (of.kind == EXPRESSION_IS_THIS) {
        return look_up(v, name);
    }
    bool object = of.kind == EXPRESSION_IS_JSON && of.text.len && of.text.p[0] == '{';
    return object && properties_find(of.text, name, &p) ? of_property(v, &p) : undefined;
}

/// Behind the JSON value that begins at `at`; the text is one of ours, so well-formed.
static size_t skip_value(struct str json, size_t at) {
    size_t depth = 0;
    bool quoted = false;
    for (; at < json.len; at++) {
        char c = json.p[at];
        if (quoted) {
            at += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (depth == 0 && (c == ',' || c == ']' || c == '}')) {
            return at;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return json.len;
}

static value element(struct evaluation *v, value of, value index) {
    if (of.kind != EXPRESSION_IS_JSON || of.text.len == 0 || of.text.p[0] == '{') {
        return member(v, of, text_of(v, index));
    }
    double wanted = number_of(index);
    size_t at = 1;
    if (!(wanted >= 0) || of.text.len < 3) {
        return undefined;
    }
    for (double i = 0; at < of.text.len - 1; i++) {
        size_t end = skip_value(of.text, at);
        if (i == wanted) {
            // Read as the member of an object, which is what there is a reader for.
            struct property p;
            struct str item = str_sub(of.text, at, end - at);
            if (!room(v, item.len + 6)) {
                return undefined;
            }
            size_t from = v->scratch.len;
            buf_append_str(&v->scratch, STR("{\"\":"));
            buf_append_str(&v->scratch, item);
            buf_append_char(&v->scratch, '}');
            struct str made = str_sub(buf_str(&v->scratch), from, v->scratch.len - from);
            return properties_find(made, STR(""), &p) ? of_property(v, &p) : undefined;
        }
        at = end + 1;
    }
    return undefined;
}

// --- what operators mean ---

static bool truth(value a) {
    switch (a.kind) {
    case EXPRESSION_IS_BOOL: return a.boolean;
    case EXPRESSION_IS_NUMBER: return a.number != 0; // NaN too, as in Tile38
    case EXPRESSION_IS_STRING: return a.text.len > 0;
    case EXPRESSION_IS_JSON:
    case EXPRESSION_IS_THIS: return true;
    default: return false;
    }
}

static double number_of(value a) {
    double v;
    switch (a.kind) {
    case EXPRESSION_IS_NULL: return 0;
    case EXPRESSION_IS_BOOL: return a.boolean;
    case EXPRESSION_IS_NUMBER: return a.number;
    case EXPRESSION_IS_STRING: return str_parse_number(a.text, &v) ? v : NAN;
    default: return NAN;
    }
}

static struct str number_text(struct evaluation *v, double number) {
    char digits[512]; // more than the longest, so that it never grows
    struct buf text = {.data = digits, .cap = sizeof digits};
    if (!isfinite(number)) {
        return isnan(number) ? STR("NaN") : number < 0 ? STR("-Infinity") : STR("Infinity");
    }
    object_write_number(number, &text);
    if (!room(v, text.len)) {
        return STR("");
    }
    size_t from = v->scratch.len;
    buf_append_str(&v->scratch, buf_str(&text));
    return str_sub(buf_str(&v->scratch), from, text.len);
}

static struct str text_of(struct evaluation *v, value a) {
    switch (a.kind) {
    case EXPRESSION_IS_UNDEFINED: return STR("undefined");
    case EXPRESSION_IS_NULL: return STR("null");
    case EXPRESSION_IS_BOOL: return a.boolean ? STR("true") : STR("false");
    case EXPRESSION_IS_STRING:
    case EXPRESSION_IS_JSON: return a.text;
    case EXPRESSION_IS_THIS: return object_id(v->object);
    case EXPRESSION_IS_NUMBER: break;
    }
    return number_text(v, a.number);
}

static bool is_text(value a) {
    return a.kind == EXPRESSION_IS_STRING || a.kind == EXPRESSION_IS_JSON ||
           a.kind == EXPRESSION_IS_THIS;
}

static value add(struct evaluation *v, value a, value b) {
    if (!is_text(a) && !is_text(b)) {
        return number(number_of(a) + number_of(b));
    }
    struct str left = text_of(v, a), right = text_of(v, b);
    if (!room(v, left.len + right.len)) {
        return undefined;
    }
    size_t from = v->scratch.len;
    buf_append_str(&v->scratch, left);
    buf_append_str(&v->scratch, right);
    return string(str_sub(buf_str(&v->scratch), from, v->scratch.len - from));
}

static unsigned char lower(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static int compare_text(struct str a, struct str b) {
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        int d = lower(a.p[i]) - lower(b.p[i]);
        if (d) {
            return d;
        }
    }
    return (a.len > b.len) - (a.len < b.len);
}

static bool compare(enum expression_op op, value a, value b) {
    bool strict = op == EXPRESSION_SAME || op == EXPRESSION_DIFFERENT;
    if (strict && a.kind != b.kind) {
        return op == EXPRESSION_DIFFERENT;
    }
    if (is_text(a) && a.kind == b.kind) {
        int c = compare_text(a.text, b.text);
        switch (op) {
        case EXPRESSION_LT: return c < 0;
        case EXPRESSION_LE: return c <= 0;
        case EXPRESSION_GT: return c > 0;
        case EXPRESSION_GE: return c >= 0;
        case EXPRESSION_EQ:
        case EXPRESSION_SAME: return c == 0;
        default: return c != 0;
        }
    }
    double x = number_of(a), y = number_of(b);
    switch (op) {
    case EXPRESSION_LT: return x < y;
    case EXPRESSION_LE: return x <= y;
    case EXPRESSION_GT: return x > y;
    case EXPRESSION_GE: return x >= y;
    case EXPRESSION_EQ:
    case EXPRESSION_SAME: return x == y;
    default: return x != y;
    }
}
