// fence_message.h - what fences tell hooks, channels and live connections: Tile38's JSON messages.
//
//   {"command":"set","group":"5c5203ccf5ec4e4f349fd038","detect":"inside","hook":"warehouse","meta":{...},
//    "key":"fleet","time":"2019-01-30T20:06:20.769Z","id":"truck1","object":{...},"fields":{...}}
//
// Threads: any.

#ifndef COMMAND_FENCE_MESSAGE_H
#define COMMAND_FENCE_MESSAGE_H

#include "command/command.h"

/// One message of a fence that a hook hangs on (hook.h), appended; nothing when there is none to send: an output of
/// COUNT, a channel that nobody hears. NO_MEMORY.
MUST_USE enum status fence_message_write(struct commands *commands, const struct fence_event *event,
                                         struct buf *out);

#endif
