// test_log.c - one line, one write; hostile values cannot forge lines or break JSON.

#include "support/support.h"

#include <fcntl.h>
#include <math.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

// A datagram socket keeps each write(2) apart.
struct sink {
    struct log log;
    int out;
    char text[8192];
};

static void sink_open(struct sink *s, enum log_level level, enum log_format format) {
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
    assert_int_equal(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
    log_init(&s->log, pair[0], level, format);
    s->out = pair[1];
}

static void sink_close(struct sink *s) {
    close(s->log.fd);
    close(s->out);
}

// The next line without its time, which is checked; NULL when none was written.
static const char *sink_line(struct sink *s) {
    ssize_t n = read(s->out, s->text, sizeof s->text - 1);
    if (n < 0) {
        return NULL;
    }
    s->text[n] = '\0';
    assert_true(n <= 4096);
    assert_true(str_is_utf8(str_of(s->text)));
    assert_ptr_equal(strchr(s->text, '\n'), s->text + n - 1);
    s->text[n - 1] = '\0';
    size_t at = s->text[0] == '{' ? strlen("{\"ts\":\"") : 0;
    int64_t ms, now = clock_wall_ms();
    assert_true(clock_parse_rfc3339((struct str){s->text + at, 24}, &ms));
    assert_true(ms <= now && ms > now - 60000);
    return s->text + at + 24;
}

static void human_lines(void **state) {
    (void)state;
    struct sink s;
    sink_open(&s, LOG_INFO, LOG_HUMAN);
    log_write(&s.log, LOG_INFO, "listening", LOG_Z("address", "127.0.0.1"), LOG_INT("port", 4000),
              LOG_FLOAT("load", 0.5));
    assert_string_equal(sink_line(&s), " INFO  listening address=127.0.0.1 port=4000 load=0.5");
    log_write(&s.log, LOG_ERROR, "no fields");
    assert_string_equal(sink_line(&s), " ERROR no fields");
    log_write(&s.log, LOG_WARN, "x", LOG_Z("a", ""), LOG_Z("b", "two words"), LOG_Z("c", "k=v"),
              LOG_Z("d", "say \"hi\" \\"), LOG_STR("e", STR_NONE));
    assert_string_equal(sink_line(&s), " WARN  x a=\"\" b=\"two words\" c=\"k=v\" "
                                       "d=\"say \\\"hi\\\" \\\\\" e=\"\"");
    sink_close(&s);
}

static void json_lines(void **state) {
    (void)state;
    struct sink s;
    sink_open(&s, LOG_DEBUG, LOG_JSON);
    log_write(&s.log, LOG_DEBUG, "a \"b\"", LOG_Z("z", "x\ty"), LOG_INT("i", INT64_MIN),
              LOG_FLOAT("f", NAN), LOG_FLOAT("g", -1.5e300));
    assert_string_equal(sink_line(&s),
                        "\",\"level\":\"debug\",\"msg\":\"a \\\"b\\\"\",\"z\":\"x\\ty\","
                        "\"i\":-9223372036854775808,\"f\":null,\"g\":-1.5e+300}");
    sink_close(&s);
}

static void hostile_values_are_escaped(void **state) {
    (void)state;
    struct sink s;
    struct str hostile = {"\n\x1b[31m\xff\xc3\xa9\xc2\x9b\x7f\0", 13};
    sink_open(&s, LOG_INFO, LOG_HUMAN);
    log_write(&s.log, LOG_INFO, "two\nlines", LOG_STR("v", hostile));
    assert_string_equal(sink_line(&s), " INFO  two\\nlines v=\"\\n\\x1b[31m\\xff\xc3\xa9"
                                       "\\xc2\\x9b\\x7f\\x00\"");
    s.log.format = LOG_JSON;
    log_write(&s.log, LOG_INFO, "m", LOG_STR("v", hostile));
    assert_string_equal(sink_line(&s), "\",\"level\":\"info\",\"msg\":\"m\",\"v\":\"\\n\\u001b[31m"
                                       "\\ufffd\xc3\xa9\xc2\x9b\\u007f\\u0000\"}");
    sink_close(&s);
}

static void long_lines_are_cut_and_stay_whole(void **state) {
    (void)state;
    static const char *const units[] = {"x", "\n", "\xe2\x82\xac", "\xff", "\""};
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        char text[6000];
        size_t len = 0, size = strlen(units[u]);
        while (len + size <= sizeof text) {
            memcpy(text + len, units[u], size);
            len += size;
        }
        for (size_t shift = 0; shift < 8; shift++) {
            struct sink s;
            sink_open(&s, LOG_INFO, LOG_JSON);
            char first[16] = "yyyyyyyy";
            first[shift] = '\0';
            log_write(&s.log, LOG_INFO, first, LOG_STR("v", ((struct str){text, len})),
                      LOG_Z("left", "out"));
            const char *line = sink_line(&s);
            assert_non_null(line);
            size_t total = strlen(line);
            assert_true(total > 4000);
            assert_string_equal(line + total - 2, "\"}");
            assert_null(strstr(line, "left"));
            sink_close(&s);
        }
    }
    char fill[4096]; // a message of every length around the limit, with fields behind it
    memset(fill, 'm', sizeof fill);
    for (size_t len = 3980; len < sizeof fill; len++) {
        struct sink s;
        sink_open(&s, LOG_INFO, LOG_JSON);
        fill[len] = '\0';
        log_write(&s.log, LOG_INFO, fill, LOG_INT("number", 123456), LOG_Z("text", "abcdef"));
        fill[len] = 'm';
        const char *line = sink_line(&s);
        assert_int_equal(line[strlen(line) - 1], '}');
        assert_non_null(strstr(line, len < 4000 ? "\"number\":123456" : "mmm\""));
        sink_close(&s);
    }
}

static void levels(void **state) {
    (void)state;
    struct sink s;
    sink_open(&s, LOG_WARN, LOG_HUMAN);
    log_write(&s.log, LOG_INFO, "no");
    assert_null(sink_line(&s));
    atomic_store(&s.log.level, LOG_DEBUG);
    log_write(&s.log, LOG_DEBUG, "yes");
    assert_string_equal(sink_line(&s), " DEBUG yes");
    sink_close(&s);
    log_write((struct log *)NULL, LOG_ERROR, "swallowed");
    enum log_level level;
    assert_true(log_parse_level(STR("Warn"), &level) && level == LOG_WARN);
    assert_true(log_parse_level(STR("debug"), &level) && level == LOG_DEBUG);
    assert_false(log_parse_level(STR("loud"), &level));
    assert_false(log_parse_level(STR(""), &level));
}

static void it_works_without_memory(void **state) {
    (void)state;
    struct sink s;
    sink_open(&s, LOG_INFO, LOG_HUMAN);
    mem_fail_at(1, true);
    log_write(&s.log, LOG_ERROR, "out of memory", LOG_INT("used", 1));
    assert_int_equal(mem_alloc_count(), 0);
    mem_fail_at(0, false);
    assert_string_equal(sink_line(&s), " ERROR out of memory used=1");
    sink_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(human_lines),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(hostile_values_are_escaped),
        cmocka_unit_test(long_lines_are_cut_and_stay_whole),
        cmocka_unit_test(levels),
        cmocka_unit_test(it_works_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
