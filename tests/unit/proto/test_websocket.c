#include "support/support.h"

#include "base/mem.h"
#include "proto/websocket.h"

static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};

static void masked(struct buf *out, enum websocket_opcode opcode, struct str payload, bool fin) {
    size_t at = out->len;
    websocket_write_masked(out, opcode, payload, mask);
    if (!fin) out->data[at] = (char)(out->data[at] & 0x7f);
}

/// What comes of `in`, fed `piece` bytes at a time: "text(...)" "binary(n)" "ping(..)" "close(1000 why)" "fail(1002)".
static void read_all(struct websocket *w, struct str in, size_t piece, struct buf *out) {
    buf_clear(out);
    for (size_t at = 0; at < in.len;) {
        size_t len = in.len - at < piece ? in.len - at : piece, taken;
        struct websocket_event e;
        enum websocket_step step = websocket_next(w, in.p + at, len, &taken, &e);
        assert_true(taken <= len);
        at += taken;
        if (step == WEBSOCKET_MORE) continue;
        if (step == WEBSOCKET_FAILED) {
            buf_printf(out, "fail(%u)", e.code);
            break;
        }
        static const char *const names[] = {"", "text", "binary", "",     "",    "",
                                            "", "",     "close",  "ping", "pong"};
        buf_append_str(out, str_of(names[e.opcode]));
        buf_append_char(out, '(');
        if (e.opcode == WEBSOCKET_CLOSE) buf_printf(out, "%u ", e.code);
        if (e.opcode == WEBSOCKET_BINARY)
            buf_append_u64(out, e.payload.len);
        else
            buf_append_str(out, e.payload);
        buf_append_char(out, ')');
    }
    buf_append_char(out, '\0');
}

static void check(struct buf *in, const char *expected) {
    struct buf out;
    buf_init(&out);
    for (size_t piece = 1; piece <= in->len; piece = piece < 5 ? piece + 1 : piece * 4) {
        struct websocket w = {.limit_bytes = 100000};
        read_all(&w, buf_str(in), piece, &out);
        assert_string_equal(out.data, expected);
        websocket_deinit(&w);
    }
    struct websocket w = {.limit_bytes = 100000};
    read_all(&w, buf_str(in), in->len, &out);
    assert_string_equal(out.data, expected);
    websocket_deinit(&w);
    buf_deinit(&out);
    buf_deinit(in);
}

static void check_bytes(struct str in, const char *expected) {
    struct buf b;
    buf_init(&b);
    buf_append_str(&b, in);
    check(&b, expected);
}

static void test_messages(void **state) {
    (void)state;
    struct buf in;
    buf_init(&in);
    masked(&in, WEBSOCKET_TEXT, STR("hello"), true);
    masked(&in, WEBSOCKET_TEXT, STR(""), true);
    masked(&in, WEBSOCKET_TEXT, STR("he"), false);
    masked(&in, WEBSOCKET_PING, STR("?"), true); // between fragments
    masked(&in, WEBSOCKET_CONTINUATION, STR(""), false);
    masked(&in, WEBSOCKET_CONTINUATION, STR("llo"), true);
    masked(&in, WEBSOCKET_PONG, STR(""), true);
    check(&in, "text(hello)text()ping(?)text(hello)pong()");
    char *large = malloc(90000);
    memset(large, 'a', 90000);
    masked(&in, WEBSOCKET_BINARY, (struct str){large, 300}, true);
    masked(&in, WEBSOCKET_BINARY, (struct str){large, 90000}, true);
    masked(&in, WEBSOCKET_BINARY, (struct str){large, 60000}, false);
    masked(&in, WEBSOCKET_CONTINUATION, (struct str){large, 40000}, true);
    check(&in, "binary(300)binary(90000)binary(100000)");
    masked(&in, WEBSOCKET_BINARY, (struct str){large, 60000}, false);
    masked(&in, WEBSOCKET_CONTINUATION, (struct str){large, 40001}, true);
    check(&in, "fail(1009)");
    free(large);
}

static void test_close(void **state) {
    (void)state;
    struct buf in;
    buf_init(&in);
    masked(&in, WEBSOCKET_CLOSE, STR("\x03\xe8why"), true);
    masked(&in, WEBSOCKET_TEXT, STR("more"), true); // does not count any more
    check(&in, "close(1000 why)");
    masked(&in, WEBSOCKET_CLOSE, STR(""), true);
    check(&in, "close(1005 )");
    masked(&in, WEBSOCKET_CLOSE, STR("\x03"), true);
    check(&in, "fail(1002)");
    masked(&in, WEBSOCKET_CLOSE, STR("\x03\xed"), true); // 1005 is never sent
    check(&in, "fail(1002)");
    masked(&in, WEBSOCKET_CLOSE, STR("\x03\xe8\xff"), true);
    check(&in, "fail(1007)");
    masked(&in, WEBSOCKET_CLOSE, STR("\x0f\xa0"), true);
    check(&in, "close(4000 )");
}

static void test_protocol(void **state) {
    (void)state;
    struct buf in;
    buf_init(&in);
    check_bytes(STR("\x81\x01x"), "fail(1002)");        // not masked
    check_bytes(STR("\xc1\x80\0\0\0\0"), "fail(1002)"); // a reserved bit
    check_bytes(STR("\x83\x80\0\0\0\0"), "fail(1002)"); // a reserved opcode
    check_bytes(STR("\x8b\x80\0\0\0\0"), "fail(1002)");
    check_bytes(STR("\x81\xfe\0\x05\0\0\0\0abcde"), "fail(1002)"); // not the shortest length
    check_bytes(STR("\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0"), "fail(1002)");
    check_bytes(STR("\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0"), "fail(1002)");
    check_bytes(STR("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"), "fail(1009)");
    check_bytes(STR("\x09\x80\0\0\0\0"), "fail(1002)");       // a ping in fragments
    check_bytes(STR("\x89\xfe\0\x7e\0\0\0\0"), "fail(1002)"); // a long ping
    check_bytes(STR("\x80\x80\0\0\0\0"), "fail(1002)");       // nothing to continue
    masked(&in, WEBSOCKET_TEXT, STR("a"), false);
    masked(&in, WEBSOCKET_TEXT, STR("b"), true);
    check(&in, "fail(1002)");
}

static void test_utf8(void **state) {
    (void)state;
    struct buf in;
    buf_init(&in);
    masked(&in, WEBSOCKET_TEXT, STR("\xc2"), false); // a character cut by a frame
    masked(&in, WEBSOCKET_CONTINUATION, STR("\xb5\xe2\x82"), false);
    masked(&in, WEBSOCKET_CONTINUATION, STR("\xac\xf0\x9f\x98\x80"), true);
    check(&in, "text(\xc2\xb5\xe2\x82\xac\xf0\x9f\x98\x80)");
    masked(&in, WEBSOCKET_TEXT, STR("\xe2\x82"), true);
    check(&in, "fail(1007)");
    masked(&in, WEBSOCKET_BINARY, STR("\xff\xfe"), true);
    check(&in, "binary(2)");
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5",
        "a\xff",        "\xe2\x28"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        masked(&in, WEBSOCKET_TEXT, str_of(bad[i]), false); // at once, not at the end
        check(&in, "fail(1007)");
    }
}

/// The quick check and the one of whole texts say the same of random bytes.
static void test_utf8_twin(void **state) {
    (void)state;
    uint64_t seed = 42;
    for (int i = 0; i < 200000; i++) {
        char text[6];
        size_t len = 0;
        for (; len < sizeof text; len++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            static const unsigned char some[] = {0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                                 0xc2, 0xe0, 0xe1, 0xed, 0xf0, 0xf1, 0xf4};
            text[len] = (char)some[(seed >> 33) % sizeof some];
        }
        struct websocket_utf8 u = {0};
        size_t cut = (seed >> 40) % len;
        bool good = websocket_utf8_check(&u, text, cut) &&
                    websocket_utf8_check(&u, text + cut, len - cut) && u.left == 0;
        assert_int_equal(good, str_is_utf8((struct str){text, len}));
    }
}

static void test_client(void **state) {
    (void)state;
    struct buf in, out;
    buf_init(&in);
    buf_init(&out);
    websocket_write(&in, WEBSOCKET_TEXT, STR("hi"));
    websocket_write_close(&in, WEBSOCKET_GOING_AWAY, STR("bye"));
    struct websocket w = {.is_client = true};
    read_all(&w, buf_str(&in), 3, &out);
    assert_string_equal(out.data, "text(hi)close(1001 bye)");
    buf_clear(&in);
    masked(&in, WEBSOCKET_TEXT, STR("hi"), true);
    struct websocket other = {.is_client = true};
    read_all(&other, buf_str(&in), 3, &out);
    assert_string_equal(out.data, "fail(1002)");
    websocket_deinit(&w);
    websocket_deinit(&other);
    buf_deinit(&in);
    buf_deinit(&out);
}

static void test_accept(void **state) {
    (void)state;
    char out[WEBSOCKET_ACCEPT_BYTES];
    assert_true(websocket_accept(STR("dGhlIHNhbXBsZSBub25jZQ=="), out)); // RFC 6455 1.3
    assert_memory_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", sizeof out);
    assert_false(websocket_accept(STR("dGhlIHNhbXBsZSBub25jZQ="), out));
    assert_false(websocket_accept(STR("dGhlIHNhbXBsZSBub25jZQAA"), out));
    assert_false(websocket_accept(STR_NONE, out));
}

static void test_memory(void **state) {
    (void)state;
    struct buf in;
    buf_init(&in);
    masked(&in, WEBSOCKET_TEXT, STR("hello"), true);
    struct websocket w = {0};
    struct websocket_event e;
    size_t taken;
    mem_fail_at(1, false);
    assert_int_equal(websocket_next(&w, in.data, in.len, &taken, &e), WEBSOCKET_FAILED);
    mem_fail_at(0, false);
    assert_int_equal(e.code, WEBSOCKET_INTERNAL);
    websocket_deinit(&w);
    buf_deinit(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),  cmocka_unit_test(test_close),
        cmocka_unit_test(test_protocol),  cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_utf8_twin), cmocka_unit_test(test_client),
        cmocka_unit_test(test_accept),    cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
