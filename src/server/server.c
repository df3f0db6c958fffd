#include "server/server.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/address.h"
#include "net/listener.h"
#include "server/notify.h"
#include "server/server_state.h"

enum { ABORT_MS = 2000, LOOK_MS = 1000, JOIN_LOOK_MS = 10 };

extern char **environ;

static enum status server_start(struct server *s, struct reason *why);
static enum status server_prepare(struct server *s, struct reason *why);
static enum status server_open_store(struct server *s, struct reason *why);
static enum status server_start_workers(struct server *s, struct reason *why);
static enum status server_load(struct server *s, struct reason *why);
static void server_wait(struct server *s);
static void server_drain(struct server *s);
static enum status server_free(struct server *s);
static void on_durable(void *ctx, uint64_t lsn);
static void on_refusing(void *ctx);
static void wake_workers(struct server *s);
static enum status on_snapshot(void *ctx, uint64_t lsn, storage_emit_fn *emit, void *emit_ctx);
static void raise_descriptor_limit(struct server *s);
static void tell_systemd(const char *text);

int server_run(const struct config *config) {
    struct server *s = mem_zalloc(1, sizeof *s);
    struct reason why = {0};
    if (!s) {
        fprintf(stderr, "warpengine: out of memory\n");
        return 1;
    }
    enum status st = config_copy(config, &s->config);
    bool copied = st == STATUS_OK;
    if (st == STATUS_OK) st = server_start(s, &why);
    if (st == STATUS_OK) {
        server_wait(s);
        server_drain(s);
    } else {
        fprintf(stderr, "warpengine: %s\n", why.text[0] ? why.text : status_text(st));
    }
    enum status closed = server_free(s);
    if (st == STATUS_OK) st = closed; // the store has said what it could not write
    if (copied) config_deinit(&s->config);
    mem_free(s);
    return st == STATUS_OK ? 0 : 1;
}

void server_engine_options(const struct config *config, struct engine_options *out) {
    *out = (struct engine_options){
        .shard_count = config->default_shard_count,
        .index_kind = config_index_kind(config),
        .memory_limit_bytes = config->limit_memory_bytes,
        .memory_limit_name = "limits.memory_bytes",
    };
}

void server_storage_options(const struct config *config, struct storage_options *out) {
    *out = (struct storage_options){
        .dir = config->data_root,
        .mode = (enum storage_mode)config->wal_mode,
        .sync_interval_ms = config->wal_sync_interval_ms,
    };
}

// --- start ---

static enum status server_start(struct server *s, struct reason *why) {
    s->started_ns = clock_mono_ns();
    pthread_mutex_init(&s->snapshot_lock, NULL);
    pthread_mutex_init(&s->asked_lock, NULL);
    enum status st = config_check(&s->config, why);
    if (st == STATUS_OK) st = server_prepare(s, why);
    if (st == STATUS_OK) st = server_open_store(s, why);
    if (st == STATUS_OK) st = server_start_workers(s, why);
    if (st == STATUS_OK) st = server_load(s, why);
    return st;
}

static enum status server_prepare(struct server *s, struct reason *why) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGXFSZ);               // a limit of file sizes is met like a full disk
    pthread_sigmask(SIG_BLOCK, &signals, NULL); // threads made from here on inherit it
    log_init(&s->log, STDERR_FILENO, (enum log_level)s->config.log_level,
             (enum log_format)s->config.log_format);
    raise_descriptor_limit(s);
    enum status st = listener_probe(str_of(s->config.listen), why);
    if (st == STATUS_OK) st = server_resp_probe(s, why);
    if (st != STATUS_OK) return st;
    st = registry_new(&s->registry);
    if (st == STATUS_OK) st = server_metrics_register(s);
    if (st == STATUS_OK) st = http_metrics_new(s->registry, &s->http_metrics);
    server_handler_init(s);
    return st;
}

static unsigned cpu_count(void) {
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (unsigned)n : 1;
}

static enum status server_open_store(struct server *s, struct reason *why) {
    unsigned threads = s->config.threads ? s->config.threads : cpu_count();
    s->workers = mem_zalloc(threads, sizeof *s->workers);
    s->readers = mem_zalloc(threads, sizeof *s->readers);
    if (!s->workers || !s->readers) return STATUS_NO_MEMORY;
    struct engine_options engine;
    server_engine_options(&s->config, &engine);
    engine.log = &s->log;
    server_events_hear(s, &engine.events);
    enum status st = engine_new(&engine, &s->engine);
    if (st == STATUS_OK) st = server_resp_open(s, why);
    if (st != STATUS_OK) return st;

    struct worker_options options = {
        .handler = &s->handler,
        .log = &s->log,
        .metrics = s->http_metrics,
        .gzip_level = (int)s->config.gzip_level,
        .connections = &s->connections,
        .limit = &s->connection_limit,
        .accepted = s->accepted,
        .refused = s->refused,
        .hub = s->hub,
        .clients = s->clients,
        .resp_metrics = s->resp_metrics,
        .is_serving = server_is_serving,
    };
    server_resp_settings(s, &options.resp);
    server_session_settings(&s->config, &options.settings);
    // All workers exist before the store does, whose thread wakes them.
    for (unsigned i = 0; i < threads; i++) {
        st = engine_reader_open(s->engine, &s->readers[i]);
        if (st != STATUS_OK) return st;
        options.reader = s->readers[i];
        st = worker_new(&options, &s->workers[i]);
        if (st != STATUS_OK) {
            engine_reader_close(s->engine, s->readers[i]);
            return st;
        }
        s->worker_count++;
    }
    if (!s->config.wal_enabled) return STATUS_OK;
    struct storage_options storage;
    server_storage_options(&s->config, &storage);
    storage.log = &s->log;
    storage.source = on_snapshot;
    storage.source_ctx = s;
    storage.on_durable = on_durable;
    storage.on_refusing = on_refusing;
    storage.durable_ctx = s;
    return wal_store_open(&storage, &s->storage, why);
}

static enum status server_start_workers(struct server *s, struct reason *why) {
    struct api_options options;
    struct api *api = NULL;
    server_api_options(s, &options);
    enum status st = api_new(&options, &api);
    if (st != STATUS_OK) return st;
    atomic_store(&s->api, api);

    struct address a;
    st = address_parse(str_of(s->config.listen), &a, why);
    if (st != STATUS_OK) return st;
    for (unsigned i = 0; i < s->worker_count; i++) {
        address_write(&a, s->address);
        uint16_t port = 0;
        st = worker_listen(s->workers[i], str_of(s->address), &port, why);
        if (st != STATUS_OK) return st;
        address_set_port(&a, port); // that of the first is everybody's
    }
    address_write(&a, s->address);
    st = server_resp_listen(s, why);
    if (st != STATUS_OK) return st;
    for (unsigned i = 0; i < s->worker_count; i++) {
        char name[24];
        snprintf(name, sizeof name, "worker-%u", i);
        st = worker_start(s->workers[i], name);
        if (st != STATUS_OK) return reason_set(why, st, "cannot start a thread");
    }
    return STATUS_OK;
}

static enum status server_load(struct server *s, struct reason *why) {
    tell_systemd("STATUS=reading the store");
    log_write(&s->log, LOG_INFO, "listening", LOG_Z("address", s->address),
              LOG_Z("resp", *s->resp_address ? s->resp_address : "off"));
    enum status st = STATUS_OK;
    if (s->storage) st = engine_attach(s->engine, s->storage, why);
    if (st == STATUS_OK) st = server_events_start(s, why);
    if (st == STATUS_OK) st = engine_start(s->engine);
    if (st != STATUS_OK) return st;
    atomic_store_explicit(&s->serving, true, memory_order_release);
    tell_systemd("READY=1\nSTATUS=serving");

    struct engine_stats stats;
    engine_stats(s->engine, &stats);
    struct buf mode;
    buf_init(&mode);
    if (s->storage) {
        buf_printf(&mode, "%s", (const char *[]){"always", "interval", "off"}[s->config.wal_mode]);
    } else {
        buf_append_str(&mode, STR("memory only"));
    }
    log_write(&s->log, LOG_INFO, "ready", LOG_Z("address", s->address),
              LOG_Z("resp", *s->resp_address ? s->resp_address : "off"),
              LOG_Z("data", s->storage ? s->config.data_root : "none"),
              LOG_STR("durability", buf_str(&mode)), LOG_INT("threads", s->worker_count),
              LOG_INT("objects", stats.objects), LOG_INT("collections", stats.collections),
              LOG_INT("ms", (clock_mono_ns() - s->started_ns) / 1000000));
    buf_deinit(&mode);
    log_write(&s->log, LOG_INFO, "protected mode: no authentication, this machine only");
    return STATUS_OK;
}

static void raise_descriptor_limit(struct server *s) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            log_write(&s->log, LOG_WARN, "the limit of descriptors stays as it is",
                      LOG_Z("reason", strerror(errno)));
        }
    }
    unsigned most = server_connection_limit(&s->config);
    atomic_store(&s->connection_limit, most);
    bool less = most < s->config.limit_connections;
    log_write(&s->log, less ? LOG_WARN : LOG_INFO,
              less ? "fewer connections than configured: descriptors are limited" : "limits",
              LOG_INT("connections", most), LOG_INT("configured", s->config.limit_connections),
              LOG_INT("memory_bytes", s->config.limit_memory_bytes));
}

// --- running ---

static void on_durable(void *ctx, uint64_t lsn) {
    (void)lsn;
    wake_workers(ctx);
    server_events_durable(ctx);
}

static void on_refusing(void *ctx) {
    wake_workers(ctx);
}

static void wake_workers(struct server *s) {
    for (unsigned i = 0; i < s->worker_count; i++)
        worker_durable(s->workers[i]);
}

struct guarded_emit {
    struct server *server;
    storage_emit_fn *emit;
    void *ctx;
};

static enum status on_emit(void *ctx, const struct record *record) {
    struct guarded_emit *g = ctx;
    if (atomic_load_explicit(&g->server->ending, memory_order_relaxed)) return STATUS_CLOSED;
    return g->emit(g->ctx, record);
}

/// On the store's thread: never while the engine goes away, and not for long once it wants to.
static enum status on_snapshot(void *ctx, uint64_t lsn, storage_emit_fn *emit, void *emit_ctx) {
    struct server *s = ctx;
    struct guarded_emit guard = {s, emit, emit_ctx};
    pthread_mutex_lock(&s->snapshot_lock);
    enum status st =
        atomic_load(&s->ending) ? STATUS_CLOSED : engine_emit_all(s->engine, lsn, on_emit, &guard);
    pthread_mutex_unlock(&s->snapshot_lock);
    return st;
}

static void tell_systemd(const char *text) {
    notify_send(getenv("NOTIFY_SOCKET"), text);
}

/// The next signal, or 0 after `wait_ms`.
static int signal_wait(uint32_t wait_ms) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    struct timespec t = {wait_ms / 1000, (long)(wait_ms % 1000) * 1000000};
    int n = sigtimedwait(&set, NULL, &t);
    return n > 0 ? n : 0;
}

/// A worker that does not turn any more is a reason to be restarted: then the watchdog hears nothing.
static void watchdog(struct server *s) {
    for (unsigned i = 0; i < s->worker_count; i++) {
        if (!worker_answered(s->workers[i])) {
            log_write(&s->log, LOG_ERROR, "a worker does not answer", LOG_INT("worker", i));
            return;
        }
    }
    tell_systemd("WATCHDOG=1");
    for (unsigned i = 0; i < s->worker_count; i++)
        worker_ping(s->workers[i]);
}

static void reload(struct server *s) {
    char text[96];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu",
             (unsigned long long)(clock_mono_ns() / 1000));
    tell_systemd(text);
    server_reload(s);
    tell_systemd("READY=1\nSTATUS=serving");
}

static void server_wait(struct server *s) {
    uint32_t beat_ms = notify_watchdog_ms(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
    for (;;) {
        int n = signal_wait(beat_ms ? beat_ms : LOOK_MS * 3600);
        if (n == SIGHUP) {
            reload(s);
        } else if (n) {
            log_write(&s->log, LOG_INFO, "stopping", LOG_Z("signal", strsignal(n)));
            return;
        }
        if (beat_ms) watchdog(s);
    }
}

// --- end ---

/// How many have not ended, when each is given so long.
static unsigned join_all(struct server *s, uint64_t each_ms) {
    unsigned left = 0;
    for (unsigned i = 0; i < s->worker_count; i++)
        left += !worker_join(s->workers[i], each_ms);
    return left;
}

/// True: another signal asks to hurry. Those who had nothing left to do are joined all the same.
static bool join_or_signal(struct server *s, uint64_t limit_ms) {
    uint64_t until = clock_mono_ns() + limit_ms * 1000000;
    while (join_all(s, 0) > 0 && clock_mono_ns() < until) {
        int n = signal_wait(JOIN_LOOK_MS);
        if (n == SIGINT || n == SIGTERM) {
            join_all(s, JOIN_LOOK_MS);
            return true;
        }
    }
    return false;
}

static void server_drain(struct server *s) {
    atomic_store(&s->draining, true);
    tell_systemd("STOPPING=1\nSTATUS=finishing requests");
    unsigned open = atomic_load(&s->connections);
    for (unsigned i = 0; i < s->worker_count; i++)
        worker_drain(s->workers[i]);
    if (join_or_signal(s, s->config.timeout_drain_ms)) {
        log_write(&s->log, LOG_WARN, "stopped at once by a second signal");
        _exit(
            1); // the log of changes is as good as after a crash: nothing acknowledged is lost in mode always
    }
    for (unsigned i = 0; i < s->worker_count; i++)
        worker_abort(s->workers[i]);
    join_or_signal(s, ABORT_MS);
    struct reason why = {0};
    server_events_stop(s);
    if (s->storage && storage_sync(s->storage, &why) != STATUS_OK) {
        log_write(&s->log, LOG_ERROR, "the last changes could not be synced",
                  LOG_Z("reason", why.text));
    }
    log_write(&s->log, LOG_INFO, "stopped", LOG_INT("connections", open));
}

/// Not OK: the store could not write everything.
static enum status server_free(struct server *s) {
    for (unsigned i = 0; i < s->worker_count; i++)
        worker_abort(s->workers[i]);
    for (unsigned i = 0; i < s->worker_count; i++) {
        while (!worker_join(s->workers[i], ABORT_MS)) {
            log_write(&s->log, LOG_WARN, "waiting for a worker", LOG_INT("worker", i));
        }
        engine_reader_close(s->engine, s->readers[i]);
    }
    server_events_stop(s);
    atomic_store(&s->ending, true);
    pthread_mutex_lock(&s->snapshot_lock); // a snapshot that is being taken gives up
    pthread_mutex_unlock(&s->snapshot_lock);
    if (s->snapshot_started) pthread_join(s->snapshot_thread, NULL);
    if (atomic_load(&s->api)) api_free(atomic_load(&s->api));
    if (s->engine) engine_free(s->engine);
    commands_free(s->commands);
    enum status st = storage_close(s->storage); // its thread knows the workers until here
    for (unsigned i = 0; i < s->worker_count; i++)
        worker_free(s->workers[i]);
    server_resp_free(s);
    http_metrics_free(s->http_metrics);
    registry_free(s->registry);
    mem_free(s->workers);
    mem_free(s->readers);
    pthread_mutex_destroy(&s->snapshot_lock);
    pthread_mutex_destroy(&s->asked_lock);
    return st;
}
