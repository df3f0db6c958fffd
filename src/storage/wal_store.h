// wal_store.h - the embedded store: a segmented write-ahead log with snapshots.
//
//   DIR/LOCK                       flock'ed by the one server that uses it
//   DIR/wal-%016x.log              segments, named by their first LSN
//   DIR/snapshot-%016x.snap        all that was alive, plus what the log says from that LSN on
//
// docs/storage.md describes the bytes.

#ifndef STORAGE_WAL_STORE_H
#define STORAGE_WAL_STORE_H

#include "storage/storage.h"

/// LOCKED when another server has it; IO/READ_ONLY/DISK_FULL with the directory named; CORRUPT with file and offset.
MUST_USE enum status wal_store_open(const struct storage_options *options, struct storage **out,
                                    struct reason *why);

struct wal_check_report {
    uint64_t segments, snapshots, frames, records, bytes;
    uint64_t torn_bytes;    // a cut tail: harmless, says how long
    uint64_t damaged;       // places that are damaged
    uint64_t surviving_lsn; // everything up to here can be read
};
/// Read the whole store without changing it; each finding goes to `say` (one line). CORRUPT when it is damaged.
MUST_USE enum status wal_store_check(const char *dir, struct wal_check_report *report,
                                     void (*say)(void *ctx, const char *line), void *ctx);

#endif
