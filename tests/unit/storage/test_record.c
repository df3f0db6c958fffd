// test_record.c - records to bytes and back, and bytes that are none.

#include "unit/storage/kit.h"

#include "storage/record.h"

static void round_trip(void **state) {
    (void)state;
    static char big[70000];
    memset(big, 'x', sizeof big);
    const struct record in[] = {
        {RECORD_PUT, STR("fleet"), STR("truck-7"), STR("body")},
        {RECORD_DELETE, STR("fleet"), STR("truck-7"), STR_NONE},
        {RECORD_DROP, STR("fleet"), STR_NONE, STR_NONE},
        {RECORD_META, STR_NONE, STR("options"), STR("\0\xff\n")},
        {RECORD_EVENT, STR("c"), STR("i"), {big, sizeof big}},
        {RECORD_PUT, {big, 127}, {big, 128}, {big, 16384}},
    };
    struct buf b;
    buf_init(&b);
    for (size_t i = 0; i < 6; i++)
        record_write(&b, &in[i]);
    assert_int_equal(buf_status(&b), STATUS_OK);
    struct str rest = buf_str(&b);
    for (size_t i = 0; i < 6; i++) {
        struct record out;
        assert_int_equal(record_parse(&rest, &out), STATUS_OK);
        assert_int_equal(out.kind, in[i].kind);
        assert_true(str_eq(out.collection, in[i].collection));
        assert_true(str_eq(out.id, in[i].id));
        assert_true(str_eq(out.body, in[i].body));
    }
    assert_int_equal(rest.len, 0);
    buf_deinit(&b);
}

static void every_cut_is_refused(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b);
    struct record r = {RECORD_PUT, STR("collection"), STR("id"), STR("some body")};
    record_write(&b, &r);
    for (size_t len = 0; len < b.len; len++) {
        char *exact = malloc(len ? len : 1); // asan sees a byte too many
        memcpy(exact, b.data, len);
        struct str rest = {exact, len};
        assert_int_equal(record_parse(&rest, &r), STATUS_CORRUPT);
        assert_int_equal(rest.len, len);
        free(exact);
    }
    buf_deinit(&b);
}

static void hostile_bytes_are_refused(void **state) {
    (void)state;
    const struct str bad[] = {
        STR("\x00\x00\x00\x00"),                                             // kind 0
        STR("\x07\x00\x00\x00"),                                             // unknown kind
        STR("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),                 // 2^64 - 1 bytes
        STR("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x00\x00"),         // beyond 64 bits
        STR("\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x00\x00"), // never ends
        STR("\x01\x05"
            "ab"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct str rest = bad[i];
        struct record r;
        assert_int_equal(record_parse(&rest, &r), STATUS_CORRUPT);
    }
}

static void no_memory_is_sticky(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b);
    struct record r = {RECORD_PUT, STR("c"), STR("i"), STR("b")};
    mem_fail_at(1, false);
    record_write(&b, &r);
    mem_fail_at(0, false);
    assert_int_equal(buf_status(&b), STATUS_NO_MEMORY);
    buf_deinit(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(hostile_bytes_are_refused),
        cmocka_unit_test(no_memory_is_sticky),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
