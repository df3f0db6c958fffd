#include "api/batch_text.h"

struct batch_text batch_text_open(struct str body, bool is_seq) {
    if (str_starts(body, STR("\xef\xbb\xbf"))) body = str_sub(body, 3, body.len - 3);
    bool separated = is_seq || (body.len && body.p[0] == BATCH_TEXT_RS);
    struct batch_text t = {.rest = body, .separator = separated ? BATCH_TEXT_RS : '\n'};
    // What stands before the first separator is no record: usually nothing.
    if (separated && body.len && body.p[0] == BATCH_TEXT_RS)
        t.rest = str_sub(body, 1, body.len - 1);
    return t;
}

bool batch_text_next(struct batch_text *t, struct str *text) {
    while (t->rest.len) {
        const char *end = memchr(t->rest.p, t->separator, t->rest.len);
        size_t len = end ? (size_t)(end - t->rest.p) : t->rest.len;
        *text = str_trim(str_sub(t->rest, 0, len));
        len += end != NULL;
        t->rest = str_sub(t->rest, len, t->rest.len - len);
        t->number++;
        if (text->len) return true;
    }
    return false;
}
