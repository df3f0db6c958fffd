// listener.h - a listening socket of one loop.

#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "base/reason.h"
#include "base/str.h"
#include "net/loop.h"

struct listener;

/// "HOST:PORT", "[::1]:PORT", ":PORT"; port 0 takes a free one. SO_REUSEPORT: each loop opens its own.
/// `on_accept` owns the descriptor. When descriptors run out it closes the newcomer at once (a reserve is kept) and goes on.
MUST_USE enum status listener_open(struct loop *l, struct str address,
                                   void (*on_accept)(void *ctx, int fd), void *ctx,
                                   struct listener **out, struct reason *why);
/// Is the address free? Asked without SO_REUSEPORT: two servers would silently share it otherwise.
MUST_USE enum status listener_probe(struct str address, struct reason *why);
/// The port it got.
uint16_t listener_port(const struct listener *s);
/// Stop accepting; connections go on. NULL is allowed.
void listener_close(struct listener *s);

#endif
