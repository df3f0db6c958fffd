// test_filter.c - CQL2-JSON: what is accepted, what is refused and where, and tables of truth.

#include "engine/filter.h"
#include "engine/filter_node.h"
#include "engine/row.h"
#include "geo/wkt.h"
#include "support/support.h"

static struct arena arena;
static const struct geometry_limits limits = {10000, 1000000};

static enum status parse(const char *json, struct filter **out, struct reason *why) {
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    if (!doc) fail_msg("not JSON: %s", json);
    *out = NULL;
    enum status st = filter_parse(yyjson_doc_get_root(doc), &limits, &arena, out, why);
    yyjson_doc_free(doc);
    return st;
}

static struct row *row_at(const char *wkt) {
    struct geometry *g;
    assert_int_equal(wkt_parse(str_of(wkt), &limits, &g, NULL), STATUS_OK);
    struct object_draft draft = {
        .id = STR("truck-7"),
        .geometry = g,
        .properties = STR(
            "{\"s\":\"caf\xc3\xa9 100%\",\"n\":12.5,\"zero\":0,\"t\":true,\"f\":false,\"nil\":null,"
            "\"arr\":[1],\"o\":{\"x\":3},\"esc\":\"a\\\"b\",\"when\":\"2026-01-02T03:04:05Z\","
            "\"day\":\"2026-01-02\",\"num\":\"12.5\"}"),
        .has_time = true,
        .time_ms = 1767323045000, // 2026-01-02T03:04:05Z
    };
    struct row *row;
    assert_int_equal(row_new(&draft, &row), STATUS_OK);
    geometry_unref(g);
    row_stamp(row, &(struct row_stamp){
                       .version = 3, .created_ms = draft.time_ms, .updated_ms = draft.time_ms});
    return row;
}

static enum filter_truth truth_of(const char *json, const char *wkt) {
    struct filter *f;
    struct reason why;
    if (parse(json, &f, &why) != STATUS_OK) fail_msg("%s: %s at %s", json, why.text, why.pointer);
    struct row *row = row_at(wkt);
    struct object o;
    row_read(row, &o);
    enum filter_truth t = filter_evaluate(f->conjuncts->node, &o);
    assert_int_equal(filter_matches(f, &o), t == FILTER_TRUE);
    row_free(row);
    filter_release(f);
    return t;
}

#define T FILTER_TRUE
#define F FILTER_FALSE
#define U FILTER_UNKNOWN

struct expectation {
    const char *json;
    enum filter_truth truth;
};

static void check_table(const struct expectation *table, size_t count) {
    for (size_t i = 0; i < count; i++) {
        enum filter_truth t = truth_of(table[i].json, "POINT(10 20)");
        if (t != table[i].truth) {
            fail_msg("%s is %d, should be %d", table[i].json, (int)t, (int)table[i].truth);
        }
    }
}
#define CHECK(table) check_table(table, sizeof(table) / sizeof((table)[0]))

static void test_compare(void **state) {
    (void)state;
    static const struct expectation table[] = {
        {"{\"op\":\"=\",\"args\":[{\"property\":\"n\"},12.5]}", T},
        {"{\"op\":\"=\",\"args\":[12.5,{\"property\":\"n\"}]}", T},
        {"{\"op\":\"<>\",\"args\":[{\"property\":\"n\"},12.5]}", F},
        {"{\"op\":\"<\",\"args\":[{\"property\":\"n\"},13]}", T},
        {"{\"op\":\"<\",\"args\":[13,{\"property\":\"n\"}]}", F},
        {"{\"op\":\">=\",\"args\":[{\"property\":\"n\"},12.5]}", T},
        {"{\"op\":\">\",\"args\":[{\"property\":\"n\"},{\"property\":\"zero\"}]}", T},
        {"{\"op\":\"<=\",\"args\":[{\"property\":\"n\"},12]}", F},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"n\"},\"12.5\"]}", U},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"missing\"},1]}", U},
        {"{\"op\":\"<>\",\"args\":[{\"property\":\"missing\"},1]}", U},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"nil\"},1]}", U},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"arr\"},1]}", U},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"arr\"},{\"property\":\"arr\"}]}", U},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"s\"},\"caf\xc3\xa9 100%\"]}", T},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"esc\"},\"a\\\"b\"]}", T},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"esc\"},{\"property\":\"esc\"}]}", T},
        {"{\"op\":\"<\",\"args\":[{\"property\":\"esc\"},\"a\\\"c\"]}", T},
        {"{\"op\":\">\",\"args\":[{\"property\":\"s\"},\"caf\"]}", T},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"t\"},true]}", T},
        {"{\"op\":\"<\",\"args\":[{\"property\":\"f\"},{\"property\":\"t\"}]}", T},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"o.x\"},3]}", T},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"o/x\"},3]}", T},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"id\"},\"truck-7\"]}", T},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"version\"},3]}", T},
        {"{\"op\":\"between\",\"args\":[{\"property\":\"n\"},12.5,20]}", T},
        {"{\"op\":\"between\",\"args\":[{\"property\":\"n\"},13,20]}", F},
        {"{\"op\":\"between\",\"args\":[{\"property\":\"n\"},13,{\"property\":\"missing\"}]}", F},
        {"{\"op\":\"between\",\"args\":[{\"property\":\"n\"},1,{\"property\":\"missing\"}]}", U},
        {"{\"op\":\"in\",\"args\":[{\"property\":\"n\"},[1,12.5]]}", T},
        {"{\"op\":\"in\",\"args\":[{\"property\":\"n\"},[1,2]]}", F},
        {"{\"op\":\"in\",\"args\":[{\"property\":\"n\"},[1,\"x\"]]}", U},
        {"{\"op\":\"in\",\"args\":[{\"property\":\"n\"},[]]}", F},
        {"{\"op\":\"in\",\"args\":[{\"property\":\"missing\"},[1]]}", U},
        {"{\"op\":\"isNull\",\"args\":[{\"property\":\"nil\"}]}", T},
        {"{\"op\":\"isNull\",\"args\":[{\"property\":\"missing\"}]}", T},
        {"{\"op\":\"isNull\",\"args\":[{\"property\":\"arr\"}]}", F},
        {"{\"op\":\"isNull\",\"args\":[{\"property\":\"f\"}]}", F},
        {"{\"op\":\"isNull\",\"args\":[{\"property\":\"geometry\"}]}", F},
    };
    CHECK(table);
}

static void test_logic(void **state) {
    (void)state;
    static const char *const of[] = {
        "false", "{\"op\":\"=\",\"args\":[{\"property\":\"missing\"},1]}", "true"};
    static const enum filter_truth and[3][3] = {{F, F, F}, {F, U, U}, {F, U, T}};
    static const enum filter_truth or [3][3] = {{F, U, T}, {U, U, T}, {T, T, T}};
    char json[300];
    for (int a = 0; a < 3; a++) {
        snprintf(json, sizeof json, "{\"op\":\"not\",\"args\":[%s]}", of[a]);
        assert_int_equal(truth_of(json, "POINT(0 0)"), 2 - a);
        for (int b = 0; b < 3; b++) {
            snprintf(json, sizeof json, "{\"op\":\"and\",\"args\":[%s,%s]}", of[a], of[b]);
            assert_int_equal(truth_of(json, "POINT(0 0)"), and[a][b]);
            snprintf(json, sizeof json, "{\"op\":\"or\",\"args\":[%s,%s]}", of[a], of[b]);
            assert_int_equal(truth_of(json, "POINT(0 0)"), or [a][b]);
        }
    }
}

static void test_like(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool match;
    } table[] = {
        {"", "", true},
        {"", "a", false},
        {"%", "", true},
        {"%", "abc", true},
        {"a%", "abc", true},
        {"%c", "abc", true},
        {"a%c", "abc", true},
        {"a%d", "abc", false},
        {"_", "", false},
        {"_", "a", true},
        {"_", "\xc3\xa9", true},
        {"__", "\xc3\xa9", false},
        {"%_", "\xc3\xa9", true},
        {"a_c", "abc", true},
        {"\\%", "%", true},
        {"\\%", "a", false},
        {"100\\%", "100%", true},
        {"\\_", "_", true},
        {"\\\\", "\\", true},
        {"\\", "\\", true},
        {"%%%", "x", true},
        {"%ab%ab%", "aabab", true},
        {"%ab%ab%", "aaab", false},
        {"A", "a", false},
        {"%\xa9", "\xc3\xa9", false},
        {"a%b%c", "a1b2b3c", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        bool match = filter_like(str_of(table[i].pattern), str_of(table[i].text));
        if (match != table[i].match) fail_msg("'%s' like '%s'", table[i].text, table[i].pattern);
    }
    static const struct expectation filters[] = {
        {"{\"op\":\"like\",\"args\":[{\"property\":\"s\"},\"caf_ %\"]}", T},
        {"{\"op\":\"like\",\"args\":[{\"property\":\"s\"},\"%100\\\\%\"]}", T},
        {"{\"op\":\"like\",\"args\":[{\"property\":\"esc\"},\"a\\\"_\"]}", T},
        {"{\"op\":\"like\",\"args\":[{\"property\":\"n\"},\"%\"]}", U},
        {"{\"op\":\"like\",\"args\":[{\"property\":\"missing\"},\"%\"]}", U},
    };
    CHECK(filters);
    // What drives backtracking matchers to their knees.
    static char text[100001], pattern[1024];
    memset(text, 'a', 100000);
    for (size_t i = 0; i + 2 < sizeof pattern; i += 2)
        memcpy(pattern + i, "a%", 2);
    strcpy(pattern + 1000, "b");
    assert_false(filter_like(str_of(pattern), str_of(text)));
}

static void test_time(void **state) {
    (void)state;
    static const struct expectation table[] = {
        {"{\"op\":\"t_after\",\"args\":[{\"property\":\"time\"},{\"timestamp\":\"2026-01-02T03:04:"
         "04Z\"}]}",
         T},
        {"{\"op\":\"t_after\",\"args\":[{\"property\":\"time\"},{\"timestamp\":\"2026-01-02T03:04:"
         "05Z\"}]}",
         F},
        {"{\"op\":\"t_after\",\"args\":[{\"property\":\"time\"},{\"date\":\"2026-01-02\"}]}", F},
        {"{\"op\":\"t_after\",\"args\":[{\"property\":\"time\"},{\"date\":\"2026-01-01\"}]}", T},
        {"{\"op\":\"t_before\",\"args\":[{\"property\":\"updated_at\"},{\"date\":\"2026-01-03\"}]}",
         T},
        {"{\"op\":\"t_before\",\"args\":[{\"date\":\"2026-01-01\"},{\"property\":\"created_at\"}]}",
         T},
        {"{\"op\":\"t_during\",\"args\":[{\"property\":\"time\"},{\"interval\":[\"2026-01-01\",\".."
         "\"]}]}",
         T},
        {"{\"op\":\"t_during\",\"args\":[{\"property\":\"time\"},{\"interval\":[\"..\",\"2026-01-"
         "01\"]}]}",
         F},
        {"{\"op\":\"t_during\",\"args\":[{\"property\":\"time\"},{\"interval\":[\"2026-01-02T03:04:"
         "05Z\",\"..\"]}]}",
         F},
        {"{\"op\":\"t_intersects\",\"args\":[{\"property\":\"time\"},{\"interval\":[\"2026-01-"
         "02T03:04:05Z\",\"..\"]}]}",
         T},
        {"{\"op\":\"t_during\",\"args\":[{\"property\":\"when\"},{\"interval\":[\"2026-01-02T03:04:"
         "04Z\",\"2026-01-02T05:04:06+01:00\"]}]}",
         T},
        {"{\"op\":\"t_after\",\"args\":[{\"property\":\"s\"},{\"date\":\"2026-01-01\"}]}", U},
        {"{\"op\":\"t_after\",\"args\":[{\"property\":\"n\"},{\"date\":\"2026-01-01\"}]}", U},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"time\"},{\"date\":\"2026-01-02\"}]}", T},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"time\"},\"2026-01-02T03:04:05.000Z\"]}", T},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"time\"},{\"property\":\"when\"}]}", T},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"day\"},{\"property\":\"time\"}]}", T},
        {"{\"op\":\"<\",\"args\":[{\"property\":\"time\"},\"soon\"]}", U},
        {"{\"op\":\">\",\"args\":[{\"timestamp\":\"2027-01-01T00:00:00Z\"},{\"property\":\"time\"}]"
         "}",
         T},
    };
    CHECK(table);
}

static void test_spatial(void **state) {
    (void)state;
    static const char box[] = "{\"bbox\":[9,19,11,21]}";
    static const char line[] = "{\"type\":\"LineString\",\"coordinates\":[[10,20],[10.1,20]]}";
    static const struct {
        const char *op, *geometry, *wkt;
        enum filter_truth truth;
    } table[] = {
        {"s_intersects", box, "POINT(10 20)", T},
        {"s_intersects", box, "POINT(11 21)", T},
        {"s_intersects", box, "POINT(12 20)", F},
        {"s_disjoint", box, "POINT(12 20)", T},
        {"s_disjoint", box, "POINT(10 20)", F},
        {"s_within", box, "LINESTRING(9 19,10 20)", T},
        {"s_within", box, "LINESTRING(8 19,10 20)", F},
        {"s_contains", box, "POLYGON((0 0,50 0,50 50,0 50,0 0))", T},
        {"s_contains", line, "POINT(10 20)", F},
        {"s_intersects", line, "POINT(10 20)", T},
        {"s_intersects", "{\"bbox\":[170,-10,-170,10]}", "POINT(-175 0)", T},
        {"s_intersects", "{\"bbox\":[170,-10,-170,10]}", "POINT(165 0)", F},
    };
    char json[400];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        snprintf(json, sizeof json, "{\"op\":\"%s\",\"args\":[{\"property\":\"geometry\"},%s]}",
                 table[i].op, table[i].geometry);
        if (truth_of(json, table[i].wkt) != table[i].truth) fail_msg("%s, %s", json, table[i].wkt);
    }
    // The other way round: the literal within the object.
    snprintf(json, sizeof json, "{\"op\":\"s_within\",\"args\":[%s,{\"property\":\"geometry\"}]}",
             box);
    assert_int_equal(truth_of(json, "POLYGON((0 0,50 0,50 50,0 50,0 0))"), T);
    assert_int_equal(truth_of(json, "POINT(10 20)"), F);
    static const char near[] = "{\"op\":\"s_dwithin\",\"args\":[{\"property\":\"geometry\"},"
                               "{\"type\":\"Point\",\"coordinates\":[10,20]},%d]}";
    snprintf(json, sizeof json, near, 112000);
    assert_int_equal(truth_of(json, "POINT(10 21)"), T);
    snprintf(json, sizeof json, near, 111000);
    assert_int_equal(truth_of(json, "POINT(10 21)"), F);
    snprintf(json, sizeof json, near, 111000);
    assert_int_equal(truth_of(json, "LINESTRING(9 20.5,11 20.5)"), T);
    snprintf(json, sizeof json, near, 0);
    assert_int_equal(truth_of(json, "POLYGON((0 0,50 0,50 50,0 50,0 0))"), T);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *json, *pointer;
        enum status st;
    } table[] = {
        {"5", "", STATUS_BAD_REQUEST},
        {"{}", "", STATUS_BAD_REQUEST},
        {"{\"op\":\"xor\",\"args\":[]}", "/op", STATUS_BAD_REQUEST},
        {"{\"op\":\"and\",\"args\":[]}", "/args", STATUS_BAD_REQUEST},
        {"{\"op\":\"and\",\"args\":5}", "/args", STATUS_BAD_REQUEST},
        {"{\"op\":\"not\",\"args\":[true,true]}", "/args", STATUS_BAD_REQUEST},
        {"{\"op\":\"=\",\"args\":[1,2],\"x\":1}", "", STATUS_BAD_REQUEST},
        {"{\"op\":\"and\",\"args\":[true,{\"op\":\"=\",\"args\":[{\"property\":\"a\"},null]}]}",
         "/args/1/args/1", STATUS_BAD_REQUEST},
        {"{\"op\":\"=\",\"args\":[{\"property\":5},1]}", "/args/0", STATUS_BAD_REQUEST},
        {"{\"op\":\"=\",\"args\":[{\"property\":\"geometry\"},1]}", "/args/0", STATUS_BAD_REQUEST},
        {"{\"op\":\"=\",\"args\":[{\"interval\":[\"..\",\"..\"]},1]}", "/args/0",
         STATUS_BAD_REQUEST},
        {"{\"op\":\"in\",\"args\":[1,2]}", "/args/1", STATUS_BAD_REQUEST},
        {"{\"op\":\"in\",\"args\":[1,[[]]]}", "/args/1/0", STATUS_BAD_REQUEST},
        {"{\"op\":\"like\",\"args\":[{\"property\":\"a\"},5]}", "/args/1", STATUS_BAD_REQUEST},
        {"{\"op\":\"t_after\",\"args\":[{\"property\":\"time\"},5]}", "/args/1",
         STATUS_BAD_REQUEST},
        {"{\"op\":\"t_after\",\"args\":[{\"property\":\"time\"},{\"date\":\"2026-13-01\"}]}",
         "/args/1", STATUS_BAD_REQUEST},
        {"{\"op\":\"t_during\",\"args\":[{\"property\":\"time\"},{\"interval\":[\"2026-01-02\","
         "\"2026-01-01\"]}]}",
         "/args/1", STATUS_BAD_REQUEST},
        {"{\"op\":\"s_within\",\"args\":[{\"property\":\"geometry\"},{\"property\":\"geometry\"}]}",
         "/args", STATUS_BAD_REQUEST},
        {"{\"op\":\"s_within\",\"args\":[{\"property\":\"place\"},{\"bbox\":[0,0,1,1]}]}", "/args",
         STATUS_BAD_REQUEST},
        {"{\"op\":\"s_within\",\"args\":[{\"property\":\"geometry\"},{\"bbox\":[0,0,1]}]}",
         "/args/1/bbox", STATUS_BAD_REQUEST},
        {"{\"op\":\"s_within\",\"args\":[{\"property\":\"geometry\"},{\"bbox\":[0,5,1,1]}]}",
         "/args/1/bbox", STATUS_INVALID},
        {"{\"op\":\"s_dwithin\",\"args\":[{\"property\":\"geometry\"},{\"bbox\":[0,0,1,1]},-1]}",
         "/args/2", STATUS_BAD_REQUEST},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct filter *f;
        struct reason why;
        enum status st = parse(table[i].json, &f, &why);
        if (st != table[i].st || strcmp(why.pointer, table[i].pointer) != 0) {
            fail_msg("%s: %s at '%s'", table[i].json, status_name(st), why.pointer);
        }
        assert_true(why.text[0] != '\0');
    }
}

static void test_bounds(void **state) {
    (void)state;
    static char json[200000];
    struct filter *f;
    for (int depth = FILTER_DEPTH - 1; depth <= FILTER_DEPTH + 500; depth += 501) {
        json[0] = '\0';
        for (int i = 0; i < depth; i++)
            strcat(json, "{\"op\":\"not\",\"args\":[");
        strcat(json, "true");
        for (int i = 0; i < depth; i++)
            strcat(json, "]}");
        assert_int_equal(parse(json, &f, NULL),
                         depth < FILTER_DEPTH ? STATUS_OK : STATUS_BAD_REQUEST);
    }
    for (int n = FILTER_NODES - 1; n <= FILTER_NODES; n++) {
        strcpy(json, "{\"op\":\"or\",\"args\":[");
        for (int i = 0; i < n; i++)
            strcat(json, i ? ",true" : "true");
        strcat(json, "]}");
        assert_int_equal(parse(json, &f, NULL), n < FILTER_NODES ? STATUS_OK : STATUS_BAD_REQUEST);
    }
}

static void test_equal(void **state) {
    (void)state;
    static const struct {
        const char *name, *value;
        bool match;
    } table[] = {
        {"n", "12.5", true},
        {"n", "12.50", true},
        {"n", "13", false},
        {"num", "12.5", true},
        {"num", "12.50", false},
        {"t", "true", true},
        {"t", "1", false},
        {"f", "false", true},
        {"nil", "null", false},
        {"missing", "", false},
        {"esc", "a\"b", true},
        {"zero", "0", true},
        {"zero", "00", false},
        {"id", "truck-7", true},
        {"version", "3", true},
        {"o.x", "3", true},
        {"time", "2026-01-02T03:04:05Z", true},
        {"arr", "[1]", false},
    };
    struct row *row = row_at("POINT(1 2)");
    struct object o;
    row_read(row, &o);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct filter *f = NULL;
        assert_int_equal(
            filter_and_equal(&f, str_of(table[i].name), str_of(table[i].value), &arena), STATUS_OK);
        if (filter_matches(f, &o) != table[i].match) {
            fail_msg("%s=%s", table[i].name, table[i].value);
        }
    }
    struct filter *f;
    assert_int_equal(parse("{\"op\":\"=\",\"args\":[{\"property\":\"n\"},12.5]}", &f, NULL),
                     STATUS_OK);
    assert_int_equal(filter_and_equal(&f, STR("t"), STR("true"), &arena), STATUS_OK);
    assert_true(filter_matches(f, &o));
    assert_int_equal(filter_and_equal(&f, STR("f"), STR("true"), &arena), STATUS_OK);
    assert_false(filter_matches(f, &o));
    assert_true(filter_matches(NULL, &o));
    filter_release(NULL);
    row_free(row);
}

static void test_bbox(void **state) {
    (void)state;
    static const char a[] =
        "{\"op\":\"s_intersects\",\"args\":[{\"property\":\"geometry\"},{\"bbox\":[0,0,1,1]}]}";
    static const char b[] =
        "{\"op\":\"s_within\",\"args\":[{\"property\":\"geometry\"},{\"bbox\":[5,0,9,4]}]}";
    static const char c[] = "{\"op\":\"=\",\"args\":[{\"property\":\"n\"},1]}";
    char json[600];
    struct filter *f;
    struct bbox box;
    snprintf(json, sizeof json, "{\"op\":\"or\",\"args\":[%s,%s]}", a, b);
    assert_int_equal(parse(json, &f, NULL), STATUS_OK);
    assert_true(filter_bbox(f, EARTH_SPHERE, &box));
    assert_true(box.min_lon == 0 && box.max_lon == 9 && box.max_lat == 4);
    filter_release(f);
    snprintf(json, sizeof json, "{\"op\":\"and\",\"args\":[%s,%s,%s]}", c, a, b);
    assert_int_equal(parse(json, &f, NULL), STATUS_OK);
    assert_true(filter_bbox(f, EARTH_SPHERE, &box) && box.max_lon == 1);
    filter_release(f);
    snprintf(json, sizeof json, "{\"op\":\"or\",\"args\":[%s,%s]}", a, c);
    assert_int_equal(parse(json, &f, NULL), STATUS_OK);
    assert_false(filter_bbox(f, EARTH_SPHERE, &box));
    filter_release(f);
    snprintf(json, sizeof json, "{\"op\":\"not\",\"args\":[%s]}", a);
    assert_int_equal(parse(json, &f, NULL), STATUS_OK);
    assert_false(filter_bbox(f, EARTH_SPHERE, &box));
    filter_release(f);
    assert_false(filter_bbox(NULL, EARTH_SPHERE, &box));
}

int main(void) {
    arena_init(&arena, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare), cmocka_unit_test(test_logic),
        cmocka_unit_test(test_like),    cmocka_unit_test(test_time),
        cmocka_unit_test(test_spatial), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bounds),  cmocka_unit_test(test_equal),
        cmocka_unit_test(test_bbox),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_deinit(&arena);
    return failed;
}
