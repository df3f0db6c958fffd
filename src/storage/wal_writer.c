// wal_writer.c - the writer thread.
//
// One turn takes everything that has been appended: it fills in the checksums, writes it with as few calls as it
// has chunks, syncs in mode `always`, and tells. While it does, the next group gathers: the slower the
// disk, the larger the groups.
//
// A failed write is repeated at the same place. After a failed sync the kernel may have dropped the pages, so
// a second sync that succeeds proves nothing: all bytes since the last good sync are written again from memory,
// at their places, and then synced. Meanwhile the store refuses new writes; those under way wait in memory.
//
// Threads: everything here runs in the writer thread, with the log's lock held unless it says otherwise.

#include "storage/wal_writer.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define SPANS_MAX 64u
#define MARK_IDLE_MS 100u // so long after the last sync a mark says what is synced
// Batches that come one after another would each wake the thread and be written alone: two to three times
// the price of the batch itself. After a group of several, outside of mode `always`, it rests.
#define REST_NS 50000
#define REST_BELOW_BYTES ((uint64_t)128 << 10)

struct group {
    struct wal_queue_span spans[SPANS_MAX];
    size_t span_count;
    uint64_t bytes, last_lsn;
};

static void *writer_run(void *arg);
static bool writer_wait(struct wal_log *log);
static void writer_rest(struct wal_log *log);
static bool writer_group(struct wal_log *log);
static bool writer_sync(struct wal_log *log);
static bool writer_seal(struct wal_log *log);
static void writer_mark(struct wal_log *log);
static bool writer_open_segment(struct wal_log *log);
static void writer_written(struct wal_log *log, const struct group *group, uint64_t told_lsn);
static enum status writer_rewrite(struct wal_log *log);
static bool writer_retry(struct wal_log *log);
static void group_encode(struct group *g, uint64_t room, uint64_t synced_lsn, uint32_t seed);
static enum status spans_write(const struct wal_segment *seg, const struct wal_queue_span *spans,
                               size_t count, uint64_t at);

enum status wal_writer_start(struct wal_writer *w, struct wal_log *log) {
    w->log = log;
    w->running = pthread_create(&w->thread, NULL, writer_run, log) == 0;
    return w->running ? STATUS_OK : STATUS_NO_MEMORY;
}

void wal_writer_join(struct wal_writer *w) {
    if (!w->running) return;
    pthread_join(w->thread, NULL);
    w->running = false;
}

static void *writer_run(void *arg) {
    struct wal_log *log = arg;
    bool ok = true;
    (void)prctl(PR_SET_TIMERSLACK, 1000ul); // ns; a rest would take twice its time
    pthread_mutex_lock(&log->lock);
    while (ok && writer_wait(log)) {
        if (log->sync_failed) {
            ok = writer_sync(log);
            if (ok) wal_log_heal(log);
        } else if (log->queue.written < log->queue.end) {
            ok = writer_group(log);
        } else {
            ok = writer_seal(log);
        }
    }
    if (ok) ok = writer_seal(log);
    log->dead = !ok;
    pthread_cond_broadcast(&log->progress);
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

static bool mark_due(const struct wal_log *log) {
    return log->segment.fd >= 0 && log->queue.written == log->queue.synced &&
           log->known_lsn < log->synced_lsn && !log->sync_running;
}

/// Not idle meanwhile: nobody spends a call on waking it.
static void writer_rest(struct wal_log *log) {
    log->gathering = false;
    if (log->closing || log->sync_failed) return;
    pthread_mutex_unlock(&log->lock);
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = REST_NS}, NULL);
    pthread_mutex_lock(&log->lock);
}

/// False when closing and nothing is left to do.
static bool writer_wait(struct wal_log *log) {
    if (log->gathering) writer_rest(log);
    while (!log->sync_failed && log->queue.written == log->queue.end &&
           log->seal_wanted_lsn <= log->sealed_lsn) {
        if (log->closing) return false;
        log->writer_idle = true;
        if (!mark_due(log))
            pthread_cond_wait(&log->wake_writer, &log->lock);
        else if (!wal_log_wait_ms(log, &log->wake_writer, MARK_IDLE_MS) && log->writer_idle)
            writer_mark(log);
    }
    log->writer_idle = false;
    return true;
}

static bool writer_group(struct wal_log *log) {
    if (log->segment.fd < 0 && !writer_open_segment(log)) return false;
    struct wal_queue *q = &log->queue;
    struct wal_segment *seg = &log->segment;
    struct group g = {0};
    g.span_count = wal_queue_spans(q, q->written, q->end, g.spans, SPANS_MAX);
    uint64_t told_lsn = log->synced_lsn;
    uint64_t full = log->options->segment_bytes;
    pthread_mutex_unlock(&log->lock);

    group_encode(&g, full > seg->offset ? full - seg->offset : 0, told_lsn, seg->seed);
    for (;;) {
        enum status st = spans_write(seg, g.spans, g.span_count, seg->offset);
        int err = errno;
        if (st == STATUS_OK) break;
        // Half a group must not stay behind: readers would take it for damage were more written after it.
        (void)seg->io->truncate(seg->io->ctx, seg->fd, (off_t)seg->offset);
        pthread_mutex_lock(&log->lock);
        wal_log_fail(log, st, err, "write the log");
        if (!writer_retry(log)) return false;
        pthread_mutex_unlock(&log->lock);
    }

    pthread_mutex_lock(&log->lock);
    writer_written(log, &g, told_lsn);
    bool always = log->options->mode == STORAGE_ALWAYS;
    if (always && !writer_sync(log)) return false;
    if (!log->sync_failed) wal_log_heal(log);
    log->durable_lsn = always ? log->synced_lsn : log->written_lsn;
    pthread_cond_broadcast(&log->progress);
    if (log->options->on_durable) {
        pthread_mutex_unlock(&log->lock);
        log->options->on_durable(log->options->durable_ctx, g.last_lsn);
        pthread_mutex_lock(&log->lock);
    }
    return seg->offset < full || writer_seal(log);
}

static void writer_written(struct wal_log *log, const struct group *g, uint64_t told_lsn) {
    struct wal_queue *q = &log->queue;
    bool first = q->written == q->synced;
    log->gathering = log->options->mode != STORAGE_ALWAYS && g->last_lsn > log->written_lsn + 1 &&
                     q->end - q->written < REST_BELOW_BYTES; // else there is enough to do
    wal_queue_set_written(q, q->written + g->bytes);
    log->segment.offset += g->bytes;
    log->written_lsn = g->last_lsn;
    if (log->known_lsn < told_lsn) log->known_lsn = told_lsn;
    atomic_fetch_sub_explicit(&log->backlog, g->bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&log->bytes_appended, g->bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&log->disk_bytes, g->bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&log->bytes_since_snapshot, g->bytes, memory_order_relaxed);
    if (first || q->written - q->synced >= WAL_LOG_UNSYNCED_BYTES ||
        log->sync_wanted_lsn > log->synced_lsn)
        pthread_cond_signal(&log->wake_syncer);
}

/// Everything written is on the disk afterwards. False when it cannot be and the store is closing.
static bool writer_sync(struct wal_log *log) {
    while (log->sync_running)
        pthread_cond_wait(&log->progress, &log->lock);
    if (log->segment.fd < 0) return true;
    bool again = log->sync_failed;
    if (!again && log->queue.written == log->queue.synced) return true;
    log->sync_running = true;
    for (;;) {
        pthread_mutex_unlock(&log->lock);
        enum status st = again ? writer_rewrite(log) : STATUS_OK;
        if (st == STATUS_OK) st = io_sync(log->io, log->segment.fd);
        int err = errno;
        pthread_mutex_lock(&log->lock);
        if (st == STATUS_OK) break;
        again = log->sync_failed = true;
        wal_log_fail(log, st, err, "sync the log");
        if (!writer_retry(log)) {
            log->sync_running = false;
            return false;
        }
    }
    log->sync_running = log->sync_failed = false;
    wal_log_synced(log, log->written_lsn, log->queue.written, log->segment.offset);
    return true;
}

/// Without the lock: the bytes since the last good sync once more, from memory to their places.
static enum status writer_rewrite(struct wal_log *log) {
    const struct wal_segment *seg = &log->segment;
    uint64_t at = log->synced_offset;
    if (log->mark_unsynced) {
        enum status st = io_write_all(seg->io, seg->fd, log->mark, sizeof log->mark, at);
        if (st != STATUS_OK) return st;
        at += sizeof log->mark;
    }
    pthread_mutex_lock(&log->lock);
    uint64_t from = log->queue.synced, to = log->queue.written;
    pthread_mutex_unlock(&log->lock);
    while (from < to) {
        struct wal_queue_span spans[SPANS_MAX];
        pthread_mutex_lock(&log->lock);
        size_t count = wal_queue_spans(&log->queue, from, to, spans, SPANS_MAX);
        pthread_mutex_unlock(&log->lock);
        enum status st = spans_write(seg, spans, count, at);
        if (st != STATUS_OK) return st;
        for (size_t i = 0; i < count; i++) {
            from += spans[i].len;
            at += spans[i].len;
        }
    }
    assert(at == seg->offset);
    return STATUS_OK;
}

/// End the segment; the next group makes a new one.
static bool writer_seal(struct wal_log *log) {
    if (!writer_sync(log)) return false;
    while (log->segment.fd >= 0) {
        struct wal_segment seg = log->segment;
        uint64_t last_lsn = log->written_lsn;
        pthread_mutex_unlock(&log->lock);
        enum status st = wal_segment_seal(&seg, last_lsn);
        int err = errno;
        pthread_mutex_lock(&log->lock);
        if (st == STATUS_OK) {
            log->segment = seg;
            log->disk_bytes += WAL_FRAME_HEADER;
            break;
        }
        wal_log_fail(log, st, err, "end a segment");
        if (!writer_retry(log)) return false;
    }
    log->sealed_lsn = log->known_lsn = log->written_lsn;
    log->mark_unsynced = false;
    wal_log_heal(log);
    pthread_cond_broadcast(&log->progress);
    return true;
}

static bool writer_open_segment(struct wal_log *log) {
    for (;;) {
        struct wal_segment seg;
        uint64_t first_lsn = log->written_lsn + 1;
        pthread_mutex_unlock(&log->lock);
        enum status st =
            wal_segment_create(log->io, log->options->dir, log->store_id, first_lsn, &seg);
        int err = errno;
        pthread_mutex_lock(&log->lock);
        if (st == STATUS_OK) {
            log->segment = seg;
            log->synced_offset = seg.offset;
            log->segments++;
            log->disk_bytes += seg.offset;
            return true;
        }
        wal_log_fail(log, st, err, "begin a segment");
        if (!writer_retry(log)) return false;
    }
}

/// Nothing came for a while: tell in the file what is synced, so that damage there cannot pass for a torn end.
static void writer_mark(struct wal_log *log) {
    if (!mark_due(log)) return;
    struct wal_segment *seg = &log->segment;
    wal_frame_begin(log->mark, WAL_FRAME_MARK, log->written_lsn, 0);
    wal_frame_finish(log->mark, log->synced_lsn, seg->seed);
    log->known_lsn =
        log->synced_lsn; // whether or not it can be written: it is a help, not a promise
    pthread_mutex_unlock(&log->lock);
    enum status st = io_write_all(seg->io, seg->fd, log->mark, sizeof log->mark, seg->offset);
    if (st != STATUS_OK) (void)seg->io->truncate(seg->io->ctx, seg->fd, (off_t)seg->offset);
    pthread_mutex_lock(&log->lock);
    if (st != STATUS_OK) return;
    seg->offset += sizeof log->mark;
    log->mark_unsynced = true;
    log->disk_bytes += sizeof log->mark;
}

/// Wait before the next try. False when the store is closing and has had its last one.
static bool writer_retry(struct wal_log *log) {
    uint64_t until = clock_mono_ns() + (uint64_t)log->retry_ms * 1000000u;
    while (!log->closing && clock_mono_ns() < until)
        (void)wal_log_wait_until(log, &log->wake_writer, until);
    if (!log->closing) return true;
    bool more = !log->last_try;
    log->last_try = true;
    return more;
}

/// Checksums for whole frames up to `room` bytes (at least one); the spans are cut to them.
static void group_encode(struct group *g, uint64_t room, uint64_t synced_lsn, uint32_t seed) {
    for (size_t i = 0; i < g->span_count; i++) {
        struct wal_queue_span *span = &g->spans[i];
        for (size_t at = 0; at < span->len;) {
            char *frame = span->bytes + at;
            if (g->bytes > 0 && g->bytes >= room) {
                span->len = at;
                g->span_count = at ? i + 1 : i;
                return;
            }
            wal_queue_await(frame);
            g->last_lsn = wal_frame_get64(frame + 8);
            size_t size = wal_frame_finish(frame, synced_lsn, seed);
            g->bytes += size;
            at += size;
        }
    }
}

static enum status spans_write(const struct wal_segment *seg, const struct wal_queue_span *spans,
                               size_t count, uint64_t at) {
    for (size_t i = 0; i < count; i++) {
        enum status st = io_write_all(seg->io, seg->fd, spans[i].bytes, spans[i].len, at);
        if (st != STATUS_OK) return st;
        at += spans[i].len;
    }
    return STATUS_OK;
}
