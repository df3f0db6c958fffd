// command_run.h - SETs, or GETs, of one connection that stand next to each other and are answered together.
//
//   SET fleet a POINT 1 2 -+
//   SET fleet b POINT 3 4  +-> engine_set_points, or engine_apply where objects are made or more than moved
//   SET fleet c POINT 5 6 -+        +OK +OK +OK
//
// What each answers and leaves behind is what it would alone, in their order: only the locks, the record in the store and
// the waiting for memory are shared; of GETs the latter. A run ends at another command, at another key, and at a SET that
// has more to say than "+OK".
//
// Owner: one thread. Arguments are borrowed from command_run_add until command_run_answer.

#ifndef COMMAND_COMMAND_RUN_H
#define COMMAND_COMMAND_RUN_H

#include "command/command.h"

#define COMMAND_RUN_MAX 256 // commands

struct command_run;

MUST_USE enum status command_run_new(struct command_run **out);
void command_run_free(struct command_run *run);
size_t command_run_count(const struct command_run *run);
/// Of the run, or of the last one.
const struct command *command_run_command(const struct command_run *run);

/// Take the command into the run. False: answer what has gathered, then this command by itself. Keeps what it needs in the
/// call's arena, which must not be emptied before the answer.
bool command_run_add(struct command_run *run, struct command_call *call);

/// A reply stands in call->out from `begin` on; it may leave when `lsn` is durable. False: enough for now.
typedef bool command_run_each_fn(void *ctx, size_t begin, uint64_t lsn);
/// Do them and append their replies; `each` after each. Of GETs those after its no are left out. Returns how many were
/// answered; the run is empty again.
size_t command_run_answer(struct command_run *run, struct command_call *call,
                          command_run_each_fn *each, void *ctx);

#endif
