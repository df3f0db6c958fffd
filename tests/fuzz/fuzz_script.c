// Any text as a script, with a short time and little memory: it ends, and the next one finds all whole.

#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "engine/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct engine *engine;
static struct commands *commands;
static unsigned reader;

static void open_once(void) {
    if (commands) return;
    struct engine_options options = {.shard_count = 1};
    if (engine_new(&options, &engine) != STATUS_OK) abort();
    if (engine_reader_open(engine, &reader) != STATUS_OK) abort();
    struct commands_options own = {
        .engine = engine, .script_time_ms = 20, .script_memory_bytes = 4u << 20};
    if (commands_new(&own, &commands) != STATUS_OK) abort();
}

static void ask(const struct str *args, size_t count, bool json, struct buf *out) {
    struct arena arena;
    struct command_client client = {.json = json};
    arena_init(&arena, 0);
    struct command_call call = {.commands = commands,
                                .client = &client,
                                .args = args,
                                .count = count,
                                .out = out,
                                .arena = &arena,
                                .reader = reader};
    engine_enter(engine, reader);
    command_answer_bare(&call);
    engine_leave(engine, reader);
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || size > 4096) return 0;
    open_once();
    struct buf out;
    buf_init(&out);
    struct str args[] = {
        STR("EVAL"), {(const char *)data + 1, size - 1}, STR("1"), STR("k"), STR("a")};
    ask(args, 5, data[0] & 1, &out);
    if (out.len == 0 && !out.failed) abort();
    buf_clear(&out);
    struct str check[] = {STR("EVAL"), STR("return ('a'):upper() .. #table.concat({1, 2})"),
                          STR("0")};
    ask(check, 3, false, &out);
    if (out.failed || out.len != 8 || memcmp(out.data, "$2\r\nA2\r\n", 8) != 0) abort();
    buf_deinit(&out);
    return 0;
}
