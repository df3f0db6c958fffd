// wal_open.h - wal_store_open with the system calls and the pace of retries given: for tests.

#ifndef STORAGE_WAL_OPEN_H
#define STORAGE_WAL_OPEN_H

#include "storage/io.h"
#include "storage/wal_store.h"

/// `io` is borrowed until close. `retry_ms`: between tries to write to a disk that refuses.
MUST_USE enum status wal_open(const struct storage_options *options, const struct io *io,
                              uint32_t retry_ms, struct storage **out, struct reason *why);

#endif
