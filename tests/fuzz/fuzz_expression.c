// fuzz_expression.c - any text as an expression, a regular expression, a value, and as the arguments of a search.
//
// The first line is the regular expression's text to look at, the rest what is parsed; spaces part arguments.

#include <stdint.h>
#include <stdlib.h>

#include "command/command.h"
#include "command/expression.h"
#include "command/regex.h"
#include "command/where.h"
#include "engine/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match_expression(struct str text, struct arena *arena) {
    static const char properties[] =
        "{\"a\":1,\"b\":\"x\\\"y\",\"c\":{\"d\":[true,null,{\"e\":2}]},\"speed\":50.5}";
    const struct expression *e;
    struct object_draft draft = {
        .id = STR("truck-7"), .point = {1, 2}, .properties = str_of(properties)};
    struct row *row;
    struct object o;
    if (expression_parse(text, arena, &e) != STATUS_OK) return;
    if (row_new(&draft, &row) != STATUS_OK) abort();
    row_read(row, &o);
    bool match = expression_matches(e, &o);
    if (expression_matches(e, &o) != match) abort();
    row_free(row);
}

static void match_regex(struct str pattern, struct str text, struct arena *arena) {
    struct regex *re;
    if (regex_parse(pattern, arena, &re) == STATUS_OK) {
        bool match = regex_matches(re, text);
        if (regex_matches(re, text) != match) abort();
    }
}

static void ask(struct str text, bool json) {
    static struct engine *engine;
    static struct commands *commands;
    static unsigned reader;
    if (!engine) {
        struct engine_options options = {.shard_count = 2};
        if (engine_new(&options, &engine) != STATUS_OK ||
            engine_reader_open(engine, &reader) != STATUS_OK)
            abort();
        struct commands_options o = {.engine = engine};
        if (commands_new(&o, &commands) != STATUS_OK) abort();
    }
    static const struct str names[] = {STR("NEARBY"), STR("WITHIN"), STR("INTERSECTS"),
                                       STR("SCAN"),   STR("SEARCH"), STR("TEST")};
    struct str args[64], part;
    size_t n = 1;
    while (n < 64 && str_split(&text, ' ', &part))
        args[n++] = part;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct command_client client = {.json = json};
        struct arena arena;
        struct buf out;
        arena_init(&arena, 0);
        buf_init(&out);
        args[0] = names[i];
        struct command_call call = {.commands = commands,
                                    .client = &client,
                                    .args = args,
                                    .count = n,
                                    .out = &out,
                                    .arena = &arena,
                                    .reader = reader};
        engine_enter(engine, reader);
        command_answer_bare(&call);
        engine_leave(engine, reader);
        if (!out.len || call.live.end) abort(); // no hub: nothing goes live
        buf_deinit(&out);
        arena_deinit(&arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str rest = {(const char *)data, size}, subject;
    if (size > 4096 || !str_split(&rest, '\n', &subject)) return 0;
    struct str text = rest.p ? rest : STR("");
    struct arena arena;
    arena_init(&arena, 0);
    match_expression(text, &arena);
    match_regex(text, subject, &arena);
    struct where_value value = where_value_of(text, &arena);
    if (value.kind != WHERE_NUMBER && where_value_compare(&value, &value) != 0) abort();
    ask(text, subject.len & 1);
    arena_deinit(&arena);
    return 0;
}
