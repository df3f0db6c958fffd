// test_reason.c - filling, prefixing and cutting of reasons.

#include "support/support.h"

#include "base/reason.h"
#include "base/str.h"

static void nobody_asks(void **state) {
    (void)state;
    assert_int_equal(reason_set(NULL, STATUS_INVALID, "%d", 1), STATUS_INVALID);
    reason_prefix(NULL, "/a");
}

static void set_and_prefix(void **state) {
    (void)state;
    struct reason why = {.pointer = "old"};
    assert_int_equal(reason_set(&why, STATUS_INVALID, "latitude %g", 91.5), STATUS_INVALID);
    assert_string_equal(why.text, "latitude 91.5");
    assert_string_equal(why.pointer, "");
    reason_prefix(&why, "/%d", 0);
    reason_prefix(&why, "/coordinates");
    reason_prefix(&why, "/features/%u", 17u);
    assert_string_equal(why.pointer, "/features/17/coordinates/0");
}

static void long_texts_are_cut_between_characters(void **state) {
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        char text[400] = {0};
        memset(text, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof text; i += 4) {
            memcpy(text + i, "\xf0\x9f\x98\x80", 4);
        }
        struct reason why;
        reason_set(&why, STATUS_INVALID, "%s", text);
        assert_true(str_is_utf8(str_of(why.text)));
        assert_in_range(strlen(why.text), sizeof why.text - 5, sizeof why.text - 1);
        reason_prefix(&why, "/%s", text);
        assert_true(str_is_utf8(str_of(why.pointer)));
        assert_in_range(strlen(why.pointer), sizeof why.pointer - 5, sizeof why.pointer - 1);
    }
}

static void a_full_pointer_keeps_its_front(void **state) {
    (void)state;
    struct reason why;
    reason_set(&why, STATUS_INVALID, "x");
    for (int i = 0; i < 100; i++) {
        reason_prefix(&why, "/%d", i);
    }
    assert_int_equal(strlen(why.pointer), sizeof why.pointer - 1);
    assert_memory_equal(why.pointer, "/99/98/97", 9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_asks),
        cmocka_unit_test(set_and_prefix),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(a_full_pointer_keeps_its_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
