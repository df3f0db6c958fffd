#include "base/clock.h"
#include "base/mem.h"
#include "engine/keep.h"
#include "realtime/delivery_state.h"

#define MOST_BUSY 1024u

enum status delivery_new(const struct delivery_options *options, struct delivery **out) {
    struct delivery *d = mem_zalloc(1, sizeof *d);
    if (!d) return STATUS_NO_MEMORY;
    d->options = *options;
    if (!d->options.most_busy) d->options.most_busy = MOST_BUSY;
    pthread_mutex_init(&d->lock, NULL);
    struct webhook_options webhooks = {.guard = options->guard,
                                       .timeout_ms = options->timeout_ms,
                                       .connections = d->options.most_busy,
                                       .done = delivery_done,
                                       .ctx = d};
    uint64_t seed = clock_mono_ns();
    enum status st = webhook_client_new(&webhooks, &d->client);
    if (st == STATUS_OK) {
        st = outbox_new(&options->schedule, d->options.most_busy, seed, &d->outbox);
    }
    if (st == STATUS_OK) st = delivery_metrics_register(d);
    if (st != STATUS_OK) {
        delivery_free(d);
        return st;
    }
    *out = d;
    return STATUS_OK;
}

enum status delivery_start(struct delivery *d, struct reason *why) {
    enum status st = delivery_id_read(d, why);
    if (st != STATUS_OK) return st;
    st = delivery_marks_read(d);
    if (st != STATUS_OK) return st;
    uint64_t lowest = outbox_lowest(d->outbox);
    uint64_t last = event_log_last(d->options.events);
    d->route.seq = (lowest < last ? lowest : last) + 1;
    outbox_route_to(d->outbox, d->route.seq - 1);
    d->running = pthread_create(&d->thread, NULL, delivery_run, d) == 0;
    return d->running ? STATUS_OK : reason_set(why, STATUS_NO_MEMORY, "cannot start a thread");
}

void delivery_stop(struct delivery *d) {
    if (!d || !d->running) return;
    atomic_store(&d->stop, true);
    delivery_wake(d);
    pthread_join(d->thread, NULL);
    d->running = false;
}

void delivery_free(struct delivery *d) {
    if (!d) return;
    delivery_stop(d);
    webhook_client_free(d->client);
    while (d->spare) {
        struct job *job = d->spare;
        d->spare = job->next;
        buf_deinit(&job->chunk);
        buf_deinit(&job->signature);
        buf_deinit(&job->body);
        mem_free(job);
    }
    outbox_free(d->outbox);
    buf_deinit(&d->chunk);
    pthread_mutex_destroy(&d->lock);
    mem_free(d);
}

void delivery_wake(struct delivery *d) {
    webhook_wake(d->client);
}

// --- targets ---

enum status delivery_check_url(const struct delivery *d, struct str url, struct reason *why) {
    return webhook_guard_check(&d->options.guard, url, why);
}

enum status delivery_put(struct delivery *d, const struct outbox_spec *spec, uint64_t since) {
    const struct outbox_mark mark = {.cursor = since};
    pthread_mutex_lock(&d->lock);
    enum status st = outbox_put(d->outbox, spec, &mark, clock_wall_ms());
    pthread_mutex_unlock(&d->lock);
    delivery_wake(d);
    return st;
}

void delivery_remove(struct delivery *d, struct str name) {
    pthread_mutex_lock(&d->lock);
    outbox_remove(d->outbox, name);
    pthread_mutex_unlock(&d->lock);
    struct buf key;
    uint64_t lsn;
    buf_init(&key);
    delivery_mark_name(name, &key);
    // A mark that stays behind is only looked at when there is a target of its name again.
    if (!key.failed &&
        engine_keep_delete(d->options.engine, buf_str(&key), &lsn, NULL) != STATUS_OK) {
        log_write(d->options.log, LOG_WARN, "the mark of a webhook could not be deleted",
                  LOG_STR("webhook", name));
    }
    buf_deinit(&key);
}

void delivery_each(struct delivery *d,
                   void (*visit)(void *ctx, const struct outbox_target_info *info), void *ctx) {
    pthread_mutex_lock(&d->lock);
    outbox_each(d->outbox, visit, ctx);
    pthread_mutex_unlock(&d->lock);
}

bool delivery_replay(struct delivery *d, struct str name, uint64_t seq) {
    pthread_mutex_lock(&d->lock);
    bool found = outbox_replay(d->outbox, name, seq, clock_wall_ms());
    pthread_mutex_unlock(&d->lock);
    delivery_wake(d);
    return found;
}

bool delivery_skip(struct delivery *d, struct str name) {
    pthread_mutex_lock(&d->lock);
    bool found = outbox_skip(d->outbox, name, clock_wall_ms());
    pthread_mutex_unlock(&d->lock);
    delivery_wake(d);
    return found;
}
