// resp_session.h - one connection of the RESP port: bytes become commands, replies go out in their order.
//
//   conn --on_data--> first bytes --+-- RESP, inline, native --> resp_parser --> command_answer --> out --conn_write
//                                   +-- HTTP --> http_parser --> command --> JSON, closed       \-> held until
//                                   +-- WebSocket: text frames are commands                          it is durable
//
// The replies of all commands that one read brought are gathered and written at once. A connection works for a
// millisecond or two, then the others of its worker come first. Reading stops while too much is unsent or waits for the disk.
// A connection that says nothing costs its struct conn and struct resp_session, no buffers.
//
// Owner thread: that of its home's loop. The home owns its sessions.

#ifndef SERVER_RESP_SESSION_H
#define SERVER_RESP_SESSION_H

#include "server/resp_home.h"

/// The borrowed members are set by the caller afterwards. Without `hub` nobody subscribes.
MUST_USE enum status resp_session_home_init(struct resp_home *home, struct loop *loop,
                                            struct hub *hub);
/// No session may be left.
void resp_session_home_deinit(struct resp_home *home);
/// At the end of a turn: leave the engine, let the replies go that are durable, or refused. True: some still wait.
bool resp_session_home_turn(struct resp_home *home);
/// Close what is idle, and the rest after its replies.
void resp_session_home_drain(struct resp_home *home);
/// Cut what is left.
void resp_session_home_abort(struct resp_home *home);

/// Takes the descriptor, on failure too.
MUST_USE enum status resp_session_open(struct resp_home *home, int fd);

#endif
