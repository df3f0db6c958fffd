// hub_topic.c - the hub itself: topics, who is subscribed to them, publishing.

#include <assert.h>

#include "base/hash.h"
#include "base/mem.h"
#include "realtime/hub_state.h"

enum { BUCKETS_FIRST = 8, LIMIT_BYTES = 32 << 20 };

static struct hub_stripe *stripe_of(struct hub *hub, struct str name, uint64_t *hash);
static struct hub_topic **topic_place(struct hub_stripe *s, enum hub_kind kind, struct str name,
                                      uint64_t hash);
static struct hub_topic *topic_new(enum hub_kind kind, struct str name);
static bool stripe_make_room(struct hub_stripe *s);
static void topic_lock(struct hub *hub, enum hub_kind kind, struct hub_stripe *s);
static void topic_unlock(struct hub *hub, enum hub_kind kind, struct hub_stripe *s);
static struct hub_subscription *subscription_find(const struct hub_subscriber *s,
                                                  enum hub_kind kind, struct str name);
static bool subscriber_make_room(struct hub_subscriber *s);
static void subscription_end(struct hub_subscription *n);
static size_t hear(struct hub_topic *t, struct hub_message *m);

enum status hub_new(struct hub **out) {
    struct hub *h = mem_zalloc(1, sizeof *h);
    if (!h) return STATUS_NO_MEMORY;
    for (unsigned i = 0; i < HUB_STRIPES; i++)
        pthread_mutex_init(&h->stripes[i].lock, NULL);
    pthread_rwlock_init(&h->patterns_lock, NULL);
    *out = h;
    return STATUS_OK;
}

void hub_free(struct hub *h) {
    if (!h) return;
    assert(atomic_load(&h->ports) == 0);
    for (unsigned i = 0; i < HUB_STRIPES; i++) {
        pthread_mutex_destroy(&h->stripes[i].lock);
        mem_free(h->stripes[i].buckets);
    }
    pthread_rwlock_destroy(&h->patterns_lock);
    mem_free(h);
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
    hub_port_forget(s);
    s->port->subscribers--;
    mem_free(s->buckets);
    mem_free(s);
}

enum status hub_subscribe(struct hub_subscriber *s, enum hub_kind kind, struct str name) {
    if (subscription_find(s, kind, name)) return STATUS_OK;
    struct hub *hub = s->port->hub;
    struct hub_subscription *n = mem_zalloc(1, sizeof *n);
    struct hub_topic *fresh = topic_new(kind, name);
    if (!n || !fresh || !subscriber_make_room(s)) {
        mem_free(n);
        mem_free(fresh);
        return STATUS_NO_MEMORY;
    }
    uint64_t hash;
    struct hub_stripe *stripe = stripe_of(hub, name, &hash);
    struct hub_topic **place;
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
    struct hub_topic *t = *place;
    if (!t) {
        *place = t = fresh;
        fresh = NULL;
        stripe->count += kind != HUB_PATTERN;
        atomic_fetch_add(&hub->pattern_count, kind == HUB_PATTERN);
    }
    atomic_fetch_add(&t->holders, 1);
    *n = (struct hub_subscription){
        .topic = t, .who = s, .next = t->first, .who_next = s->first, .hash = hash};
    if (n->next) n->next->prev = n;
    t->first = n;
    topic_unlock(hub, kind, stripe);
    if (n->who_next) n->who_next->who_prev = n;
    s->first = n;
    struct hub_subscription **bucket = &s->buckets[hash & (s->bucket_count - 1)];
    n->chain = *bucket;
    *bucket = n;
    s->total++;
    s->counted += kind != HUB_PRIVATE;
    atomic_fetch_add(&hub->version, 1);
    mem_free(fresh);
    return STATUS_OK;
}

bool hub_unsubscribe(struct hub_subscriber *s, enum hub_kind kind, struct str name) {
    struct hub_subscription *n = subscription_find(s, kind, name);
    if (n) subscription_end(n);
    return n != NULL;
}

size_t hub_subscriptions(const struct hub_subscriber *s) {
    return s->counted;
}

bool hub_subscription_any(const struct hub_subscriber *s, enum hub_kind kind, struct str *name) {
    for (const struct hub_subscription *n = s->first; n; n = n->who_next) {
        if (n->topic->kind != kind) continue;
        *name = n->topic->name;
        return true;
    }
    return false;
}

static struct hub_subscription *subscription_find(const struct hub_subscriber *s,
                                                  enum hub_kind kind, struct str name) {
    uint64_t hash = hash_bytes(name.p, name.len, 0);
    struct hub_subscription *n = s->total ? s->buckets[hash & (s->bucket_count - 1)] : NULL;
    while (n && (n->hash != hash || n->topic->kind != kind || !str_eq(n->topic->name, name)))
        n = n->chain;
    return n;
}

static bool subscriber_make_room(struct hub_subscriber *s) {
    if (s->total < s->bucket_count) return true;
    size_t count = s->bucket_count ? 2 * s->bucket_count : BUCKETS_FIRST;
    struct hub_subscription **wider = mem_zalloc(count, sizeof *wider);
    if (!wider) return s->bucket_count > 0;
    for (struct hub_subscription *n = s->first; n; n = n->who_next) {
        n->chain = wider[n->hash & (count - 1)];
        wider[n->hash & (count - 1)] = n;
    }
    mem_free(s->buckets);
    s->buckets = wider;
    s->bucket_count = count;
    return true;
}

static void subscription_end(struct hub_subscription *n) {
    struct hub_subscriber *s = n->who;
    struct hub *hub = s->port->hub;
    struct hub_topic *t = n->topic;
    enum hub_kind kind = t->kind;
    uint64_t hash;
    struct hub_stripe *stripe = stripe_of(hub, t->name, &hash);
    topic_lock(hub, kind, stripe);
    if (n->prev)
        n->prev->next = n->next;
    else
        t->first = n->next;
    if (n->next) n->next->prev = n->prev;
    if (!t->first) {
        struct hub_topic **place =
            kind == HUB_PATTERN ? &hub->patterns : topic_place(stripe, kind, t->name, hash);
        while (*place != t)
            place = &(*place)->next;
        *place = t->next;
        stripe->count -= kind != HUB_PATTERN;
        atomic_fetch_sub(&hub->pattern_count, kind == HUB_PATTERN);
    }
    topic_unlock(hub, kind, stripe);
    struct hub_subscription **bucket = &s->buckets[n->hash & (s->bucket_count - 1)];
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
    hub_topic_release(t);
    mem_free(n);
}

// --- publishing ---

enum status hub_publish(struct hub *hub, enum hub_kind kind, struct str channel, struct str text,
                        size_t *heard) {
    assert(kind != HUB_PATTERN);
    uint64_t hash;
    struct hub_stripe *stripe = stripe_of(hub, channel, &hash);
    struct hub_message *m = NULL;
    enum status st = STATUS_OK;
    size_t n = 0;
    pthread_mutex_lock(&stripe->lock);
    struct hub_topic *t = stripe->count ? *topic_place(stripe, kind, channel, hash) : NULL;
    bool patterns = kind == HUB_CHANNEL && atomic_load(&hub->pattern_count) > 0;
    if (t || patterns) {
        m = hub_message_new(kind, channel, text);
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
    struct hub_stripe *stripe = stripe_of(hub, channel, &hash);
    pthread_mutex_lock(&stripe->lock);
    bool heard = stripe->count && *topic_place(stripe, kind, channel, hash);
    pthread_mutex_unlock(&stripe->lock);
    if (heard || kind != HUB_CHANNEL || !atomic_load(&hub->pattern_count)) return heard;
    pthread_rwlock_rdlock(&hub->patterns_lock);
    for (struct hub_topic *t = hub->patterns; t && !heard; t = t->next)
        heard = str_glob(t->name, channel);
    pthread_rwlock_unlock(&hub->patterns_lock);
    return heard;
}

uint64_t hub_version(const struct hub *hub) {
    return atomic_load(&hub->version);
}

/// Under the topic's lock.
static size_t hear(struct hub_topic *t, struct hub_message *m) {
    size_t n = 0;
    for (struct hub_subscription *s = t->first; s; s = s->next, n++)
        hub_port_queue(s->who, m, t->kind == HUB_CHANNEL ? NULL : t);
    return n;
}

// --- topics ---

static struct hub_stripe *stripe_of(struct hub *hub, struct str name, uint64_t *hash) {
    *hash = hash_bytes(name.p, name.len, 0);
    return &hub->stripes[*hash % HUB_STRIPES];
}

static void topic_lock(struct hub *hub, enum hub_kind kind, struct hub_stripe *s) {
    if (kind == HUB_PATTERN)
        pthread_rwlock_wrlock(&hub->patterns_lock);
    else
        pthread_mutex_lock(&s->lock);
}

static void topic_unlock(struct hub *hub, enum hub_kind kind, struct hub_stripe *s) {
    if (kind == HUB_PATTERN)
        pthread_rwlock_unlock(&hub->patterns_lock);
    else
        pthread_mutex_unlock(&s->lock);
}

/// Where it is, or the end of its bucket. The stripe has room.
static struct hub_topic **topic_place(struct hub_stripe *s, enum hub_kind kind, struct str name,
                                      uint64_t hash) {
    struct hub_topic **at = &s->buckets[(hash / HUB_STRIPES) & (s->cap - 1)];
    while (*at && ((*at)->kind != kind || !str_eq((*at)->name, name)))
        at = &(*at)->next;
    return at;
}

static bool stripe_make_room(struct hub_stripe *s) {
    if (s->count < s->cap) return true;
    size_t cap = s->cap ? 2 * s->cap : BUCKETS_FIRST;
    struct hub_topic **wider = mem_zalloc(cap, sizeof *wider);
    if (!wider) return s->cap > 0;
    for (size_t i = 0; i < s->cap; i++) {
        for (struct hub_topic *t = s->buckets[i], *next; t; t = next) {
            next = t->next;
            size_t at = (hash_bytes(t->name.p, t->name.len, 0) / HUB_STRIPES) & (cap - 1);
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
static struct hub_topic *topic_new(enum hub_kind kind, struct str name) {
    struct hub_topic *t = mem_zalloc(1, sizeof *t + name.len);
    if (!t) return NULL;
    t->kind = kind;
    t->name = (struct str){(char *)(t + 1), name.len};
    if (name.len) memcpy(t + 1, name.p, name.len);
    return t;
}

void hub_topic_release(struct hub_topic *t) {
    if (atomic_fetch_sub(&t->holders, 1) == 1) mem_free(t);
}
