// support.h - commands over an engine in memory, asked without sockets.
//
//   struct desk desk; desk_open(&desk);
//   assert_reply(&desk, "SET fleet truck POINT 33 -112", "+OK\r\n");
//   assert_json(&desk, "GET fleet none", "{\"ok\":false,\"err\":\"key not found\"}");

#ifndef TESTS_UNIT_COMMAND_SUPPORT_H
#define TESTS_UNIT_COMMAND_SUPPORT_H

#include "support/support.h"

#include "command/command.h"

struct desk {
    struct engine *engine;
    struct registry *metrics;
    struct commands *commands;
    struct command_client client;
    struct arena arena;
    struct buf out;
    unsigned reader;
};

static inline void desk_open(struct desk *d) {
    *d = (struct desk){0};
    struct engine_options options = {.shard_count = 4, .index_kind = INDEX_QUADTREE};
    assert_int_equal(engine_new(&options, &d->engine), STATUS_OK);
    assert_int_equal(engine_reader_open(d->engine, &d->reader), STATUS_OK);
    assert_int_equal(registry_new(&d->metrics), STATUS_OK);
    struct commands_options commands = {.engine = d->engine, .metrics = d->metrics};
    assert_int_equal(commands_new(&commands, &d->commands), STATUS_OK);
    arena_init(&d->arena, 0);
    buf_init(&d->out);
}

static inline void desk_close(struct desk *d) {
    commands_free(d->commands);
    engine_reader_close(d->engine, d->reader);
    engine_free(d->engine);
    registry_free(d->metrics);
    arena_deinit(&d->arena);
    buf_deinit(&d->out);
}

/// The reply to these arguments; valid until the next one.
static inline struct str desk_ask(struct desk *d, const struct str *args, size_t count) {
    buf_clear(&d->out);
    struct command_call call = {.commands = d->commands,
                                .client = &d->client,
                                .args = args,
                                .count = count,
                                .out = &d->out,
                                .arena = &d->arena,
                                .reader = d->reader};
    engine_enter(d->engine, d->reader);
    command_answer_bare(&call);
    engine_leave(d->engine, d->reader);
    arena_reset(&d->arena);
    assert_false(d->out.failed);
    buf_append_char(&d->out, '\0'); // for tests that print it
    return (struct str){d->out.data, d->out.len - 1};
}

/// Arguments separated by single spaces; a part in 'quotes' is one argument.
static inline struct str desk_say(struct desk *d, const char *line) {
    static struct str args[256];
    size_t n = 0;
    while (*line) {
        char stop = *line == '\'' ? '\'' : ' ';
        line += stop == '\'';
        size_t len = 0;
        while (line[len] && line[len] != stop) {
            len++;
        }
        assert_true(n < 256);
        args[n++] = (struct str){line, len};
        line += len;
        line += *line == '\'';
        line += *line == ' ';
    }
    return desk_ask(d, args, n);
}

static inline void assert_reply(struct desk *d, const char *line, const char *expected) {
    d->client.json = false;
    assert_string_equal(desk_say(d, line).p, expected);
}

/// Compares with what stands before `,"elapsed":`, and closes it.
static inline void assert_json(struct desk *d, const char *line, const char *expected) {
    d->client.json = true;
    struct str got = desk_say(d, line);
    char *elapsed = strstr((char *)got.p, ",\"elapsed\":\"");
    assert_non_null(elapsed);
    strcpy(elapsed, "}");
    assert_string_equal(got.p, expected);
    d->client.json = false;
}

#endif
