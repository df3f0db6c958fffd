// hub_state.h - what a hub is made of: topics (hub_topic.c), and the ports that hand messages over (hub_port.c).

#ifndef REALTIME_HUB_STATE_H
#define REALTIME_HUB_STATE_H

#include <pthread.h>

#include "realtime/hub.h"

enum { HUB_STRIPES = 64 };

/// A name somebody listens to. Held by each subscription, and by deliveries that name the pattern.
struct hub_topic {
    struct hub_topic *next; // in its bucket, or of the patterns
    _Atomic unsigned holders;
    enum hub_kind kind;
    struct hub_subscription *first;
    struct str name; // behind it
};

struct hub_subscription {
    struct hub_topic *topic;
    struct hub_subscriber *who;
    struct hub_subscription *prev, *next;         // of the topic, under the topic's lock
    struct hub_subscription *who_prev, *who_next; // of the subscriber, its thread's
    struct hub_subscription *chain;               // of its bucket there
    uint64_t hash;                                // of the name
};

/// Channels and private names by hash. Its mutex is also what orders the messages of a channel.
struct hub_stripe {
    pthread_mutex_t lock;
    struct hub_topic **buckets;
    size_t cap, count;
};

struct hub {
    struct hub_stripe stripes[HUB_STRIPES];
    pthread_rwlock_t patterns_lock; // taken after a stripe's
    struct hub_topic *patterns;
    _Atomic size_t pattern_count;
    _Atomic uint64_t version;
    _Atomic unsigned ports;
};

struct hub_item {
    struct hub_message *message;
    struct hub_topic *pattern; // held; NULL: by name
};

struct hub_subscriber {
    struct hub_port *port;
    void *owner;
    struct hub_subscription *first;
    struct hub_subscription **buckets; // by hash of the name
    size_t bucket_count, total;
    size_t counted; // channels and patterns
    size_t limit_bytes;
    // Under the port's lock:
    struct hub_subscriber *ready_prev, *ready_next;
    bool ready, over;
    struct hub_item *items;
    size_t len, cap, bytes;
};

struct hub_port {
    struct hub *hub;
    const struct hub_port_events *events;
    void *ctx;
    pthread_mutex_t lock; // taken after a topic's
    struct hub_subscriber *ready_first, *ready_last;
    bool posted;
    size_t subscribers; // the port's thread's
};

// --- hub_topic.c ---

void hub_topic_release(struct hub_topic *t);

// --- hub_port.c ---

/// NULL without memory; held once.
struct hub_message *hub_message_new(enum hub_kind kind, struct str channel, struct str text);
/// Under the lock of a topic. `pattern` is held until it is delivered; NULL: by name.
void hub_port_queue(struct hub_subscriber *s, struct hub_message *m, struct hub_topic *pattern);
/// Nothing waits for it any more.
void hub_port_forget(struct hub_subscriber *s);

#endif
