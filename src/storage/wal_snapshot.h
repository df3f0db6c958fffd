// wal_snapshot.h - the file of a snapshot: written block by block, verified as a whole, read back.
//
// A snapshot of LSN s holds everything as it was at some moments after batch s - 1; replaying the log from s on top
// gives the present, because records say whole states. It needs the log up to `end_lsn`, the
// last batch it may have seen a part of; a log that ends before would leave a batch half applied.
//
// Owner: one thread.

#ifndef STORAGE_WAL_SNAPSHOT_H
#define STORAGE_WAL_SNAPSHOT_H

#include "base/buf.h"
#include "storage/storage.h"
#include "storage/wal_dir.h"

struct wal_snapshot_writer {
    const struct io *io;
    int fd;
    char path[WAL_DIR_PATH_MAX]; // *.tmp until finished
    uint32_t seed;
    uint64_t offset, blocks, records;
    struct buf block; // a frame header's room, then records
    int err;          // errno of the first failure
};

/// Begin DIR/snapshot-LSN.tmp.
MUST_USE enum status wal_snapshot_begin(struct wal_snapshot_writer *w, const struct io *io,
                                        const char *dir, const uint8_t store_id[16], uint64_t lsn);
/// A storage_emit_fn; the context is the writer.
enum status wal_snapshot_emit(void *writer, const struct record *record);
/// Write what is left and the end, sync. The name is still the temporary one.
MUST_USE enum status wal_snapshot_finish(struct wal_snapshot_writer *w, uint64_t end_lsn);
/// Close; the file stays. After wal_snapshot_finish or a failure.
void wal_snapshot_close(struct wal_snapshot_writer *w);

struct wal_snapshot_info {
    uint8_t store_id[16];
    uint64_t lsn, end_lsn, records, blocks, bytes;
    uint64_t bad_offset; // of the damage, when CORRUPT
};
/// Read all of it. CORRUPT with file and offset when it is damaged or not whole.
MUST_USE enum status wal_snapshot_verify(const struct io *io, const char *path, uint64_t lsn,
                                         struct wal_snapshot_info *info, struct reason *why);
/// The same, and feed its records, LSN s - 1 for each, up to the damage.
MUST_USE enum status wal_snapshot_read(const struct io *io, const char *path, uint64_t lsn,
                                       const struct storage_intake *intake,
                                       struct wal_snapshot_info *info, struct reason *why);

#endif
