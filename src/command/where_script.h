// where_script.h - what WHEREEVAL asks of the scripts' module.

#ifndef COMMAND_WHERE_SCRIPT_H
#define COMMAND_WHERE_SCRIPT_H

#include "command/command.h"

/// WHEREEVAL script n arg...: what the scripts' module gets to see.
struct where_script {
    struct str text; // the script, or its SHA-1 when `is_sha`
    bool is_sha;
    const struct str *args;
    size_t arg_count;
    void *
        state; // the scripts' module's own, NULL at first; what it points to lives in the call's arena
};
/// The scripts' module's answer to one object; `o` NULL only asks whether the script can be run ("sha not found", a
/// syntax error). Set in struct commands (commands_state.h); while it is NULL there are no scripts.
typedef enum status where_eval_fn(struct command_call *call, struct where_script *script,
                                  const struct object *o, bool *match);

#endif
