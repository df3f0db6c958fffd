#include "command/script_pattern.h"

#include <ctype.h>
#include <string.h>

#define DEPTH_MAX 200
#define LOOK_EVERY 4096
#define CAPTURE_OPEN (-1)

static const char *match_here(struct script_pattern *m, const char *s, const char *p);
static bool tick(struct script_pattern *m);
static const char *fail(struct script_pattern *m, const char *text);
static const char *item_end(struct script_pattern *m, const char *p);
static bool item_matches(const struct script_pattern *m, const char *s, const char *p,
                         const char *end);
static bool class_has(char class, int c);
static bool set_has(const char *p, const char *end, int c);
static const char *match_repeated(struct script_pattern *m, const char *s, const char *p,
                                  const char *end);
static const char *match_longest(struct script_pattern *m, const char *s, const char *p,
                                 const char *end, size_t least);
static const char *match_shortest(struct script_pattern *m, const char *s, const char *p,
                                  const char *end);
static const char *open_capture(struct script_pattern *m, const char *s, const char *p,
                                ptrdiff_t kind);
static const char *close_capture(struct script_pattern *m, const char *s, const char *p);
static const char *match_escape(struct script_pattern *m, const char *s, const char *p,
                                bool *handled);
static const char *match_balance(struct script_pattern *m, const char *s, const char *p);
static const char *match_frontier(struct script_pattern *m, const char *s, const char *p);
static const char *match_back(struct script_pattern *m, const char *s, const char *p);

const char *script_pattern_match(struct script_pattern *m, const char *at) {
    m->count = 0;
    m->depth = 0;
    m->error = NULL;
    return match_here(m, at, m->pattern);
}

static const char *match_here(struct script_pattern *m, const char *s, const char *p) {
    if (!tick(m)) return NULL;
    if (++m->depth > DEPTH_MAX) return fail(m, "pattern too complex");
    const char *out = NULL;
    if (p == m->pattern_end) {
        out = s;
    } else if (*p == '(') {
        bool position = p + 1 < m->pattern_end && p[1] == ')';
        out = open_capture(m, s, p + (position ? 2 : 1),
                           position ? SCRIPT_PATTERN_POSITION : CAPTURE_OPEN);
    } else if (*p == ')') {
        out = close_capture(m, s, p + 1);
    } else if (*p == '$' && p + 1 == m->pattern_end) {
        out = s == m->subject_end ? s : NULL;
    } else {
        bool handled = false;
        if (*p == '%') out = match_escape(m, s, p, &handled);
        if (!handled && !m->error) {
            const char *end = item_end(m, p);
            out = end ? match_repeated(m, s, p, end) : NULL;
        }
    }
    m->depth--;
    return m->error ? NULL : out;
}

static bool tick(struct script_pattern *m) {
    if (++m->steps % LOOK_EVERY == 0 && m->is_late && m->is_late(m->ctx)) m->error = "timeout";
    return !m->error;
}

static const char *fail(struct script_pattern *m, const char *text) {
    m->error = text;
    return NULL;
}

// Behind one character, %x or [set].
static const char *item_end(struct script_pattern *m, const char *p) {
    char c = *p++;
    if (c == '%') {
        if (p == m->pattern_end) return fail(m, "malformed pattern (ends with '%')");
        return p + 1;
    }
    if (c != '[') return p;
    if (p < m->pattern_end && *p == '^') p++;
    bool first = true;
    for (;; first = false) { // a ']' that comes first stands for itself
        if (p == m->pattern_end) return fail(m, "malformed pattern (missing ']')");
        if (*p == ']' && !first) return p + 1;
        p += *p == '%' && p + 1 < m->pattern_end ? 2 : 1;
    }
}

static bool item_matches(const struct script_pattern *m, const char *s, const char *p,
                         const char *end) {
    if (s >= m->subject_end) return false;
    int c = (unsigned char)*s;
    switch (*p) {
    case '.': return true;
    case '%': return class_has(p[1], c);
    case '[': return set_has(p, end - 1, c);
    default: return (unsigned char)*p == c;
    }
}

static bool class_has(char class, int c) {
    bool has;
    switch (tolower((unsigned char)class)) {
    case 'a': has = isalpha(c); break;
    case 'c': has = iscntrl(c); break;
    case 'd': has = isdigit(c); break;
    case 'g': has = isgraph(c); break;
    case 'l': has = islower(c); break;
    case 'p': has = ispunct(c); break;
    case 's': has = isspace(c); break;
    case 'u': has = isupper(c); break;
    case 'w': has = isalnum(c); break;
    case 'x': has = isxdigit(c); break;
    default: return (unsigned char)class == c;
    }
    return isupper((unsigned char)class) ? !has : has;
}

// `p` is the '[', `end` the ']'.
static bool set_has(const char *p, const char *end, int c) {
    bool found = true;
    if (*++p == '^') {
        found = false;
        p++;
    }
    while (p < end) {
        if (*p == '%' && p + 1 < end) {
            if (class_has(p[1], c)) return found;
            p += 2;
        } else if (p + 2 < end && p[1] == '-') {
            if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2]) return found;
            p += 3;
        } else if ((unsigned char)*p++ == c) {
            return found;
        }
    }
    return !found;
}

static const char *match_repeated(struct script_pattern *m, const char *s, const char *p,
                                  const char *end) {
    char how = end < m->pattern_end ? *end : '\0';
    switch (how) {
    case '*': return match_longest(m, s, p, end, 0);
    case '+': return match_longest(m, s, p, end, 1);
    case '-': return match_shortest(m, s, p, end);
    case '?': {
        const char *out = item_matches(m, s, p, end) ? match_here(m, s + 1, end + 1) : NULL;
        return out || m->error ? out : match_here(m, s, end + 1);
    }
    default: break;
    }
    // Plain items follow each other without recursion.
    while (item_matches(m, s, p, end)) {
        s++;
        p = end;
        bool plain = p < m->pattern_end && !strchr("()%$", *p);
        end = plain ? item_end(m, p) : NULL;
        if (m->error) return NULL;
        if (!end || (end < m->pattern_end && strchr("*+-?", *end))) return match_here(m, s, p);
    }
    return NULL;
}

static const char *match_longest(struct script_pattern *m, const char *s, const char *p,
                                 const char *end, size_t least) {
    size_t n = 0;
    while (item_matches(m, s + n, p, end)) {
        if (!tick(m)) return NULL;
        n++;
    }
    for (size_t k = n + 1; k-- > least;) {
        const char *out = match_here(m, s + k, end + 1);
        if (out || m->error) return out;
    }
    return NULL;
}

static const char *match_shortest(struct script_pattern *m, const char *s, const char *p,
                                  const char *end) {
    for (;; s++) {
        const char *out = match_here(m, s, end + 1);
        if (out || m->error) return out;
        if (!item_matches(m, s, p, end)) return NULL;
    }
}

static const char *open_capture(struct script_pattern *m, const char *s, const char *p,
                                ptrdiff_t kind) {
    if (m->count == SCRIPT_PATTERN_CAPTURES) return fail(m, "too many captures");
    m->captures[m->count].start = s;
    m->captures[m->count++].len = kind;
    const char *out = match_here(m, s, p);
    if (!out) m->count--;
    return out;
}

static const char *close_capture(struct script_pattern *m, const char *s, const char *p) {
    int i = m->count;
    while (i > 0 && m->captures[i - 1].len != CAPTURE_OPEN) {
        i--;
    }
    if (i == 0) return fail(m, "invalid pattern capture");
    m->captures[i - 1].len = s - m->captures[i - 1].start;
    const char *out = match_here(m, s, p);
    if (!out) m->captures[i - 1].len = CAPTURE_OPEN;
    return out;
}

static const char *match_escape(struct script_pattern *m, const char *s, const char *p,
                                bool *handled) {
    char c = p + 1 < m->pattern_end ? p[1] : '\0';
    *handled = c == 'b' || c == 'f' || isdigit((unsigned char)c);
    if (c == 'b') return match_balance(m, s, p + 2);
    if (c == 'f') return match_frontier(m, s, p + 2);
    return *handled ? match_back(m, s, p + 1) : NULL;
}

static const char *match_balance(struct script_pattern *m, const char *s, const char *p) {
    if (m->pattern_end - p < 2) return fail(m, "malformed pattern (missing arguments to '%b')");
    if (s >= m->subject_end || *s != p[0]) return NULL;
    size_t open = 1;
    for (const char *at = s + 1; at < m->subject_end; at++) {
        if (!tick(m)) return NULL;
        if (*at == p[1]) {
            if (--open == 0) return match_here(m, at + 1, p + 2);
        } else if (*at == p[0]) {
            open++;
        }
    }
    return NULL;
}

static const char *match_frontier(struct script_pattern *m, const char *s, const char *p) {
    if (p >= m->pattern_end || *p != '[') return fail(m, "missing '[' after '%f' in pattern");
    const char *end = item_end(m, p);
    if (!end) return NULL;
    int before = s == m->subject ? 0 : (unsigned char)s[-1];
    int here = s < m->subject_end ? (unsigned char)*s : 0;
    if (set_has(p, end - 1, before) || !set_has(p, end - 1, here)) return NULL;
    return match_here(m, s, end);
}

static const char *match_back(struct script_pattern *m, const char *s, const char *p) {
    int i = *p - '1';
    if (i < 0 || i >= m->count || m->captures[i].len < 0) {
        return fail(m, "invalid capture index in pattern");
    }
    size_t len = (size_t)m->captures[i].len;
    if ((size_t)(m->subject_end - s) < len || memcmp(m->captures[i].start, s, len) != 0)
        return NULL;
    return match_here(m, s + len, p + 1);
}
