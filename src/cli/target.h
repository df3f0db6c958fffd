// target.h - the database that a command works on: a running server (--url) or a data directory (--data).
//
// Owner: one thread at a time.

#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include "cli/answer.h"
#include "cli/options.h"

#define TARGET_OPTIONS                                                                             \
    {"url", "URL", "The running server; http://127.0.0.1:4000 by default."},                       \
        {"data", "DIR", "Work on this data directory instead, while no server uses it."}, {        \
        "config", "FILE", "With --data: the configuration to open it with."                        \
    }

struct target;

/// From the options above, which the command has in its table. On failure says why and gives an exit code other than CLI_DONE.
int target_open(const struct options *options, enum target_use use, struct target **out);
/// While the answer is 503 or 429 (busy) waits and asks again, at most `patience_s`.
MUST_USE enum status target_call(struct target *t, const struct target_call *call,
                                 unsigned patience_s, struct reason *why);
/// UNAVAILABLE of the last call meant: nobody answered there.
bool target_is_away(const struct target *t);
bool target_is_local(const struct target *t);
/// In a data directory, makes all that was written durable. NULL is allowed.
MUST_USE enum status target_close(struct target *t, struct reason *why);

#endif
