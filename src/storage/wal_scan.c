// wal_scan.c - a window over a file, and frames in it.

#include "storage/wal_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define WINDOW_BYTES ((size_t)1 << 20)

static enum status window_at(struct wal_scan *scan, uint64_t at, size_t len, const char **out);
static enum status frame_at(struct wal_scan *scan, uint64_t at, struct wal_frame *frame,
                            const char **bad);

enum status wal_scan_open(const struct io *io, const char *path, enum wal_file file,
                          struct wal_scan *out, struct reason *why) {
    *out = (struct wal_scan){.io = io, .fd = -1};
    out->fd = io->open(io->ctx, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
    if (out->fd < 0)
        return reason_set(why, io_status(errno), "cannot open %.180s: %s", path, strerror(errno));
    enum status st = io_size(out->fd, &out->size);
    const char *header = NULL;
    if (st == STATUS_OK && out->size >= WAL_FRAME_FILE_HEADER)
        st = window_at(out, 0, WAL_FRAME_FILE_HEADER, &header);
    if (st != STATUS_OK) {
        int err = errno;
        wal_scan_close(out);
        return reason_set(why, st, "cannot read %.180s: %s", path, strerror(err));
    }
    out->has_header = header && wal_frame_file_parse(file, header, &out->header);
    out->offset = out->has_header ? WAL_FRAME_FILE_HEADER : 0;
    return STATUS_OK;
}

void wal_scan_close(struct wal_scan *scan) {
    if (scan->fd >= 0) close(scan->fd);
    mem_free(scan->window);
    *scan = (struct wal_scan){.fd = -1};
}

enum status wal_scan_next(struct wal_scan *scan, struct wal_frame *frame,
                          enum wal_scan_step *step) {
    *step = WAL_SCAN_EOF;
    if (scan->offset == scan->size) return STATUS_OK;
    enum status st = frame_at(scan, scan->offset, frame, &scan->bad);
    if (st != STATUS_OK) return st;
    *step = scan->bad ? WAL_SCAN_BAD : WAL_SCAN_FRAME;
    if (!scan->bad) scan->offset += wal_frame_size(frame->len);
    return STATUS_OK;
}

enum status wal_scan_behind(struct wal_scan *scan, struct wal_scan_behind *out) {
    *out = (struct wal_scan_behind){0};
    // Bytes full of magic numbers with long lengths would cost a CRC each: the work is bounded.
    uint64_t budget = 8 * scan->size + WINDOW_BYTES;
    uint64_t at = (scan->offset + 8) & ~(uint64_t)7;
    while (at + WAL_FRAME_HEADER <= scan->size) {
        struct wal_frame frame;
        const char *head, *bad;
        enum status st = window_at(scan, at, WAL_FRAME_HEADER, &head);
        if (st != STATUS_OK) return st;
        if (!wal_frame_peek(head, &frame)) {
            at += 8;
            continue;
        }
        st = frame_at(scan, at, &frame, &bad);
        if (st != STATUS_OK) return st;
        size_t size = wal_frame_size(frame.len);
        uint64_t cost = size < scan->size - at ? size : 8;
        if (budget < cost) {
            out->gave_up = true;
            return STATUS_OK;
        }
        budget -= cost;
        if (bad) {
            at += 8;
            continue;
        }
        if (out->frames++ == 0) out->offset = at;
        if (frame.kind == WAL_FRAME_BATCH) out->batches++;
        if (frame.synced_lsn > out->synced_lsn) out->synced_lsn = frame.synced_lsn;
        at += size;
    }
    return STATUS_OK;
}

static enum status frame_at(struct wal_scan *scan, uint64_t at, struct wal_frame *frame,
                            const char **bad) {
    const char *bytes;
    *bad = "an incomplete frame";
    if (scan->size - at < WAL_FRAME_HEADER) return STATUS_OK;
    enum status st = window_at(scan, at, WAL_FRAME_HEADER, &bytes);
    if (st != STATUS_OK) return st;
    *bad = "not a frame";
    if (!wal_frame_peek(bytes, frame)) return STATUS_OK;
    size_t size = wal_frame_size(frame->len);
    *bad = "a frame longer than the file";
    if (size > scan->size - at) return STATUS_OK;
    st = window_at(scan, at, size, &bytes);
    if (st != STATUS_OK) return st;
    *bad = "a wrong checksum";
    if (!wal_frame_verify(bytes, scan->header.seed, frame)) return STATUS_OK;
    *bad = NULL;
    return STATUS_OK;
}

/// Bytes [at, at + len) of the file, which the caller has bounded by its size.
static enum status window_at(struct wal_scan *scan, uint64_t at, size_t len, const char **out) {
    if (at >= scan->window_at && at + len <= scan->window_at + scan->window_len) {
        *out = scan->window + (at - scan->window_at);
        return STATUS_OK;
    }
    size_t want = len > WINDOW_BYTES ? len : WINDOW_BYTES;
    if (want > scan->size - at) want = (size_t)(scan->size - at);
    if (want > scan->window_cap) {
        char *grown = mem_alloc(want);
        if (!grown) {
            errno = ENOMEM;
            return STATUS_NO_MEMORY;
        }
        mem_free(scan->window);
        scan->window = grown;
        scan->window_cap = want;
    }
    scan->window_len = 0;
    size_t got;
    enum status st = io_read(scan->io, scan->fd, scan->window, want, at, &got);
    if (st != STATUS_OK) return st;
    if (got < len) { // cut shorter under our hands
        errno = EIO;
        return STATUS_IO;
    }
    scan->window_at = at;
    scan->window_len = got;
    *out = scan->window;
    return STATUS_OK;
}
