// wal_ahead.c - a ring of pieces, cut in order, decoded side by side, taken in order.

#include "storage/wal_ahead.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "base/mem.h"

#define AHEAD_PIECES 16u
#define AHEAD_THREADS 15u
#define PIECE_BYTES ((size_t)512 << 10)
#define WORTH_BYTES ((uint64_t)4 << 20) // a file for which threads are started

struct batch {
    struct wal_frame frame;
    enum status status; // of decoding
    uint64_t records;
    void *decoded;
};

struct piece {
    char *bytes;
    size_t cap;
    uint64_t at; // in the file
    struct batch *batches;
    size_t count, batches_cap;
    bool ready;         // decoded
    bool cut_short;     // behind its frames stands what is none
    enum status status; // of reading what comes behind its frames
    int err;
};

struct wal_ahead {
    struct wal_scan *scan;
    const struct storage_intake *intake;
    size_t piece_bytes;
    struct piece *piece; // the owner's; NULL: the next is to be awaited
    size_t next;         // batch of it
    bool ended;          // the owner has had the last good frame

    pthread_mutex_t lock; // guards what follows, and `ready` of the pieces
    pthread_cond_t wake;
    uint64_t cut_at;     // where the next piece begins
    unsigned cut, taken; // pieces so far; the ring holds those between
    bool cutting, cut_ended, closing;
    unsigned thread_count;
    pthread_t threads[AHEAD_THREADS];
    struct piece pieces[AHEAD_PIECES];
};

static void *run(void *arg);
static bool work(struct wal_ahead *a);
static void piece_cut(struct wal_ahead *a, struct piece *p);
static void piece_decode(struct wal_ahead *a, struct piece *p);
static void piece_await(struct wal_ahead *a);
static void piece_release(struct wal_ahead *a);
static void batch_discard(const struct wal_ahead *a, struct batch *b);

unsigned wal_ahead_threads(uint64_t file_bytes) {
    long cpus = file_bytes < WORTH_BYTES ? 1 : sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = cpus > 1 ? (unsigned)cpus - 1 : 0;
    return threads > AHEAD_THREADS ? AHEAD_THREADS : threads;
}

enum status wal_ahead_open(struct wal_scan *scan, const struct wal_ahead_options *options,
                           struct wal_ahead **out) {
    struct wal_ahead *a = mem_zalloc(1, sizeof *a);
    if (!a) return STATUS_NO_MEMORY;
    a->scan = scan;
    a->intake = options->intake;
    a->piece_bytes = options->piece_bytes ? options->piece_bytes : PIECE_BYTES;
    a->cut_at = scan->offset;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->wake, NULL);
    // A thread that cannot be started is missed by nobody: the owner works too.
    while (a->thread_count < options->threads && a->thread_count < AHEAD_THREADS &&
           pthread_create(&a->threads[a->thread_count], NULL, run, a) == 0)
        a->thread_count++;
    *out = a;
    return STATUS_OK;
}

void wal_ahead_close(struct wal_ahead *a) {
    if (!a) return;
    pthread_mutex_lock(&a->lock);
    a->closing = true;
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
    while (a->thread_count)
        pthread_join(a->threads[--a->thread_count], NULL);
    for (unsigned i = 0; i < AHEAD_PIECES; i++) {
        struct piece *p = &a->pieces[i];
        for (size_t k = 0; k < p->count; k++)
            batch_discard(a, &p->batches[k]);
        mem_free(p->bytes);
        mem_free(p->batches);
    }
    pthread_cond_destroy(&a->wake);
    pthread_mutex_destroy(&a->lock);
    mem_free(a);
}

enum status wal_ahead_next(struct wal_ahead *a, struct wal_frame *frame, enum wal_scan_step *step) {
    while (!a->ended) {
        if (!a->piece) piece_await(a);
        struct piece *p = a->piece;
        if (p && a->next < p->count) {
            *frame = p->batches[a->next++].frame;
            *step = WAL_SCAN_FRAME;
            a->scan->offset += wal_frame_size(frame->len);
            return STATUS_OK;
        }
        if (p && p->status != STATUS_OK) {
            errno = p->err;
            return p->status;
        }
        a->ended = !p || p->cut_short;
        if (p && !a->ended) piece_release(a);
    }
    return wal_scan_next(a->scan, frame, step);
}

enum status wal_ahead_apply(struct wal_ahead *a, uint64_t lsn, uint64_t *records, bool *sound) {
    assert(a->piece && a->next > 0);
    struct batch *b = &a->piece->batches[a->next - 1];
    *sound = b->status != STATUS_CORRUPT;
    *records = 0;
    if (b->status != STATUS_OK) return *sound ? b->status : STATUS_OK;
    *records = b->records;
    if (!a->intake) return STATUS_OK;
    if (a->intake->decode) {
        void *decoded = b->decoded;
        b->decoded = NULL;
        return a->intake->apply(a->intake->ctx, lsn, decoded);
    }
    struct str rest = {b->frame.payload, b->frame.len};
    struct record record;
    while (rest.len && record_parse(&rest, &record) == STATUS_OK) {
        enum status st = a->intake->on_record(a->intake->ctx, lsn, &record);
        if (st != STATUS_OK) return st;
    }
    return STATUS_OK;
}

static void *run(void *arg) {
    struct wal_ahead *a = arg;
    pthread_mutex_lock(&a->lock);
    while (!a->closing)
        if (!work(a)) pthread_cond_wait(&a->wake, &a->lock);
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/// Under the lock, which is given up meanwhile: one piece. False: there is nothing to do at present.
static bool work(struct wal_ahead *a) {
    if (a->cutting || a->cut_ended || a->cut - a->taken >= AHEAD_PIECES) return false;
    struct piece *p = &a->pieces[a->cut % AHEAD_PIECES];
    a->cutting = true;
    pthread_mutex_unlock(&a->lock);
    piece_cut(a, p);
    pthread_mutex_lock(&a->lock);
    a->cutting = false;
    a->cut++;
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
    piece_decode(a, p);
    pthread_mutex_lock(&a->lock);
    p->ready = true;
    pthread_cond_broadcast(&a->wake);
    return true;
}

static void piece_await(struct wal_ahead *a) {
    pthread_mutex_lock(&a->lock);
    struct piece *p = &a->pieces[a->taken % AHEAD_PIECES];
    for (;;) {
        bool there = a->taken != a->cut;
        if (there ? p->ready : a->cut_ended && !a->cutting) break;
        if (!work(a)) pthread_cond_wait(&a->wake, &a->lock);
    }
    a->piece = a->taken != a->cut ? p : NULL;
    a->next = 0;
    pthread_mutex_unlock(&a->lock);
}

static void piece_release(struct wal_ahead *a) {
    struct piece *p = a->piece;
    for (size_t i = 0; i < p->count; i++)
        batch_discard(a, &p->batches[i]);
    p->count = 0;
    a->piece = NULL;
    pthread_mutex_lock(&a->lock);
    p->ready = false;
    a->taken++;
    pthread_cond_broadcast(&a->wake);
    pthread_mutex_unlock(&a->lock);
}

static enum status piece_grow(struct piece *p, size_t want) {
    if (want <= p->cap) return STATUS_OK;
    char *bytes = mem_alloc(want);
    if (!bytes) {
        errno = ENOMEM;
        return STATUS_NO_MEMORY;
    }
    mem_free(p->bytes);
    p->bytes = bytes;
    p->cap = want;
    return STATUS_OK;
}

static enum status piece_read(const struct wal_ahead *a, struct piece *p, size_t want,
                              size_t *got) {
    uint64_t rest = a->scan->size - p->at;
    if (want > rest) want = (size_t)rest;
    *got = 0;
    enum status st = piece_grow(p, want);
    if (st == STATUS_OK) st = io_read(a->scan->io, a->scan->fd, p->bytes, want, p->at, got);
    if (st != STATUS_OK || *got == want) return st;
    errno = EIO; // cut shorter under our hands
    return STATUS_IO;
}

static bool batch_add(struct piece *p, const struct wal_frame *frame, const char *payload) {
    if (p->count == p->batches_cap) {
        size_t cap = p->batches_cap ? p->batches_cap * 2 : 16;
        struct batch *grown = mem_realloc(p->batches, cap * sizeof *grown);
        if (!grown) return false;
        p->batches = grown;
        p->batches_cap = cap;
    }
    p->batches[p->count] = (struct batch){.frame = *frame};
    p->batches[p->count++].frame.payload = payload;
    return true;
}

/// How many of the `got` bytes are frames, by their headers; `*missing` is the size of one that goes on behind them.
static enum status frames_find(const struct wal_ahead *a, struct piece *p, size_t got,
                               size_t *missing, size_t *found) {
    uint64_t size = a->scan->size;
    struct wal_frame frame;
    size_t at = 0;
    *missing = 0;
    while (at + WAL_FRAME_HEADER <= got && wal_frame_peek(p->bytes + at, &frame)) {
        size_t len = wal_frame_size(frame.len);
        if (len > size - p->at - at) break;
        if (len > got - at) {
            *missing = len;
            break;
        }
        if (!batch_add(p, &frame, p->bytes + at + WAL_FRAME_HEADER)) {
            errno = ENOMEM;
            return STATUS_NO_MEMORY;
        }
        at += len;
    }
    if (at + WAL_FRAME_HEADER > got && size - p->at > got) *missing = WAL_FRAME_HEADER;
    *found = at;
    return STATUS_OK;
}

// By whoever has set `cutting`, so that cut_at is its own.
static void piece_cut(struct wal_ahead *a, struct piece *p) {
    size_t got, missing = 0, found = 0, want = a->piece_bytes;
    p->at = a->cut_at;
    p->count = 0;
    do {
        p->status = piece_read(a, p, want, &got);
        if (p->status == STATUS_OK) p->status = frames_find(a, p, got, &missing, &found);
        want = missing;
    } while (p->status == STATUS_OK && found == 0 && missing > got);
    p->err = errno;
    // The owner tells a frame that is none, and the end of the file, by looking there itself.
    p->cut_short = p->status == STATUS_OK && missing == 0;
    pthread_mutex_lock(&a->lock);
    a->cut_at += found;
    a->cut_ended = missing == 0 || p->status != STATUS_OK;
    pthread_mutex_unlock(&a->lock);
}

static enum status records_count(struct str bytes, uint64_t *records) {
    struct record r;
    for (*records = 0; bytes.len; ++*records)
        if (record_parse(&bytes, &r) != STATUS_OK) return STATUS_CORRUPT;
    return STATUS_OK;
}

static void piece_decode(struct wal_ahead *a, struct piece *p) {
    const struct storage_intake *in = a->intake;
    for (size_t i = 0; i < p->count; i++) {
        struct batch *b = &p->batches[i];
        const char *frame = b->frame.payload - WAL_FRAME_HEADER;
        if (!wal_frame_verify(frame, a->scan->header.seed, &b->frame)) {
            p->count = i;
            p->status = STATUS_OK;
            p->cut_short = true;
            return;
        }
        if (b->frame.kind != WAL_FRAME_BATCH && b->frame.kind != WAL_FRAME_BLOCK) continue;
        struct str records = {b->frame.payload, b->frame.len};
        b->status = in && in->decode ? in->decode(in->ctx, records, &b->decoded, &b->records)
                                     : records_count(records, &b->records);
    }
}

static void batch_discard(const struct wal_ahead *a, struct batch *b) {
    if (b->decoded) a->intake->discard(a->intake->ctx, b->decoded);
    b->decoded = NULL;
}
