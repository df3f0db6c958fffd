// test_clock.c - RFC 3339 tables, clocks that move forward.

#include "support/support.h"

#include "base/clock.h"
#include "base/rand.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void times_that_are_taken(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"1970-01-01T00:00:00Z", 0},
                 {"2026-01-02T03:04:05.678Z", 1767323045678},
                 {"2026-01-02t03:04:05.678z", 1767323045678},
                 {"2026-01-02T03:04:05.6789999Z", 1767323045678},
                 {"2026-01-02T03:04:05.6Z", 1767323045600},
                 {"2026-01-02T08:34:05+05:30", 1767323045000},
                 {"2026-01-01T19:04:05-08:00", 1767323045000},
                 {"1985-04-12T23:20:50.52Z", 482196050520},
                 {"1996-12-19T16:39:57-08:00", 851042397000},
                 {"1990-12-31T23:59:60Z", 662687999000},
                 {"1990-12-31T15:59:60-08:00", 662687999000},
                 {"1990-12-31T23:59:60.5Z", 662687999500},
                 {"1937-01-01T12:00:27.87+00:20", -1041337172130},
                 {"2000-02-29T00:00:00-00:00", 951782400000},
                 {"1969-12-31T23:59:59.999Z", -1},
                 {"0001-01-01T00:00:00Z", -62135596800000},
                 {"9999-12-31T23:59:59.999Z", 253402300799999}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms;
        if (!clock_parse_rfc3339(str_of(cases[i].text), &ms) || ms != cases[i].ms) {
            fail_msg("%s", cases[i].text);
        }
    }
}

static void times_that_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "2026",
                                        "2026-01-02",
                                        "2026-01-02T03:04:05",
                                        "2026-01-02 03:04:05Z",
                                        "2026-1-02T03:04:05Z",
                                        "2026-13-01T00:00:00Z",
                                        "2026-00-01T00:00:00Z",
                                        "2026-02-29T00:00:00Z",
                                        "1900-02-29T00:00:00Z",
                                        "2026-04-31T00:00:00Z",
                                        "2026-01-00T00:00:00Z",
                                        "2026-01-01T24:00:00Z",
                                        "2026-01-01T00:60:00Z",
                                        "2026-01-01T00:00:61Z",
                                        "2026-01-01T12:00:60Z",
                                        "2026-01-01T00:00:00.Z",
                                        "2026-01-01T00:00:00,5Z",
                                        "2026-01-01T00:00:00+0100",
                                        "2026-01-01T00:00:00+01",
                                        "2026-01-01T00:00:00+24:00",
                                        "2026-01-01T00:00:00+01:60",
                                        "2026-01-01T00:00:00Z ",
                                        " 2026-01-01T00:00:00Z",
                                        "2026-01-01T00:00:00ZZ",
                                        "0000-01-01T00:00:00Z",
                                        "0001-01-01T00:00:00+00:01",
                                        "9999-12-31T23:59:59-00:01",
                                        "+2026-01-01T00:00:00Z",
                                        "-026-01-01T00:00:00Z",
                                        "2026-01-01T00:00:00.1.2Z",
                                        "20260101T000000Z",
                                        "2026-01-01T0a:00:00Z"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        int64_t ms = 42;
        if (clock_parse_rfc3339(str_of(texts[i]), &ms)) {
            fail_msg("%s was taken", texts[i]);
        }
        assert_int_equal(ms, 42);
    }
}

// Every cut of a good time is refused and reads no byte beyond it.
static void cut_times_are_refused(void **state) {
    (void)state;
    const char *whole = "2026-01-02T03:04:05.678+01:00";
    int64_t ms;
    for (size_t len = 0; len < strlen(whole); len++) {
        char *copy = malloc(len ? len : 1);
        memcpy(copy, whole, len);
        assert_false(clock_parse_rfc3339((struct str){copy, len}, &ms));
        free(copy);
    }
    assert_true(clock_parse_rfc3339(str_of(whole), &ms));
}

static void clocks_move_forward(void **state) {
    (void)state;
    uint64_t mono = clock_mono_ns(), thread = clock_thread_cpu_ns();
    uint64_t process = clock_process_cpu_ns();
    volatile uint64_t work = 0;
    while (clock_thread_cpu_ns() - thread < 2000000) {
        work = work + 1;
    }
    assert_true(clock_mono_ns() - mono >= 1000000);
    assert_true(clock_process_cpu_ns() - process >= 1000000);
    assert_true(clock_wall_ms() > 1700000000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_that_are_taken),
        cmocka_unit_test(times_that_are_refused),
        cmocka_unit_test(cut_times_are_refused),
        cmocka_unit_test(clocks_move_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
