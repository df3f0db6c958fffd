// test_tile38_plan.c - what is sent of an append-only file, what is held, what is left out.

#include "support/support.h"

#include "cli/tile38_plan.h"

/// The wire form as words: "DROP a;DROP b;".
static const char *words_of(struct str wire) {
    static char out[1024];
    size_t at = 0;
    struct input *in;
    struct tile38_file *file;
    struct tile38_command c;
    struct reason why;
    out[0] = '\0';
    assert_int_equal(input_open_memory(wire, &in, &why), STATUS_OK);
    assert_int_equal(tile38_file_open(in, &file), STATUS_OK);
    while (tile38_file_next(file, &c, &why) == STATUS_OK) {
        for (size_t i = 0; i < c.count; i++)
            at += (size_t)snprintf(out + at, sizeof out - at, "%s%.*s", i ? " " : "",
                                   STR_ARGS(c.args[i]));
        at += (size_t)snprintf(out + at, sizeof out - at, ";");
    }
    tile38_file_close(file);
    input_close(in);
    return out;
}

/// What becomes of a line of words: what is sent, or "hold", "skip", "refuse".
static const char *take(struct tile38_plan *p, const char *line) {
    static struct str args[64];
    struct str rest = str_of(line);
    size_t count = 0, sent;
    while (str_split(&rest, ' ', &args[count]))
        count++;
    enum tile38_verdict verdict;
    struct reason why = {0};
    struct tile38_command c = {args, count, 0};
    assert_int_equal(tile38_plan_take(p, &c, &verdict, &sent, &why), STATUS_OK);
    if (verdict == TILE38_REFUSE) assert_true(why.text[0]);
    if (verdict != TILE38_SEND) {
        return verdict == TILE38_HOLD ? "hold" : verdict == TILE38_SKIP ? "skip" : "refuse";
    }
    const char *words = words_of(buf_str(&p->wire));
    size_t commands = 0;
    for (const char *at = words; *at; at++)
        commands += *at == ';';
    assert_int_equal(commands, sent);
    return words;
}

static void expect(struct tile38_plan *p, const char *line, const char *expected) {
    assert_string_equal(take(p, line), expected);
}

static void objects_go_as_they_are(void **state) {
    (void)state;
    struct tile38_plan p;
    tile38_plan_init(&p);
    static const char *const lines[] = {
        "set fleet t1 POINT 33 -112",
        "SET fleet t1 FIELD speed 90 EX 10 NX STRING x",
        "fset fleet t1 speed 5",
        "del fleet t1",
        "pdel fleet t*",
        "drop fleet",
        "expire fleet t1 10",
        "persist fleet t1",
        "jset fleet t1 a.b 5",
        "jdel fleet t1 a.b",
        "rename fleet other",
        "renamenx other fleet",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char expected[128];
        snprintf(expected, sizeof expected, "%s;", lines[i]);
        expect(&p, lines[i], expected);
    }
    expect(&p, "readonly yes", "skip");
    expect(&p, "config set requirepass x", "skip");
    expect(&p, "shutdown", "refuse");
    expect(&p, "get fleet t1", "refuse");
    expect(&p, "set fleet t1", "refuse");
    tile38_plan_deinit(&p);
}

static void lives_lose_the_age_of_the_file(void **state) {
    (void)state;
    struct tile38_plan p;
    tile38_plan_init(&p);
    p.age_s = 100;
    expect(&p, "set f a EX 160.5 POINT 1 2", "set f a EX 60.5 POINT 1 2;");
    expect(&p, "set f a FIELD ex 5 ex 101 NX POINT 1 2", "set f a FIELD ex 5 ex 1 NX POINT 1 2;");
    expect(&p, "set f a FIELD ex 5 POINT 1 2", "set f a FIELD ex 5 POINT 1 2;");
    expect(&p, "set f a STRING EX 5", "set f a STRING EX 5;");
    expect(&p, "set f a EX 100 POINT 1 2", "DEL f a;");
    expect(&p, "set f a EX 1e300 POINT 1 2", "set f a EX 1e300 POINT 1 2;");
    expect(&p, "set f a EX soon POINT 1 2", "set f a EX soon POINT 1 2;");
    expect(&p, "expire f a 40", "DEL f a;");
    expect(&p, "expire f a 140", "expire f a 40;");
    assert_int_equal(p.expired, 2);
    expect(&p, "setchan c EX 50 NEARBY f FENCE POINT 1 2 3", "hold");
    assert_null(name_map_find(&p.fences, STR("c")).p);
    expect(&p, "setchan c EX 150 NEARBY f FENCE POINT 1 2 3", "hold");
    assert_string_equal(words_of(name_map_find(&p.fences, STR("c"))),
                        "setchan c EX 50 NEARBY f FENCE POINT 1 2 3;");
    tile38_plan_deinit(&p);
}

static void fences_wait_and_flushes_stay_at_home(void **state) {
    (void)state;
    struct tile38_plan p;
    tile38_plan_init(&p);
    expect(&p, "set a x POINT 1 2", "set a x POINT 1 2;");
    expect(&p, "set b x POINT 1 2", "set b x POINT 1 2;");
    expect(&p, "rename b c", "rename b c;");
    expect(&p, "sethook h http://x META k v EX 5 WITHIN a FENCE BOUNDS 1 2 3 4", "hold");
    expect(&p, "setchan c1 NEARBY a FENCE POINT 1 2 3", "hold");
    expect(&p, "setchan c2 NEARBY a FENCE POINT 1 2 3", "hold");
    expect(&p, "sethook h http://x META", "refuse");
    assert_int_equal(p.fences.live, 3);
    expect(&p, "delchan h", "skip"); // is a hook
    assert_int_equal(p.fences.live, 3);
    expect(&p, "pdelhook *", "skip");
    assert_int_equal(p.fences.live, 2);
    expect(&p, "delchan c1", "skip");
    expect(&p, "pdelchan z*", "skip");
    assert_int_equal(p.fences.live, 1);
    size_t at = 0;
    assert_true(str_eq(tile38_plan_fence_word(name_map_next(&p.fences, &at)), STR("SETCHAN")));
    expect(&p, "flushdb", "DROP a;DROP b;DROP c;");
    assert_int_equal(p.fences.live, 0);
    expect(&p, "flushdb", "");
    tile38_plan_deinit(&p);
}

static void one_collection_only(void **state) {
    (void)state;
    struct tile38_plan p;
    tile38_plan_init(&p);
    p.collection = STR("a");
    expect(&p, "set a x POINT 1 2", "set a x POINT 1 2;");
    expect(&p, "set b x POINT 1 2", "skip");
    expect(&p, "drop b", "skip");
    expect(&p, "rename b c", "skip");
    expect(&p, "rename b a", "refuse");
    expect(&p, "rename a b", "rename a b;");
    expect(&p, "setchan c1 NEARBY b FENCE POINT 1 2 3", "skip");
    expect(&p, "setchan c2 META x y NEARBY a FENCE POINT 1 2 3", "hold");
    assert_int_equal(p.fences.live, 1);
    expect(&p, "flushdb", "DROP a;DROP b;");
    tile38_plan_deinit(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(objects_go_as_they_are),
                                       cmocka_unit_test(lives_lose_the_age_of_the_file),
                                       cmocka_unit_test(fences_wait_and_flushes_stay_at_home),
                                       cmocka_unit_test(one_collection_only)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
