// hub_port.c - what waits for the subscribers of one loop, and the messages themselves.

#include <assert.h>

#include "base/buf.h"
#include "base/mem.h"
#include "proto/resp.h"
#include "realtime/hub_state.h"

static void queue_drop(struct hub_item *items, size_t len);
static void ready_add(struct hub_port *p, struct hub_subscriber *s);
static void ready_remove(struct hub_port *p, struct hub_subscriber *s);

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
        struct hub_item *items = s->items;
        size_t len = s->len;
        bool over = s->over;
        s->items = NULL;
        s->len = s->cap = s->bytes = 0;
        pthread_mutex_unlock(&p->lock);
        for (size_t i = 0; i < len && !over; i++) {
            struct hub_topic *pattern = items[i].pattern;
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

void hub_port_queue(struct hub_subscriber *s, struct hub_message *m, struct hub_topic *pattern) {
    struct hub_port *p = s->port;
    pthread_mutex_lock(&p->lock);
    if (!s->over && s->len == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 8;
        struct hub_item *more = mem_realloc(s->items, cap * sizeof *more);
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
        s->items[s->len++] = (struct hub_item){m, pattern};
        s->bytes += m->size;
    }
    if (!s->ready) ready_add(p, s);
    if (!p->posted) p->posted = p->events->post(p->ctx);
    pthread_mutex_unlock(&p->lock);
}

void hub_port_forget(struct hub_subscriber *s) {
    struct hub_port *p = s->port;
    pthread_mutex_lock(&p->lock);
    if (s->ready) ready_remove(p, s);
    pthread_mutex_unlock(&p->lock);
    queue_drop(s->items, s->len);
}

static void queue_drop(struct hub_item *items, size_t len) {
    for (size_t i = 0; i < len; i++) {
        hub_message_release(items[i].message);
        if (items[i].pattern) hub_topic_release(items[i].pattern);
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

// --- messages ---

void hub_message_hold(struct hub_message *m) {
    atomic_fetch_add_explicit(&m->holders, 1, memory_order_relaxed);
}

void hub_message_release(struct hub_message *m) {
    if (atomic_fetch_sub(&m->holders, 1) == 1) mem_free(m);
}

struct hub_message *hub_message_new(enum hub_kind kind, struct str channel, struct str text) {
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
