// wal_segment.c - the segment being written.

#include "storage/wal_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum status wal_segment_create(const struct io *io, const char *dir, const uint8_t store_id[16],
                               uint64_t first_lsn, struct wal_segment *out) {
    char path[WAL_DIR_PATH_MAX], bytes[WAL_FRAME_FILE_HEADER];
    if (!wal_dir_path(path, dir, WAL_FILE_SEGMENT, first_lsn)) {
        errno = ENAMETOOLONG;
        return STATUS_IO;
    }
    struct wal_header header = {.lsn = first_lsn, .created_ms = (uint64_t)clock_wall_ms()};
    memcpy(header.store_id, store_id, sizeof header.store_id);
    wal_frame_file_write(WAL_FILE_SEGMENT, &header, bytes);
    // A file of this name holds no batch: recovery removed it, or an earlier try failed here.
    int fd = io->open(io->ctx, path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return io_status(errno);
    enum status st = io_write_all(io, fd, bytes, sizeof bytes, 0);
    if (st == STATUS_OK) st = io_sync(io, fd);
    if (st == STATUS_OK) st = io_sync_dir(io, dir);
    if (st != STATUS_OK) {
        int err = errno;
        close(fd);
        (void)io->unlink(io->ctx, path);
        errno = err;
        return st;
    }
    *out = (struct wal_segment){io, fd, header.seed, first_lsn, WAL_FRAME_FILE_HEADER};
    return STATUS_OK;
}

enum status wal_segment_reopen(const struct io *io, const char *path,
                               const struct wal_header *header, uint64_t offset,
                               struct wal_segment *out) {
    int fd = io->open(io->ctx, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return io_status(errno);
    *out = (struct wal_segment){io, fd, header->seed, header->lsn, offset};
    if (io->truncate(io->ctx, fd, (off_t)offset) == 0) return STATUS_OK;
    enum status st = io_status(errno);
    int err = errno;
    wal_segment_close(out);
    errno = err;
    return st;
}

enum status wal_segment_seal(struct wal_segment *seg, uint64_t last_lsn) {
    char seal[WAL_FRAME_HEADER];
    wal_frame_begin(seal, WAL_FRAME_SEAL, last_lsn, 0);
    wal_frame_finish(seal, last_lsn, seg->seed);
    enum status st = io_write_all(seg->io, seg->fd, seal, sizeof seal, seg->offset);
    if (st == STATUS_OK) st = io_sync(seg->io, seg->fd);
    if (st != STATUS_OK) return st;
    seg->offset += sizeof seal;
    wal_segment_close(seg);
    return STATUS_OK;
}

void wal_segment_close(struct wal_segment *seg) {
    if (seg->fd >= 0) close(seg->fd);
    seg->fd = -1;
}
