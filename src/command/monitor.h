// monitor.h - what MONITOR shows: every command as it begins, but for passwords.

#ifndef COMMAND_MONITOR_H
#define COMMAND_MONITOR_H

#include "command/command.h"

/// Tell those who listen. Only called while there are some.
void monitor_tell(const struct command_call *call);

#endif
