#include "server/worker.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/listener.h"

enum { LISTENERS_MAX = 8 };

struct worker {
    struct worker_options options;
    struct loop *loop;
    struct session_home home;
    struct resp_home resp;
    struct http_metrics_cache cache;
    struct listener *listeners[LISTENERS_MAX];
    unsigned listener_count;
    pthread_t thread;
    bool started, joined, draining;
    unsigned pings;         // asked for, counted by who asks
    _Atomic unsigned pongs; // given
    _Atomic bool waits;     // answers wait for the disk: worker_durable wakes the loop
};

static void *worker_main(void *ctx);
static void on_turn(void *ctx);
static void on_accept(void *ctx, int fd);
static void on_accept_resp(void *ctx, int fd);
static void on_count(void *ctx, int difference);
static void on_wake(void *ctx);
static void on_drain(void *ctx);
static void on_abort(void *ctx);
static void on_ping(void *ctx);
static void on_configure(void *ctx);

enum status worker_new(const struct worker_options *options, struct worker **out) {
    struct worker *w = mem_zalloc(1, sizeof *w);
    if (!w) return STATUS_NO_MEMORY;
    w->options = *options;
    enum status st = loop_new(&w->loop);
    if (st == STATUS_OK) {
        st = session_home_init(&w->home, w->loop, options->handler, options->gzip_level);
        if (st == STATUS_OK) {
            st = resp_session_home_init(&w->resp, w->loop, options->hub);
            if (st != STATUS_OK) session_home_deinit(&w->home);
        }
    }
    if (st != STATUS_OK) {
        loop_free(w->loop);
        mem_free(w);
        return st;
    }
    w->cache.shared = options->metrics;
    w->home.settings = options->settings;
    w->home.log = options->log;
    w->home.metrics = &w->cache;
    w->home.reader = options->reader;
    w->home.on_count = on_count;
    w->home.count_ctx = w;
    w->resp.handler = options->handler;
    w->resp.is_serving = options->is_serving;
    w->resp.settings = options->resp;
    w->resp.clients = options->clients;
    w->resp.metrics = options->resp_metrics;
    w->resp.reader = options->reader;
    w->resp.on_count = on_count;
    w->resp.count_ctx = w;
    *out = w;
    return STATUS_OK;
}

void worker_free(struct worker *w) {
    if (!w) return;
    for (unsigned i = 0; i < w->listener_count; i++)
        listener_close(w->listeners[i]);
    session_home_deinit(&w->home);
    resp_session_home_deinit(&w->resp);
    loop_free(w->loop);
    mem_free(w);
}

static enum status listen_on(struct worker *w, struct str address,
                             void (*accept)(void *ctx, int fd), uint16_t *port,
                             struct reason *why) {
    if (w->listener_count == LISTENERS_MAX) {
        return reason_set(why, STATUS_INVALID, "more than %d addresses", LISTENERS_MAX);
    }
    struct listener **slot = &w->listeners[w->listener_count];
    enum status st = listener_open(w->loop, address, accept, w, slot, why);
    if (st != STATUS_OK) return st;
    w->listener_count++;
    *port = listener_port(*slot);
    return STATUS_OK;
}

enum status worker_listen(struct worker *w, struct str address, uint16_t *port,
                          struct reason *why) {
    return listen_on(w, address, on_accept, port, why);
}

enum status worker_listen_resp(struct worker *w, struct str address, struct commands *commands,
                               uint16_t *port, struct reason *why) {
    w->resp.commands = commands;
    return listen_on(w, address, on_accept_resp, port, why);
}

enum status worker_start(struct worker *w, const char *name) {
    int err = pthread_create(&w->thread, NULL, worker_main, w);
    if (err != 0) return status_from_errno(err);
    w->started = true;
    pthread_setname_np(w->thread, name);
    return STATUS_OK;
}

void worker_drain(struct worker *w) {
    if (loop_post(w->loop, on_drain, w) != STATUS_OK) loop_stop(w->loop);
}

void worker_abort(struct worker *w) {
    if (loop_post(w->loop, on_abort, w) != STATUS_OK) loop_stop(w->loop);
}

bool worker_join(struct worker *w, uint64_t timeout_ms) {
    if (!w->started || w->joined) return true;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    w->joined = pthread_timedjoin_np(w->thread, NULL, &until) == 0;
    return w->joined;
}

struct configure {
    struct worker *worker;
    struct session_settings settings;
    struct resp_settings resp;
};

enum status worker_configure(struct worker *w, const struct session_settings *settings,
                             const struct resp_settings *resp) {
    struct configure *c = mem_alloc(sizeof *c);
    if (!c) return STATUS_NO_MEMORY;
    *c = (struct configure){w, *settings, *resp};
    enum status st = loop_post(w->loop, on_configure, c);
    if (st != STATUS_OK) mem_free(c);
    return st;
}

void worker_ping(struct worker *w) {
    if (loop_post(w->loop, on_ping, w) == STATUS_OK) w->pings++;
}

bool worker_answered(const struct worker *w) {
    return atomic_load(&w->pongs) == w->pings;
}

void worker_durable(struct worker *w) {
    if (!atomic_exchange(&w->waits, false)) return;
    // The flag comes back when the message is lost, so that the next group tries again.
    if (loop_post(w->loop, on_wake, w) != STATUS_OK) atomic_store(&w->waits, true);
}

// --- on the worker's thread ---

static void *worker_main(void *ctx) {
    struct worker *w = ctx;
    loop_run(w->loop, on_turn, w);
    return NULL;
}

/// True: answers wait for the disk.
static bool homes_turn(struct worker *w) {
    bool http = session_home_turn(&w->home), resp = resp_session_home_turn(&w->resp);
    return http || resp;
}

static void on_turn(void *ctx) {
    struct worker *w = ctx;
    if (homes_turn(w)) {
        // Say that we wait, then look again: a group may have become durable in between.
        atomic_store(&w->waits, true);
        homes_turn(w);
    }
    if (w->draining && w->home.count + w->resp.count == 0) {
        loop_refuse_posts(w->loop);
        loop_stop(w->loop);
    }
}

static void refuse(struct worker *w, int fd, struct str answer) {
    ssize_t n = send(fd, answer.p, answer.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)n; // a courtesy
    shutdown(fd, SHUT_WR);
    close(fd);
    counter_inc(w->options.refused);
}

/// False: there are too many, and it was told so.
static bool admit(struct worker *w, int fd, struct str refusal) {
    if (atomic_load_explicit(w->options.connections, memory_order_relaxed) >=
        atomic_load_explicit(w->options.limit, memory_order_relaxed)) {
        refuse(w, fd, refusal);
        return false;
    }
    counter_inc(w->options.accepted);
    return true;
}

static void opened(struct worker *w, enum status st) {
    if (st == STATUS_OK) return;
    counter_inc(w->options.refused);
    log_write(w->options.log, LOG_WARN, "a connection was refused",
              LOG_Z("reason", status_text(st)));
}

static void on_accept(void *ctx, int fd) {
    static const char answer[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
        "Retry-After: 1\r\nConnection: close\r\nContent-Length: 131\r\n\r\n"
        "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
        "\"detail\":\"too many connections\",\"error\":\"Temporarily unavailable\"}";
    struct worker *w = ctx;
    if (admit(w, fd, STR(answer))) opened(w, session_open(&w->home, fd));
}

static void on_accept_resp(void *ctx, int fd) {
    struct worker *w = ctx;
    if (admit(w, fd, STR("-ERR max number of clients reached\r\n")))
        opened(w, resp_session_open(&w->resp, fd));
}

static void on_count(void *ctx, int difference) {
    struct worker *w = ctx;
    atomic_fetch_add_explicit(w->options.connections, (unsigned)difference, memory_order_relaxed);
}

static void on_wake(void *ctx) {
    (void)ctx; // the turn it causes is what counts
}

static void on_drain(void *ctx) {
    struct worker *w = ctx;
    for (unsigned i = 0; i < w->listener_count; i++)
        listener_close(w->listeners[i]);
    w->listener_count = 0;
    w->draining = true;
    session_home_drain(&w->home);
    resp_session_home_drain(&w->resp);
}

static void on_abort(void *ctx) {
    struct worker *w = ctx;
    on_drain(w);
    session_home_abort(&w->home);
    resp_session_home_abort(&w->resp);
}

static void on_ping(void *ctx) {
    struct worker *w = ctx;
    atomic_fetch_add(&w->pongs, 1);
}

static void on_configure(void *ctx) {
    struct configure *c = ctx;
    c->worker->home.settings = c->settings;
    c->worker->resp.settings = c->resp;
    memset(c->worker->cache.slots, 0, sizeof c->worker->cache.slots);
    mem_free(c);
}
