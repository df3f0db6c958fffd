// buf.c - growing, and the text forms of numbers, strings and times.

#include "base/buf.h"

#include <assert.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define START_BYTES ((size_t)64)
#define U64_MAX_DIGITS 20
#define VARINT_MAX_BYTES ((size_t)10)
#define SHORT_MIN 1e-3 // append_short_double finds all of at most 15 digits in this range
#define SHORT_END 1e15

static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324"
                                  "25262728293031323334353637383940414243444546474849"
                                  "50515253545556575859606162636465666768697071727374"
                                  "75767778798081828384858687888990919293949596979899";

static size_t write_u64(char *end, uint64_t v);
static void write_digits(char *out, uint32_t v, int digits);
static void append_c_printf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void buf_init(struct buf *b) {
    *b = (struct buf){0};
}

void buf_deinit(struct buf *b) {
    mem_free(b->data);
    *b = (struct buf){0};
}

void buf_clear(struct buf *b) {
    b->len = 0;
    b->failed = false;
}

char *buf_reserve(struct buf *b, size_t extra) {
    if (b->failed) {
        return NULL;
    }
    if (b->data && extra <= b->cap - b->len) {
        return b->data + b->len;
    }
    size_t need;
    if (__builtin_add_overflow(b->len, extra, &need)) {
        b->failed = true;
        return NULL;
    }
    size_t cap = b->cap < SIZE_MAX / 2 ? b->cap * 2 : need;
    cap = cap < need ? need : cap;
    cap = cap < START_BYTES ? START_BYTES : cap;
    char *data = mem_realloc(b->data, cap);
    if (!data) {
        b->failed = true;
        return NULL;
    }
    b->data = data;
    b->cap = cap;
    return data + b->len;
}

void buf_append(struct buf *b, const void *bytes, size_t len) {
    if (len == 0) {
        return;
    }
    char *at = buf_reserve(b, len);
    if (at) {
        memcpy(at, bytes, len);
        b->len += len;
    }
}

__attribute__((format(printf, 2, 0))) static void append_vprintf(struct buf *b, const char *format,
                                                                 va_list args) {
    char *at = buf_reserve(b, START_BYTES);
    if (!at) {
        return;
    }
    va_list again;
    va_copy(again, args);
    size_t room = b->cap - b->len;
    int n = vsnprintf(at, room, format, args);
    if (n >= 0 && (size_t)n >= room) {
        at = buf_reserve(b, (size_t)n + 1);
        n = at ? vsnprintf(at, (size_t)n + 1, format, again) : -1;
    }
    va_end(again);
    if (n < 0) {
        b->failed = true;
        return;
    }
    b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *format, ...) {
    va_list args;
    va_start(args, format);
    append_vprintf(b, format, args);
    va_end(args);
}

void buf_append_u64(struct buf *b, uint64_t v) {
    char text[U64_MAX_DIGITS];
    size_t len = write_u64(text + sizeof text, v);
    buf_append(b, text + sizeof text - len, len);
}

void buf_append_i64(struct buf *b, int64_t v) {
    char text[U64_MAX_DIGITS + 1];
    size_t len = write_u64(text + sizeof text, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
    if (v < 0) {
        text[sizeof text - ++len] = '-';
    }
    buf_append(b, text + sizeof text - len, len);
}

// Exact for every double: the whole part and the rest are split without error, the scaled rest
// is below 1e9, and the one rounding of its product only matters when it lands on a half, where
// fma tells on which side of it the true product lies.
void buf_append_fixed(struct buf *b, double v, int decimals) {
    static const uint32_t scales[] = {1,      10,      100,      1000,      10000,
                                      100000, 1000000, 10000000, 100000000, 1000000000};
    assert(decimals >= 0 && decimals <= 9);
    double magnitude = fabs(v);
    if (!(magnitude < 0x1p63)) {
        if (isfinite(v)) {
            append_c_printf(b, "%.0f", v);
        } else {
            buf_append(b, "null", 4);
        }
        return;
    }
    uint64_t whole = (uint64_t)(int64_t)magnitude;
    double rest = magnitude - (double)(int64_t)whole;
    double scaled = rest * scales[decimals];
    uint32_t part = (uint32_t)scaled;
    double above = scaled - part;
    if (above > 0.5 || (above == 0.5 && fma(rest, scales[decimals], -scaled) >= 0)) {
        part++;
    }
    if (part == scales[decimals]) {
        part = 0;
        whole++;
    }
    char text[1 + U64_MAX_DIGITS + 1 + 9];
    char *point = text + 1 + U64_MAX_DIGITS;
    char *start = point - write_u64(point, whole);
    char *end = point;
    if (part) {
        *point = '.';
        write_digits(point + 1, part, decimals);
        end = point + 1 + decimals;
        while (end[-1] == '0') {
            end--;
        }
    }
    if (v < 0 && (whole | part)) {
        *--start = '-';
    }
    buf_append(b, start, (size_t)(end - start));
}

// Decimals of at most 15 digits all read as different doubles, so when one of them reads back as
// `v` it is the only one, and without its trailing zeros the shortest.
static bool append_short_double(struct buf *b, double v) {
    static const double scales[] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,
                                    1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17};
    double magnitude = fabs(v);
    if (!(magnitude >= SHORT_MIN && magnitude < SHORT_END)) {
        return false;
    }
    int decimals = magnitude < 1 ? 17 : 14;
    while (magnitude * scales[decimals] >= 1e15) {
        decimals--;
    }
    uint64_t digits = (uint64_t)(magnitude * scales[decimals] + 0.5);
    if ((double)digits / scales[decimals] != magnitude) {
        return false;
    }
    while (decimals > 0 && digits % 10 == 0) {
        digits /= 10;
        decimals--;
    }
    char text[40];
    char *end = text + sizeof text;
    size_t len = write_u64(end, digits);
    if (decimals > 0) {
        while (len <= (size_t)decimals) { // 0.00123: digits are only 123
            end[-(ptrdiff_t)++len] = '0';
        }
        size_t before = len - (size_t)decimals;
        memmove(end - len - 1, end - len, before);
        end[-decimals - 1] = '.';
        len++;
    }
    if (v < 0) {
        end[-(ptrdiff_t)++len] = '-';
    }
    buf_append(b, end - len, len);
    return true;
}

void buf_append_double(struct buf *b, double v) {
    if (!isfinite(v)) {
        buf_append(b, "null", 4);
    } else if (v == 0) {
        buf_append_str(b, signbit(v) ? STR("-0.0") : STR("0"));
    } else if (fabs(v) <= 0x1p53 && v == (double)(int64_t)v) {
        buf_append_i64(b, (int64_t)v);
    } else if (!append_short_double(b, v)) {
        // Below DBL_MIN fewer digits tell neighbours apart than the 15 that do elsewhere; what
        // append_short_double looked at in vain needs more.
        bool looked_at = fabs(v) >= SHORT_MIN && fabs(v) < SHORT_END;
        for (int digits = fabs(v) < DBL_MIN ? 1 : looked_at ? 16 : 15; digits <= 17; digits++) {
            size_t start = b->len;
            double back;
            append_c_printf(b, "%.*g", digits, v);
            if (b->failed || digits == 17 ||
                (str_parse_double(str_sub(buf_str(b), start, b->len - start), &back) &&
                 back == v)) {
                return;
            }
            b->len = start;
        }
    }
}

// The high bit of each byte that must be escaped: below 0x20, '"' or '\'.
static inline uint64_t json_special(uint64_t word) {
    const uint64_t ones = 0x0101010101010101u, tops = ones << 7;
    uint64_t quote = word ^ (ones * '"'), slash = word ^ (ones * '\\');
    uint64_t low = (word - ones * 0x20) & ~word;
    return (low | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops;
}

static size_t plain_run(const char *p, size_t len) {
    size_t i = 0;
    uint64_t word;
    for (; len - i >= sizeof word; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        if (json_special(word)) {
            break;
        }
    }
    while (i < len && (unsigned char)p[i] >= 0x20 && p[i] != '"' && p[i] != '\\') {
        i++;
    }
    return i;
}

static void append_json_escape(struct buf *b, unsigned char c) {
    static const char names[] = "btn?fr"; // of 8, 9, 10, 12, 13
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', (char)c, '0', '0', 0, 0};
    if (c >= 0x20) {
        buf_append(b, text, 2);
    } else if (c >= 8 && c <= 13 && c != 11) {
        text[1] = names[c - 8];
        buf_append(b, text, 2);
    } else {
        text[1] = 'u';
        text[4] = hex[c >> 4];
        text[5] = hex[c & 15];
        buf_append(b, text, 6);
    }
}

// Most texts are plain from end to end.
void buf_append_json(struct buf *b, struct str s) {
    char *at = s.len < SIZE_MAX - 2 ? buf_reserve(b, s.len + 2) : NULL;
    if (!at) {
        b->failed = true;
        return;
    }
    size_t run = plain_run(s.p, s.len);
    *at = '"';
    if (run) {
        memcpy(at + 1, s.p, run);
    }
    b->len += run + 1;
    while (run < s.len) {
        s = str_sub(s, run, s.len - run);
        append_json_escape(b, (unsigned char)s.p[0]);
        s = str_sub(s, 1, s.len - 1);
        run = plain_run(s.p, s.len);
        buf_append(b, s.p, run);
    }
    buf_append_char(b, '"');
}

// Days to a date, after Howard Hinnant, "chrono-compatible low-level date algorithms": years
// begin in March, so that the leap day is the last of its year, and 400 years are 146097 days.
static void date_from_days(int64_t days, uint32_t *year, uint32_t *month, uint32_t *day) {
    uint32_t z = (uint32_t)(days + 719468); // since 0000-03-01
    uint32_t era = z / 146097;
    uint32_t doe = z % 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint32_t mp = (5 * doy + 2) / 153;
    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = yoe + era * 400 + (*month <= 2);
}

void buf_append_time(struct buf *b, int64_t unix_ms) {
    const int64_t first = -62135596800000, last = 253402300799999; // years 0001 and 9999
    unix_ms = unix_ms < first ? first : unix_ms > last ? last : unix_ms;
    int64_t days = unix_ms / 86400000 - (unix_ms % 86400000 < 0);
    uint32_t ms = (uint32_t)(unix_ms - days * 86400000);
    uint32_t year, month, day;
    date_from_days(days, &year, &month, &day);
    char text[] = "0000-00-00T00:00:00.000Z";
    write_digits(text, year, 4);
    write_digits(text + 5, month, 2);
    write_digits(text + 8, day, 2);
    write_digits(text + 11, ms / 3600000, 2);
    write_digits(text + 14, ms / 60000 % 60, 2);
    write_digits(text + 17, ms / 1000 % 60, 2);
    write_digits(text + 20, ms % 1000, 3);
    buf_append(b, text, sizeof text - 1);
}

void buf_append_base64(struct buf *b, const void *bytes, size_t len) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = bytes;
    char *out = len < SIZE_MAX / 2 ? buf_reserve(b, (len + 2) / 3 * 4) : NULL;
    if (!out) {
        b->failed = true;
        return;
    }
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)(left > 1 ? p[i + 1] : 0) << 8 |
                     (left > 2 ? p[i + 2] : 0);
        *out++ = alphabet[v >> 18];
        *out++ = alphabet[v >> 12 & 63];
        *out++ = left > 1 ? alphabet[v >> 6 & 63] : '=';
        *out++ = left > 2 ? alphabet[v & 63] : '=';
    }
    b->len += (len + 2) / 3 * 4;
}

void buf_append_varint(struct buf *b, uint64_t v) {
    char *at = buf_reserve(b, VARINT_MAX_BYTES);
    if (!at) {
        return;
    }
    size_t len = 0;
    for (; v >= 0x80; v >>= 7) {
        at[len++] = (char)((v & 0x7f) | 0x80);
    }
    at[len++] = (char)v;
    b->len += len;
}

// The digits of `v`, ending before `end`; how many.
static inline size_t write_u64(char *end, uint64_t v) {
    char *at = end;
    while (v >= 100) {
        at -= 2;
        memcpy(at, digit_pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (v >= 10) {
        at -= 2;
        memcpy(at, digit_pairs + v * 2, 2);
    } else {
        *--at = (char)('0' + v);
    }
    return (size_t)(end - at);
}

// Exactly `digits` digits, with zeros in front.
static inline void write_digits(char *out, uint32_t v, int digits) {
    for (; digits >= 2; digits -= 2) {
        memcpy(out + digits - 2, digit_pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (digits) {
        out[0] = (char)('0' + v % 10);
    }
}

// printf with a point whatever the host program's locale says.
static void append_c_printf(struct buf *b, const char *format, ...) {
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0); // glibc: a constant, no allocation
    if (!c) {
        b->failed = true;
        return;
    }
    locale_t before = uselocale(c);
    va_list args;
    va_start(args, format);
    append_vprintf(b, format, args);
    va_end(args);
    uselocale(before);
    freelocale(c);
}
