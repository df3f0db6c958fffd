// test_command_run.c - a run of SETs without memory at any point: each reply says what has happened to its object.

#include "unit/command/support.h"

#include "base/mem.h"
#include "command/command_run.h"

enum { SETS = 6, N_MAX = 5000 };

static const char *const points[SETS] = {"SET f a POINT 1 2", "SET f b POINT 3 4",
                                         "SET f a POINT 5 6", "SET f c POINT 7 8",
                                         "SET f d POINT 9 9", "SET f b POINT 2 2"};
static const char *const mixed[SETS] = {"SET f a POINT 1 2",           "SET f n BOUNDS 3 4 5 6",
                                        "SET f a FIELD x 1 POINT 5 6", "SET f c EX 900 STRING s",
                                        "SET f d NX POINT 9 9",        "SET f b POINT 2 2"};

static bool on_each(void *ctx, size_t begin, uint64_t lsn) {
    (void)begin;
    (void)lsn;
    ++*(size_t *)ctx;
    return true;
}

static size_t split(const char *line, struct str words[16]) {
    size_t n = 0;
    for (struct str rest = str_of(line); n < 16 && str_split(&rest, ' ', &words[n]);) {
        n++;
    }
    return n;
}

static void seed(struct desk *d) {
    desk_open(d);
    for (const char *id = "abcd"; *id; id++) {
        char line[32];
        snprintf(line, sizeof line, "SET f %c POINT 0 0", *id);
        assert_reply(d, line, "+OK\r\n");
    }
    assert_reply(d, "DEL f d", ":1\r\n");
}

/// False: there was enough memory all the way.
static bool try_without(unsigned n, const char *const lines[SETS]) {
    struct desk d;
    struct command_run *run;
    struct str words[SETS][16];
    size_t taken = 0, told = 0;
    seed(&d);
    assert_int_equal(command_run_new(&run), STATUS_OK);
    assert_non_null(buf_reserve(&d.out, 4096));
    buf_clear(&d.out);
    struct command_call call = {.commands = d.commands,
                                .client = &d.client,
                                .out = &d.out,
                                .arena = &d.arena,
                                .reader = d.reader};
    engine_enter(d.engine, d.reader);
    mem_fail_at(n, false);
    for (size_t i = 0; i < SETS; i++) {
        call.args = words[i];
        call.count = split(lines[i], words[i]);
        taken += command_run_add(run, &call);
    }
    command_run_answer(run, &call, on_each, &told);
    bool failed = mem_alloc_count() >= n;
    mem_fail_at(0, false);
    engine_leave(d.engine, d.reader);
    assert_int_equal(told, taken);
    buf_append_char(&d.out, '\0');
    const char *at = d.out.data;
    for (; *at; told--) {
        bool ok = strncmp(at, "+OK\r\n", 5) == 0;
        assert_true(ok || strncmp(at, "-OOM command not allowed", 24) == 0);
        assert_true(ok || failed);
        at = strchr(at, '\n') + 1;
    }
    assert_int_equal(told, 0);
    arena_reset(&d.arena);
    if (!failed) assert_int_equal(taken, SETS);
    if (lines == points && !strstr(d.out.data, "OOM") && taken == SETS) {
        assert_reply(&d, "GET f a POINT", "*2\r\n$1\r\n5\r\n$1\r\n6\r\n");
        assert_reply(&d, "GET f b POINT", "*2\r\n$1\r\n2\r\n$1\r\n2\r\n");
    }
    command_run_free(run);
    desk_close(&d);
    return failed;
}

static void every_allocation(const char *const lines[SETS]) {
    unsigned n = 1;
    while (try_without(n, lines)) {
        assert_true(++n < N_MAX);
    }
    assert_true(n > 1);
}

static void test_points(void **state) {
    (void)state;
    every_allocation(points);
}

static void test_mixed(void **state) {
    (void)state;
    every_allocation(mixed);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_points), cmocka_unit_test(test_mixed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
