// wal_replay.h - one segment read front to back: which batches it holds, and what its end is.

#ifndef STORAGE_WAL_REPLAY_H
#define STORAGE_WAL_REPLAY_H

#include "storage/storage.h"
#include "storage/wal_scan.h"

enum wal_replay_end {
    WAL_REPLAY_SEALED, // whole, and never to change again
    WAL_REPLAY_OPEN,   // whole as far as it goes
    WAL_REPLAY_TORN, // behind good_bytes lies what a crash left: it was never known to be on the disk
    WAL_REPLAY_NOTHING, // not even a header: made when the crash came
    WAL_REPLAY_DAMAGED, // what was on the disk is not what was written there
};

struct wal_replay {
    // Given:
    const struct io *io;
    const struct storage_intake *intake; // NULL: only read
    // Found:
    enum wal_replay_end end;
    struct wal_header header;
    uint64_t last_lsn; // of the last good batch; first - 1 when there is none
    uint64_t good_bytes, file_bytes, frames, records;
    struct wal_scan_behind behind; // good frames behind the bad place
    const char *bad;               // what is wrong at good_bytes, when torn or damaged
};

/// Read the segment of `first_lsn`. OK unless it cannot be read or the intake refuses: damage is told by `end`, for the
/// caller knows whether a torn end may be there.
MUST_USE enum status wal_replay_segment(struct wal_replay *r, const char *path, uint64_t first_lsn,
                                        struct reason *why);

#endif
