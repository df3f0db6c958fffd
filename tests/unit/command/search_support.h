// search_support.h - objects for the tests of searches, put straight into the engine.

#ifndef TESTS_UNIT_COMMAND_SEARCH_SUPPORT_H
#define TESTS_UNIT_COMMAND_SEARCH_SUPPORT_H

#include "unit/command/support.h"

#include "command/object_parse.h"

/// `what` as behind SET key id: "POINT 33 -112", "STRING text" ... (parts in 'quotes' may hold spaces); `fields` is canonical
/// JSON, NULL: none.
static inline void put(struct desk *d, const char *key, const char *id, const char *fields,
                       const char *what) {
    struct str args[8];
    size_t n = 0;
    for (const char *at = what; *at;) {
        char stop = *at == '\'' ? '\'' : ' ';
        at += stop == '\'';
        size_t len = strcspn(at, stop == ' ' ? " " : "'");
        args[n++] = (struct str){at, len};
        at += len;
        at += *at == '\'';
        at += *at == ' ';
    }
    struct reason why = {0};
    struct command_call call = {.commands = d->commands,
                                .client = &d->client,
                                .args = args,
                                .count = n,
                                .out = &d->out,
                                .arena = &d->arena,
                                .reader = d->reader,
                                .why = &why};
    struct args a = args_begin(&call, 1);
    struct object_parse parsed;
    engine_enter(d->engine, d->reader);
    if (object_parse_rest(&a, args[0], &parsed) != STATUS_OK) {
        fail_msg("%s: %s", what, why.text);
    }
    struct change change = {.kind = CHANGE_PUT, .collection = str_of(key), .draft = parsed.draft};
    struct change_result result = {0};
    uint64_t lsn;
    change.draft.id = str_of(id);
    if (fields) {
        change.draft.properties = str_of(fields);
    }
    assert_int_equal(engine_apply(d->engine, d->reader, &change, 1, &result, &lsn, &why),
                     STATUS_OK);
    assert_int_equal(result.status, STATUS_OK);
    object_parse_release(&parsed);
    engine_leave(d->engine, d->reader);
    arena_reset(&d->arena);
}

/// A RESP reply in short: "[0 [[truck [33 -112] [speed 10]]]]", integers and strings bare, null as "nil".
static inline void shorten(const char **at, struct buf *out) {
    char kind = *(*at)++;
    long n = strtol(*at, NULL, 10);
    const char *line = *at;
    *at = strstr(*at, "\r\n") + 2;
    switch (kind) {
    case '*':
        buf_append_char(out, '[');
        for (long i = 0; i < n; i++) {
            if (i) buf_append_char(out, ' ');
            shorten(at, out);
        }
        buf_append_char(out, ']');
        break;
    case '$':
        if (n < 0) {
            buf_append_str(out, STR("nil"));
            break;
        }
        buf_append(out, *at, (size_t)n);
        *at += n + 2;
        break;
    case '-': buf_append_char(out, '-'); // fall through
    default: buf_append(out, line, (size_t)(*at - line) - 2);
    }
}

static inline void assert_short(struct desk *d, const char *line, const char *expected) {
    d->client.json = false;
    const char *at = desk_say(d, line).p;
    struct buf out;
    buf_init(&out);
    shorten(&at, &out);
    buf_append_char(&out, '\0');
    if (strcmp(out.data, expected) != 0) {
        print_error("%s\n", line);
    }
    assert_string_equal(out.data, expected);
    buf_deinit(&out);
}

#endif
