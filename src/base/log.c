// log.c - a line is built on the stack and leaves in one write(2).
//
// What does not fit in 4 KiB is left out field by field; a string is cut between characters and
// still closed, so a JSON line stays JSON.

#include "base/log.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

#define LINE_BYTES 4096
#define CLOSE_BYTES 4 // a closing quote, a brace and the newline always fit

struct line {
    size_t len;
    bool json;
    char text[LINE_BYTES];
};

static const struct {
    const char *name;
    const char *padded;
} levels[] = {{"debug", "DEBUG"}, {"info", "INFO "}, {"warn", "WARN "}, {"error", "ERROR"}};

static bool put(struct line *line, const char *bytes, size_t len);
static void put_time(struct line *line, int64_t unix_ms);
static void put_text(struct line *line, struct str s);
static bool put_field(struct line *line, const struct log_field *field);
static void write_line(int fd, const char *p, size_t len);

void log_init(struct log *log, int fd, enum log_level level, enum log_format format) {
    log->fd = fd;
    log->format = format;
    atomic_init(&log->level, (int)level);
}

static bool put_z(struct line *line, const char *z) {
    return put(line, z, strlen(z));
}

void log_write_fields(struct log *log, enum log_level level, const char *message,
                      const struct log_field *fields) {
    if (!log_on(log, level)) {
        return;
    }
    struct line line;
    line.len = 0;
    line.json = log->format == LOG_JSON;
    put_z(&line, line.json ? "{\"ts\":\"" : "");
    put_time(&line, clock_wall_ms());
    put_z(&line, line.json ? "\",\"level\":\"" : " ");
    put_z(&line, line.json ? levels[level].name : levels[level].padded);
    put_z(&line, line.json ? "\",\"msg\":\"" : " ");
    put_text(&line, str_of(message));
    if (line.json) {
        line.text[line.len++] = '"';
    }
    while (fields->key && put_field(&line, fields)) {
        fields++;
    }
    if (line.json) {
        line.text[line.len++] = '}';
    }
    line.text[line.len++] = '\n';
    int err = errno;
    write_line(log->fd, line.text, line.len);
    errno = err;
}

bool log_parse_level(struct str s, enum log_level *out) {
    for (int i = 0; i < (int)(sizeof levels / sizeof *levels); i++) {
        if (str_eq_nocase(s, str_of(levels[i].name))) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static bool put(struct line *line, const char *bytes, size_t len) {
    if (line->len + len > sizeof line->text - CLOSE_BYTES) {
        return false;
    }
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
    return true;
}

// The buffer never grows out of the stack: logging must work when memory has run out.
static void put_time(struct line *line, int64_t unix_ms) {
    char text[32];
    struct buf b = {.data = text, .cap = sizeof text};
    buf_append_time(&b, unix_ms);
    put(line, b.data, b.len);
}

// Bytes of the character at `p` that may be shown as it is: well-formed UTF-8 and no control
// character of either block (C1 moves terminals too). 0: it must be escaped.
static size_t printable_size(const char *p, size_t left, bool json) {
    unsigned char c = (unsigned char)p[0];
    if (c < 0x80) {
        return c >= 0x20 && c != 0x7f && c != '"' && c != '\\';
    }
    size_t size = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (size > left || !str_is_utf8((struct str){p, size})) {
        return 0;
    }
    bool c1 = c == 0xc2 && (unsigned char)p[1] < 0xa0;
    return c1 && !json ? 0 : size;
}

static bool put_escape(struct line *line, unsigned char c) {
    static const char hex[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        return put(line, (const char[]){'\\', (char)c}, 2);
    }
    switch (c) {
    case '\n': return put(line, "\\n", 2);
    case '\t': return put(line, "\\t", 2);
    case '\r': return put(line, "\\r", 2);
    default: break;
    }
    if (!line->json) {
        return put(line, (const char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
    }
    if (c >= 0x80) {
        return put(line, "\\ufffd", 6);
    }
    return put(line, (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

static void put_text(struct line *line, struct str s) {
    for (size_t i = 0; i < s.len;) {
        size_t size = printable_size(s.p + i, s.len - i, line->json);
        bool fits = size ? put(line, s.p + i, size) : put_escape(line, (unsigned char)s.p[i]);
        if (!fits) {
            return;
        }
        i += size ? size : 1;
    }
}

// A human value stands bare when nothing in it could be taken for the line's own marks.
static bool is_plain(struct str s) {
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (c <= ' ' || c == '=' || c == '"' || c == '\\' || c == 0x7f) {
            return false; // bytes above ASCII are negative chars: quoted too
        }
    }
    return s.len > 0;
}

static bool put_number(struct line *line, const struct log_field *field) {
    char text[40];
    int n;
    if (field->kind == LOG_FIELD_INT) {
        n = snprintf(text, sizeof text, "%lld", (long long)field->i);
    } else if (isfinite(field->f)) {
        n = snprintf(text, sizeof text, "%.9g", field->f);
    } else {
        n = snprintf(text, sizeof text, "null");
    }
    return put(line, text, (size_t)n);
}

// False, with the line as it was, when there is no room for the field.
static bool put_field(struct line *line, const struct log_field *field) {
    size_t before = line->len;
    bool text = field->kind == LOG_FIELD_STR;
    bool quoted = text && (line->json || !is_plain(field->s));
    bool fits = put_z(line, line->json ? ",\"" : " ") && put_z(line, field->key) &&
                put_z(line, line->json ? "\":" : "=") && (!quoted || put_z(line, "\"")) &&
                (text || put_number(line, field));
    if (!fits) {
        line->len = before;
        return false;
    }
    if (text) {
        put_text(line, field->s);
    }
    if (quoted) {
        line->text[line->len++] = '"';
    }
    return line->len < sizeof line->text - CLOSE_BYTES;
}

static void write_line(int fd, const char *p, size_t len) {
    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return; // nowhere left to say so
        }
        p += n;
        len -= (size_t)n;
    }
}
