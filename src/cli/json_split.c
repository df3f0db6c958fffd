#include "cli/json_split.h"

static enum status next_byte(struct json_split *s, char c, bool *complete, struct reason *why);
static enum status open_bracket(struct json_split *s, char c, struct reason *why);
static enum status close_bracket(struct json_split *s, char c, bool *complete, struct reason *why);
static void string_byte(struct json_split *s, char c);
static bool is_gathering(const struct json_split *s);

void json_split_open(struct input *in, struct json_split *s) {
    *s = (struct json_split){.in = in, .line = 1};
    buf_init(&s->text);
    buf_init(&s->key);
}

void json_split_close(struct json_split *s) {
    buf_deinit(&s->text);
    buf_deinit(&s->key);
}

enum status json_split_next(struct json_split *s, struct str *text, struct reason *why) {
    bool complete = false;
    buf_clear(&s->text);
    while (!complete) {
        struct str bytes;
        enum status st = input_peek(s->in, &bytes, why);
        if (st != STATUS_OK) return st;
        if (bytes.len == 0 && s->depth == 0) return STATUS_NOT_FOUND;
        if (bytes.len == 0) {
            return reason_set(why, STATUS_CORRUPT, "line %llu: the JSON ends too early",
                              (unsigned long long)s->line);
        }
        size_t i = 0;
        while (st == STATUS_OK && i < bytes.len && !complete) {
            st = next_byte(s, bytes.p[i], &complete, why);
            s->line += bytes.p[i++] == '\n';
        }
        input_take(s->in, i);
        if (st == STATUS_OK && s->text.failed) st = STATUS_NO_MEMORY;
        if (st == STATUS_OK && s->text.len > JSON_SPLIT_TEXT_MAX) {
            st = reason_set(why, STATUS_TOO_LARGE, "line %llu: one object has more than 64 MiB",
                            (unsigned long long)s->text_line);
        }
        if (st != STATUS_OK) return st;
    }
    *text = buf_str(&s->text);
    return STATUS_OK;
}

static enum status next_byte(struct json_split *s, char c, bool *complete, struct reason *why) {
    if (is_gathering(s)) buf_append_char(&s->text, c);
    if (s->in_string) {
        string_byte(s, c);
        return STATUS_OK;
    }
    switch (c) {
    case '{':
    case '[': return open_bracket(s, c, why);
    case '}':
    case ']': return close_bracket(s, c, complete, why);
    case '"':
        s->in_string = true;
        if (s->depth == 1) buf_clear(&s->key);
        return STATUS_OK;
    case ':':
        s->is_list_next =
            s->depth == 1 && s->closes[1] && str_eq(buf_str(&s->key), STR("features"));
        return STATUS_OK;
    case ',': s->is_list_next = false; return STATUS_OK;
    default: return STATUS_OK;
    }
}

// A text is gathered from its first bracket on: at the top of the stream, or inside of the list.
static enum status open_bracket(struct json_split *s, char c, struct reason *why) {
    if (s->depth == JSON_SPLIT_DEPTH) {
        return reason_set(why, STATUS_CORRUPT, "line %llu: nested deeper than %d levels",
                          (unsigned long long)s->line, JSON_SPLIT_DEPTH);
    }
    bool is_list = c == '[' && (s->depth == 0 || (s->depth == 1 && s->is_list_next));
    bool begins = c == '{' && s->depth == s->list_depth;
    s->is_list_next = false;
    s->closes[++s->depth] = c == '{';
    if (is_list && s->list_depth == 0) {
        s->list_depth = s->depth;
        buf_clear(&s->text); // what stood around the list is of no use
    } else if (begins) {
        buf_clear(&s->text);
        buf_append_char(&s->text, c);
        s->text_line = s->line;
    }
    return STATUS_OK;
}

static enum status close_bracket(struct json_split *s, char c, bool *complete, struct reason *why) {
    if (s->depth == 0 || s->closes[s->depth] != (c == '}')) {
        return reason_set(why, STATUS_CORRUPT, "line %llu: %c closes nothing",
                          (unsigned long long)s->line, c);
    }
    bool was_list = s->depth == s->list_depth;
    s->depth--;
    if (was_list) {
        s->list_depth = 0;
        s->after_list = s->depth > 0;
        return STATUS_OK;
    }
    if (s->depth == 0 && s->after_list) {
        s->after_list = false;
        return STATUS_OK;
    }
    *complete = c == '}' && s->depth == s->list_depth;
    return STATUS_OK;
}

static void string_byte(struct json_split *s, char c) {
    if (s->escaped) {
        s->escaped = false;
    } else if (c == '\\') {
        s->escaped = true;
    } else if (c == '"') {
        s->in_string = false;
        return;
    }
    if (s->depth == 1 && s->key.len < 16) buf_append_char(&s->key, c);
}

// Inside of an object of the list, or of an object at the top that may turn out to hold the list.
static bool is_gathering(const struct json_split *s) {
    return s->depth > s->list_depth && !s->after_list;
}
