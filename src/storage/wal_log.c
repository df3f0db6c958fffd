// wal_log.c - append, and waiting for what was appended.

#include "storage/wal_log.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

static enum status wait_for(struct wal_log *log, const uint64_t *reached, uint64_t lsn,
                            struct reason *why);
static uint64_t fill_unlock(struct wal_log *log, char *frame, struct str batch);
static bool cond_init(pthread_cond_t *cond);

enum status wal_log_init(struct wal_log *log, const struct storage_options *options,
                         const struct io *io) {
    memset(log, 0, sizeof *log);
    log->options = options;
    log->io = io;
    log->segment.fd = -1;
    wal_queue_init(&log->queue);
    if (pthread_mutex_init(&log->lock, NULL) != 0) return STATUS_NO_MEMORY;
    if (cond_init(&log->wake_writer) && cond_init(&log->wake_syncer) && cond_init(&log->progress))
        return STATUS_OK;
    return STATUS_NO_MEMORY;
}

void wal_log_deinit(struct wal_log *log) {
    wal_segment_close(&log->segment);
    wal_queue_deinit(&log->queue);
    pthread_cond_destroy(&log->progress);
    pthread_cond_destroy(&log->wake_syncer);
    pthread_cond_destroy(&log->wake_writer);
    pthread_mutex_destroy(&log->lock);
}

void wal_log_begin(struct wal_log *log, const uint8_t store_id[16], uint64_t last_lsn) {
    memcpy(log->store_id, store_id, sizeof log->store_id);
    log->last_lsn = log->written_lsn = log->synced_lsn = log->sealed_lsn = last_lsn;
    log->known_lsn = last_lsn;
    log->durable_lsn = last_lsn;
}

enum status wal_log_append(struct wal_log *log, struct str batch, uint64_t *lsn) {
    if (batch.len > WAL_FRAME_MAX_PAYLOAD) return STATUS_TOO_LARGE;
    pthread_mutex_lock(&log->lock);
    char *frame = wal_queue_reserve(&log->queue, wal_frame_size((uint32_t)batch.len));
    if (!frame) {
        pthread_mutex_unlock(&log->lock);
        return STATUS_NO_MEMORY;
    }
    *lsn = fill_unlock(log, frame, batch);
    return STATUS_OK;
}

enum status wal_log_reserve(struct wal_log *log, size_t len, struct wal_queue_chunk **room) {
    if (len > WAL_FRAME_MAX_PAYLOAD) return STATUS_TOO_LARGE;
    pthread_mutex_lock(&log->lock);
    *room = wal_queue_set_aside(&log->queue, wal_frame_size((uint32_t)len));
    pthread_mutex_unlock(&log->lock);
    return *room ? STATUS_OK : STATUS_NO_MEMORY;
}

uint64_t wal_log_append_reserved(struct wal_log *log, struct str batch,
                                 struct wal_queue_chunk *room) {
    pthread_mutex_lock(&log->lock);
    if (batch.len == 0) {
        wal_queue_give_back(&log->queue, room);
        pthread_mutex_unlock(&log->lock);
        return 0;
    }
    size_t size = wal_frame_size((uint32_t)batch.len);
    return fill_unlock(log, wal_queue_reserve_from(&log->queue, size, room), batch);
}

/// Number the frame, give the lock back, copy the payload.
static uint64_t fill_unlock(struct wal_log *log, char *frame, struct str batch) {
    assert(!log->closing);
    uint32_t len = (uint32_t)batch.len;
    uint64_t lsn = ++log->last_lsn;
    atomic_fetch_add_explicit(&log->backlog, wal_frame_size(len), memory_order_relaxed);
    bool wake = log->writer_idle;
    log->writer_idle = false;
    pthread_mutex_unlock(&log->lock);

    wal_frame_begin(frame, WAL_FRAME_BATCH, lsn, len);
    if (len) memcpy(frame + WAL_FRAME_HEADER, batch.p, len);
    wal_queue_publish(frame);
    if (wake) pthread_cond_signal(&log->wake_writer);
    return lsn;
}

enum status wal_log_ready(struct wal_log *log, struct reason *why) {
    if (atomic_load_explicit(&log->condition, memory_order_relaxed) != STATUS_OK) {
        pthread_mutex_lock(&log->lock);
        enum status st = log->problem;
        if (st != STATUS_OK) (void)reason_set(why, st, "%s", log->problem_text);
        pthread_mutex_unlock(&log->lock);
        if (st != STATUS_OK) return st;
    }
    uint64_t backlog = atomic_load_explicit(&log->backlog, memory_order_relaxed);
    if (backlog <= log->options->backlog_bytes) return STATUS_OK;
    return reason_set(why, STATUS_BUSY,
                      "%llu bytes wait to be written to %.100s: the disk is slower than the writes",
                      (unsigned long long)backlog, log->options->dir);
}

enum status wal_log_sync(struct wal_log *log, struct reason *why) {
    pthread_mutex_lock(&log->lock);
    uint64_t lsn = log->last_lsn;
    if (log->sync_wanted_lsn < lsn) log->sync_wanted_lsn = lsn;
    pthread_cond_signal(&log->wake_syncer);
    pthread_cond_signal(&log->wake_writer);
    enum status st = wait_for(log, &log->synced_lsn, lsn, why);
    pthread_mutex_unlock(&log->lock);
    return st;
}

enum status wal_log_seal(struct wal_log *log, uint64_t *lsn, struct reason *why) {
    pthread_mutex_lock(&log->lock);
    uint64_t wanted = log->last_lsn;
    if (log->seal_wanted_lsn < wanted) log->seal_wanted_lsn = wanted;
    pthread_cond_signal(&log->wake_writer);
    enum status st = wait_for(log, &log->sealed_lsn, wanted, why);
    *lsn = log->sealed_lsn + 1;
    pthread_mutex_unlock(&log->lock);
    return st;
}

// A store that cannot write answers at once: it may be long until there is room.
static enum status wait_for(struct wal_log *log, const uint64_t *reached, uint64_t lsn,
                            struct reason *why) {
    while (*reached < lsn && log->problem == STATUS_OK && !log->dead)
        pthread_cond_wait(&log->progress, &log->lock);
    if (*reached >= lsn) return STATUS_OK;
    if (log->problem != STATUS_OK) return reason_set(why, log->problem, "%s", log->problem_text);
    return reason_set(why, STATUS_CLOSED, "the store is closed");
}

void wal_log_fail(struct wal_log *log, enum status st, int err, const char *doing) {
    // Writers are told this status: what a disk refuses is never their fault, nor a matter of waiting in a queue.
    if (st == STATUS_NO_MEMORY || st == STATUS_BUSY || status_http(st) != 503) st = STATUS_IO;
    bool first = log->problem == STATUS_OK;
    const char *mend = st == STATUS_DISK_FULL ? "free some room: writing goes on by itself"
                       : st == STATUS_READ_ONLY
                           ? "make it writable again: writing goes on by itself"
                           : "look at the disk; the last second's writes are "
                             "kept in memory and tried again";
    log->problem = st;
    snprintf(log->problem_text, sizeof log->problem_text, "cannot %s in %.60s: %.40s: %s", doing,
             log->options->dir, strerror(err), mend);
    log->condition = (int)st;
    pthread_cond_broadcast(&log->progress);
    if (first)
        log_write(log->options->log, LOG_ERROR, "writes are refused",
                  LOG_Z("reason", log->problem_text), LOG_INT("last_lsn", log->last_lsn),
                  LOG_INT("synced_lsn", log->synced_lsn));
    if (log->options->on_refusing) log->options->on_refusing(log->options->durable_ctx);
}

void wal_log_heal(struct wal_log *log) {
    if (log->problem == STATUS_OK) return;
    log->problem = STATUS_OK;
    log->problem_text[0] = '\0';
    log->condition = STATUS_OK;
    log_write(log->options->log, LOG_INFO, "writes are accepted again",
              LOG_Z("dir", log->options->dir));
}

void wal_log_synced(struct wal_log *log, uint64_t lsn, uint64_t queued, uint64_t offset) {
    wal_queue_set_synced(&log->queue, queued);
    log->synced_lsn = lsn;
    log->synced_offset = offset;
    log->mark_unsynced = false;
    log->syncs++;
    pthread_cond_broadcast(&log->progress);
}

bool wal_log_wait_until(struct wal_log *log, pthread_cond_t *cond, uint64_t mono_ns) {
    struct timespec until = {.tv_sec = (time_t)(mono_ns / 1000000000u),
                             .tv_nsec = (long)(mono_ns % 1000000000u)};
    return pthread_cond_timedwait(cond, &log->lock, &until) == 0;
}

bool wal_log_wait_ms(struct wal_log *log, pthread_cond_t *cond, uint32_t ms) {
    return wal_log_wait_until(log, cond, clock_mono_ns() + (uint64_t)ms * 1000000u);
}

static bool cond_init(pthread_cond_t *cond) {
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0) return false;
    bool ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(cond, &attr) == 0;
    pthread_condattr_destroy(&attr);
    return ok;
}
