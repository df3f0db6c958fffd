// clock.c - the kernel's clocks, and RFC 3339 read strictly.

#include "base/clock.h"

#include <assert.h>
#include <time.h>

#define FIRST_MS (-62135596800000) // 0001-01-01T00:00:00Z
#define LAST_MS 253402300799999    // 9999-12-31T23:59:59.999Z
#define DAY_S 86400

static uint64_t read_ns(clockid_t id) {
    struct timespec t;
    int err = clock_gettime(id, &t);
    assert(err == 0);
    (void)err;
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t clock_wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t clock_mono_ns(void) {
    return read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_thread_cpu_ns(void) {
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t clock_process_cpu_ns(void) {
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

// Read exactly `digits` digits off the front.
static bool take_number(struct str *s, size_t digits, int *out) {
    if (s->len < digits) {
        return false;
    }
    int v = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = s->p[i];
        if (c < '0' || c > '9') {
            return false;
        }
        v = v * 10 + (c - '0');
    }
    *s = str_sub(*s, digits, s->len - digits);
    *out = v;
    return true;
}

static bool take_char(struct str *s, char a, char b) {
    if (s->len == 0 || (s->p[0] != a && s->p[0] != b)) {
        return false;
    }
    *s = str_sub(*s, 1, s->len - 1);
    return true;
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

// Days since 1970-01-01, years counted from March (see date_from_days in buf.c).
static int64_t days_from_date(int year, int month, int day) {
    int y = month <= 2 ? year - 1 : year;
    int m = month <= 2 ? month + 9 : month - 3;
    return 365 * (int64_t)y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool take_date(struct str *s, int64_t *days) {
    int year, month, day;
    if (!take_number(s, 4, &year) || !take_char(s, '-', '-') || !take_number(s, 2, &month) ||
        !take_char(s, '-', '-') || !take_number(s, 2, &day)) {
        return false;
    }
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    *days = days_from_date(year, month, day);
    return true;
}

// Seconds of the day, and whether they were written as a leap second.
static bool take_time(struct str *s, int *seconds, bool *leap) {
    int hour, minute, second;
    if (!take_number(s, 2, &hour) || !take_char(s, ':', ':') || !take_number(s, 2, &minute) ||
        !take_char(s, ':', ':') || !take_number(s, 2, &second)) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    *leap = second == 60;
    *seconds = hour * 3600 + minute * 60 + (*leap ? 59 : second);
    return true;
}

// Any number of digits; beyond milliseconds they are cut.
static bool take_fraction(struct str *s, int *ms) {
    *ms = 0;
    if (!take_char(s, '.', '.')) {
        return true;
    }
    int digit, scale = 100, digits = 0;
    for (; take_number(s, 1, &digit); digits++) {
        *ms += digit * scale;
        scale /= 10;
    }
    return digits > 0;
}

static bool take_offset(struct str *s, int *seconds) {
    *seconds = 0;
    if (take_char(s, 'Z', 'z')) {
        return true;
    }
    bool west = s->len && s->p[0] == '-';
    int hours, minutes;
    if (!take_char(s, '+', '-') || !take_number(s, 2, &hours) || !take_char(s, ':', ':') ||
        !take_number(s, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
}

bool clock_parse_rfc3339(struct str s, int64_t *unix_ms) {
    int64_t days;
    int seconds, ms, offset;
    bool leap;
    if (!take_date(&s, &days) || !take_char(&s, 'T', 't') || !take_time(&s, &seconds, &leap) ||
        !take_fraction(&s, &ms) || !take_offset(&s, &offset) || s.len) {
        return false;
    }
    int64_t utc = days * DAY_S + seconds - offset;
    if (leap && (utc % DAY_S + DAY_S) % DAY_S != DAY_S - 1) {
        return false; // leap seconds end a day of UTC, and nothing else
    }
    int64_t t = utc * 1000 + ms;
    if (t < FIRST_MS || t > LAST_MS) {
        return false;
    }
    *unix_ms = t;
    return true;
}
