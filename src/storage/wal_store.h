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
#include "storage/wal_check.h"

/// LOCKED when another server has it; IO/READ_ONLY/DISK_FULL with the directory named; CORRUPT with file and offset.
MUST_USE enum status wal_store_open(const struct storage_options *options, struct storage **out,
                                    struct reason *why);
/// The same with the system calls (borrowed until close) and the pause between tries to write given: for tests.
MUST_USE enum status wal_store_open_with(const struct storage_options *options, const struct io *io,
                                         uint32_t retry_ms, struct storage **out,
                                         struct reason *why);

/// Read the whole store without changing it; each finding goes to `say` (one line). CORRUPT when it is damaged.
MUST_USE enum status wal_store_check(const char *dir, struct wal_check_report *report,
                                     void (*say)(void *ctx, const char *line), void *ctx);

#endif
