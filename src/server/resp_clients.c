#include "server/resp_clients.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"

struct resp_clients {
    pthread_mutex_t lock;
    struct resp_clients_entry *first, *last;
    uint64_t last_id;
    size_t count;
};

enum status resp_clients_new(struct resp_clients **out) {
    struct resp_clients *c = mem_zalloc(1, sizeof *c);
    if (!c) return STATUS_NO_MEMORY;
    pthread_mutex_init(&c->lock, NULL);
    *out = c;
    return STATUS_OK;
}

void resp_clients_free(struct resp_clients *c) {
    if (!c) return;
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

void resp_clients_add(struct resp_clients *c, struct resp_clients_entry *e, uint64_t now_ns) {
    e->opened_ns = now_ns;
    atomic_store(&e->last_ns, now_ns);
    pthread_mutex_lock(&c->lock);
    e->id = ++c->last_id;
    e->prev = c->last;
    e->next = NULL;
    if (e->prev)
        e->prev->next = e;
    else
        c->first = e;
    c->last = e;
    c->count++;
    pthread_mutex_unlock(&c->lock);
}

void resp_clients_remove(struct resp_clients *c, struct resp_clients_entry *e) {
    pthread_mutex_lock(&c->lock);
    if (e->prev)
        e->prev->next = e->next;
    else
        c->first = e->next;
    if (e->next)
        e->next->prev = e->prev;
    else
        c->last = e->prev;
    c->count--;
    pthread_mutex_unlock(&c->lock);
    mem_free(e->name);
    e->name = NULL;
}

size_t resp_clients_count(struct resp_clients *c) {
    pthread_mutex_lock(&c->lock);
    size_t n = c->count;
    pthread_mutex_unlock(&c->lock);
    return n;
}

static uint64_t seconds_since(uint64_t ns, uint64_t now_ns) {
    return now_ns > ns ? (now_ns - ns) / 1000000000 : 0;
}

void resp_clients_each(void *ctx,
                       void (*each)(void *each_ctx, const struct command_client_facts *facts),
                       void *each_ctx) {
    struct resp_clients *c = ctx;
    uint64_t now_ns = clock_mono_ns();
    pthread_mutex_lock(&c->lock);
    for (struct resp_clients_entry *e = c->first; e; e = e->next) {
        struct command_client_facts facts = {
            .id = e->id,
            .age_s = seconds_since(e->opened_ns, now_ns),
            .idle_s =
                seconds_since(atomic_load_explicit(&e->last_ns, memory_order_relaxed), now_ns),
            .address = str_of(e->address),
            .name = str_of(e->name ? e->name : ""),
        };
        each(each_ctx, &facts);
    }
    pthread_mutex_unlock(&c->lock);
}

size_t resp_clients_kill(void *ctx, uint64_t id, struct str address) {
    struct resp_clients *c = ctx;
    size_t n = 0;
    pthread_mutex_lock(&c->lock);
    for (struct resp_clients_entry *e = c->first; e; e = e->next) {
        if (id ? e->id != id : !str_eq(str_of(e->address), address)) continue;
        e->kill(e->ctx, e->id);
        n++;
    }
    pthread_mutex_unlock(&c->lock);
    return n;
}

enum status resp_clients_rename(void *ctx, uint64_t id, struct str name) {
    struct resp_clients *c = ctx;
    char *copy = mem_alloc(name.len + 1);
    if (!copy) return STATUS_NO_MEMORY;
    if (name.len) memcpy(copy, name.p, name.len);
    copy[name.len] = '\0';
    pthread_mutex_lock(&c->lock);
    for (struct resp_clients_entry *e = c->first; e; e = e->next) {
        if (e->id != id) continue;
        char *old = e->name;
        e->name = copy;
        copy = old;
        break;
    }
    pthread_mutex_unlock(&c->lock);
    mem_free(copy);
    return STATUS_OK;
}
