// test_command.c - TEST area WITHIN|INTERSECTS [CLIP] area: one question about two areas, or expressions of them:
//
//   expression = conjunction {OR conjunction}, conjunction = term {AND term}, term = [NOT] area | [NOT] ( expression )

#include "command/area.h"
#include "command/endpoints.h"
#include "command/object_write.h"
#include "command/reply.h"
#include "geo/circle.h"
#include "geo/clip.h"
#include "geo/distance.h"
#include "geo/relate.h"

#define DEPTH_MAX 64
#define OPERATORS_MAX 1000

enum node_kind { NODE_AREA, NODE_AND, NODE_OR };

struct node {
    enum node_kind kind;
    bool negated;
    struct area area;
    struct geometry *geometry; // the area as one; NULL: nothing
    struct node *left, *right;
    struct node *made_before; // for release
};

struct testing {
    struct args a;
    struct node *made; // all of them, the last first
    bool clip;
    unsigned depth, operators;
};

typedef bool relation_fn(const struct node *a, const struct node *b);

static enum status parse(struct testing *t, struct node **first, struct node **second,
                         relation_fn **relation);
static enum status parse_expression(struct testing *t, struct node **out);
static enum status parse_or(struct testing *t, struct node **out);
static enum status answer(struct testing *t, const struct node *first, const struct node *second,
                          bool result);
static bool relate(const struct node *a, const struct node *b, relation_fn *relation);
static relation_fn intersects, within;

enum status command_test(struct command_call *call) {
    struct testing t = {.a = args_begin(call, 1)};
    struct node *first, *second;
    relation_fn *relation = NULL;
    enum status st = parse(&t, &first, &second, &relation);
    if (st == STATUS_OK) {
        st = answer(&t, first, second, first->negated != relate(first, second, relation));
    }
    for (struct node *n = t.made; n; n = n->made_before) {
        geometry_unref(n->geometry);
        area_release(&n->area);
    }
    return st;
}

static enum status parse(struct testing *t, struct node **first, struct node **second,
                         relation_fn **relation) {
    struct command_call *call = t->a.call;
    struct str word;
    enum status st = parse_expression(t, first);
    if (st == STATUS_OK) st = args_text(&t->a, &word);
    if (st != STATUS_OK) return st;
    bool is_within = str_eq_nocase(word, STR("within"));
    if (word.len == 0) return reply_arguments(call);
    if (!is_within && !str_eq_nocase(word, STR("intersects"))) return reply_invalid(call, word);
    *relation = is_within ? within : intersects;
    word = args_peek(&t->a);
    t->clip = args_take_word(&t->a, "clip");
    if (t->clip && is_within) return reply_invalid(call, word);
    st = parse_expression(t, second);
    if (st != STATUS_OK) return st;
    if (t->clip && ((*first)->kind != NODE_AREA || (*second)->kind != NODE_AREA)) {
        return reply_invalid(call, STR("clip"));
    }
    return args_end(&t->a);
}

// --- expressions ---

static bool next_is(const struct testing *t, const char *word) {
    return str_eq_nocase(args_peek(&t->a), str_of(word));
}

static struct node *make(struct testing *t, enum node_kind kind) {
    struct node *n = arena_zalloc(t->a.call->arena, 1, sizeof *n);
    if (n) {
        n->kind = kind;
        n->made_before = t->made;
        t->made = n;
    }
    return n;
}

/// What may not stand behind a whole expression is told apart from what belongs to the command.
static enum status parse_expression(struct testing *t, struct node **out) {
    enum status st = parse_or(t, out);
    if (st != STATUS_OK) return st;
    if (next_is(t, ")")) return reply_invalid(t->a.call, STR(")"));
    if (next_is(t, "not")) { // an operator is missing; say first what else is wrong with it
        struct node *extra;
        st = parse_or(t, &extra);
        return st == STATUS_OK ? reply_arguments(t->a.call) : st;
    }
    return STATUS_OK;
}

static enum status parse_area(struct testing *t, struct node **out) {
    struct command_call *call = t->a.call;
    static const char *const words[] = {"and", "or", ")"};
    static const char *const unclipped[] = {"circle", "object", "get", "sector"};
    struct str type = args_peek(&t->a);
    for (unsigned i = 0; i < 3; i++) {
        if (next_is(t, words[i])) return reply_invalid(call, str_of(words[i]));
    }
    if (!area_is_type(type) || next_is(t, "mvt")) return reply_arguments(call);
    for (unsigned i = 0; t->clip && i < 4; i++) {
        if (next_is(t, unclipped[i])) {
            return reason_set(call->why, STATUS_BAD_REQUEST, "invalid clip type '%.*s'",
                              STR_ARGS(type));
        }
    }
    struct node *n = *out = make(t, NODE_AREA);
    if (!n) return STATUS_NO_MEMORY;
    enum status st = area_parse(&t->a, 0, &n->area);
    return st == STATUS_OK ? area_geometry(&n->area, &n->geometry) : st;
}

static enum status parse_group(struct testing *t, struct node **out) {
    if (++t->depth > DEPTH_MAX) {
        return reason_set(t->a.call->why, STATUS_BAD_REQUEST, "too many parentheses");
    }
    enum status st = parse_or(t, out);
    t->depth--;
    if (st != STATUS_OK) return st;
    return args_take_word(&t->a, ")") ? STATUS_OK : reply_arguments(t->a.call);
}

static enum status parse_term(struct testing *t, struct node **out) {
    bool negated = false;
    while (args_take_word(&t->a, "not")) {
        negated = !negated;
    }
    enum status st = args_take_word(&t->a, "(") ? parse_group(t, out) : parse_area(t, out);
    if (st == STATUS_OK) (*out)->negated ^= negated;
    return st;
}

typedef enum status parse_fn(struct testing *t, struct node **out);

static enum status parse_chain(struct testing *t, const char *word, enum node_kind kind,
                               parse_fn *operand, struct node **out) {
    enum status st = operand(t, out);
    while (st == STATUS_OK && args_take_word(&t->a, word)) {
        struct node *both = make(t, kind);
        if (!both) return STATUS_NO_MEMORY;
        if (++t->operators > OPERATORS_MAX) {
            return reason_set(t->a.call->why, STATUS_BAD_REQUEST, "too many areas");
        }
        both->left = *out;
        st = operand(t, &both->right);
        *out = both;
    }
    return st;
}

static enum status parse_and(struct testing *t, struct node **out) {
    return parse_chain(t, "and", NODE_AND, parse_term, out);
}
static enum status parse_or(struct testing *t, struct node **out) {
    return parse_chain(t, "or", NODE_OR, parse_and, out);
}

// --- relations ---

static bool touches_circle(const struct area *circle, const struct geometry *g) {
    return distance_to_geometry_m(EARTH_SPHERE, circle->center, g) <= circle->radius_m;
}

static bool intersects(const struct node *a, const struct node *b) {
    if (!a->geometry || !b->geometry) return false;
    if (b->area.kind == AREA_CIRCLE) return touches_circle(&b->area, a->geometry);
    if (a->area.kind == AREA_CIRCLE) return touches_circle(&a->area, b->geometry);
    return relate_intersects(a->geometry, b->geometry);
}

static bool within(const struct node *a, const struct node *b) {
    if (!a->geometry || !b->geometry) return false;
    if (b->area.kind == AREA_CIRCLE) {
        return circle_contains(b->area.center, b->area.radius_m, a->geometry);
    }
    return relate_within(a->geometry, b->geometry);
}

/// An expression against one area, the expression's own NOT left out.
static bool relate_left(const struct node *a, const struct node *area, relation_fn *relation) {
    if (a->kind == NODE_AREA) return relation(a, area);
    bool left = a->left->negated != relate_left(a->left, area, relation);
    if (left == (a->kind == NODE_OR)) return left;
    return a->right->negated != relate_left(a->right, area, relation);
}

static bool relate(const struct node *a, const struct node *b, relation_fn *relation) {
    bool raw;
    if (b->kind == NODE_AREA) {
        raw = relate_left(a, b, relation);
    } else {
        raw = relate(a, b->left, relation);
        if (raw != (b->kind == NODE_OR)) raw = relate(a, b->right, relation);
    }
    return b->negated != raw;
}

static enum status answer(struct testing *t, const struct node *first, const struct node *second,
                          bool result) {
    struct command_call *call = t->a.call;
    struct geometry *cut = NULL;
    struct buf *out = call->out;
    if (t->clip && result) {
        struct bbox box = area_bbox(&second->area);
        enum status st = clip_bbox(first->geometry, &box, &cut, call->why);
        if (st != STATUS_OK) return st;
    }
    if (reply_is_json(call)) {
        reply_json_begin(call);
        buf_append_str(out, result ? STR(",\"result\":true") : STR(",\"result\":false"));
        if (cut) {
            buf_append_str(out, STR(",\"object\":"));
            object_write_geometry(cut, out);
        }
        reply_json_end(call);
    } else if (cut) {
        struct buf text;
        buf_init(&text);
        object_write_geometry(cut, &text);
        resp_array(out, 2);
        resp_integer(out, result);
        resp_bulk(out, buf_str(&text));
        out->failed |= text.failed;
        buf_deinit(&text);
    } else {
        resp_integer(out, result);
    }
    geometry_unref(cut);
    return STATUS_OK;
}
