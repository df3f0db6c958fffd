// get.h - an object as GET answers it.

#ifndef COMMAND_GET_H
#define COMMAND_GET_H

#include "command/command.h"

/// What GET ... WITHFIELDS says of this object.
MUST_USE enum status get_reply_object(struct command_call *call, const struct object *o);

#endif
