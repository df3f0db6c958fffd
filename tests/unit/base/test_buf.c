// test_buf.c - text forms against printf and strtod, and every allocation failing.

#include "support/support.h"

#include <float.h>
#include <locale.h>
#include <math.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void expect(struct buf *b, const char *want) {
    assert_false(b->failed);
    if (!str_eq(buf_str(b), str_of(want))) {
        fail_msg("got '%.*s', want '%s'", STR_ARGS(buf_str(b)), want);
    }
    buf_clear(b);
}

static void appending(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b);
    buf_append(&b, NULL, 0);
    assert_int_equal(b.len, 0);
    buf_append_str(&b, STR("abc"));
    buf_append_char(&b, '-');
    buf_printf(&b, "%d %s", 42, "xyz");
    expect(&b, "abc-42 xyz");
    char longer[1000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    buf_printf(&b, "%s%s", longer, "!");
    assert_int_equal(b.len, sizeof longer);
    assert_int_equal(b.data[sizeof longer - 1], '!');
    buf_deinit(&b);
    assert_null(b.data);
}

static void integers_as_printf_writes_them(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    struct buf b;
    buf_init(&b);
    buf_append_u64(&b, 0);
    expect(&b, "0");
    buf_append_u64(&b, UINT64_MAX);
    expect(&b, "18446744073709551615");
    buf_append_i64(&b, INT64_MIN);
    expect(&b, "-9223372036854775808");
    for (int i = 0; i < 20000; i++) {
        uint64_t v = rand_u64(&r) >> rand_below(&r, 64);
        char want[32];
        snprintf(want, sizeof want, "%" PRIi64, (int64_t)v);
        buf_append_i64(&b, (int64_t)v);
        expect(&b, want);
    }
    buf_deinit(&b);
}

static void fixed_table(void **state) {
    (void)state;
    static const struct {
        double v;
        int decimals;
        const char *want;
    } cases[] = {{0, 7, "0"},
                 {-0.0, 7, "0"},
                 {-1e-9, 7, "0"},
                 {12.5, 7, "12.5"},
                 {-122.4194, 7, "-122.4194"},
                 {0.5, 0, "1"},
                 {-0.5, 0, "-1"},
                 {2.5, 0, "3"},
                 {0.125, 2, "0.13"},
                 {-0.375, 2, "-0.38"},
                 {0.999999999, 7, "1"},
                 {9.9999999999, 9, "10"},
                 {1e-9, 9, "0.000000001"},
                 {8999999999.25, 9, "8999999999.25"},
                 {9000000000.5, 0, "9000000001"},
                 {4503599627370495.5, 3, "4503599627370495.5"},
                 {9007199254740993.0, 9, "9007199254740992"},
                 {0x1p63, 9, "9223372036854775808"},
                 {-1e22, 3, "-10000000000000000000000"},
                 {100, 0, "100"},
                 {NAN, 7, "null"},
                 {-INFINITY, 7, "null"}};
    struct buf b;
    buf_init(&b);
    for (size_t i = 0; i < COUNT(cases); i++) {
        buf_append_fixed(&b, cases[i].v, cases[i].decimals);
        expect(&b, cases[i].want);
    }
    buf_append_fixed(&b, DBL_MAX, 9);
    assert_int_equal(b.len, 309);
    buf_deinit(&b);
}

static void trim_zeros(char *text) {
    if (strchr(text, '.')) {
        char *end = text + strlen(text);
        while (end[-1] == '0') {
            *--end = '\0';
        }
        if (end[-1] == '.') {
            end[-1] = '\0';
        }
    }
    if (strcmp(text, "-0") == 0) {
        strcpy(text, "0");
    }
}

// Both round the exact binary value; ties alone differ (away from zero against to even), and a
// tie needs a value that is a multiple of 2^-10 (5^9 does not divide a power of two).
static bool is_tie(double v, int decimals) {
    double rest = fabs(v) - floor(fabs(v));
    double scaled = rest * pow(10, decimals);
    return scaled - floor(scaled) == 0.5 && rest * 1024 == floor(rest * 1024);
}

static void fixed_is_rounded_as_printf_rounds(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    struct buf b;
    buf_init(&b);
    int ties = 0;
    for (int i = 0; i < 300000; i++) {
        double v;
        int decimals = (int)rand_below(&r, 10);
        switch (rand_below(&r, 5)) {
        case 0: v = rand_range(&r, -180, 180); break;
        case 1: v = rand_range(&r, -1, 1) * pow(10, (double)rand_below(&r, 25) - 6); break;
        case 2: v = ((double)rand_below(&r, 2000000) - 1e6 + 0.5) / pow(10, decimals); break;
        case 3: v = (double)rand_below(&r, 2000000) / 1024; break;
        default: v = (double)(int64_t)rand_u64(&r) / pow(10, (double)rand_below(&r, 19)); break;
        }
        if (is_tie(v, decimals)) {
            ties++;
            continue;
        }
        char want[64];
        snprintf(want, sizeof want, "%.*f", decimals, v);
        trim_zeros(want);
        buf_append_fixed(&b, v, decimals);
        expect(&b, want);
    }
    assert_in_range(ties, 0, 60000);
    buf_deinit(&b);
}

static void double_table(void **state) {
    (void)state;
    static const struct {
        double v;
        const char *want;
    } cases[] = {{0, "0"},
                 {-0.0, "-0.0"},
                 {1, "1"},
                 {-122.4194155, "-122.4194155"},
                 {0.1, "0.1"},
                 {0.001, "0.001"},
                 {0.00123, "0.00123"},
                 {0.123456789012345, "0.123456789012345"},
                 {0.00123456789012345, "0.00123456789012345"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {9007199254740992.0, "9007199254740992"},
                 {-9007199254740992.0, "-9007199254740992"},
                 {1e-6, "1e-06"},
                 {2.5e-6, "2.5e-06"},
                 {1e300, "1e+300"},
                 {5e-324, "5e-324"},
                 {123456789012345.6, "123456789012345.6"},
                 {999999999999999.9, "999999999999999.9"},
                 {9.999999999999998, "9.999999999999998"},
                 {1.0 / 3, "0.3333333333333333"},
                 {NAN, "null"},
                 {INFINITY, "null"}};
    struct buf b;
    buf_init(&b);
    for (size_t i = 0; i < COUNT(cases); i++) {
        buf_append_double(&b, cases[i].v);
        expect(&b, cases[i].want);
    }
    buf_deinit(&b);
}

static size_t significant_digits(struct str s) {
    size_t digits = 0, zeros = 0;
    for (size_t i = 0; i < s.len && s.p[i] != 'e'; i++) {
        if (s.p[i] == '0' && digits) {
            zeros++;
        } else if (s.p[i] >= '1' && s.p[i] <= '9') {
            digits += zeros + 1;
            zeros = 0;
        }
    }
    return digits;
}

static void doubles_read_back_and_are_short(void **state) {
    (void)state;
    struct rand r;
    rand_init(&r, test_seed());
    struct buf b;
    buf_init(&b);
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = rand_u64(&r);
        double v;
        switch (i % 5) {
        case 0: memcpy(&v, &bits, sizeof v); break;
        case 1: v = (double)(int64_t)(bits >> rand_below(&r, 60)) / 1e7; break;
        case 2: v = rand_range(&r, -180, 180); break;
        case 3:
            v = (double)rand_below(&r, 1000000000000000) / pow(10, (double)rand_below(&r, 19));
            break;
        default: v = (double)rand_below(&r, 1000000) * pow(10, (double)rand_below(&r, 30) - 20);
        }
        if (!isfinite(v)) {
            continue;
        }
        buf_append_double(&b, v);
        double back;
        assert_true(str_parse_double(buf_str(&b), &back));
        assert_memory_equal(&back, &v, sizeof v);
        size_t digits = significant_digits(buf_str(&b));
        assert_true(digits <= 17);
        if (digits > 15 && fabs(v) >= 1e15) { // whole numbers are written out
            buf_clear(&b);
            continue;
        }
        char shorter[400];
        if (digits > 1) {
            snprintf(shorter, sizeof shorter, "%.*g", (int)digits - 1, v);
            assert_true(strtod(shorter, NULL) != v);
        }
        buf_clear(&b);
    }
    buf_deinit(&b);
}

static void json_escapes(void **state) {
    (void)state;
    struct buf b;
    buf_init(&b);
    buf_append_json(&b, STR_NONE);
    expect(&b, "\"\"");
    buf_append_json(&b, STR("plain text that is longer than one word, \xc3\xa9\xe2\x82\xac"));
    expect(&b, "\"plain text that is longer than one word, \xc3\xa9\xe2\x82\xac\"");
    buf_append_json(&b, (struct str){"\"\\\b\f\n\r\t\v\0\x1f\x7f", 11});
    expect(&b, "\"\\\"\\\\\\b\\f\\n\\r\\t\\u000b\\u0000\\u001f\x7f\"");
    for (size_t at = 0; at < 40; at++) { // an escape at every place of the fast path
        char text[41], want[48] = {'"'};
        memset(text, 'x', 40);
        text[40] = '\0';
        text[at] = '"';
        memcpy(want + 1, text, at);
        strcat(want, "\\\"");
        strcat(want, text + at + 1);
        strcat(want, "\"");
        buf_append_json(&b, str_of(text));
        expect(&b, want);
    }
    buf_deinit(&b);
}

static void times(void **state) {
    (void)state;
    static const struct {
        int64_t ms;
        const char *want;
    } cases[] = {{0, "1970-01-01T00:00:00.000Z"},
                 {-1, "1969-12-31T23:59:59.999Z"},
                 {1767323045678, "2026-01-02T03:04:05.678Z"},
                 {951782400000, "2000-02-29T00:00:00.000Z"},
                 {-2203891200000, "1900-03-01T00:00:00.000Z"},
                 {-62135596800000, "0001-01-01T00:00:00.000Z"},
                 {253402300799999, "9999-12-31T23:59:59.999Z"},
                 {INT64_MAX, "9999-12-31T23:59:59.999Z"},
                 {INT64_MIN, "0001-01-01T00:00:00.000Z"}};
    struct buf b;
    buf_init(&b);
    for (size_t i = 0; i < COUNT(cases); i++) {
        buf_append_time(&b, cases[i].ms);
        expect(&b, cases[i].want);
    }
    struct rand r;
    rand_init(&r, test_seed());
    for (int i = 0; i < 100000; i++) {
        int64_t ms = (int64_t)rand_below(&r, 315537897600000) - 62135596800000, back;
        buf_append_time(&b, ms);
        assert_true(clock_parse_rfc3339(buf_str(&b), &back));
        assert_true(back == ms);
        buf_clear(&b);
    }
    buf_deinit(&b);
}

static void base64_and_varint(void **state) {
    (void)state;
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"},
                                             {"\xff\xfe\xfd", "//79"}};
    struct buf b;
    buf_init(&b);
    for (size_t i = 0; i < COUNT(vectors); i++) { // RFC 4648, section 10
        buf_append_base64(&b, vectors[i][0], strlen(vectors[i][0]));
        expect(&b, vectors[i][1]);
    }
    buf_append_varint(&b, 0);
    assert_int_equal(b.len, 1);
    buf_clear(&b);
    buf_append_varint(&b, 300);
    expect(&b, "\xac\x02");
    buf_append_varint(&b, UINT64_MAX);
    expect(&b, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    buf_deinit(&b);
}

static void write_everything(struct buf *b) {
    for (int i = 0; i < 40; i++) {
        buf_append_fixed(b, 122.4194155 * i, 7);
        buf_append_double(b, 1.0 / (i + 1));
        buf_append_json(b, STR("text with \"quotes\""));
        buf_append_time(b, 1767323045678);
        buf_append_base64(b, "0123456789", 10);
        buf_append_varint(b, 300);
        buf_printf(b, "%s %d", "a text longer than the room that is there at the start, surely", i);
    }
}

// Failure sticks, nothing is read or written out of bounds, and clearing starts over.
static void every_allocation_may_fail(void **state) {
    (void)state;
    size_t before = mem_used();
    uint64_t allocations = 2;
    for (uint64_t n = 1; n <= allocations; n++) {
        struct buf b;
        buf_init(&b);
        mem_fail_at(n == 1 ? 0 : n - 1, false);
        write_everything(&b);
        if (n == 1) {
            allocations = mem_alloc_count() + 1;
            assert_int_equal(buf_status(&b), STATUS_OK);
            assert_true(allocations > 3);
        } else {
            assert_int_equal(buf_status(&b), STATUS_NO_MEMORY);
        }
        mem_fail_at(0, false);
        buf_clear(&b);
        assert_int_equal(buf_status(&b), STATUS_OK);
        buf_append_str(&b, STR("again"));
        expect(&b, "again");
        buf_deinit(&b);
    }
    struct buf b;
    buf_init(&b);
    buf_append_char(&b, 'x');
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    buf_deinit(&b);
    assert_int_equal(mem_used(), before);
}

static void the_locale_of_the_host_does_not_matter(void **state) {
    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8")) {
        skip();
    }
    struct buf b;
    buf_init(&b);
    buf_append_double(&b, 1.0 / 3);
    expect(&b, "0.3333333333333333");
    double v;
    assert_true(str_parse_double(STR("0.33333333333333331"), &v) && v == 1.0 / 3);
    setlocale(LC_NUMERIC, "C");
    buf_deinit(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appending),
        cmocka_unit_test(integers_as_printf_writes_them),
        cmocka_unit_test(fixed_table),
        cmocka_unit_test(fixed_is_rounded_as_printf_rounds),
        cmocka_unit_test(double_table),
        cmocka_unit_test(doubles_read_back_and_are_short),
        cmocka_unit_test(json_escapes),
        cmocka_unit_test(times),
        cmocka_unit_test(base64_and_varint),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(the_locale_of_the_host_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
