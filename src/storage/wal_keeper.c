// wal_keeper.c - the snapshot job.
//
// seal the log -> s | source emits the present | sync the log | sync the file | verify | rename | sync the directory | drop
//
// The log is synced before the snapshot gets its name: the snapshot may hold a part of a batch whose other part only
// the log has.

#include "storage/wal_keeper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "storage/wal_snapshot.h"

#define LOOK_MS 200u    // how often the thread looks at the length of the log
#define AGAIN_MS 30000u // after a failed snapshot

struct emission {
    struct wal_keeper *keeper;
    struct wal_snapshot_writer writer;
};

static void *keeper_run(void *arg);
static enum status keeper_claim(struct wal_keeper *k, bool own, struct reason *why);
static enum status keeper_snapshot(struct wal_keeper *k, bool own, struct reason *why);
static enum status snapshot_take(struct wal_keeper *k, struct reason *why);
static enum status snapshot_write(struct wal_keeper *k, struct emission *e, uint64_t lsn,
                                  struct reason *why);
static enum status snapshot_install(struct wal_keeper *k, const char *tmp, uint64_t lsn,
                                    struct reason *why);
static enum status emission_emit(void *ctx, const struct record *record);
static enum status failed(enum status st, int err, const char *path, struct reason *why);

enum status wal_keeper_init(struct wal_keeper *k, struct wal_log *log) {
    memset(k, 0, sizeof *k);
    k->log = log;
    pthread_condattr_t attr;
    if (pthread_mutex_init(&k->lock, NULL) != 0) return STATUS_NO_MEMORY;
    if (pthread_condattr_init(&attr) != 0) return STATUS_NO_MEMORY;
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(&k->wake, &attr);
    if (rc == 0) rc = pthread_cond_init(&k->idle, &attr);
    pthread_condattr_destroy(&attr);
    return rc == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

void wal_keeper_deinit(struct wal_keeper *k) {
    pthread_cond_destroy(&k->idle);
    pthread_cond_destroy(&k->wake);
    pthread_mutex_destroy(&k->lock);
}

enum status wal_keeper_start(struct wal_keeper *k) {
    if (!k->log->options->source) return STATUS_OK;
    k->running = pthread_create(&k->thread, NULL, keeper_run, k) == 0;
    return k->running ? STATUS_OK : STATUS_NO_MEMORY;
}

void wal_keeper_stop(struct wal_keeper *k) {
    pthread_mutex_lock(&k->lock);
    k->stopping = true;
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
    if (k->running) pthread_join(k->thread, NULL);
    k->running = false;
}

enum status wal_keeper_claim(struct wal_keeper *k, struct reason *why) {
    return keeper_claim(k, false, why);
}

static enum status keeper_claim(struct wal_keeper *k, bool own, struct reason *why) {
    enum status st = STATUS_OK;
    pthread_mutex_lock(&k->lock);
    while (!own && k->busy && k->busy_own)
        pthread_cond_wait(&k->idle, &k->lock);
    if (k->busy)
        st = reason_set(why, STATUS_BUSY, "a snapshot or a backup is under way");
    else
        k->busy_own = own;
    k->busy = true;
    pthread_mutex_unlock(&k->lock);
    return st;
}

void wal_keeper_release(struct wal_keeper *k) {
    pthread_mutex_lock(&k->lock);
    k->busy = false;
    pthread_cond_broadcast(&k->idle);
    pthread_mutex_unlock(&k->lock);
}

enum status wal_keeper_snapshot(struct wal_keeper *k, struct reason *why) {
    if (!k->log->options->source)
        return reason_set(why, STATUS_UNAVAILABLE, "nothing was given to take a snapshot of");
    return keeper_snapshot(k, false, why);
}

static enum status keeper_snapshot(struct wal_keeper *k, bool own, struct reason *why) {
    enum status st = keeper_claim(k, own, why);
    if (st != STATUS_OK) return st;
    st = snapshot_take(k, why);
    wal_keeper_release(k);
    return st;
}

static void keeper_wait(struct wal_keeper *k, uint32_t ms) {
    uint64_t until = clock_mono_ns() + (uint64_t)ms * 1000000u;
    struct timespec at = {.tv_sec = (time_t)(until / 1000000000u),
                          .tv_nsec = (long)(until % 1000000000u)};
    pthread_mutex_lock(&k->lock);
    while (!k->stopping && pthread_cond_timedwait(&k->wake, &k->lock, &at) == 0) {
    }
    pthread_mutex_unlock(&k->lock);
}

static void *keeper_run(void *arg) {
    struct wal_keeper *k = arg;
    while (!k->stopping) {
        keeper_wait(k, LOOK_MS);
        if (k->stopping || k->log->bytes_since_snapshot < k->log->options->snapshot_after_bytes)
            continue;
        struct reason why = {0};
        enum status st = keeper_snapshot(k, true, &why);
        if (st == STATUS_OK || st == STATUS_BUSY || k->stopping) continue;
        log_write(k->log->options->log, LOG_ERROR, "snapshot failed, tried again later",
                  LOG_Z("reason", why.text));
        keeper_wait(k, AGAIN_MS);
    }
    return NULL;
}

static enum status snapshot_take(struct wal_keeper *k, struct reason *why) {
    struct wal_log *log = k->log;
    uint64_t lsn, started = clock_mono_ns();
    uint64_t before = log->bytes_since_snapshot;
    enum status st = wal_log_seal(log, &lsn, why);
    if (st != STATUS_OK) return st;
    if (lsn == 1 || lsn == k->snapshot_lsn) return STATUS_OK; // nothing new
    struct emission e = {.keeper = k};
    st = snapshot_write(k, &e, lsn, why);
    wal_snapshot_close(&e.writer);
    if (st == STATUS_OK) st = snapshot_install(k, e.writer.path, lsn, why);
    if (st != STATUS_OK) {
        (void)log->io->unlink(log->io->ctx, e.writer.path);
        return st;
    }
    k->snapshot_lsn = lsn;
    k->snapshots++;
    log->disk_bytes += e.writer.offset;
    atomic_fetch_sub(&log->bytes_since_snapshot, before);
    uint64_t segments, bytes;
    wal_dir_drop_before(log->options->dir, log->io, lsn, &segments, &bytes);
    log->segments -= segments;
    log->disk_bytes -= bytes;
    log_write(log->options->log, LOG_INFO, "snapshot taken", LOG_INT("lsn", lsn),
              LOG_INT("records", e.writer.records), LOG_INT("bytes", e.writer.offset),
              LOG_INT("segments_dropped", segments),
              LOG_INT("ms", (clock_mono_ns() - started) / 1000000u));
    return STATUS_OK;
}

static enum status snapshot_write(struct wal_keeper *k, struct emission *e, uint64_t lsn,
                                  struct reason *why) {
    struct wal_log *log = k->log;
    struct wal_snapshot_writer *w = &e->writer;
    enum status st = wal_snapshot_begin(w, log->io, log->options->dir, log->store_id, lsn);
    if (st != STATUS_OK) return failed(st, w->err, w->path, why);
    st = log->options->source(log->options->source_ctx, lsn, emission_emit, e);
    if (w->err) return failed(io_status(w->err), w->err, w->path, why);
    if (st != STATUS_OK) return reason_set(why, st, "the snapshot was broken off");
    pthread_mutex_lock(&log->lock);
    uint64_t end_lsn = log->last_lsn;
    pthread_mutex_unlock(&log->lock);
    st = wal_log_sync(log, why);
    if (st != STATUS_OK) return st;
    st = wal_snapshot_finish(w, end_lsn);
    return st == STATUS_OK ? STATUS_OK : failed(st, w->err, w->path, why);
}

static enum status snapshot_install(struct wal_keeper *k, const char *tmp, uint64_t lsn,
                                    struct reason *why) {
    const struct io *io = k->log->io;
    const char *dir = k->log->options->dir;
    char path[WAL_DIR_PATH_MAX];
    struct wal_snapshot_info info;
    enum status st = wal_snapshot_verify(io, tmp, lsn, &info, why);
    if (st != STATUS_OK) return st;
    if (!wal_dir_path(path, dir, WAL_FILE_SNAPSHOT, lsn)) return STATUS_IO;
    if (io->rename(io->ctx, tmp, path) != 0) return failed(io_status(errno), errno, path, why);
    st = io_sync_dir(io, dir);
    return st == STATUS_OK ? STATUS_OK : failed(st, errno, path, why);
}

static enum status emission_emit(void *ctx, const struct record *record) {
    struct emission *e = ctx;
    if (atomic_load_explicit(&e->keeper->stopping, memory_order_relaxed)) return STATUS_CLOSED;
    return wal_snapshot_emit(&e->writer, record);
}

static enum status failed(enum status st, int err, const char *path, struct reason *why) {
    return reason_set(why, st, "cannot write the snapshot %.150s: %s", path, strerror(err));
}
