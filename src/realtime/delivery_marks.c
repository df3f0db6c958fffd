// delivery_marks.c - what is kept in the engine: a mark for each target ("outbox/NAME"), and the id of this log's numbers.

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "engine/keep.h"
#include "realtime/delivery_state.h"

#define MARKS_AT_ONCE 1024u
#define LEVEL_EVERY_MS 300000

void delivery_mark_name(struct str target, struct buf *out) {
    buf_append_str(out, STR("outbox/"));
    buf_append_str(out, target);
}

enum status delivery_first_mark(struct str target, uint64_t since, struct buf *name,
                                struct buf *body) {
    const struct outbox_mark mark = {.cursor = since};
    delivery_mark_name(target, name);
    outbox_mark_write(&mark, body);
    return name->failed || body->failed ? STATUS_NO_MEMORY : STATUS_OK;
}

/// Of before the restart.
static bool on_mark(void *ctx, struct str name, struct str body) {
    struct delivery *d = ctx;
    struct outbox_mark mark;
    struct str target = str_sub(name, sizeof "outbox/" - 1, name.len - (sizeof "outbox/" - 1));
    if (outbox_mark_parse(body, &mark)) outbox_set_mark(d->outbox, target, &mark, clock_wall_ms());
    return true;
}

enum status delivery_marks_read(struct delivery *d) {
    return engine_keep_each(d->options.engine, STR("outbox/"), on_mark, d);
}

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
    delivery_mark_name(name, &m->texts);
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

void delivery_marks_keep(struct delivery *d) {
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

static bool on_events_id(void *ctx, struct str name, struct str body) {
    char *id = ctx;
    (void)name;
    if (body.len == 16) memcpy(id, body.p, 16);
    return false;
}

/// Kept in the store, like the numbers it makes unique.
enum status delivery_id_read(struct delivery *d, struct reason *why) {
    const struct str name = STR("events/id");
    enum status st = engine_keep_each(d->options.engine, name, on_events_id, d->events_id);
    if (st != STATUS_OK || d->events_id[0]) return st;
    uint64_t number, lsn;
    st = rand_secure(&number, sizeof number);
    if (st != STATUS_OK) return st;
    snprintf(d->events_id, sizeof d->events_id, "%016" PRIx64, number);
    return engine_keep_put(d->options.engine, name, str_of(d->events_id), &lsn, why);
}
