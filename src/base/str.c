// str.c - slices: comparing, cutting, reading numbers, UTF-8, globs.

#include "base/str.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

// A decimal number taken apart: digits x 10^exponent.
struct decimal {
    uint64_t digits; // the first 19 significant ones
    int exponent;
    bool exact; // no digit was left out
    bool negative;
};

static bool parse_double(struct str s, bool loose, double *out);
static bool read_decimal(struct str s, bool loose, struct decimal *out);
static bool double_from_text(struct str s, double *out);

static inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static inline char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(struct str a, struct str b) {
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.p[i]) != lower(b.p[i])) {
            return false;
        }
    }
    return true;
}

bool str_starts(struct str s, struct str prefix) {
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}

int str_compare(struct str a, struct str b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.p, b.p, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static inline bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s) {
    while (s.len && is_space(s.p[0])) {
        s.p++;
        s.len--;
    }
    while (s.len && is_space(s.p[s.len - 1])) {
        s.len--;
    }
    return s;
}

bool str_split(struct str *rest, char sep, struct str *part) {
    if (!rest->p) {
        return false;
    }
    size_t at = str_find(*rest, sep);
    *part = str_sub(*rest, 0, at);
    *rest = at < rest->len ? str_sub(*rest, at + 1, rest->len - at - 1) : STR_NONE;
    return true;
}

size_t str_find(struct str s, char c) {
    const char *at = s.len ? memchr(s.p, c, s.len) : NULL;
    return at ? (size_t)(at - s.p) : s.len;
}

bool str_parse_double(struct str s, double *out) {
    return parse_double(s, false, out);
}

bool str_parse_number(struct str s, double *out) {
    return parse_double(s, true, out);
}

static bool parse_double(struct str s, bool loose, double *out) {
    // Powers of ten that a double holds exactly.
    static const double pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct decimal d;
    if (!read_decimal(s, loose, &d)) {
        return false;
    }
    // Two exact doubles and one operation round once (Clinger, "How to read floating point
    // numbers accurately", 1990).
    if (d.exact && d.digits <= (uint64_t)1 << 53 && d.exponent >= -22 && d.exponent <= 22) {
        double v = (double)d.digits;
        v = d.exponent < 0 ? v / pow10[-d.exponent] : v * pow10[d.exponent];
        *out = d.negative ? -v : v;
        return true;
    }
    return double_from_text(s, out);
}

static bool read_exponent(struct str s, size_t i, int *exponent) {
    bool negative = i < s.len && s.p[i] == '-';
    if (i < s.len && (s.p[i] == '-' || s.p[i] == '+')) {
        i++;
    }
    if (i == s.len) {
        return false;
    }
    int value = 0;
    for (; i < s.len; i++) {
        if (!is_digit(s.p[i])) {
            return false;
        }
        value = value < 100000 ? value * 10 + (s.p[i] - '0') : value;
    }
    *exponent = negative ? -value : value;
    return true;
}

// -? digits (. digits)? ((e|E) sign? digits)?
// Loose: a + before it, and one of the sequences of digits around the point may be empty.
static bool read_decimal(struct str s, bool loose, struct decimal *out) {
    size_t i = s.len && (s.p[0] == '-' || (loose && s.p[0] == '+')) ? 1 : 0;
    struct decimal d = {.exact = true, .negative = i && s.p[0] == '-'};
    size_t whole = i;
    for (; i < s.len && is_digit(s.p[i]); i++) {
        if (d.digits < 1000000000000000000u) {
            d.digits = d.digits * 10 + (uint64_t)(s.p[i] - '0');
        } else {
            d.exact = false;
        }
    }
    size_t digits = i - whole;
    if (digits == 0 && !loose) {
        return false;
    }
    if (i < s.len && s.p[i] == '.') {
        size_t fraction = ++i;
        for (; i < s.len && is_digit(s.p[i]); i++) {
            if (d.digits < 1000000000000000000u) {
                d.digits = d.digits * 10 + (uint64_t)(s.p[i] - '0');
                d.exponent--;
            } else if (s.p[i] != '0') {
                d.exact = false;
            }
        }
        if (i == fraction && !loose) {
            return false;
        }
        digits += i - fraction;
    }
    if (digits == 0) {
        return false;
    }
    if (i < s.len) {
        int exponent;
        if ((s.p[i] != 'e' && s.p[i] != 'E') || !read_exponent(s, i + 1, &exponent)) {
            return false;
        }
        // A long fraction cannot bring the sum near the limits of int: slices are bounded.
        d.exponent += exponent;
    }
    *out = d;
    return true;
}

// strtod needs a NUL and must not see the host's locale. Longer texts than the buffer are
// refused: 800 digits are more than any double can tell apart.
static bool double_from_text(struct str s, double *out) {
    char text[832];
    if (s.len >= sizeof text) {
        return false;
    }
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0); // glibc: a constant, no allocation
    if (!c) {
        return false;
    }
    char *end;
    double v = strtod_l(text, &end, c);
    freelocale(c);
    if (end != text + s.len || !isfinite(v)) {
        return false;
    }
    *out = v;
    return true;
}

bool str_parse_u64(struct str s, uint64_t *out) {
    uint64_t v = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_digit(s.p[i]) || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v)) {
            return false;
        }
    }
    if (s.len == 0) {
        return false;
    }
    *out = v;
    return true;
}

bool str_parse_i64(struct str s, int64_t *out) {
    bool negative = s.len && s.p[0] == '-';
    uint64_t v;
    if (!str_parse_u64(negative ? str_sub(s, 1, s.len - 1) : s, &v) ||
        v > (uint64_t)INT64_MAX + negative) {
        return false;
    }
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

bool str_parse_bytes(struct str s, uint64_t *out) {
    static const struct {
        const char *name;
        uint64_t factor;
    } units[] = {
        {"", 1},
        {"b", 1},
        {"k", 1ull << 10},
        {"kib", 1ull << 10},
        {"kb", 1000},
        {"m", 1ull << 20},
        {"mib", 1ull << 20},
        {"mb", 1000000},
        {"g", 1ull << 30},
        {"gib", 1ull << 30},
        {"gb", 1000000000},
        {"t", 1ull << 40},
        {"tib", 1ull << 40},
        {"tb", 1000000000000},
    };
    size_t digits = 0;
    while (digits < s.len && is_digit(s.p[digits])) {
        digits++;
    }
    uint64_t v;
    if (!str_parse_u64(str_sub(s, 0, digits), &v)) {
        return false;
    }
    struct str unit = str_sub(s, digits, s.len - digits);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (str_eq_nocase(unit, str_of(units[i].name))) {
            return !__builtin_mul_overflow(v, units[i].factor, out);
        }
    }
    return false;
}

bool str_parse_bool(struct str s, bool *out) {
    static const char *const words[][2] = {
        {"false", "true"}, {"0", "1"}, {"no", "yes"}, {"off", "on"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        for (int value = 0; value < 2; value++) {
            if (str_eq_nocase(s, str_of(words[i][value]))) {
                *out = value;
                return true;
            }
        }
    }
    return false;
}

static inline bool is_tail(unsigned char c) {
    return (c & 0xc0) == 0x80;
}

// Bytes of the well-formed character at `p`, 0 when it is none (RFC 3629, section 4).
static size_t utf8_size(const unsigned char *p, size_t left) {
    unsigned char c = p[0];
    if (c < 0x80) {
        return 1;
    }
    if (c < 0xc2 || c > 0xf4 || left < 2 || !is_tail(p[1])) {
        return 0;
    }
    if (c < 0xe0) {
        return 2;
    }
    if (left < 3 || !is_tail(p[2])) {
        return 0;
    }
    if (c < 0xf0) {
        bool overlong = c == 0xe0 && p[1] < 0xa0;
        bool surrogate = c == 0xed && p[1] > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    bool overlong = c == 0xf0 && p[1] < 0x90;
    bool beyond = c == 0xf4 && p[1] > 0x8f;
    return left < 4 || !is_tail(p[3]) || overlong || beyond ? 0 : 4;
}

bool str_is_utf8(struct str s) {
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.len) {
        uint64_t word;
        if (s.len - i >= sizeof word) {
            memcpy(&word, p + i, sizeof word);
            if ((word & 0x8080808080808080u) == 0) {
                i += sizeof word;
                continue;
            }
        }
        size_t size = utf8_size(p + i, s.len - i);
        if (size == 0) {
            return false;
        }
        i += size;
    }
    return true;
}

bool str_has_control(struct str s) {
    unsigned found = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        found |= (unsigned)(c < 0x20) | (unsigned)(c == 0x7f);
    }
    return found;
}

// One character and its size; a byte that begins none stands for itself, out of Unicode's way.
static uint32_t next_char(struct str s, size_t at, size_t *size) {
    const unsigned char *p = (const unsigned char *)s.p + at;
    *size = utf8_size(p, s.len - at);
    switch (*size) {
    case 1: return p[0];
    case 2: return (uint32_t)((p[0] & 0x1f) << 6 | (p[1] & 0x3f));
    case 3: return (uint32_t)((p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f));
    case 4:
        return (uint32_t)((p[0] & 0x07) << 18 | (p[1] & 0x3f) << 12 | (p[2] & 0x3f) << 6 |
                          (p[3] & 0x3f));
    default: *size = 1; return 0x110000u + p[0];
    }
}

static uint32_t next_pattern_char(struct str pattern, size_t *at) {
    if (pattern.p[*at] == '\\' && *at + 1 < pattern.len) {
        ++*at;
    }
    size_t size;
    uint32_t c = next_char(pattern, *at, &size);
    *at += size;
    return c;
}

// Match `c` against the set that begins at pattern[at] = '['; `*end` is behind its ']', or `at`
// when it has none (the '[' then is an ordinary character).
static bool set_holds(struct str pattern, size_t at, uint32_t c, size_t *end) {
    size_t i = at + 1;
    bool negated = i < pattern.len && (pattern.p[i] == '^' || pattern.p[i] == '!');
    i += negated;
    bool found = false;
    for (bool first = true; i < pattern.len && (first || pattern.p[i] != ']'); first = false) {
        uint32_t low = next_pattern_char(pattern, &i);
        uint32_t high = low;
        if (i + 1 < pattern.len && pattern.p[i] == '-' && pattern.p[i + 1] != ']') {
            i++;
            high = next_pattern_char(pattern, &i);
        }
        found |= c >= low && c <= high;
    }
    if (i >= pattern.len) {
        *end = at;
        return false;
    }
    *end = i + 1;
    return found != negated;
}

// Does the one pattern element at `*at` (not a star) take `c`? Steps over it when it does.
static bool element_takes(struct str pattern, size_t *at, uint32_t c) {
    size_t next = *at;
    bool takes;
    if (pattern.p[next] == '?') {
        next++;
        takes = true;
    } else if (pattern.p[next] == '[') {
        takes = set_holds(pattern, *at, c, &next);
        if (next == *at) {
            next++;
            takes = c == '[';
        }
    } else {
        takes = next_pattern_char(pattern, &next) == c;
    }
    *at = takes ? next : *at;
    return takes;
}

// Only the last star needs to be tried again: an earlier one could not do better.
bool str_glob(struct str pattern, struct str s) {
    size_t at = 0, i = 0;
    size_t star = SIZE_MAX, star_i = 0; // where to go on after a mismatch
    while (i < s.len) {
        size_t size;
        uint32_t c = next_char(s, i, &size);
        if (at < pattern.len && pattern.p[at] == '*') {
            star = ++at;
            star_i = i;
        } else if (at < pattern.len && element_takes(pattern, &at, c)) {
            i += size;
        } else if (star != SIZE_MAX) {
            next_char(s, star_i, &size);
            star_i += size;
            i = star_i;
            at = star;
        } else {
            return false;
        }
    }
    while (at < pattern.len && pattern.p[at] == '*') {
        at++;
    }
    return at == pattern.len;
}
