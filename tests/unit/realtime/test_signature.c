#include "support/support.h"

#include "realtime/signature.h"

#define SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

static void test_the_known_signature(void **state) {
    (void)state;
    struct signature_key keys[2];
    struct reason why = {0};
    assert_int_equal(signature_key_parse(STR(SECRET), &keys[0], &why), STATUS_OK);
    assert_int_equal(keys[0].len, 32);
    assert_memory_equal(keys[0].bytes, "0123456789abcdef0123456789abcdef", 32);
    struct str body = STR("{\"type\":\"geofence.enter\",\"timestamp\":\"2023-11-14T22:13:20Z\","
                          "\"data\":{\"object_id\":\"truck-1\"}}");
    struct buf out;
    buf_init(&out);
    assert_int_equal(signature_write(keys, 1, STR("msg_warp_0001"), 1700000000, body, &out),
                     STATUS_OK);
    buf_append_char(&out, 0);
    assert_string_equal(out.data, "v1,oEhNbaYQ2Qe2nYYNAg4rEfR/RE67T9wmlq0wvGCcFZ0=");
    buf_clear(&out);
    // While they rotate: one signature a key, in order.
    assert_int_equal(
        signature_key_parse(STR("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), &keys[1], &why),
        STATUS_OK);
    assert_int_equal(keys[1].len, 24);
    assert_int_equal(signature_write(keys, 2, STR("msg_warp_0001"), 1700000000, body, &out),
                     STATUS_OK);
    assert_memory_equal(out.data, "v1,oEhNbaYQ2Qe2nYYNAg4rEfR/RE67T9wmlq0wvGCcFZ0= v1,", 51);
    buf_deinit(&out);
}

static void test_refuses_what_is_no_secret(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "whsec_",
        "secret",
        "whsec_MDEy",                                        // too short
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", // cut
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlh\nmNkZWY=",
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlh*mNkZWY=",
        ("whsec_"
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         "="),
    };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct signature_key key;
        struct reason why = {0};
        assert_int_equal(signature_key_parse(str_of(bad[i]), &key, &why), STATUS_INVALID);
        assert_true(why.text[0]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_known_signature),
        cmocka_unit_test(test_refuses_what_is_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
