// local.h - a data directory opened without a server: the same endpoints, no socket.
//
// Owner: one thread at a time.

#ifndef CLI_LOCAL_H
#define CLI_LOCAL_H

#include "cli/answer.h"
#include "server/config.h"

struct local;

/// LOCKED while a server has the directory. With TARGET_READ nothing in it changes; only TARGET_FILL makes it.
MUST_USE enum status local_open(const struct config *config, enum target_use use,
                                struct local **out, struct reason *why);
MUST_USE enum status local_call(struct local *l, const struct target_call *call,
                                struct reason *why);
long local_code(const struct local *l);
/// Syncs what was written and gives the directory back. NULL is allowed.
MUST_USE enum status local_close(struct local *l, struct reason *why);

#endif
