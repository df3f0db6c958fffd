// wal_recover.h - the start: the newest good snapshot, then the log, and the end of the log made clean.

#ifndef STORAGE_WAL_RECOVER_H
#define STORAGE_WAL_RECOVER_H

#include "storage/storage.h"
#include "storage/wal_dir.h"

struct wal_recovery {
    // Given:
    const struct io *io;
    const char *dir;
    bool read_only;
    struct log *log;
    const struct storage_intake *intake;
    // Found:
    uint8_t store_id[16]; // a fresh one for an empty directory
    uint64_t last_lsn, snapshot_lsn;
    uint64_t records, segments, disk_bytes, log_bytes;
    uint64_t cut_bytes; // of a torn end
};

/// Afterwards every segment is sealed (unless read_only) and the next batch begins a new one. CORRUPT with file
/// and byte when anything but the end is damaged; nothing is changed then.
MUST_USE enum status wal_recover(struct wal_recovery *r, struct reason *why);

#endif
