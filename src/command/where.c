// where.c - parsing conditions and holding objects against them.

#include "command/where.h"

#include <math.h>

#include "base/reason.h"
#include "command/commands_state.h"
#include "command/expression.h"
#include "command/object_write.h"
#include "command/reply.h"
#include "engine/properties.h"

#define VALUES_MAX 1000000

static bool is_expression(const struct args *a);
static enum status parse_expression(struct args *a, struct arena *arena, struct where *w);
static enum status parse_field(struct args *a, struct arena *arena, struct where *w);
static struct where_value field_value(const struct where *w, const struct object *o,
                                      struct buf *scratch);

static struct where *make(struct arena *arena, enum where_kind kind) {
    struct where *w = arena_zalloc(arena, 1, sizeof *w);
    if (w) {
        w->kind = kind;
    }
    return w;
}

enum status where_parse(struct args *a, struct arena *arena, struct where **out) {
    *out = make(arena, WHERE_RANGE);
    if (!*out) {
        return STATUS_NO_MEMORY;
    }
    return is_expression(a) ? parse_expression(a, arena, *out) : parse_field(a, arena, *out);
}

/// Tile38's rule: nothing but the expression is left, or a word that begins with a letter follows it.
static bool is_expression(const struct args *a) {
    size_t left = args_left(a);
    if (left == 0) {
        return false;
    }
    struct str second = left > 1 ? a->call->args[a->at + 1] : STR("");
    if (left == 1 || (left == 2 && second.len == 0)) {
        return true;
    }
    char c = second.len ? (char)(second.p[0] | 32) : '\0';
    return c >= 'a' && c <= 'z' && !str_eq_nocase(second, STR("inf"));
}

/// What does not parse matches nothing, as in Tile38; what is too large is refused.
static enum status parse_expression(struct args *a, struct arena *arena, struct where *w) {
    struct str text;
    enum status st = args_text(a, &text);
    w->kind = WHERE_EXPRESSION;
    if (st == STATUS_OK) {
        st = expression_parse(text, arena, &w->expression);
    }
    if (st == STATUS_TOO_LARGE) {
        return reason_set(a->call->why, STATUS_BAD_REQUEST, "expression too large or too deep");
    }
    return st == STATUS_INVALID ? STATUS_OK : st;
}

static bool compare_op(struct str text, enum where_op *op) {
    static const char *const ops[] = {"<", "<=", ">", ">=", "==", "!="};
    for (unsigned i = 0; i < 6; i++) {
        if (str_eq(text, str_of(ops[i]))) {
            *op = (enum where_op)i;
            return true;
        }
    }
    return false;
}

/// An opening parenthesis leaves the end itself out.
static bool take_open(struct str *text) {
    bool open = text->len && text->p[0] == '(';
    *text = str_sub(*text, open, text->len - open);
    return open;
}

static enum status parse_field(struct args *a, struct arena *arena, struct where *w) {
    struct str least, most;
    enum status st = args_text(a, &w->name);
    if (st == STATUS_OK) st = args_text(a, &least);
    if (st == STATUS_OK) st = args_text(a, &most);
    if (st != STATUS_OK) return st;
    if (compare_op(least, &w->op)) {
        w->kind = WHERE_COMPARE;
    } else {
        w->least_open = take_open(&least);
        w->most_open = take_open(&most);
        w->least = where_value_of(least, arena);
    }
    w->most = where_value_of(most, arena);
    return STATUS_OK;
}

enum status where_in_parse(struct args *a, struct arena *arena, struct where **out) {
    struct where *w = *out = make(arena, WHERE_IN);
    uint64_t count = 0;
    if (!w) {
        return STATUS_NO_MEMORY;
    }
    enum status st = args_text(a, &w->name);
    if (st == STATUS_OK) st = args_u64(a, &count);
    if (st != STATUS_OK) return st;
    if (count > args_left(a)) {
        return reply_arguments(a->call);
    }
    w->values = arena_zalloc(arena, count + 1, sizeof *w->values);
    if (!w->values) {
        return STATUS_NO_MEMORY;
    }
    for (; w->value_count < count; w->value_count++) {
        w->values[w->value_count] = where_value_of(a->call->args[a->at++], arena);
    }
    return STATUS_OK;
}

enum status where_script_parse(struct args *a, bool is_sha, struct arena *arena,
                               struct where **out) {
    struct where *w = *out = make(arena, WHERE_SCRIPT);
    struct command_call *call = a->call;
    uint64_t count = 0;
    if (!w) {
        return STATUS_NO_MEMORY;
    }
    w->script.is_sha = is_sha;
    enum status st = args_text(a, &w->script.text);
    if (st == STATUS_OK) st = args_u64(a, &count);
    if (st != STATUS_OK) return st;
    if (count > args_left(a)) {
        return reply_arguments(call);
    }
    w->script.args = call->args + a->at;
    w->script.arg_count = count;
    a->at += count;
    if (!call->commands->where_eval) {
        return reason_set(call->why, STATUS_NOT_IMPLEMENTED, "scripts are not available");
    }
    bool match;
    return call->commands->where_eval(call, &w->script, NULL, &match);
}

// --- values ---

static struct where_value where_number(double number, struct str text) {
    return (struct where_value){WHERE_NUMBER, number, text};
}

/// The words that numbers can be.
static bool parse_word(struct str text, double *out) {
    bool signed_ = text.len && (text.p[0] == '-' || text.p[0] == '+');
    struct str word = str_sub(text, signed_, text.len - signed_);
    if (str_eq_nocase(word, STR("inf")) || str_eq_nocase(word, STR("infinity"))) {
        *out = signed_ && text.p[0] == '-' ? -INFINITY : INFINITY;
        return true;
    }
    *out = NAN;
    return !signed_ && str_eq_nocase(word, STR("nan"));
}

static struct where_value value_of_json(yyjson_val *v, struct str text, struct arena *arena) {
    switch (yyjson_get_type(v)) {
    case YYJSON_TYPE_NULL: return (struct where_value){WHERE_NULL, 0, text};
    case YYJSON_TYPE_BOOL:
        return (struct where_value){yyjson_get_bool(v) ? WHERE_TRUE : WHERE_FALSE, 0, text};
    case YYJSON_TYPE_NUM: return where_number(yyjson_get_num(v), text);
    case YYJSON_TYPE_STR:
        return (struct where_value){
            WHERE_STRING, 0, arena_str(arena, (struct str){yyjson_get_str(v), yyjson_get_len(v)})};
    default: return (struct where_value){WHERE_JSON, 0, text};
    }
}

/// Fields that are JSON are kept without white space: so is what they are compared with.
static struct str minified(struct str text, struct arena *arena) {
    char *to = arena_alloc(arena, text.len + 1), *made = to;
    bool quoted = false;
    for (size_t i = 0; made && i < text.len; i++) {
        char c = text.p[i];
        if (quoted || !strchr(" \t\r\n", c)) {
            *to++ = c;
        }
        if (quoted && c == '\\') {
            *to++ = text.p[++i];
        } else if (c == '"') {
            quoted = !quoted;
        }
    }
    return made ? (struct str){made, (size_t)(to - made)} : text;
}

/// In the arena; NULL when it is none, or for lack of memory.
static yyjson_val *read_json(struct str text, struct arena *arena) {
    yyjson_alc alc;
    size_t size = yyjson_read_max_memory_usage(text.len, 0);
    void *pool = arena_alloc(arena, size);
    if (!pool || !yyjson_alc_pool_init(&alc, pool, size)) {
        return NULL;
    }
    return yyjson_doc_get_root(yyjson_read_opts((char *)text.p, text.len, 0, &alc, NULL));
}

struct where_value where_value_of(struct str text, struct arena *arena) {
    double number;
    text = str_trim(text);
    if (str_parse_number(text, &number) || parse_word(text, &number)) {
        return where_number(number, text);
    }
    struct where_value v = {WHERE_STRING, 0, text};
    if (text.len && strchr("{[\"tfn", text.p[0]) && text.p[0]) {
        yyjson_val *json = read_json(text, arena);
        if (json) {
            v = value_of_json(json, text, arena);
        }
        if (v.kind == WHERE_JSON) {
            v.text = minified(text, arena);
        }
    }
    return v;
}

static int fold(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static int compare_nocase(struct str a, struct str b) {
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        int d = fold(a.p[i]) - fold(b.p[i]);
        if (d) {
            return d;
        }
    }
    return (a.len > b.len) - (a.len < b.len);
}

int where_value_compare(const struct where_value *a, const struct where_value *b) {
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    switch (a->kind) {
    case WHERE_NUMBER: return (a->number > b->number) - (a->number < b->number);
    case WHERE_STRING: return compare_nocase(a->text, b->text);
    case WHERE_JSON: return str_compare(a->text, b->text);
    default: return 0;
    }
}

// --- objects ---

static struct where_value of_property(const struct property *p, struct buf *scratch) {
    switch (p->kind) {
    case PROPERTY_NULL: return (struct where_value){WHERE_NULL, 0, p->text};
    case PROPERTY_BOOL:
        return (struct where_value){p->boolean ? WHERE_TRUE : WHERE_FALSE, 0, p->text};
    case PROPERTY_NUMBER: return where_number(p->number, p->text);
    case PROPERTY_STRING: return (struct where_value){WHERE_STRING, 0, property_string(p, scratch)};
    default: return (struct where_value){WHERE_JSON, 0, p->text};
    }
}

static struct where_value field_value(const struct where *w, const struct object *o,
                                      struct buf *scratch) {
    struct property p;
    if (str_eq(w->name, STR("z"))) {
        return where_number(o->flags & OBJECT_HAS_Z ? object_z(o) : 0, STR(""));
    }
    struct str name = str_sub(w->name, 0, str_find(w->name, '.'));
    bool is_field = object_form(o) != OBJECT_FEATURE || object_write_field_find(o, name, &p);
    if (!is_field || !properties_find(object_properties(o), w->name, &p)) {
        return where_number(0, STR("0"));
    }
    return of_property(&p, scratch);
}

static bool in_range(const struct where *w, const struct where_value *v) {
    int low = where_value_compare(v, &w->least), high = where_value_compare(v, &w->most);
    return (w->least_open ? low > 0 : low >= 0) && (w->most_open ? high < 0 : high <= 0);
}

static bool compares(const struct where *w, const struct where_value *v) {
    int c = where_value_compare(v, &w->most);
    switch (w->op) {
    case WHERE_LT: return c < 0;
    case WHERE_LE: return c <= 0;
    case WHERE_GT: return c > 0;
    case WHERE_GE: return c >= 0;
    case WHERE_EQ: return c == 0;
    case WHERE_NE: return c != 0;
    }
    return false;
}

static bool is_one_of(const struct where *w, const struct where_value *v) {
    for (size_t i = 0; i < w->value_count; i++) {
        if (where_value_compare(v, &w->values[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool field_matches(const struct where *w, const struct object *o) {
    struct buf scratch; // of a string with escapes
    buf_init(&scratch);
    struct where_value v = field_value(w, o, &scratch);
    bool match = w->kind == WHERE_RANGE     ? in_range(w, &v)
                 : w->kind == WHERE_COMPARE ? compares(w, &v)
                                            : is_one_of(w, &v);
    buf_deinit(&scratch);
    return match;
}

enum status where_matches(const struct where *list, struct command_call *call,
                          const struct object *o, bool *match) {
    *match = true;
    for (const struct where *w = list; w && *match; w = w->next) {
        enum status st = STATUS_OK;
        if (w->kind == WHERE_EXPRESSION) {
            *match = w->expression && expression_matches(w->expression, o);
        } else if (w->kind == WHERE_SCRIPT) {
            struct where_script script = w->script;
            st = call->commands->where_eval ? call->commands->where_eval(call, &script, o, match)
                                            : STATUS_NOT_IMPLEMENTED;
        } else {
            *match = field_matches(w, o);
        }
        if (st != STATUS_OK) {
            return st;
        }
    }
    return STATUS_OK;
}
