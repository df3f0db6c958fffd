#include "cli/tile38_file.h"

#include "base/buf.h"
#include "base/mem.h"

enum { LINE_MAX_BYTES = 32 }; // "*1048576\r\n", with room

struct piece {
    size_t at, len; // in text
};

struct tile38_file {
    struct input *in;
    struct buf text; // of the arguments, one behind the other
    struct piece *pieces;
    struct str *args;
    size_t room;     // of both
    uint64_t offset; // of the next byte
    uint64_t begin;  // of the command being read
    uint64_t torn;
};

static enum status read_command(struct tile38_file *f, size_t *count, struct reason *why);
static enum status skip_zeros(struct tile38_file *f, struct reason *why);
static enum status read_count(struct tile38_file *f, char kind, uint64_t most, uint64_t *out,
                              struct reason *why);
static enum status read_bytes(struct tile38_file *f, size_t len, struct reason *why);
static enum status read_end(struct tile38_file *f, struct reason *why);
static bool make_room(struct tile38_file *f, size_t count);
static enum status not_a_file(const struct tile38_file *f, struct reason *why);

enum status tile38_file_open(struct input *in, struct tile38_file **out) {
    struct tile38_file *f = mem_zalloc(1, sizeof *f);
    if (!f) return STATUS_NO_MEMORY;
    f->in = in;
    buf_init(&f->text);
    *out = f;
    return STATUS_OK;
}

void tile38_file_close(struct tile38_file *f) {
    if (!f) return;
    buf_deinit(&f->text);
    mem_free(f->pieces);
    mem_free(f->args);
    mem_free(f);
}

enum status tile38_file_next(struct tile38_file *f, struct tile38_command *out,
                             struct reason *why) {
    size_t count = 0;
    enum status st;
    do { // an empty command says nothing
        st = skip_zeros(f, why);
        f->begin = f->offset;
        if (st == STATUS_OK) st = read_command(f, &count, why);
    } while (st == STATUS_OK && count == 0);
    if (st == STATUS_NOT_FOUND) f->torn = f->offset - f->begin;
    if (st != STATUS_OK) return st;
    for (size_t i = 0; i < count; i++)
        f->args[i] = (struct str){f->text.data + f->pieces[i].at, f->pieces[i].len};
    *out = (struct tile38_command){f->args, count, f->begin};
    return STATUS_OK;
}

uint64_t tile38_file_torn(const struct tile38_file *f, uint64_t *offset) {
    *offset = f->begin;
    return f->torn;
}

static enum status read_command(struct tile38_file *f, size_t *count, struct reason *why) {
    uint64_t n;
    buf_clear(&f->text);
    enum status st = read_count(f, '*', TILE38_FILE_ARGUMENTS, &n, why);
    *count = 0;
    while (st == STATUS_OK && *count < n) {
        uint64_t len;
        st = read_count(f, '$', TILE38_FILE_COMMAND_BYTES - f->text.len, &len, why);
        if (st != STATUS_OK) break;
        if (!make_room(f, *count + 1))
            return reason_set(why, STATUS_NO_MEMORY, "no memory for a command");
        f->pieces[(*count)++] = (struct piece){f->text.len, (size_t)len};
        st = read_bytes(f, (size_t)len, why);
        if (st == STATUS_OK) st = read_end(f, why);
    }
    return st;
}

/// The byte to come; NOT_FOUND at the end.
static enum status peek(struct tile38_file *f, char *out, struct reason *why) {
    struct str window;
    enum status st = input_peek(f->in, &window, why);
    if (st != STATUS_OK) return st;
    if (window.len == 0) return STATUS_NOT_FOUND;
    *out = window.p[0];
    return STATUS_OK;
}

static void take(struct tile38_file *f, size_t len) {
    input_take(f->in, len);
    f->offset += len;
}

static enum status skip_zeros(struct tile38_file *f, struct reason *why) {
    char c;
    enum status st;
    while ((st = peek(f, &c, why)) == STATUS_OK && c == '\0')
        take(f, 1);
    if (st == STATUS_NOT_FOUND) f->begin = f->offset;
    return st;
}

static enum status read_line(struct tile38_file *f, char line[LINE_MAX_BYTES], size_t *len,
                             struct reason *why) {
    for (*len = 0; *len < LINE_MAX_BYTES;) {
        char c;
        enum status st = peek(f, &c, why);
        if (st != STATUS_OK) return st;
        line[(*len)++] = c;
        take(f, 1);
        if (c == '\n') return STATUS_OK;
    }
    return not_a_file(f, why);
}

static enum status read_count(struct tile38_file *f, char kind, uint64_t most, uint64_t *out,
                              struct reason *why) {
    char line[LINE_MAX_BYTES];
    size_t len;
    enum status st = read_line(f, line, &len, why);
    if (st != STATUS_OK) return st;
    if (len < 4 || line[0] != kind || line[len - 2] != '\r' ||
        !str_parse_u64((struct str){line + 1, len - 3}, out)) {
        return not_a_file(f, why);
    }
    if (*out <= most) return STATUS_OK;
    return reason_set(why, STATUS_CORRUPT, "the command at offset %llu is too large: %.*s",
                      (unsigned long long)f->begin, (int)len - 2, line);
}

static enum status read_bytes(struct tile38_file *f, size_t len, struct reason *why) {
    while (len) {
        struct str window;
        enum status st = input_peek(f->in, &window, why);
        if (st != STATUS_OK) return st;
        if (window.len == 0) return STATUS_NOT_FOUND;
        size_t n = window.len < len ? window.len : len;
        buf_append(&f->text, window.p, n);
        if (f->text.failed) return reason_set(why, STATUS_NO_MEMORY, "no memory for a command");
        take(f, n);
        len -= n;
    }
    return STATUS_OK;
}

static enum status read_end(struct tile38_file *f, struct reason *why) {
    for (const char *end = "\r\n"; *end; end++) {
        char c;
        enum status st = peek(f, &c, why);
        if (st != STATUS_OK) return st;
        if (c != *end) return not_a_file(f, why);
        take(f, 1);
    }
    return STATUS_OK;
}

static bool make_room(struct tile38_file *f, size_t count) {
    if (count <= f->room) return true;
    size_t room = f->room ? f->room * 2 : 64;
    struct piece *pieces = mem_realloc(f->pieces, room * sizeof *pieces);
    if (!pieces) return false;
    f->pieces = pieces;
    struct str *args = mem_realloc(f->args, room * sizeof *args);
    if (!args) return false;
    f->args = args;
    f->room = room;
    return true;
}

static enum status not_a_file(const struct tile38_file *f, struct reason *why) {
    return reason_set(why, STATUS_CORRUPT,
                      "what stands at offset %llu is no command of an append-only file",
                      (unsigned long long)f->begin);
}
