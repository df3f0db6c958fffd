// wal_check.h - the whole store read without changing it, with every finding told.

#ifndef STORAGE_WAL_CHECK_H
#define STORAGE_WAL_CHECK_H

#include <stdint.h>

#include "storage/io.h"

struct wal_check_report {
    uint64_t segments, snapshots, frames, records, bytes;
    uint64_t torn_bytes;    // a cut tail: harmless, says how long
    uint64_t damaged;       // places that are damaged
    uint64_t surviving_lsn; // everything up to here can be read
};

/// wal_store_check on a given table of calls, without taking the lock.
MUST_USE enum status wal_check_dir(const struct io *io, const char *dir,
                                   struct wal_check_report *report,
                                   void (*say)(void *ctx, const char *line), void *ctx);

#endif
