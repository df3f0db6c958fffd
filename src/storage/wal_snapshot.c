// wal_snapshot.c - the file of a snapshot.

#include "storage/wal_snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "storage/wal_ahead.h"

#define BLOCK_BYTES ((size_t)256 << 10)
#define END_BYTES 16u // records, end_lsn

static enum status block_flush(struct wal_snapshot_writer *w);
static enum status frame_flush(struct wal_snapshot_writer *w, enum wal_frame_kind kind,
                               uint64_t lsn);
static enum status blocks_take(struct wal_scan *scan, struct wal_ahead *ahead,
                               struct wal_snapshot_info *info, const char *path,
                               struct reason *why);
static enum status block_feed(struct wal_ahead *ahead, struct wal_snapshot_info *info,
                              const char *path, struct reason *why);
static enum status damaged(struct reason *why, const char *path, uint64_t offset, const char *what);
static enum status end_check(const struct wal_scan *scan, const struct wal_frame *end,
                             struct wal_snapshot_info *info, const char *path, struct reason *why);

enum status wal_snapshot_begin(struct wal_snapshot_writer *w, const struct io *io, const char *dir,
                               const uint8_t store_id[16], uint64_t lsn) {
    *w = (struct wal_snapshot_writer){.io = io, .fd = -1};
    buf_init(&w->block);
    if (!wal_dir_path_tmp(w->path, dir, lsn)) {
        w->err = ENAMETOOLONG;
        return STATUS_IO;
    }
    w->fd = io->open(io->ctx, w->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (w->fd < 0) {
        w->err = errno;
        return io_status(errno);
    }
    char bytes[WAL_FRAME_FILE_HEADER];
    struct wal_header header = {.lsn = lsn, .created_ms = (uint64_t)clock_wall_ms()};
    memcpy(header.store_id, store_id, sizeof header.store_id);
    wal_frame_file_write(WAL_FILE_SNAPSHOT, &header, bytes);
    w->seed = header.seed;
    w->offset = sizeof bytes;
    enum status st = io_write_all(io, w->fd, bytes, sizeof bytes, 0);
    if (st != STATUS_OK) w->err = errno;
    return st;
}

enum status wal_snapshot_emit(void *writer, const struct record *record) {
    struct wal_snapshot_writer *w = writer;
    if (w->err) return io_status(w->err);
    if (w->block.len == 0) {
        if (!buf_reserve(&w->block, BLOCK_BYTES + WAL_FRAME_HEADER)) goto fail;
        w->block.len = WAL_FRAME_HEADER;
    }
    record_write(&w->block, record);
    if (w->block.failed) goto fail;
    w->records++;
    return w->block.len < BLOCK_BYTES ? STATUS_OK : block_flush(w);
fail:
    w->err = ENOMEM;
    return STATUS_NO_MEMORY;
}

enum status wal_snapshot_finish(struct wal_snapshot_writer *w, uint64_t end_lsn) {
    if (w->err) return io_status(w->err);
    enum status st = block_flush(w);
    if (st != STATUS_OK) return st;
    char *at = buf_reserve(&w->block, WAL_FRAME_HEADER + END_BYTES);
    if (!at) {
        w->err = ENOMEM;
        return STATUS_NO_MEMORY;
    }
    wal_frame_put64(at + WAL_FRAME_HEADER, w->records);
    wal_frame_put64(at + WAL_FRAME_HEADER + 8, end_lsn);
    w->block.len = WAL_FRAME_HEADER + END_BYTES;
    st = frame_flush(w, WAL_FRAME_END, w->blocks);
    if (st == STATUS_OK) st = io_sync(w->io, w->fd);
    if (st != STATUS_OK) w->err = errno;
    return st;
}

void wal_snapshot_close(struct wal_snapshot_writer *w) {
    if (w->fd >= 0) close(w->fd);
    w->fd = -1;
    buf_deinit(&w->block);
}

enum status wal_snapshot_verify(const struct io *io, const char *path, uint64_t lsn,
                                struct wal_snapshot_info *info, struct reason *why) {
    return wal_snapshot_read(io, path, lsn, NULL, info, why);
}

enum status wal_snapshot_read(const struct io *io, const char *path, uint64_t lsn,
                              const struct storage_intake *intake, struct wal_snapshot_info *info,
                              struct reason *why) {
    *info = (struct wal_snapshot_info){.lsn = lsn};
    struct wal_scan scan;
    enum status st = wal_scan_open(io, path, WAL_FILE_SNAPSHOT, &scan, why);
    if (st != STATUS_OK) return st;
    struct wal_ahead *ahead = NULL;
    if (!scan.has_header || scan.header.lsn != lsn || lsn == 0) {
        st = damaged(why, path, 0, "its header is not a snapshot's of that name");
        goto fail;
    }
    memcpy(info->store_id, scan.header.store_id, sizeof info->store_id);
    info->bytes = scan.size;
    // Verified beside a server that works, it is not worth more than one thread.
    struct wal_ahead_options options = {.intake = intake,
                                        .threads = intake ? wal_ahead_threads(scan.size) : 0};
    st = wal_ahead_open(&scan, &options, &ahead);
    if (st == STATUS_OK) st = blocks_take(&scan, ahead, info, path, why);
fail:
    wal_ahead_close(ahead);
    wal_scan_close(&scan);
    return st;
}

static enum status block_flush(struct wal_snapshot_writer *w) {
    if (w->block.len == 0) return STATUS_OK;
    return frame_flush(w, WAL_FRAME_BLOCK, ++w->blocks);
}

static enum status frame_flush(struct wal_snapshot_writer *w, enum wal_frame_kind kind,
                               uint64_t lsn) {
    size_t payload = w->block.len - WAL_FRAME_HEADER;
    if (payload > WAL_FRAME_MAX_PAYLOAD) {
        w->err = EFBIG;
        return STATUS_TOO_LARGE;
    }
    if (!buf_reserve(&w->block, 8)) { // room for the zeros
        w->err = ENOMEM;
        return STATUS_NO_MEMORY;
    }
    wal_frame_begin(w->block.data, kind, lsn, (uint32_t)payload);
    size_t size = wal_frame_finish(w->block.data, 0, w->seed);
    enum status st = io_write_all(w->io, w->fd, w->block.data, size, w->offset);
    if (st != STATUS_OK) w->err = errno;
    w->offset += size;
    buf_clear(&w->block);
    return st;
}

static enum status damaged(struct reason *why, const char *path, uint64_t offset,
                           const char *what) {
    return reason_set(why, STATUS_CORRUPT, "%.150s is damaged at byte %llu: %s", path,
                      (unsigned long long)offset, what);
}

/// Up to the end frame.
static enum status blocks_take(struct wal_scan *scan, struct wal_ahead *ahead,
                               struct wal_snapshot_info *info, const char *path,
                               struct reason *why) {
    for (;;) {
        struct wal_frame frame;
        enum wal_scan_step step;
        info->bad_offset = scan->offset;
        enum status st = wal_ahead_next(ahead, &frame, &step);
        if (st != STATUS_OK)
            return reason_set(why, st, "cannot read %.180s: %s", path, strerror(errno));
        const char *bad = step == WAL_SCAN_BAD   ? scan->bad
                          : step == WAL_SCAN_EOF ? "it ends too early"
                          : frame.kind == WAL_FRAME_BLOCK && frame.lsn == info->blocks + 1 ? NULL
                          : frame.kind == WAL_FRAME_END && frame.lsn == info->blocks
                              ? NULL
                              : "a block out of order";
        if (bad) return damaged(why, path, info->bad_offset, bad);
        if (frame.kind == WAL_FRAME_END) return end_check(scan, &frame, info, path, why);
        info->blocks++;
        st = block_feed(ahead, info, path, why);
        if (st != STATUS_OK) return st;
    }
}

static enum status block_feed(struct wal_ahead *ahead, struct wal_snapshot_info *info,
                              const char *path, struct reason *why) {
    bool sound;
    uint64_t records;
    enum status st = wal_ahead_apply(ahead, info->lsn - 1, &records, &sound);
    info->records += records;
    if (!sound || st == STATUS_CORRUPT) return damaged(why, path, info->bad_offset, "not records");
    if (st == STATUS_OK) return STATUS_OK;
    return reason_set(why, st, "the snapshot could not be taken in: %s", status_text(st));
}

static enum status end_check(const struct wal_scan *scan, const struct wal_frame *end,
                             struct wal_snapshot_info *info, const char *path, struct reason *why) {
    if (end->len != END_BYTES || scan->offset != scan->size)
        return damaged(why, path, info->bad_offset, "bytes behind its end");
    info->end_lsn = wal_frame_get64(end->payload + 8);
    if (wal_frame_get64(end->payload) != info->records || info->end_lsn + 1 < info->lsn)
        return damaged(why, path, info->bad_offset, "its end disagrees with its content");
    return STATUS_OK;
}
