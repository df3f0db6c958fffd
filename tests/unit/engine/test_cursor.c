// test_cursor.c - what is written is read back; anything else is refused.

#include "engine/cursor.h"
#include "support/support.h"

static struct arena arena;

static struct cursor sample(size_t text_len) {
    static char text[SEARCH_TEXT_MAX];
    memset(text, 'x', sizeof text);
    return (struct cursor){
        .incarnation = 0x1122334455667788,
        .order = 77,
        .key = {.class = SEARCH_STRING, .number = -1.5, .slot = 12345, .text = {text, text_len}},
    };
}

static void test_round_trip(void **state) {
    (void)state;
    for (size_t len = 0; len <= SEARCH_TEXT_MAX; len++) {
        struct cursor in = sample(len), out;
        struct str text;
        assert_int_equal(cursor_write(&in, &arena, &text), STATUS_OK);
        assert_true(text.len > 0 && text.len <= CURSOR_TEXT_MAX);
        for (size_t i = 0; i < text.len; i++) { // nothing a URL would have to escape
            char c = text.p[i];
            assert_true((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || c == '-' || c == '_');
        }
        assert_int_equal(cursor_parse(text, &arena, &out, NULL), STATUS_OK);
        assert_true(out.incarnation == in.incarnation && out.order == in.order &&
                    out.key.slot == in.key.slot && out.key.number == in.key.number &&
                    out.key.class == in.key.class && str_eq(out.key.text, in.key.text));
        arena_reset(&arena);
    }
}

static void test_damage(void **state) {
    (void)state;
    struct cursor in = sample(5), out;
    struct str good;
    assert_int_equal(cursor_write(&in, &arena, &good), STATUS_OK);
    char text[CURSOR_TEXT_MAX];
    for (size_t i = 0; i < good.len; i++) {
        for (int c = 1; c < 256; c++) {
            memcpy(text, good.p, good.len);
            if (text[i] == (char)c) continue;
            text[i] = (char)c;
            struct reason why;
            assert_int_equal(cursor_parse((struct str){text, good.len}, &arena, &out, &why),
                             STATUS_BAD_REQUEST);
        }
    }
    for (size_t len = 0; len < good.len; len++) {
        assert_int_equal(cursor_parse(str_sub(good, 0, len), &arena, &out, NULL),
                         STATUS_BAD_REQUEST);
    }
    static char big[100000];
    memset(big, 'A', sizeof big);
    assert_int_equal(cursor_parse((struct str){big, sizeof big}, &arena, &out, NULL),
                     STATUS_BAD_REQUEST);
}

int main(void) {
    arena_init(&arena, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damage),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_deinit(&arena);
    return failed;
}
