// wal_syncer.c - syncs by the clock, by the bytes that wait, and when somebody asks.

#include "storage/wal_syncer.h"

#include <errno.h>

#include "base/clock.h"

#define NEVER UINT64_MAX

static void *syncer_run(void *arg);
static uint64_t syncer_due_ns(const struct wal_log *log, uint64_t by_clock_ns);
static void syncer_sync(struct wal_log *log);

enum status wal_syncer_start(struct wal_syncer *s, struct wal_log *log) {
    s->log = log;
    s->running = pthread_create(&s->thread, NULL, syncer_run, log) == 0;
    return s->running ? STATUS_OK : STATUS_NO_MEMORY;
}

void wal_syncer_join(struct wal_syncer *s) {
    if (!s->running) return;
    pthread_join(s->thread, NULL);
    s->running = false;
}

static void *syncer_run(void *arg) {
    struct wal_log *log = arg;
    uint64_t interval_ns = (uint64_t)log->options->sync_interval_ms * 1000000u;
    uint64_t by_clock_ns = clock_mono_ns() + interval_ns;
    if (log->options->mode == STORAGE_OFF) by_clock_ns = NEVER;
    pthread_mutex_lock(&log->lock);
    while (!log->closing) {
        uint64_t due = syncer_due_ns(log, by_clock_ns);
        uint64_t now = clock_mono_ns();
        if (due == NEVER) {
            pthread_cond_wait(&log->wake_syncer, &log->lock);
        } else if (now < due) {
            (void)wal_log_wait_until(log, &log->wake_syncer, due);
        } else {
            syncer_sync(log);
            // What is written during a sync waits for the next: begin it early by the time this one took.
            uint64_t took = clock_mono_ns() - now;
            if (by_clock_ns != NEVER)
                by_clock_ns = now + interval_ns - (took < interval_ns / 2 ? took : interval_ns / 2);
        }
    }
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

/// When the next sync should begin; 0: now.
static uint64_t syncer_due_ns(const struct wal_log *log, uint64_t by_clock_ns) {
    uint64_t waiting = log->queue.written - log->queue.synced;
    if (waiting == 0 || log->sync_running || log->sync_failed) return NEVER;
    if (waiting >= WAL_LOG_UNSYNCED_BYTES) return 0;
    if (log->sync_wanted_lsn > log->synced_lsn && log->written_lsn >= log->sync_wanted_lsn)
        return 0;
    return by_clock_ns;
}

static void syncer_sync(struct wal_log *log) {
    int fd = log->segment.fd;
    uint64_t lsn = log->written_lsn, queued = log->queue.written, offset = log->segment.offset;
    log->sync_running = true;
    pthread_mutex_unlock(&log->lock);
    enum status st = io_sync(log->io, fd);
    int err = errno;
    pthread_mutex_lock(&log->lock);
    log->sync_running = false;
    if (st == STATUS_OK) {
        wal_log_synced(log, lsn, queued, offset);
    } else {
        log->sync_failed = true;
        wal_log_fail(log, st, err, "sync the log");
        pthread_cond_broadcast(&log->progress);
    }
    pthread_cond_signal(&log->wake_writer); // to mend it, or to write a mark
}
