#include "proto/resp_parser.h"

#include "base/mem.h"

enum { ARGS_FIRST = 32, ARGS_MAX = 1048576, BYTES_MAX = 64 << 20, LENGTH_MAX = 20 };

static enum resp_step array_next(struct resp_parser *p, struct resp_room *room,
                                 const struct resp_limits *limits, struct str in,
                                 struct reason *why);
static enum resp_step inline_next(struct resp_parser *p, struct resp_room *room,
                                  const struct resp_limits *limits, struct str in,
                                  struct reason *why);
static enum resp_step native_next(struct resp_parser *p, struct resp_room *room,
                                  const struct resp_limits *limits, struct str in,
                                  struct reason *why);
static enum resp_step wait_more(struct resp_parser *p, struct resp_room *room, const char *base,
                                uint64_t need);
static enum resp_step fail(struct reason *why, const char *text);
static enum resp_step fail_adding(const struct resp_limits *limits, size_t count,
                                  struct reason *why);
static void parser_reset(struct resp_parser *p);
static void room_free(struct resp_room *room);
static bool room_add(struct resp_room *room, const struct resp_limits *limits, size_t *count,
                     struct str arg);
static bool length_read(struct str in, size_t *at, int64_t *out, bool *whole);

static size_t args_most(const struct resp_limits *limits) {
    return limits->args ? limits->args : ARGS_MAX;
}

void resp_room_deinit(struct resp_room *room) {
    room_free(room);
    buf_deinit(&room->text);
}

void resp_parser_deinit(struct resp_parser *p) {
    room_free(&p->own);
    parser_reset(p);
}

enum resp_step resp_parser_next(struct resp_parser *p, struct resp_room *room,
                                const struct resp_limits *limits, const char *bytes, size_t len,
                                size_t *taken, struct resp_command *out, struct reason *why) {
    size_t skipped = 0;
    *taken = 0;
    for (;;) {
        while (p->at == 0 && skipped < len && (bytes[skipped] == '\r' || bytes[skipped] == '\n'))
            skipped++;
        struct str in = {bytes + skipped, len - skipped};
        if (in.len == 0) {
            *taken = skipped;
            return RESP_MORE;
        }
        if (in.len < p->need) {
            *taken = skipped;
            return RESP_MORE;
        }
        enum resp_form form = in.p[0] == '*'   ? RESP_ARRAY
                              : in.p[0] == '$' ? RESP_NATIVE
                                               : RESP_INLINE;
        enum resp_step step = form == RESP_ARRAY    ? array_next(p, room, limits, in, why)
                              : form == RESP_NATIVE ? native_next(p, room, limits, in, why)
                                                    : inline_next(p, room, limits, in, why);
        if (step == RESP_MORE) {
            *taken = skipped;
            return step;
        }
        if (step == RESP_FAILED) {
            resp_parser_deinit(p);
            return step;
        }
        skipped += p->at;
        *taken = skipped;
        size_t count = p->count;
        parser_reset(p);
        if (count == 0) continue; // an empty array, a blank line
        *out = (struct resp_command){room->args, count, form};
        return RESP_COMMAND;
    }
}

// --- arrays ---

static enum resp_step array_next(struct resp_parser *p, struct resp_room *room,
                                 const struct resp_limits *limits, struct str in,
                                 struct reason *why) {
    if (p->own.args) { // it began before
        if (room->args) room_free(room);
        room->args = p->own.args;
        room->cap = p->own.cap;
        p->own.args = NULL;
        for (size_t i = 0; i < p->count && p->base != (uintptr_t)in.p; i++)
            room->args[i].p = in.p + ((uintptr_t)room->args[i].p - p->base);
    }
    uint64_t bytes_max = limits->bytes ? limits->bytes : BYTES_MAX;
    int64_t length;
    bool whole;
    if (p->expected == 0) {
        size_t at = 1;
        if (!length_read(in, &at, &length, &whole)) return fail(why, "invalid multibulk length");
        if (!whole) return wait_more(p, room, in.p, in.len + 1);
        if (length > (int64_t)args_most(limits)) return fail(why, "invalid multibulk length");
        p->at = at;
        if (length <= 0) return RESP_COMMAND;
        p->expected = (size_t)length;
    }
    while (p->count < p->expected) {
        if (p->bulk == 0) {
            size_t at = p->at + 1;
            if (p->at == in.len) return wait_more(p, room, in.p, in.len + 1);
            if (in.p[p->at] != '$') {
                char c = in.p[p->at];
                reason_set(why, STATUS_BAD_REQUEST, "Protocol error: expected '$', got '%c'",
                           c > ' ' && c < 127 ? c : '?');
                return RESP_FAILED;
            }
            if (!length_read(in, &at, &length, &whole)) return fail(why, "invalid bulk length");
            if (!whole) return wait_more(p, room, in.p, in.len + 1);
            if (length < 0 || (uint64_t)length > bytes_max || at + (uint64_t)length > bytes_max)
                return fail(why, "invalid bulk length");
            p->at = at;
            p->bulk = (uint64_t)length + 1;
        }
        size_t len = (size_t)p->bulk - 1;
        if (in.len - p->at < len + 2) return wait_more(p, room, in.p, p->at + len + 2);
        if (in.p[p->at + len] != '\r' || in.p[p->at + len + 1] != '\n')
            return fail(why, "invalid bulk length");
        if (!room_add(room, limits, &p->count, str_sub(in, p->at, len)))
            return fail_adding(limits, p->count, why);
        p->at += len + 2;
        p->bulk = 0;
    }
    return RESP_COMMAND;
}

/// "123\r\n" at `*at`. `*whole` false: its end is not there yet; with the result false it will not come any more.
static bool length_read(struct str in, size_t *at, int64_t *out, bool *whole) {
    size_t i = *at;
    while (i < in.len && in.p[i] != '\r' && i - *at <= LENGTH_MAX)
        i++;
    *whole = i + 1 < in.len || i - *at > LENGTH_MAX;
    if (!*whole) return true;
    if (i - *at > LENGTH_MAX || in.p[i] != '\r' || in.p[i + 1] != '\n') return false;
    if (!str_parse_i64(str_sub(in, *at, i - *at), out)) return false;
    *at = i + 2;
    return true;
}

// --- lines ---

/// One argument of an inline command, at `*at`, as redis-server reads it; and braces are kept together, so that GeoJSON
/// can be typed. False: quotes that do not close.
static bool inline_arg(struct str line, size_t *at, struct buf *out);
static bool inline_quoted(struct str line, size_t *at, struct buf *out);
static bool inline_json(struct str line, size_t *at, struct buf *out);

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' || c == '\0';
}

static enum resp_step inline_next(struct resp_parser *p, struct resp_room *room,
                                  const struct resp_limits *limits, struct str in,
                                  struct reason *why) {
    const char *end = memchr(in.p + p->at, '\n', in.len - p->at);
    size_t len = end ? (size_t)(end - in.p) : in.len;
    if (len > RESP_INLINE_BYTES) return fail(why, "too big inline request");
    if (!end) {
        p->at = in.len;
        p->need = in.len + 1;
        return RESP_MORE;
    }
    p->at = len + 1;
    if (memchr(in.p, '\0', len)) return fail(why, "invalid inline request");
    struct buf *text = &room->text;
    buf_clear(text);
    if (!buf_reserve(text, len + 1)) { // so that the slices of it stay where they are
        reason_set(why, STATUS_NO_MEMORY, "OOM out of memory");
        return RESP_FAILED;
    }
    struct str line = str_trim(str_sub(in, 0, len));
    for (size_t at = 0; at < line.len;) {
        if (is_blank(line.p[at])) {
            at++;
            continue;
        }
        size_t begin = text->len;
        if (!inline_arg(line, &at, text)) return fail(why, "unbalanced quotes in request");
        struct str arg = {text->data + begin, text->len - begin};
        if (!room_add(room, limits, &p->count, arg)) return fail_adding(limits, p->count, why);
    }
    return RESP_COMMAND;
}

static bool inline_arg(struct str line, size_t *at, struct buf *out) {
    if (line.p[*at] == '{' || line.p[*at] == '[') return inline_json(line, at, out);
    while (*at < line.len && !is_blank(line.p[*at])) {
        char c = line.p[*at];
        if (c == '"' || c == '\'') return inline_quoted(line, at, out);
        buf_append_char(out, c);
        ++*at;
    }
    return true;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char escape_value(char c) {
    switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
    }
}

/// The closing quote ends the argument.
static bool inline_quoted(struct str line, size_t *at, struct buf *out) {
    char quote = line.p[(*at)++];
    for (; *at < line.len; ++*at) {
        char c = line.p[*at];
        size_t left = line.len - *at - 1;
        if (c == quote) {
            ++*at;
            return left == 0 || is_blank(line.p[*at]);
        }
        if (c != '\\' || left == 0 || (quote == '\'' && line.p[*at + 1] != '\'')) {
            buf_append_char(out, c);
            continue;
        }
        int high = left >= 3 && line.p[*at + 1] == 'x' ? hex_value(line.p[*at + 2]) : -1;
        int low = high >= 0 ? hex_value(line.p[*at + 3]) : -1;
        if (low >= 0) {
            buf_append_char(out, (char)(high * 16 + low));
            *at += 3;
        } else {
            buf_append_char(out, escape_value(line.p[++*at]));
        }
    }
    return false;
}

static bool inline_json(struct str line, size_t *at, struct buf *out) {
    size_t depth = 0;
    bool text = false;
    for (size_t i = *at; i < line.len; i++) {
        char c = line.p[i];
        if (text && c == '\\') {
            i++;
        } else if (c == '"') {
            text = !text;
        } else if (!text && (c == '{' || c == '[')) {
            depth++;
        } else if (!text && (c == '}' || c == ']') && --depth == 0) {
            while (i + 1 < line.len && !is_blank(line.p[i + 1]))
                i++;
            buf_append(out, line.p + *at, i + 1 - *at);
            *at = i + 1;
            return true;
        }
    }
    return false;
}

static enum resp_step native_next(struct resp_parser *p, struct resp_room *room,
                                  const struct resp_limits *limits, struct str in,
                                  struct reason *why) {
    uint64_t bytes_max = limits->bytes ? limits->bytes : BYTES_MAX, length;
    size_t space = str_find(in.len > LENGTH_MAX ? str_sub(in, 0, LENGTH_MAX) : in, ' ');
    if (space >= LENGTH_MAX) return fail(why, "invalid message");
    if (space == in.len) {
        p->need = in.len + 1;
        return RESP_MORE;
    }
    if (!str_parse_u64(str_sub(in, 1, space - 1), &length) || length > bytes_max)
        return fail(why, "invalid message");
    uint64_t end = space + 1 + length;
    if (in.len < end + 2) {
        p->need = end + 2;
        return RESP_MORE;
    }
    if (in.p[end] != '\r' || in.p[end + 1] != '\n') return fail(why, "invalid message");
    p->at = (size_t)end + 2;
    if (!resp_split_line(room, limits, str_sub(in, space + 1, (size_t)length), &p->count))
        return fail_adding(limits, p->count, why);
    return RESP_COMMAND;
}

bool resp_split_line(struct resp_room *room, const struct resp_limits *limits, struct str line,
                     size_t *count) {
    *count = 0;
    while (line.len) {
        bool quoted = line.len > 1 && line.p[0] == '"' && line.p[line.len - 1] == '"';
        if (quoted && *count > 1 && str_eq_nocase(room->args[0], STR("set")) &&
            str_eq_nocase(room->args[*count - 1], STR("string"))) {
            return room_add(room, limits, count, str_sub(line, 1, line.len - 2));
        }
        if (line.p[0] == '{') return room_add(room, limits, count, line);
        size_t len = str_find(line, ' ');
        if (len && !room_add(room, limits, count, str_sub(line, 0, len))) return false;
        size_t past = len < line.len ? len + 1 : len;
        line = str_sub(line, past, line.len - past);
    }
    return true;
}

// --- state ---

/// The arguments so far go along with the parser; the thread's room begins anew.
static enum resp_step wait_more(struct resp_parser *p, struct resp_room *room, const char *base,
                                uint64_t need) {
    p->need = need;
    if (p->count == 0) return RESP_MORE;
    p->base = (uintptr_t)base;
    p->own.args = room->args;
    p->own.cap = room->cap;
    room->args = NULL;
    room->cap = 0;
    return RESP_MORE;
}

static enum resp_step fail(struct reason *why, const char *text) {
    reason_set(why, STATUS_BAD_REQUEST, "Protocol error: %s", text);
    return RESP_FAILED;
}

static enum resp_step fail_adding(const struct resp_limits *limits, size_t count,
                                  struct reason *why) {
    if (count == args_most(limits)) return fail(why, "too many arguments");
    reason_set(why, STATUS_NO_MEMORY, "OOM out of memory");
    return RESP_FAILED;
}

static void parser_reset(struct resp_parser *p) {
    *p = (struct resp_parser){0};
}

static void room_free(struct resp_room *room) {
    mem_free(room->args);
    room->args = NULL;
    room->cap = 0;
}

static bool room_add(struct resp_room *room, const struct resp_limits *limits, size_t *count,
                     struct str arg) {
    if (*count >= args_most(limits)) return false;
    if (*count == room->cap) {
        size_t cap = room->cap ? 2 * room->cap : ARGS_FIRST;
        struct str *more = mem_realloc(room->args, cap * sizeof *more);
        if (!more) return false;
        room->args = more;
        room->cap = cap;
    }
    room->args[(*count)++] = arg;
    return true;
}
