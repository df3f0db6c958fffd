// scripts.h - running scripts: interpreters in a pool, texts in a cache, a clock and a memory limit for each run.
//
// EVAL runs one at a time, so that scripts that write see no other script's half-done work; EVALRO and EVALNA run beside
// everything. Commands of other clients go on between the commands of any script (docs/scripts.md).
// Threads: any.

#ifndef COMMAND_SCRIPTS_H
#define COMMAND_SCRIPTS_H

#include "command/command.h"
#include "command/script_state.h"
#include "command/where.h"

#define SCRIPTS_TIME_MS 5000
#define SCRIPTS_MEMORY_BYTES (64u << 20)

struct scripts;

/// 0: the defaults above.
MUST_USE enum status scripts_new(uint64_t time_ms, size_t memory_bytes, struct scripts **out);
void scripts_free(struct scripts *scripts);

struct scripts_run {
    struct str text; // the script, or its SHA-1
    bool is_sha;
    bool alone; // EVAL: no other such script runs meanwhile
    enum script_mode mode;
    const char *command; // EVAL_CMD
    const struct str *keys, *args;
    size_t key_count, arg_count;
};
/// Appends the reply. Fails with the script's error, "sha not found", "timeout".
MUST_USE enum status scripts_eval(struct scripts *scripts, struct command_call *call,
                                  const struct scripts_run *run);
/// Checks and keeps it; `sha` has room for SCRIPT_SHA_BYTES.
MUST_USE enum status scripts_load(struct scripts *scripts, struct command_call *call,
                                  struct str text, char *sha);
bool scripts_exists(struct scripts *scripts, struct str sha);
void scripts_flush(struct scripts *scripts);
/// WHEREEVAL; takes its scripts from call->commands.
where_eval_fn scripts_where;

#endif
