// test_engine_filter.c - compiled filters against a tiny evaluator that walks the parsed JSON of filter and properties
// each time. Random trees over random objects; both must give the same of three values.

#include "base/rand.h"
#include "engine/filter.h"
#include "engine/filter_node.h"
#include "engine/properties.h"
#include "engine/row.h"
#include "support/support.h"

enum { F, U, T };

static const char *const names[] = {"a", "b", "c", "d", "o.x", "o/y", "z"};
static const char *const scalars[] = {"1",     "2",         "2.5",   "-3",
                                      "true",  "false",     "\"\"",  "\"ab\"",
                                      "\"b\"", "\"a\\\"\"", "\"1\"", "\"\xc3\xa9t\xc3\xa9\""};
static const char *const patterns[] = {
    "%", "_", "a%", "%b", "_b", "%\xc3\xa9", "a\\\\\\\"", "a\\\"", "__", "\xc3\xa9_\xc3\xa9", ""};
#define PICK(r, list) (list)[rand_below(r, sizeof(list) / sizeof((list)[0]))]

// --- random filters and properties ---

static void random_operand(struct rand *r, struct buf *out) {
    if (rand_below(r, 2)) {
        buf_printf(out, "{\"property\":\"%s\"}", PICK(r, names));
    } else {
        buf_printf(out, "%s", PICK(r, scalars));
    }
}

static void random_condition(struct rand *r, struct buf *out, int depth) {
    static const char *const compares[] = {"=", "<>", "<", "<=", ">", ">="};
    uint64_t kind = rand_below(r, depth > 4 ? 6 : 9);
    if (kind == 0) {
        buf_printf(out, "%s", rand_below(r, 2) ? "true" : "false");
        return;
    }
    const char *op = kind == 1   ? "between"
                     : kind == 2 ? "in"
                     : kind == 3 ? "isNull"
                     : kind == 4 ? "like"
                     : kind == 5 ? PICK(r, compares)
                     : kind == 6 ? "not"
                     : kind == 7 ? "and"
                                 : "or";
    buf_printf(out, "{\"op\":\"%s\",\"args\":[", op);
    if (kind >= 6) {
        uint64_t n = kind == 6 ? 1 : 1 + rand_below(r, 3);
        for (uint64_t i = 0; i < n; i++) {
            if (i) buf_append_char(out, ',');
            random_condition(r, out, depth + 1);
        }
    } else {
        random_operand(r, out);
        if (kind == 4) buf_printf(out, ",\"%s\"", PICK(r, patterns));
        if (kind == 2) {
            buf_printf(out, ",[");
            for (uint64_t i = 0, n = rand_below(r, 4); i < n; i++) {
                if (i) buf_append_char(out, ',');
                random_operand(r, out);
            }
            buf_append_char(out, ']');
        }
        for (int i = kind == 1 ? 2 : kind == 5 ? 1 : 0; i > 0; i--) {
            buf_append_char(out, ',');
            random_operand(r, out);
        }
    }
    buf_printf(out, "]}");
}

static void random_properties(struct rand *r, struct buf *out) {
    static const char *const others[] = {"null", "[1]", "{\"x\":1}"};
    static const char *const members[] = {"a", "b", "c", "d"};
    buf_append_char(out, '{');
    for (size_t i = 0; i < 4; i++) {
        if (rand_below(r, 4) == 0) continue;
        buf_printf(out, "\"%s\":%s,", members[i],
                   rand_below(r, 6) ? PICK(r, scalars) : PICK(r, others));
    }
    buf_printf(out, "\"o\":{\"x\":%s,\"y\":%s}}", PICK(r, scalars), PICK(r, scalars));
}

// --- the twin ---

static yyjson_val *twin_value(yyjson_val *operand, yyjson_val *properties) {
    yyjson_val *name = yyjson_obj_get(operand, "property");
    if (!name) return operand;
    const char *text = yyjson_get_str(name);
    yyjson_val *direct = yyjson_obj_get(properties, text);
    if (direct || text[0] != 'o') return direct;
    return yyjson_obj_get(yyjson_obj_get(properties, "o"), text + 2);
}

static bool twin_null(yyjson_val *v) {
    return !v || yyjson_is_null(v);
}

static int twin_compare(const char *op, yyjson_val *a, yyjson_val *b) {
    int c;
    if (yyjson_is_num(a) && yyjson_is_num(b)) {
        double x = yyjson_get_num(a), y = yyjson_get_num(b);
        c = x < y ? -1 : x > y;
    } else if (yyjson_is_str(a) && yyjson_is_str(b)) {
        c = strcmp(yyjson_get_str(a), yyjson_get_str(b));
    } else if (yyjson_is_bool(a) && yyjson_is_bool(b)) {
        c = (int)yyjson_get_bool(a) - (int)yyjson_get_bool(b);
    } else {
        return U;
    }
    if (strcmp(op, "=") == 0) return c == 0 ? T : F;
    if (strcmp(op, "<>") == 0) return c != 0 ? T : F;
    if (strcmp(op, "<") == 0) return c < 0 ? T : F;
    if (strcmp(op, "<=") == 0) return c <= 0 ? T : F;
    if (strcmp(op, ">") == 0) return c > 0 ? T : F;
    return c >= 0 ? T : F;
}

static const char *next_character(const char *s) {
    do
        s++;
    while ((*s & 0xc0) == 0x80);
    return s;
}

static bool twin_like(const char *p, const char *s) {
    if (!*p) return !*s;
    if (*p == '%') return twin_like(p + 1, s) || (*s && twin_like(p, next_character(s)));
    if (*p == '_') return *s && twin_like(p + 1, next_character(s));
    if (*p == '\\' && p[1]) p++;
    return *p == *s && twin_like(p + 1, s + 1);
}

static int twin(yyjson_val *f, yyjson_val *properties) {
    if (yyjson_is_bool(f)) return yyjson_get_bool(f) ? T : F;
    const char *op = yyjson_get_str(yyjson_obj_get(f, "op"));
    yyjson_val *args = yyjson_obj_get(f, "args"), *arg;
    size_t i, max;
    if (strcmp(op, "not") == 0) return T - twin(yyjson_arr_get(args, 0), properties);
    if (strcmp(op, "and") == 0 || strcmp(op, "or") == 0) {
        int result = *op == 'a' ? T : F;
        yyjson_arr_foreach(args, i, max, arg) {
            int t = twin(arg, properties);
            result = *op == 'a' ? (t < result ? t : result) : (t > result ? t : result);
        }
        return result;
    }
    yyjson_val *v = twin_value(yyjson_arr_get(args, 0), properties);
    yyjson_val *w = twin_value(yyjson_arr_get(args, 1), properties);
    if (strcmp(op, "isNull") == 0) return twin_null(v) ? T : F;
    if (strcmp(op, "like") == 0) {
        return !yyjson_is_str(v) ? U : twin_like(yyjson_get_str(w), yyjson_get_str(v)) ? T : F;
    }
    if (strcmp(op, "between") == 0) {
        int low = twin_compare(">=", v, w);
        int high = twin_compare("<=", v, twin_value(yyjson_arr_get(args, 2), properties));
        return low < high ? low : high;
    }
    if (strcmp(op, "in") == 0) {
        int result = F;
        yyjson_arr_foreach(yyjson_arr_get(args, 1), i, max, arg) {
            int t = twin_compare("=", v, twin_value(arg, properties));
            result = t > result ? t : result;
        }
        return result;
    }
    return twin_compare(op, v, w);
}

static void test_filter_twin(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    struct arena arena;
    arena_init(&arena, 0);
    struct buf json, text, canonical;
    buf_init(&json);
    buf_init(&text);
    buf_init(&canonical);
    unsigned seen[3] = {0};
    for (int round = 0; round < 20000; round++) {
        buf_clear(&json);
        buf_clear(&text);
        buf_clear(&canonical);
        random_condition(&r, &json, 0);
        random_properties(&r, &text);
        yyjson_doc *f_doc = yyjson_read(json.data, json.len, 0);
        yyjson_doc *p_doc = yyjson_read(text.data, text.len, 0);
        assert_non_null(f_doc);
        assert_non_null(p_doc);
        yyjson_val *root = yyjson_doc_get_root(f_doc), *properties = yyjson_doc_get_root(p_doc);
        assert_int_equal(properties_canonical(properties, &canonical, NULL), STATUS_OK);
        struct object_draft draft = {.id = STR("x"), .properties = buf_str(&canonical)};
        struct row *row;
        struct object o;
        assert_int_equal(row_new(&draft, &row), STATUS_OK);
        row_read(row, &o);
        struct filter *f;
        struct geometry_limits limits = GEOMETRY_LIMITS_REST;
        struct reason why;
        if (filter_parse(root, &limits, &arena, &f, &why) != STATUS_OK) {
            fail_msg("%.*s: %s", (int)json.len, json.data, why.text);
        }
        int ours = (int)filter_evaluate(f->conjuncts->node, &o), theirs = twin(root, properties);
        if (ours != theirs) {
            fail_msg("%.*s of %.*s is %d, the twin says %d", (int)json.len, json.data,
                     (int)text.len, text.data, ours, theirs);
        }
        assert_int_equal(filter_matches(f, &o), ours == T);
        seen[ours]++;
        filter_release(f);
        row_free(row);
        yyjson_doc_free(f_doc);
        yyjson_doc_free(p_doc);
        arena_reset(&arena);
    }
    assert_true(seen[F] > 1000 && seen[U] > 1000 && seen[T] > 1000);
    buf_deinit(&json);
    buf_deinit(&text);
    buf_deinit(&canonical);
    arena_deinit(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_filter_twin)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
