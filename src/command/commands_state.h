// commands_state.h - what the files of this folder share.

#ifndef COMMAND_COMMANDS_STATE_H
#define COMMAND_COMMANDS_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "command/command.h"
#include "command/fence_groups.h"
#include "command/where_script.h"

#define COMMANDS_TABLE 512 // places, by hash of the name: several times the number of commands

#define COMMANDS_PASSWORD_BYTES 256
#define COMMANDS_KEEPALIVE_S 300

struct commands {
    struct commands_options options;
    const struct command *table[COMMANDS_TABLE];
    _Atomic uint64_t live_channels; // made so far: names of the next
    _Atomic unsigned monitors;      // connections that MONITOR
    _Atomic bool read_only;         // READONLY yes
    // What CONFIG SET changes until the next start.
    _Atomic bool asks_password;
    _Atomic uint64_t keepalive_s, autogc_s;
    where_eval_fn *where_eval; // set by the scripts' module; NULL: none
    struct scripts *scripts;
    struct fence_groups *groups;
    pthread_mutex_t hooks_lock; // one change of hooks and channels at a time
    pthread_mutex_t lock;       // guards the password
    char password[COMMANDS_PASSWORD_BYTES];
};

/// command_answer.c: what call->args name now, run inside another command. Fills call->command; the reply is appended, or
/// call->why says what failed.
MUST_USE enum status command_answer_nested(struct command_call *call);
/// May it run now, for this client, with so many arguments? call->why says why not.
MUST_USE enum status command_answer_check(struct command_call *call, const struct command *c);
/// The reply of a change that failed: `why` may be filled further.
void command_answer_refuse(struct command_call *call, enum status st, struct reason *why);

#endif
