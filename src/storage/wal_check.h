// wal_check.h - the whole store read without changing it, with every finding told.

#ifndef STORAGE_WAL_CHECK_H
#define STORAGE_WAL_CHECK_H

#include "storage/io.h"
#include "storage/wal_store.h"

/// wal_store_check on a given table of calls, without taking the lock.
MUST_USE enum status wal_check_dir(const struct io *io, const char *dir,
                                   struct wal_check_report *report,
                                   void (*say)(void *ctx, const char *line), void *ctx);

#endif
