#include "realtime/hub.h"

#include <assert.h>
#include <pthread.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "proto/resp.h"

enum { STRIPES = 64, BUCKETS_FIRST = 8, LIMIT_BYTES = 32 << 20 };

/// A name somebody listens to. Held by each subscription, and by deliveries that name the pattern.
struct topic {
    struct topic *next; // in its bucket, or of the patterns
    _Atomic unsigned holders;
    enum hub_kind kind;
    struct subscription *first;
    struct str name; // behind it
};

struct subscription {
    struct topic *topic;
    struct hub_subscriber *who;
    struct subscription *prev, *next;         // of the topic, under the topic's lock
    struct subscription *who_prev, *who_next; // of the subscriber, its thread's
    struct subscription *chain;               // of its bucket there
    uint64_t hash;                            // of the name
};

/// Channels and private names by hash. Its mutex is also what orders the messages of a channel.
struct stripe {
    pthread_mutex_t lock;
    struct topic **buckets;
    size_t cap, count;
};

struct hub {
    struct stripe stripes[STRIPES];
    pthread_rwlock_t patterns_lock; // taken after a stripe's
    struct topic *patterns;
    _Atomic size_t pattern_count;
    _Atomic uint64_t version;
    _Atomic unsigned ports;
};

struct item {
    struct hub_message *message;
    struct topic *pattern; // held; NULL: by name
};

struct hub_subscriber {
    struct hub_port *port;
    void *owner;
    struct subscription *first;
    struct subscription **buckets; // by hash of the name
    size_t bucket_count, total;
    size_t counted; // channels and patterns
    size_t limit_bytes;
    // Under the port's lock:
    struct hub_subscriber *ready_prev, *ready_next;
    bool ready, over;
    struct item *items;
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

static struct stripe *stripe_of(struct hub *hub, struct str name, uint64_t *hash);
static struct topic **topic_place(struct stripe *s, enum hub_kind kind, struct str name,
                                  uint64_t hash);
static struct topic *topic_new(enum hub_kind kind, struct str name);
static void topic_release(struct topic *t);
static bool stripe_make_room(struct stripe *s);
static void topic_lock(struct hub *hub, enum hub_kind kind, struct stripe *s);
static void topic_unlock(struct hub *hub, enum hub_kind kind, struct stripe *s);
static struct subscription *subscription_find(const struct hub_subscriber *s, enum hub_kind kind,
                                              struct str name);
static bool subscriber_make_room(struct hub_subscriber *s);
static void subscription_end(struct subscription *n);
static struct hub_message *message_new(enum hub_kind kind, struct str channel, struct str text);
static size_t hear(struct topic *t, struct hub_message *m);
static void queue(struct hub_subscriber *s, struct hub_message *m, struct topic *pattern);
static void queue_drop(struct item *items, size_t len);
static void ready_add(struct hub_port *p, struct hub_subscriber *s);
static void ready_remove(struct hub_port *p, struct hub_subscriber *s);

enum status hub_new(struct hub **out) {
    struct hub *h = mem_zalloc(1, sizeof *h);
    if (!h) return STATUS_NO_MEMORY;
    for (unsigned i = 0; i < STRIPES; i++)
        pthread_mutex_init(&h->stripes[i].lock, NULL);
    pthread_rwlock_init(&h->patterns_lock, NULL);
    *out = h;
    return STATUS_OK;
}

void hub_free(struct hub *h) {
    if (!h) return;
    assert(atomic_load(&h->ports) == 0);
    for (unsigned i = 0; i < STRIPES; i++) {
        pthread_mutex_destroy(&h->stripes[i].lock);
        mem_free(h->stripes[i].buckets);
    }
    pthread_rwlock_destroy(&h->patterns_lock);
    mem_free(h);
}

enum status hub_port_new(struct hub *hub, const struct hub_port_events *events, void *ctx,
                         struct hub_port **out) {
    struct hub_port *p = mem_zalloc(1, sizeof *p);
    if (!p) return STATUS_NO_MEMORY;
    p->hub = hub;
    p->events = events;
    p->ctx = ctx;
    pthread_mutex_init(&p->lock, NULL);
    atomic_fetch_add(&hub->ports, 1);
    *out = p;
    return STATUS_OK;
}

void hub_port_free(struct hub_port *p) {
    if (!p) return;
    assert(p->subscribers == 0);
    atomic_fetch_sub(&p->hub->ports, 1);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

void hub_port_deliver(struct hub_port *p) {
    pthread_mutex_lock(&p->lock);
    p->posted = false;
    while (p->ready_first) {
        struct hub_subscriber *s = p->ready_first;
        ready_remove(p, s);
        struct item *items = s->items;
        size_t len = s->len;
        bool over = s->over;
        s->items = NULL;
        s->len = s->cap = s->bytes = 0;
        pthread_mutex_unlock(&p->lock);
        for (size_t i = 0; i < len && !over; i++) {
            struct topic *pattern = items[i].pattern;
            struct hub_delivery d = {items[i].message, HUB_CHANNEL, STR_NONE};
            if (pattern) {
                d.kind = pattern->kind;
                if (d.kind == HUB_PATTERN) d.pattern = pattern->name;
            }
            p->events->deliver(s->owner, &d);
        }
        if (over) p->events->overflow(s->owner);
        queue_drop(items, len);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
}

// --- subscribers ---

enum status hub_subscriber_new(struct hub_port *port, void *owner, size_t limit_bytes,
                               struct hub_subscriber **out) {
    struct hub_subscriber *s = mem_zalloc(1, sizeof *s);
    if (!s) return STATUS_NO_MEMORY;
    s->port = port;
    s->owner = owner;
    s->limit_bytes = limit_bytes ? limit_bytes : LIMIT_BYTES;
    port->subscribers++;
    *out = s;
    return STATUS_OK;
}

void hub_subscriber_free(struct hub_subscriber *s) {
    if (!s) return;
    while (s->first)
        subscription_end(s->first);
    struct hub_port *p = s->port;
    pthread_mutex_lock(&p->lock);
    if (s->ready) ready_remove(p, s);
    pthread_mutex_unlock(&p->lock);
    queue_drop(s->items, s->len);
    p->subscribers--;
    mem_free(s->buckets);
    mem_free(s);
}

enum status hub_subscribe(struct hub_subscriber *s, enum hub_kind kind, struct str name) {
    if (subscription_find(s, kind, name)) return STATUS_OK;
    struct hub *hub = s->port->hub;
    struct subscription *n = mem_zalloc(1, sizeof *n);
    struct topic *fresh = topic_new(kind, name);
    if (!n || !fresh || !subscriber_make_room(s)) {
        mem_free(n);
        mem_free(fresh);
        return STATUS_NO_MEMORY;
    }
    uint64_t hash;
    struct stripe *stripe = stripe_of(hub, name, &hash);
    struct topic **place;
    topic_lock(hub, kind, stripe);
    if (kind == HUB_PATTERN) {
        for (place = &hub->patterns; *place && !str_eq((*place)->name, name);)
            place = &(*place)->next;
    } else {
        if (!stripe_make_room(stripe)) {
            topic_unlock(hub, kind, stripe);
            mem_free(n);
            mem_free(fresh);
            return STATUS_NO_MEMORY;
        }
        place = topic_place(stripe, kind, name, hash);
    }
    struct topic *t = *place;
    if (!t) {
        *place = t = fresh;
        fresh = NULL;
        stripe->count += kind != HUB_PATTERN;
        atomic_fetch_add(&hub->pattern_count, kind == HUB_PATTERN);
    }
    atomic_fetch_add(&t->holders, 1);
    *n = (struct subscription){
        .topic = t, .who = s, .next = t->first, .who_next = s->first, .hash = hash};
    if (n->next) n->next->prev = n;
    t->first = n;
    topic_unlock(hub, kind, stripe);
    if (n->who_next) n->who_next->who_prev = n;
    s->first = n;
    struct subscription **bucket = &s->buckets[hash & (s->bucket_count - 1)];
    n->chain = *bucket;
    *bucket = n;
    s->total++;
    s->counted += kind != HUB_PRIVATE;
    atomic_fetch_add(&hub->version, 1);
    mem_free(fresh);
    return STATUS_OK;
}

bool hub_unsubscribe(struct hub_subscriber *s, enum hub_kind kind, struct str name) {
    struct subscription *n = subscription_find(s, kind, name);
    if (n) subscription_end(n);
    return n != NULL;
}

size_t hub_subscriptions(const struct hub_subscriber *s) {
    return s->counted;
}

bool hub_subscription_any(const struct hub_subscriber *s, enum hub_kind kind, struct str *name) {
    for (const struct subscription *n = s->first; n; n = n->who_next) {
        if (n->topic->kind != kind) continue;
        *name = n->topic->name;
        return true;
    }
    return false;
}

static struct subscription *subscription_find(const struct hub_subscriber *s, enum hub_kind kind,
                                              struct str name) {
    uint64_t hash = hash_bytes(name.p, name.len, 0);
    struct subscription *n = s->total ? s->buckets[hash & (s->bucket_count - 1)] : NULL;
    while (n && (n->hash != hash || n->topic->kind != kind || !str_eq(n->topic->name, name)))
        n = n->chain;
    return n;
}

static bool subscriber_make_room(struct hub_subscriber *s) {
    if (s->total < s->bucket_count) return true;
    size_t count = s->bucket_count ? 2 * s->bucket_count : BUCKETS_FIRST;
    struct subscription **wider = mem_zalloc(count, sizeof *wider);
    if (!wider) return s->bucket_count > 0;
    for (struct subscription *n = s->first; n; n = n->who_next) {
        n->chain = wider[n->hash & (count - 1)];
        wider[n->hash & (count - 1)] = n;
    }
    mem_free(s->buckets);
    s->buckets = wider;
    s->bucket_count = count;
    return true;
}

static void subscription_end(struct subscription *n) {
    struct hub_subscriber *s = n->who;
    struct hub *hub = s->port->hub;
    struct topic *t = n->topic;
    enum hub_kind kind = t->kind;
    uint64_t hash;
    struct stripe *stripe = stripe_of(hub, t->name, &hash);
    topic_lock(hub, kind, stripe);
    if (n->prev)
        n->prev->next = n->next;
    else
        t->first = n->next;
    if (n->next) n->next->prev = n->prev;
    if (!t->first) {
        struct topic **place =
            kind == HUB_PATTERN ? &hub->patterns : topic_place(stripe, kind, t->name, hash);
        while (*place != t)
            place = &(*place)->next;
        *place = t->next;
        stripe->count -= kind != HUB_PATTERN;
        atomic_fetch_sub(&hub->pattern_count, kind == HUB_PATTERN);
    }
    topic_unlock(hub, kind, stripe);
    struct subscription **bucket = &s->buckets[n->hash & (s->bucket_count - 1)];
    while (*bucket != n)
        bucket = &(*bucket)->chain;
    *bucket = n->chain;
    s->total--;
    if (n->who_prev)
        n->who_prev->who_next = n->who_next;
    else
        s->first = n->who_next;
    if (n->who_next) n->who_next->who_prev = n->who_prev;
    s->counted -= kind != HUB_PRIVATE;
    atomic_fetch_add(&hub->version, 1);
    topic_release(t);
    mem_free(n);
}

// --- messages ---

enum status hub_publish(struct hub *hub, enum hub_kind kind, struct str channel, struct str text,
                        size_t *heard) {
    assert(kind != HUB_PATTERN);
    uint64_t hash;
    struct stripe *stripe = stripe_of(hub, channel, &hash);
    struct hub_message *m = NULL;
    enum status st = STATUS_OK;
    size_t n = 0;
    pthread_mutex_lock(&stripe->lock);
    struct topic *t = stripe->count ? *topic_place(stripe, kind, channel, hash) : NULL;
    bool patterns = kind == HUB_CHANNEL && atomic_load(&hub->pattern_count) > 0;
    if (t || patterns) {
        m = message_new(kind, channel, text);
        st = m ? STATUS_OK : STATUS_NO_MEMORY;
    }
    if (m && t) n += hear(t, m);
    if (m && patterns) {
        pthread_rwlock_rdlock(&hub->patterns_lock);
        for (t = hub->patterns; t; t = t->next) {
            if (str_glob(t->name, channel)) n += hear(t, m);
        }
        pthread_rwlock_unlock(&hub->patterns_lock);
    }
    pthread_mutex_unlock(&stripe->lock);
    if (m) hub_message_release(m);
    if (heard) *heard = n;
    return st;
}

bool hub_has_listener(struct hub *hub, enum hub_kind kind, struct str channel) {
    uint64_t hash;
    struct stripe *stripe = stripe_of(hub, channel, &hash);
    pthread_mutex_lock(&stripe->lock);
    bool heard = stripe->count && *topic_place(stripe, kind, channel, hash);
    pthread_mutex_unlock(&stripe->lock);
    if (heard || kind != HUB_CHANNEL || !atomic_load(&hub->pattern_count)) return heard;
    pthread_rwlock_rdlock(&hub->patterns_lock);
    for (struct topic *t = hub->patterns; t && !heard; t = t->next)
        heard = str_glob(t->name, channel);
    pthread_rwlock_unlock(&hub->patterns_lock);
    return heard;
}

uint64_t hub_version(const struct hub *hub) {
    return atomic_load(&hub->version);
}

void hub_message_hold(struct hub_message *m) {
    atomic_fetch_add_explicit(&m->holders, 1, memory_order_relaxed);
}

void hub_message_release(struct hub_message *m) {
    if (atomic_fetch_sub(&m->holders, 1) == 1) mem_free(m);
}

static struct hub_message *message_new(enum hub_kind kind, struct str channel, struct str text) {
    enum { HEADS = 96 }; // of an array, a word and three lengths
    size_t room = HEADS + channel.len + text.len + (kind == HUB_PRIVATE ? channel.len : 0);
    struct hub_message *m = mem_alloc(sizeof *m + room);
    if (!m) return NULL;
    struct buf b = {.data = (char *)(m + 1), .cap = room};
    if (kind == HUB_PRIVATE) {
        resp_bulk(&b, text);
        m->wire = buf_str(&b);
        buf_append_str(&b, channel);
        m->channel = (struct str){b.data + b.len - channel.len, channel.len};
    } else {
        resp_array(&b, 3);
        resp_bulk(&b, STR("message"));
        resp_bulk(&b, channel);
        m->channel = (struct str){b.data + b.len - 2 - channel.len, channel.len};
        resp_bulk(&b, text);
        m->wire = buf_str(&b);
    }
    m->text = (struct str){m->wire.p + m->wire.len - 2 - text.len, text.len};
    m->size = sizeof *m + room;
    atomic_init(&m->holders, 1);
    return m;
}

/// Under the topic's lock.
static size_t hear(struct topic *t, struct hub_message *m) {
    size_t n = 0;
    for (struct subscription *s = t->first; s; s = s->next, n++)
        queue(s->who, m, t->kind == HUB_CHANNEL ? NULL : t);
    return n;
}

static void queue(struct hub_subscriber *s, struct hub_message *m, struct topic *pattern) {
    struct hub_port *p = s->port;
    pthread_mutex_lock(&p->lock);
    if (!s->over && s->len == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 8;
        struct item *more = mem_realloc(s->items, cap * sizeof *more);
        if (more) {
            s->items = more;
            s->cap = cap;
        } else {
            s->over = true; // better an end than a gap
        }
    }
    if (!s->over && s->bytes + m->size > s->limit_bytes && s->len) s->over = true;
    if (!s->over) {
        hub_message_hold(m);
        if (pattern) atomic_fetch_add_explicit(&pattern->holders, 1, memory_order_relaxed);
        s->items[s->len++] = (struct item){m, pattern};
        s->bytes += m->size;
    }
    if (!s->ready) ready_add(p, s);
    if (!p->posted) p->posted = p->events->post(p->ctx);
    pthread_mutex_unlock(&p->lock);
}

static void queue_drop(struct item *items, size_t len) {
    for (size_t i = 0; i < len; i++) {
        hub_message_release(items[i].message);
        if (items[i].pattern) topic_release(items[i].pattern);
    }
    mem_free(items);
}

static void ready_add(struct hub_port *p, struct hub_subscriber *s) {
    s->ready = true;
    s->ready_prev = p->ready_last;
    s->ready_next = NULL;
    if (p->ready_last)
        p->ready_last->ready_next = s;
    else
        p->ready_first = s;
    p->ready_last = s;
}

static void ready_remove(struct hub_port *p, struct hub_subscriber *s) {
    s->ready = false;
    if (s->ready_prev)
        s->ready_prev->ready_next = s->ready_next;
    else
        p->ready_first = s->ready_next;
    if (s->ready_next)
        s->ready_next->ready_prev = s->ready_prev;
    else
        p->ready_last = s->ready_prev;
}

// --- topics ---

static struct stripe *stripe_of(struct hub *hub, struct str name, uint64_t *hash) {
    *hash = hash_bytes(name.p, name.len, 0);
    return &hub->stripes[*hash % STRIPES];
}

static void topic_lock(struct hub *hub, enum hub_kind kind, struct stripe *s) {
    if (kind == HUB_PATTERN)
        pthread_rwlock_wrlock(&hub->patterns_lock);
    else
        pthread_mutex_lock(&s->lock);
}

static void topic_unlock(struct hub *hub, enum hub_kind kind, struct stripe *s) {
    if (kind == HUB_PATTERN)
        pthread_rwlock_unlock(&hub->patterns_lock);
    else
        pthread_mutex_unlock(&s->lock);
}

/// Where it is, or the end of its bucket. The stripe has room.
static struct topic **topic_place(struct stripe *s, enum hub_kind kind, struct str name,
                                  uint64_t hash) {
    struct topic **at = &s->buckets[(hash / STRIPES) & (s->cap - 1)];
    while (*at && ((*at)->kind != kind || !str_eq((*at)->name, name)))
        at = &(*at)->next;
    return at;
}

static bool stripe_make_room(struct stripe *s) {
    if (s->count < s->cap) return true;
    size_t cap = s->cap ? 2 * s->cap : BUCKETS_FIRST;
    struct topic **wider = mem_zalloc(cap, sizeof *wider);
    if (!wider) return s->cap > 0;
    for (size_t i = 0; i < s->cap; i++) {
        for (struct topic *t = s->buckets[i], *next; t; t = next) {
            next = t->next;
            size_t at = (hash_bytes(t->name.p, t->name.len, 0) / STRIPES) & (cap - 1);
            t->next = wider[at];
            wider[at] = t;
        }
    }
    mem_free(s->buckets);
    s->buckets = wider;
    s->cap = cap;
    return true;
}

/// Held by nobody yet.
static struct topic *topic_new(enum hub_kind kind, struct str name) {
    struct topic *t = mem_zalloc(1, sizeof *t + name.len);
    if (!t) return NULL;
    t->kind = kind;
    t->name = (struct str){(char *)(t + 1), name.len};
    if (name.len) memcpy(t + 1, name.p, name.len);
    return t;
}

static void topic_release(struct topic *t) {
    if (atomic_fetch_sub(&t->holders, 1) == 1) mem_free(t);
}
