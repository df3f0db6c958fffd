// expression_parse.c - precedence climbing, one level a function.

#include <math.h>

#include "command/expression.h"
#include "command/expression_node.h"
#include "command/regex.h"

struct parsing {
    struct str text;
    size_t at;
    struct arena *arena;
    unsigned nodes, nesting;
    enum status status;
};

typedef const struct expression node;

struct symbol {
    const char *text;
    enum expression_op op;
};

static node *comma(struct parsing *p);
static node *choice(struct parsing *p);
static node *binary(struct parsing *p, unsigned level);
static node *unary(struct parsing *p);
static node *chain(struct parsing *p);
static node *atom(struct parsing *p);
static bool string(struct parsing *p, struct str *out);

enum status expression_parse(struct str text, struct arena *arena, const struct expression **out) {
    struct parsing p = {.text = text, .arena = arena};
    if (text.len > EXPRESSION_LENGTH_MAX) {
        return STATUS_TOO_LARGE;
    }
    node *e = comma(&p);
    if (e && p.at < text.len) {
        return STATUS_INVALID;
    }
    *out = e;
    return e ? STATUS_OK : p.status;
}

static node *fail(struct parsing *p, enum status st) {
    p->status = p->status == STATUS_OK ? st : p->status;
    return NULL;
}

static struct expression *make(struct parsing *p, enum expression_op op, node *left, node *right) {
    struct expression *e = arena_zalloc(p->arena, 1, sizeof *e);
    if (!e || ++p->nodes > EXPRESSION_NODES_MAX) {
        fail(p, e ? STATUS_TOO_LARGE : STATUS_NO_MEMORY);
        return NULL;
    }
    unsigned l = left ? left->depth : 0, r = right ? right->depth : 0;
    e->op = op;
    e->left = left;
    e->right = right;
    e->depth = (l > r ? l : r) + 1;
    if (e->depth > EXPRESSION_NODES_MAX / 4) {
        fail(p, STATUS_TOO_LARGE);
        return NULL;
    }
    return e;
}

static void skip_space(struct parsing *p) {
    while (p->at < p->text.len && strchr(" \t\n\v\f\r", p->text.p[p->at]) && p->text.p[p->at]) {
        p->at++;
    }
}

static char peek(struct parsing *p) {
    skip_space(p);
    return p->at < p->text.len ? p->text.p[p->at] : '\0';
}

static bool next_is(struct parsing *p, const char *text) {
    skip_space(p);
    size_t len = strlen(text);
    bool is = p->text.len - p->at >= len && memcmp(p->text.p + p->at, text, len) == 0;
    p->at += is ? len : 0;
    return is;
}

static node *comma(struct parsing *p) {
    if (++p->nesting > EXPRESSION_DEPTH_MAX) {
        return fail(p, STATUS_TOO_LARGE);
    }
    node *left = choice(p);
    while (left && next_is(p, ",")) {
        node *right = choice(p);
        left = right ? make(p, EXPRESSION_COMMA, left, right) : NULL;
    }
    p->nesting--;
    skip_space(p);
    return left;
}

/// `?` alone, not `??` and `?.`.
static bool next_is_choice(struct parsing *p) {
    if (peek(p) != '?') {
        return false;
    }
    char after = p->at + 1 < p->text.len ? p->text.p[p->at + 1] : '\0';
    bool number = p->at + 2 < p->text.len && p->text.p[p->at + 2] >= '0' &&
                  p->text.p[p->at + 2] <= '9'; // a?.5:1
    bool is = after != '?' && (after != '.' || number);
    p->at += is;
    return is;
}

static node *choice(struct parsing *p) {
    node *condition = binary(p, 0);
    if (!condition || !next_is_choice(p)) {
        return condition;
    }
    if (++p->nesting > EXPRESSION_DEPTH_MAX) {
        return fail(p, STATUS_TOO_LARGE);
    }
    node *yes = choice(p);
    if (!yes || !next_is(p, ":")) {
        return fail(p, STATUS_INVALID);
    }
    node *no = choice(p);
    struct expression *e = no ? make(p, EXPRESSION_CHOICE, condition, yes) : NULL;
    p->nesting--;
    if (e) {
        e->third = no;
        e->depth = e->depth > no->depth + 1 ? e->depth : no->depth + 1;
    }
    return e;
}

// From the loosest to the tightest; longer texts first.
#define LEVELS 6
static const struct symbol levels[LEVELS][6] = {
    {{"||", EXPRESSION_OR}, {"??", EXPRESSION_ELSE}},
    {{"&&", EXPRESSION_AND}},
    {{"===", EXPRESSION_SAME},
     {"!==", EXPRESSION_DIFFERENT},
     {"==", EXPRESSION_EQ},
     {"!=", EXPRESSION_NE},
     {"=~", EXPRESSION_REGEX}},
    {{"<=", EXPRESSION_LE}, {">=", EXPRESSION_GE}, {"<", EXPRESSION_LT}, {">", EXPRESSION_GT}},
    {{"+", EXPRESSION_ADD}, {"-", EXPRESSION_SUB}},
    {{"*", EXPRESSION_MUL}, {"/", EXPRESSION_DIV}, {"%", EXPRESSION_MOD}},
};

static const struct symbol *next_symbol(struct parsing *p, unsigned level) {
    for (unsigned i = 0; i < 6 && levels[level][i].text; i++) {
        if (next_is(p, levels[level][i].text)) {
            return &levels[level][i];
        }
    }
    return NULL;
}

/// The right side is a string that does not change: its pattern is made once.
static node *make_regex(struct parsing *p, node *left, node *right) {
    struct regex *regex;
    if (right->op != EXPRESSION_CONSTANT || right->value.kind != EXPRESSION_IS_STRING) {
        return fail(p, STATUS_INVALID);
    }
    enum status st = regex_parse(right->value.text, p->arena, &regex);
    struct expression *e = st == STATUS_OK ? make(p, EXPRESSION_REGEX, left, NULL) : NULL;
    if (!e) {
        return fail(p, st);
    }
    e->regex = regex;
    return e;
}

static node *binary(struct parsing *p, unsigned level) {
    if (level == LEVELS) {
        return unary(p);
    }
    node *left = binary(p, level + 1);
    const struct symbol *found;
    while (left && (found = next_symbol(p, level))) {
        node *right = binary(p, level + 1);
        if (!right) {
            return NULL;
        }
        left = found->op == EXPRESSION_REGEX ? make_regex(p, left, right)
                                             : make(p, found->op, left, right);
    }
    return left;
}

static node *unary(struct parsing *p) {
    char c = peek(p);
    if (c != '!' && c != '-' && c != '+') {
        return chain(p);
    }
    p->at++;
    bool twice = c != '!' && p->at < p->text.len && p->text.p[p->at] == c; // --a
    if (twice || ++p->nesting > EXPRESSION_DEPTH_MAX) {
        return fail(p, STATUS_INVALID);
    }
    node *operand = unary(p);
    p->nesting--;
    enum expression_op op = c == '!'   ? EXPRESSION_NOT
                            : c == '-' ? EXPRESSION_NEGATE
                                       : EXPRESSION_NUMBER;
    return operand ? make(p, op, operand, NULL) : NULL;
}

static bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool name(struct parsing *p, struct str *out) {
    skip_space(p);
    size_t from = p->at;
    if (from == p->text.len || !is_name_start(p->text.p[from])) {
        return false;
    }
    while (p->at < p->text.len && (is_name_start(p->text.p[p->at]) ||
                                   (p->text.p[p->at] >= '0' && p->text.p[p->at] <= '9'))) {
        p->at++;
    }
    *out = str_sub(p->text, from, p->at - from);
    return true;
}

static node *call(struct parsing *p, node *left, struct str method) {
    node *argument = comma(p);
    if (!argument || !next_is(p, ")") || !str_eq(method, STR("match"))) {
        return fail(p, STATUS_INVALID);
    }
    return make(p, EXPRESSION_GLOB, left, argument);
}

static node *member(struct parsing *p, node *left) {
    struct str text;
    if (!name(p, &text)) {
        return fail(p, STATUS_INVALID);
    }
    if (next_is(p, "(")) {
        return call(p, left, text);
    }
    struct expression *e = make(p, EXPRESSION_MEMBER, left, NULL);
    if (e) {
        e->text = text;
    }
    return e;
}

static node *chain(struct parsing *p) {
    node *left = atom(p);
    while (left) {
        if (next_is(p, "?.") || next_is(p, ".")) {
            left = member(p, left);
        } else if (next_is(p, "[")) {
            node *index = comma(p);
            if (!index || !next_is(p, "]")) {
                return fail(p, STATUS_INVALID);
            }
            left = make(p, EXPRESSION_INDEX, left, index);
        } else {
            break;
        }
    }
    return left;
}

static node *constant(struct parsing *p, struct expression_value value) {
    struct expression *e = make(p, EXPRESSION_CONSTANT, NULL, NULL);
    if (e) {
        e->value = value;
    }
    return e;
}

static node *number(struct parsing *p) {
    size_t from = p->at;
    double v = 0;
    const char *s = p->text.p;
    size_t end = p->text.len;
    if (end - from > 2 && s[from] == '0' && (s[from + 1] | 32) == 'x') {
        for (p->at += 2; p->at < end; p->at++) {
            char c = s[p->at], low = (char)(c | 32);
            bool digit = c >= '0' && c <= '9';
            if (!digit && !(low >= 'a' && low <= 'f')) {
                break;
            }
            v = v * 16 + (digit ? c - '0' : low - 'a' + 10);
        }
        return p->at > from + 2
                   ? constant(p, (struct expression_value){EXPRESSION_IS_NUMBER, .number = v})
                   : fail(p, STATUS_INVALID);
    }
    while (p->at < end &&
           ((s[p->at] >= '0' && s[p->at] <= '9') || s[p->at] == '.' || (s[p->at] | 32) == 'e' ||
            ((s[p->at] == '-' || s[p->at] == '+') && (s[p->at - 1] | 32) == 'e'))) {
        p->at++;
    }
    if (!str_parse_number(str_sub(p->text, from, p->at - from), &v)) {
        return fail(p, STATUS_INVALID);
    }
    return constant(p, (struct expression_value){EXPRESSION_IS_NUMBER, .number = v});
}

static node *word(struct parsing *p) {
    static const struct {
        const char *name;
        struct expression_value value;
    } words[] = {
        {"true", {EXPRESSION_IS_BOOL, .boolean = true}},
        {"false", {.kind = EXPRESSION_IS_BOOL}},
        {"null", {.kind = EXPRESSION_IS_NULL}},
        {"undefined", {.kind = EXPRESSION_IS_UNDEFINED}},
        {"this", {.kind = EXPRESSION_IS_THIS}},
        {"NaN", {EXPRESSION_IS_NUMBER, .number = NAN}},
        {"Infinity", {EXPRESSION_IS_NUMBER, .number = INFINITY}},
    };
    static const char *const reserved[] = {"new", "typeof",     "void", "await",
                                           "in",  "instanceof", "yield"};
    struct str text;
    if (!name(p, &text)) {
        return fail(p, STATUS_INVALID);
    }
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_eq(text, str_of(words[i].name))) {
            return constant(p, words[i].value);
        }
    }
    for (unsigned i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (str_eq(text, str_of(reserved[i]))) {
            return fail(p, STATUS_INVALID);
        }
    }
    struct expression *e = make(p, EXPRESSION_NAME, NULL, NULL);
    if (e) {
        e->text = text;
    }
    return e;
}

static node *atom(struct parsing *p) {
    char c = peek(p);
    if ((c >= '0' && c <= '9') || c == '.') {
        return number(p);
    }
    if (c == '"' || c == '\'' || c == '`') {
        struct expression_value v = {.kind = EXPRESSION_IS_STRING};
        return string(p, &v.text) ? constant(p, v) : fail(p, STATUS_INVALID);
    }
    if (c == '(') {
        p->at++;
        node *inner = comma(p);
        return inner && next_is(p, ")") ? inner : fail(p, STATUS_INVALID);
    }
    return word(p);
}

// --- strings ---

static void put_utf8(char **to, uint32_t c) {
    if (c < 0x80) {
        *(*to)++ = (char)c;
    } else if (c < 0x800) {
        *(*to)++ = (char)(0xc0 | c >> 6);
        *(*to)++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *(*to)++ = (char)(0xe0 | c >> 12);
        *(*to)++ = (char)(0x80 | (c >> 6 & 0x3f));
        *(*to)++ = (char)(0x80 | (c & 0x3f));
    } else {
        *(*to)++ = (char)(0xf0 | c >> 18);
        *(*to)++ = (char)(0x80 | (c >> 12 & 0x3f));
        *(*to)++ = (char)(0x80 | (c >> 6 & 0x3f));
        *(*to)++ = (char)(0x80 | (c & 0x3f));
    }
}

/// `count` hexadecimal digits, or any number of them up to a `}`.
static bool hex(struct parsing *p, unsigned count, uint32_t *out) {
    bool braces = count == 4 && p->at < p->text.len && p->text.p[p->at] == '{';
    *out = 0;
    p->at += braces;
    for (unsigned i = 0; braces || i < count; i++, p->at++) {
        char c = p->at < p->text.len ? p->text.p[p->at] : '\0', low = (char)(c | 32);
        if (braces && c == '}' && i) {
            p->at++;
            return true;
        }
        bool digit = c >= '0' && c <= '9';
        if ((!digit && !(low >= 'a' && low <= 'f')) || *out > 0x10ffff) {
            return false;
        }
        *out = *out * 16 + (uint32_t)(digit ? c - '0' : low - 'a' + 10);
    }
    return true;
}

static bool unicode(struct parsing *p, uint32_t *c) {
    if (!hex(p, 4, c)) {
        return false;
    }
    uint32_t low;
    if (*c >= 0xd800 && *c < 0xdc00 && p->at + 2 < p->text.len && p->text.p[p->at] == '\\' &&
        p->text.p[p->at + 1] == 'u') {
        p->at += 2;
        if (!hex(p, 4, &low)) {
            return false;
        }
        *c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00)
                                           : 0xfffd;
    }
    if (*c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000)) {
        *c = 0xfffd;
    }
    return true;
}

/// Behind a backslash. What it says is never longer than how it is said.
static bool unescape(struct parsing *p, char **to) {
    static const char names[] = "bfnrtv0", chars[] = "\b\f\n\r\t\v";
    char c = p->text.p[p->at++];
    uint32_t code;
    if (c == 'u' || c == 'x') {
        if (c == 'u' ? !unicode(p, &code) : !hex(p, 2, &code)) {
            return false;
        }
        put_utf8(to, code);
        return true;
    }
    const char *found = c ? strchr(names, c) : NULL;
    *(*to)++ = found ? chars[found - names] : c;
    return true;
}

static bool string(struct parsing *p, struct str *out) {
    char quote = p->text.p[p->at++];
    size_t end = p->at;
    while (end < p->text.len && p->text.p[end] != quote) {
        end += p->text.p[end] == '\\' ? 2 : 1;
    }
    if (end >= p->text.len) {
        return false;
    }
    char *room = arena_alloc(p->arena, end - p->at + 1);
    if (!room) {
        fail(p, STATUS_NO_MEMORY);
        return false;
    }
    char *to = room;
    while (p->at < end) {
        char c = p->text.p[p->at++];
        if ((unsigned char)c < ' ') {
            return false;
        }
        if (c != '\\') {
            *to++ = c;
        } else if (!unescape(p, &to)) {
            return false;
        }
    }
    *out = (struct str){room, (size_t)(to - room)};
    return p->at++ == end; // not when an escape has eaten the quote
}
