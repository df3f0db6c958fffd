// hooks.h - hooks and channels for the server: brought back at its start, taken away when they expire or all at once.

#ifndef COMMAND_HOOKS_H
#define COMMAND_HOOKS_H

#include "command/command.h"

/// Those that were kept, once, after the engine was attached. One that cannot be read any more is logged and left.
MUST_USE enum status hooks_restore(struct commands *commands, unsigned reader, struct reason *why);
/// All of them, of FLUSHDB. `*lsn` (never lowered) is when that is durable.
MUST_USE enum status hooks_clear(struct commands *commands, uint64_t *lsn, struct reason *why);
/// It has expired: what was kept of it goes (engine_events.expired).
void hooks_expired(struct commands *commands, const struct fence *fence);

#endif
