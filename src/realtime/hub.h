// hub.h - who hears what: named channels and glob patterns on one side, subscribers of any worker on the other.
//
//   publish (any thread) --> channel's stripe --> queue of the subscriber's port --post--> the port's loop --deliver-->
//
// A port stands for one loop and is woken once for all that waits there. A message is encoded once and shared by all who
// hear it. What is published to one channel reaches every subscriber in one order. A subscriber whose queue grows over
// its limit hears no more: `overflow` says so, and it is to be closed.
//
// Owner: the server. Threads: publish, has_listener and version from any; a port and its subscribers are its loop's.

#ifndef REALTIME_HUB_H
#define REALTIME_HUB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/str.h"

struct hub;
struct hub_port;
struct hub_subscriber;

enum hub_kind {
    HUB_CHANNEL, // SUBSCRIBE: by name
    HUB_PATTERN, // PSUBSCRIBE: by glob over names of channels
    HUB_PRIVATE, // by name, in a space of its own that no pattern and no client reaches: live fences
};

/// What was published; its texts lie in one block with it.
struct hub_message {
    _Atomic unsigned holders;
    size_t size; // of the block
    struct str channel, text;
    struct str
        wire; // RESP: an array "message", channel, text; of HUB_PRIVATE the text as a bulk string
};

struct hub_delivery {
    struct hub_message *message; // for the call; hub_message_hold to keep it
    enum hub_kind kind;          // how it was subscribed to
    struct str pattern;          // of HUB_PATTERN
};

struct hub_port_events {
    /// From any thread: let the port's loop call hub_port_deliver soon. Once until that has begun. Must not call the hub.
    /// False: it could not be asked for; then the next message asks again.
    bool (*post)(void *ctx);
    /// On the port's thread. May subscribe and unsubscribe, must not free a subscriber.
    void (*deliver)(void *owner, const struct hub_delivery *delivery);
    void (*overflow)(void *owner);
};

MUST_USE enum status hub_new(struct hub **out);
/// No port may be left. NULL is allowed.
void hub_free(struct hub *hub);

/// `events` and `ctx` are borrowed.
MUST_USE enum status hub_port_new(struct hub *hub, const struct hub_port_events *events, void *ctx,
                                  struct hub_port **out);
/// No subscriber may be left. NULL is allowed.
void hub_port_free(struct hub_port *port);
/// Give the port's subscribers what waits for them.
void hub_port_deliver(struct hub_port *port);

/// `limit_bytes` of what waits for it; 0: 32 MiB.
MUST_USE enum status hub_subscriber_new(struct hub_port *port, void *owner, size_t limit_bytes,
                                        struct hub_subscriber **out);
/// Leaves all it has subscribed to. NULL is allowed.
void hub_subscriber_free(struct hub_subscriber *s);
/// Twice is once. NO_MEMORY leaves all as it was.
MUST_USE enum status hub_subscribe(struct hub_subscriber *s, enum hub_kind kind, struct str name);
/// False: it was not subscribed to. What was published before may still come.
bool hub_unsubscribe(struct hub_subscriber *s, enum hub_kind kind, struct str name);
/// Channels and patterns; private ones are not counted.
size_t hub_subscriptions(const struct hub_subscriber *s);
/// Any one of a kind, for leaving all of them; false: none is left. Borrowed until it is left.
bool hub_subscription_any(const struct hub_subscriber *s, enum hub_kind kind, struct str *name);

/// To a channel and the patterns that match it, or to a private one. `*heard` (may be NULL): how many subscriptions hear
/// it. NO_MEMORY: nobody does.
MUST_USE enum status hub_publish(struct hub *hub, enum hub_kind kind, struct str channel,
                                 struct str text, size_t *heard);
/// Would anybody hear it now?
bool hub_has_listener(struct hub *hub, enum hub_kind kind, struct str channel);
/// Grows with every subscription that begins or ends: what hub_has_listener said holds while it stays.
uint64_t hub_version(const struct hub *hub);

void hub_message_hold(struct hub_message *message);
void hub_message_release(struct hub_message *message);

#endif
