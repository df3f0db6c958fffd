#include "cli/lines.h"

static enum status read_text(struct lines *l, bool *ended, bool *too_long, struct reason *why);
static struct str without_mark(const struct lines *l, struct str text);

void lines_open(struct input *in, char separator, struct lines *l) {
    *l = (struct lines){.in = in, .separator = separator, .line = 1};
    buf_init(&l->text);
}

void lines_close(struct lines *l) {
    buf_deinit(&l->text);
}

enum status lines_next(struct lines *l, struct str *text, struct reason *why) {
    bool ended = false;
    while (!ended) {
        bool too_long = false;
        buf_clear(&l->text);
        l->text_line = l->line;
        enum status st = read_text(l, &ended, &too_long, why);
        if (st == STATUS_OK && too_long)
            st = reason_set(why, STATUS_TOO_LARGE, "longer than 64 MiB");
        if (st == STATUS_OK) st = buf_status(&l->text);
        if (st != STATUS_OK) return st;
        *text = str_trim(without_mark(l, buf_str(&l->text)));
        if (text->len) return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

static enum status read_text(struct lines *l, bool *ended, bool *too_long, struct reason *why) {
    for (;;) {
        struct str bytes;
        enum status st = input_peek(l->in, &bytes, why);
        if (st != STATUS_OK) return st;
        if (bytes.len == 0) {
            *ended = true;
            return STATUS_OK;
        }
        size_t len = str_find(bytes, l->separator);
        bool found = len < bytes.len;
        for (size_t i = 0; i < len; i++)
            l->line += bytes.p[i] == '\n';
        *too_long |= l->text.len + len > LINES_TEXT_MAX;
        if (!*too_long) buf_append(&l->text, bytes.p, len);
        l->line += found && l->separator == '\n';
        input_take(l->in, len + found);
        if (found) return STATUS_OK;
    }
}

static struct str without_mark(const struct lines *l, struct str text) {
    bool marked = l->text_line == 1 && str_starts(text, STR("\xef\xbb\xbf"));
    return marked ? str_sub(text, 3, text.len - 3) : text;
}
