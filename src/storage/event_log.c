// event_log.c - the list of segments, what waits to be written, and reading.
//
// `writing` (under write_lock) keeps what was taken off `pending` until it stands in a segment: an error of the disk
// loses nothing.

#include "storage/event_log.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "storage/event_segment.h"
#include "storage/wal_dir.h"

#define RETENTION_BYTES (1ull << 30)
#define RETENTION_MEMORY (64ull << 20)
#define RETENTION_MS (7ll * 24 * 3600 * 1000)
#define SEGMENT_MOST (16ull << 20)
#define SEGMENT_LEAST (64ull << 10)

struct event_log {
    char *dir; // NULL: in memory
    const struct io *io;
    struct log *log;
    uint64_t retention_bytes, segment_bytes;
    int64_t retention_ms;

    pthread_mutex_t write_lock; // who writes segments; before `lock`
    struct buf writing;
    size_t written; // of it

    pthread_mutex_t lock; // all below, and refs and bytes of segments
    struct event_segment **segments;
    size_t count, cap;
    struct buf pending;
    size_t reserved;               // room behind its end that is promised
    uint64_t last_seq;             // taken in
    uint64_t durable_lsn;          // as last told
    uint64_t shown_seq, shown_lsn; // the last one written to a segment
    uint64_t readable;             // the last one that was durable, as far as is known
    uint64_t bytes;
};

static enum status log_load(struct event_log *log, struct reason *why);
static enum status segment_push(struct event_log *log, struct event_segment *s);
static void segment_remove(struct event_log *log, size_t at);
static void pending_take(struct event_log *log, uint64_t durable_lsn);
static enum status writing_write(struct event_log *log, struct reason *why);
static enum status segment_current(struct event_log *log, uint64_t seq, size_t frame,
                                   struct event_segment **out);
static void retention_apply(struct event_log *log, int64_t now_ms);
static struct event_segment *segment_find(struct event_log *log, struct event_log_cursor *c,
                                          uint64_t *bytes);
static enum status segment_take(struct event_log *log, struct event_segment *s, uint64_t bytes,
                                uint64_t durable_lsn, struct event_log_cursor *c, size_t most,
                                struct buf *chunk);
static enum status failed(const struct event_log *log, enum status st, struct reason *why);

enum status event_log_open(const struct event_log_options *options, struct event_log **out,
                           struct reason *why) {
    struct event_log *log = mem_zalloc(1, sizeof *log);
    if (!log) return STATUS_NO_MEMORY;
    log->io = options->io ? options->io : io_system();
    log->log = options->log;
    log->retention_bytes = options->retention_bytes ? options->retention_bytes : RETENTION_BYTES;
    log->retention_ms = options->retention_ms ? options->retention_ms : RETENTION_MS;
    if (!options->dir && log->retention_bytes > RETENTION_MEMORY) {
        log->retention_bytes = RETENTION_MEMORY;
    }
    uint64_t sixteenth = log->retention_bytes / 16;
    log->segment_bytes = options->segment_bytes      ? options->segment_bytes
                         : sixteenth > SEGMENT_MOST  ? SEGMENT_MOST
                         : sixteenth < SEGMENT_LEAST ? SEGMENT_LEAST
                                                     : sixteenth;
    pthread_mutex_init(&log->write_lock, NULL);
    pthread_mutex_init(&log->lock, NULL);
    enum status st = STATUS_OK;
    if (options->dir) {
        log->dir = strdup(options->dir);
        st = log->dir ? wal_dir_make(log->dir, why) : STATUS_NO_MEMORY;
        if (st == STATUS_OK) st = log_load(log, why);
    }
    if (st != STATUS_OK) {
        event_log_close(log);
        return st;
    }
    *out = log;
    return STATUS_OK;
}

void event_log_close(struct event_log *log) {
    if (!log) return;
    for (size_t i = 0; i < log->count; i++) {
        assert(log->segments[i]->refs == 0);
        event_segment_free(log->segments[i]);
    }
    mem_free(log->segments);
    buf_deinit(&log->pending);
    buf_deinit(&log->writing);
    pthread_mutex_destroy(&log->lock);
    pthread_mutex_destroy(&log->write_lock);
    free(log->dir);
    mem_free(log);
}

// --- opening ---

static int seq_compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/// First numbers of the segments that are there, ascending; mem_free them.
static enum status names_read(const char *dir, uint64_t **out, size_t *count) {
    DIR *d = opendir(dir);
    if (!d) return io_status(errno);
    struct buf names;
    buf_init(&names);
    for (struct dirent *e; (e = readdir(d));) {
        uint64_t seq;
        int end = 0;
        if (sscanf(e->d_name, "events-%16" SCNx64 ".log%n", &seq, &end) == 1 && end &&
            !e->d_name[end]) {
            buf_append(&names, &seq, sizeof seq);
        }
    }
    closedir(d);
    if (names.failed) {
        buf_deinit(&names);
        return STATUS_NO_MEMORY;
    }
    *count = names.len / sizeof **out;
    *out = (uint64_t *)(void *)names.data;
    if (*count) qsort(*out, *count, sizeof **out, seq_compare);
    return STATUS_OK;
}

static int64_t modified_ms(int fd) {
    struct stat info;
    if (fstat(fd, &info) != 0) return 0;
    return (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
}

static enum status load_one(struct event_log *log, const uint64_t *names, size_t i, size_t count,
                            struct reason *why) {
    struct event_segment *s;
    uint64_t cut;
    bool last = i + 1 == count;
    enum status st = event_segment_open(log->io, log->dir, names[i], last, &s, &cut);
    if (st == STATUS_CORRUPT) {
        // Its header was torn when it was made: then it is the last and holds nothing.
        char path[PATH_MAX];
        log_write(log->log, LOG_WARN, "a segment of the event log is not readable",
                  LOG_INT("first_seq", names[i]));
        if (last && event_segment_path(path, log->dir, names[i])) {
            (void)log->io->unlink(log->io->ctx, path);
        }
        return STATUS_OK;
    }
    if (st != STATUS_OK) return failed(log, st, why);
    if (cut) {
        log_write(log->log, LOG_WARN, "the end of the event log was torn and is cut",
                  LOG_INT("bytes", cut));
    }
    if (!last) {
        s->last_seq = names[i + 1] - 1;
        s->last_ms = modified_ms(s->fd);
    }
    st = segment_push(log, s);
    if (st != STATUS_OK) {
        event_segment_free(s);
        return st;
    }
    log->bytes += s->bytes;
    log->last_seq = s->last_seq;
    return STATUS_OK;
}

static enum status log_load(struct event_log *log, struct reason *why) {
    uint64_t *names = NULL;
    size_t count = 0;
    enum status st = names_read(log->dir, &names, &count);
    if (st != STATUS_OK) return failed(log, st, why);
    for (size_t i = 0; i < count && st == STATUS_OK; i++)
        st = load_one(log, names, i, count, why);
    mem_free(names);
    log->shown_seq = log->readable = log->last_seq;
    return st;
}

// --- taking in ---

enum status event_log_reserve(struct event_log *log, size_t count, size_t bytes) {
    size_t room = bytes + count * EVENT_FRAME_HEADER;
    pthread_mutex_lock(&log->lock);
    bool good = buf_reserve(&log->pending, log->reserved + room) != NULL;
    log->pending.failed = false; // what is there is whole
    if (good) log->reserved += room;
    pthread_mutex_unlock(&log->lock);
    return good ? STATUS_OK : STATUS_NO_MEMORY;
}

void event_log_release(struct event_log *log, size_t count, size_t bytes) {
    size_t room = bytes + count * EVENT_FRAME_HEADER;
    pthread_mutex_lock(&log->lock);
    assert(room <= log->reserved);
    log->reserved -= room;
    pthread_mutex_unlock(&log->lock);
}

enum status event_log_append(struct event_log *log, const struct event_entry *event) {
    return event_log_append_parts(log, event, &event->payload, 1);
}

enum status event_log_append_parts(struct event_log *log, const struct event_entry *event,
                                   const struct str *parts, size_t count) {
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    if (len > EVENT_ENTRY_PAYLOAD_MAX) return STATUS_TOO_LARGE;
    enum status st = STATUS_OK;
    pthread_mutex_lock(&log->lock);
    if (event->seq > log->last_seq) {
        event_segment_frame(&log->pending, event, parts, count);
        st = buf_status(&log->pending);
        log->pending.failed = false; // what is there is whole
        if (st == STATUS_OK) log->last_seq = event->seq;
    }
    pthread_mutex_unlock(&log->lock);
    return st;
}

uint64_t event_log_last(const struct event_log *log) {
    pthread_mutex_lock((pthread_mutex_t *)&log->lock);
    uint64_t seq = log->last_seq;
    pthread_mutex_unlock((pthread_mutex_t *)&log->lock);
    return seq;
}

uint64_t event_log_readable(const struct event_log *log) {
    pthread_mutex_lock((pthread_mutex_t *)&log->lock);
    uint64_t seq = log->readable;
    pthread_mutex_unlock((pthread_mutex_t *)&log->lock);
    return seq;
}

static uint64_t oldest(const struct event_log *log) {
    return log->count ? log->segments[0]->first_seq : log->readable + 1;
}

uint64_t event_log_oldest(const struct event_log *log) {
    pthread_mutex_lock((pthread_mutex_t *)&log->lock);
    uint64_t seq = oldest(log);
    pthread_mutex_unlock((pthread_mutex_t *)&log->lock);
    return seq;
}

uint64_t event_log_bytes(const struct event_log *log) {
    pthread_mutex_lock((pthread_mutex_t *)&log->lock);
    uint64_t bytes = log->bytes;
    pthread_mutex_unlock((pthread_mutex_t *)&log->lock);
    return bytes;
}

// --- writing ---

enum status event_log_flush(struct event_log *log, uint64_t durable_lsn, int64_t now_ms,
                            struct reason *why) {
    pthread_mutex_lock(&log->write_lock);
    pthread_mutex_lock(&log->lock);
    if (durable_lsn > log->durable_lsn) log->durable_lsn = durable_lsn;
    if (log->shown_lsn <= log->durable_lsn) log->readable = log->shown_seq;
    pthread_mutex_unlock(&log->lock);
    enum status st = writing_write(log, why); // what an error left
    if (st == STATUS_OK) {
        pending_take(log, durable_lsn);
        st = writing_write(log, why);
    }
    retention_apply(log, now_ms);
    pthread_mutex_unlock(&log->write_lock);
    return st;
}

enum status event_log_sync(struct event_log *log, struct reason *why) {
    pthread_mutex_lock(&log->write_lock);
    enum status st = writing_write(log, why);
    if (st == STATUS_OK) {
        pending_take(log, UINT64_MAX);
        st = writing_write(log, why);
    }
    // Those before the last were synced when they were full.
    struct event_segment *s = log->count ? log->segments[log->count - 1] : NULL;
    if (st == STATUS_OK && s && s->fd >= 0) {
        st = io_sync(log->io, s->fd);
        if (st != STATUS_OK) failed(log, st, why);
    }
    pthread_mutex_unlock(&log->write_lock);
    return st;
}

/// Move what is durable from the front of `pending` to `writing`, which is empty.
static void pending_take(struct event_log *log, uint64_t durable_lsn) {
    pthread_mutex_lock(&log->lock);
    struct buf *from = &log->pending;
    size_t len = 0;
    struct event_entry e;
    while (len < from->len) {
        size_t size = event_segment_peek(from->data + len, &e);
        if (e.lsn > durable_lsn) break;
        len += size;
    }
    if (len == from->len && log->writing.cap >= log->reserved) {
        struct buf empty = log->writing;
        log->writing = *from;
        *from = empty;
    } else if (len) {
        buf_append(&log->writing, from->data, len);
        if (log->writing.failed) { // no memory: the next call tries again
            len = 0;
            buf_clear(&log->writing);
        }
        memmove(from->data, from->data + len, from->len - len);
        from->len -= len;
    }
    log->written = 0;
    pthread_mutex_unlock(&log->lock);
}

/// The frames from `at` on that fit into the segment, at least one; `*last` is the last of them.
static size_t frames_that_fit(const struct event_log *log, const struct event_segment *s, size_t at,
                              struct event_entry *last) {
    size_t len = 0;
    while (at + len < log->writing.len) {
        struct event_entry e;
        size_t size = event_segment_peek(log->writing.data + at + len, &e);
        uint64_t room = s->fd < 0 ? s->room : log->segment_bytes;
        if (len && s->bytes + len + size > room) break;
        len += size;
        *last = e;
    }
    return len;
}

static enum status writing_write(struct event_log *log, struct reason *why) {
    while (log->written < log->writing.len) {
        struct event_segment *s;
        struct event_entry e, last = {0};
        char *from = log->writing.data + log->written;
        size_t first = event_segment_peek(from, &e);
        enum status st = segment_current(log, e.seq, first, &s);
        if (st != STATUS_OK) return failed(log, st, why);
        size_t len = frames_that_fit(log, s, log->written, &last);
        event_segment_stamp(s, from, len);
        st = event_segment_write(s, log->io, s->bytes, from, len);
        if (st != STATUS_OK) return failed(log, st, why);
        log->written += len;
        pthread_mutex_lock(&log->lock);
        s->bytes += len;
        s->last_seq = log->shown_seq = last.seq;
        s->last_ms = last.time_ms;
        log->shown_lsn = last.lsn;
        if (last.lsn <= log->durable_lsn) log->readable = last.seq;
        log->bytes += len;
        pthread_mutex_unlock(&log->lock);
    }
    buf_clear(&log->writing);
    log->written = 0;
    return STATUS_OK;
}

/// The last segment when there is room for the frame, else a new one.
static enum status segment_current(struct event_log *log, uint64_t seq, size_t frame,
                                   struct event_segment **out) {
    struct event_segment *s = log->count ? log->segments[log->count - 1] : NULL;
    uint64_t room = s && s->fd < 0 ? s->room : log->segment_bytes;
    bool empty = s && s->bytes == EVENT_FILE_HEADER;
    if (s && (s->bytes + frame <= room || (empty && s->fd >= 0))) {
        *out = s;
        return STATUS_OK;
    }
    enum status st = STATUS_OK;
    if (s && s->fd >= 0) st = io_sync(log->io, s->fd); // only the last one may be torn
    if (st != STATUS_OK) return st;
    uint64_t size = log->segment_bytes > frame ? log->segment_bytes : frame;
    st = log->dir ? event_segment_create(log->io, log->dir, seq, &s)
                  : event_segment_create_memory(seq, size, &s);
    if (st != STATUS_OK) return st;
    pthread_mutex_lock(&log->lock);
    st = segment_push(log, s);
    if (st == STATUS_OK) log->bytes += s->bytes;
    pthread_mutex_unlock(&log->lock);
    if (st != STATUS_OK) event_segment_free(s);
    *out = s;
    return st;
}

static enum status segment_push(struct event_log *log, struct event_segment *s) {
    if (log->count == log->cap) {
        size_t cap = log->cap ? log->cap * 2 : 16;
        struct event_segment **more = mem_realloc(log->segments, cap * sizeof(void *));
        if (!more) return STATUS_NO_MEMORY;
        log->segments = more;
        log->cap = cap;
    }
    log->segments[log->count++] = s;
    return STATUS_OK;
}

/// Under `lock`. The file goes at once, the segment with its last reader.
static void segment_remove(struct event_log *log, size_t at) {
    struct event_segment *s = log->segments[at];
    char path[PATH_MAX];
    if (log->dir && event_segment_path(path, log->dir, s->first_seq)) {
        (void)log->io->unlink(log->io->ctx, path);
    }
    log->bytes -= s->bytes;
    memmove(log->segments + at, log->segments + at + 1, (log->count - at - 1) * sizeof(void *));
    log->count--;
    s->dropped = true;
    if (s->refs == 0) event_segment_free(s);
}

static void retention_apply(struct event_log *log, int64_t now_ms) {
    pthread_mutex_lock(&log->lock);
    while (log->count > 1 && (log->bytes > log->retention_bytes ||
                              log->segments[0]->last_ms < now_ms - log->retention_ms)) {
        segment_remove(log, 0);
    }
    pthread_mutex_unlock(&log->lock);
}

static enum status failed(const struct event_log *log, enum status st, struct reason *why) {
    return reason_set(why, st, "the event log %.120s: %s", log->dir ? log->dir : "in memory",
                      st == STATUS_NO_MEMORY ? "out of memory" : strerror(errno));
}

// --- copying ---

static enum status segment_copy(struct event_log *log, const struct event_segment *s,
                                uint64_t bytes, const char *dir) {
    char path[PATH_MAX];
    if (!event_segment_path(path, dir, s->first_seq)) return STATUS_INVALID;
    const struct io *io = log->io;
    int to = io->open(io->ctx, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0) return io_status(errno);
    char *piece = mem_alloc(EVENT_LOG_CHUNK);
    enum status st = piece ? STATUS_OK : STATUS_NO_MEMORY;
    for (uint64_t at = 0; at < bytes && st == STATUS_OK;) {
        size_t len = bytes - at < EVENT_LOG_CHUNK ? (size_t)(bytes - at) : EVENT_LOG_CHUNK;
        st = event_segment_read(s, io, at, piece, len);
        if (st == STATUS_OK) st = io_write_all(io, to, piece, len, at);
        at += len;
    }
    if (st == STATUS_OK) st = io_sync(io, to);
    mem_free(piece);
    close(to);
    return st;
}

enum status event_log_backup(struct event_log *log, const char *dir, struct reason *why) {
    enum status st = event_log_sync(log, why);
    if (st == STATUS_OK) st = wal_dir_make(dir, why);
    if (st != STATUS_OK) return st;
    for (uint64_t from = 0; st == STATUS_OK;) {
        uint64_t bytes = 0;
        struct event_log_cursor next = {.seq = from};
        pthread_mutex_lock(&log->lock);
        struct event_segment *s = segment_find(log, &next, &bytes);
        if (s) s->refs++;
        pthread_mutex_unlock(&log->lock);
        if (!s) break;
        st = segment_copy(log, s, bytes, dir);
        pthread_mutex_lock(&log->lock);
        from = s->last_seq + 1;
        if (--s->refs == 0 && s->dropped) event_segment_free(s);
        pthread_mutex_unlock(&log->lock);
    }
    if (st == STATUS_OK) st = io_sync_dir(log->io, dir);
    return st == STATUS_OK ? st
                           : reason_set(why, st, "cannot copy the event log to %.150s: %s", dir,
                                        st == STATUS_NO_MEMORY ? "out of memory" : strerror(errno));
}

// --- cutting ---

/// Where the first event above `lsn` begins, and what is before it.
static enum status segment_cut_at(struct event_log *log, struct event_segment *s, uint64_t lsn,
                                  uint64_t *at, struct event_entry *last) {
    struct event_log_cursor c = {.seq = s->first_seq, .segment = s->first_seq};
    struct buf chunk;
    buf_init(&chunk);
    enum status st = STATUS_OK;
    *at = EVENT_FILE_HEADER;
    *last = (struct event_entry){.seq = s->first_seq - 1};
    for (bool more = true; more && st == STATUS_OK;) {
        st = segment_take(log, s, s->bytes, UINT64_MAX, &c, EVENT_LOG_CHUNK, &chunk);
        struct str rest = buf_str(&chunk);
        struct event_entry e;
        more = st == STATUS_OK && rest.len > 0;
        while (more && event_log_take(&rest, &e)) {
            more = e.lsn <= lsn;
            if (!more) break;
            *at = c.offset - rest.len;
            *last = e;
        }
    }
    buf_deinit(&chunk);
    return st;
}

static enum status segment_cut(struct event_log *log, struct event_segment *s, uint64_t at,
                               const struct event_entry *last) {
    if (s->fd >= 0 && log->io->truncate(log->io->ctx, s->fd, (off_t)at) != 0) {
        return io_status(errno);
    }
    log->bytes -= s->bytes - at;
    s->bytes = at;
    s->last_seq = last->seq;
    return STATUS_OK;
}

enum status event_log_cut(struct event_log *log, uint64_t lsn, struct reason *why) {
    enum status st = STATUS_OK;
    bool more = true;
    pthread_mutex_lock(&log->write_lock);
    pthread_mutex_lock(&log->lock);
    while (st == STATUS_OK && more && log->count) {
        struct event_segment *s = log->segments[log->count - 1];
        struct event_entry last;
        uint64_t at;
        st = segment_cut_at(log, s, lsn, &at, &last);
        more = st == STATUS_OK && at == EVENT_FILE_HEADER;
        bool cut = st == STATUS_OK && at < s->bytes;
        if (more)
            segment_remove(log, log->count - 1);
        else if (cut)
            st = segment_cut(log, s, at, &last);
        if (st == STATUS_OK && (cut || more)) {
            log->last_seq = log->shown_seq = log->readable = last.seq;
        }
    }
    if (st != STATUS_OK) failed(log, st, why);
    pthread_mutex_unlock(&log->lock);
    pthread_mutex_unlock(&log->write_lock);
    return st;
}

// --- reading ---

enum status event_log_read(struct event_log *log, struct event_log_cursor *cursor, size_t most,
                           struct buf *chunk, struct reason *why) {
    buf_clear(chunk);
    if (cursor->seq == 0) cursor->seq = 1;
    for (;;) {
        uint64_t bytes;
        pthread_mutex_lock(&log->lock);
        uint64_t first = oldest(log), durable = log->durable_lsn;
        struct event_segment *s = cursor->seq < first ? NULL : segment_find(log, cursor, &bytes);
        if (s) s->refs++;
        pthread_mutex_unlock(&log->lock);
        if (cursor->seq < first) {
            return reason_set(why, STATUS_NOT_FOUND,
                              "events before %" PRIu64 " are gone: it is the oldest", first);
        }
        if (!s) return STATUS_OK;

        enum status st = segment_take(log, s, bytes, durable, cursor, most, chunk);
        if (st == STATUS_CORRUPT) {
            reason_set(why, st, "the event log is damaged in the segment of event %" PRIu64,
                       s->first_seq);
            *cursor = (struct event_log_cursor){.seq = s->last_seq + 1};
        }
        bool through = st == STATUS_OK && chunk->len == 0 && cursor->offset >= bytes;
        pthread_mutex_lock(&log->lock);
        // Read to its end and it will not grow: on to the next.
        bool next =
            through && (log->count == 0 || log->segments[log->count - 1] != s) && s->bytes == bytes;
        if (next && cursor->seq <= s->last_seq) cursor->seq = s->last_seq + 1;
        if (--s->refs == 0 && s->dropped) event_segment_free(s);
        pthread_mutex_unlock(&log->lock);
        if (!next) return st;
    }
}

bool event_log_take(struct str *chunk, struct event_entry *out) {
    if (chunk->len < EVENT_FRAME_HEADER) return false;
    size_t size = event_segment_peek(chunk->p, out);
    if (size == 0 || size > chunk->len) return false;
    *chunk = str_sub(*chunk, size, chunk->len - size);
    return true;
}

/// Under `lock`: the segment that holds the cursor's event or is the first behind it; sets the cursor's place.
static struct event_segment *segment_find(struct event_log *log, struct event_log_cursor *c,
                                          uint64_t *bytes) {
    size_t low = 0, high = log->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (log->segments[middle]->last_seq < c->seq)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == log->count) return NULL;
    struct event_segment *s = log->segments[low];
    if (c->segment != s->first_seq || c->offset < EVENT_FILE_HEADER || c->offset > s->bytes) {
        c->segment = s->first_seq;
        c->offset = EVENT_FILE_HEADER;
    }
    *bytes = s->bytes;
    return s;
}

/// Whole frames from the cursor on, those below its number left out.
static enum status segment_take(struct event_log *log, struct event_segment *s, uint64_t bytes,
                                uint64_t durable_lsn, struct event_log_cursor *c, size_t most,
                                struct buf *chunk) {
    if (c->offset < EVENT_FILE_HEADER) c->offset = EVENT_FILE_HEADER;
    size_t want = most > EVENT_FRAME_HEADER ? most : EVENT_FRAME_HEADER;
    buf_clear(chunk);
    while (c->offset < bytes) {
        size_t len = bytes - c->offset < want ? (size_t)(bytes - c->offset) : want;
        buf_clear(chunk);
        if (!buf_reserve(chunk, len)) return STATUS_NO_MEMORY;
        enum status st = event_segment_read(s, log->io, c->offset, chunk->data, len);
        if (st != STATUS_OK) return st;
        size_t from = 0, to = 0, frame;
        struct event_entry e;
        bool bad, held = false;
        while ((frame = event_segment_check(s, (struct str){chunk->data + to, len - to}, &bad,
                                            &e)) > 0) {
            held = e.lsn > durable_lsn;
            if (held) break;
            to += frame;
            if (e.seq < c->seq)
                from = to;
            else
                c->seq = e.seq + 1;
        }
        if (bad && to == from) return STATUS_CORRUPT;
        c->offset += to;
        if (to > from || held) {
            memmove(chunk->data, chunk->data + from, to - from);
            chunk->len = to - from;
            return STATUS_OK;
        }
        if (to == 0 && len == bytes - (c->offset - to)) return STATUS_CORRUPT;
        // Not one whole frame: the first is longer than the piece.
        want = to == 0 ? event_segment_peek(chunk->data, &e) : want;
        if (to == 0 && len < EVENT_FRAME_HEADER) want = EVENT_FRAME_HEADER;
    }
    return STATUS_OK;
}
