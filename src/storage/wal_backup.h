// wal_backup.h - a copy of the store, as of the call, while writes go on.

#ifndef STORAGE_WAL_BACKUP_H
#define STORAGE_WAL_BACKUP_H

#include "storage/wal_keeper.h"

/// Copies the newest snapshot and the sealed segments since, and checks the copy. What was begun is removed on failure.
MUST_USE enum status wal_backup(struct wal_keeper *keeper, const char *dir, struct reason *why);

#endif
