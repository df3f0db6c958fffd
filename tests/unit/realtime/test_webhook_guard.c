#include "support/support.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "realtime/webhook_guard.h"

static bool allows(struct webhook_guard guard, const char *text) {
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        return webhook_guard_allows(&guard, (struct sockaddr *)&in);
    }
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return webhook_guard_allows(&guard, (struct sockaddr *)&in6);
}

static void test_addresses(void **state) {
    (void)state;
    static const char *const open[] = {"1.1.1.1",         "8.8.8.8",         "172.15.255.255",
                                       "172.32.0.1",      "100.128.0.1",     "192.167.1.1",
                                       "223.255.255.255", "11.0.0.1",        "2606:4700::1111",
                                       "2a00:1450::1",    "64:ff9b::808:808"};
    static const char *const inside[] = {"10.0.0.1",
                                         "172.16.0.1",
                                         "172.31.255.255",
                                         "192.168.0.1",
                                         "169.254.169.254",
                                         "100.64.0.1",
                                         "198.18.0.1",
                                         "192.0.2.1",
                                         "fc00::1",
                                         "fd12::1",
                                         "fe80::1",
                                         "fec0::1",
                                         "2001:db8::1",
                                         "::ffff:10.0.0.1",
                                         "64:ff9b::a00:1",
                                         "2002:c0a8:0001::1",
                                         "::ffff:169.254.169.254",
                                         "64:ff9b:1::1"};
    static const char *const own[] = {"127.0.0.1", "127.255.0.1", "::1", "::ffff:127.0.0.1",
                                      "2002:7f00:0001::"};
    static const char *const never[] = {"0.0.0.0",         "0.1.2.3",   "224.0.0.1", "239.1.1.1",
                                        "255.255.255.255", "240.0.0.1", "::",        "ff02::1"};
    struct webhook_guard strict = {0}, local = {.allow_loopback = true},
                         all = {.allow_private = true};
    for (unsigned i = 0; i < sizeof open / sizeof *open; i++)
        assert_true(allows(strict, open[i]));
    for (unsigned i = 0; i < sizeof inside / sizeof *inside; i++) {
        assert_false(allows(strict, inside[i]));
        assert_false(allows(local, inside[i]));
        assert_true(allows(all, inside[i]));
    }
    for (unsigned i = 0; i < sizeof own / sizeof *own; i++) {
        assert_false(allows(strict, own[i]));
        assert_true(allows(local, own[i]));
        assert_true(allows(all, own[i]));
    }
    for (unsigned i = 0; i < sizeof never / sizeof *never; i++)
        assert_false(allows(all, never[i]));
    struct sockaddr other = {.sa_family = AF_UNIX};
    assert_false(webhook_guard_allows(&all, &other));
}

static void test_urls(void **state) {
    (void)state;
    static const char *const good[] = {"http://example.com/hook", "https://example.com:8443/a?b=c",
                                       "https://[2606:4700::1111]/", "http://1.1.1.1",
                                       "http://m\xc3\xbcnchen.de/"};
    static const char *const bad[] = {
        "",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "kafka://broker:9092/topic",
        "http://",
        "http://user:pass@example.com/",
        "http://10.0.0.1/",
        "http://127.0.0.1:80/",
        "http://2130706433/", // 127.0.0.1 in one number
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://[::1]:80/",
        "http://[::ffff:127.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://example.com/\r\nHost: x",
        "http://exa mple.com/",
    };
    struct webhook_guard strict = {0};
    for (unsigned i = 0; i < sizeof good / sizeof *good; i++) {
        struct reason why = {0};
        assert_int_equal(webhook_guard_check(&strict, str_of(good[i]), &why), STATUS_OK);
    }
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct reason why = {0};
        if (webhook_guard_check(&strict, str_of(bad[i]), &why) != STATUS_INVALID)
            fail_msg("%s was taken", bad[i]);
        assert_true(why.text[0]);
    }
    struct webhook_guard local = {.allow_loopback = true};
    struct reason why = {0};
    assert_int_equal(webhook_guard_check(&local, STR("http://127.0.0.1:8080/x"), &why), STATUS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
