// delivery_run.c - the thread.

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "realtime/delivery_state.h"
#include "realtime/event_note.h"
#include "realtime/geofence_event.h"

#define MARKS_EVERY_MS 500
#define WAIT_MOST_MS 1000
#define FLUSH_AGAIN_MS 100 // while events wait to become durable
#define ROUTE_AT_ONCE 64u  // chunks before POSTs get their turn

static void events_flush(struct delivery *d);
static bool events_route(struct delivery *d);
static void behind_read(struct delivery *d);
static void posts_start(struct delivery *d);
static void post_start(struct delivery *d, struct outbox_target *t,
                       const struct event_log_cursor *event);
static void job_put(struct delivery *d, struct job *job);
static int wait_ms(struct delivery *d);

void *delivery_run(void *arg) {
    struct delivery *d = arg;
    while (!atomic_load(&d->stop)) {
        events_flush(d);
        bool more = events_route(d);
        behind_read(d);
        posts_start(d);
        webhook_run(d->client, more ? 0 : wait_ms(d));
        if (clock_wall_ms() - d->marks_ms >= MARKS_EVERY_MS) delivery_marks_keep(d);
    }
    events_flush(d);
    delivery_marks_keep(d);
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
    buf_clear(&job->body);
    job->next = d->spare;
    d->spare = job;
}

/// Each rule is sent the event in its own words, under an id of its own: one receiver may serve several rules.
static enum status job_fill_geofence(struct delivery *d, struct job *job, struct str text,
                                     uint64_t seq) {
    struct str target = outbox_name(job->target);
    size_t len = strlen(job->id);
    snprintf(job->id + len, sizeof job->id - len, "_%08" PRIx32,
             (uint32_t)hash_bytes(target.p, target.len, 0));
    return geofence_target_payload(d->options.engine, target, text, seq, &job->body);
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
    if (note.kind == FENCE_GEOFENCE) {
        st = job_fill_geofence(d, job, note.text, e.seq);
        if (st != STATUS_OK) return st;
        request->id = str_of(job->id);
        request->body = buf_str(&job->body);
    }
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

void delivery_done(void *ctx, void *of, const struct webhook_result *result) {
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
