// str.h - a borrowed slice of bytes; never owns, not NUL-terminated.

#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
/// For printf("%.*s", STR_ARGS(s)).
#define STR_ARGS(s) (int)(s).len, (s).p

static inline struct str str_of(const char *z) {
    return z ? (struct str){z, strlen(z)} : STR_NONE;
}
static inline bool str_eq(struct str a, struct str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}
static inline struct str str_sub(struct str s, size_t from, size_t len) {
    return (struct str){s.p + from, len};
}

/// ASCII case folded comparison.
bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
/// Order of bytes, then of length: <0, 0, >0.
int str_compare(struct str a, struct str b);
/// Without ASCII white space at both ends.
struct str str_trim(struct str s);
/// Cut `*rest` at the first `sep`: gives what stands before it and leaves what follows. When there is
/// no `sep` the whole is given and `*rest` becomes STR_NONE. False when `*rest` was STR_NONE.
bool str_split(struct str *rest, char sep, struct str *part);
/// Position of `c` or `s.len`.
size_t str_find(struct str s, char c);

/// The whole of `s` as a finite decimal number ("1e999", "nan", "0x1", " 1" are refused).
bool str_parse_double(struct str s, double *out);
/// The same, and as people and other languages write numbers: "+5", ".5" and "5." too.
bool str_parse_number(struct str s, double *out);
bool str_parse_i64(struct str s, int64_t *out);
bool str_parse_u64(struct str s, uint64_t *out);
/// "64KiB", "1GB", "2g", "123" -> bytes. KB, MB, GB, TB are powers of 1000; KiB ... and k, m, g, t of 1024.
bool str_parse_bytes(struct str s, uint64_t *out);
/// "true/false/1/0/yes/no/on/off".
bool str_parse_bool(struct str s, bool *out);

/// Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
bool str_is_utf8(struct str s);
/// Contains a C0 control character or DEL.
bool str_has_control(struct str s);
/// `?` and `*` wildcards, `[a-z]` sets, `\` quotes; bounded work O(len * pattern).
bool str_glob(struct str pattern, struct str s);

#endif
