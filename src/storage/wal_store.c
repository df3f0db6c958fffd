// wal_store.c - the table of functions, and the wiring of the parts behind it.

#include "storage/wal_store.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "storage/wal_backup.h"
#include "storage/wal_check.h"
#include "storage/wal_recover.h"
#include "storage/wal_syncer.h"
#include "storage/wal_writer.h"

#define RETRY_MS 1000u

struct wal_store {
    struct storage base;
    struct storage_options options; // dir is a copy
    char *dir;
    int lock_fd;
    bool replayed; // and the threads run, unless read_only
    struct wal_log log;
    struct wal_writer writer;
    struct wal_syncer syncer;
    struct wal_keeper keeper;
    uint64_t replayed_records, replay_ms, cut_bytes;
};

static enum status store_replay(struct storage *st, const struct storage_intake *intake,
                                struct reason *why);
static enum status store_ready(struct storage *st, struct reason *why);
static enum status store_append(struct storage *st, struct str batch, uint64_t *lsn);
static enum status store_reserve(struct storage *st, size_t len, struct storage_room **room);
static uint64_t store_append_reserved(struct storage *st, struct str batch,
                                      struct storage_room *room);
static uint64_t store_durable_lsn(const struct storage *st);
static enum status store_sync(struct storage *st, struct reason *why);
static enum status store_snapshot(struct storage *st, struct reason *why);
static enum status store_backup(struct storage *st, const char *dir, struct reason *why);
static void store_stats(const struct storage *st, struct storage_stats *out);
static enum status store_close(struct storage *st);
static enum status store_start(struct wal_store *s);
static enum status store_usable(const struct wal_store *s, struct reason *why);
static void options_default(struct storage_options *o);

static const struct storage_ops wal_store_ops = {
    .name = "wal",
    .replay = store_replay,
    .ready = store_ready,
    .append = store_append,
    .reserve = store_reserve,
    .append_reserved = store_append_reserved,
    .durable_lsn = store_durable_lsn,
    .sync = store_sync,
    .snapshot = store_snapshot,
    .backup = store_backup,
    .stats = store_stats,
    .close = store_close,
};

static struct wal_store *store_of(const struct storage *st) {
    return (struct wal_store *)(uintptr_t)st;
}

enum status wal_store_open(const struct storage_options *options, struct storage **out,
                           struct reason *why) {
    return wal_store_open_with(options, io_system(), RETRY_MS, out, why);
}

enum status wal_store_open_with(const struct storage_options *options, const struct io *io,
                                uint32_t retry_ms, struct storage **out, struct reason *why) {
    assert(options->dir && options->dir[0]);
    struct wal_store *s = mem_zalloc(1, sizeof *s);
    if (!s) return reason_set(why, STATUS_NO_MEMORY, "no memory to open %.120s", options->dir);
    s->base.ops = &wal_store_ops;
    s->options = *options;
    s->lock_fd = -1;
    options_default(&s->options);
    size_t len = strlen(options->dir) + 1;
    s->dir = mem_alloc(len);
    enum status st = s->dir ? STATUS_OK : STATUS_NO_MEMORY;
    if (st != STATUS_OK) {
        mem_free(s);
        return reason_set(why, st, "no memory to open %.120s", options->dir);
    }
    memcpy(s->dir, options->dir, len);
    s->options.dir = s->dir;
    st = options->read_only ? STATUS_OK : wal_dir_make(s->dir, why);
    if (st == STATUS_OK) st = wal_dir_lock(s->dir, options->read_only, &s->lock_fd, why);
    if (st == STATUS_OK) st = wal_log_init(&s->log, &s->options, io);
    if (st == STATUS_OK) st = wal_keeper_init(&s->keeper, &s->log);
    if (st != STATUS_OK) {
        wal_dir_unlock(s->lock_fd);
        mem_free(s->dir);
        mem_free(s);
        return st;
    }
    s->log.retry_ms = retry_ms;
    *out = &s->base;
    return STATUS_OK;
}

static void options_default(struct storage_options *o) {
    if (!o->sync_interval_ms) o->sync_interval_ms = 1000;
    if (!o->segment_bytes) o->segment_bytes = (uint64_t)64 << 20;
    if (!o->snapshot_after_bytes) o->snapshot_after_bytes = (uint64_t)256 << 20;
    if (!o->backlog_bytes) o->backlog_bytes = (uint64_t)64 << 20;
}

static enum status store_replay(struct storage *st, const struct storage_intake *intake,
                                struct reason *why) {
    struct wal_store *s = store_of(st);
    assert(!s->replayed);
    uint64_t started = clock_mono_ns();
    struct wal_recovery r = {.io = s->log.io,
                             .dir = s->dir,
                             .read_only = s->options.read_only,
                             .log = s->options.log,
                             .intake = intake};
    enum status result = wal_recover(&r, why);
    if (result != STATUS_OK) return result;
    wal_log_begin(&s->log, r.store_id, r.last_lsn);
    s->log.segments = r.segments;
    s->log.disk_bytes = r.disk_bytes;
    s->log.bytes_since_snapshot = r.log_bytes;
    s->keeper.snapshot_lsn = r.snapshot_lsn;
    s->replayed_records = r.records;
    s->cut_bytes = r.cut_bytes;
    s->replay_ms = (clock_mono_ns() - started) / 1000000u;
    log_write(s->options.log, LOG_INFO, "store replayed", LOG_Z("dir", s->dir),
              LOG_INT("records", r.records), LOG_INT("last_lsn", r.last_lsn),
              LOG_INT("ms", s->replay_ms));
    if (!s->options.read_only) result = store_start(s);
    if (result != STATUS_OK) return reason_set(why, result, "no memory for the store's threads");
    s->replayed = true;
    return STATUS_OK;
}

static enum status store_start(struct wal_store *s) {
    enum status st = wal_writer_start(&s->writer, &s->log);
    if (st == STATUS_OK && s->options.mode != STORAGE_ALWAYS)
        st = wal_syncer_start(&s->syncer, &s->log);
    if (st == STATUS_OK) st = wal_keeper_start(&s->keeper);
    return st;
}

static enum status store_usable(const struct wal_store *s, struct reason *why) {
    if (!s->replayed)
        return reason_set(why, STATUS_UNAVAILABLE, "the store has not been replayed yet");
    if (s->options.read_only)
        return reason_set(why, STATUS_READ_ONLY, "the store was opened to be read only");
    return STATUS_OK;
}

static enum status store_ready(struct storage *st, struct reason *why) {
    struct wal_store *s = store_of(st);
    enum status usable = store_usable(s, why);
    return usable == STATUS_OK ? wal_log_ready(&s->log, why) : usable;
}

static enum status store_append(struct storage *st, struct str batch, uint64_t *lsn) {
    struct wal_store *s = store_of(st);
    assert(s->replayed && !s->options.read_only);
    return wal_log_append(&s->log, batch, lsn);
}

static enum status store_reserve(struct storage *st, size_t len, struct storage_room **room) {
    return wal_log_reserve(&store_of(st)->log, len, (struct wal_queue_chunk **)room);
}

static uint64_t store_append_reserved(struct storage *st, struct str batch,
                                      struct storage_room *room) {
    struct wal_store *s = store_of(st);
    assert(s->replayed && !s->options.read_only);
    return wal_log_append_reserved(&s->log, batch, (struct wal_queue_chunk *)room);
}

static uint64_t store_durable_lsn(const struct storage *st) {
    return store_of(st)->log.durable_lsn;
}

static enum status store_sync(struct storage *st, struct reason *why) {
    struct wal_store *s = store_of(st);
    enum status usable = store_usable(s, why);
    return usable == STATUS_OK ? wal_log_sync(&s->log, why) : usable;
}

static enum status store_snapshot(struct storage *st, struct reason *why) {
    struct wal_store *s = store_of(st);
    enum status usable = store_usable(s, why);
    return usable == STATUS_OK ? wal_keeper_snapshot(&s->keeper, why) : usable;
}

static enum status store_backup(struct storage *st, const char *dir, struct reason *why) {
    struct wal_store *s = store_of(st);
    enum status usable = store_usable(s, why);
    return usable == STATUS_OK ? wal_backup(&s->keeper, dir, why) : usable;
}

static void store_stats(const struct storage *st, struct storage_stats *out) {
    struct wal_store *s = store_of(st);
    struct wal_log *log = &s->log;
    *out = (struct storage_stats){
        .durable_lsn = log->durable_lsn,
        .snapshot_lsn = s->keeper.snapshot_lsn,
        .bytes_appended = log->bytes_appended,
        .bytes_on_disk = log->disk_bytes,
        .segments = log->segments,
        .syncs = log->syncs,
        .snapshots = s->keeper.snapshots,
        .replayed_records = s->replayed_records,
        .replay_ms = s->replay_ms,
        .cut_bytes = s->cut_bytes,
    };
    pthread_mutex_lock(&log->lock);
    out->last_lsn = log->last_lsn;
    out->read_only = log->problem != STATUS_OK || s->options.read_only;
    memcpy(out->problem, log->problem_text, sizeof out->problem);
    pthread_mutex_unlock(&log->lock);
}

static enum status store_close(struct storage *st) {
    struct wal_store *s = store_of(st);
    wal_keeper_stop(&s->keeper);
    pthread_mutex_lock(&s->log.lock);
    s->log.closing = true;
    pthread_cond_broadcast(&s->log.wake_writer);
    pthread_cond_broadcast(&s->log.wake_syncer);
    pthread_mutex_unlock(&s->log.lock);
    wal_writer_join(&s->writer);
    wal_syncer_join(&s->syncer);
    enum status end = s->log.dead ? s->log.problem : STATUS_OK;
    if (s->log.dead)
        log_write(s->options.log, LOG_ERROR, "closed without writing everything",
                  LOG_Z("reason", s->log.problem_text), LOG_INT("written_lsn", s->log.written_lsn),
                  LOG_INT("lost_batches", s->log.last_lsn - s->log.written_lsn));
    wal_keeper_deinit(&s->keeper);
    wal_log_deinit(&s->log);
    wal_dir_unlock(s->lock_fd);
    mem_free(s->dir);
    mem_free(s);
    return end;
}

enum status wal_store_check(const char *dir, struct wal_check_report *report,
                            void (*say)(void *ctx, const char *line), void *ctx) {
    *report = (struct wal_check_report){0};
    struct reason why = {0};
    int fd;
    enum status st = wal_dir_lock(dir, true, &fd, &why);
    if (st != STATUS_OK) {
        if (say) say(ctx, why.text);
        return st;
    }
    st = wal_check_dir(io_system(), dir, report, say, ctx);
    wal_dir_unlock(fd);
    return st;
}
