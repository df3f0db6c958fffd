#include "storage/event_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "storage/wal_frame.h"

#define FRAME_MAGIC 0x31455657u // "WVE1"
#define PIECE_BYTES (256u * 1024)

static const char file_magic[8] = {'W', 'E', 'V', 'L', 'O', 'G', '0', '1'};

enum { FILE_FIRST = 8, FILE_CRC = 16 };
enum { AT_MAGIC = 0, AT_CRC = 4, AT_LEN = 8, AT_SEQ = 16, AT_LSN = 24, AT_TIME = 32 };

static enum status segment_new(uint64_t first_seq, struct event_segment **out);
static enum status segment_scan(struct event_segment *s, const struct io *io, uint64_t size);

static void put32(char *at, uint32_t v) {
    for (int i = 0; i < 4; i++)
        at[i] = (char)(v >> (8 * i));
}

static uint32_t get32(const char *at) {
    uint32_t v = 0;
    for (int i = 3; i >= 0; i--)
        v = v << 8 | (unsigned char)at[i];
    return v;
}

// --- frames ---

void event_segment_frame(struct buf *out, const struct event_entry *e, const struct str *parts,
                         size_t count) {
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    char *p = buf_reserve(out, EVENT_FRAME_HEADER + len);
    if (!p) return;
    put32(p + AT_MAGIC, FRAME_MAGIC);
    put32(p + AT_CRC, 0);
    put32(p + AT_LEN, (uint32_t)len);
    put32(p + AT_LEN + 4, 0);
    wal_frame_put64(p + AT_SEQ, e->seq);
    wal_frame_put64(p + AT_LSN, e->lsn);
    wal_frame_put64(p + AT_TIME, (uint64_t)e->time_ms);
    p += EVENT_FRAME_HEADER;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len) memcpy(p, parts[i].p, parts[i].len);
        p += parts[i].len;
    }
    out->len += EVENT_FRAME_HEADER + len;
}

void event_segment_stamp(const struct event_segment *s, char *frames, size_t len) {
    struct event_entry e;
    for (size_t at = 0; at + EVENT_FRAME_HEADER <= len;) {
        size_t size = event_segment_peek(frames + at, &e);
        put32(frames + at + AT_CRC, hash_crc32c(s->seed, frames + at + AT_LEN, size - AT_LEN));
        at += size;
    }
}

size_t event_segment_peek(const char header[EVENT_FRAME_HEADER], struct event_entry *out) {
    uint32_t len = get32(header + AT_LEN);
    if (get32(header + AT_MAGIC) != FRAME_MAGIC || len > EVENT_ENTRY_PAYLOAD_MAX) return 0;
    out->seq = wal_frame_get64(header + AT_SEQ);
    out->lsn = wal_frame_get64(header + AT_LSN);
    out->time_ms = (int64_t)wal_frame_get64(header + AT_TIME);
    out->payload = (struct str){header + EVENT_FRAME_HEADER, len};
    return EVENT_FRAME_HEADER + len;
}

size_t event_segment_check(const struct event_segment *s, struct str bytes, bool *bad,
                           struct event_entry *out) {
    *bad = false;
    if (bytes.len < EVENT_FRAME_HEADER) return 0;
    size_t size = event_segment_peek(bytes.p, out);
    *bad = size == 0;
    if (size == 0 || size > bytes.len) return 0;
    *bad = get32(bytes.p + AT_CRC) != hash_crc32c(s->seed, bytes.p + AT_LEN, size - AT_LEN);
    return *bad ? 0 : size;
}

// --- files ---

bool event_segment_path(char out[PATH_MAX], const char *dir, uint64_t first_seq) {
    int n = snprintf(out, PATH_MAX, "%s/events-%016llx.log", dir, (unsigned long long)first_seq);
    return n > 0 && n < PATH_MAX;
}

static void file_header(const struct event_segment *s, char out[EVENT_FILE_HEADER]) {
    memset(out, 0, EVENT_FILE_HEADER);
    memcpy(out, file_magic, sizeof file_magic);
    wal_frame_put64(out + FILE_FIRST, s->first_seq);
    put32(out + FILE_CRC, s->seed);
}

static enum status segment_new(uint64_t first_seq, struct event_segment **out) {
    struct event_segment *s = mem_zalloc(1, sizeof *s);
    if (!s) return STATUS_NO_MEMORY;
    char name[8];
    wal_frame_put64(name, first_seq);
    s->first_seq = first_seq;
    s->last_seq = first_seq - 1;
    s->fd = -1;
    s->seed = hash_crc32c(hash_crc32c(0, file_magic, sizeof file_magic), name, sizeof name);
    *out = s;
    return STATUS_OK;
}

enum status event_segment_create(const struct io *io, const char *dir, uint64_t first_seq,
                                 struct event_segment **out) {
    char path[PATH_MAX], header[EVENT_FILE_HEADER];
    struct event_segment *s;
    if (!event_segment_path(path, dir, first_seq)) {
        errno = ENAMETOOLONG;
        return STATUS_IO;
    }
    enum status st = segment_new(first_seq, &s);
    if (st != STATUS_OK) return st;
    file_header(s, header);
    s->fd = io->open(io->ctx, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    st = s->fd < 0 ? io_status(errno) : io_write_all(io, s->fd, header, sizeof header, 0);
    if (st == STATUS_OK) st = io_sync(io, s->fd);
    if (st == STATUS_OK) st = io_sync_dir(io, dir);
    if (st != STATUS_OK) {
        int err = errno;
        if (s->fd >= 0) (void)io->unlink(io->ctx, path);
        event_segment_free(s);
        errno = err;
        return st;
    }
    s->bytes = EVENT_FILE_HEADER;
    *out = s;
    return STATUS_OK;
}

enum status event_segment_create_memory(uint64_t first_seq, uint64_t room,
                                        struct event_segment **out) {
    struct event_segment *s;
    enum status st = segment_new(first_seq, &s);
    if (st != STATUS_OK) return st;
    s->room = EVENT_FILE_HEADER + room;
    s->memory = mem_alloc(s->room);
    if (!s->memory) {
        event_segment_free(s);
        return STATUS_NO_MEMORY;
    }
    file_header(s, s->memory);
    s->bytes = EVENT_FILE_HEADER;
    *out = s;
    return STATUS_OK;
}

enum status event_segment_open(const struct io *io, const char *dir, uint64_t first_seq, bool whole,
                               struct event_segment **out, uint64_t *cut) {
    char path[PATH_MAX], header[EVENT_FILE_HEADER], found[EVENT_FILE_HEADER];
    struct event_segment *s;
    uint64_t size = 0;
    size_t got = 0;
    *cut = 0;
    if (!event_segment_path(path, dir, first_seq)) return STATUS_IO;
    enum status st = segment_new(first_seq, &s);
    if (st != STATUS_OK) return st;
    s->fd = io->open(io->ctx, path, O_RDWR | O_CLOEXEC, 0);
    st = s->fd < 0 ? io_status(errno) : io_size(s->fd, &size);
    if (st == STATUS_OK) st = io_read(io, s->fd, found, sizeof found, 0, &got);
    file_header(s, header);
    if (st == STATUS_OK && (got < sizeof found || memcmp(found, header, sizeof found) != 0)) {
        st = STATUS_CORRUPT;
    }
    s->bytes = size;
    if (st == STATUS_OK && whole) st = segment_scan(s, io, size);
    if (st == STATUS_OK && s->bytes < size) {
        *cut = size - s->bytes;
        if (io->truncate(io->ctx, s->fd, (off_t)s->bytes) != 0) st = io_status(errno);
    }
    if (st != STATUS_OK) {
        event_segment_free(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

/// Up to the first frame that is not whole and right.
static enum status segment_scan(struct event_segment *s, const struct io *io, uint64_t size) {
    struct buf room;
    buf_init(&room);
    uint64_t at = EVENT_FILE_HEADER;
    enum status st = STATUS_OK;
    size_t want = PIECE_BYTES;
    bool bad = false, more = true;
    while (st == STATUS_OK && more && !bad && at < size) {
        size_t got = 0, frame, len = size - at < want ? (size_t)(size - at) : want;
        bool last = len == size - at;
        buf_clear(&room);
        if (!buf_reserve(&room, len)) st = STATUS_NO_MEMORY;
        if (st == STATUS_OK) st = io_read(io, s->fd, room.data, len, at, &got);
        if (st != STATUS_OK) break;
        struct str rest = {room.data, got};
        struct event_entry e;
        while ((frame = event_segment_check(s, rest, &bad, &e)) > 0 && e.seq > s->last_seq) {
            s->last_seq = e.seq;
            s->last_ms = e.time_ms;
            rest = str_sub(rest, frame, rest.len - frame);
        }
        at += got - rest.len;
        // A frame out of order, or the rest of the file is less than one. Else it is longer than the piece.
        more = frame == 0 && !(last && rest.len == got);
        want = rest.len == got ? want * 2 : PIECE_BYTES;
    }
    buf_deinit(&room);
    s->bytes = at;
    return st;
}

void event_segment_free(struct event_segment *s) {
    if (!s) return;
    if (s->fd >= 0) close(s->fd);
    mem_free(s->memory);
    mem_free(s);
}

enum status event_segment_write(struct event_segment *s, const struct io *io, uint64_t at,
                                const char *frames, size_t len) {
    if (s->fd >= 0) return io_write_all(io, s->fd, frames, len, at);
    memcpy(s->memory + at, frames, len);
    return STATUS_OK;
}

enum status event_segment_read(const struct event_segment *s, const struct io *io, uint64_t at,
                               char *out, size_t len) {
    if (s->fd < 0) {
        memcpy(out, s->memory + at, len);
        return STATUS_OK;
    }
    size_t got;
    enum status st = io_read(io, s->fd, out, len, at, &got);
    return st == STATUS_OK && got < len ? STATUS_CORRUPT : st;
}
