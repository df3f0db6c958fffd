#include "realtime/delivery.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "engine/keep.h"
#include "realtime/event_note.h"

#define MOST_BUSY 1024u
#define MARKS_EVERY_MS 500
#define MARKS_AT_ONCE 1024u
#define LEVEL_EVERY_MS 300000
#define WAIT_MOST_MS 1000
#define FLUSH_AGAIN_MS 100 // while events wait to become durable
#define ROUTE_AT_ONCE 64u  // chunks before POSTs get their turn

struct job {
    struct job *next; // spare
    struct outbox_target *target;
    struct event_log_cursor event;
    struct buf chunk, signature;
    char id[64];
};

struct delivery_metrics {
    struct counter *delivered, *failed, *disabled, *lost;
    struct histogram *seconds;
};

struct delivery {
    struct delivery_options options;
    char events_id[17]; // of this log's numbers: seq may begin anew with a new store
    pthread_t thread;
    bool running;
    _Atomic bool stop;
    struct webhook_client *client; // the thread's
    struct job *spare;
    struct buf chunk;              // the thread's
    struct event_log_cursor route; // where routing stands
    bool routing;                  // begins with delivery_start
    int64_t marks_ms;              // when marks were last kept
    int64_t level_ms;              // when idle targets were last brought level
    pthread_mutex_t lock;          // guards outbox
    struct outbox *outbox;
    struct delivery_metrics metrics;
};

static void *delivery_run(void *arg);
static void events_flush(struct delivery *d);
static bool events_route(struct delivery *d);
static void behind_read(struct delivery *d);
static void posts_start(struct delivery *d);
static void post_start(struct delivery *d, struct outbox_target *t,
                       const struct event_log_cursor *event);
static void on_done(void *ctx, void *job, const struct webhook_result *result);
static void job_put(struct delivery *d, struct job *job);
static void marks_keep(struct delivery *d);
static int wait_ms(struct delivery *d);
static enum status events_id_read(struct delivery *d, struct reason *why);
static enum status metrics_register(struct delivery *d);

enum status delivery_new(const struct delivery_options *options, struct delivery **out) {
    struct delivery *d = mem_zalloc(1, sizeof *d);
    if (!d) return STATUS_NO_MEMORY;
    d->options = *options;
    if (!d->options.most_busy) d->options.most_busy = MOST_BUSY;
    pthread_mutex_init(&d->lock, NULL);
    struct webhook_options webhooks = {.guard = options->guard,
                                       .timeout_ms = options->timeout_ms,
                                       .connections = d->options.most_busy,
                                       .done = on_done,
                                       .ctx = d};
    uint64_t seed = clock_mono_ns();
    enum status st = webhook_client_new(&webhooks, &d->client);
    if (st == STATUS_OK) {
        st = outbox_new(&options->schedule, d->options.most_busy, seed, &d->outbox);
    }
    if (st == STATUS_OK) st = metrics_register(d);
    if (st != STATUS_OK) {
        delivery_free(d);
        return st;
    }
    *out = d;
    return STATUS_OK;
}

/// Of before the restart.
static bool on_mark(void *ctx, struct str name, struct str body) {
    struct delivery *d = ctx;
    struct outbox_mark mark;
    struct str target = str_sub(name, sizeof "outbox/" - 1, name.len - (sizeof "outbox/" - 1));
    if (outbox_mark_parse(body, &mark)) outbox_set_mark(d->outbox, target, &mark, clock_wall_ms());
    return true;
}

enum status delivery_start(struct delivery *d, struct reason *why) {
    enum status st = events_id_read(d, why);
    if (st != STATUS_OK) return st;
    st = engine_keep_each(d->options.engine, STR("outbox/"), on_mark, d);
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

static void mark_name(struct str target, struct buf *out) {
    buf_append_str(out, STR("outbox/"));
    buf_append_str(out, target);
}

enum status delivery_put(struct delivery *d, const struct outbox_spec *spec, uint64_t since) {
    const struct outbox_mark mark = {.cursor = since};
    pthread_mutex_lock(&d->lock);
    enum status st = outbox_put(d->outbox, spec, &mark, clock_wall_ms());
    pthread_mutex_unlock(&d->lock);
    delivery_wake(d);
    return st;
}

enum status delivery_first_mark(struct str target, uint64_t since, struct buf *name,
                                struct buf *body) {
    const struct outbox_mark mark = {.cursor = since};
    mark_name(target, name);
    outbox_mark_write(&mark, body);
    return name->failed || body->failed ? STATUS_NO_MEMORY : STATUS_OK;
}

void delivery_remove(struct delivery *d, struct str name) {
    pthread_mutex_lock(&d->lock);
    outbox_remove(d->outbox, name);
    pthread_mutex_unlock(&d->lock);
    struct buf key;
    uint64_t lsn;
    buf_init(&key);
    mark_name(name, &key);
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

// --- the thread ---

static void *delivery_run(void *arg) {
    struct delivery *d = arg;
    while (!atomic_load(&d->stop)) {
        events_flush(d);
        bool more = events_route(d);
        behind_read(d);
        posts_start(d);
        webhook_run(d->client, more ? 0 : wait_ms(d));
        if (clock_wall_ms() - d->marks_ms >= MARKS_EVERY_MS) marks_keep(d);
    }
    events_flush(d);
    marks_keep(d);
    return NULL;
}

static int wait_ms(struct delivery *d) {
    pthread_mutex_lock(&d->lock);
    int64_t wait = outbox_wait_ms(d->outbox, clock_wall_ms());
    pthread_mutex_unlock(&d->lock);
    const struct event_log *events = d->options.events;
    int64_t most = event_log_last(events) > event_log_readable(events) ? FLUSH_AGAIN_MS
                   : webhook_busy(d->client)                           ? MARKS_EVERY_MS
                                                                       : WAIT_MOST_MS;
    return (int)(wait < 0 || wait > most ? most : wait);
}

static void events_flush(struct delivery *d) {
    struct storage *store = engine_storage(d->options.engine);
    struct reason why = {0};
    enum status st = event_log_flush(
        d->options.events, store ? storage_durable_lsn(store) : UINT64_MAX, clock_wall_ms(), &why);
    if (st != STATUS_OK) {
        log_write(d->options.log, LOG_ERROR, "events wait in memory", LOG_Z("reason", why.text));
    }
}

/// A read that did not give events is told of; the cursor goes on behind what is lost.
static bool read_on(struct delivery *d, struct event_log_cursor *cursor) {
    struct reason why = {0};
    enum status st = event_log_read(d->options.events, cursor, EVENT_LOG_CHUNK, &d->chunk, &why);
    if (st == STATUS_OK) return d->chunk.len > 0;
    buf_clear(&d->chunk);
    if (st == STATUS_NO_MEMORY) return false;
    if (st == STATUS_NOT_FOUND) {
        *cursor = (struct event_log_cursor){.seq = event_log_oldest(d->options.events)};
    }
    counter_inc(d->metrics.lost);
    log_write(d->options.log, LOG_WARN, "events were not delivered in time and are gone",
              LOG_Z("reason", why.text), LOG_INT("next_seq", cursor->seq));
    return true;
}

/// True: there is more to route.
static bool events_route(struct delivery *d) {
    for (unsigned i = 0; i < ROUTE_AT_ONCE; i++) {
        if (!read_on(d, &d->route)) return false;
        pthread_mutex_lock(&d->lock);
        struct str rest = buf_str(&d->chunk);
        struct event_entry e;
        struct event_note note;
        for (size_t before = rest.len; event_log_take(&rest, &e); before = rest.len) {
            struct event_log_cursor place = event_log_place(&d->route, before, e.seq);
            if (!event_note_parse(e.payload, &note)) continue;
            outbox_route(d->outbox, note.kind, note.fence_id, note.trigger, &place);
        }
        outbox_route_to(d->outbox, d->route.seq - 1);
        pthread_mutex_unlock(&d->lock);
    }
    return true;
}

/// Give the window of a target behind what the chunk has for it.
static void behind_fill(struct delivery *d, struct outbox_target *t,
                        struct event_log_cursor *cursor) {
    struct str rest = buf_str(&d->chunk);
    struct event_entry e;
    struct event_note note;
    for (size_t before = rest.len; event_log_take(&rest, &e); before = rest.len) {
        struct event_log_cursor place = event_log_place(cursor, before, e.seq);
        if (!event_note_parse(e.payload, &note)) continue;
        if (outbox_catch_up(d->outbox, t, note.kind, note.fence_id, note.trigger, &place)) continue;
        *cursor = place;
        return;
    }
}

/// The lock is held while the log is read: so nobody takes the target away. One chunk each.
static void behind_read(struct delivery *d) {
    for (unsigned i = 0; i < ROUTE_AT_ONCE; i++) {
        struct event_log_cursor cursor;
        pthread_mutex_lock(&d->lock);
        struct outbox_target *t = outbox_behind(d->outbox, &cursor);
        if (t) {
            if (read_on(d, &cursor)) behind_fill(d, t, &cursor);
            outbox_caught_up(d->outbox, t, &cursor);
        }
        pthread_mutex_unlock(&d->lock);
        if (!t) return;
    }
}

static void posts_start(struct delivery *d) {
    for (;;) {
        struct event_log_cursor event;
        pthread_mutex_lock(&d->lock);
        struct outbox_target *t = outbox_next(d->outbox, clock_wall_ms(), &event);
        if (t) post_start(d, t, &event);
        pthread_mutex_unlock(&d->lock);
        if (!t) return;
    }
}

static struct job *job_get(struct delivery *d) {
    struct job *job = d->spare;
    if (job) {
        d->spare = job->next;
        return job;
    }
    return mem_zalloc(1, sizeof *job);
}

static void job_put(struct delivery *d, struct job *job) {
    if (job->chunk.cap > EVENT_LOG_CHUNK) buf_deinit(&job->chunk);
    buf_clear(&job->chunk);
    buf_clear(&job->signature);
    job->next = d->spare;
    d->spare = job;
}

/// The event's text and the signature over it.
static enum status job_fill(struct delivery *d, struct job *job, struct webhook_request *request) {
    struct event_log_cursor at = job->event;
    struct event_entry e;
    struct event_note note;
    enum status st = event_log_read(d->options.events, &at, 4096, &job->chunk, NULL);
    if (st != STATUS_OK) return st;
    struct str rest = buf_str(&job->chunk);
    if (!event_log_take(&rest, &e) || e.seq != job->event.seq ||
        !event_note_parse(e.payload, &note)) {
        return STATUS_NOT_FOUND;
    }
    snprintf(job->id, sizeof job->id, "evt_%s_%" PRIu64, d->events_id, e.seq);
    *request = (struct webhook_request){.url = outbox_url(job->target),
                                        .id = str_of(job->id),
                                        .timestamp_s = clock_wall_ms() / 1000,
                                        .body = note.text};
    size_t keys;
    const struct signature_key *key = outbox_keys(job->target, &keys);
    st = signature_write(key, keys, request->id, request->timestamp_s, request->body,
                         &job->signature);
    request->signature = buf_str(&job->signature);
    return st;
}

static void post_start(struct delivery *d, struct outbox_target *t,
                       const struct event_log_cursor *event) {
    struct job *job = job_get(d);
    struct webhook_request request;
    enum status st = job ? STATUS_OK : STATUS_NO_MEMORY;
    if (job) {
        job->target = t;
        job->event = *event;
        st = job_fill(d, job, &request);
    }
    if (st == STATUS_OK) st = webhook_post(d->client, &request, job);
    if (st == STATUS_OK) return;
    bool gone = st == STATUS_NOT_FOUND || st == STATUS_CORRUPT;
    if (gone) counter_inc(d->metrics.lost);
    // Out of memory: a while later.
    outbox_release(d->outbox, t, gone, clock_wall_ms() + (gone ? 0 : FLUSH_AGAIN_MS));
    if (job) job_put(d, job);
}

static void on_done(void *ctx, void *of, const struct webhook_result *result) {
    struct delivery *d = ctx;
    struct job *job = of;
    struct buf name;
    buf_init(&name);
    pthread_mutex_lock(&d->lock);
    buf_append_str(&name, outbox_name(job->target));
    enum outbox_outcome outcome = outbox_result(d->outbox, job->target, result, clock_wall_ms());
    pthread_mutex_unlock(&d->lock);
    histogram_observe_ns(d->metrics.seconds, result->ns);
    counter_inc(outcome == OUTBOX_DELIVERED ? d->metrics.delivered : d->metrics.failed);
    if (outcome == OUTBOX_DISABLED) {
        counter_inc(d->metrics.disabled);
        log_write(d->options.log, LOG_ERROR, "a webhook is disabled",
                  LOG_STR("webhook", buf_str(&name)), LOG_INT("seq", job->event.seq),
                  LOG_INT("status", result->status), LOG_Z("reason", result->text));
    }
    buf_deinit(&name);
    job_put(d, job);
}

// --- marks ---

struct marks {
    struct buf texts;
    struct {
        size_t name, name_len, body_len;
    } at[MARKS_AT_ONCE];
    size_t count;
};

static void on_changed_mark(void *ctx, struct str name, const struct outbox_mark *mark) {
    struct marks *m = ctx;
    size_t begin = m->texts.len;
    mark_name(name, &m->texts);
    size_t middle = m->texts.len;
    outbox_mark_write(mark, &m->texts);
    m->at[m->count].name = begin;
    m->at[m->count].name_len = middle - begin;
    m->at[m->count++].body_len = m->texts.len - middle;
}

static void marks_keep_some(struct delivery *d, struct marks *m) {
    struct engine_keep *keeps = mem_alloc(MARKS_AT_ONCE * sizeof *keeps);
    struct reason why = {0};
    uint64_t lsn;
    if (!keeps || m->texts.failed) {
        mem_free(keeps);
        return; // they are older then: more is sent again after a crash
    }
    for (size_t i = 0; i < m->count; i++) {
        const char *p = m->texts.data + m->at[i].name;
        keeps[i].name = (struct str){p, m->at[i].name_len};
        keeps[i].body = (struct str){p + m->at[i].name_len, m->at[i].body_len};
    }
    if (engine_keep(d->options.engine, keeps, m->count, &lsn, &why) != STATUS_OK) {
        log_write(d->options.log, LOG_WARN, "marks of webhooks could not be kept",
                  LOG_Z("reason", why.text));
    }
    mem_free(keeps);
}

/// Marks of targets that get nothing follow now and then, and at the end.
static void level(struct delivery *d, bool now) {
    if (!now && d->marks_ms - d->level_ms < LEVEL_EVERY_MS) return;
    d->level_ms = d->marks_ms;
    pthread_mutex_lock(&d->lock);
    outbox_level(d->outbox);
    pthread_mutex_unlock(&d->lock);
}

static void marks_keep(struct delivery *d) {
    d->marks_ms = clock_wall_ms();
    level(d, atomic_load(&d->stop));
    struct marks *m = mem_alloc(sizeof *m);
    if (!m) return;
    buf_init(&m->texts);
    do {
        m->count = 0;
        buf_clear(&m->texts);
        pthread_mutex_lock(&d->lock);
        outbox_marks(d->outbox, MARKS_AT_ONCE, on_changed_mark, m);
        pthread_mutex_unlock(&d->lock);
        if (m->count) marks_keep_some(d, m);
    } while (m->count == MARKS_AT_ONCE);
    buf_deinit(&m->texts);
    mem_free(m);
}

// --- start ---

static bool on_events_id(void *ctx, struct str name, struct str body) {
    char *id = ctx;
    (void)name;
    if (body.len == 16) memcpy(id, body.p, 16);
    return false;
}

/// Kept in the store, like the numbers it makes unique.
static enum status events_id_read(struct delivery *d, struct reason *why) {
    const struct str name = STR("events/id");
    enum status st = engine_keep_each(d->options.engine, name, on_events_id, d->events_id);
    if (st != STATUS_OK || d->events_id[0]) return st;
    uint64_t number, lsn;
    st = rand_secure(&number, sizeof number);
    if (st != STATUS_OK) return st;
    snprintf(d->events_id, sizeof d->events_id, "%016" PRIx64, number);
    return engine_keep_put(d->options.engine, name, str_of(d->events_id), &lsn, why);
}

enum { READ_TARGETS, READ_FAILING, READ_DISABLED, READ_BEHIND, READ_BUSY };

static double count_read(struct delivery *d, int which) {
    struct outbox_counts c;
    pthread_mutex_lock(&d->lock);
    outbox_counts(d->outbox, &c);
    pthread_mutex_unlock(&d->lock);
    return (double)(which == READ_TARGETS    ? c.targets
                    : which == READ_FAILING  ? c.failing
                    : which == READ_DISABLED ? c.disabled
                    : which == READ_BEHIND   ? c.behind
                                             : c.busy);
}
static double read_targets(void *d) {
    return count_read(d, READ_TARGETS);
}
static double read_failing(void *d) {
    return count_read(d, READ_FAILING);
}
static double read_disabled(void *d) {
    return count_read(d, READ_DISABLED);
}
static double read_behind(void *d) {
    return count_read(d, READ_BEHIND);
}
static double read_busy(void *d) {
    return count_read(d, READ_BUSY);
}
static double read_log_bytes(void *d) {
    return (double)event_log_bytes(((struct delivery *)d)->options.events);
}
static double read_last_seq(void *d) {
    return (double)event_log_last(((struct delivery *)d)->options.events);
}

static enum status metrics_register(struct delivery *d) {
    struct registry *r = d->options.metrics;
    if (!r) return STATUS_OK;
    static const struct {
        const char *name, *help;
        metric_read_fn read;
    } gauges[] = {
        {"warp_webhook_endpoints", "Webhook endpoints.", read_targets},
        {"warp_webhook_endpoints_failing", "Those whose last attempt failed.", read_failing},
        {"warp_webhook_endpoints_disabled", "Those given up, until enabled.", read_disabled},
        {"warp_webhook_endpoints_behind", "Those that read the event log for themselves.",
         read_behind},
        {"warp_webhook_requests_in_flight", "POSTs under way.", read_busy},
        {"warp_event_log_bytes", "Size of the event log.", read_log_bytes},
        {"warp_event_log_last_seq", "Number of the last event.", read_last_seq},
    };
    struct {
        const char *name, *help, *result;
        struct counter **counter;
    } counters[] = {
        {"warp_webhook_attempts_total", "POSTs by result.", "delivered", &d->metrics.delivered},
        {"warp_webhook_attempts_total", "POSTs by result.", "failed", &d->metrics.failed},
        {"warp_webhook_disabled_total", "Endpoints given up.", NULL, &d->metrics.disabled},
        {"warp_webhook_events_lost_total", "Gaps: events older than the log keeps, or damaged.",
         NULL, &d->metrics.lost},
    };
    enum status st = STATUS_OK;
    for (unsigned i = 0; st == STATUS_OK && i < sizeof gauges / sizeof *gauges; i++) {
        struct metric_spec spec = {gauges[i].name, gauges[i].help, NULL};
        st = registry_callback(r, METRIC_GAUGE, &spec, gauges[i].read, d);
    }
    for (unsigned i = 0; st == STATUS_OK && i < sizeof counters / sizeof *counters; i++) {
        struct metric_label labels[] = {{"result", counters[i].result}, {NULL, NULL}};
        struct metric_spec spec = {counters[i].name, counters[i].help,
                                   counters[i].result ? labels : NULL};
        st = registry_counter(r, &spec, counters[i].counter);
    }
    struct metric_spec seconds = {"warp_webhook_seconds", "Time a POST took.", NULL};
    return st == STATUS_OK ? registry_histogram(r, &seconds, &d->metrics.seconds) : st;
}
