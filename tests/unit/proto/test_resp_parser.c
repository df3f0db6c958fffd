#include "support/support.h"

#include "base/mem.h"
#include "proto/resp_parser.h"

static const struct resp_limits limits = {0};

/// Commands of `in` as "[a|b][c]", then "..." for a rest, or the error. Fed in pieces of `piece` bytes, each at a place
/// of its own, as a connection does.
static void read_all(struct str in, size_t piece, const struct resp_limits *l, struct buf *out) {
    struct resp_parser p = {0};
    struct resp_room room = {0};
    struct reason why = {0};
    size_t begin = 0, end = 0;
    buf_clear(out);
    enum resp_step step = RESP_MORE;
    while (step != RESP_FAILED) {
        char *copy = malloc(end - begin + 1);
        memcpy(copy, in.p + begin, end - begin);
        size_t taken;
        struct resp_command c;
        step = resp_parser_next(&p, &room, l, copy, end - begin, &taken, &c, &why);
        assert_true(taken <= end - begin);
        if (step == RESP_COMMAND) {
            for (size_t i = 0; i < c.count; i++) {
                buf_append_char(out, i ? '|' : c.form == RESP_NATIVE ? '<' : '[');
                buf_append_str(out, c.args[i]);
            }
            buf_append_char(out, ']');
        }
        free(copy);
        begin += taken;
        if (step != RESP_MORE) continue;
        if (end == in.len) break;
        end = in.len - end < piece ? in.len : end + piece;
    }
    if (step == RESP_FAILED) buf_append_str(out, str_of(why.text));
    if (step == RESP_MORE && begin < in.len) buf_append_str(out, STR("..."));
    buf_append_char(out, '\0');
    resp_parser_deinit(&p);
    resp_room_deinit(&room);
}

static void check_limited(struct str in, const char *expected, const struct resp_limits *l) {
    struct buf out;
    buf_init(&out);
    for (size_t piece = 1; piece <= in.len; piece = piece < 9 ? piece + 1 : piece * 3) {
        read_all(in, piece, l, &out);
        assert_string_equal(out.data, expected);
    }
    read_all(in, in.len, l, &out);
    assert_string_equal(out.data, expected);
    buf_deinit(&out);
}

#define CHECK(in, expected) check_limited(STR(in), expected, &limits)

static void test_arrays(void **state) {
    (void)state;
    CHECK("*1\r\n$4\r\nPING\r\n", "[PING]");
    CHECK("*3\r\n$3\r\nGET\r\n$0\r\n\r\n$5\r\na\r\nbc\r\n*1\r\n$1\r\nx\r\n", "[GET||a\r\nbc][x]");
    CHECK("\r\n*0\r\n*-1\r\n\r\n*1\r\n$1\r\nx\r\n", "[x]");
    CHECK("*2\r\n$3\r\nGET\r\n", "...");
    CHECK("*2\r\n$3\r\nGET\r\n$10\r\nabc", "...");
    CHECK("*x\r\n", "Protocol error: invalid multibulk length");
    CHECK("*1048577\r\n", "Protocol error: invalid multibulk length");
    CHECK("*99999999999999999999999\r\n", "Protocol error: invalid multibulk length");
    CHECK("*1\n$4\r\nPING\r\n", "Protocol error: invalid multibulk length");
    CHECK("*1\r\n:4\r\n", "Protocol error: expected '$', got ':'");
    CHECK("*1\r\n$-1\r\n", "Protocol error: invalid bulk length");
    CHECK("*1\r\n$99999999999\r\n", "Protocol error: invalid bulk length");
    CHECK("*1\r\n$3\r\nabcd\r\n", "Protocol error: invalid bulk length");
    CHECK("*1\r\n$4\r\nPING\r\n*1\r\n$x\r\n", "[PING]Protocol error: invalid bulk length");
}

static void test_inline(void **state) {
    (void)state;
    CHECK("PING\r\n", "[PING]");
    CHECK("  set  fleet\ttruck \nPING\n", "[set|fleet|truck][PING]");
    CHECK("\r\n  \r\nPING\r\n", "[PING]");
    CHECK("ECHO \"a b\\n\\x41\\q\" 'it\\'s' ''\r\n", "[ECHO|a b\nAq|it's|]");
    CHECK("SET f t OBJECT {\"type\":\"Point\", \"x\":[1, {\"}\":2}]} EX\r\n",
          "[SET|f|t|OBJECT|{\"type\":\"Point\", \"x\":[1, {\"}\":2}]}|EX]");
    CHECK("ECHO [1, 2]x y\n", "[ECHO|[1, 2]x|y]");
    CHECK("ECHO \"a\r\n", "Protocol error: unbalanced quotes in request");
    CHECK("ECHO \"a\"b\r\n", "Protocol error: unbalanced quotes in request");
    CHECK("ECHO {a\r\n", "Protocol error: unbalanced quotes in request");
    CHECK("PING", "...");
    CHECK("PI\0NG\r\n", "Protocol error: invalid inline request");
    char *line = malloc(RESP_INLINE_BYTES + 2);
    memset(line, 'a', RESP_INLINE_BYTES + 2);
    struct buf out;
    buf_init(&out);
    read_all((struct str){line, RESP_INLINE_BYTES + 2}, 1000, &limits, &out);
    assert_string_equal(out.data, "Protocol error: too big inline request");
    buf_deinit(&out);
    free(line);
}

static void test_native(void **state) {
    (void)state;
    CHECK("$4 PING\r\n", "<PING]");
    CHECK("$4 PING\r\n$6 ECHO a\r\n*1\r\n$1\r\nx\r\n", "<PING]<ECHO|a][x]");
    CHECK("$18 SET f t OBJECT {a b\r\n", "Protocol error: invalid message");
    CHECK("$19 SET f t OBJECT {a b\r\n", "<SET|f|t|OBJECT|{a b]");
    CHECK("$21 set f t string \"a b\" \r\n", "<set|f|t|string|\"a|b\"]");
    CHECK("$20 set f t string \"a b\"\r\n", "<set|f|t|string|a b]");
    CHECK("$3   x\r\n", "<x]");
    CHECK("$2   \r\n*1\r\n$1\r\nx\r\n", "[x]");
    CHECK("$4 PING", "...");
    CHECK("$x PING\r\n", "Protocol error: invalid message");
    CHECK("$99999999999 a", "Protocol error: invalid message");
    CHECK("$99999999999999999999999999", "Protocol error: invalid message");
    CHECK("$4 PINGx\r\n", "Protocol error: invalid message");
}

static void test_limits(void **state) {
    (void)state;
    const struct resp_limits few = {.bytes = 64, .args = 3};
    check_limited(STR("*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n"), "[a|b|c]", &few);
    check_limited(STR("*4\r\n"), "Protocol error: invalid multibulk length", &few);
    check_limited(STR("*1\r\n$65\r\n"), "Protocol error: invalid bulk length", &few);
    check_limited(STR("*2\r\n$30\r\n123456789012345678901234567890\r\n$40\r\n"),
                  "Protocol error: invalid bulk length", &few);
    check_limited(STR("a b c\r\n"), "[a|b|c]", &few);
    check_limited(STR("a b c d\r\n"), "Protocol error: too many arguments", &few);
    check_limited(STR("$7 a b c d\r\n"), "Protocol error: too many arguments", &few);
    check_limited(STR("$65 a"), "Protocol error: invalid message", &few);
}

/// A long array in small pieces costs what it is long, not its square: this would take minutes otherwise.
static void test_long(void **state) {
    (void)state;
    enum { ARGS = 200000 };
    struct buf in, out;
    buf_init(&in);
    buf_init(&out);
    buf_printf(&in, "*%d\r\n", ARGS);
    for (int i = 0; i < ARGS; i++)
        buf_append_str(&in, STR("$1\r\na\r\n"));
    struct resp_parser p = {0};
    struct resp_room room = {0};
    struct reason why = {0};
    struct resp_command c;
    size_t taken;
    enum resp_step step = RESP_MORE;
    for (size_t end = 1; step == RESP_MORE; end++)
        step = resp_parser_next(&p, &room, &limits, in.data, end, &taken, &c, &why);
    assert_int_equal(step, RESP_COMMAND);
    assert_int_equal(c.count, ARGS);
    assert_int_equal(taken, in.len);
    resp_parser_deinit(&p);
    resp_room_deinit(&room);
    buf_deinit(&in);
    buf_deinit(&out);
}

static void test_memory(void **state) {
    (void)state;
    static const char in[] = "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n'x' y\r\n$1 z\r\n";
    for (uint64_t n = 1; n < 6; n++) {
        struct resp_parser p = {0};
        struct resp_room room = {0};
        struct reason why = {0};
        struct resp_command c;
        size_t at = 0, taken;
        mem_fail_at(n, false);
        for (int i = 0; i < 3; i++) {
            enum resp_step step =
                resp_parser_next(&p, &room, &limits, in + at, sizeof in - 1 - at, &taken, &c, &why);
            at += taken;
            if (step != RESP_FAILED) continue;
            assert_string_equal(why.text, "OOM out of memory");
            break;
        }
        mem_fail_at(0, false);
        resp_parser_deinit(&p);
        resp_room_deinit(&room);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrays), cmocka_unit_test(test_inline), cmocka_unit_test(test_native),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_long),   cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
