#include "net/address.h"
#include "support/support.h"

static void test_parse(void **state) {
    (void)state;
    static const struct {
        const char *text, *back;
        bool loopback;
    } good[] = {
        {"127.0.0.1:4000", "127.0.0.1:4000", true},
        {"127.9.9.9:0", "127.9.9.9:0", true},
        {"0.0.0.0:80", "0.0.0.0:80", false},
        {"[::1]:65535", "[::1]:65535", true},
        {"[::]:1", "[::]:1", false},
        {"10.0.0.1:1", "10.0.0.1:1", false},
        {"[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", true},
        {"[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.1]:1", false},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct address a;
        char text[ADDRESS_TEXT_BYTES];
        assert_int_equal(address_parse(str_of(good[i].text), &a, NULL), STATUS_OK);
        address_write(&a, text);
        assert_string_equal(text, good[i].back);
        assert_int_equal(address_is_loopback(&a), good[i].loopback);
    }
    struct address a;
    assert_int_equal(address_parse(STR(":4000"), &a, NULL), STATUS_OK);
    assert_false(address_is_loopback(&a));
    assert_int_equal(address_port(&a), 4000);
    assert_int_equal(address_parse(STR("localhost:1"), &a, NULL), STATUS_OK);
    assert_true(address_is_loopback(&a));
    static const char *const bad[] = {"",
                                      ":",
                                      "4000",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:x",
                                      "::1:80",
                                      "[::1]",
                                      "[::1]80",
                                      "no such host:1",
                                      "[zz]:1",
                                      "a\xff:1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct reason why = {0};
        if (address_parse(str_of(bad[i]), &a, &why) != STATUS_INVALID) fail_msg("%s", bad[i]);
        assert_true(why.text[0]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
